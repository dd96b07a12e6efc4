"""Reports, decisions, appeals and sanctions on a real database and a real public log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from affouage.assembly.refused_uses import lot, rows
from affouage.assembly.refused_uses.reports import STRANGERS_MAX
from affouage.assembly.refused_uses.sanctions import active_sanction
from affouage.assembly.refused_uses.terms import DAY_MS
from affouage.errors import AffouageError, BadRequest, Conflict, NotAllowed, NotFound, TooMuch
from affouage.journal import log
from tests.integration.accounts_home import refused
from tests.integration.refused_uses_house import LINE, REASON, WHY, House, in_house, leaves

OTHERS = tuple(f"Autre {number}" for number in range(12))


def test_a_report_is_decided_with_reasons_and_logged_without_a_name(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.decided()
        ali, rose, mona = (house.people[name] for name in ("Ali", "Rose", "Mona"))
        sanction = house.read(lambda c: active_sanction(c, ali.id, house.clock.now_ms()))
        assert (sanction.kind, sanction.line, sanction.reason) == ("warning", LINE, REASON)
        assert sanction.until_ms == house.clock.now_ms() + 90 * DAY_MS
        told = leaves(house, "moderation_decision")
        assert told == [
            {"report": report_id, "step": 1, "line": LINE, "outcome": "warning", "rule": "uses@2", "days": 90}
        ]
        public = house.read(lambda c: " ".join(leaf.body for leaf in log.leaves(c)))
        for secret in ("TEXTE MONTRÉ", "raciste", REASON, ali.id, rose.id, mona.id, "Ali", "rcp_0"):
            assert secret not in public
        opened = house.read(lambda c: log.opened(c, sanction.leaf_seq))
        assert opened.private["reason"] == REASON
        assert set(opened.persons) == {ali.id, rose.id, mona.id}

    in_house(tmp_path, work)


def test_the_decision_and_its_leaf_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.reported()
        nothing_read = house.reports.decide(house.people["Mona"], report_id, "warning", REASON)
        await refused(nothing_read, Conflict, "read_first")
        await house.look(report_id)
        await refused(
            house.reports.decide(house.people["Mona"], report_id, "suspended", REASON), BadRequest, "outcome_refused"
        )
        await refused(
            house.reports.decide(house.people["Mona"], report_id, "warning", "non"), BadRequest, "reason_required"
        )
        assert leaves(house, "moderation_decision") == []
        assert house.read(lambda c: rows.sanctions(c, house.people["Ali"].id)) == []

    in_house(tmp_path, work)


def test_who_may_not_decide(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.reported()
        for name, code in (("Rose", "no_mandate"), ("Ali", "no_mandate")):
            await refused(house.reports.decide(house.people[name], report_id, "nothing", REASON), NotAllowed, code)
            await refused(house.reports.queue(house.people[name]), NotAllowed, "no_mandate")
        for name in ("Ali", "Rose"):
            house.mandated.add((house.people[name].id, "moderator"))
            await refused(
                house.reports.decide(house.people[name], report_id, "nothing", REASON), NotAllowed, "judge_and_party"
            )
            await refused(house.reports.read(house.people[name], report_id, WHY), NotAllowed, "judge_and_party")
            await refused(house.reports.case(house.people[name], report_id), NotAllowed, "judge_and_party")
        house.mandated.discard((house.people["Mona"].id, "moderator"))
        await refused(
            house.reports.decide(house.people["Mona"], report_id, "nothing", REASON), NotAllowed, "no_mandate"
        )

    in_house(tmp_path, work)


def test_nobody_decides_twice(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.decided()
        await refused(
            house.reports.decide(house.people["Mona"], report_id, "nothing", REASON), Conflict, "report_state"
        )

    in_house(tmp_path, work)


def test_sanctions_go_up_the_voted_scale_and_end(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        ali = house.people["Ali"]
        for number, kind in enumerate(("warning", "slower", "suspended", "suspended")):
            await house.decided(kind, number=number)
        seen = house.read(lambda c: active_sanction(c, ali.id, house.clock.now_ms()))
        assert (seen.kind, seen.until_ms - seen.from_ms) == ("suspended", 30 * DAY_MS)
        assert seen.page == f"/reports/{seen.report_id}"
        house.clock.advance(ms=30 * DAY_MS)
        later = house.read(lambda c: active_sanction(c, ali.id, house.clock.now_ms()))
        assert later.kind == "warning", "the others are over"
        house.clock.advance(ms=60 * DAY_MS)
        assert house.read(lambda c: active_sanction(c, ali.id, house.clock.now_ms())) is None

    in_house(tmp_path, work)


def test_slower_says_how_much(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        await house.decided("warning")
        await house.decided("slower", number=1)
        seen = await house.reports.sanction(house.people["Ali"].id)
        assert seen is not None
        assert (seen.kind, seen.percent) == ("slower", 50)

    in_house(tmp_path, work)


def test_an_appeal_is_heard_by_a_panel_anybody_can_draw_again(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.decided()
        ali = house.people["Ali"]
        await refused(house.reports.appeal(house.people["Rose"], report_id, REASON), NotAllowed, "not_concerned")
        assert await house.reports.appeal(ali, report_id, "Ce n’était pas mon texte, mais une citation.") == 3
        (draw,) = leaves(house, "panel_draw")
        seated = [seat.member_id for seat in house.read(lambda c: rows.seats(c, report_id))]
        root = house.read(lambda c: log.root(c, draw["log_size"]))
        assert draw["log_root"] == root.hex()
        assert draw["eligible"] == len(OTHERS)
        assert sorted(draw["places"]) == list(lot.places(root, report_id, len(OTHERS), 3))
        eligible = lot.eligible_of(
            [house.people[name].id for name in house.people],
            [house.people[name].id for name in ("Ali", "Rose", "Mona")],
        )
        assert sorted(eligible[place] for place in draw["places"]) == sorted(seated)
        assert draw["log_size"] <= house.read(lambda c: rows.find(c, report_id)).draw_seq, "published before the draw"

        await refused(house.reports.give_opinion(ali, report_id, "overturn", REASON), NotAllowed, "no_seat")
        sitting = [who for who in house.people.values() if who.id in seated]
        await refused(house.reports.give_opinion(sitting[0], report_id, "overturn", REASON), Conflict, "read_first")
        for one in sitting:
            await house.reports.read(one, report_id, WHY)
        await refused(house.reports.give_opinion(sitting[0], report_id, "overturn", ""), BadRequest, "reason_required")
        assert await house.reports.give_opinion(sitting[0], report_id, "overturn", REASON) == "appealed"
        await refused(house.reports.give_opinion(sitting[0], report_id, "uphold", REASON), Conflict, "opinion_given")
        assert house.read(lambda c: active_sanction(c, ali.id, house.clock.now_ms())) is not None, "it goes on"
        assert await house.reports.give_opinion(sitting[1], report_id, "overturn", REASON) == "closed"
        assert house.read(lambda c: active_sanction(c, ali.id, house.clock.now_ms())) is None
        await refused(house.reports.give_opinion(sitting[2], report_id, "uphold", REASON), Conflict, "report_state")
        assert [one["outcome"] for one in leaves(house, "moderation_decision")] == ["warning", "overturned"]
        assert house.read(lambda c: rows.history(c, ali.id))[0].lifted, "what a panel lifted counts no more"

    in_house(tmp_path, work, *OTHERS)


def test_a_panel_that_upholds(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.decided()
        await house.reports.appeal(house.people["Ali"], report_id, REASON)
        seated = {seat.member_id for seat in house.read(lambda c: rows.seats(c, report_id))}
        for who in [one for one in house.people.values() if one.id in seated][:2]:
            await house.reports.read(who, report_id, WHY)
            await house.reports.give_opinion(who, report_id, "uphold", REASON)
        assert await house.reports.sanction(house.people["Ali"].id) is not None
        assert leaves(house, "moderation_decision")[-1]["outcome"] == "warning"

    in_house(tmp_path, work, *OTHERS)


def test_a_panel_that_never_meets_is_for_the_person(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.decided()
        await house.reports.appeal(house.people["Ali"], report_id, REASON)
        house.clock.advance(ms=21 * DAY_MS)
        assert await house.reports.keep_up() == 1
        assert await house.reports.keep_up() == 0
        assert await house.reports.sanction(house.people["Ali"].id) is None
        assert house.read(lambda c: rows.find(c, report_id)).state == "closed"

    in_house(tmp_path, work, *OTHERS)


def test_where_nobody_is_left_to_sit_the_sanction_is_lifted(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.decided()
        assert await house.reports.appeal(house.people["Ali"], report_id, REASON) == 0
        assert await house.reports.sanction(house.people["Ali"].id) is None

    in_house(tmp_path, work)


def test_the_time_to_appeal_ends(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.decided()
        house.clock.advance(ms=15 * DAY_MS)
        await refused(house.reports.appeal(house.people["Ali"], report_id, REASON), Conflict, "report_state")
        assert await house.reports.sanction(house.people["Ali"].id) is not None, "the decision stands"

    in_house(tmp_path, work, *OTHERS)


def test_a_report_nobody_decides_closes_without_a_sanction(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.reported()
        await house.look(report_id)
        house.clock.advance(ms=30 * DAY_MS)
        await refused(
            house.reports.decide(house.people["Mona"], report_id, "warning", REASON), Conflict, "report_state"
        )
        assert leaves(house, "moderation_decision")[0]["outcome"] == "undecided"

    in_house(tmp_path, work)


def test_reporting_ones_own_answer_sanctions_nobody(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        ali = house.people["Ali"]
        report_id = await house.reports.file(ali, receipt_id="rcp_1", line=LINE, words="Le modèle a dérapé.")
        await house.look(report_id)
        (reading,) = await house.reports.readings_of(ali)
        assert reading.reader == "Mona", "what was read is their own answer"
        await refused(
            house.reports.decide(house.people["Mona"], report_id, "warning", REASON), BadRequest, "outcome_refused"
        )
        await house.reports.decide(house.people["Mona"], report_id, "noted", REASON)
        assert await house.reports.sanction(ali.id) is None

    in_house(tmp_path, work)


def test_what_a_report_must_hold(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        rose = house.people["Rose"]
        wrong: tuple[tuple[dict[str, Any], type[AffouageError], str], ...] = (
            ({"line": "nothing-such"}, BadRequest, "report_line"),
            ({"words": "  "}, BadRequest, "report_words"),
            ({"content": "x" * 20_001}, BadRequest, "report_content"),
            ({"receipt_id": "rcp_none"}, NotFound, "reported_receipt"),
        )
        for more, kind, code in wrong:
            await refused(house.reported(**more), kind, code)
        await refused(
            house.reports.file(None, receipt_id="", line=LINE, words="x", address="10.0.0.1"),
            BadRequest,
            "report_receipt",
        )
        assert await house.reports.file(rose, receipt_id="", line=LINE, words="Une affiche, place du marché.")

    in_house(tmp_path, work)


def test_strangers_cannot_flood_the_moderators(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        for _ in range(STRANGERS_MAX):
            await house.reports.file(None, receipt_id="rcp_0", line=LINE, words="x", address="10.0.0.1")
        flood = house.reports.file(None, receipt_id="rcp_0", line=LINE, words="x", address="10.0.0.1")
        error = await refused(flood, TooMuch, "too_many_reports")
        assert isinstance(error, TooMuch)
        assert 0 < error.retry_after_s <= 900
        await house.reports.file(None, receipt_id="rcp_0", line=LINE, words="x", address="10.0.0.2")
        house.clock.advance(ms=900_000)
        await house.reports.file(None, receipt_id="rcp_0", line=LINE, words="x", address="10.0.0.1")

    in_house(tmp_path, work)


def test_a_guard_model_flags_when_a_rule_names_it_and_never_decides(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        flag = {"receipt_id": "rcp_0", "line": LINE, "words": "score 0.97"}
        await refused(house.reports.flag("garde", **flag), NotAllowed, "guard_not_admitted")
        house.guard = "garde"
        report_id = await house.reports.flag("garde", **flag)
        one = house.read(lambda c: rows.find(c, report_id))
        assert (one.flagged_by, one.state, one.content, one.reporter_id) == ("garde", "open", "", None)
        assert house.read(lambda c: rows.decisions(c, report_id)) == []
        assert await house.reports.sanction(house.people["Ali"].id) is None
        await house.look(report_id)
        await house.reports.decide(house.people["Mona"], report_id, "nothing", REASON)

    in_house(tmp_path, work)


def test_nothing_is_read_without_a_reason_that_the_person_will_see(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.reported()
        mona, ali = house.people["Mona"], house.people["Ali"]
        (queued,) = await house.reports.queue(mona)
        assert (queued.id, queued.shows_text, queued.party) == (report_id, True, False)
        case = await house.reports.case(mona, report_id)
        assert case.opened is None
        assert "TEXTE" not in repr(case)
        await refused(house.reports.read(mona, report_id, "pour voir"), BadRequest, "reading_reason")
        await house.reports.read(mona, report_id, WHY)
        opened = (await house.reports.case(mona, report_id)).opened
        assert opened is not None
        assert (opened.content, opened.subject) == ("TEXTE MONTRÉ", "Ali")
        (reading,) = await house.reports.readings_of(ali)
        assert (reading.reader, reading.what, reading.record, reading.reason) == ("Mona", "report", report_id, WHY)
        assert leaves(house, "sensitive_reading") == [{"reading": reading.id, "what": "report"}]
        house.clock.advance(ms=3_600_000)
        assert (await house.reports.case(mona, report_id)).opened is None, "an hour later, a reason again"

    in_house(tmp_path, work)


def test_the_person_concerned_sees_the_decision_and_never_who_reported(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.reported()
        ali, rose, other = house.people["Ali"], house.people["Rose"], house.people["Autre 1"]
        assert await house.reports.mine(ali) == []
        await refused(house.reports.one(ali, report_id), NotFound, "report_not_found")
        await house.look(report_id)
        await house.reports.decide(house.people["Mona"], report_id, "warning", REASON)
        mine, case = await house.reports.one(ali, report_id)
        assert (mine.part, mine.decisions[0].reason, case) == ("concerned", REASON, None)
        assert mine.may_appeal_until_ms is not None
        assert rose.id not in repr(mine)
        theirs, _ = await house.reports.one(rose, report_id)
        assert (theirs.part, theirs.decisions[0].outcome, theirs.decisions[0].reason) == ("reporter", "warning", "")
        assert theirs.sanction is None
        await refused(house.reports.one(other, report_id), NotFound, "report_not_found")

    in_house(tmp_path, work, *OTHERS)
