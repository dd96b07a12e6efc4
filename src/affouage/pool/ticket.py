"""What a request shows to be given its turn, and what it is told while it waits."""

from __future__ import annotations

import msgspec


class Ticket(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """``prompt_tokens``: estimated. ``decode_tokens``: the most it may write, None unknown. ``reach``: see
    ``pool.station``. ``avoid``: node ids that cannot serve it. ``again``: it had its turn and lost its machine, so it
    passes before everybody. ``max_wait_ms``: the member's own limit. ``prefix_sha256``: of the conversation so far.
    ``gateway_id``: which of several gateways it came to; "" where there is one.
    """

    request_id: str
    member_id: str
    model_id: str
    weight_percent: int = 100
    group: str = ""
    batch: bool = False
    reach: int = 3
    prompt_tokens: int = 0
    decode_tokens: int | None = None
    prefix_sha256: str = ""
    max_wait_ms: int | None = None
    avoid: frozenset[str] = frozenset()
    again: bool = False
    gateway_id: str = ""


class Turn(msgspec.Struct, frozen=True):
    """``position``: 1 is next; ``waiting``: how many in all. ``reason``: turn | lighter | no_hurry | closed | owner.

    ``low_ms``..``high_ms``: how long it should still take; None while nothing is known.
    """

    position: int
    waiting: int
    reason: str = "turn"
    low_ms: int | None = None
    high_ms: int | None = None


class Place(msgspec.Struct, frozen=True):
    """A waiting request, as its own member sees it."""

    request_id: str
    model_id: str
    turn: Turn
    waited_ms: int


class Line(msgspec.Struct, frozen=True):
    """A model's queue: requests that wait (``no_hurry`` of them do not press), that are served; slots open now."""

    model_id: str
    waiting: int
    no_hurry: int
    running: int
    slots: int
