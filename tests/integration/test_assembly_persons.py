"""Mandates, exclusions, secret ballots and emergencies, on a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from affouage.assembly.decisions import events as ev
from affouage.errors import BadRequest, Conflict, NotAllowed
from tests.integration.assembly_house import DAY, GOVERNANCE, NIGHT, QUICK, AssemblyHouse, assembly_house, refused


@pytest.fixture
def house(home: Path) -> Iterator[AssemblyHouse]:
    with assembly_house(home) as found:
        found.found()
        yield found


def test_mandates_are_voted_end_by_themselves_and_are_taken_back(house: AssemblyHouse) -> None:
    give = ev.MandateGiven(member_id=house["ali"].id, scope="steward", days=30)
    number = house.run(house.assembly.propose(house["bea"], "Ali steward", "Knows us", give))
    poll = house.to_vote(number)
    house.vote(poll, odile="for", ali="for", bea="for")
    house.later(20)
    house.later(30)
    mandate = next(one for one in house.state.mandates.values() if one.scope == "steward")
    assert _role(house, "ali") == "steward"
    house.later(30 * 24 * 60)
    assert (house.state.mandates[mandate.id].why, _role(house, "ali")) == ("expired", "member")
    assert house.problems() == []


def test_the_last_operator_goes_on_until_another_has_the_mandate(house: AssemblyHouse) -> None:
    house.later(60 * 24 * 365 * 4)
    assert _role(house, "odile") == "operator"
    give = ev.MandateGiven(member_id=house["ali"].id, scope="operator", days=30)
    poll = house.to_vote(house.run(house.assembly.propose(house["bea"], "Ali", "It is time", give)))
    house.vote(poll, ali="for", bea="for", dan="for")
    house.later(20)
    house.later(30)
    house.later(1)
    assert (_role(house, "ali"), _role(house, "odile")) == ("operator", "member")
    assert house.problems() == []


def test_an_exclusion_closes_the_account_and_its_subject_does_not_vote_on_it(house: AssemblyHouse) -> None:
    about = ev.Exclusion(member_id=house["dan"].id)
    poll = house.to_vote(house.run(house.assembly.propose(house["bea"], "Dan", "As told", about)))
    assert refused(lambda: house.vote(poll, dan="against")).code == "not_elector"
    house.vote(poll, odile="for", ali="for", bea="for")
    house.later(20)
    house.later(30)
    left = house.db.read_now(lambda c: c.execute(text("SELECT deactivated_ms FROM member WHERE name = 'Dan'")).scalar())
    assert left == house.clock.now_ms()
    assert house.problems() == []


def test_detached_ballots_have_no_link_and_are_refused_to_a_group_too_small(home: Path) -> None:
    secret = msgspec.structs.replace(GOVERNANCE, persons=msgspec.structs.replace(QUICK, secrecy="detached"))
    with assembly_house(home, names="odile ali bea chloe dan eve") as house:
        house.found(secret)
        give = ev.MandateGiven(member_id=house["ali"].id, scope="moderator", days=30)
        poll = house.to_vote(house.run(house.assembly.propose(house["bea"], "Ali", "Fair", give)))
        receipts = [house.run(house.assembly.cast(house[one], poll, "for")) for one in ("odile", "ali", "bea", "dan")]
        receipts.append(house.run(house.assembly.cast(house["eve"], poll, "against")))
        assert refused(lambda: house.vote(poll, ali="against"), Conflict).code == "voted_already"
        rows = house.db.read_now(lambda c: c.execute(text("SELECT * FROM detached_ballot")).mappings().all())
        assert set(rows[0]) == {"poll_id", "id", "college", "choice"}, "neither voter nor time"
        columns = house.db.read_now(lambda c: c.execute(text("SELECT * FROM roll_entry")).mappings().all())
        assert set(columns[0]) == {"poll_id", "voter_id"}
        assert refused(lambda: house.run(house.assembly.ballots(poll)), Conflict).code == "poll_open"
        house.later(20)
        closed = house.state.polls[poll].closed
        assert closed is not None
        assert closed.ballots is not None
        assert [one for one, _ in closed.ballots] == sorted(receipts), "each finds their own"
        assert house.problems() == []


def test_too_few_secret_ballots_are_not_counted_and_not_kept(home: Path) -> None:
    secret = msgspec.structs.replace(GOVERNANCE, persons=msgspec.structs.replace(QUICK, secrecy="detached"))
    with assembly_house(home) as house:
        house.found(secret)
        give = ev.MandateGiven(member_id=house["ali"].id, scope="moderator", days=30)
        poll = house.to_vote(house.run(house.assembly.propose(house["bea"], "Ali", "Fair", give)))
        house.vote(poll, odile="for", ali="for")
        house.later(20)
        assert (house.proposal(1).state, house.proposal(1).cause) == ("no_quorum", "too_few_for_secrecy")
        assert house.db.read_now(lambda c: c.execute(text("SELECT count(*) FROM detached_ballot")).scalar()) == 0
        assert house.problems() == []
    with assembly_house(home.with_name("four"), names="odile ali bea chloe dan eve") as house:
        house.found(secret)
        about = ev.Exclusion(member_id=house["chloe"].id)
        number = house.run(house.assembly.propose(house["bea"], "Chloe", "As told", about))
        house.run(house.assembly.set_standing(None, house["dan"].id, "", False))
        again = house.assembly.propose(house["bea"], "Chloe", "As told", about)
        assert refused(lambda: house.run(again), Conflict).code == "too_few_for_secrecy"
        house.later(10)
        house.later(5)
        assert (house.proposal(number).state, house.proposal(number).cause) == ("rejected", "too_few_for_secrecy")


def _emergency_mandate(house: AssemblyHouse, who: str) -> None:
    give = ev.MandateGiven(member_id=house[who].id, scope="emergency", days=90)
    poll = house.to_vote(house.run(house.assembly.propose(house["bea"], who, "Quick", give)))
    house.vote(poll, odile="for", ali="for", bea="for")
    house.later(20)
    house.later(30)


def test_an_emergency_suspends_for_some_days_and_is_put_to_the_vote_at_once(house: AssemblyHouse) -> None:
    take = house.assembly.emergency(house["ali"], "local_only", "", "A leak", 3)
    assert refused(lambda: house.run(take), NotAllowed).code == "no_emergency_mandate"
    _emergency_mandate(house, "ali")
    take = house.assembly.emergency(house["ali"], "local_only", "", "A leak", 15)
    assert refused(lambda: house.run(take), BadRequest)
    take = house.assembly.emergency(house["ali"], "open_the_doors", "", "x", 3)
    assert refused(lambda: house.run(take), BadRequest).code == "emergency_measure"
    number = house.run(house.assembly.emergency(house["ali"], "local_only", "", "A leak", 3))
    in_force = house.charter.in_force("confidentiality")
    assert (in_force.value.most, in_force.suspended) == ("local", (number,))
    assert house.state.proposals[2].state == "voting", "its ratification is voted on at once"
    house.clock.advance(ms=3 * DAY)
    assert house.charter.in_force("confidentiality").value.most == "everyone", "it ends by itself"
    house.later(0)
    again = house.assembly.emergency(house["ali"], "local_only", "", "Again", 3)
    assert refused(lambda: house.run(again), Conflict).code == "emergency_renewal"
    assert house.problems() == []


@pytest.mark.parametrize(("choice", "most"), [("for", "local"), ("against", "everyone")])
def test_the_vote_on_an_emergency_makes_it_the_rule_or_ends_it(house: AssemblyHouse, choice: str, most: str) -> None:
    _emergency_mandate(house, "ali")
    house.run(house.assembly.emergency(house["ali"], "local_only", "", "A leak", 3))
    poll = house.proposal(2).poll_id or 0
    house.vote(poll, odile=choice, bea=choice, dan=choice)
    house.later(20)
    house.later(1)
    in_force = house.charter.in_force("confidentiality")
    assert (in_force.value.most, in_force.suspended) == (most, ())
    assert house.problems() == []


def _role(house: AssemblyHouse, name: str) -> str:
    query = text("SELECT role FROM member WHERE name = :name")
    return str(house.db.read_now(lambda c: c.execute(query, {"name": name.title()}).scalar()))


def test_colleges_weigh_and_who_is_in_none_does_not_vote(home: Path) -> None:
    rules = msgspec.structs.replace(GOVERNANCE, colleges={"users": 50, "workers": 50})
    with assembly_house(home, names="odile ali bea chloe dan") as house:
        house.found(rules)
        for name, college in (("odile", "users"), ("ali", "users"), ("bea", "users"), ("chloe", "workers")):
            house.run(house.assembly.set_standing(None, house[name].id, college, True))
        unknown = house.assembly.set_standing(None, house["dan"].id, "elders", True)
        assert refused(lambda: house.run(unknown), BadRequest)
        poll = house.to_vote(house.propose("hours", **NIGHT))
        assert house.state.polls[poll].opened.electors == {"users": 3, "workers": 1}
        assert refused(lambda: house.vote(poll, dan="for")).code == "not_elector"
        house.vote(poll, odile="for", ali="for", bea="for", chloe="against")
        house.later(20)
        assert house.proposal(1).cause == "tie_rejected", "three against one are half against half"
        assert house.problems() == []


def test_a_vote_without_any_elector_is_a_rejection_that_says_so(home: Path) -> None:
    with assembly_house(home) as house:
        house.found()
        for who in house.people.values():
            house.run(house.assembly.set_standing(None, who.id, "", False))
        house.propose("hours", **NIGHT)
        house.later(10)
        house.later(5)
        assert (house.proposal(1).state, house.proposal(1).cause) == ("rejected", "no_electors")
        assert house.problems() == []


def test_a_choice_among_several_is_recorded_with_its_winner(house: AssemblyHouse) -> None:
    about = ev.Choice(options=("The blue poster", "The red one", "The photograph"))
    poll = house.to_vote(house.run(house.assembly.propose(house["ali"], "Which poster?", "For May", about)))
    for name, grades in (("odile", (5, 1, 4)), ("ali", (4, 2, 5)), ("bea", (1, 5, 4))):
        choice = {**{str(n): grade for n, grade in enumerate(grades)}, "none": 0}
        house.run(house.assembly.cast(house[name], poll, choice))
    house.later(20)
    closed = house.state.polls[poll].closed
    assert closed is not None
    assert (closed.outcome, closed.winner) == ("adopted", "2"), "the photograph: good for all"
    house.later(30)
    assert house.proposal(1).state == "in_force"
    assert house.problems() == []
    one_only = ev.Choice(options=("Alone",))
    assert refused(lambda: house.run(house.assembly.propose(house["ali"], "t", "r", one_only)), BadRequest)
