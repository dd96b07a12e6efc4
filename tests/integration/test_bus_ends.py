"""The bus ends when it is told to, whatever its client library does."""

from __future__ import annotations

import asyncio

from affouage.adapters.buses.nats import ended


def test_what_takes_a_cancellation_for_itself_is_ended_all_the_same() -> None:
    async def work() -> None:
        swallowed = asyncio.Event()

        async def stubborn() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.set()  # as nats-py where it closes
            await asyncio.Event().wait()

        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await ended(task)
        assert swallowed.is_set()
        assert task.cancelled()

    asyncio.run(work())
