"""Blind comparisons: which of two answers was preferred, before names and costs were told."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "blind_pair",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("left_model", sa.String(), nullable=False),
        sa.Column("right_model", sa.String(), nullable=False),
        sa.Column("preferred", sa.String(), nullable=False),
        sa.Column("kept", sa.String(), nullable=False),
        sa.Column("cheaper", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("blind_pair_by_models", "blind_pair", ["left_model", "right_model"])
    op.create_table(
        "blind_cost",
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("low_uj", sa.Integer(), nullable=False),
        sa.Column("central_uj", sa.Integer(), nullable=False),
        sa.Column("high_uj", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("model_id"),
        sqlite_with_rowid=False,
    )
