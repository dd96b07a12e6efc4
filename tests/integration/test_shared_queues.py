"""Several gateways over one line: who is given what, who is dropped, what is found again; on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from affouage.errors import TooMuch, TurnLost, Unavailable
from affouage.pool.queue_state import packed
from affouage.pool.queue_steps import Over
from affouage.pool.shared_queues import SharedQueues
from affouage.pool.ticket import Ticket
from affouage.storage.home import shared_key
from affouage.testing import ManualClock
from tests.brokers import until
from tests.integration.gateways_played import Played
from tests.unit.queue_house import Asker, House, story

if TYPE_CHECKING:
    from tests.postgres import Server


NAME = "turns_of_several"


@pytest.fixture(scope="module")
def turns_url(postgres: Server) -> Iterator[str]:
    yield postgres.fresh(NAME)
    postgres.drop(NAME)


@pytest.fixture
def played(turns_url: str) -> Iterator[Played]:
    played = Played(turns_url)
    played.begin_anew("a", "b")
    yield played
    played.close()


class Gateways:
    """Gateways "a" and "b", each with its house: the same stations, seen by each for itself."""

    def __init__(self, played: Played, *slots: int, **facts: int) -> None:
        self.clock = ManualClock()
        self.houses = [
            House(
                *slots,
                clock=self.clock,
                queues=lambda clock, name=name: SharedQueues(played.url, name, clock, b"key"),
                **facts,
            )
            for name in "ab"
        ]
        self._numbers = 0

    async def asked(self, place: int, member_id: str, **facts: object) -> Asker:
        """At that gateway; once it is served, told its place, or refused."""
        self._numbers += 1
        ticket = Ticket(request_id=f"r{self._numbers}", member_id=member_id, model_id="m", **facts)  # type: ignore[arg-type]
        asker = self.houses[place].brought(ticket)
        await until(lambda: asker.served or bool(asker.turns) or asker.task.done())
        return asker

    def look(self) -> None:
        for house in self.houses:
            house.scheduler.look_again()


@asynccontextmanager
async def two(played: Played, *slots: int, **facts: int) -> AsyncIterator[Gateways]:
    gateways = Gateways(played, *slots, **facts)
    first, second = (house.scheduler for house in gateways.houses)
    async with first.running(), second.running():
        yield gateways
        askers = [one for house in gateways.houses for one in house.askers]
        for one in askers:
            one.leave.set()
        await asyncio.gather(*(one.task for one in askers), return_exceptions=True)
    state = played.state("m")
    assert (state.waiting, state.running) == ([], []), "an orderly end leaves nothing"


def test_a_slot_given_back_at_one_goes_to_who_waits_at_the_other(played: Played) -> None:
    async def tale() -> None:
        async with two(played, 1) as gateways:
            first = await gateways.asked(0, "ada")
            second = await gateways.asked(1, "bob")
            third = await gateways.asked(0, "cyd")
            assert (first.served, second.served, third.served) == (True, False, False)
            assert (second.turns[0].position, third.turns[0].position, third.turns[0].waiting) == (1, 2, 2)
            first.leave.set()
            await until(lambda: second.served)
            await until(lambda: (third.turns[-1].position, third.turns[-1].waiting) == (1, 1))
            second.leave.set()
            await until(lambda: third.served)

    story(tale)


def test_what_was_used_at_one_gateway_counts_at_the_other(played: Played) -> None:
    async def tale() -> None:
        async with two(played, 1) as gateways:
            greedy = await gateways.asked(0, "greedy")
            more = await gateways.asked(1, "greedy")
            light = await gateways.asked(1, "light")
            assert greedy.held is not None
            greedy.held.charge(decoded_tokens=5000)
            gateways.look()
            await until(lambda: (light.turns[-1].position, more.turns[-1].reason) == (1, "lighter"))
            await greedy.done(decoded_tokens=5000)
            await until(lambda: light.served)
            assert not more.served

    story(tale)


def test_everybody_sees_the_whole_line_and_members_their_places_in_it(played: Played) -> None:
    async def tale() -> None:
        async with two(played, 1) as gateways:
            await gateways.asked(0, "ada")
            await gateways.asked(0, "bob")
            await gateways.asked(1, "bob", batch=True)
            for house in gateways.houses:
                await until(lambda house=house: [one.waiting for one in house.scheduler.snapshot()] == [2])  # type: ignore[misc]
                (line,) = house.scheduler.snapshot()
                assert (line.model_id, line.no_hurry, line.running, line.slots) == ("m", 1, 1, 1)
                places = await house.scheduler.places_of("bob")
                assert [(one.request_id, one.turn.position, one.turn.waiting) for one in places] == [
                    ("r2", 1, 2),
                    ("r3", 2, 2),
                ]
                assert await house.scheduler.places_of("ada") == []

    story(tale)


def test_bounds_hold_for_all_gateways_together(played: Played) -> None:
    async def tale() -> None:
        async with two(played, 1, max_waiting_per_member=2) as gateways:
            for place in (0, 1, 0):
                await gateways.asked(place, "ada")
            one_more = await gateways.asked(1, "ada")
            with pytest.raises(TooMuch) as refused:
                await one_more.task
            assert refused.value.code == "too_many_waiting"

    story(tale)


def test_what_a_dead_gateway_held_is_free_again_and_what_waited_there_waits_no_more(played: Played) -> None:
    async def tale() -> None:
        async with two(played, 1) as gateways:
            await gateways.asked(0, "ada")
            await gateways.asked(0, "ada")
            other = await gateways.asked(1, "bob")
            assert other.turns[-1].position == 2
            played.dead("a")
            gateways.houses[1].scheduler.look_again()
            await until(lambda: other.served)
            assert len(played.state("m").waiting) <= 1

    story(tale)


def test_a_gateway_held_for_dead_that_comes_back_ends_what_it_had_and_stands_in_line_again(played: Played) -> None:
    async def tale() -> None:
        async with two(played, 1) as gateways:
            had = await gateways.asked(0, "ada")
            waited = await gateways.asked(0, "cyd")
            other = await gateways.asked(1, "bob")
            played.dead("a")
            gateways.houses[1].scheduler.look_again()
            await until(lambda: other.served)
            played.back("a")
            with pytest.raises(TurnLost):
                await asyncio.wait_for(had.task, 10)
            assert not waited.task.done(), "it waits again, behind"
            other.leave.set()
            await until(lambda: waited.served)

    story(tale)


def test_who_is_stopped_by_somebody_else_in_that_very_moment_is_stopped(played: Played) -> None:
    async def tale() -> None:
        async with two(played, 1) as gateways:
            had = await gateways.asked(0, "ada")
            queue = gateways.houses[0].scheduler._queues.known()["m"]
            queue._find_lost({})  # type: ignore[attr-defined]
            had.task.cancel()
            await asyncio.wait([had.task])
            assert had.task.cancelled()
            queue._ask(Over("r1"))  # type: ignore[attr-defined]

    story(tale)


def test_a_machine_that_its_own_gateway_does_not_see_is_not_waited_for(played: Played) -> None:
    async def tale() -> None:
        async with two(played, 1) as gateways:
            first = await gateways.asked(0, "ada")
            second = await gateways.asked(1, "bob")
            gateways.houses[1].add(slots=1, trust=1)  # another machine, and the first one is gone for this gateway
            del gateways.houses[1].stations[0]
            first.leave.set()
            await until(lambda: second.served)
            assert second.node_id == "n_1"

    story(tale)


def test_what_stands_there_in_its_name_and_is_nobodys_is_cleared_away(played: Played) -> None:
    async def tale() -> None:
        async with two(played, 1) as gateways:
            first = await gateways.asked(0, "ada")
            queue = gateways.houses[0].scheduler._queues.known()["m"]
            queue._mine.clear()  # type: ignore[attr-defined] # as if the step that gave it back had been lost
            first.leave.set()
            gateways.look()
            assert (await gateways.asked(1, "bob")).task.done() is False
            await until(lambda: gateways.houses[1].askers[0].served)

    story(tale)


@pytest.mark.parametrize("body", [b"", b"[2]"])
def test_what_another_version_wrote_is_begun_anew(played: Played, body: bytes) -> None:
    async def tale() -> None:
        async with two(played, 1) as gateways:
            first = await gateways.asked(0, "ada")
            waiting = await gateways.asked(1, "bob")
            played.write("m", state=body, version=10**6)
            gateways.look()
            with pytest.raises(TurnLost):
                await asyncio.wait_for(first.task, 10)
            await until(lambda: waiting.served)

    story(tale)


def shut(postgres: Server, *, allow: bool) -> None:
    """The database of these turns lets nobody in, and throws out who is there; or lets everybody in again."""
    with postgres.admin() as connection:
        connection.execute(f"ALTER DATABASE {NAME} ALLOW_CONNECTIONS {allow}".encode())
        if not allow:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (NAME,))


def test_while_the_database_is_away_newcomers_are_told_and_nothing_that_was_asked_is_forgotten(
    played: Played, postgres: Server
) -> None:
    async def tale() -> None:
        async with two(played, 1) as gateways:
            first = await gateways.asked(0, "ada")
            waiting = await gateways.asked(1, "bob")
            shut(postgres, allow=False)
            try:
                first.leave.set()
                await asyncio.wait([first.task])
                late = await gateways.asked(1, "cyd")
                with pytest.raises(Unavailable) as refused:
                    await late.task
                assert refused.value.retry_after_s > 0
                with pytest.raises(Unavailable):
                    await gateways.houses[0].scheduler.places_of("bob")
            finally:
                shut(postgres, allow=True)
            await until(lambda: waiting.served, within_s=20)

    story(tale)


def test_a_state_is_no_larger_than_it_must_be(played: Played) -> None:
    async def tale() -> None:
        async with two(played, 1) as gateways:
            for number in range(20):
                await gateways.asked(number % 2, f"m{number}", prefix_sha256="ab" * 32)
            assert len(packed(played.state("m"))) < 20 * 400

    story(tale)


def test_no_conversation_can_be_recognised_in_the_database(played: Played) -> None:
    """Its name there is made with a key that the database does not hold, so that no guess can be tried on it."""

    async def tale() -> None:
        async with two(played, 1) as gateways:
            for place in (0, 1):
                await gateways.asked(place, "ada", prefix_sha256="ab" * 32)
            state = played.state("m")
            (running,), (waiting,) = state.running, state.waiting
            assert running.ticket.prefix_sha256 == waiting[0].prefix_sha256 != "", "the same at both gateways"
            assert b"abab" not in packed(state)

    story(tale)


def test_the_key_of_a_home_is_made_once_and_for_its_user_alone(tmp_path: Path) -> None:
    first = shared_key(tmp_path)
    assert len(first) == 32
    assert shared_key(tmp_path) == first
    assert [one.name for one in (tmp_path / "run").iterdir()] == ["key"]
    assert (tmp_path / "run" / "key").stat().st_mode & 0o777 == 0o600
    assert shared_key(tmp_path / "another") != first
