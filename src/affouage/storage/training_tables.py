"""The tables of the training device. See ``tables`` for the manners."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from affouage.storage.base import metadata

training_run = Table(
    "training_run",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),  # by which people call it
    Column("created_ms", Integer, nullable=False),
    Column("member_id", String, nullable=False),  # who asked
    Column("place", String, nullable=False),  # here | node | slurm | bundle
    Column("state", String, nullable=False),  # of training.runs.states; what stands, from the events
    Column("touched_ms", Integer, nullable=False),
    Column("settings", Text, nullable=False),  # JSON of training.settings.RunSettings
    Column("corpus_sha256", String, nullable=False),  # of its manifest
    Column("plan", Text, nullable=False),  # JSON of what was foreseen
    Column("rule", String, nullable=False),  # the rule or the vote under which it runs, "" for none
    Column("receipt", Text),  # JSON, once it is over
    Index("training_run_by_state", "state", "touched_ms"),
)

training_event = Table(  # what happened to a run; never edited
    "training_event",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at_ms", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("actor_id", String),  # None: the software
    Column("body", Text, nullable=False),  # JSON
)
