"""The rule of machines at work: who invites one, who approves it, how many, how far trusted; with its real keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from affouage.adapters import joining
from affouage.assembly.member import Role
from affouage.errors import AffouageError, Conflict, NotAllowed
from affouage.pool.machine_rules import MachineRules
from affouage.web.language import language
from affouage.web.sentences import explain
from tests.integration.accounts_home import refused
from tests.integration.enrolment_house import House, code_of, on_house
from tests.integration.founded import FoundedHouse


def decided(place: House, rules: MachineRules, proposal: int = 12) -> FoundedHouse:
    house = FoundedHouse(place.home.database, place.clock)
    if not house.charter.founded:
        house.found()
    house.decide("machines", rules, number=proposal)
    return house


def names_vote(error: AffouageError, proposal: int = 12) -> None:
    assert error.details["proposal"] == proposal
    assert error.details["rule"].startswith("machines@")
    for code in ("fr", "en"):
        message, remedy = explain(error, language(code))
        assert "{" not in message + remedy
        assert error.code == "insufficient_role" or str(proposal) in message


def test_a_member_invites_their_own_machine_and_nobody_elses_when_the_rule_says_so(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        zoe, ali = await place.home.joined("Zoé"), await place.home.joined("Ali")
        await refused(place.enrolment.invite(zoe, zoe), NotAllowed, "insufficient_role")
        decided(place, MachineRules(enrol="member"))
        assert (await place.enrolment.invite(zoe, zoe)).owner_id == zoe.id
        names_vote(await refused(place.enrolment.invite(zoe, ali), NotAllowed, "insufficient_role"))
        await refused(place.enrolment.invite(zoe, None), NotAllowed, "insufficient_role")
        decided(place, MachineRules(enrol="steward"), 13)
        names_vote(await refused(place.enrolment.invite(zoe, zoe), NotAllowed, "insufficient_role"), 13)

    on_house(tmp_path, work)


def test_nobody_enrols_any_more_not_even_by_command_or_with_an_invitation_from_before(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        ines = await place.home.joined("Inès", Role.STEWARD)
        secret = await place.invited()
        kept = await place.joined("déjà là")
        house = decided(place, MachineRules(enrol="nobody"))
        for by in (ines, None):
            names_vote(await refused(place.enrolment.invite(by, None), NotAllowed, "enrol_closed"))
        assert await code_of(joining.ask(place.machine("neuve", "vm-9"), secret, place.clock)) == "enrol_closed"
        assert (await place.enrolment.approve(ines, kept.node_id)).serves, "what asked before is still decided"
        house.decide("machines", MachineRules())
        assert (await joining.ask(place.machine("neuve", "vm-9"), secret, place.clock)).state == "asked"

    on_house(tmp_path, work)


def test_an_invited_machine_serves_at_once_when_the_rule_says_so_but_not_wider_than_it_allows(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        zoe = await place.home.joined("Zoé")
        house = decided(place, MachineRules(approval="none"))
        at_once = await place.joined("grenier", zoe)
        assert at_once.state == "approved"
        record = await place.enrolment.record(at_once.node_id)
        assert (record.serves, record.trust) == (True, 2)
        assert (await place.joined("du collectif")).state == "asked", "the collective's own is looked at"
        house.decide("machines", MachineRules(approval="none", widest_trust="collective"))
        assert (await place.joined("cave", zoe)).state == "asked"

    on_house(tmp_path, work)


def test_trust_is_capped_for_everybody(tmp_path: Path) -> None:
    async def work(place: House) -> None:
        zoe, ines = await place.home.joined("Zoé"), await place.home.joined("Inès", Role.STEWARD)
        asked = await place.joined("atelier", zoe)
        house = decided(place, MachineRules(widest_trust="trusted"))
        for by in (ines, None):
            names_vote(await refused(place.enrolment.approve(by, asked.node_id, 3), NotAllowed, "trust_capped"))
        assert (await place.enrolment.approve(ines, asked.node_id)).trust == 2
        house.decide("machines", MachineRules(widest_trust="everyone"))
        assert (await place.enrolment.approve(ines, asked.node_id, 3)).trust == 3

    on_house(tmp_path, work)


@pytest.mark.parametrize("most", [1, 2])
def test_so_many_machines_a_member(tmp_path: Path, most: int) -> None:
    async def work(place: House) -> None:
        zoe, ines = await place.home.joined("Zoé"), await place.home.joined("Inès", Role.STEWARD)
        late = await place.invited(zoe)
        decided(place, MachineRules(per_member=most))
        mine = [await place.joined(f"machine {number}", zoe) for number in range(most)]
        names_vote(await refused(place.enrolment.invite(ines, zoe), Conflict, "machines_full"))
        assert await code_of(joining.ask(place.machine("de trop", "vm-8"), late, place.clock)) == "machines_full"
        assert (await place.joined("du collectif")).state == "asked"
        await place.enrolment.revoke(zoe, mine[0].node_id)
        assert (await joining.ask(place.machine("de trop", "vm-8"), late, place.clock)).state == "asked"

    on_house(tmp_path, work)
