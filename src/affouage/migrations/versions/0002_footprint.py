"""What the footprint keeps: windows, sums by day, holds, rules, closed periods, descriptions, calibrations."""

import sqlalchemy as sa
from alembic import op

from affouage.storage.base import Whole, Word

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "reading_block",
        sa.Column("id", Word, nullable=False),
        sa.Column("machine_id", Word, nullable=False),
        sa.Column("t0_ms", Whole, nullable=False),
        sa.Column("t1_ms", Whole, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reading_block_by_time", "reading_block", ["machine_id", "t1_ms"])
    op.create_table(
        "usage_day",
        sa.Column("dimension", Word, nullable=False),
        sa.Column("key", Word, nullable=False),
        sa.Column("day", Word, nullable=False),
        sa.Column("machine_id", Word, nullable=False),
        sa.Column("factor_set", Word, nullable=False),
        sa.Column("quality", Word, nullable=False),
        sa.Column("requests", Whole, nullable=False),
        sa.Column("lost", Whole, nullable=False),
        sa.Column("cancelled", Whole, nullable=False),
        sa.Column("unknown", Whole, nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("decoded_tokens", sa.BigInteger(), nullable=False),
        sa.Column("static_uj", sa.BigInteger(), nullable=False),
        sa.Column("dynamic_uj", sa.BigInteger(), nullable=False),
        sa.Column("lost_uj", sa.BigInteger(), nullable=False),
        sa.Column("lost_dynamic_uj", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("low_uj", sa.BigInteger(), nullable=False),
        sa.Column("high_uj", sa.BigInteger(), nullable=False),
        sa.Column("machine_share_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dimension", "key", "day", "machine_id", "factor_set", "quality"),
    )
    op.create_index("usage_by_day", "usage_day", ["dimension", "day"])
    op.create_table(
        "usage_people",
        sa.Column("month", Word, nullable=False),
        sa.Column("model_id", Word, nullable=False),
        sa.Column("workshop", Word, nullable=False),
        sa.Column("machine_id", Word, nullable=False),
        sa.Column("declared_use", Word, nullable=False),
        sa.Column("lost", Whole, autoincrement=False, nullable=False),
        sa.Column("member_id", Word, nullable=False),
        sa.PrimaryKeyConstraint("month", "model_id", "workshop", "machine_id", "declared_use", "lost", "member_id"),
    )
    op.create_table(
        "machine_day",
        sa.Column("day", Word, nullable=False),
        sa.Column("machine_id", Word, nullable=False),
        sa.Column("meter_id", Word, nullable=False),
        sa.Column("factor_set", Word, nullable=False),
        sa.Column("quality", Word, nullable=False),
        sa.Column("energy_uj", sa.BigInteger(), nullable=False),
        sa.Column("requests_uj", sa.BigInteger(), nullable=False),
        sa.Column("idle_uj", sa.BigInteger(), nullable=False),
        sa.Column("unattributed_uj", sa.BigInteger(), nullable=False),
        sa.Column("contended_uj", sa.BigInteger(), nullable=False),
        sa.Column("low_uj", sa.BigInteger(), nullable=False),
        sa.Column("high_uj", sa.BigInteger(), nullable=False),
        sa.Column("requests_us", sa.BigInteger(), nullable=False),
        sa.Column("idle_us", sa.BigInteger(), nullable=False),
        sa.Column("known_us", sa.BigInteger(), nullable=False),
        sa.Column("gap_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "machine_id", "meter_id", "factor_set", "quality"),
    )
    op.create_table(
        "allowance_hold",
        sa.Column("request_id", Word, nullable=False),
        sa.Column("member_id", Word, nullable=False),
        sa.Column("workshop", Word, nullable=False),
        sa.Column("energy_uj", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_table(
        "rule_version",
        sa.Column("area", Word, nullable=False),
        sa.Column("version", Whole, nullable=False),
        sa.Column("in_force_ms", Whole, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("decided_by", Word, nullable=False),
        sa.Column("reason", Word, nullable=False),
        sa.PrimaryKeyConstraint("area", "version"),
    )
    op.create_table(
        "closed_period",
        sa.Column("period", Word, nullable=False),
        sa.Column("entry_seq", Whole, nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("shares", sa.Text()),
        sa.Column("salt", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("period"),
    )
    op.create_table(
        "machine_version",
        sa.Column("machine_id", Word, nullable=False),
        sa.Column("from_ms", Whole, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("machine_id", "from_ms"),
    )
    op.create_table(
        "calibration",
        sa.Column("machine_id", Word, nullable=False),
        sa.Column("model_id", Word, nullable=False),
        sa.Column("at_ms", Whole, nullable=False),
        sa.Column("meter_id", Word, nullable=False),
        sa.Column("idle_uw", sa.BigInteger(), nullable=True),
        sa.Column("kappa", sa.Float(), nullable=True),
        sa.Column("decode_ms", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("machine_id", "model_id", "at_ms"),
    )
