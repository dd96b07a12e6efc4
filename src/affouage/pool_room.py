"""The machines of members, as the commons works with them: its end of the broker, who is let in, who serves.

Only for a commons that has a pool: importing this needs the extra ``pool``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from affouage.adapters.buses.pool_bus import PoolLink
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
from affouage.storage import Database

_log = logging.getLogger("affouage.pool")


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
) -> AsyncIterator[Dispatcher]:
    """While open, approved machines may serve. ``on_change``: told when one comes, goes, opens or closes."""
    dispatcher = Dispatcher(
        link.bus,
        link.keys.box,
        clock,
        enrolment.records,
        keep_blocks=ledger.keep,
        on_change=on_change,
        max_node_watts=link.settings.pool.max_node_watts,
    )
    files = FileSource(store, Gifts(db, clock), dispatcher.send, clock, here=dispatcher.here, answering=answering)
    dispatcher.on_file_wanted(files.on_wanted)
    dispatcher.on_file_state(files.on_state)
    link.control.on_gone(dispatcher.disconnected)
    noting = asyncio.TaskGroup()
    wishes = Wishes(enrolment, dispatcher.set_policy)

    def seen(node_id: str, beat: Heartbeat) -> None:
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
        sending = asyncio.create_task(files.serve(), name="model files")
        stack.push_async_callback(_ended, sending)
        await stack.enter_async_context(enrolment.watching(decided))
        yield dispatcher


async def _noted(wishes: Wishes, node_id: str, policy: Policy, now_ms: int) -> None:
    """For the pages, when the machine is away; and it is told what its owner asked on them meanwhile."""
    try:
        await wishes.heard(node_id, policy, now_ms)
    except AffouageError as unwritten:
        _log.warning("what %s tells of itself is not written down: %s", node_id, unwritten.code)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
