"""A proposal: its declared machine of states with their timeouts. Pure.

::

    draft ─> support ─> deliberation ─> frozen ─> voting ─┬─> adopted ─> scheduled ─> in_force ─> superseded | repealed
               │ time                     ^  ^       ^    ├─> rejected
               v                          │  │       │    └─> no_quorum ─> voting (second convocation) | rejected
             lapsed          contested ───┘  │       └ objection to a consent: frozen, then voted on by majority
                                 needs_rebase <─ the rule changed meanwhile, in the same place

    any state before a vote ─> withdrawn
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from affouage.assembly.decisions.events import AnySubject
from affouage.assembly.decisions.patches import Patch

State = Literal[
    "draft",
    "support",
    "deliberation",
    "frozen",
    "voting",
    "no_quorum",
    "adopted",
    "needs_rebase",
    "scheduled",
    "in_force",
    "rejected",
    "withdrawn",
    "lapsed",
    "superseded",
    "repealed",
]

PASSAGES: dict[str, frozenset[str]] = {
    "draft": frozenset({"support", "withdrawn", "lapsed"}),
    "support": frozenset({"deliberation", "lapsed", "withdrawn"}),
    "deliberation": frozenset({"frozen", "withdrawn", "lapsed"}),
    "frozen": frozenset({"voting", "withdrawn", "rejected", "needs_rebase"}),
    "voting": frozenset({"adopted", "rejected", "no_quorum", "frozen", "needs_rebase"}),
    "no_quorum": frozenset({"voting", "rejected"}),
    "adopted": frozenset({"scheduled", "in_force", "needs_rebase", "frozen", "rejected"}),
    "needs_rebase": frozenset({"frozen", "lapsed", "withdrawn"}),
    "scheduled": frozenset({"in_force", "superseded"}),
    "in_force": frozenset({"superseded", "repealed"}),
    "rejected": frozenset(),
    "withdrawn": frozenset(),
    "lapsed": frozenset(),
    "superseded": frozenset(),
    "repealed": frozenset(),
}
"""From each state, where one may go. What is empty is an end."""

OPEN_STATES = frozenset(
    {"draft", "support", "deliberation", "frozen", "voting", "no_quorum", "adopted", "needs_rebase"}
)
BEFORE_VOTE = frozenset({"draft", "support", "deliberation", "frozen", "needs_rebase"})
DRAFT_DAYS = 365
"""A draft or a text to put right that nobody touches lapses after so long."""


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    side: str
    member_id: str
    text: str
    at_ms: int
    answers: int | None = None


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """``accepted`` None: not answered yet."""

    number: int
    member_id: str
    patch: Patch
    reason: str
    at_ms: int
    accepted: bool | None = None


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """As it stands. ``since_ms``: of its state; ``poll_id``: its last vote; ``versions``: every (patch, ms) it had."""

    id: int
    author: str
    title: str
    reason: str
    about: AnySubject
    profile: str
    state: State
    since_ms: int
    created_ms: int
    cause: str = ""
    effective_ms: int | None = None
    cosigners: tuple[str, ...] = ()
    arguments: tuple[Argument, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    contests: tuple[tuple[str, str], ...] = ()
    """(member, reason), of the adoption that stands."""
    text_sha256: str = ""
    poll_id: int | None = None
    polls: tuple[int, ...] = ()
    force_majority: bool = False
    """An objection was raised to a consent: the next vote is by majority."""
    version: int | None = None
    """Of the rule it made."""
    in_force_ms: int | None = None
    history: tuple[tuple[str, int, str], ...] = ()
    """Every (state, since when, cause)."""

    @property
    def open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def patch(self) -> Patch | None:
        return getattr(self.about, "patch", None)

    @property
    def area(self) -> str | None:
        return getattr(self.about, "area", None)


def may_pass(one: Proposal, to: str) -> bool:
    return to in PASSAGES[one.state]


def text_of(one: Proposal) -> dict[str, Any]:
    """What is frozen and hashed when a proposal goes to the vote."""
    return {
        "proposal": one.id,
        "title": one.title,
        "reason": one.reason,
        "about": msgspec.to_builtins(one.about),
        "effective_ms": one.effective_ms,
    }
