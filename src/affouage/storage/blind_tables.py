"""The tables of blind comparisons. See ``tables`` for the manners.

Neither question nor answer is kept, nor who preferred what: rows are in the order of random ids, of a month and no day.
What an answer cost stands in sums of its model, apart: the figure of one answer would lead to its receipt.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table

from affouage.storage.base import metadata

blind_pair = Table(  # two answers to one question, preferred before their names were told
    "blind_pair",
    metadata,
    Column("id", String, primary_key=True),  # random
    Column("month", String, nullable=False),  # 2026-11
    Column("left_model", String, nullable=False),
    Column("right_model", String, nullable=False),
    Column("preferred", String, nullable=False),  # left | right | both | neither
    Column("kept", String, nullable=False),  # left | right | both | neither, once the cost was seen; "" not said
    Column("cheaper", String, nullable=False),  # left | right: took less energy; "" not known, or the same
    Index("blind_pair_by_models", "left_model", "right_model"),
    sqlite_with_rowid=False,
)

blind_cost = Table(  # what the compared answers of a model took, together
    "blind_cost",
    metadata,
    Column("model_id", String, primary_key=True),
    Column("answers", Integer, nullable=False),  # whose energy is known
    Column("low_uj", Integer, nullable=False),
    Column("central_uj", Integer, nullable=False),
    Column("high_uj", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),  # answers whose energy is not
    sqlite_with_rowid=False,
)
