"""The tables of the workshop ``desk``. See ``tables`` for the manners.

Unlike the rest of the books these hold words of the public and of clerks, for the days of the rule of retention.

**Nothing leaves without a person.** The public is shown rows of ``desk_sent`` and no others. Each row names, by a
foreign key over four columns, the event by which somebody reviewed it: its item, number and kind, and the digest of the
very text that leaves. Kinds of ``desk_sent`` are the kinds of reviews; an event of such a kind has an actor, who is
on the roll, and a digest. Plain constraints, which every database of the trade has.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from affouage.storage.base import Whole, Word, metadata

_REVIEWS = "'sent_as_is', 'sent_edited', 'sent_own', 'referred', 'refused', 'corrected', 'maintained'"

desk_item = Table(  # one question; what is kept of it goes with it
    "desk_item",
    metadata,
    Column("id", Word, primary_key=True),
    Column("created_ms", Whole, nullable=False),
    Column("touched_ms", Whole, nullable=False),  # the last event: the days of retention count from there
    Column("origin", Word, nullable=False),  # clerk | public
    Column("language", Word, nullable=False),  # of the answer: fr | en
    Column("question", Text, nullable=False),  # personal data masked before it is kept
    Column("masked", Text, nullable=False),  # JSON: kinds of what was masked
    Column("contact", Text, nullable=False),  # "" or how to call the person back
    Column("code_sha256", LargeBinary, unique=True),  # of the code that picks the answer up
    Column("arm", Word, nullable=False),  # draft | blind, drawn when it came
    Column("arm_percent", Whole, nullable=False),  # the chance of blind at the draw
    Column("rule", Word, nullable=False),  # the rule at the draw: desk@3
    # What stands, from the events: written with each of them, so that a queue is found without reading them all.
    Column("state", Word, nullable=False),  # waiting | taken | closed | disputed | retaken
    Column("outcome", Word, nullable=False),  # kind of the last review, "" before
    Column("holder_id", Word),
    Column("held_ms", Whole),  # when the holder last did something
    Column("to_call", Whole, nullable=False),  # 1: something left, and the person has to be told by hand
    Column("errors", Whole, nullable=False),  # how often somebody said that what left is wrong
    Column("flags", Text, nullable=False),  # JSON
    Column("written", Text, nullable=False),  # of a blind item: what its clerk wrote first, until it is closed
    Index("desk_item_by_state", "state", "created_ms"),
    Index("desk_item_by_age", "touched_ms"),
)

desk_draft = Table(  # what search and model propose: never read where the public is answered
    "desk_draft",
    metadata,
    Column("item_id", Word, ForeignKey("desk_item.id", ondelete="CASCADE"), primary_key=True),
    Column("state", Word, nullable=False),  # wanted | made | held_back | no_evidence | stopped | failed
    Column("found", Text),  # JSON of what was found; None until the search was made
    Column("draft", Text),  # JSON of the draft
    Column("problem", Word, nullable=False),  # code of why there is none, "" when there is
    Column("tries", Whole, nullable=False),
    Column("next_ms", Whole, nullable=False),  # not before
    Index("desk_draft_by_state", "state", "next_ms"),
)

desk_event = Table(  # what happened to an item, in order; never edited
    "desk_event",
    metadata,
    Column("number", Whole, primary_key=True),  # grows for ever: what has read up to here goes on from here
    Column("item_id", Word, ForeignKey("desk_item.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Whole, nullable=False),  # 1, 2, 3 ... within the item
    Column("kind", Word, nullable=False),
    Column("at_ms", Whole, nullable=False),
    Column("actor_id", Word, ForeignKey("member.id")),  # None: the public, or the machine
    Column("text_sha256", Word),  # of a review: the letter that leaves
    Column("active_ms", Whole),  # how long the actor's page was in focus until then; None: nobody told
    Column("body", Text, nullable=False),  # JSON of the rest
    UniqueConstraint("item_id", "seq", name="desk_event_in_order"),
    UniqueConstraint("item_id", "seq", "kind", "text_sha256", name="desk_event_reviewed"),
    CheckConstraint(
        f"kind NOT IN ({_REVIEWS}) OR (actor_id IS NOT NULL AND text_sha256 IS NOT NULL)",
        name="desk_event_has_reviewer",
    ),
    Index("desk_event_by_actor", "actor_id", "at_ms"),
    sqlite_autoincrement=True,
)

desk_sent = Table(  # what the public is given
    "desk_sent",
    metadata,
    Column("item_id", Word, primary_key=True),
    Column("review_seq", Whole, primary_key=True, autoincrement=False),
    Column("review_kind", Word, nullable=False),
    Column("text_sha256", Word, nullable=False),
    Column("body", Text, nullable=False),  # JSON of the letter; text_sha256 is its digest
    Column("at_ms", Whole, nullable=False),
    ForeignKeyConstraint(
        ["item_id", "review_seq", "review_kind", "text_sha256"],
        ["desk_event.item_id", "desk_event.seq", "desk_event.kind", "desk_event.text_sha256"],
        name="desk_sent_was_reviewed",
        ondelete="CASCADE",
    ),
    CheckConstraint(f"review_kind IN ({_REVIEWS})", name="desk_sent_is_reviewed"),
    CheckConstraint("length(text_sha256) = 64", name="desk_sent_has_digest"),
)

desk_focus = Table(  # how long somebody worked on an item, as their page told
    "desk_focus",
    metadata,
    Column("item_id", Word, ForeignKey("desk_item.id", ondelete="CASCADE"), primary_key=True),
    Column("member_id", Word, primary_key=True),
    Column("active_ms", Whole, nullable=False),
    Column("beat_ms", Whole, nullable=False),  # when it was last told
)

desk_switch = Table(  # the tool stopped and started again
    "desk_switch",
    metadata,
    Column("number", Whole, primary_key=True),
    Column("at_ms", Whole, nullable=False),
    Column("stopped", Whole, nullable=False),  # 1 | 0
    Column("by", Word, nullable=False),  # member id; "" the command line
    Column("reason", Text, nullable=False),
)

desk_count = Table(  # what stays when items are gone: how many of each, never of whom
    "desk_count",
    metadata,
    Column("month", Word, primary_key=True),  # 2026-11
    Column("name", Word, primary_key=True),
    Column("count", Whole, nullable=False),
)
