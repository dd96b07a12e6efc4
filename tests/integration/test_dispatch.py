"""The commons' end of the pool: answers put in order, machines that go away noticed, never a false end."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from affouage.chat import Delta, EngineEvent, PromptProgress, delta_text
from affouage.errors import AffouageError, BadRequest, ContextExceeded, NodeLost
from affouage.pool.nodes.wire import Ack, Cancel, Done, Piece, Policy, Progress, Renew, Resend, Run, Served, SetPolicy
from affouage.testing import EchoEngine, InProcessBus
from tests.integration.pool_bench import House, Machine, Scripted, chat, events_of, is_whole, text_of

Scenario = Callable[[House, Scripted], Awaitable[None]]


def played(scenario: Scenario, *, beats: bool = True) -> None:
    """A commons and one scripted node."""

    async def main() -> None:
        hub, machine = InProcessBus(), Machine("n_abcdefghijkl")
        house = House(hub, machine)
        node = Scripted(machine, hub.end())
        await node.listen()
        async with house.dispatcher.running(), node.beating() if beats else node_silent(node):
            await house.station()
            await scenario(house, node)

    asyncio.run(main())


@asynccontextmanager
async def node_silent(node: Scripted) -> AsyncIterator[None]:
    node.beat()
    yield


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def ask(house: House, engine: Any, text: str = "un deux") -> asyncio.Task[list[EngineEvent]]:
    return asyncio.create_task(events_of(engine, chat(text)))


async def lost(asking: asyncio.Task[Any], reason: str, *, shown: bool) -> NodeLost:
    async with asyncio.timeout(5):
        with pytest.raises(NodeLost) as told:
            await asking
    assert (told.value.details["reason"], told.value.details["shown"]) == (reason, shown)
    assert told.value.details["lost"] is True
    return told.value


# --- in order -------------------------------------------------------------------------------------------------------


def test_a_whole_answer_and_nothing_readable_on_the_way(tmp_path: Path) -> None:
    async def main() -> None:
        hub, machine = InProcessBus(), Machine("n_abcdefghijkl")
        house = House(hub, machine)
        async with house.dispatcher.running(), machine.at_work(tmp_path, hub.end(), EchoEngine()):
            engine = await house.engine()
            assert await engine.render(chat("Où coule l'Hérault")) == "user: Où coule l'Hérault\nassistant:"
            events = await events_of(engine, chat("Où coule l'Hérault ?"))
            assert text_of(events) == "Où coule l'Hérault ?"
            assert is_whole(events)
        passed = b"".join(subject.encode() + payload for subject, payload in hub.passed)
        assert not any(word in passed for word in (b"coule", b"rault", b"echo", b"rcp_"))

    asyncio.run(main())


def test_holes_are_asked_for_at_once_repetitions_dropped_disorder_mended() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = ask(house, await house.engine())
        run = await node.next_run()
        node.chunk(run, 0, Progress(5, 0, 5))
        node.chunk(run, 2, Piece(text=" deux"))
        node.chunk(run, 2, Piece(text=" deux"))
        node.chunk(run, 3, Piece(finish="stop"), Done(prompt=5, decoded=2))
        again = (await node.until(lambda: node.of(Resend)))[0]
        assert (again.rid, again.seq) == (run.rid, 1)
        node.chunk(run, 1, Piece(text="un"))
        node.chunk(run, 0, Progress(5, 0, 5))
        events = await asking
        assert text_of(events) == "un deux"
        assert is_whole(events)
        assert isinstance(events[0], PromptProgress)
        node.fin(run, 4, sha("un deux"))
        assert (await node.until(lambda: node.of(Ack)))[0].rid == run.rid
        assert not node.of(Cancel), "what ended by itself is not cancelled"

    played(scenario)


def test_a_hole_that_is_never_mended_ends_in_an_error() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = ask(house, await house.engine())
        run = await node.next_run()
        node.chunk(run, 0, Piece(text="un"))
        for seq in range(2, 40):
            node.chunk(run, seq, Piece(text=" deux"))
            await asyncio.sleep(0.03)
        await lost(asking, "gap", shown=True)
        assert len(node.of(Resend)) >= 2
        assert await node.until(lambda: node.of(Cancel) or node.of(Resend))

    played(scenario)


@pytest.mark.parametrize("seed", range(10))
def test_over_a_link_that_loses_repeats_and_shuffles_an_answer_is_whole_or_an_error(tmp_path: Path, seed: int) -> None:
    """A real agent behind a link that behaves badly."""

    async def main() -> None:
        chance = random.Random(seed)
        hub, machine = InProcessBus(), Machine("n_abcdefghijkl")
        house = House(hub, machine)
        said = " ".join(f"mot{n}" for n in range(60))
        carry, loop = hub.carry, asyncio.get_running_loop()
        loss = chance.choice([0.02, 0.1, 0.3])

        def badly(subject: str, payload: bytes) -> None:
            if chance.random() < loss and not subject.endswith(".run"):
                return
            for _ in range(1 + (chance.random() < 0.05)):
                loop.call_later(chance.random() * 0.02, carry, subject, payload)

        async with (
            house.dispatcher.running(),
            machine.at_work(tmp_path, hub.end(), EchoEngine(word_ms=2)),
        ):
            engine = await house.engine()
            hub.carry = badly  # type: ignore[method-assign]
            seen: list[EngineEvent] = []
            try:
                async with asyncio.timeout(10), aclosing(engine.generate(chat(said))) as events:
                    async for event in events:
                        seen.append(event)
            except NodeLost:
                assert said.startswith(text_of(seen)), "what came is true, as far as it came"
            else:
                assert is_whole(seen)
                assert text_of(seen) == said

    asyncio.run(main())


# --- going away -----------------------------------------------------------------------------------------------------


def test_silence_in_the_middle_and_before_the_first_word() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        engine = await house.engine()
        asking = ask(house, engine)
        run = await node.next_run()
        node.chunk(run, 0, Piece(text="un"))
        began = time.monotonic()
        await lost(asking, "silent", shown=True)
        assert 0.3 < time.monotonic() - began < 1.2
        asking, began = ask(house, engine), time.monotonic()
        await lost(asking, "silent", shown=False)
        assert 0.8 < time.monotonic() - began < 1.8, "reading a long question takes longer"

    played(scenario)


def test_an_empty_word_is_life_but_not_for_ever() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = ask(house, await house.engine())
        run = await node.next_run()
        for seq in range(12):
            node.chunk(run, seq)
            await asyncio.sleep(0.1)
            assert not asking.done()
        node.chunk(run, 12, Piece(text="un"), Piece(finish="stop"), Done(decoded=1))
        assert text_of(await asking) == "un"

    played(scenario)


def test_no_heartbeat_and_the_machine_is_no_longer_offered() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = ask(house, await house.engine())
        run = await node.next_run()
        began = time.monotonic()
        for seq in range(60):
            if asking.done():
                break
            node.chunk(run, seq, Piece(text=" x"))
            await asyncio.sleep(0.1)
        await lost(asking, "silent", shown=True)
        assert 2.5 < time.monotonic() - began < 4.5
        assert house.dispatcher.stations("echo") == []
        (view,) = house.dispatcher.nodes()
        assert (view.state, view.lost_runs, view.running) == ("absent", 1, 0)

    played(scenario, beats=False)


@pytest.mark.alone
def test_the_brokers_word_is_enough_and_a_revoked_machine_is_out_at_once() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        machine = node.machine
        asking = ask(house, await house.engine())
        node.chunk(await node.next_run(), 0, Piece(text="un"))
        await asyncio.sleep(0.05)
        house.dispatcher.disconnected(machine.key.public)
        began = time.monotonic()
        await lost(asking, "disconnected", shown=True)
        assert time.monotonic() - began < 0.1
        asking = ask(house, await house.engine())
        await node.until(lambda: len(node.asked()) == 2)
        house.revoke(machine)
        await lost(asking, "revoked", shown=False)
        await asyncio.sleep(0.5)
        assert house.dispatcher.stations("echo") == []
        assert house.dispatcher.nodes() == []

    played(scenario)


def test_started_again_what_it_gave_is_lost_and_it_serves_again() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = ask(house, await house.engine())
        node.chunk(await node.next_run(), 0, Piece(text="un"))
        await asyncio.sleep(0.05)
        node.run = "r_2"
        await lost(asking, "restarted", shown=True)
        assert (await house.station()).slots == 2

    played(scenario)


def test_one_that_takes_work_and_does_not_even_say_so() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        node.names = ()
        began = time.monotonic()
        await lost(ask(house, await house.engine()), "never_began", shown=False)
        assert time.monotonic() - began < 1.2

    played(scenario)


def test_our_own_link_came_back_what_was_missed_is_asked_for_at_once() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = ask(house, await house.engine())
        run = await node.next_run()
        node.chunk(run, 0, Piece(text="un"))
        await asyncio.sleep(0.05)
        house.bus.cut()
        node.chunk(run, 1, Piece(text=" deux"))
        await asyncio.sleep(1.0)
        house.bus.mend()
        again = (await node.until(lambda: node.of(Resend)))[0]
        assert again.seq == 1
        node.chunk(run, 1, Piece(text=" deux"))
        node.chunk(run, 2, Piece(finish="stop"), Done(decoded=2))
        assert text_of(await asking) == "un deux"

    played(scenario)


def test_the_broker_away_for_long_is_said() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = ask(house, await house.engine())
        node.chunk(await node.next_run(), 0, Piece(text="un"))
        await asyncio.sleep(0.05)
        house.bus.cut()
        began = time.monotonic()
        await lost(asking, "broker", shown=True)
        assert 2.5 < time.monotonic() - began < 4.5
        house.bus.mend()
        assert (await house.station()).slots == 2, "it recovers by itself"

    played(scenario)


# --- what is said to the node ---------------------------------------------------------------------------------------


def test_what_still_runs_is_renewed_and_whoever_leaves_stops_it() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        engine = await house.engine()
        async with aclosing(engine.generate(chat("un deux"))) as events:
            following = asyncio.ensure_future(anext(events))
            run = await node.next_run()
            seq = 0
            while not any(run.rid in one.runs for one in node.of(Renew)):
                node.chunk(run, seq, Piece(text=" x"))
                seq += 1
                await asyncio.sleep(0.1)
            assert isinstance(await following, Delta)
        assert (await node.until(lambda: node.of(Cancel)))[0].rid == run.rid
        node.fin(run, seq, sha(" x" * seq), problem="cancelled")
        assert (await node.until(lambda: node.of(Ack)))[0].rid == run.rid

    played(scenario)


def test_errors_of_its_engine_come_in_our_own_words() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        engine = await house.engine()

        async def told(problem: str, **numbers: int) -> AffouageError:
            asking = ask(house, engine)
            before = len(node.asked())
            await node.until(lambda: len(node.asked()) > before)
            node.fin(node.asked()[-1], 0, sha(""), problem=problem, numbers=numbers)
            with pytest.raises(AffouageError) as refused:
                await asking
            return refused.value

        exceeded = await told("context_length_exceeded", prompt_tokens=9000, context_tokens=2048)
        assert isinstance(exceeded, ContextExceeded)
        assert exceeded.details == {"prompt_tokens": 9000, "context_tokens": 2048}
        assert isinstance(await told("context_length_exceeded"), NodeLost), "without its figures it tells nothing"
        assert type(await told("invalid_request")) is BadRequest
        assert (await told("model_loading", retry_after_s=7)).retry_after_s == 7  # type: ignore[attr-defined]
        busy = await told("refused:node_busy")
        assert busy.details["reason"] == "node_busy"
        assert "<b>" not in str(await told("<b>tout est cassé</b>"))

    played(scenario)


def test_a_question_no_message_can_hold() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        with pytest.raises(BadRequest) as refused:
            await events_of(await house.engine(), chat("x" * 1_200_000))
        assert refused.value.code == "request_too_large"
        assert not node.asked()

    played(scenario)


def test_what_is_lent_is_what_is_offered_and_a_change_is_told_until_it_is_heard() -> None:
    async def scenario(house: House, node: Scripted) -> None:
        served = Served(model_id="echo", slots=4, used=1, loaded=False, file_sha256="a" * 64)

        def offered(**more: Any) -> Callable[[], Any]:
            node.beat(models=(served,), **more)
            return lambda: None

        async def station(**more: Any) -> tuple[int, int]:
            offered(**more)
            await asyncio.sleep(0.02)
            found = house.dispatcher.stations("echo")[0]
            return found.slots, found.own_slots

        assert await station() == (3, 3), "one place is taken by somebody else"
        assert await station(policy=Policy(max_share_percent=50)) == (2, 3)
        assert await station(closed="hours") == (0, 3), "closed to others, not to its owner"
        assert await station(closed="draining") == (0, 0)
        assert house.dispatcher.models()["echo"].file_sha256 == "a" * 64
        new = Policy(paused=True)
        assert house.dispatcher.set_policy(node.machine.record.id, new, 3)
        assert not house.dispatcher.set_policy("n_unknownxxxxx", new, 3)
        for _ in range(3):
            await station()
        assert {one.serial for one in node.of(SetPolicy)} == {3}
        await station(policy=new)
        told = len(node.of(SetPolicy))
        await station(policy=new)
        assert len(node.of(SetPolicy)) == told > 1

    played(scenario, beats=False)


def test_another_file_under_the_same_name_is_not_asked(tmp_path: Path) -> None:
    async def main() -> None:
        hub, machine = InProcessBus(), Machine("n_abcdefghijkl")
        house = House(hub, machine, file_sha256_of={"echo": "a" * 64}.get)
        node = Scripted(machine, hub.end())
        async with house.dispatcher.running():
            for digest, there in (("b" * 64, 0), ("a" * 64, 1), (None, 1)):
                node.beat(models=(Served(model_id="echo", slots=2, file_sha256=digest),))
                await asyncio.sleep(0.02)
                assert len(house.dispatcher.stations("echo")) == there
                (view,) = house.dispatcher.nodes()
                assert view.models[0].other_file is (there == 0)

    asyncio.run(main())


def test_chunks_are_written_here_whatever_the_question(tmp_path: Path) -> None:
    async def scenario(house: House, node: Scripted) -> None:
        asking = ask(house, await house.engine())
        run: Run = await node.next_run()
        call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "meteo"}, "path": "/etc/passwd"}
        node.chunk(run, 0, Piece(reasoning="hum"), Piece(tool_calls=[call]), Piece(text='"\n\u2028é\x00'))
        node.chunk(run, 1, Piece(finish="tool_calls"), Done())
        events = await asking
        data = b"".join(one.data for one in events if isinstance(one, Delta))
        assert b"passwd" not in data
        assert b"\n" not in data
        assert b'"reasoning_content":"hum"' in data
        assert b'"name":"meteo"' in data
        assert run.rid.encode() not in data
        assert "".join(delta_text(one) for one in events if isinstance(one, Delta)) == '"\n\u2028é\x00'

    played(scenario)
