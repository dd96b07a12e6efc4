"""Refused uses: reports, decisions, appeals, sanctions; readings of sensitive records."""

import sqlalchemy as sa
from alembic import op

from affouage.storage.base import Whole, Word

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("id", Word, nullable=False),
        sa.Column("created_ms", Whole, nullable=False),
        sa.Column("reporter_id", Word, nullable=True),
        sa.Column("subject_id", Word, nullable=True),
        sa.Column("receipt_id", Word, nullable=True),
        sa.Column("place", Word, nullable=False),
        sa.Column("charter_line", Word, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("flagged_by", Word, nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("due_ms", Whole, nullable=False),
        sa.Column("appeal", sa.Text(), nullable=False),
        sa.Column("draw_seq", Whole, nullable=True),
        sa.Column("purge_ms", Whole, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("report_by_state", "report", ["state", "created_ms"])
    op.create_table(
        "report_decision",
        sa.Column("report_id", Word, nullable=False),
        sa.Column("step", Whole, nullable=False, autoincrement=False),
        sa.Column("decided_by", Word, nullable=False),
        sa.Column("outcome", Word, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at_ms", Whole, nullable=False),
        sa.Column("leaf_seq", Whole, nullable=False),
        sa.PrimaryKeyConstraint("report_id", "step"),
    )
    op.create_table(
        "panel_seat",
        sa.Column("report_id", Word, nullable=False),
        sa.Column("member_id", Word, nullable=False),
        sa.Column("opinion", Word, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", "member_id"),
    )
    op.create_table(
        "sanction",
        sa.Column("id", Word, nullable=False),
        sa.Column("report_id", Word, nullable=False),
        sa.Column("member_id", Word, nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("percent", Whole, nullable=False),
        sa.Column("from_ms", Whole, nullable=False),
        sa.Column("until_ms", Whole, nullable=False),
        sa.Column("lifted_ms", Whole, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sanction_by_member", "sanction", ["member_id", "until_ms"])
    op.create_table(
        "sensitive_reading",
        sa.Column("id", Word, nullable=False),
        sa.Column("reader_id", Word, nullable=False),
        sa.Column("subject_id", Word, nullable=False),
        sa.Column("what", Word, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at_ms", Whole, nullable=False),
        sa.Column("leaf_seq", Whole, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sensitive_reading_by_subject", "sensitive_reading", ["subject_id", "at_ms"])
