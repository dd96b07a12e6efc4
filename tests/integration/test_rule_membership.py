"""The rule of membership at work: who invites, how many there are, who is made to leave. Refusals name the vote."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import select, update

from affouage.assembly.accounts import Accounts
from affouage.assembly.decisions import events as ev
from affouage.assembly.event_book import record
from affouage.assembly.member import Member, Role
from affouage.assembly.rules.membership import MembershipRules
from affouage.errors import AffouageError, Conflict, NotAllowed
from affouage.journal import log
from affouage.storage import Database
from affouage.storage.tables import journal_person, member
from affouage.web.language import language
from affouage.web.sentences import explain
from tests.integration.founded import FoundedHouse, opened

T = TypeVar("T")
PASSWORD = "chouette hulotte 12"


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    with opened(home) as database:
        yield database


@pytest.fixture
def house(db: Database) -> FoundedHouse:
    return FoundedHouse(db)


@pytest.fixture
def accounts(house: FoundedHouse) -> Accounts:
    return Accounts(house.db, house.clock)


def run(doing: Awaitable[T]) -> T:
    async def story() -> T:
        return await doing

    return asyncio.run(story())


def somebody(accounts: Accounts, house: FoundedHouse, name: str, role: Role = Role.MEMBER) -> Member:
    """On the roll, with a password, whatever the rules."""
    who, _ = run(accounts.add_member(name, Role.MEMBER))
    values = {"password_hash": "x", "role": role.value}
    house.db.write_now(lambda c: c.execute(update(member).where(member.c.id == who.id).values(**values)))
    return run(accounts.member(who.id))


def refused(kind: type[AffouageError], code: str, doing: Awaitable[Any]) -> AffouageError:
    with pytest.raises(kind) as error:
        run(doing)
    assert error.value.code == code
    for code_ in ("fr", "en"):
        message, remedy = explain(error.value, language(code_))
        assert "{" not in message + remedy
    return error.value


def names_vote(error: AffouageError, rule: str, proposal: int) -> None:
    assert (error.details["rule"], error.details["proposal"]) == (rule, proposal)
    assert f"proposal {proposal}" in str(error)
    message, _ = explain(error, language("fr"))
    assert f"n° {proposal}" in message


def test_before_any_decision_stewards_invite_and_nobody_counts(accounts: Accounts, house: FoundedHouse) -> None:
    steward, plain = somebody(accounts, house, "Odile", Role.STEWARD), somebody(accounts, house, "Ali")
    assert run(accounts.invite(Role.MEMBER, steward)).role is Role.MEMBER
    refused(NotAllowed, "insufficient_role", accounts.invite(Role.MEMBER, plain))
    assert not run(accounts.deactivate(steward, plain.id)).active, "there is no vote to be had yet"


def test_the_rule_lets_any_member_invite_members_and_no_more(accounts: Accounts, house: FoundedHouse) -> None:
    plain = somebody(accounts, house, "Ali")
    house.found()
    house.decide("membership", MembershipRules(invite="member"), number=12)
    assert run(accounts.invite(Role.MEMBER, plain)).role is Role.MEMBER
    assert run(accounts.add_member("Bea", Role.MEMBER, by=plain))[0].role is Role.MEMBER
    refused(NotAllowed, "insufficient_role", accounts.invite(Role.STEWARD, plain))


def test_the_rule_keeps_inviting_to_operators(accounts: Accounts, house: FoundedHouse) -> None:
    steward = somebody(accounts, house, "Odile", Role.STEWARD)
    house.found()
    house.decide("membership", MembershipRules(invite="operator"), number=3)
    names_vote(refused(NotAllowed, "invite_role", accounts.invite(Role.MEMBER, steward)), "membership@1", 3)
    assert run(accounts.invite(Role.MEMBER, None)).role is Role.MEMBER, "whoever runs the commands looks after it"


def test_nobody_comes_in_not_even_by_a_link_made_before_nor_by_a_command(
    accounts: Accounts, house: FoundedHouse
) -> None:
    link = run(accounts.invite(Role.MEMBER, None))
    house.found()
    house.emergency(5, "membership", {"invite": "nobody"}, lasts_ms=60_000)
    error = refused(NotAllowed, "invite_closed", accounts.accept(link.secret, "Zoé", PASSWORD, "fr"))
    assert error.details["rule"] == "membership@0+emergency:5"
    refused(NotAllowed, "invite_closed", accounts.invite(Role.MEMBER, None))
    refused(NotAllowed, "invite_closed", accounts.add_member("Bea", Role.MEMBER))
    house.clock.advance(ms=60_000)
    assert run(accounts.accept(link.secret, "Zoé", PASSWORD, "fr"))[0].name == "Zoé"


def test_a_greatest_number_of_members(accounts: Accounts, house: FoundedHouse) -> None:
    somebody(accounts, house, "Ali")
    late = run(accounts.invite(Role.MEMBER, None))
    house.found()
    house.decide("membership", MembershipRules(members_most=2), number=7)
    run(accounts.add_member("Bea", Role.MEMBER))
    names_vote(refused(Conflict, "members_full", accounts.add_member("Cid", Role.MEMBER)), "membership@1", 7)
    refused(Conflict, "members_full", accounts.accept(late.secret, "Dan", PASSWORD, "fr"))
    house.decide("membership", MembershipRules(members_most=3))
    assert run(accounts.accept(late.secret, "Dan", PASSWORD, "fr"))[0].name == "Dan"


def test_excluding_takes_a_vote_by_page_and_by_command(accounts: Accounts, house: FoundedHouse) -> None:
    steward, plain = somebody(accounts, house, "Odile", Role.STEWARD), somebody(accounts, house, "Ali")
    house.found()
    house.decide("membership", MembershipRules(), number=4)
    for by in (steward, None):
        names_vote(refused(NotAllowed, "exclusion_by_vote", accounts.deactivate(by, plain.id)), "membership@1", 4)
    assert run(accounts.member(plain.id)).active
    house.decide("membership", MembershipRules(exclusion_by_vote=False))
    assert not run(accounts.deactivate(steward, plain.id)).active


def test_whoever_asked_to_leave_leaves_and_it_is_written_without_a_name(
    accounts: Accounts, house: FoundedHouse
) -> None:
    steward, plain = somebody(accounts, house, "Odile", Role.STEWARD), somebody(accounts, house, "Ali")
    house.found()
    assert not run(accounts.deactivate(steward, plain.id, asked=True)).active
    leaf = house.db.read_now(lambda c: log.last_of_kind(c, "account_closed"))
    assert leaf is not None
    assert plain.id not in leaf.body
    persons = select(journal_person.c.member_id).where(journal_person.c.seq == leaf.seq)
    assert set(house.db.read_now(lambda c: c.scalars(persons).all())) == {plain.id, steward.id}
    assert run(accounts.reactivate(steward, plain.id)).active


def test_whoever_was_voted_out_is_not_let_in_again_by_one_person(accounts: Accounts, house: FoundedHouse) -> None:
    steward, plain = somebody(accounts, house, "Odile", Role.STEWARD), somebody(accounts, house, "Ali")
    house.found()
    now_ms = house.clock.now_ms()
    draft = ev.Drafted(
        id=9, author=steward.id, title="x", reason="x", about=ev.Exclusion(member_id=plain.id), profile="persons"
    )

    def voted(connection: Any) -> None:
        record(connection, draft, now_ms)
        record(connection, ev.Excluded(id=9), now_ms)
        connection.execute(update(member).where(member.c.id == plain.id).values(deactivated_ms=now_ms))

    house.db.write_now(voted)
    for by in (steward, None):
        refused(NotAllowed, "excluded_by_vote", accounts.reactivate(by, plain.id))


def test_leaving_oneself_needs_nobody(accounts: Accounts, house: FoundedHouse) -> None:
    somebody(accounts, house, "Odile", Role.OPERATOR)
    plain = somebody(accounts, house, "Ali")
    house.found()
    run(accounts.erase(plain))
    assert not run(accounts.member(plain.id)).active


def test_the_first_administrator_comes_in_whatever_the_rule(accounts: Accounts, house: FoundedHouse) -> None:
    house.found()
    house.decide("membership", MembershipRules(invite="nobody", members_most=1))
    link = run(accounts.first_administrator_link())
    assert link is not None
    assert run(accounts.accept(link.secret, "Odile", PASSWORD, "fr"))[0].role is Role.OPERATOR
