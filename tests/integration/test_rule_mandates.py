"""Mandates: given by a vote, for a time, over by themselves; the commons always has somebody to look after it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affouage.assembly import credentials, mandate_book
from affouage.assembly.accounts import Accounts
from affouage.assembly.member import Role
from affouage.assembly.rules.mandates import Days, MandateRules
from affouage.errors import Conflict, NotAllowed, NotFound, RuleRefused
from affouage.storage import Database
from tests.integration.founded import FoundedHouse, opened, put_on_roll

T = TypeVar("T")
DAY_MS = mandate_book.DAY_MS


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    with opened(home) as database:
        yield database


def run(doing: Awaitable[T]) -> T:
    async def story() -> T:
        return await doing

    return asyncio.run(story())


class Roll:
    """Three people: an operator, a steward, a member. Founded."""

    def __init__(self, db: Database) -> None:
        self.house = FoundedHouse(db)
        self.accounts = Accounts(db, self.house.clock)
        self.operator, self.steward, self.plain = (credentials.new_id() for _ in range(3))
        put_on_roll(db, self.operator, "operator")
        put_on_roll(db, self.steward, "steward")
        put_on_roll(db, self.plain)
        self.house.found()

    @property
    def now_ms(self) -> int:
        return self.house.clock.now_ms()

    def role(self, member_id: str) -> Role:
        return run(self.accounts.member(member_id)).role

    def grant(self, member_id: str, scope: str, days: float, proposal: int | None = 1) -> int:
        until_ms = self.now_ms + int(days * DAY_MS)
        return self.house.db.write_now(
            lambda c: mandate_book.grant(c, member_id, scope, self.now_ms, until_ms, self.now_ms, proposal_id=proposal)
        )

    def later(self, days: float) -> list[int]:
        self.house.clock.advance(ms=int(days * DAY_MS))
        return self.house.db.write_now(lambda c: mandate_book.expire(c, self.now_ms))

    def holds(self, member_id: str, scope: str) -> bool:
        return self.house.db.read_now(lambda c: mandate_book.holds(c, member_id, scope, self.now_ms))


@pytest.fixture
def roll(db: Database) -> Roll:
    return Roll(db)


def test_at_the_founding_whoever_has_a_role_holds_a_mandate_that_ends(roll: Roll) -> None:
    assert roll.holds(roll.operator, "operator")
    assert roll.holds(roll.steward, "steward")
    assert not roll.holds(roll.plain, "steward")
    found = roll.house.db.read_now(lambda c: mandate_book.current(c, roll.now_ms))
    assert {(one.scope, one.proposal_id) for one in found} == {("operator", None), ("steward", None)}
    assert roll.later(MandateRules().days.steward) != []
    assert roll.role(roll.steward) is Role.MEMBER


def test_nobody_gives_or_takes_a_voted_role_alone(roll: Roll) -> None:
    operator, steward = (run(roll.accounts.member(one)) for one in (roll.operator, roll.steward))
    for by in (operator, None):
        for who, wanted in ((roll.plain, Role.STEWARD), (roll.plain, Role.OPERATOR), (roll.steward, Role.MEMBER)):
            with pytest.raises(NotAllowed) as refused:
                run(roll.accounts.set_role(by, who, wanted))
            assert refused.value.code == "mandate_by_vote"
        for role in (Role.STEWARD, Role.OPERATOR):
            with pytest.raises(NotAllowed) as refused:
                run(roll.accounts.invite(role, by))
            assert refused.value.code == "mandate_by_vote"
            with pytest.raises(NotAllowed):
                run(roll.accounts.add_member("Zoé", role, by=by))
    assert roll.role(roll.steward) is Role.STEWARD
    roll.house.decide("mandates", MandateRules(voted=("operator",)), number=8)
    assert run(roll.accounts.set_role(None, roll.plain, Role.STEWARD)).role is Role.STEWARD
    with pytest.raises(NotAllowed) as refused:
        run(roll.accounts.set_role(None, steward.id, Role.OPERATOR))
    assert (refused.value.details["rule"], refused.value.details["proposal"]) == ("mandates@1", 8)


def test_a_link_to_a_role_made_before_the_founding_gives_it_no_more(db: Database) -> None:
    house = FoundedHouse(db)
    accounts = Accounts(db, house.clock)
    put_on_roll(db, credentials.new_id(), "operator")
    link = run(accounts.invite(Role.OPERATOR, None))
    house.found()
    with pytest.raises(NotAllowed) as refused:
        run(accounts.accept(link.secret, "Zoé", "chouette hulotte 12", "fr"))
    assert refused.value.code == "mandate_by_vote"


def test_a_voted_mandate_gives_the_role_and_its_end_takes_it_back(roll: Roll) -> None:
    number = roll.grant(roll.plain, "steward", 10, proposal=12)
    assert roll.role(roll.plain) is Role.STEWARD
    assert roll.holds(roll.plain, "steward")
    (mine,) = roll.house.db.read_now(lambda c: mandate_book.of_member(c, roll.plain))
    assert (mine.id, mine.proposal_id, mine.end_ms - mine.from_ms) == (number, 12, 10 * DAY_MS)
    roll.house.clock.advance(ms=10 * DAY_MS - 1)
    assert roll.holds(roll.plain, "steward")
    roll.house.clock.advance(ms=1)
    assert not roll.holds(roll.plain, "steward"), "over to the millisecond, tick or no tick"
    assert roll.later(0) == [number]
    assert roll.later(0) == [], "idempotent"
    assert roll.role(roll.plain) is Role.MEMBER


def test_a_mandate_is_renewed_only_by_another_one(roll: Roll) -> None:
    first = roll.grant(roll.plain, "steward", 10)
    roll.house.clock.advance(ms=5 * DAY_MS)
    second = roll.grant(roll.plain, "steward", 10, proposal=2)
    roll.later(6)
    assert roll.holds(roll.plain, "steward")
    assert roll.role(roll.plain) is Role.STEWARD
    known = roll.house.db.read_now(mandate_book.everything)
    assert (known[first].why, known[second].ended) == ("renewed", False)


def test_mandates_that_give_no_role(roll: Roll) -> None:
    roll.grant(roll.plain, "moderator", 30)
    roll.grant(roll.plain, "emergency", 30)
    assert roll.role(roll.plain) is Role.MEMBER
    assert roll.holds(roll.plain, "moderator")
    assert {one.scope for one in roll.house.db.read_now(lambda c: mandate_book.current(c, roll.now_ms))} == {
        "moderator",
        "emergency",
        "operator",
        "steward",
    }
    (only,) = roll.house.db.read_now(lambda c: mandate_book.current(c, roll.now_ms, "moderator"))
    roll.house.db.write_now(lambda c: mandate_book.end(c, only.id, roll.now_ms, "revoked"))
    assert not roll.holds(roll.plain, "moderator")
    with pytest.raises(NotFound):
        roll.house.db.write_now(lambda c: mandate_book.end(c, 99, roll.now_ms, "revoked"))


def test_none_is_longer_than_the_rule_allows(roll: Roll) -> None:
    roll.house.decide("mandates", MandateRules(days=Days(moderator=10)))
    number = roll.grant(roll.plain, "moderator", 3_000)
    found = roll.house.db.read_now(mandate_book.everything)[number]
    assert found.end_ms - found.from_ms == 10 * DAY_MS
    with pytest.raises(RuleRefused):
        roll.grant(roll.plain, "king", 1)


def test_the_last_operator_stays_until_another_is_there_and_it_is_told(roll: Roll) -> None:
    days = MandateRules().days.operator
    roll.later(days)
    assert not roll.holds(roll.operator, "operator")
    assert roll.role(roll.operator) is Role.OPERATOR, "somebody must be able to look after the commons"
    (kept,) = roll.house.db.read_now(lambda c: mandate_book.overdue(c, roll.now_ms))
    assert kept.member_id == roll.operator
    roll.grant(roll.plain, "operator", 100)
    assert roll.role(roll.operator) is Role.MEMBER
    assert roll.role(roll.plain) is Role.OPERATOR
    assert roll.house.db.read_now(lambda c: mandate_book.overdue(c, roll.now_ms)) == []


def test_a_mandate_laid_down_takes_its_role_but_from_the_last_operator(roll: Roll) -> None:
    known = roll.house.db.read_now(mandate_book.everything)
    for one in known.values():
        roll.house.db.write_now(lambda c, one=one: mandate_book.end(c, one.id, roll.now_ms, "resigned"))  # type: ignore[misc]
    assert roll.role(roll.steward) is Role.MEMBER
    assert roll.role(roll.operator) is Role.OPERATOR


def test_a_closed_account_holds_nothing_and_is_given_nothing(roll: Roll) -> None:
    run(roll.accounts.deactivate(None, roll.steward, asked=True))
    assert not roll.holds(roll.steward, "steward")
    with pytest.raises(Conflict):
        roll.grant(roll.steward, "moderator", 1)


acts = st.lists(
    st.tuples(st.sampled_from(["grant", "end", "later"]), st.integers(0, 2), st.integers(1, 400)), max_size=10
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=acts, scope=st.sampled_from(["operator", "steward"]))
def test_there_is_always_an_operator_and_a_role_without_a_mandate_is_his(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int, int]], scope: str
) -> None:
    with opened(tmp_path_factory.mktemp("home")) as db:
        roll = Roll(db)
        people = (roll.operator, roll.steward, roll.plain)
        for what, who, amount in acts:
            if what == "grant":
                roll.grant(people[who], scope, amount)
            elif what == "later":
                roll.later(amount)
            else:
                known = db.read_now(mandate_book.everything)
                number = sorted(known)[amount % len(known)]
                db.write_now(lambda c, number=number: mandate_book.end(c, number, roll.now_ms, "revoked"))  # type: ignore[misc]
            roles = {one: roll.role(one) for one in people}
            assert Role.OPERATOR in roles.values()
            without = [
                one for one, role in roles.items() if role is not Role.MEMBER and not (roll.holds(one, role.value))
            ]
            assert len(without) <= 1
            assert all(roles[one] is Role.OPERATOR for one in without)
            assert [m.member_id for m in db.read_now(lambda c: mandate_book.overdue(c, roll.now_ms))] == without
