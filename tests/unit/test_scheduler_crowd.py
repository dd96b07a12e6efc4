"""Whatever a crowd does, no slot is lost, none too many is given, and nobody is forgotten."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.errors import Unavailable
from affouage.pool.share_rules import ShareRules
from tests.unit.queue_house import Asker, House, settle

# -- a crowd ---------------------------------------------------------------------------------------------------------

MOVES = st.tuples(
    st.sampled_from(["come", "come", "finish", "cancel", "breathe", "slots", "own", "rules", "work"]),
    st.integers(0, 30),
    st.integers(0, 3),
)


class Crowd:
    """A house with three machines, and people who come, leave and are served in any order."""

    def __init__(self) -> None:
        self.house = House(2)
        self.house.add(slots=1, trust=2, owner_id="m0", owner_first=True)
        self.house.add(slots=1, own_slots=2, trust=3, owner_id="m1")

    def do(self, move: str, who: int, what: int) -> None:
        house, askers = self.house, self.house.askers
        one = askers[who % len(askers)] if askers else None
        if move == "come":
            avoid = frozenset({"n_1"}) if who % 7 == 0 else frozenset[str]()
            facts = {"reach": what, "batch": who % 6 == 1, "prompt_tokens": who, "group": "desk" if who % 3 else ""}
            house.ask(f"m{who % 5}", avoid=avoid, again=bool(avoid), **facts)
        elif move == "slots":
            house.alter(who % 3, slots=what)
            house.scheduler.look_again()
        elif move == "own":
            house.alter(1 + who % 2, own_slots=what)
            house.scheduler.look_again()
        elif move == "rules":
            unit = ("tokens", "joules", "engine_seconds", "tokens")[what]
            house.rules = ShareRules(unit=unit, floors={"desk": 10 + who} if what else {}, batch_hours=())  # type: ignore[arg-type]
        elif one is not None and move == "finish":
            one.leave.set()
        elif one is not None and move == "cancel":
            one.task.cancel()
        elif one is not None and move == "work" and one.held is not None:
            one.held.charge(prompt_tokens=what, decoded_tokens=who, energy_uj=who * 1000)

    def serving(self) -> list[Asker]:
        return [one for one in self.house.askers if one.served and not one.task.done()]

    def given(self) -> dict[str, int]:
        """By machine, the slots given out, those included whose takers have not woken up yet."""
        queue = self.house.queue_of("m")
        return {one.node_id: queue.model.in_use(one.key) for one in self.house.stations}

    def check(self, before: dict[str, int]) -> None:
        """Never more than its slots, but for those given before it closed some."""
        for station in self.house.stations:
            used = sum(one.node_id == station.node_id for one in self.serving())
            assert used <= max(station.slots, station.own_slots, before.get(station.node_id, 0))
        for one in self.serving():
            assert one.held is not None
            assert one.held.station.trust <= one.ticket.reach
            assert one.node_id not in one.ticket.avoid

    def check_nobody_waits_for_nothing(self) -> None:
        """Where a slot is free, nobody waits who might have it."""
        waiting = [one for one in self.house.askers if not one.served and not one.task.done()]
        pressing = [one for one in (*waiting, *self.serving()) if not one.ticket.batch]
        assert len(waiting) == self.house.scheduler.waiting("m")
        for station in self.house.stations:
            serving = [one for one in self.serving() if one.node_id == station.node_id]
            lent = sum(one.ticket.member_id != station.owner_id for one in serving)
            free = max(station.slots, station.own_slots) - len(serving)
            for one in waiting:
                fits = station.trust <= one.ticket.reach and station.node_id not in one.ticket.avoid
                open_to_it = one.ticket.member_id == station.owner_id or lent < station.slots
                assert not (fits and free > 0 and open_to_it and (not one.ticket.batch or not pressing))


@settings(max_examples=150, deadline=None)
@given(moves=st.lists(MOVES, min_size=30, max_size=80))
def test_whatever_happens_slots_are_respected_given_back_and_never_idle_for_nothing(
    moves: list[tuple[str, int, int]],
) -> None:
    async def tale() -> None:
        crowd = Crowd()
        for move, who, what in moves:
            before = crowd.given()
            crowd.do(move, who, what)
            if move == "breathe":
                await settle()
            elif who % 2:  # else several things happen at the same moment
                await asyncio.sleep(0)
            crowd.check(before)
        await settle()
        await settle()
        crowd.house.scheduler.look_again()
        await settle()
        crowd.check_nobody_waits_for_nothing()
        for place in range(3):
            crowd.house.alter(place, slots=3)
        for one in crowd.house.askers:
            one.leave.set()
        crowd.house.scheduler.look_again()
        await asyncio.wait_for(
            asyncio.gather(*(one.task for one in crowd.house.askers), return_exceptions=True), timeout=20
        )
        for one in crowd.house.askers:
            wrong = None if one.task.cancelled() else one.task.exception()
            assert wrong is None or isinstance(wrong, Unavailable), wrong
        assert crowd.house.scheduler.in_use("m") == crowd.house.scheduler.waiting("m") == 0
        queue = crowd.house.queue_of("m")
        assert queue.waiters == {}
        assert not any((queue.model._used, queue.model._lent, queue.model._pressing))

    asyncio.run(tale())
