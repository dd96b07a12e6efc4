"""Decisions about reports: states, who may decide, the next sanction, a panel's verdict. Pure.

open ──sanction──> decided ──appeal──> appealed ──upheld | overturned──> closed
  ├──no_sanction──────────────────────────────────────────────────────────^
  └──nobody_decided (timeout)    decided ──not_appealed (timeout)   appealed ──the panel's time is over
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from affouage.assembly.refused_uses.terms import DAY_MS, LONGEST_DAYS, Terms, step_of
from affouage.assembly.rules.uses import SanctionStep
from affouage.errors import BadRequest, Conflict, NotAllowed

REASON_MIN, REASON_MAX = 20, 2000
"""Characters of a reason: enough to say something, little enough to be read."""
WORDS_MAX = 2000
CONTENT_MAX = 20_000

NOTHING, NOTED, UNDECIDED, OVERTURNED = "nothing", "noted", "undecided", "overturned"
"""Outcomes that sanction nobody: not against the charter; against it, but nobody is to be sanctioned (an answer one
got and reported oneself, or nobody knows whose it is); nobody decided in time; a panel lifted the sanction."""

Opinion = Literal["uphold", "overturn"]


class State(StrEnum):
    OPEN = "open"
    DECIDED = "decided"
    APPEALED = "appealed"
    CLOSED = "closed"


class Event(StrEnum):
    SANCTION = "sanction"
    NO_SANCTION = "no_sanction"
    NOBODY_DECIDED = "nobody_decided"
    APPEAL = "appeal"
    NOT_APPEALED = "not_appealed"
    UPHELD = "upheld"
    OVERTURNED = "overturned"


TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (State.OPEN, Event.SANCTION): State.DECIDED,
    (State.OPEN, Event.NO_SANCTION): State.CLOSED,
    (State.OPEN, Event.NOBODY_DECIDED): State.CLOSED,
    (State.DECIDED, Event.APPEAL): State.APPEALED,
    (State.DECIDED, Event.NOT_APPEALED): State.CLOSED,
    (State.APPEALED, Event.UPHELD): State.CLOSED,
    (State.APPEALED, Event.OVERTURNED): State.CLOSED,
}
"""All that can happen; anything else is refused."""


def after(state: str, event: Event) -> State:
    """The state that follows. Raises Conflict, code ``report_state``."""
    following = TRANSITIONS.get((State(state), event))
    if following is None:
        raise Conflict(
            f"This report is {state}: {event.replace('_', ' ')} cannot happen to it any more.",
            remedy="Reload the page to see where it stands.",
            code="report_state",
            state=str(state),
        )
    return following


def due_ms(state: State, since_ms: int, terms: Terms) -> int:
    """When the state ends by itself; for a closed one, when what is kept of it is deleted."""
    days = {
        State.OPEN: terms.rules.open_days,
        State.DECIDED: terms.rules.appeal_days,
        State.APPEALED: terms.rules.panel_days,
        State.CLOSED: terms.keep_days,
    }[state]
    return since_ms + days * DAY_MS


def lapse(state: State, opinions: Sequence[Opinion | None] = ()) -> Event:
    """What happens when the time of a state is over. Raises KeyError for a closed one."""
    if state is State.APPEALED:
        return Event.UPHELD if verdict(opinions, over=True) == "uphold" else Event.OVERTURNED
    return {State.OPEN: Event.NOBODY_DECIDED, State.DECIDED: Event.NOT_APPEALED}[state]


# -- who ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parties:
    """Who has a part in a report: None where there is nobody, or nobody known."""

    reporter_id: str | None
    subject_id: str | None
    moderator_id: str | None = None


def check_moderator(member_id: str, parties: Parties, *, mandated: bool) -> None:
    """Raises NotAllowed: ``no_mandate`` without a live one, ``judge_and_party`` about oneself or one's own report."""
    if not mandated:
        raise NotAllowed(
            "This needs the mandate of moderator, in force now.",
            remedy="Members give it by a vote: see the page of the assembly.",
            code="no_mandate",
        )
    if member_id in (parties.reporter_id, parties.subject_id):
        raise NotAllowed(
            "You made this report, or it concerns you: somebody else decides.",
            remedy="Leave it to another moderator.",
            code="judge_and_party",
        )


def check_appellant(member_id: str, parties: Parties) -> None:
    """Only the person sanctioned appeals. Raises NotAllowed, code ``not_concerned``."""
    if member_id != parties.subject_id:
        raise NotAllowed(
            "Only the person concerned may appeal.", remedy="See your own reports: /reports.", code="not_concerned"
        )


def excluded_from_panel(parties: Parties) -> frozenset[str]:
    """Who never sits: the reporter, the person concerned, the moderator who decided."""
    all_of_them = (parties.reporter_id, parties.subject_id, parties.moderator_id)
    return frozenset(one for one in all_of_them if one is not None)


