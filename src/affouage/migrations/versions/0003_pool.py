"""Machines of members: nodes, invitations, what each served."""

import sqlalchemy as sa
from alembic import op

from affouage.storage.base import Whole, Word

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "node",
        sa.Column("id", Word, nullable=False),
        sa.Column("name", Word, nullable=False),
        sa.Column("owner_id", Word, nullable=False),
        sa.Column("owned_by", Word, nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("trust", Whole, nullable=False),
        sa.Column("public_key", Word, nullable=False),
        sa.Column("box_key", sa.LargeBinary(), nullable=False),
        sa.Column("machine_id", Word, nullable=False),
        sa.Column("created_ms", Whole, nullable=False),
        sa.Column("decided_ms", Whole, nullable=True),
        sa.Column("decided_by", Word, nullable=True),
        sa.Column("revoked_ms", Whole, nullable=True),
        sa.Column("seen_ms", Whole, nullable=True),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("policy_serial", Whole, nullable=False),
        sa.Column("max_watts", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("public_key"),
    )
    op.create_table(
        "node_invitation",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("owner_id", Word, nullable=False),
        sa.Column("created_by", Word, nullable=False),
        sa.Column("created_ms", Whole, nullable=False),
        sa.Column("expires_ms", Whole, nullable=False),
        sa.Column("used_ms", Whole, nullable=True),
        sa.Column("node_id", Word, nullable=True),
        sa.PrimaryKeyConstraint("token_sha256"),
    )
    op.create_table(
        "node_day",
        sa.Column("node_id", Word, nullable=False),
        sa.Column("day", Word, nullable=False),
        sa.Column("requests", Whole, nullable=False),
        sa.Column("lost", Whole, nullable=False),
        sa.Column("own_requests", Whole, nullable=False),
        sa.Column("decoded_tokens", sa.BigInteger(), nullable=False),
        sa.Column("energy_uj", sa.BigInteger(), nullable=False),
        sa.Column("served_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node_id", "day"),
    )
    op.create_table(
        "node_file",
        sa.Column("node_id", Word, nullable=False),
        sa.Column("model_id", Word, nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("done_bytes", sa.BigInteger(), nullable=False),
        sa.Column("problem", Word, nullable=False),
        sa.Column("given_ms", Whole, nullable=False),
        sa.Column("changed_ms", Whole, nullable=False),
        sa.PrimaryKeyConstraint("node_id", "model_id"),
    )
