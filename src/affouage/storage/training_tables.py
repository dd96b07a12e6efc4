"""The tables of the training device. See ``tables`` for the manners."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from affouage.storage.base import Whole, Word, metadata

training_run = Table(
    "training_run",
    metadata,
    Column("id", Word, primary_key=True),
    Column("name", Word, nullable=False, unique=True),  # by which people call it
    Column("created_ms", Whole, nullable=False),
    Column("member_id", Word, nullable=False),  # who asked
    Column("place", Word, nullable=False),  # here | node | slurm | bundle
    Column("state", Word, nullable=False),  # of training.runs.states; what stands, from the events
    Column("touched_ms", Whole, nullable=False),
    Column("settings", Text, nullable=False),  # JSON of training.settings.RunSettings
    Column("corpus_sha256", Word, nullable=False),  # of its manifest
    Column("plan", Text, nullable=False),  # JSON of what was foreseen
    Column("rule", Word, nullable=False),  # the rule or the vote under which it runs, "" for none
    Column("receipt", Text),  # JSON, once it is over
    Index("training_run_by_state", "state", "touched_ms"),
)

training_event = Table(  # what happened to a run; never edited
    "training_event",
    metadata,
    Column("run_id", Word, primary_key=True),
    Column("number", Whole, primary_key=True),
    Column("at_ms", Whole, nullable=False),
    Column("kind", Word, nullable=False),
    Column("actor_id", Word),  # None: the software
    Column("body", Text, nullable=False),  # JSON
)
