"""Decisions at the desk: what may be done with an item, by whom, and what follows. Pure.

:func:`decide` gives the events a command leads to, or refuses; :mod:`cases` says what stands after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from affouage.errors import AffouageError, BadRequest, Conflict, NotAllowed, TooMuch
from affouage.workshops.desk import texts
from affouage.workshops.desk.cases import ANSWERS, DRAFTS, HELD, HOUR_MS, REVIEWS, Case, Event, Kind, after, evolve
from affouage.workshops.desk.rules import DeskRules
from affouage.workshops.desk.shapes import Letter

# -- commands ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Take:
    pass


@dataclass(frozen=True)
class Release:
    pass


@dataclass(frozen=True)
class Open:
    """A passage is opened. ``key``: as ``Passage.key``."""

    key: str


@dataclass(frozen=True)
class Write:
    """Of a blind item: what its clerk writes before seeing anything."""

    text: str


@dataclass(frozen=True)
class ShowDraft:
    """See the draft of a blind item, or ask for one where none came."""


@dataclass(frozen=True)
class Review:
    """A person decides what leaves. ``kind``: of :data:`REVIEWS`. ``draft_sha256``: of the draft that was on the page,
    for those that send it. ``sources``: sheets to name, among those found."""

    kind: Kind
    letter: Letter
    draft_sha256: str = ""


@dataclass(frozen=True)
class Complain:
    """Somebody says that what left is wrong."""

    words: str


@dataclass(frozen=True)
class Called:
    """The person was told what left, by hand: called, or written to."""


Command = Take | Release | Open | Write | ShowDraft | Review | Complain | Called


@dataclass(frozen=True)
class Situation:
    """What a decision looks at beside the item. ``answered_ms``: when the actor's answers of the last hour left."""

    rules: DeskRules
    now_ms: int
    actor_id: str | None
    at_desk: bool
    answered_ms: Sequence[int] = ()


# -- deciding ----------------------------------------------------------------------------------------------------------


def decide(case: Case, command: Command, here: Situation) -> list[Event]:
    """The events that a command leads to, in order; none where it changes nothing.

    Raises NotAllowed (``not_at_desk``), Conflict (``desk_state``, ``desk_taken``, ``desk_not_yours``,
    ``desk_no_draft``, ``desk_draft_changed``, ``desk_stopped``), BadRequest (``desk_unread``, ``desk_write_first``,
    ``desk_passage``), TooMuch (``desk_cap``).
    """
    if isinstance(command, Complain):
        after(case.state, Kind.COMPLAINT)
        return [Event(Kind.COMPLAINT, here.now_ms, here.actor_id, words=command.words)]
    _check_clerk(here)
    if isinstance(command, Called):
        after(case.state, Kind.CALLED)
        return [Event(Kind.CALLED, here.now_ms, here.actor_id)] if case.to_call else []
    if isinstance(command, Take):
        return _take(case, here)
    if isinstance(command, Release) and case.state not in HELD:
        return []
    _check_holder(case, here)
    if isinstance(command, Release):
        return [Event(Kind.RELEASED, here.now_ms, here.actor_id)]
    if isinstance(command, Open):
        return _open(case, command, here)
    if isinstance(command, Write):
        return _write(case, here)
    if isinstance(command, ShowDraft):
        return _show(case, here)
    return _review(case, command, here)


def released(case: Case, rules: DeskRules, now_ms: int) -> list[Event]:
    """An item left alone goes back to the queue by itself."""
    return [Event(Kind.RELEASED, now_ms, None, detail="idle")] if case.idle(rules, now_ms) else []


def _take(case: Case, here: Situation) -> list[Event]:
    if case.state in HELD and case.holder_id == here.actor_id:
        return []
    back = released(case, here.rules, here.now_ms)
    if case.state in HELD and not back:
        raise Conflict("Somebody else has taken this question.", remedy="Take another one.", code="desk_taken")
    for one in back:
        case = evolve(case, one)
    after(case.state, Kind.TAKEN)
    check_cap(here)
    return [*back, Event(Kind.TAKEN, here.now_ms, here.actor_id)]


def _open(case: Case, command: Open, here: Situation) -> list[Event]:
    known = case.found.passages if case.found is not None else frozenset()
    if case.visible is not None:
        known |= case.visible.passages | case.visible.quoted
    if command.key not in known:
        raise BadRequest(
            "This passage was not found for this question.",
            remedy="Choose one of those on the page.",
            param="passage",
            code="desk_passage",
        )
    after(case.state, Kind.OPENED)
    if command.key in case.opened:
        return []
    return [Event(Kind.OPENED, here.now_ms, here.actor_id, detail=command.key)]


def _write(case: Case, here: Situation) -> list[Event]:
    after(case.state, Kind.WROTE)
    return [] if case.wrote else [Event(Kind.WROTE, here.now_ms, here.actor_id)]


