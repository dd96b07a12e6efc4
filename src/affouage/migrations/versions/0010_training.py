"""The training device: runs and what happened to them."""

import sqlalchemy as sa
from alembic import op

from affouage.storage.base import Whole, Word

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "training_run",
        sa.Column("id", Word, nullable=False),
        sa.Column("name", Word, nullable=False),
        sa.Column("created_ms", Whole, nullable=False),
        sa.Column("member_id", Word, nullable=False),
        sa.Column("place", Word, nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("touched_ms", Whole, nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("corpus_sha256", Word, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("rule", Word, nullable=False),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_index("training_run_by_state", "training_run", ["state", "touched_ms"])
    op.create_table(
        "training_event",
        sa.Column("run_id", Word, nullable=False),
        sa.Column("number", Whole, nullable=False),
        sa.Column("at_ms", Whole, nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("actor_id", Word, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number"),
    )
