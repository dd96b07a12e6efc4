"""Comparisons under way, in memory alone: which model is on which side, until the choice is made and read.

A browser is given a random token and nothing to trust. They end after half an hour, and when the server stops.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Literal

from affouage.clock import Clock
from affouage.errors import NotFound
from affouage.inference.answer import ExactPrompt
from affouage.ledger.receipt import Receipt
from affouage.workshops.blind.strength import Preferred

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")

HELD_MS = 30 * 60_000
"""Since it was last touched."""
HELD_MOST = 200
EACH_MOST = 3
"""Of one member: a tab or two more than one looks at."""


@dataclass
class Answered:
    """One side's answer. ``cut``: it reached the longest length."""

    text: str = field(repr=False)
    receipt: Receipt
    exact: ExactPrompt | None = field(repr=False)

    @property
    def cut(self) -> bool:
        return self.receipt.finish_reason == "length"


@dataclass
class Comparison:
    """``order``: which side is asked first, drawn apart from the sides: who hears how fast words come learns nothing.

    ``running``: receipt of the answer being made. ``preferred``, ``kept``: None until said.
    """

    token: str
    member_id: str
    question: str = field(repr=False)
    models: dict[Side, str]
    order: tuple[Side, Side]
    touched_us: int
    answers: dict[Side, Answered] = field(default_factory=dict)
    spent: list[Receipt] = field(default_factory=list)
    running: str = ""
    row_id: str = ""
    preferred: Preferred | None = None
    kept: Preferred | None = None

    @property
    def answered(self) -> bool:
        return len(self.answers) == len(SIDES)


class Held:
    """Bounded: the oldest of a member, or of all, make room for new ones."""

    def __init__(self, clock: Clock, gateway_id: str = "") -> None:
        self._clock = clock
        self._prefix = f"{gateway_id}-" if gateway_id else ""
        self._held: dict[str, Comparison] = {}
        """The least lately touched first."""

    def __len__(self) -> int:
        return len(self._held)

    def begin(self, member_id: str, question: str, models: dict[Side, str], order: tuple[Side, Side]) -> Comparison:
        self._forget_old()
        own = [one.token for one in self._held.values() if one.member_id == member_id]
        for token in own[: max(0, len(own) - EACH_MOST + 1)]:
            del self._held[token]
        made = Comparison(
            self._prefix + secrets.token_urlsafe(18),
            member_id,
            question,
            models,
            order,
            touched_us=self._clock.monotonic_us(),
        )
        self.hold(made)
        return made

    def hold(self, comparison: Comparison) -> None:
        """Hold it from now on, also when it was forgotten meanwhile: its answers may have waited for long."""
        self._held.pop(comparison.token, None)
        while len(self._held) >= HELD_MOST:
            del self._held[next(iter(self._held))]
        comparison.touched_us = self._clock.monotonic_us()
        self._held[comparison.token] = comparison

    def find(self, token: str, member_id: str) -> Comparison:
        """Raises NotFound ``blind_over``: ended, somebody else's, or never there."""
        self._forget_old()
        found = self._held.get(token)
        if found is None or found.member_id != member_id:
            raise NotFound("This comparison is over.", remedy="Begin another one.", code="blind_over")
        self.hold(found)
        return found

    def drop(self, token: str) -> None:
        self._held.pop(token, None)

    def _forget_old(self) -> None:
        since_us = self._clock.monotonic_us() - HELD_MS * 1000
        for token in [one.token for one in self._held.values() if one.touched_us < since_us]:
            del self._held[token]
