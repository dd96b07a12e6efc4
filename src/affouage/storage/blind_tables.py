"""The tables of blind comparisons. See ``tables`` for the manners.

Neither question nor answer is kept, nor who preferred what: rows are in the order of random ids, of a month and no day.
What an answer cost stands in sums of its model, apart: the figure of one answer would lead to its receipt.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from affouage.storage.base import Whole, Word, metadata

blind_pair = Table(  # two answers to one question, preferred before their names were told
    "blind_pair",
    metadata,
    Column("id", Word, primary_key=True),  # random
    Column("month", Word, nullable=False),  # 2026-11
    Column("left_model", Word, nullable=False),
    Column("right_model", Word, nullable=False),
    Column("preferred", Word, nullable=False),  # left | right | both | neither
    Column("kept", Word, nullable=False),  # left | right | both | neither, once the cost was seen; "" not said
    Column("cheaper", Word, nullable=False),  # left | right: took less energy; "" not known, or the same
    Index("blind_pair_by_models", "left_model", "right_model"),
    sqlite_with_rowid=False,
)

blind_cost = Table(  # what the compared answers of a model took, together
    "blind_cost",
    metadata,
    Column("model_id", Word, primary_key=True),
    Column("answers", Whole, nullable=False),  # whose energy is known
    Column("low_uj", Whole, nullable=False),
    Column("central_uj", Whole, nullable=False),
    Column("high_uj", Whole, nullable=False),
    Column("unknown", Whole, nullable=False),  # answers whose energy is not
    sqlite_with_rowid=False,
)
