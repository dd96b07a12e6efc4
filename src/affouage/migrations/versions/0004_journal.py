"""The public log."""

import sqlalchemy as sa
from alembic import op

from affouage.storage.base import Whole, Word

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "journal_leaf",
        sa.Column("seq", Whole, nullable=False, autoincrement=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("created_ms", Whole, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("journal_leaf_by_kind", "journal_leaf", ["kind", "seq"])
    op.create_table(
        "journal_node",
        sa.Column("level", Whole, nullable=False, autoincrement=False),
        sa.Column("idx", Whole, nullable=False, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "idx"),
    )
    op.create_table(
        "journal_record",
        sa.Column("seq", Whole, nullable=False, autoincrement=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "journal_person",
        sa.Column("seq", Whole, nullable=False, autoincrement=False),
        sa.Column("member_id", Word, nullable=False),
        sa.PrimaryKeyConstraint("seq", "member_id"),
    )
    op.create_index("journal_person_by_member", "journal_person", ["member_id"])
    op.create_table(
        "journal_checkpoint",
        sa.Column("size", Whole, nullable=False, autoincrement=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_ms", Whole, nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "journal_witness",
        sa.Column("name", Word, nullable=False),
        sa.Column("side", Word, nullable=False),
        sa.Column("verifier_key", Word, nullable=False),
        sa.Column("url", Word, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("size", Whole, nullable=False),
        sa.Column("seen_ms", Whole, nullable=True),
        sa.Column("problem", Word, nullable=False),
        sa.PrimaryKeyConstraint("name", "side"),
    )
