"""Somebody who waits for a turn: what is told, and what is refused, in words that say what would work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import msgspec

from affouage.errors import TooMuch, TurnLost, Unavailable
from affouage.pool.model_queue import ModelQueue, Now, possible
from affouage.pool.station import REACHES, Station
from affouage.pool.ticket import Ticket, Turn

OnTurn = Callable[[Turn], None]

TELL_S = 0.25
"""The places of everybody are worked out at most that often; a newcomer's at once."""
LOOK_S = 1.0
GONE_US = 10_000_000
"""A request is refused once no machine that may serve it has been known for so long."""


class Limits(msgspec.Struct, frozen=True):
    """Of each model's queue: requests that may wait, and those of one member. A full queue still takes one request of
    each member who has nothing here, up to twice its bound: those who ask a lot shut nobody out."""

    waiting: int
    waiting_per_member: int


class Waiter:
    """A request in its queue. ``turn``: the station that serves it, once its turn has come; or why it has none."""

    def __init__(self, ticket: Ticket, on_turn: OnTurn, told: Turn) -> None:
        self.ticket = ticket
        self.turn: asyncio.Future[Station] = asyncio.get_running_loop().create_future()
        self.told = told
        self.gone_since_us: int | None = None
        """Since when no machine that may serve it is known."""
        self._on_turn = on_turn

    def tell(self, turn: Turn, *, first: bool = False) -> None:
        if first or turn != self.told:
            self.told = turn
            self._on_turn(turn)

    def refuse(self, problem: Exception) -> None:
        if not self.turn.done():
            self.turn.set_exception(problem)


def refuse_the_lost(waiters: Iterable[Waiter], now: Now) -> None:
    """Those who could be served by no machine for too long are told so."""
    for waiter in waiters:
        if possible(waiter.ticket, now.stations):
            waiter.gone_since_us = None
        elif waiter.gone_since_us is None:
            waiter.gone_since_us = now.at_us
        elif now.at_us - waiter.gone_since_us >= GONE_US:
            waiter.refuse(no_machine(waiter.ticket))


def check_room(model: ModelQueue, ticket: Ticket, limits: Limits) -> None:
    """Raises TooMuch for a ticket that waits now and is too many. Who had a turn already and lost it does not pay for
    that twice."""
    others = len(model.waiting) - 1
    own = model.waiting_of(ticket.member_id) - 1
    served = any(run.ticket.member_id == ticket.member_id for run in model.running.values())
    if ticket.again:
        return
    if own >= limits.waiting_per_member:
        raise TooMuch(
            f"{own} of your requests already wait for {ticket.model_id}.",
            remedy="Wait for one of them to be answered, or stop one.",
            code="too_many_waiting",
            retry_after_s=30,
            waiting=own,
            model=ticket.model_id,
        )
    if others >= limits.waiting * (1 if own or served else 2):
        raise TooMuch(
            f"{others} requests already wait for {ticket.model_id}.",
            remedy="Try again in a few minutes, or choose another model.",
            retry_after_s=30,
            waiting=others,
            model=ticket.model_id,
        )


def until_limit(waiter: Waiter) -> asyncio.TimerHandle | None:
    """What refuses it at the end of the wait it accepts. Raises Unavailable when its turn will not come before."""
    most_ms = waiter.ticket.max_wait_ms
    if most_ms is None:
        return None
    if waiter.told.low_ms is not None and waiter.told.low_ms > most_ms:
        raise _wait_exceeded(waiter)
    loop = asyncio.get_running_loop()
    return loop.call_later(most_ms / 1000, lambda: waiter.refuse(_wait_exceeded(waiter)))


def no_machine(ticket: Ticket) -> Unavailable:
    return Unavailable(
        "No machine that may read this question has the model now.",
        remedy="Allow more machines to read it, choose another model, or ask later.",
        code="no_machine",
        retry_after_s=60,
        model=ticket.model_id,
        reach=REACHES[ticket.reach],
    )


def turn_lost(ticket: Ticket) -> TurnLost:
    return TurnLost(
        "This gateway was not heard of for too long: its turn was given to somebody else.",
        remedy="Ask again.",
        model=ticket.model_id,
    )


def _wait_exceeded(waiter: Waiter) -> Unavailable:
    """The wait is, or would be, longer than the one who asked accepts."""
    told = waiter.told
    more_s = 30 if told.low_ms is None else max(1, told.low_ms // 1000)
    return Unavailable(
        f"Its turn does not come within {(waiter.ticket.max_wait_ms or 0) / 1000:g} s: "
        f"it is {told.position} of {told.waiting}.",
        remedy="Accept a longer wait, choose another model, or ask again later.",
        code="wait_exceeded",
        retry_after_s=more_s,
        limit_s=(waiter.ticket.max_wait_ms or 0) // 1000,
        position=told.position,
        waiting=told.waiting,
        low_ms=told.low_ms,
        high_ms=told.high_ms,
    )
