"""What one of several gateways asks of a queue they share, and what it sees of it afterwards. Pure.

A step may be asked twice: a connection can break in the very moment of its commit, and nobody knows then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import msgspec

from affouage.errors import AffouageError, TooMuch
from affouage.pool.model_queue import Counts, ModelQueue, Now, possible
from affouage.pool.placement import Key
from affouage.pool.queue_state import Run
from affouage.pool.ticket import Ticket, Turn
from affouage.pool.waiter import Limits, check_room, no_machine


class Arrive(msgspec.Struct, frozen=True):
    ticket: Ticket


class Charge(msgspec.Struct, frozen=True):
    """``work``: the figures known so far, as ``ModelQueue.charge`` takes them."""

    request_id: str
    work: Mapping[str, int]


class Over(msgspec.Struct, frozen=True):
    """It waits no more, or is served no more. ``work``: the last news of it, if any."""

    request_id: str
    work: Mapping[str, int] = {}


class Owe(msgspec.Struct, frozen=True):
    request_id: str
    energy_uj: int


class Forget(msgspec.Struct, frozen=True):
    node_id: str


Step = Arrive | Charge | Over | Owe | Forget


class Taken(msgspec.Struct, frozen=True):
    """What the steps did. ``refused``: by request. ``given``: gateways whose requests were given a slot."""

    refused: dict[str, AffouageError]
    given: frozenset[str]
    changed: bool


class Seen(msgspec.Struct, frozen=True):
    """A queue as a gateway sees it. ``running``, ``waiting`` and ``turns``: of its own requests; ``used``: of all.

    ``turns``: None when they were not worked out.
    """

    counts: Counts
    running: dict[str, Key]
    waiting: frozenset[str]
    used: dict[Key, int]
    refused: dict[str, AffouageError] = {}
    turns: dict[str, Turn] | None = None


def take(
    model: ModelQueue, steps: Sequence[Step], now: Now, limits: Limits, living: Collection[str] | None = None
) -> Taken:
    """Take the steps in order, each time giving what is free. ``living``: the gateways that are heard of, when what
    came to others is to be dropped."""
    refused: dict[str, AffouageError] = {}
    rules = model.rules
    dropped = living is not None and model.drop(living, now.at_us)
    given = {ticket.gateway_id for ticket, _ in model.hand_out(now)}
    for step in steps:
        problem = _take(model, step, now)
        given |= {ticket.gateway_id for ticket, _ in model.hand_out(now)}
        if isinstance(step, Arrive):
            problem = problem or _one_too_many(model, step.ticket, limits)
            if problem is not None:
                refused[step.ticket.request_id] = problem
    return Taken(refused, frozenset(given), bool(steps or given) or dropped or model.rules != rules)


def _take(model: ModelQueue, step: Step, now: Now) -> AffouageError | None:
    match step:
        case Arrive(ticket):
            if not possible(ticket, now.stations):
                return no_machine(ticket)
            if ticket.request_id not in model.waiting and ticket.request_id not in model.running:
                model.arrive(ticket, now)
        case Charge(request_id, work):
            if request_id in model.running:
                model.charge(request_id, **work)
        case Over(request_id, work):
            if request_id in model.waiting:
                model.leave(request_id)
            elif request_id in model.running:
                if work:
                    model.charge(request_id, **work)
                model.finish(request_id, now.at_us)
        case Owe(request_id, energy_uj):
            model.owe(request_id, energy_uj)
        case Forget(node_id):
            model.prefixes.forget(node_id)
    return None


def _one_too_many(model: ModelQueue, ticket: Ticket, limits: Limits) -> TooMuch | None:
    """Out of the queue again, when there is no room for it."""
    if ticket.request_id not in model.waiting:
        return None
    try:
        check_room(model, ticket, limits)
    except TooMuch as full:
        model.leave(ticket.request_id)
        return full
    return None


def seen(model_id: str, waiting: Collection[tuple[Ticket, int]], running: Collection[Run], gateway_id: str) -> Seen:
    return Seen(
        Counts(model_id, len(waiting), sum(ticket.batch for ticket, _ in waiting), len(running)),
        {run.ticket.request_id: run.station.key for run in running if run.ticket.gateway_id == gateway_id},
        frozenset(ticket.request_id for ticket, _ in waiting if ticket.gateway_id == gateway_id),
        Counter(run.station.key for run in running),
    )
