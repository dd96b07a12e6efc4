"""An item of the desk: its states, what happens to it, and what stands by the fold of its events. Pure.

    waiting ──taken──> taken ──sent_as_is | sent_edited | sent_own | referred | refused──> closed
       ^──released──────┘  (opened, wrote, shown: it stays taken)                            │ complaint
                                                                                             v
    closed <──corrected | maintained── retaken <──taken── disputed <─────────────────────────┘
                                          └──released────────^

Nothing leaves but with an event of :data:`REVIEWS`, which has an actor: the database holds the same (``desk_tables``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from affouage.errors import Conflict
from affouage.workshops.desk.rules import DeskRules
from affouage.workshops.desk.shapes import Arm, Draft, DraftState, Flag, Letter

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


class State(StrEnum):
    WAITING = "waiting"
    TAKEN = "taken"
    CLOSED = "closed"
    DISPUTED = "disputed"
    RETAKEN = "retaken"


class Kind(StrEnum):
    """Of events. The first block is the machine's and the public's, the last what a clerk alone does."""

    RECEIVED = "received"
    DRAFTED = "drafted"
    NOT_DRAFTED = "not_drafted"
    COMPLAINT = "complaint"
    TAKEN = "taken"
    RELEASED = "released"
    CALLED = "called"
    OPENED = "opened"
    WROTE = "wrote"
    SHOWN = "shown"
    SENT_AS_IS = "sent_as_is"
    SENT_EDITED = "sent_edited"
    SENT_OWN = "sent_own"
    REFERRED = "referred"
    REFUSED = "refused"
    CORRECTED = "corrected"
    MAINTAINED = "maintained"


REVIEWS = (
    Kind.SENT_AS_IS,
    Kind.SENT_EDITED,
    Kind.SENT_OWN,
    Kind.REFERRED,
    Kind.REFUSED,
    Kind.CORRECTED,
    Kind.MAINTAINED,
)
"""A person read, and something leaves."""
ANSWERS = (Kind.SENT_AS_IS, Kind.SENT_EDITED, Kind.SENT_OWN, Kind.CORRECTED)
"""Of them, those that count for the hour, and that ask for an opened passage."""
DRAFTS = (Kind.SENT_AS_IS, Kind.SENT_EDITED)
"""Of them, those by which a draft leaves."""

TRANSITIONS: Mapping[tuple[State, Kind], State] = {
    (State.WAITING, Kind.TAKEN): State.TAKEN,
    (State.TAKEN, Kind.RELEASED): State.WAITING,
    **{(State.TAKEN, kind): State.TAKEN for kind in (Kind.OPENED, Kind.WROTE, Kind.SHOWN)},
    **{(State.TAKEN, kind): State.CLOSED for kind in REVIEWS[:5]},
    (State.CLOSED, Kind.CALLED): State.CLOSED,
    (State.CLOSED, Kind.COMPLAINT): State.DISPUTED,
    (State.DISPUTED, Kind.COMPLAINT): State.DISPUTED,
    (State.DISPUTED, Kind.TAKEN): State.RETAKEN,
    (State.RETAKEN, Kind.COMPLAINT): State.RETAKEN,
    (State.RETAKEN, Kind.OPENED): State.RETAKEN,
    (State.RETAKEN, Kind.RELEASED): State.DISPUTED,
    (State.RETAKEN, Kind.CORRECTED): State.CLOSED,
    (State.RETAKEN, Kind.MAINTAINED): State.CLOSED,
    **{(state, kind): state for state in State for kind in (Kind.DRAFTED, Kind.NOT_DRAFTED)},
}
"""All that can happen; anything else is refused."""

HELD = (State.TAKEN, State.RETAKEN)


@dataclass(frozen=True)
class Case:
    """An item as decisions look at it. ``found``: what the search gave; ``draft``: what was drafted, seen or not.

    ``opened``, ``wrote``, ``shown``: by whoever holds it now. ``held_ms``: when they last did something. ``reachable``:
    the person left a way to be told by hand; ``to_call``: something left that they have not been told. ``stopped``: the
    tool is, and shows nothing.
    """

    arm: Arm
    state: State = State.WAITING
    holder_id: str | None = None
    taken_ms: int = 0
    held_ms: int = 0
    opened: frozenset[str] = frozenset()
    wrote: bool = False
    shown: bool = False
    draft_state: DraftState = "wanted"
    found: Draft | None = None
    draft: Draft | None = None
    flags: frozenset[Flag] = frozenset()
    reachable: bool = False
    stopped: bool = False
    sent: int = 0
    errors: int = 0
    outcome: str = ""
    to_call: bool = False

    @property
    def may_see_draft(self) -> bool:
        """Whether its holder may: of a blind item, once they wrote and asked for it."""
        return self.arm == "draft" or (self.wrote and self.shown)

    @property
    def visible(self) -> Draft | None:
        """The draft that its holder sees."""
        return self.draft if self.may_see_draft and not self.stopped else None

    def to_open(self, kind: Kind) -> frozenset[str]:
        """Passages of which one must be opened before such an answer leaves; none: nothing must.

        A draft rests on what it quotes; what a clerk writes, on any passage that was found.
        """
        if not self.flags and self.state is not State.RETAKEN:
            return frozenset()
        if kind in DRAFTS and self.visible is not None and self.visible.quoted:
            return self.visible.quoted
        return self.found.passages if self.found is not None and self.found.answers else frozenset()

    def must_open(self, kind: Kind) -> bool:
        wanted = self.to_open(kind)
        return bool(wanted) and not wanted & self.opened

    def idle(self, rules: DeskRules, now_ms: int) -> bool:
        """Taken, and left alone for as long as the rule bears."""
        return self.state in HELD and now_ms - self.held_ms >= rules.release_minutes * MINUTE_MS


@dataclass(frozen=True)
class Event:
    """``actor_id``: None for the public and the machine. ``detail``: key of a passage, why it was released or not
    drafted. ``letter``: what leaves, of a review. ``words``: what the public or a clerk said is wrong."""

    kind: Kind
    at_ms: int
    actor_id: str | None = None
    detail: str = ""
    words: str = ""
    letter: Letter | None = None
    quick: bool = False
    review_ms: int | None = None
    edit_words: int | None = None
    receipt_id: str | None = None
    drafted: bool = False


def evolve(case: Case, event: Event) -> Case:
    """The item after an event that happened. Raises Conflict, code ``desk_state``, for one that could not."""
    state = after(case.state, event.kind)
    kind = event.kind
    if kind is Kind.TAKEN:
        case = replace(case, opened=frozenset(), wrote=False, shown=False)
        return replace(case, state=state, holder_id=event.actor_id, taken_ms=event.at_ms, held_ms=event.at_ms)
    if kind is Kind.RELEASED:
        case = replace(case, opened=frozenset(), wrote=False, shown=False, draft_state=_unseen(case))
        return replace(case, state=state, holder_id=None)
    if kind is Kind.COMPLAINT:
        return replace(case, state=state, errors=case.errors + 1)
    if kind in REVIEWS:
        case = replace(case, sent=case.sent + 1, outcome=kind.value, to_call=case.reachable)
        return replace(case, state=state, holder_id=None, held_ms=event.at_ms)
    if kind is Kind.CALLED:
        return replace(case, state=state, to_call=False)
    case = replace(case, state=state)
    if event.actor_id is not None:
        case = replace(case, held_ms=event.at_ms)
    if kind is Kind.OPENED:
        return replace(case, opened=case.opened | {event.detail})
    if kind is Kind.WROTE:
        return replace(case, wrote=True)
    if kind is Kind.SHOWN:
        return replace(case, shown=True, draft_state="wanted" if case.draft is None else "made")
    return case


def _unseen(case: Case) -> DraftState:
    """What a blind item's draft is for the next clerk, who writes first too."""
    return "held_back" if case.arm == "blind" and case.draft_state in ("wanted", "made") else case.draft_state


def after(state: State, kind: Kind) -> State:
    """The state that follows. Raises Conflict, code ``desk_state``."""
    following = TRANSITIONS.get((state, kind))
    if following is None:
        raise Conflict(
            f"This question is {state}: that cannot be done with it any more.",
            remedy="Reload the page to see where it stands.",
            code="desk_state",
            state=state.value,
            act=kind.value,
        )
    return following
