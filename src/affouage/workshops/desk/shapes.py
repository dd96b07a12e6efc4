"""What the desk holds and shows: drafts, what leaves, what a clerk sees, events of the work. Pure.

A *clerk* is a member at the desk; the *public* is whoever asks. A *draft* is what search and model propose; what was
*sent* is what a clerk reviewed, and alone reaches the public.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from affouage.sheets.finding import Header, Hit

Arm = Literal["draft", "blind"]
"""Drawn at random when a question comes. ``blind``: the clerk writes before seeing a draft."""

DraftState = Literal["wanted", "made", "held_back", "no_evidence", "stopped", "failed"]
"""``wanted``: it is being made, or will be. ``held_back``: a blind item whose clerk has not asked to see it.
``no_evidence``: nothing was found that may answer, or the question is out of scope. ``stopped``: the tool was."""

Flag = Literal[
    "personal_data",  # something personal stood in the question, and was masked
    "unsupported",  # a sentence of the draft that no quoted text says
    "old_sheet",  # a cited sheet is older than its collection allows, or has no date
    "out_of_scope",  # local, personal, foreign or future: no sheet can answer
    "quantities",  # numbers, amounts, dates or deadlines in the draft
    "other_language",  # the question is neither in French nor in English
]


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A span of a passage, word for word."""

    collection_id: str
    sheet_id: str
    passage: int
    text: str

    @property
    def key(self) -> str:
        """As ``sheets.sheet.Passage.key``."""
        return f"{self.collection_id}/{self.sheet_id}/{self.passage}"


class DraftSentence(msgspec.Struct, frozen=True, kw_only=True):
    """``supported``: the quoted text says it. ``problems``: codes of what it does not say (``number``, ``date``)."""

    text: str
    supported: bool
    quote: Quote | None = None
    problems: tuple[str, ...] = ()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What was found for a question and, where ``answers``, what is proposed to be said.

    ``scope``: code of why no sheet can answer, "in" otherwise; ``ask_instead``: where to turn then. ``warnings``:
    codes. ``model``: "" when nothing was generated: the sentences are then extracts, word for word.
    """

    hits: tuple[Hit, ...] = ()
    answers: bool = False
    scope: str = "in"
    ask_instead: tuple[str, ...] = ()
    sentences: tuple[DraftSentence, ...] = ()
    cited: tuple[Header, ...] = ()
    warnings: tuple[str, ...] = ()
    model: str = ""
    receipt_id: str | None = None

    @property
    def text(self) -> str:
        """As it would leave: the supported sentences, one after the other; "" for none. The others are only shown."""
        return " ".join(one.text.strip() for one in self.sentences if one.supported and one.text.strip())

    @property
    def passages(self) -> frozenset[str]:
        """Keys of the passages found."""
        return frozenset(one.key for hit in self.hits for one in hit.passages)

    @property
    def quoted(self) -> frozenset[str]:
        """Keys of the passages its sentences quote."""
        return frozenset(one.quote.key for one in self.sentences if one.quote is not None)


# -- what leaves -------------------------------------------------------------------------------------------------------

SentKind = Literal["sent_as_is", "sent_edited", "sent_own", "referred", "refused", "corrected", "maintained"]
"""By which review it left. ``referred``: to whom to turn; ``refused``: why not; ``maintained``: an answer somebody
found wrong was read again and stands."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet as the public reads of it. ``day``: when its source says it was checked, None unknown. ``old``: at the
    moment it was sent."""

    title: str
    url: str
    day: str | None
    source: str
    licence: str
    old: bool


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves, whole: its digest is what a review is bound to. ``signed``: the clerk's name if they wished it."""

    text: str
    language: str
    sources: tuple[Source, ...] = ()
    signed: str = ""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that left, as the public sees it: reviewed by a person, always."""

    kind: SentKind
    at_ms: int
    letter: Letter


class PickUp(msgspec.Struct, frozen=True, kw_only=True):
    """What the holder of a code sees. ``sent``: newest first, so that a correction comes before what it corrects;
    empty while nobody has answered. ``disputed``: somebody said the last is wrong, and a clerk looks at it again."""

    question: str
    asked_ms: int
    language: str
    sent: tuple[Sent, ...]
    disputed: bool


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """``code``: by which the public picks the answer up, shown once and kept nowhere; "" for none. ``masked``: kinds of
    personal data that were taken out of the question before it was kept."""

    item_id: str
    code: str
    masked: tuple[str, ...] = ()


# -- what a clerk sees -------------------------------------------------------------------------------------------------


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """An event of an item. ``actor_id``: None for the public and for the machine."""

    seq: int
    kind: str
    at_ms: int
    actor_id: str | None
    detail: str = ""


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """An item in a list. ``late``: it has waited longer than the alarm of the rule; ``mine``: the reader holds it;
    ``has_contact``: somebody may have to be called."""

    id: str
    created_ms: int
    origin: Literal["clerk", "public"]
    state: str
    question: str
    arm: Arm
    draft_state: DraftState
    flags: tuple[Flag, ...]
    late: bool
    mine: bool
    holder_id: str | None
    has_contact: bool
    to_call: bool
    errors: int
    outcome: str = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An item as a clerk sees it: everything but a draft that they may not see yet.

    ``found``: what was found, with its verdict and without any sentence; ``draft``: None until there is one to be seen
    (a blind item shows none before the clerk wrote and asked for it), ``draft_sha256``: to give back with what is done
    with it. ``acts``: names of what may be done now, by this reader. ``opened``: keys of passages they opened.
    ``must_open``: a passage has to be opened before an answer leaves. ``reading_ms``: what reading the draft takes.
    """

    item: Queued
    language: str
    contact: str
    masked: tuple[str, ...]
    found: Draft | None
    draft: Draft | None
    draft_sha256: str
    draft_problem: str
    written: str
    opened: tuple[str, ...]
    must_open: bool
    acts: tuple[str, ...]
    sent: tuple[Sent, ...]
    events: tuple[Happened, ...]
    complaints: tuple[str, ...]
    reading_ms: int
    held_until_ms: int | None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a review led to. ``quick``: it took less time than reading; noted, and told to the clerk."""

    item_id: str
    kind: SentKind
    quick: bool
    reading_ms: int
    has_contact: bool


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """Whether drafts are made. ``by``: member id, "" for the command line; None for what nobody ever stopped."""

    stopped: bool
    at_ms: int | None = None
    by: str | None = None
    reason: str = ""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How the queue stands. ``oldest_ms``: since when the oldest waits, None for none."""

    waiting: int
    taken: int
    disputed: int
    late: int
    oldest_ms: int | None


# -- the work ----------------------------------------------------------------------------------------------------------


class WorkEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened at the desk, for the ledger of the work. Never a word of anybody.

    ``number``: grows; give the last one back to go on from there. ``active_ms``: how long the page of this item was in
    focus for this actor until then, since it came; None when no page told. ``wait_ms``: from the question to the first
    take, on ``taken``. On what sends: ``review_ms`` from the take, ``edit_words`` words inserted, deleted or replaced
    from the draft (None without one that was seen), ``sent_words``, ``quick``. ``receipt_id``: of the generation, on
    ``drafted``. ``drafted``: whether a model had written something the actor could see.
    """

    number: int
    item_id: str
    kind: str
    arm: Arm
    at_ms: int
    actor_id: str | None = None
    active_ms: int | None = None
    wait_ms: int | None = None
    review_ms: int | None = None
    edit_words: int | None = None
    sent_words: int | None = None
    quick: bool = False
    drafted: bool = False
    receipt_id: str | None = None
