"""Where the queues of all models are kept: in the memory of one gateway, or in a database that several share.

``memory_queues`` and ``shared_queues``; both pass ``tests/contracts/test_queues.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from affouage.pool.model_queue import Counts, Now
from affouage.pool.ticket import Place, Ticket
from affouage.pool.waiter import Limits, OnTurn, Waiter

FindNow = Callable[[str, int], Now]
"""The facts about a model's queue, at that time in µs."""


class Queue(Protocol):
    """One model's queue, as its gateway uses it, in one event loop."""

    async def enter(self, ticket: Ticket, on_turn: OnTurn, now: Now) -> Waiter:
        """Stand in line: served already, or with a place. Raises TooMuch for one too many, and leaves nothing then."""
        ...

    def tell_newcomer(self, waiter: Waiter) -> None: ...

    def leave(self, waiter: Waiter) -> None:
        """It waits no more; a slot that came at that very moment is given back."""
        ...

    def hold(self, request_id: str, lose: Callable[[], None]) -> None:
        """It is being served. ``lose`` is called, once, if its slot is somebody else's before :meth:`finish`."""
        ...

    def charge(self, request_id: str, **work: int | None) -> None:
        """As ``ModelQueue.charge``; of no effect once it is over."""
        ...

    def finish(self, request_id: str) -> None: ...

    def owe(self, request_id: str, energy_uj: int) -> None: ...

    def forget(self, node_id: str) -> None: ...

    def look(self) -> None:
        """Stations came, went, opened or closed, or time passed."""
        ...

    def in_use(self, node_id: str | None = None) -> int: ...

    def counts(self) -> Counts: ...


class Queues(Protocol):
    """Of all models. To be opened once, by the scheduler."""

    def open(self, find_now: FindNow, limits: Limits) -> None: ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """While open, what is to be done without being asked is done; at the end nothing is left behind."""
        ...

    def now(self, model_id: str) -> Now: ...

    def queue(self, model_id: str) -> Queue: ...

    def known(self) -> Mapping[str, Queue]:
        """Those that this gateway has used."""
        ...

    def counts(self) -> Iterable[Counts]:
        """Of each model that somebody asked for, whatever the gateway."""
        ...

    async def places_of(self, member_id: str) -> list[Place]: ...
