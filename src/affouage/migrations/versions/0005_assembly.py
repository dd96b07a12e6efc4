"""Rules come from votes: events of the assembly, ballots, the roll of electors."""

import sqlalchemy as sa
from alembic import op

from affouage.storage.base import Whole, Word

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("rule_version", sa.Column("leaf_seq", Whole, nullable=True))
    op.create_table(
        "assembly_event",
        sa.Column("seq", Whole, nullable=False),
        sa.Column("at_ms", Whole, nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("leaf_seq", Whole, nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("assembly_event_by_kind", "assembly_event", ["kind"])
    op.create_table(
        "vote",
        sa.Column("poll_id", Whole, nullable=False, autoincrement=False),
        sa.Column("voter_id", Word, nullable=False),
        sa.Column("cast_by", Word, nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("reason", Word, nullable=False),
        sa.Column("at_ms", Whole, nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "voter_id"),
    )
    op.create_table(
        "roll_entry",
        sa.Column("poll_id", Whole, nullable=False, autoincrement=False),
        sa.Column("voter_id", Word, nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "voter_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "detached_ballot",
        sa.Column("poll_id", Whole, nullable=False, autoincrement=False),
        sa.Column("id", Word, nullable=False),
        sa.Column("college", Word, nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "elector",
        sa.Column("poll_id", Whole, nullable=False, autoincrement=False),
        sa.Column("member_id", Word, nullable=False),
        sa.Column("college", Word, nullable=False),
        sa.PrimaryKeyConstraint("poll_id", "member_id"),
    )
    op.create_table(
        "member_standing",
        sa.Column("member_id", Word, nullable=False),
        sa.Column("college", Word, nullable=False),
        sa.Column("votes", Whole, nullable=False),
        sa.PrimaryKeyConstraint("member_id"),
    )