def check_guard(model_id: str, admitted: str) -> None:
    """A guard model flags only when the rule names it. Raises NotAllowed, code ``guard_not_admitted``."""
    if not admitted or model_id != admitted:
        raise NotAllowed(
            f"No rule admits {model_id:.100} as a guard model.",
            remedy="Members admit one by a vote; it may then flag, never decide.",
            code="guard_not_admitted",
        )


# -- words -------------------------------------------------------------------------------------------------------------


def check_reason(text: str) -> str:
    """The reason as it is kept. Raises BadRequest, code ``reason_required``, for less than 20 characters."""
    text = text.strip()
    if not REASON_MIN <= len(text) <= REASON_MAX:
        raise BadRequest(
            f"A reason of {REASON_MIN} to {REASON_MAX} characters is required; this one has {len(text)}.",
            remedy="Say in a sentence or two why.",
            param="reason",
            code="reason_required",
            least=REASON_MIN,
            most=REASON_MAX,
        )
    return text


def check_words(text: str, content: str) -> tuple[str, str]:
    """What the reporter wrote and chose to show. Raises BadRequest, ``report_words`` or ``report_content``."""
    text, content = text.strip(), content.strip()
    if not 1 <= len(text) <= WORDS_MAX:
        raise BadRequest(
            f"Say what is wrong, in 1 to {WORDS_MAX} characters.",
            remedy="A sentence is enough.",
            param="words",
            code="report_words",
            most=WORDS_MAX,
        )
    if len(content) > CONTENT_MAX:
        raise BadRequest(
            f"The text shown has more than {CONTENT_MAX} characters.",
            remedy="Show only the part that goes against the charter.",
            param="content",
            code="report_content",
            most=CONTENT_MAX,
        )
    return text, content


# -- the sanction ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Past:
    """A sanction once given."""

    kind: str
    from_ms: int
    lifted: bool = False


def proposed(history: Sequence[Past], terms: Terms, now_ms: int) -> SanctionStep | None:
    """The next step of the voted scale: one further for each sanction still remembered and not lifted.

    None where the rule has no scale.
    """
    since_ms = now_ms - terms.rules.memory_days * DAY_MS
    remembered = sum(1 for one in history if not one.lifted and one.from_ms > since_ms)
    return terms.scale[min(remembered, len(terms.scale) - 1)] if terms.scale else None


def choices(next_step: SanctionStep | None, terms: Terms, *, somebody: bool) -> tuple[str, ...]:
    """Outcomes a moderator may choose, the proposed one first: milder than the scale says, never harsher.

    ``somebody``: there is a person to sanction.
    """
    if not somebody:
        return (NOTED, NOTHING)
    if next_step is None:
        return (NOTED, NOTHING)
    milder = terms.scale[: terms.scale.index(next_step) + 1]
    return (*dict.fromkeys(step.kind for step in reversed(milder)), NOTED, NOTHING)


def sanction_for(outcome: str, next_step: SanctionStep | None, terms: Terms, *, somebody: bool) -> SanctionStep | None:
    """The step for an outcome that was chosen; None for an outcome that sanctions nobody.

    Raises BadRequest, code ``outcome_refused``, for an outcome harsher than the scale says, or that does not exist.
    """
    if outcome not in choices(next_step, terms, somebody=somebody):
        raise BadRequest(
            f"{outcome!r:.40} cannot be decided here: the voted scale does not go so far, or has no such step.",
            remedy="Choose one from the list.",
            param="outcome",
            code="outcome_refused",
        )
    if next_step is not None and outcome == next_step.kind:
        return next_step
    return step_of(terms.scale, outcome)


def ends_ms(step: SanctionStep, now_ms: int) -> int:
    """Every sanction ends: after the days of its step, one day at least, a year at most."""
    return now_ms + max(1, min(step.days, LONGEST_DAYS)) * DAY_MS


# -- the panel ---------------------------------------------------------------------------------------------------------


def verdict(opinions: Sequence[Opinion | None], *, over: bool = False) -> Opinion | None:
    """What the panel decides; None: not yet. ``opinions``: one a seat, None for one not given.

    More than half of the seats decide, at once. When the time is ``over``, the opinions given decide, if at least half
    of the seats gave one; a tie, too few opinions, or a panel of nobody is for the person concerned.
    """
    seats, upholding, overturning = len(opinions), opinions.count("uphold"), opinions.count("overturn")
    if 2 * upholding > seats:
        return "uphold"
    if 2 * overturning > seats or (seats and upholding + overturning == seats) or not seats:
        return "overturn"
    if not over:
        return None
    enough = 2 * (upholding + overturning) >= seats
    return "uphold" if enough and upholding > overturning else "overturn"
