"""What every bus promises, tried on the one in this program and on two real brokers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from affouage.pool.nodes.bus import (
    MAX_PAYLOAD_BYTES,
    Bus,
    BusDown,
    control_subject,
    heartbeat_subject,
    out_subject,
    run_subject,
)
from affouage.testing import InProcessBus
from tests.brokers import VERSIONS, running_broker, until

NODE = "n_abcdefghijkl"


@dataclass
class Subject:
    """Both ends of a bus under contract; ``cut`` takes it from them, ``mend`` gives it back."""

    commons: Bus
    node: Bus
    cut: Callable[[], Awaitable[None]]
    mend: Callable[[], Awaitable[None]]


@asynccontextmanager
async def in_process(_: Path) -> AsyncIterator[Subject]:
    hub = InProcessBus()
    ends = [hub.end(), hub.end()]

    async def cut() -> None:
        for end in ends:
            end.cut()

    async def mend() -> None:
        for end in ends:
            end.mend()

    yield Subject(ends[0], ends[1], cut, mend)
    for end in ends:
        await end.close()


@asynccontextmanager
async def over_nats(version: str, folder: Path) -> AsyncIterator[Subject]:
    async with running_broker(version, folder) as broker:

        async def cut() -> None:
            broker.kill()

        yield Subject(await broker.gateway(), await broker.node(NODE), cut, broker.start)


@pytest.fixture(params=["in process", *VERSIONS])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], object]:
    if request.param == "in process":
        return lambda: in_process(tmp_path)
    return lambda: over_nats(request.param, tmp_path)


class Heard:
    """What a subscription heard, in order."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []

    def __call__(self, subject: str, payload: bytes) -> None:
        self.messages.append((subject, payload))

    async def count(self, count: int) -> None:
        await until(lambda: len(self.messages) >= count)


def run(opened: Callable[[], object], trial: Callable[[Subject], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened() as subject:  # type: ignore[attr-defined]
            await trial(subject)

    asyncio.run(main())


def test_messages_arrive_whole_in_order_and_where_they_were_sent(opened: Callable[[], object]) -> None:
    async def trial(bus: Subject) -> None:
        at_commons, beats, at_node = Heard(), Heard(), Heard()
        await bus.commons.subscribe("out.*.>", at_commons)
        await bus.commons.subscribe("hb.*", beats)
        await bus.node.subscribe(f"node.{NODE}.>", at_node)
        sent = [(out_subject(NODE, f"r{n % 3}"), b"%d" % n) for n in range(3_000)]
        for subject, payload in sent:
            bus.node.publish(subject, payload)
        bus.node.publish(heartbeat_subject(NODE), bytes(range(256)))
        bus.commons.publish(run_subject(NODE), b"run")
        bus.commons.publish(control_subject(NODE), b"")
        await at_commons.count(len(sent))
        await beats.count(1)
        await at_node.count(2)
        assert at_commons.messages == sent
        assert beats.messages == [(heartbeat_subject(NODE), bytes(range(256)))]
        assert at_node.messages == [(run_subject(NODE), b"run"), (control_subject(NODE), b"")]

    run(opened, trial)


def test_once_subscribed_not_one_message_is_missed(opened: Callable[[], object]) -> None:
    async def trial(bus: Subject) -> None:
        for turn in range(100):
            heard = Heard()
            await bus.commons.subscribe(f"out.{NODE}.r{turn}", heard)
            bus.node.publish(out_subject(NODE, f"r{turn}"), b"first")
            await heard.count(1)

    run(opened, trial)


def test_the_largest_message_passes_and_a_larger_one_is_refused_at_once(opened: Callable[[], object]) -> None:
    async def trial(bus: Subject) -> None:
        heard = Heard()
        await bus.commons.subscribe("out.>", heard)
        largest = b"x" * MAX_PAYLOAD_BYTES
        bus.node.publish(out_subject(NODE, "file"), largest)
        with pytest.raises(BusDown, match="too large"):
            bus.node.publish(out_subject(NODE, "file"), largest + b"x")
        bus.node.publish(out_subject(NODE, "file"), b"after")
        await heard.count(2)
        assert [payload for _, payload in heard.messages] == [largest, b"after"]
        assert bus.node.connected

    run(opened, trial)


def test_a_bus_that_is_down_says_so_and_mends_itself_with_its_subscriptions(opened: Callable[[], object]) -> None:
    async def trial(bus: Subject) -> None:
        heard, at_node, told = Heard(), Heard(), []
        await bus.commons.subscribe("hb.*", heard)
        await bus.node.subscribe(f"node.{NODE}.>", at_node)
        bus.node.on_change(told.append)
        for _ in range(2):
            await bus.cut()
            await until(lambda: not bus.node.connected and not bus.commons.connected)
            with pytest.raises(BusDown):
                bus.node.publish(heartbeat_subject(NODE), b"lost")
            await bus.mend()
            await until(lambda: bus.node.connected and bus.commons.connected)
        bus.node.publish(heartbeat_subject(NODE), b"beat")
        bus.commons.publish(run_subject(NODE), b"run")
        await heard.count(1)
        await at_node.count(1)
        assert heard.messages == [(heartbeat_subject(NODE), b"beat")]  # once: subscribed once after each return
        assert told == [False, True, False, True]

    run(opened, trial)


def test_what_was_subscribed_while_down_is_heard_afterwards(opened: Callable[[], object]) -> None:
    async def trial(bus: Subject) -> None:
        heard = Heard()
        await bus.cut()
        await until(lambda: not bus.commons.connected)
        await bus.commons.subscribe("hb.*", heard)
        await bus.mend()
        await until(lambda: bus.node.connected and bus.commons.connected)
        bus.node.publish(heartbeat_subject(NODE), b"beat")
        await heard.count(1)

    run(opened, trial)


def test_closing_sends_what_was_published_and_ends_it(opened: Callable[[], object]) -> None:
    async def trial(bus: Subject) -> None:
        heard, told = Heard(), []
        await bus.commons.subscribe("out.>", heard)
        bus.node.on_change(told.append)
        for n in range(500):
            bus.node.publish(out_subject(NODE, "last"), b"%d" % n)
        await bus.node.close()
        await bus.node.close()
        await heard.count(500)
        assert not bus.node.connected
        assert told == []  # nobody is told of what he did himself
        with pytest.raises(BusDown):
            bus.node.publish(out_subject(NODE, "last"), b"too late")

    run(opened, trial)
