"""The tables of the workshop ``explain``. See ``tables`` for the manners.

Neither a question nor an answer is kept here: only how well a list of questions was answered.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from affouage.storage.base import Whole, Word, metadata

evaluation = Table(  # a dated report, never edited but for being accepted
    "evaluation",
    metadata,
    Column("id", Word, primary_key=True),
    Column("made_ms", Whole, nullable=False),
    Column("accepted", Whole, nullable=False),  # 1: later ones are compared with the latest of these
    Column("body", Text, nullable=False),  # JSON of workshops.explain.report.Report
    Index("evaluation_by_time", "made_ms"),
)
