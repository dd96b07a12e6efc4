"""How often somebody may knock, counted in memory: strangers and refused credentials by address, members by id.

A refused key or session is looked at before it is counted, so that whoever holds a good one is never shut out by a
neighbour of the same address. What cannot be guessed (keys, links: 256 bits) is counted for what refusing costs; what
could be, passwords, in the database (``assembly.attempts``). Each process counts its own.
"""

from __future__ import annotations

from starlette.types import Scope

from affouage.assembly.attempts import network_of
from affouage.clock import Clock
from affouage.errors import TooMuch
from affouage.settings import LimitsSettings

MINUTE_US = 60_000_000
KNOWN_MOST = 20_000
"""Names remembered per rate; a flood from more addresses forgets the oldest ones."""


class Rate:
    """``per_minute`` at once, then evenly as time passes; 0 is no limit. One number is kept for each name: when all
    that it took will have been given back (GCRA)."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._step_us = MINUTE_US // per_minute if per_minute else 0
        self._clock = clock
        self._even_us: dict[str, int] = {}

    def take(self, name: str) -> int:
        """Count one; 0 when it may pass, otherwise the seconds to wait, and nothing is counted."""
        if not self._step_us:
            return 0
        now_us = self._clock.monotonic_us()
        even_us = max(now_us, self._even_us.get(name, 0)) + self._step_us
        if even_us - now_us > MINUTE_US:
            return max(1, -(-(even_us - now_us - MINUTE_US) // 1_000_000))
        if name not in self._even_us and len(self._even_us) >= KNOWN_MOST:
            self._forget(now_us)
        self._even_us[name] = even_us
        return 0

    def _forget(self, now_us: int) -> None:
        """Those that nothing is left of; if all still count, the oldest half."""
        kept = {name: even_us for name, even_us in self._even_us.items() if even_us > now_us}
        if len(kept) >= KNOWN_MOST:
            kept = dict(list(kept.items())[KNOWN_MOST // 2 :])
        self._even_us = kept


class Limits:
    """The three rates of a commons. Each method raises TooMuch ``too_often``."""

    def __init__(self, settings: LimitsSettings, clock: Clock) -> None:
        self._strangers = Rate(settings.strangers_per_minute, clock)
        self._refused = Rate(settings.refused_per_minute, clock)
        self._members = Rate(settings.member_per_minute, clock)

    def stranger(self, scope: Scope) -> None:
        """A request without a credential."""
        _permit(self._strangers, _address(scope))

    def refused(self, scope: Scope) -> None:
        """A request whose key or session was just found to be wrong."""
        _permit(self._refused, _address(scope))

    def member(self, member_id: str) -> None:
        """A request of somebody recognised."""
        _permit(self._members, member_id)


def _permit(rate: Rate, name: str) -> None:
    wait_s = rate.take(name)
    if wait_s:
        raise TooMuch(
            "That is too many requests in a short time.",
            remedy=f"Wait {wait_s} s, then go on more slowly.",
            retry_after_s=wait_s,
            code="too_often",
        )


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network_of(client[0]) if client else ""
