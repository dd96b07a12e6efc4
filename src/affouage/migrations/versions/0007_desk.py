"""The desk: questions, what clerks did, what left."""

import sqlalchemy as sa
from alembic import op

from affouage.storage.base import Whole, Word

revision = "0007"
down_revision = "0006"

REVIEWS = "'sent_as_is', 'sent_edited', 'sent_own', 'referred', 'refused', 'corrected', 'maintained'"


def upgrade() -> None:
    op.create_table(
        "desk_item",
        sa.Column("id", Word, nullable=False),
        sa.Column("created_ms", Whole, nullable=False),
        sa.Column("touched_ms", Whole, nullable=False),
        sa.Column("origin", Word, nullable=False),
        sa.Column("language", Word, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("masked", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("code_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("arm", Word, nullable=False),
        sa.Column("arm_percent", Whole, nullable=False),
        sa.Column("rule", Word, nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("outcome", Word, nullable=False),
        sa.Column("holder_id", Word, nullable=True),
        sa.Column("held_ms", Whole, nullable=True),
        sa.Column("to_call", Whole, nullable=False),
        sa.Column("errors", Whole, nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("written", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_sha256"),
    )
    op.create_index("desk_item_by_state", "desk_item", ["state", "created_ms"])
    op.create_index("desk_item_by_age", "desk_item", ["touched_ms"])
    op.create_table(
        "desk_draft",
        sa.Column("item_id", Word, nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("found", sa.Text(), nullable=True),
        sa.Column("draft", sa.Text(), nullable=True),
        sa.Column("problem", Word, nullable=False),
        sa.Column("tries", Whole, nullable=False),
        sa.Column("next_ms", Whole, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["desk_item.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_index("desk_draft_by_state", "desk_draft", ["state", "next_ms"])
    op.create_table(
        "desk_event",
        sa.Column("number", Whole, nullable=False),
        sa.Column("item_id", Word, nullable=False),
        sa.Column("seq", Whole, nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("at_ms", Whole, nullable=False),
        sa.Column("actor_id", Word, nullable=True),
        sa.Column("text_sha256", Word, nullable=True),
        sa.Column("active_ms", Whole, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["desk_item.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["actor_id"], ["member.id"]),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("item_id", "seq", name="desk_event_in_order"),
        sa.UniqueConstraint("item_id", "seq", "kind", "text_sha256", name="desk_event_reviewed"),
        sa.CheckConstraint(
            f"kind NOT IN ({REVIEWS}) OR (actor_id IS NOT NULL AND text_sha256 IS NOT NULL)",
            name="desk_event_has_reviewer",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("desk_event_by_actor", "desk_event", ["actor_id", "at_ms"])
    op.create_table(
        "desk_sent",
        sa.Column("item_id", Word, nullable=False),
        sa.Column("review_seq", Whole, nullable=False, autoincrement=False),
        sa.Column("review_kind", Word, nullable=False),
        sa.Column("text_sha256", Word, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at_ms", Whole, nullable=False),
        sa.PrimaryKeyConstraint("item_id", "review_seq"),
        sa.ForeignKeyConstraint(
            ["item_id", "review_seq", "review_kind", "text_sha256"],
            ["desk_event.item_id", "desk_event.seq", "desk_event.kind", "desk_event.text_sha256"],
            name="desk_sent_was_reviewed",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(f"review_kind IN ({REVIEWS})", name="desk_sent_is_reviewed"),
        sa.CheckConstraint("length(text_sha256) = 64", name="desk_sent_has_digest"),
    )
    op.create_table(
        "desk_focus",
        sa.Column("item_id", Word, nullable=False),
        sa.Column("member_id", Word, nullable=False),
        sa.Column("active_ms", Whole, nullable=False),
        sa.Column("beat_ms", Whole, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["desk_item.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "member_id"),
    )
    op.create_table(
        "desk_switch",
        sa.Column("number", Whole, nullable=False),
        sa.Column("at_ms", Whole, nullable=False),
        sa.Column("stopped", Whole, nullable=False),
        sa.Column("by", Word, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "desk_count",
        sa.Column("month", Word, nullable=False),
        sa.Column("name", Word, nullable=False),
        sa.Column("count", Whole, nullable=False),
        sa.PrimaryKeyConstraint("month", "name"),
    )
