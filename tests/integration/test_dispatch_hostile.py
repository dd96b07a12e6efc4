"""Nodes that lie, flood, forge or were copied: the commons goes on, and no answer is falsely complete."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from affouage.chat import ChatRequest
from affouage.errors import NodeLost
from affouage.pool.nodes.bus import heartbeat_subject, out_subject
from affouage.pool.nodes.remote_run import NodeLied
from affouage.pool.nodes.sealing import new_key
from affouage.pool.nodes.wire import Ack, Done, Piece, Progress, Resend, Run, Vectors
from affouage.testing import EchoEngine, InProcessBus
from tests.integration.pool_bench import House, Machine, Scripted, chat, events_of, is_whole, text_of
from tests.integration.test_dispatch import ask, lost, played, sha

STOP = (Piece(finish="stop"), Done(decoded=2))


def refused(house: House) -> dict[str, int]:
    (view,) = house.dispatcher.nodes()
    return view.refused


async def lied(asking: asyncio.Task[Any]) -> None:
    async with asyncio.timeout(5):
        with pytest.raises(NodeLied) as told:
            await asking
    assert told.value.details["lost"] is True
    assert told.value.code == "node_lost"


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(lambda node, run: node.chunk(run, 1, Piece(text=" deux"), Done()), id="an end without its reason"),
        pytest.param(lambda node, run: node.chunk(run, 1, Piece(finish="parce que"), Done()), id="an unknown reason"),
        pytest.param(
            lambda node, run: node.chunk(run, 1, Piece(finish="stop"), Piece(text="encore")), id="on after its end"
        ),
        pytest.param(lambda node, run: node.chunk(run, 0, Piece(text="deux")), id="two answers under one number"),
        pytest.param(lambda node, run: node.chunk(run, 10_000_000, Piece(text="x")), id="numbers far ahead"),
        pytest.param(lambda node, run: node.chunk(run, 1, Vectors([[1.0]])), id="what was not asked"),
        pytest.param(lambda node, run: node.chunk(run, 1, Piece(tool_calls=[{"index": "x"}])), id="no tool call"),
        pytest.param(lambda node, run: node.chunk(run, 1, Piece(logprobs={"content": 3})), id="no probabilities"),
        pytest.param(lambda node, run: node.fin(run, 1, sha("deux")), id="another text than it sent"),
        pytest.param(lambda node, run: node.fin(run, 1, sha("un"), count=7), id="another count than it sent"),
        pytest.param(lambda node, run: node.fin(run, 0, sha("")), id="fewer than it sent"),
        pytest.param(lambda node, run: node.raw(run.rid, b"\xc1"), id="no message"),
        pytest.param(lambda node, run: node.raw(run.rid, malformed(run, seq=-1)), id="a negative number"),
        pytest.param(lambda node, run: node.raw(run.rid, malformed(run, path="/etc")), id="a member there is not"),
        pytest.param(lambda node, run: node.raw(run.rid, half_a_character(run)), id="half a character"),
        pytest.param(lambda node, run: node.chunk(run, 1, Done(decode_ms=float("inf"))), id="an answer without end"),
        pytest.param(lambda node, run: node.chunk(run, 1, Done(prompt_ms=1e300)), id="longer than the world"),
    ],
)
def test_a_lie_ends_the_answer_with_an_error(lie: Any) -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = ask(house, await house.engine())
        run = await node.next_run()
        node.chunk(run, 0, Piece(text="un"))
        lie(node, run)
        await lied(asking)
        assert refused(house) == {"answer": 1}
        asking = ask(house, await house.engine())
        run = (await node.until(lambda: node.asked()[1:]))[0]
        node.chunk(run, 0, Piece(text="un"), *STOP)
        assert is_whole(await asking), "the others go on"

    played(scenario)


def malformed(run: Run, **more: Any) -> bytes:
    chunk = {"type": "Chunk", "rid": run.rid, "attempt": 1, "seq": 1, "events": []}
    return msgspec.msgpack.encode(chunk | more)


def half_a_character(run: Run) -> bytes:
    good = malformed(run, events=[["Piece", 0]])
    piece = msgspec.msgpack.encode({"type": "Piece", "text": "\u20ac"})
    return good.replace(msgspec.msgpack.encode(["Piece", 0]), piece.replace("\u20ac".encode(), b"\xed\xa0\x80"))


def test_an_end_without_an_answer_and_an_answer_too_long() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        engine = await house.engine()
        asking = ask(house, engine)
        run = await node.next_run()
        node.chunk(run, 0, Piece(text="un"))
        node.fin(run, 1, sha("un"))
        await lost(asking, "engine", shown=True)
        asking = asyncio.create_task(events_of(engine, chat("dis", max_tokens=10)))
        run = (await node.until(lambda: node.asked()[1:]))[0]
        for seq in range(200):
            node.chunk(run, seq, Piece(text=" bla"))
        await lied(asking)

    played(scenario)


@pytest.mark.parametrize(
    "vectors", [[], [[1.0]], [[1.0], []], [[1.0], [1.0, 2.0]], [[1.0], [float("nan")]], [[1.0]] * 3]
)
def test_vectors_that_are_none(vectors: list[list[float]]) -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = asyncio.create_task((await house.engine()).embed(("un", "deux")))
        run = await node.next_run("embed")
        node.chunk(run, 0, Vectors(vectors), Done(prompt=2))
        await lied(asking)

    played(scenario)


def test_vectors_in_several_messages() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = asyncio.create_task((await house.engine()).embed(("un", "deux")))
        run = await node.next_run("embed")
        assert run.inputs == ("un", "deux")
        node.chunk(run, 0, Vectors([[1.0, 2.0]]))
        node.chunk(run, 1, Vectors([[3.0, 4.0]]), Done(prompt=2))
        assert await asking == ([[1.0, 2.0], [3.0, 4.0]], 2)

    played(scenario)


def test_what_is_of_no_run_older_or_not_sealed_by_it_is_dropped() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = ask(house, await house.engine())
        run = await node.next_run()
        subject = out_subject(node.machine.record.id, run.rid)
        node.bus.publish(subject, b"rien de scelle")
        forger = Machine(node.machine.record.id)
        Scripted(forger, node.bus).chunk(run, 0, Piece(text="faux"))
        node.chunk(run, 0, Piece(text="vieux"), attempt=2)
        node.chunk(msgspec.structs.replace(run, rid="run_" + "0" * 32), 0, Piece(text="ailleurs"))
        node.raw("run_" + "1" * 32, malformed(run))
        node.fin(msgspec.structs.replace(run, rid="run_" + "2" * 32), 0, sha(""))
        node.bus.publish(heartbeat_subject("n_nobodyknows"), b"x" * 100)
        node.chunk(run, 0, Piece(text="un"), *STOP)
        assert text_of(await asking) == "un"
        assert refused(house) == {}
        (link,) = house.dispatcher.links()
        assert link.dropped["not sealed by it"] == 2
        assert link.dropped["of no run here"] == 1
        assert link.dropped["on the wrong subject"] == 1
        assert house.dispatcher.unknown == {"of no machine of ours": 1}
        await node.until(lambda: [one for one in node.of(Ack) if one.rid == "run_" + "2" * 32])

    played(scenario)


def test_another_machines_run_cannot_be_answered_by_this_one() -> None:
    async def main() -> None:
        hub, honest, hostile = InProcessBus(), Machine("n_honest"), Machine("n_hostile")
        house = House(hub, honest, hostile)
        good, bad = Scripted(honest, hub.end()), Scripted(hostile, hub.end())
        await good.listen()
        async with house.dispatcher.running(), good.beating():
            asking = ask(house, await house.engine())
            run = await good.next_run()
            bad.beat()
            bad.chunk(run, 0, Piece(text="faux"), *STOP)
            bad.fin(run, 1, sha("faux"))
            good.chunk(run, 0, Piece(text="vrai"), *STOP)
            assert text_of(await asking) == "vrai"

    asyncio.run(main())


def test_two_machines_with_one_identity_are_both_shut_out() -> None:
    async def main() -> None:
        hub, machine = InProcessBus(), Machine("n_abcdefghijkl")
        house = House(hub, machine)
        one, other = Scripted(machine, hub.end(), "r_1"), Scripted(machine, hub.end(), "r_2")
        await one.listen()
        async with house.dispatcher.running(), one.beating(0.4):
            asking = ask(house, await house.engine())
            node_run = await one.next_run()
            one.chunk(node_run, 0, Piece(text="un"))
            await asyncio.sleep(0.05)
            async with other.beating(0.4):
                with pytest.raises(NodeLost):
                    await asking
                await asyncio.sleep(1.2)
                (view,) = house.dispatcher.nodes()
                assert (view.state, view.closed) == ("duplicate", "duplicate")
                (station,) = house.dispatcher.stations("echo")
                assert (station.slots, station.own_slots) == (0, 0)

    asyncio.run(main())


def test_two_real_agents_with_one_identity_never_mix_their_answers(tmp_path: Path) -> None:
    """Both hear the question. Their words differ: whatever is shown whole is the answer of one of them."""

    class Other(EchoEngine):
        def _speech(self, request: ChatRequest) -> tuple[list[str], str]:
            words, reason = super()._speech(request)
            return [word.upper() for word in words], reason

    async def main() -> None:
        hub, machine = InProcessBus(), Machine("n_abcdefghijkl")
        house = House(hub, machine)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(house.dispatcher.running())
            for place, engine in enumerate((EchoEngine(word_ms=5), Other(word_ms=7))):
                await stack.enter_async_context(machine.at_work(tmp_path / str(place), hub.end(), engine))
            await house.until(lambda: house.dispatcher.stations("echo"))
            said = "un deux trois quatre cinq six"
            for _ in range(5):
                engine = await house.engine()
                try:
                    events = await events_of(engine, chat(said))
                except NodeLost:
                    continue
                assert text_of(events) in (said, said.upper())

    asyncio.run(main())


def test_a_clock_off_by_a_day_changes_nothing() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        for off_ms in (-86_400_000, 86_400_000, -(10**15), 10**15):
            node.beat(at_ms=1_790_000_000_000 + off_ms)
            await asyncio.sleep(0.01)
            assert (await house.station()).slots == 2
        asking = ask(house, await house.engine())
        node.chunk(await node.next_run(), 0, Piece(text="un"), *STOP)
        assert is_whole(await asking)

    played(scenario)


@pytest.mark.alone
def test_a_flood_costs_its_author_and_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        hub, quiet, loud = InProcessBus(), Machine("n_quiet"), Machine("n_loud")
        house = House(hub, quiet, loud)
        node, flood = Scripted(quiet, hub.end()), Scripted(loud, hub.end())
        await node.listen()
        async with house.dispatcher.running(), node.beating():
            await house.until(lambda: house.dispatcher.stations("echo"))
            (station,) = [one for one in house.dispatcher.stations("echo") if one.node_id == "n_quiet"]
            loop = asyncio.get_running_loop()
            worst_s, began = 0.0, loop.time()
            huge = flood.machine.seal.close(b"\x00" * 900_000)
            asking = ask(house, station.engine)
            run = await node.next_run()
            for seq in range(60):
                flood.beat()
                for _ in range(300):
                    flood.bus.publish(out_subject("n_loud", "run_" + "a" * 32), b"x" * 100)
                flood.bus.publish(heartbeat_subject("n_loud"), huge)
                flood.bus.publish(out_subject("n_loud", "x"), huge)
                node.chunk(run, seq, Piece(text=" mot"))
                before = loop.time()
                await asyncio.sleep(0.005)
                worst_s = max(worst_s, loop.time() - before)
            node.chunk(run, 60, *STOP)
            assert text_of(await asking) == " mot" * 60
            assert worst_s < 0.5, f"{worst_s * 1000:.0f} ms while {loop.time() - began:.1f} s passed"
            link = next(one for one in house.dispatcher.links() if one.record.id == "n_loud")
            assert link.dropped["too many"] > 1000
            with caplog.at_level(logging.WARNING, "affouage.pool"):
                link.complain()
                link.complain()
            assert len(caplog.records) == 1

    asyncio.run(main())


@pytest.mark.alone
def test_the_cost_of_a_token() -> None:
    """Opened, decoded, checked, put in order, written again."""

    async def scenario(house: House, node: Scripted) -> None:
        engine = await house.engine()
        asking = asyncio.create_task(events_of(engine, chat("dis", max_tokens=5000)))
        run = await node.next_run()
        payloads: list[tuple[str, bytes]] = []
        end, node.bus = node.bus, _Keeps(payloads)  # type: ignore[assignment]
        for seq in range(2000):
            node.chunk(run, seq, Piece(text=" mot"), spent_uj=seq)
        node.chunk(run, 2000, *STOP)
        node.bus = end
        began = time.process_time()
        for subject, payload in payloads:
            house.dispatcher._on_out(subject, payload)
        events = await asking
        cost_us = (time.process_time() - began) / 2000 * 1e6
        assert len(text_of(events)) == 2000 * 4
        assert cost_us < 150, f"{cost_us:.0f} µs"
        print(f"{cost_us:.1f} µs a token")

    played(scenario)


class _Keeps:
    def __init__(self, into: list[tuple[str, bytes]]) -> None:
        self._into = into

    def publish(self, subject: str, payload: bytes) -> None:
        self._into.append((subject, payload))


def test_a_new_key_shuts_out_the_old_one() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        record = node.machine.record
        house.records[record.id] = msgspec.structs.replace(record, box_key=new_key())
        await asyncio.sleep(0.5)
        assert house.dispatcher.stations("echo") == []
        (link,) = house.dispatcher.links()
        assert link.dropped["not sealed by it"] >= 1

    played(scenario)


def test_progress_alone_is_shown_but_ends_nothing() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = ask(house, await house.engine())
        run = await node.next_run()
        node.chunk(run, 0, Progress(10, 0, 5), Done(decoded=0))
        await lied(asking)
        assert not node.of(Resend)

    played(scenario)
