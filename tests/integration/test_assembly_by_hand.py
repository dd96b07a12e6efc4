"""What somebody writes in the database by hand is found; whom the assembly forgets is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from affouage.assembly import voices
from affouage.assembly.accounts import Accounts
from affouage.assembly.rules.governance import GovernanceRules
from tests.databases import remains
from tests.integration.assembly_house import NIGHT, AssemblyHouse, assembly_house


@pytest.fixture
def house(home: Path) -> Iterator[AssemblyHouse]:
    with assembly_house(home) as found:
        found.found()
        yield found


_BY_HAND = {
    "a rule": "UPDATE rule_version SET body = replace(body, '23:00', '22:00') WHERE area = 'hours'",
    "a rule taken away": "DELETE FROM rule_version WHERE area = 'hours'",
    "a rule added": "INSERT INTO rule_version SELECT area, 2, in_force_ms, body, decided_by, reason, leaf_seq "
    "FROM rule_version WHERE area = 'hours'",
    "a ballot": "UPDATE vote SET choice = '\"against\"' WHERE poll_id = 1",
    "a ballot taken away": "DELETE FROM vote WHERE rowid = (SELECT max(rowid) FROM vote)",
    "two ballots exchanged": "UPDATE vote SET choice = CASE choice WHEN '\"for\"' THEN '\"against\"' ELSE '\"for\"' "
    "END WHERE voter_id IN (SELECT id FROM member WHERE name IN ('Ali', 'Bea'))",
    "an elector": "UPDATE elector SET member_id = 'somebody' WHERE member_id = (SELECT max(member_id) FROM elector)",
    "an event": "UPDATE assembly_event SET body = replace(body, 'To see', 'To hide') WHERE kind = 'drafted'",
    "an event's time": "UPDATE assembly_event SET at_ms = at_ms - 1 WHERE kind = 'poll_closed'",
    "an event taken away": "DELETE FROM assembly_event WHERE kind = 'cosigned' OR kind = 'advanced'",
    "the last event": "DELETE FROM assembly_event WHERE seq = (SELECT max(seq) FROM assembly_event)",
    "a role": "UPDATE member SET role = 'operator' WHERE name = 'Dan'",
    "a leaf": "UPDATE journal_leaf SET body = replace(body, '\"adopted\"', '\"rejected\"')",
}


@pytest.mark.parametrize("what", sorted(_BY_HAND))
def test_what_is_written_by_hand_is_found(house: AssemblyHouse, what: str) -> None:
    poll = house.to_vote(house.propose("hours", **NIGHT))
    house.vote(poll, odile="for", ali="for", bea="against", chloe="for")
    house.later(20)
    house.later(30)
    assert house.problems() == []
    changed = house.db.write_now(lambda c: c.execute(text(_BY_HAND[what])).rowcount)
    assert changed
    assert house.problems() != []


def test_a_rule_written_by_hand_is_not_applied(house: AssemblyHouse) -> None:
    body = '{"closed_from":"01:00","closed_until":"02:00"}'
    row = f"INSERT INTO rule_version VALUES ('hours', 1, 1, '{body}', 'me', 'why', NULL)"  # noqa: S608 (ours)
    house.db.write_now(lambda c: c.execute(text(row)))
    house.open()
    assert house.charter.in_force("hours").version == 0
    assert house.charter.problems()


def test_erasing_a_person_leaves_the_log_verifiable_and_the_count_as_it_was(house: AssemblyHouse) -> None:
    number = house.propose("hours", **NIGHT)
    house.run(house.assembly.argue(house["ali"], number, "against", "I work at night, in room twelve"))
    poll = house.to_vote(number)
    house.vote(poll, ali="against", odile="for", bea="for")
    house.later(20)
    held = house.db.read_now(lambda c: voices.of_member(c, house["ali"].id))
    assert (held["votes"][0]["choice"], held["arguments"][0]["side"]) == ("against", "against")
    house.run(Accounts(house.db, house.clock).erase(house["ali"]))
    assert house.problems() == []
    (said,) = house.proposal(number).arguments
    assert said.text == ""
    closed = house.state.polls[poll].closed
    assert closed is not None
    assert closed.count["totals"] == {"for": 2, "against": 1}
    assert house.db.read_now(lambda c: voices.of_member(c, house["ali"].id))["votes"] == []
    on_disk = remains(house.path)
    assert b"room twelve" not in on_disk


def test_default_governance_is_version_0_and_valid(house: AssemblyHouse) -> None:
    assert isinstance(house.charter.in_force("governance").value, GovernanceRules)
