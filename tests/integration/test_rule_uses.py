"""The charter of refused uses at the gate: a suspension and a slowing decided by people are felt in requests."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

from affouage.assembly.rules.uses import UsesRules
from affouage.chat import ChatRequest
from affouage.errors import NotAllowed
from affouage.inference.attempt import Asking
from affouage.pool.ticket import Ticket
from affouage.storage.tables import report, report_decision, sanction
from affouage.web import sentences
from affouage.web.language import language
from tests.integration.voting_house import MARCH_3_MS, VotingHouse, voting_house

DAY_MS = 86_400_000


def sanctioned(house: VotingHouse, kind: str, days: int = 7, percent: int = 100) -> None:
    """As the moderators' decision leaves it: a report decided, and its sanction."""
    until_ms = MARCH_3_MS + days * DAY_MS

    def write(connection: object) -> None:
        execute = connection.execute  # type: ignore[attr-defined]
        execute(
            insert(report).values(
                id="rpt_1",
                created_ms=MARCH_3_MS,
                reporter_id=None,
                subject_id=house.ali.id,
                receipt_id=None,
                place="public",
                charter_line="surveillance",
                words="",
                content="",
                flagged_by="",
                state="decided",
                due_ms=MARCH_3_MS + 15 * DAY_MS,
                appeal="",
                draw_seq=None,
                purge_ms=MARCH_3_MS + 400 * DAY_MS,
            )
        )
        execute(
            insert(report_decision).values(
                report_id="rpt_1",
                step=1,
                decided_by=house.people[1].id,
                outcome=kind,
                reason="Des caméras.",
                at_ms=MARCH_3_MS,
                leaf_seq=4,
            )
        )
        execute(
            insert(sanction).values(
                id="san_1",
                report_id="rpt_1",
                member_id=house.ali.id,
                kind=kind,
                percent=percent,
                from_ms=MARCH_3_MS,
                until_ms=until_ms,
                lifted_ms=None,
            )
        )

    house.live.commons.db.write_now(write)


def test_a_suspended_member_is_told_until_when_why_by_which_decision_and_how_to_appeal(home: Path) -> None:
    with voting_house(home) as house:
        house.found()
        number = house.vote("uses", {"appeal_days": 20})
        sanctioned(house, "suspended")
        told = house.refused(house.ask(), "suspended")
        assert told["status"] == 403
        assert (told["rule"], told["proposal"], told["decided_on"]) == ("uses@1", number, "2027-03-03")
        assert (told["line"], told["decision"], told["page"], told["leaf"]) == (
            "surveillance",
            "rpt_1",
            "/reports/rpt_1",
            4,
        )
        assert told["until_ms"] == MARCH_3_MS + 7 * DAY_MS
        assert told["appeal_until_ms"] == MARCH_3_MS + 15 * DAY_MS
        assert "Watching people" in told["message"]
        assert "Des caméras" not in told["message"], "the reasons are on the page of the person concerned"
        page = house.ask_on_page()
        assert "Vous êtes suspendu jusqu’au 10 mars 2027" in page
        assert "Surveiller des gens" in page
        assert f"vote du 3 mars 2027, proposition n° {number}" in page
        assert "faites appel avant le 18 mars 2027" in page
        house.clock.advance(ms=7 * DAY_MS)
        assert house.receipt(house.ask())["rules"] == ["uses@1"], "every sanction ends"


def test_a_slowed_member_weighs_less_in_its_turn(home: Path) -> None:
    with voting_house(home) as house:
        before = weights(house)
        sanctioned(house, "slower", percent=50)
        assert weights(house) == [before[0] // 2, before[1]]
        assert house.ask().status_code == 200


def weights(house: VotingHouse) -> list[int]:
    """Of Ali's turn and of Béa's."""
    inference, request = house.live.commons.inference, ChatRequest(model="echo", messages=())

    async def ticket(member_id: str) -> Ticket:
        asking = Asking(member_id=member_id, door="api")
        admitted = await inference.admission.consider(asking, request)
        return await inference._turns.ticket(asking, request, "rcp_x", admitted)

    return [house.live.run(ticket(one.id)).weight_percent for one in house.people[:2]]


def test_a_warning_changes_nothing_to_what_is_answered(home: Path) -> None:
    with voting_house(home) as house:
        sanctioned(house, "warning")
        assert house.ask().status_code == 200


def test_a_declared_use_that_the_charter_refuses_is_refused_by_its_line(home: Path) -> None:
    with voting_house(home) as house:
        house.seed("uses", UsesRules())
        asking = Asking(member_id=house.ali.id, door="workshop", workshop="explain", use="military")
        with pytest.raises(NotAllowed) as refused:
            house.live.run(house.live.commons.inference.ask(asking, ChatRequest(model="echo", messages=())))
        told = refused.value
        assert (told.code, told.details["line"], told.details["rule"]) == ("refused_use", "military", "uses@1")
        assert "Serving an army" in told.message
        assert "Servir une armée" in sentences.explain(told, language("fr"))[0]
