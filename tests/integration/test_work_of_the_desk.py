"""What the work ledger hears of the desk: real questions, real reviews, the real ledger of receipts."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from affouage.ledger.ledger import Ledger
from affouage.workshop_room import DeskTasks
from affouage.workshops.desk.rules import DeskRules
from affouage.workshops.work.task import TaskDone
from tests.integration.books import a_receipt
from tests.integration.desk_house import DeskHouse, at_the_desk

EVER = 10**15
OWN = "Prenez rendez-vous en mairie, avec une photo et votre ancien passeport."


class Heard:
    """A desk, and what is heard of it."""

    def __init__(self, house: DeskHouse) -> None:
        self.house = house
        self.tasks = DeskTasks(house.desk, house.db)

    async def worked(self, item_id: str, minutes: int, by: str = "Ali") -> None:
        """So many minutes, of which the page in focus tells a minute at a time; a quarter of them nobody was there."""
        for minute in range(minutes):
            self.house.clock.advance(ms=60_000)
            await self.house.desk.noted_focus(self.house.people[by], item_id, 45_000 if minute % 2 else 60_000)

    async def last(self) -> TaskDone:
        return (await self.tasks(0, EVER))[-1]


@pytest.mark.parametrize("how", ["as_is", "edited", "own", "referred"])
def test_each_review_is_a_task(tmp_path: Path, how: str) -> None:
    async def work(house: DeskHouse) -> None:
        heard = Heard(house)
        receipt = a_receipt("rcp_1", "m_commons")
        await Ledger(house.db, house.clock).settle(receipt, b"s" * 16)
        item_id = await house.asked()
        house.clock.advance(ms=30_000)
        await house.desk.take(house.ali, item_id)
        await heard.worked(item_id, 4)
        seen = await house.seen(item_id)
        if how == "as_is":
            await house.desk.send_as_is(house.ali, item_id, draft_sha256=seen.draft_sha256)
        elif how == "edited":
            text = f"{seen.draft.text} Merci." if seen.draft else ""
            await house.desk.send_edited(house.ali, item_id, text, draft_sha256=seen.draft_sha256)
        elif how == "own":
            await house.desk.answer(house.ali, item_id, OWN)
        else:
            await house.desk.refer(house.ali, item_id, "Demandez au guichet des passeports.")
        told = await heard.last()
        assert (told.task_type, told.worker, told.arm) == ("desk_question", house.ali.id, "draft")
        assert (told.active_ms, told.review_ms, told.wait_ms) == (210_000, 240_000, 30_000)
        assert told.fate == {"as_is": "kept", "edited": "edited"}.get(how, "thrown")
        assert (told.edit_ratio is not None) == (how == "edited")
        if told.edit_ratio is not None:
            assert 0 < told.edit_ratio < 0.2, "a word of a dozen"
        assert receipt.energy.interval_uj is not None
        assert told.energy_uj == receipt.energy.interval_uj.central
        assert not told.reworks
        assert await heard.tasks(0, told.done_ms) == ()
        assert await heard.tasks(0, told.done_ms + 1) == (told,)
        (cut,) = await heard.tasks(told.done_ms, told.done_ms + 1)
        assert (cut.active_ms, cut.wait_ms) == (told.active_ms, None), "it was taken before"
        assert msgspec.json.encode(told).count(b"passeport") == 0, "never a word of anybody"

    at_the_desk(tmp_path, work)


def test_what_comes_after_a_blind_draft_was_shown_is_no_work_without_one(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        heard = Heard(house)
        house.rules = DeskRules(blind_percent=50, public_open=True)
        blind = ""
        while not blind:
            item_id = await house.held()
            if (await house.seen(item_id)).item.arm == "blind":
                blind = item_id
        await heard.worked(blind, 2)
        await house.desk.write_first(house.ali, blind, OWN)
        await house.desk.show_draft(house.ali, blind)
        await house.drafted()
        await heard.worked(blind, 6)
        await house.desk.answer(house.ali, blind, OWN)
        told = await heard.last()
        assert (told.arm, told.active_ms) == ("blind", 105_000)
        other = ""
        while not other:
            item_id = await house.held()
            if (await house.seen(item_id)).item.arm == "blind":
                other = item_id
        await heard.worked(other, 4)
        await house.desk.write_first(house.ali, other, OWN)
        await house.desk.answer(house.ali, other, OWN)
        told = await heard.last()
        assert (told.arm, told.active_ms, told.fate, told.energy_uj) == ("blind", 210_000, "none", 0)

    at_the_desk(tmp_path, work)


def test_several_hands_are_added_and_a_correction_counts_its_own_time(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        heard = Heard(house)
        item_id = await house.held()
        await heard.worked(item_id, 2)
        await house.desk.release(house.ali, item_id)
        await house.desk.take(house.bea, item_id)
        await heard.worked(item_id, 4, by="Béa")
        await house.desk.answer(house.bea, item_id, OWN)
        first = await heard.last()
        assert (first.worker, first.active_ms) == (house.bea.id, 105_000 + 210_000)
        await house.desk.complain(house.bea, item_id, "Ce n’est plus vrai.")
        await house.desk.take(house.ali, item_id)
        await heard.worked(item_id, 2)
        await house.desk.open_passage(house.ali, item_id, "public/F1/1")
        await house.desk.correct(house.ali, item_id, f"{OWN} Et un timbre.")
        again = await heard.last()
        assert (again.reworks, again.worker, again.active_ms, again.wait_ms) == (True, house.ali.id, 105_000, None)
        assert len(await heard.tasks(0, EVER)) == 2
        assert await DeskTasks(house.desk, house.db)(0, EVER) == await heard.tasks(0, EVER), (
            "read again, it is the same"
        )

    at_the_desk(tmp_path, work)


def test_a_page_that_tells_nothing_is_no_time(tmp_path: Path) -> None:
    """Without scripts nobody knows how long it took: unknown, not 0."""

    async def work(house: DeskHouse) -> None:
        heard = Heard(house)
        item_id = await house.held()
        house.clock.advance(ms=300_000)
        await house.desk.answer(house.ali, item_id, OWN)
        told = await heard.last()
        assert (told.active_ms, told.review_ms, told.energy_uj) == (None, 300_000, None)

    at_the_desk(tmp_path, work)
