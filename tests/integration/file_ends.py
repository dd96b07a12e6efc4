"""Both ends of a model's way to a node, over any bus: sealed, decoded and handed on as the commons and its nodes do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from affouage.catalogue.card import Card
from affouage.catalogue.store import ModelStore
from affouage.clock import Clock, SystemClock
from affouage.pool.nodes import sealing, wire
from affouage.pool.nodes.bus import Bus, control_subject, out_subject
from affouage.pool.nodes.files import FileFetch, FileSource
from affouage.pool.nodes.gifts import Gift, Gifts

NODE = "n_abcdefgh2345"


class Ends:
    """The commons' store and gifts, a node's store, and the two keys between them."""

    def __init__(self, gifts: Gifts, store: ModelStore, node_store: ModelStore, cards: Mapping[str, Card]) -> None:
        self.gifts = gifts
        self.store = store
        self.node_store = node_store
        self.cards = cards
        self.clock: Clock = SystemClock()
        self.commons_key, self.node_key = sealing.new_key(), sealing.new_key()
        self.installed: list[str] = []
        self.answering = False
        self.sent: list[Any] = []
        """What the commons sent, in order."""
        self.asked: list[Any] = []
        """What the node sent, in order."""
        self.change: Callable[[Any], Any] = lambda message: message
        """What a commons gone wrong does to what it sends."""

    @asynccontextmanager
    async def commons(self, bus: Bus) -> AsyncIterator[FileSource]:
        seal = sealing.Seal(self.commons_key, sealing.public_of(self.node_key))

        def send(node_id: str, message: Any) -> None:
            message = self.change(message)
            bus.publish(control_subject(node_id), seal.close(wire.encode(message)))
            self.sent.append(message)

        source = FileSource(
            self.store, self.gifts, send, self.clock, here=lambda: {NODE}, answering=lambda: self.answering
        )

        def on_message(_subject: str, payload: bytes) -> None:
            message = wire.from_node(seal.open(payload))
            if isinstance(message, wire.FileWanted):
                source.on_wanted(NODE, message)
            elif isinstance(message, wire.FileState):
                source.on_state(NODE, message)

        await bus.subscribe("out.*.file", on_message)
        async with owned(source.serve()):
            yield source

    @asynccontextmanager
    async def node(self, bus: Bus, **more: Any) -> AsyncIterator[FileFetch]:
        seal = sealing.Seal(self.node_key, sealing.public_of(self.commons_key))

        def send(message: Any) -> None:
            bus.publish(out_subject(NODE, "file"), seal.close(wire.encode(message)))
            self.asked.append(message)

        given = {"again_s": 0.1, "keep_free_bytes": 0, "on_installed": self.installed.append, **more}
        fetch = FileFetch(self.node_store, lambda: self.cards, send, self.clock, **given)

        def on_message(_subject: str, payload: bytes) -> None:
            message = wire.to_node(seal.open(payload))
            if isinstance(message, wire.FileOffer):
                fetch.on_offer(message)
            elif isinstance(message, wire.FilePiece):
                fetch.on_piece(message)

        await bus.subscribe(f"node.{NODE}.>", on_message)
        async with owned(fetch.serve()):
            yield fetch

    async def gift(self) -> Gift:
        (only,) = await self.gifts.all()
        return only

    async def ended(self) -> Gift:
        """The gift, once the commons has written down how it ended."""
        return await until(self.gift, lambda one: one.state in ("kept", "refused"))

    @property
    def part(self) -> Path:
        (found,) = self.node_store.models_dir.glob("*/*.part")
        return found


@asynccontextmanager
async def owned(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
        assert not task.done(), "it should never end by itself"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(look: Callable[[], Any], enough: Callable[[Any], bool], within_s: float = 20.0) -> Any:
    """What ``look`` gives, once it is enough."""
    async with asyncio.timeout(within_s):
        while True:
            seen = look()
            if asyncio.iscoroutine(seen):
                seen = await seen
            if enough(seen):
                return seen
            await asyncio.sleep(0.01)
