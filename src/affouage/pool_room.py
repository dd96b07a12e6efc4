"""The machines of members, as the commons works with them: its end of the broker, who is let in, who serves.

Only for a commons that has a pool: importing this needs the extra ``pool``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from affouage.adapters.buses.pool_bus import PoolLink
from affouage.adapters.trainers.courier import Courier, Machine
from affouage.catalogue.card import load_cards
from affouage.catalogue.store import ModelStore
from affouage.clock import Clock
from affouage.errors import AffouageError
from affouage.ledger.ledger import Ledger
from affouage.pool.nodes.dispatch import Dispatcher
from affouage.pool.nodes.enrolment import Enrolment
from affouage.pool.nodes.files import FileSource
from affouage.pool.nodes.gifts import Gifts
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.wire import Heartbeat, Policy
from affouage.pool.nodes.wishes import Wishes
from affouage.settings import Settings
from affouage.storage import Database
from affouage.workers.gateways import Gateways, here

_log = logging.getLogger("affouage.pool")

DIGEST_US = 60_000_000
"""A model installed or removed counts within a minute."""


@asynccontextmanager
async def open_machines(
    link: PoolLink,
    enrolment: Enrolment,
    db: Database,
    ledger: Ledger,
    store: ModelStore,
    clock: Clock,
    *,
    on_change: Callable[[], None],
    answering: Callable[[], bool],
    gateways: Gateways | None = None,
) -> AsyncIterator[Dispatcher]:
    """While open, approved machines may serve. ``on_change``: told when one comes, goes, opens or closes.

    Where several ``gateways`` share them, each asks for itself; files and runs of training are sent, and what machines
    tell of themselves is noted, by the one that keeps the house.
    """
    several = gateways is not None and gateways.several
    once = here if gateways is None else gateways.once
    dispatcher = Dispatcher(
        link.bus,
        link.keys.box,
        clock,
        enrolment.records,
        keep_blocks=ledger.keep,
        on_change=on_change,
        max_node_watts=link.settings.pool.max_node_watts,
        file_sha256_of=_Digests(store, link.settings.home, clock).of,
        gateway_id=gateways.id if gateways is not None and several else "",
        of_another=gateways.of_another if gateways is not None and several else lambda _rid: False,
    )

    def keeps() -> bool:
        return gateways is None or not several or gateways.keeps

    files = FileSource(store, Gifts(db, clock), dispatcher.send, clock, here=dispatcher.here, answering=answering)
    dispatcher.on_file_wanted(lambda node_id, said: files.on_wanted(node_id, said) if keeps() else None)
    dispatcher.on_file_state(lambda node_id, said: files.on_state(node_id, said) if keeps() else None)
    courier = _courier(link.settings, dispatcher, enrolment, clock, answering)
    dispatcher.on_training(lambda node_id, said: courier.heard(node_id, said) if keeps() else None)
    link.control.on_gone(dispatcher.disconnected)
    noting = asyncio.TaskGroup()
    wishes = Wishes(enrolment, dispatcher.set_policy)

    def seen(node_id: str, beat: Heartbeat) -> None:
        if not keeps():
            return
        noting.create_task(_noted(wishes, node_id, beat.policy, clock.now_ms()))

    dispatcher.on_seen(seen)

    async def decided(before: NodeRecord | None, now: NodeRecord) -> None:
        if now.state in ("revoked", "refused"):
            dispatcher.forget(now.id)
            on_change()
            await link.control.revoke(now.public_key)
        elif before is not None:
            on_change()

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(noting)
        await stack.enter_async_context(dispatcher.running())
        await stack.enter_async_context(once(lambda: _owned(files.serve(), "model files")))
        await stack.enter_async_context(once(lambda: _owned(courier.serve(), "runs on machines")))
        await stack.enter_async_context(enrolment.watching(decided))
        yield dispatcher


def _courier(
    settings: Settings, dispatcher: Dispatcher, enrolment: Enrolment, clock: Clock, answering: Callable[[], bool]
) -> Courier:
    """Runs of training to machines that are lent for it."""

    def machine(node_id: str) -> Machine | None:
        record = enrolment.records().get(node_id)
        if record is None or not record.serves:
            return None
        beat = next((one.beat for one in dispatcher.links() if one.record.id == node_id), None)
        return Machine(
            name=record.name,
            here=beat is not None and node_id in dispatcher.here(),
            training="" if beat is None else beat.training,
            public_key=record.public_key,
            machine_id=record.machine_id,
            max_watts=record.max_watts or settings.pool.max_node_watts,
        )

    runs = settings.home / "training" / "runs"
    return Courier(runs, dispatcher.send, machine, clock, answering=answering)


class _Digests:
    """The file that the commons knows by a model's id: as it is installed here, else as its card says."""

    def __init__(self, store: ModelStore, home: Path, clock: Clock) -> None:
        self._store = store
        self._home = home
        self._clock = clock
        self._known: dict[str, tuple[int, str | None]] = {}

    def of(self, model_id: str) -> str | None:
        now_us = self._clock.monotonic_us()
        known = self._known.get(model_id)
        if known is None or now_us - known[0] >= DIGEST_US:
            known = self._known[model_id] = (now_us, self._look(model_id))
        return known[1]

    def _look(self, model_id: str) -> str | None:
        here = self._store.find(model_id)
        if here is not None:
            return here.sha256
        card = load_cards(self._home).get(model_id)
        return None if card is None else card.sha256


async def _noted(wishes: Wishes, node_id: str, policy: Policy, now_ms: int) -> None:
    """For the pages, when the machine is away; and it is told what its owner asked on them meanwhile."""
    try:
        await wishes.heard(node_id, policy, now_ms)
    except AffouageError as unwritten:
        _log.warning("what %s tells of itself is not written down: %s", node_id, unwritten.code)


@asynccontextmanager
async def _owned(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
