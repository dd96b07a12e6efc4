"""Blind comparisons: which of two answers was preferred, before names and costs were told."""

import sqlalchemy as sa
from alembic import op

from affouage.storage.base import Whole, Word

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "blind_pair",
        sa.Column("id", Word, nullable=False),
        sa.Column("month", Word, nullable=False),
        sa.Column("left_model", Word, nullable=False),
        sa.Column("right_model", Word, nullable=False),
        sa.Column("preferred", Word, nullable=False),
        sa.Column("kept", Word, nullable=False),
        sa.Column("cheaper", Word, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("blind_pair_by_models", "blind_pair", ["left_model", "right_model"])
    op.create_table(
        "blind_cost",
        sa.Column("model_id", Word, nullable=False),
        sa.Column("answers", Whole, nullable=False),
        sa.Column("low_uj", Whole, nullable=False),
        sa.Column("central_uj", Whole, nullable=False),
        sa.Column("high_uj", Whole, nullable=False),
        sa.Column("unknown", Whole, nullable=False),
        sa.PrimaryKeyConstraint("model_id"),
        sqlite_with_rowid=False,
    )
