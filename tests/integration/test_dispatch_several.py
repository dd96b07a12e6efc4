"""One machine that several gateways share: each hears its own answers, all are told what its meter counted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from affouage.ledger.receipt import Energy, Kept
from affouage.ledger.run_names import gateway_of
from affouage.pool.nodes.wire import Renew, Served
from affouage.pool.station import Station
from affouage.testing import EchoEngine, InProcessBus
from tests.integration.pool_bench import House, Machine, Scripted, chat, events_of, is_whole, text_of

FIRST, SECOND = "aaaaaaaa", "bbbbbbbb"
SLOTS = 4


class Shared:
    """Two gateways on one broker. ``alive``: who is held for living."""

    def __init__(self, machine: Machine) -> None:
        self.hub = InProcessBus()
        self.alive = {FIRST, SECOND}
        self.first, self.second = (self._house(one, machine) for one in (FIRST, SECOND))

    def _house(self, gateway_id: str, machine: Machine) -> House:
        def of_another(rid: str) -> bool:
            return gateway_of(rid) != gateway_id and gateway_of(rid) in self.alive

        return House(self.hub, machine, gateway_id=gateway_id, of_another=of_another)


async def answered(station: Station, key: str, text: str) -> tuple[str, Energy]:
    station.metering.start(key, "echo")
    events = await events_of(station.engine, chat(text))
    assert is_whole(events)
    station.metering.stop(key)
    return text_of(events), await station.metering.finished(key)


def parts(blocks: list[Kept]) -> dict[str, int]:
    """What blocks tell of each run, by name (µJ)."""
    told: dict[str, int] = {}
    for one in {one.block.id: one.block for one in blocks}.values():
        for name, (static_uj, dynamic_uj, _) in one.parts.items():
            told[name] = told.get(name, 0) + static_uj + dynamic_uj
    return told


def test_both_are_answered_at_once_and_both_know_what_it_took(tmp_path: Path) -> None:
    async def main() -> None:
        machine = Machine("n_shared")
        shared = Shared(machine)
        engine = EchoEngine(slots=SLOTS, word_ms=20)
        async with (
            shared.first.dispatcher.running(),
            shared.second.dispatcher.running(),
            machine.at_work(tmp_path, shared.hub.end(), engine),
        ):
            houses = (shared.first, shared.second)
            stations = [await house.station() for house in houses]
            texts = [f"{name} " * 40 for name in ("un", "deux")]
            told = await asyncio.gather(*(answered(one, f"rcp_{n}", texts[n]) for n, one in enumerate(stations)))
            for (text, energy), asked in zip(told, texts, strict=True):
                assert text.strip() == asked.strip()
                assert not energy.at_least, "each was told the readings that hold both"
                assert energy.static_uj is not None
            for house in houses:
                (link,) = house.dispatcher.links()
                assert not link.dropped + link.dropped_before, "nothing came that was another's"
        names = [station.metering.run_of(f"rcp_{n}") for n, station in enumerate(stations)]
        assert [gateway_of(one) for one in names] == [FIRST, SECOND]
        for house in (shared.first, shared.second):
            known = parts(house.written)
            for name, (_, energy) in zip(names, told, strict=True):
                assert known[name] == (energy.static_uj or 0) + (energy.dynamic_uj or 0)
            assert all(not one.unclaimed for one in house.written), "each run has its receipt"

    asyncio.run(main())


@pytest.mark.parametrize("lives", [True, False])
def test_places_taken_for_the_other_are_in_the_shared_line_unless_it_is_dead(lives: bool) -> None:
    async def main() -> None:
        machine = Machine("n_shared")
        shared = Shared(machine)
        scripted = Scripted(machine, shared.hub.end())
        await scripted.listen()
        async with shared.first.dispatcher.running(), shared.second.dispatcher.running():
            scripted.beat()
            engine = (await shared.second.station()).engine
            asking = asyncio.create_task(events_of(engine, chat("un deux")))
            run = await scripted.next_run()
            assert gateway_of(run.rid) == SECOND
            if not lives:
                shared.alive = {FIRST}
            # As the machine tells it: a place is taken, by a run whose model it does not name.
            served = Served(model_id="echo", engine="echo", slots=2, used=1, loaded=True, context_tokens=2048)
            scripted.beat(models=(served,), running=(run.rid,))
            wanted = 2 if lives else 1
            await shared.first.until(
                lambda: [one.slots for one in shared.first.dispatcher.stations("echo")] == [wanted]
            )
            renewed = [one for one in scripted.of(Renew) if run.rid in one.runs]
            assert len(renewed) <= 1, "who asked renews, nobody else"
            asking.cancel()
            await asyncio.wait([asking])

    asyncio.run(main())
