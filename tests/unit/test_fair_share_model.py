"""Turns against a plain model that looks through everybody each time: same turns, counters, places, after anything."""

from __future__ import annotations

from collections import defaultdict

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from affouage.pool.fair_share import FairShare, Waiting
from affouage.pool.share_state import ShareState
from tests.unit.kept import entries

FLOORS = {"desk": 30, "school": 20}
WEIGHTS = {"ada": 100, "bob": 100, "cyd": 250, "dan": 33, "eve": 100}


class Plain:
    """What the rule says, by looking through all members every time; nobody is ever forgotten."""

    def __init__(self) -> None:
        self.counters: dict[str, int] = defaultdict(int)
        self.levels = [0, 0, 0, 0]  # by reach
        self.queue: list[tuple[int, Waiting, bool]] = []  # arrival, request, pressing
        self.running: dict[str, tuple[Waiting, bool]] = {}
        self.charged: dict[str, int] = {}
        self.taken: dict[str, int] = {}
        self.credit = dict.fromkeys(FLOORS, 0)

    def present(self) -> dict[str, int]:
        """Members, with the widest reach of what they have here."""
        here = [one for one, _ in self.running.values()] + [one for _, one, pressing in self.queue if pressing]
        return {one.member_id: max(other.reach for other in here if other.member_id == one.member_id) for one in here}

    def come(self, member_id: str, group: str, reach: int, *, pressing: bool) -> None:
        here = self.present().keys() | {one.member_id for _, one, _ in self.queue}
        if member_id not in here:
            self.counters[member_id] = max(self.counters[member_id], self.levels[0])
        if pressing:
            self.lift(member_id, reach)
            self.forget(group)

    def lift(self, member_id: str, reach: int) -> None:
        present = self.present()
        for wide in range(present.get(member_id, -1) + 1, reach + 1):
            as_far = [self.counters[name] for name, widest in present.items() if widest >= wide]
            self.levels[wide] = max(self.levels[wide], min(as_far, default=0))
        if member_id not in present:
            self.counters[member_id] = max(self.counters[member_id], *self.levels[: reach + 1])

    def gone(self, member_id: str, reach: int) -> None:
        """One that reached so far went."""
        furthest = max(self.present().values(), default=-1)
        for left in range(furthest + 1, reach + 1):
            self.levels[left] = max(self.levels[left], self.counters[member_id])

    def forget(self, group: str) -> None:
        """Nobody of the group waits: it is owed nothing."""
        if group in FLOORS and not any(pressing and one.group == group for _, one, pressing in self.queue):
            self.credit[group] = min(0, self.credit[group])

    def eligible(self, trust: int, pressing: bool) -> list[tuple[int, Waiting, bool]]:
        return [one for one in self.queue if one[1].reach >= trust and one[2] is pressing]

    def choose(self, trust: int, owner_id: str, pressing: bool) -> tuple[tuple[int, Waiting, bool], bool] | None:
        able = self.eligible(trust, pressing)
        own = [one for one in able if one[1].member_id == owner_id]
        if own:
            return min(own, key=lambda one: (one[1].arrived_us, one[0])), False
        owed = [
            (self.credit[group], group)
            for group in FLOORS
            if pressing and self.credit[group] > 0 and any(one[1].group == group for one in able)
        ]
        if owed:
            able = [one for one in able if one[1].group == max(owed)[1]]
        if not able:
            return None
        return min(able, key=lambda one: (self.counters[one[1].member_id], one[1].arrived_us, one[0])), bool(owed)

    def next(self, trust: int, owner_id: str, batch: bool, before_us: int | None) -> Waiting | None:
        if before_us is not None:
            for place, (arrival, one, pressing) in enumerate(self.queue):
                if not pressing and one.arrived_us <= before_us:
                    self.lift(one.member_id, one.reach)
                    self.forget(one.group)
                    self.queue[place] = (arrival, one, True)
        chosen = self.choose(trust, owner_id, True) or (self.choose(trust, owner_id, False) if batch else None)
        if chosen is None:
            return None
        (arrival, one, pressing), by_floor = chosen
        self.lift(one.member_id, one.reach)
        self.queue.remove((arrival, one, pressing))
        if pressing:
            self.forget(one.group)
        self.running[one.id] = (one, by_floor)
        self.charged[one.id] = self.taken[one.id] = 0
        self.charge(one.id, one.first_cost)
        return one

    def charge(self, request_id: str, cost: int) -> None:
        one, by_floor = self.running[request_id]
        before = self.charged[request_id]
        after = self.charged[request_id] = max(0, before + cost)
        cost, weight = after - before, one.weight_percent
        self.counters[one.member_id] += after * 100 // weight - before * 100 // weight
        for group, percent in FLOORS.items():
            self.credit[group] += percent * cost
        if one.group in FLOORS:
            taken = 100 * cost
            if cost < 0:
                taken = max(taken, -self.taken[request_id])
            elif not by_floor:
                taken = min(taken, max(0, self.credit[one.group]))
            self.taken[request_id] += taken
            self.credit[one.group] -= taken
            self.forget(one.group)


class AgainstThePlainModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.share = FairShare(FLOORS)
        self.plain = Plain()
        self.now_us = 0
        self.count = 0

    @rule(
        member=st.sampled_from(sorted(WEIGHTS)),
        first_cost=st.integers(0, 400),
        more=st.integers(0, 400),
        batch=st.booleans(),
        group=st.sampled_from(["", "", "desk", "school", "unknown"]),
        reach=st.integers(0, 3),
        many=st.integers(1, 3),
    )
    def arrive(self, member: str, first_cost: int, more: int, batch: bool, group: str, reach: int, many: int) -> None:
        for _ in range(many):
            self.count += 1
            one = Waiting(
                id=f"r{self.count}",
                member_id=member,
                weight_percent=WEIGHTS[member],
                first_cost=first_cost,
                expected_cost=first_cost + more,
                batch=batch,
                group=group,
                reach=reach,
                arrived_us=self.now_us,
            )
            self.share.arrive(one)
            self.plain.come(member, group, reach, pressing=not batch)
            self.plain.queue.append((self.count, one, not batch))

    @rule()
    def it_is_put_away_and_taken_up_again(self) -> None:
        state = msgspec.json.decode(msgspec.json.encode(self.share.snapshot()), type=ShareState)
        self.share = FairShare.restored(state)
        assert self.share.snapshot() == state

    @rule(us=st.integers(1, 50))
    def time_passes(self, us: int) -> None:
        self.now_us += us

    @rule(
        trust=st.integers(0, 3),
        owner=st.sampled_from(["", "", "ada", "nobody"]),
        batch=st.booleans(),
        latest_us=st.none() | st.integers(0, 100),
    )
    def serve(self, trust: int, owner: str, batch: bool, latest_us: int | None) -> None:
        before_us = None if latest_us is None else self.now_us - latest_us
        expected = self.plain.next(trust, owner, batch, before_us)
        asked = self.share.next(trust=trust, owner_id=owner, batch=batch, now_us=self.now_us, batch_latest_us=latest_us)
        assert asked == expected
        assert asked is None or asked.reach >= trust

    @precondition(lambda self: self.plain.queue)
    @rule()
    def the_first_in_order_is_the_next_served(self) -> None:
        order = self.share.order()
        assert sorted(one.id for one in order) == sorted(one.id for _, one, _ in self.plain.queue)
        places = self.share.places()
        assert [one.id for one in order] == sorted(places, key=lambda one: places[one][0])
        arrivals = {one.id: arrival for arrival, one, _ in self.plain.queue}
        for place, one in enumerate(order, start=1):
            passed = any(
                arrivals[other.id] > arrivals[one.id] and other.member_id != one.member_id
                for other in order[: place - 1]
            )
            assert self.share.place(one.id) == (place, passed)
        assert self.share.next(batch=True) == self.plain.next(0, "", True, None) == order[0]

    @precondition(lambda self: self.plain.running)
    @rule(data=st.data(), cost=st.integers(-300, 600))
    def charge(self, data: st.DataObject, cost: int) -> None:
        request_id = data.draw(st.sampled_from(sorted(self.plain.running)))
        self.share.charge(request_id, cost)
        self.plain.charge(request_id, cost)

    @precondition(lambda self: self.plain.running)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        request_id = data.draw(st.sampled_from(sorted(self.plain.running)))
        self.share.finish(request_id)
        one, _ = self.plain.running.pop(request_id)
        self.plain.gone(one.member_id, one.reach)

    @precondition(lambda self: self.plain.queue)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.plain.queue) - 1))
        _, one, pressing = self.plain.queue.pop(place)
        self.share.leave(one.id)
        if pressing:
            self.plain.gone(one.member_id, one.reach)
            self.plain.forget(one.group)

    @invariant()
    def the_same_is_known_of_everybody(self) -> None:
        assert self.share.waiting() == len(self.plain.queue)
        assert self.share.running() == len(self.plain.running)
        here = self.plain.present().keys() | {one.member_id for _, one, _ in self.plain.queue}
        for name in WEIGHTS:
            mine = sum(one.member_id == name for _, one, _ in self.plain.queue)
            assert self.share.waiting_of(name) == mine
            if name in here:
                assert self.share.counter(name) == self.plain.counters[name]
            else:  # forgotten or not, it would come back at the same place
                level = self.plain.levels[0]
                assert max(self.share.counter(name), level) == max(self.plain.counters[name], level)

    def teardown(self) -> None:
        for _, one, _ in self.plain.queue:
            self.share.leave(one.id)
        for request_id in self.plain.running:
            self.share.finish(request_id)
        assert entries(self.share) <= 200


TestAgainstThePlainModel = AgainstThePlainModel.TestCase
TestAgainstThePlainModel.settings = settings(max_examples=80, stateful_step_count=60)
