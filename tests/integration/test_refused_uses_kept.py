"""What is kept of reports: counts in the log, deletion in time, one's own data given and erased."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from affouage.assembly.refused_uses import rows
from affouage.assembly.refused_uses.terms import DAY_MS
from affouage.errors import NotFound
from affouage.journal import log
from tests.integration.refused_uses_house import REASON, WHY, House, in_house, leaves

OTHERS = tuple(f"Autre {number}" for number in range(12))


def test_months_are_published_once_and_small_groups_are_merged(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        month = house.calendar.day(house.clock.now_ms())[:7]
        for _ in range(7):
            await house.decided("noted")
            house.clock.advance(ms=60_000)
        for _ in range(2):
            await house.decided("nothing")
        counted = await house.reports.counts(month)
        assert counted.decisions == 9
        assert [(one.line, one.outcome, one.decisions) for one in counted.rows] == [("others", "others", 9)]
        await house.reports.tidy()
        assert leaves(house, "moderation_counts") == [], "the month is not over"
        house.clock.advance(ms=40 * DAY_MS)
        await house.reports.tidy()
        await house.reports.tidy()
        (told,) = leaves(house, "moderation_counts")
        assert (told["month"], told["decisions"]) == (month, 9)

    in_house(tmp_path, work)


def test_old_reports_are_deleted_and_the_log_goes_on_telling_the_counts(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        ids = [await house.decided("warning")] + [await house.decided("noted") for _ in range(5)]
        month = house.calendar.day(house.clock.now_ms())[:7]
        assert house.read(lambda c: rows.find(c, ids[0])).content, "until it is closed, for an appeal"
        assert not house.read(lambda c: rows.find(c, ids[1])).content, "closed: what was shown is gone"
        house.clock.advance(ms=15 * DAY_MS)
        await house.reports.tidy()
        house.clock.advance(ms=180 * DAY_MS)
        await house.reports.tidy()
        for one in ids:
            with pytest.raises(NotFound):
                house.read(partial(rows.find, report_id=one))
        assert len(house.read(lambda c: rows.history(c, house.people["Ali"].id))) == 1, "it counts for a year"
        house.clock.advance(ms=365 * DAY_MS)
        await house.reports.tidy()
        assert house.read(lambda c: rows.history(c, house.people["Ali"].id)) == []
        assert (await house.reports.counts(month)).decisions == 6

    in_house(tmp_path, work)


def test_ones_own_data_is_given_and_erased(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.decided()
        ali, rose = house.people["Ali"], house.people["Rose"]
        await house.reports.appeal(ali, report_id, "Une citation, pour un cours d’histoire.")
        seated = house.read(lambda c: rows.seats(c, report_id))
        sitting = next(who for who in house.people.values() if who.id == seated[0].member_id)
        await house.reports.read(sitting, report_id, WHY)
        exported = await house.home.accounts.export(ali)
        told = json.dumps(exported, ensure_ascii=False)
        for mine in (REASON, "cours d’histoire", "warning", WHY):
            assert mine in told
        for theirs in (rose.id, sitting.id, "TEXTE MONTRÉ", "C’est raciste"):
            assert theirs not in told
        made = await house.home.accounts.export(rose)
        assert made["refused_uses"]["reports_made"][0]["content"] == "TEXTE MONTRÉ"
        before = house.read(log.root)
        await house.home.accounts.erase(ali)
        on_disk = house.home.bytes_on_disk()
        for gone in (REASON, "cours d’histoire", "TEXTE MONTRÉ", WHY):
            assert gone.encode() not in on_disk, gone
        assert house.read(lambda c: log.root(c, None)) == before, "the log still holds"
        with pytest.raises(NotFound):
            house.read(lambda c: rows.find(c, report_id))

    in_house(tmp_path, work, *OTHERS)


def test_a_reporter_who_leaves_takes_their_name_away_not_the_report(tmp_path: Path) -> None:
    async def work(house: House) -> None:
        report_id = await house.reported()
        rose = house.people["Rose"]
        await house.home.accounts.erase(rose)
        one = house.read(lambda c: rows.find(c, report_id))
        assert one.reporter_id is None
        assert rose.id not in repr(one)

    in_house(tmp_path, work)
