"""The work ledger: what was told of whole weeks, the weekly question."""

import sqlalchemy as sa
from alembic import op

from affouage.storage.base import Word

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "work_block",
        sa.Column("kind", Word, nullable=False),
        sa.Column("task_type", Word, nullable=False),
        sa.Column("last_week", Word, nullable=False),
        sa.Column("first_week", Word, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "task_type", "last_week"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "work_voice",
        sa.Column("kind", Word, nullable=False),
        sa.Column("week", Word, nullable=False),
        sa.Column("member_id", Word, nullable=False),
        sa.PrimaryKeyConstraint("kind", "week", "member_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "work_answer",
        sa.Column("kind", Word, nullable=False),
        sa.Column("week", Word, nullable=False),
        sa.Column("id", Word, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "week", "id"),
        sqlite_with_rowid=False,
    )