def _show(case: Case, here: Situation) -> list[Event]:
    after(case.state, Kind.SHOWN)
    if case.arm == "blind" and not case.wrote:
        raise BadRequest(
            "For this question, write your answer first: the draft is shown afterwards.",
            remedy="Write what you would answer, even briefly, then ask for the draft.",
            param="text",
            code="desk_write_first",
        )
    if case.visible is not None or (case.shown and case.draft_state == "wanted"):
        return []
    if case.found is not None and not case.found.answers:
        raise _no_draft()
    if case.stopped:
        raise Conflict(
            "The tool is stopped: no draft is made nor shown.",
            remedy="Answer by hand; a steward can start it again.",
            code="desk_stopped",
        )
    return [Event(Kind.SHOWN, here.now_ms, here.actor_id)]


def _review(case: Case, command: Review, here: Situation) -> list[Event]:
    after(case.state, command.kind)
    seen, kind = case.visible, _kind_of(case, command)
    if kind in ANSWERS:
        check_cap(here)
        if case.must_open(kind):
            raise BadRequest(
                "Open at least one of the passages this answer rests on before it leaves.",
                remedy="Open a passage, read it, then send.",
                param="passage",
                code="desk_unread",
            )
    review_ms = here.now_ms - case.taken_ms
    event = Event(kind, here.now_ms, here.actor_id, letter=command.letter, review_ms=review_ms)
    if seen is None or kind not in ANSWERS:
        return [event]
    return [
        replace(
            event,
            quick=kind in DRAFTS and review_ms < texts.reading_ms(seen.text),
            edit_words=texts.words_changed(seen.text, command.letter.text),
            drafted=bool(seen.model),
        )
    ]


def _kind_of(case: Case, command: Review) -> Kind:
    """What it is, whatever button was pressed: a draft that leaves as it was is sent as it is.

    Raises Conflict where the draft that was read is not there (any more).
    """
    kind, seen, said = command.kind, case.visible, command.letter.text
    if kind in DRAFTS:
        if seen is None or not seen.text:
            raise _no_draft()
        if texts.draft_digest(seen) != command.draft_sha256:
            raise Conflict(
                "The draft is not the one you were reading any more.",
                remedy="Read it again, then decide.",
                code="desk_draft_changed",
            )
        return Kind.SENT_AS_IS if said == seen.text else Kind.SENT_EDITED
    if kind is Kind.SENT_OWN and seen is not None and said == seen.text:
        return Kind.SENT_AS_IS
    return kind


def check_cap(here: Situation) -> None:
    """Raises TooMuch, code ``desk_cap``, when the actor has sent as many answers in an hour as the rule bears."""
    recent = sorted(one for one in here.answered_ms if one > here.now_ms - HOUR_MS)
    most = here.rules.items_per_hour
    if len(recent) < most:
        return
    wait_s = max(1, (recent[-most] + HOUR_MS - here.now_ms) // 1000)
    raise TooMuch(
        f"You have sent {len(recent)} answers in an hour: the rule of the desk bears {most}.",
        remedy=f"Take a break: you may go on in {-(-wait_s // 60)} min, or leave it to somebody else.",
        retry_after_s=wait_s,
        code="desk_cap",
        most=most,
        minutes=-(-wait_s // 60),
    )


def _check_clerk(here: Situation) -> None:
    if not here.at_desk or here.actor_id is None:
        raise not_at_desk()


def not_at_desk() -> NotAllowed:
    return NotAllowed(
        "You are not at the desk.",
        remedy="The rule of the desk says who is; members give the mandate of clerk by a vote.",
        code="not_at_desk",
    )


def not_a_steward() -> NotAllowed:
    return NotAllowed(
        "Whoever starts the tool again is a steward or an operator.",
        remedy="Ask one of them; meanwhile questions are answered by hand.",
        code="insufficient_role",
        role="steward",
    )


def _check_holder(case: Case, here: Situation) -> None:
    if case.state not in HELD:
        raise Conflict(
            "Take this question first.", remedy="Take it from the queue.", code="desk_not_yours", state=case.state.value
        )
    if case.holder_id != here.actor_id:
        raise Conflict("Somebody else has taken this question.", remedy="Take another one.", code="desk_taken")


def _no_draft() -> Conflict:
    return Conflict(
        "There is no draft for this question.",
        remedy="Answer by yourself, say whom to turn to, or refuse.",
        code="desk_no_draft",
    )


# -- what may be done now ----------------------------------------------------------------------------------------------

_ACTS: Mapping[str, Command] = {
    "take": Take(),
    "release": Release(),
    "write": Write(""),
    "show_draft": ShowDraft(),
    "complain": Complain(""),
    "called": Called(),
    **{kind.value: Review(kind, Letter(text="-", language="fr")) for kind in REVIEWS},
}


def acts(case: Case, here: Situation) -> tuple[str, ...]:
    """Names of what this actor may do now, apart from opening a passage first."""
    return tuple(name for name, command in _ACTS.items() if _possible(case, command, here))


def _possible(case: Case, command: Command, here: Situation) -> bool:
    if isinstance(command, Review) and case.visible is not None:
        command = replace(command, draft_sha256=texts.draft_digest(case.visible))
    if isinstance(command, Write) and case.arm == "draft":
        return False  # it would be kept; there is no need
    try:
        return bool(decide(case, command, here))
    except BadRequest as first:
        return first.code == "desk_unread"
    except AffouageError:
        return False
