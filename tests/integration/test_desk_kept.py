"""What is kept of the desk: deleted by the rule's days, counted for ever, given to members and erased with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from affouage.assembly import desk_held
from affouage.assembly.purging import Purging
from affouage.assembly.rules.retention import DAY_MS, RetentionRules
from affouage.errors import NotFound
from affouage.journal import log
from affouage.storage.tables import desk_draft, desk_event, desk_focus, desk_item, desk_sent
from affouage.workshops.desk.shapes import WorkEvent
from tests.integration.desk_house import ASKED, HERE, WHY, DeskHouse, at_the_desk

ALL = (desk_item, desk_draft, desk_event, desk_sent, desk_focus)


def purging(house: DeskHouse, days: int) -> Purging:
    rules = RetentionRules(desk=days)
    return Purging(house.db, house.clock, lambda: rules, lambda: "retention@2", lambda: 365)


def test_items_go_after_the_days_of_the_rule_with_all_that_hangs_on_them_and_counts_stay(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        sent, waiting = await house.sent(), await house.asked("Une autre, que personne ne prend ?")
        await house.desk.noted_focus(house.ali, sent, 1_000)
        house.clock.advance(ms=5 * DAY_MS)
        await house.desk.complain(house.ali, sent, "C’est faux.")
        work_ = purging(house, 7)
        house.clock.advance(ms=2 * DAY_MS)
        assert (await work_.purge()).get("desk") == 1, "the one that nobody touched for a week"
        with pytest.raises(NotFound):
            await house.seen(waiting)
        assert (await house.seen(sent)).item.errors == 1
        house.clock.advance(ms=5 * DAY_MS)
        assert (await work_.purge()).get("desk") == 1
        assert await work_.purge() == {}, "idempotent"
        assert [house.rows(one) for one in ALL] == [0] * 5
        on_disk = house.home.bytes_on_disk()
        for gone in (ASKED, "que personne ne prend", "rendez-vous"):
            assert gone.encode() not in on_disk, gone
        counts = await house.desk.front.counts()
        assert (counts["received_public"], counts["sent_as_is"], counts["errors_clerk"]) == (2, 1, 1)
        assert await house.desk.front.counts("2031-01") == dict.fromkeys(counts, 0)
        leaf = house.read(lambda c: log.last_of_kind(c, "purged"))
        assert leaf is not None
        assert leaf.public["counts"]["desk"] == "1-4"

    at_the_desk(tmp_path, work)


def test_a_member_is_given_what_they_did_and_takes_their_hours_away(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.held("Mon secret est-il gardé ?")
        house.clock.advance(ms=9_000)
        await house.desk.noted_focus(house.ali, item_id, 9_000)
        await house.send(item_id)
        await house.desk.stop(house.ali, WHY)
        given = (await house.home.accounts.export(house.ali))["desk"]
        assert [one["what"] for one in given["acts"]] == ["taken", "sent_as_is"]
        assert [one["active_ms"] for one in given["focus"]] == [9_000]
        assert given["stops"][0]["reason"] == WHY
        assert "secret" not in json.dumps(given), "what others asked is not theirs"
        assert (await house.home.accounts.export(house.bea))["desk"] == {"acts": [], "focus": [], "stops": []}
        await house.home.accounts.erase(house.ali)
        assert house.rows(desk_focus) == 0
        assert {one.active_ms for one in await house.desk.events_since(0)} == {None}
        assert (await house.desk.switch()).stopped, "still"
        assert WHY.encode() not in house.home.bytes_on_disk()
        (letter,) = (await house.desk.front.pick_up(house.code, address=HERE)).sent
        assert letter.kind == "sent_as_is", "a person read it, and it goes on saying so"

    at_the_desk(tmp_path, work)


def test_what_a_clerk_held_when_they_left_goes_back_to_the_queue(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.held()
        await house.home.accounts.erase(house.ali)
        house.clock.advance(ms=DAY_MS)
        await house.desk.take(house.bea, item_id)
        assert (await house.seen(item_id, "Béa")).item.mine
        assert house.read(lambda c: desk_held.export(c, house.ali.id))["focus"] == []

    at_the_desk(tmp_path, work)


def test_events_of_the_work_are_read_on_from_where_one_was_and_hold_no_word(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        asked = await house.asked()
        house.clock.advance(ms=60_000)
        await house.desk.take(house.ali, asked)
        house.clock.advance(ms=30_000)
        await house.desk.noted_focus(house.ali, asked, 30_000)
        sha256 = (await house.seen(asked)).draft_sha256
        text = "Pour renouveler un passeport, prenez vite rendez-vous dans une mairie équipée."
        await house.desk.send_edited(house.ali, asked, text, draft_sha256=sha256)
        events = await house.desk.events_since(0)
        assert [one.kind for one in events] == ["received", "drafted", "taken", "sent_edited"]
        received, drafted, taken, sent = events
        assert (received.actor_id, drafted.receipt_id, drafted.drafted) == (None, "rcp_1", True)
        assert (taken.wait_ms, taken.actor_id, taken.active_ms) == (60_000, house.ali.id, None)
        assert sent == WorkEvent(
            number=sent.number,
            item_id=asked,
            kind="sent_edited",
            arm="draft",
            at_ms=house.clock.now_ms(),
            actor_id=house.ali.id,
            active_ms=30_000,
            review_ms=30_000,
            edit_words=1,
            sent_words=11,
            drafted=True,
        )
        assert await house.desk.events_since(drafted.number) == [taken, sent]
        assert await house.desk.events_since(drafted.number, 1) == [taken]
        assert await house.desk.events_since(sent.number) == []
        assert "passeport" not in repr(events)

    at_the_desk(tmp_path, work)
