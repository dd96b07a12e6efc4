"""Several gateway processes: who is here, whose each request is, where turns stand."""

import sqlalchemy as sa
from alembic import op

from affouage.storage.base import Whole, Word

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "gateway",
        sa.Column("id", Word, nullable=False),
        sa.Column("number", Whole, nullable=False),
        sa.Column("home", Word, nullable=False),
        sa.Column("pid", Whole, nullable=False),
        sa.Column("started_ms", Whole, nullable=False),
        sa.Column("heard_ms", Whole, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "gateway_request",
        sa.Column("request_id", Word, nullable=False),
        sa.Column("attempt", Whole, nullable=False),
        sa.Column("gateway_id", Word, nullable=False),
        sa.PrimaryKeyConstraint("request_id", "attempt"),
    )
    op.create_index("gateway_request_by_gateway", "gateway_request", ["gateway_id"])
    op.create_table(
        "turn_queue",
        sa.Column("model_id", Word, nullable=False),
        sa.Column("version", Whole, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("waiting", Whole, nullable=False),
        sa.Column("no_hurry", Whole, nullable=False),
        sa.Column("running", Whole, nullable=False),
        sa.PrimaryKeyConstraint("model_id"),
    )
    if op.get_bind().dialect.name == "postgresql":  # few rows, each rewritten all the time: swept by number
        op.execute(
            "ALTER TABLE turn_queue SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,"
            " toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 2000)"
        )
