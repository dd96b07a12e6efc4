"""What nodes metered: signed readings become receipts and books that add up, and lies become "unknown"."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from affouage.clock import SystemClock
from affouage.errors import NodeLost
from affouage.footprint.audit.period import audit_period
from affouage.footprint.period import Calendar
from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import (
    Durations,
    Energy,
    EngineStamp,
    ModelStamp,
    Outcome,
    Receipt,
    Reservation,
    TokenCounts,
)
from affouage.pool.metering import Metering
from affouage.pool.nodes.signing import sign
from affouage.pool.nodes.wire import Ack, Blocks, Done, Kept, Piece, Run, SignedBlock
from affouage.pool.run import KeptBlock
from affouage.pool.station import Station
from affouage.storage import Database, open_database
from affouage.testing import EchoEngine, FixedMeter, InProcessBus
from tests.integration.pool_bench import House, Machine, Scripted, chat, events_of, is_whole
from tests.integration.test_dispatch import played, sha

STOP = (Piece(finish="stop"), Done(decoded=1))


class Books:
    """A ledger on disk, and what an audit of today says of it."""

    def __init__(self, path: Path) -> None:
        self.db: Database = open_database(path / "affouage.db")
        self.ledger = Ledger(self.db, SystemClock())

    async def settle(
        self, receipt_id: str, station: Station, energy: Energy, outcome: Outcome = "completed"
    ) -> Receipt:
        """As the path of a request does."""
        receipt = Receipt(
            id=receipt_id,
            member_id="m_1",
            door="api",
            kind="chat",
            created_ms=SystemClock().now_ms(),
            outcome=outcome,
            model=ModelStamp(id="echo", name="echo"),
            engine=EngineStamp("echo", "1", station.node_name),
            tokens=TokenCounts(),
            durations=Durations(wait_ms=0, wait_reason="none", total_ms=10),
            energy=energy,
            machine_id=station.metering.machine_id,
            run_id=station.metering.run_of(receipt_id),
        )
        blocks = station.metering.blocks()
        await self.ledger.settle(receipt, None, blocks)
        station.metering.kept(blocks)
        return receipt

    async def reserve(self, receipt_id: str) -> None:
        now_ms = SystemClock().now_ms()
        held = Reservation(id=receipt_id, member_id="m_1", door="api", kind="chat", model_id="echo", created_ms=now_ms)
        await self.ledger.reserve(held)

    async def audit(self) -> Any:
        calendar = Calendar("UTC")
        today = calendar.day(SystemClock().now_ms())
        return await self.db.read(lambda connection: audit_period(connection, calendar, today))


@asynccontextmanager
async def working(tmp_path: Path, word_ms: float = 3) -> AsyncIterator[tuple[House, FixedMeter, Books]]:
    """A real agent whose meter counts all the time, and real books."""
    hub, machine = InProcessBus(), Machine("n_abcdefghijkl", max_watts=20_000)
    house, meter, books = House(hub, machine), FixedMeter(SystemClock(), idle_uw=1_000_000), Books(tmp_path)

    async def draw() -> None:
        while True:
            meter.count(40_000)
            await asyncio.sleep(0.01)

    async with AsyncExitStack() as stack:
        stack.callback(books.db.close)
        await stack.enter_async_context(house.dispatcher.running())
        engine = EchoEngine(word_ms=word_ms)
        await stack.enter_async_context(machine.at_work(tmp_path / "node", hub.end(), engine, meter=meter))
        task = asyncio.create_task(draw())
        stack.callback(task.cancel)
        await house.station()
        yield house, meter, books


async def answered(house: House, books: Books, receipt_id: str, text: str = "un deux trois") -> Receipt:
    station = await house.station()
    await books.reserve(receipt_id)
    station.metering.start(receipt_id, "echo")
    assert is_whole(await events_of(station.engine, chat(text)))
    station.metering.stop(receipt_id)
    return await books.settle(receipt_id, station, await station.metering.finished(receipt_id))


def test_receipts_say_what_the_node_signed_and_the_books_add_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with working(tmp_path) as (house, _, books):
            names = [f"rcp_{n:024d}" for n in range(6)]
            receipts = [await answered(house, books, name) for name in names[:3]]
            receipts += await asyncio.gather(*(answered(house, books, name) for name in names[3:5]))
            for one in receipts:
                assert one.energy.quality == "measured"
                assert one.energy.interval_uj is not None
                assert one.energy.interval_uj.central > 0
                assert not one.energy.at_least
                assert one.run_id.startswith("run_")
                assert one.machine_id == "machine-n_abcdefghijkl"
            audit = await books.audit()
            assert audit.differences == []
            assert audit.blocks >= 4
            assert audit.requests_uj == sum(int(one.energy.interval_uj.central) for one in receipts)  # type: ignore[union-attr]
            assert audit.running == 0

    asyncio.run(main())


def test_whoever_leaves_still_pays_what_was_burned_once_the_node_has_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with working(tmp_path, word_ms=30) as (house, _, books):
            station = await house.station()
            await books.reserve("rcp_1")
            station.metering.start("rcp_1", "echo")
            events = station.engine.generate(chat(" ".join(["mot"] * 50)))
            for _ in range(4):
                await anext(events)
            assert station.metering.spent_uj("rcp_1") >= 0
            await events.aclose()
            station.metering.stop("rcp_1")
            receipt = await books.settle("rcp_1", station, await station.metering.finished("rcp_1"), "cancelled")
            assert receipt.energy.static_uj
            assert not receipt.energy.at_least
            assert (await books.audit()).differences == []

    asyncio.run(main())


def test_idle_readings_reach_the_books_by_themselves(tmp_path: Path) -> None:
    async def main() -> None:
        async with working(tmp_path) as (house, _, books):
            await answered(house, books, "rcp_1")
            await asyncio.sleep(0.1)
        assert house.written, "the last block of the agent, at its end"
        assert all(one.block.signed_by for one in house.written)

    asyncio.run(main())


# --- scripted: late, false, absurd ----------------------------------------------------------------------------------


async def block_of(machine: Machine, run: Run | None, joules: int = 5, machine_id: str = "") -> KeptBlock:
    """A true block of a machine, for a run of it."""
    clock = SystemClock()
    meter = FixedMeter(clock, idle_uw=1_000_000)
    metering = Metering(meter, clock, machine_id=machine_id or machine.record.machine_id)
    await metering.cut()
    if run is not None:
        metering.start(run.rid, "echo")
        metering.count(run.rid, prompt_tokens=1, decoded_tokens=5)
    await asyncio.sleep(0.05)
    meter.count(joules * 1_000_000)
    await metering.cut()
    (kept,) = metering.blocks()
    assert isinstance(kept, KeptBlock)
    return kept


def signed(machine: Machine, kept: KeptBlock, **changes: Any) -> SignedBlock:
    block = msgspec.structs.replace(kept.block, **changes)
    return SignedBlock(block=sign(block, machine.key.seed), body=kept.body)


def told_of(block: SignedBlock, run: Run) -> Energy:
    static, dynamic, share = block.block.parts[run.rid]
    return Energy(static_uj=static, dynamic_uj=dynamic, quality="measured", machine_share_us=share)


Speak = Callable[[Scripted, Run], Awaitable[None]]


async def metered(house: House, node: Scripted, speak: Speak) -> tuple[Energy, Station]:
    """One answer, ended as the test says."""
    station = await house.station()
    station.metering.start("rcp_1", "echo")
    asking = asyncio.create_task(events_of(station.engine, chat("un")))
    run = await node.next_run()
    node.chunk(run, 0, Piece(text="un"), *STOP)
    assert is_whole(await asking)
    station.metering.stop("rcp_1")
    finishing = asyncio.create_task(station.metering.finished("rcp_1"))
    await speak(node, run)
    return await finishing, station


def refusals(house: House) -> dict[str, int]:
    (view,) = house.dispatcher.nodes()
    return view.refused


def test_what_is_signed_is_believed_and_acknowledged() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        sent: list[SignedBlock] = []

        async def speak(node: Scripted, run: Run) -> None:
            sent.append(signed(node.machine, await block_of(node.machine, run)))
            node.fin(run, 1, sha("un"), energy=told_of(sent[0], run), blocks=tuple(sent))

        energy, station = await metered(house, node, speak)
        part = sent[0].block.parts[node.asked()[0].rid]
        assert (energy.static_uj, energy.dynamic_uj, energy.machine_share_us) == part
        assert (energy.quality, energy.method, energy.at_least) == ("measured", "plug", False)
        assert refusals(house) == {}
        assert (await node.until(lambda: node.of(Ack)))[0].rid == node.asked()[0].rid
        blocks = station.metering.blocks()
        assert [one.block.signature for one in blocks] == [sent[0].block.signature]
        station.metering.kept(blocks)
        assert (await node.until(lambda: node.of(Kept)))[0].block_ids == (sent[0].block.id,)
        node.say(Blocks(blocks=tuple(sent)))
        await node.until(lambda: len(node.of(Kept)) == 2)
        assert station.metering.blocks() == [], "told again, written once"

    played(scenario)


@pytest.mark.parametrize("order", ["before", "after"])
def test_readings_may_come_apart_from_the_end(order: str) -> None:
    async def scenario(house: House, node: Scripted) -> None:
        async def speak(node: Scripted, run: Run) -> None:
            block = signed(node.machine, await block_of(node.machine, run))
            if order == "before":
                node.say(Blocks(blocks=(block,)))
            node.fin(run, 1, sha("un"), energy=told_of(block, run))
            await asyncio.sleep(0.2)
            if order == "after":
                node.say(Blocks(blocks=(block,)))

        energy, _ = await metered(house, node, speak)
        assert energy.interval_uj is not None
        assert not energy.at_least
        assert refusals(house) == {}

    played(scenario)


async def _far_too_much(node: Scripted, run: Run) -> None:
    block = signed(node.machine, await block_of(node.machine, run, joules=400))
    node.fin(run, 1, sha("un"), energy=told_of(block, run), blocks=(block,))


async def _altered(node: Scripted, run: Run) -> None:
    block = signed(node.machine, await block_of(node.machine, run))
    altered = msgspec.structs.replace(block.block, t1_ms=block.block.t1_ms + 1)
    node.fin(run, 1, sha("un"), energy=told_of(block, run), blocks=(SignedBlock(block=altered, body=block.body),))


async def _of_another_machine(node: Scripted, run: Run) -> None:
    block = signed(node.machine, await block_of(node.machine, run, machine_id="local"))
    node.fin(run, 1, sha("un"), energy=told_of(block, run), blocks=(block,))


async def _unsigned_figure(node: Scripted, run: Run) -> None:
    node.fin(run, 1, sha("un"), energy=Energy(static_uj=10**15, dynamic_uj=5, quality="measured"))


async def _two_figures(node: Scripted, run: Run) -> None:
    block = signed(node.machine, await block_of(node.machine, run))
    told = msgspec.structs.replace(told_of(block, run), dynamic_uj=7)
    node.fin(run, 1, sha("un"), energy=told, blocks=(block,))


@pytest.mark.parametrize(
    ("lie", "reasons"),
    [
        (_far_too_much, {"watts", "unsigned"}),
        (_altered, {"signature", "unsigned"}),
        (_of_another_machine, {"another_machine", "unsigned"}),
        (_unsigned_figure, {"unsigned"}),
    ],
)
def test_an_energy_that_cannot_be_is_unknown_and_counted_against_the_node(lie: Speak, reasons: set[str]) -> None:
    async def scenario(house: House, node: Scripted) -> None:
        energy, station = await metered(house, node, lie)
        assert (energy.interval_uj, energy.static_uj, energy.quality) == (None, None, "unknown")
        assert energy.at_least
        assert refusals(house).keys() == reasons
        assert station.metering.blocks() == []

    played(scenario)


def test_of_two_figures_the_signed_one_is_told_as_a_lower_bound() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        energy, station = await metered(house, node, _two_figures)
        (kept,) = station.metering.blocks() or house.written
        assert (energy.static_uj, energy.dynamic_uj) == kept.block.parts[node.asked()[0].rid][:2]
        assert (energy.at_least, energy.quality) == (True, "unknown")
        assert refusals(house) == {"unsigned": 1}

    played(scenario)


def test_a_count_that_never_comes_is_not_waited_for_for_ever_and_may_come_late(tmp_path: Path) -> None:
    async def scenario(house: House, node: Scripted) -> None:
        books = Books(tmp_path)
        await books.reserve("rcp_1")

        async def silent(node: Scripted, run: Run) -> None:
            return None

        async with asyncio.timeout(4):
            energy, station = await metered(house, node, silent)
        assert (energy.interval_uj, energy.at_least) == (None, True)
        await books.settle("rcp_1", station, energy)
        run = node.asked()[0]
        late = signed(node.machine, await block_of(node.machine, run))
        node.fin(run, 1, sha("un"), blocks=(late,))
        await node.until(lambda: node.of(Kept), 5)
        await books.ledger.keep(house.written)
        audit = await books.audit()
        assert audit.differences == [], "in the machine's sums, on no receipt"
        assert audit.requests_uj > 0
        assert audit.running == 0
        books.db.close()

    played(scenario)


def test_a_part_more_for_a_run_whose_count_is_closed_is_refused() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        async def speak(node: Scripted, run: Run) -> None:
            block = signed(node.machine, await block_of(node.machine, run))
            node.fin(run, 1, sha("un"), energy=told_of(block, run), blocks=(block,))

        _, station = await metered(house, node, speak)
        before = len(station.metering.blocks())
        more = signed(node.machine, await block_of(node.machine, node.asked()[0]))
        node.say(Blocks(blocks=(more,)))
        await asyncio.sleep(0.1)
        assert len(station.metering.blocks()) == before
        assert refusals(house) == {"after_the_end": 1}

    played(scenario)


def test_a_lost_machine_leaves_a_lower_bound_at_once() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        station = await house.station()
        station.metering.start("rcp_1", "echo")
        asking = asyncio.create_task(events_of(station.engine, chat("un")))
        run = await node.next_run()
        node.chunk(run, 0, Piece(text="un"), spent_uj=10**15)
        node.say(Blocks(blocks=(signed(node.machine, await block_of(node.machine, run)),)))
        await asyncio.sleep(0.05)
        spent_uj = station.metering.spent_uj("rcp_1")
        assert 0 < spent_uj < 3000 * 5_000_000, "never more than it can have drawn"
        house.dispatcher.disconnected(node.machine.key.public)
        with pytest.raises(NodeLost):
            await asking
        async with asyncio.timeout(0.5):
            energy = await station.metering.finished("rcp_1")
        assert energy.at_least
        assert energy.static_uj is not None
        assert station.metering.run_of("rcp_1") == run.rid

    played(scenario)


def test_the_owner_is_named_as_such_and_nobody_else_is() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        station = await house.station()
        for name, own in (("rcp_1", False), ("rcp_2", True)):
            station.metering.start(name, "echo", own=own)
            asking = asyncio.create_task(events_of(station.engine, chat("un")))
            count = len(node.asked())
            await node.until(lambda count=count: len(node.asked()) > count)
            assert node.asked()[-1].own is own
            assert name not in str(node.asked()[-1])
            asking.cancel()
            await asyncio.wait([asking])
            await station.metering.finished(name)

    played(scenario)


def test_a_node_whose_clock_is_off_counts_on_our_days(tmp_path: Path) -> None:
    async def main() -> None:
        machine, books = Machine("n_abcdefghijkl"), Books(tmp_path)
        kept = await block_of(machine, None)
        for off_ms in (-86_400_000 * 40, 86_400_000):
            block = signed(machine, kept, id=f"blk_{abs(off_ms):020d}", t0_ms=kept.block.t0_ms + off_ms)
            block = signed(machine, KeptBlock(block.block, kept.body), t1_ms=kept.block.t1_ms + off_ms)
            await books.ledger.keep([KeptBlock(block.block, kept.body)])
        audit = await books.audit()
        assert (audit.blocks, audit.differences) == (2, [])
        assert audit.energy_uj == 2 * kept.block.energy_uj
        books.db.close()

    asyncio.run(main())
