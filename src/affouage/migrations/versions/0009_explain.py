"""Explain: dated reports of its evaluation."""

import sqlalchemy as sa
from alembic import op

from affouage.storage.base import Whole, Word

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "evaluation",
        sa.Column("id", Word, nullable=False),
        sa.Column("made_ms", Whole, nullable=False),
        sa.Column("accepted", Whole, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("evaluation_by_time", "evaluation", ["made_ms"])
