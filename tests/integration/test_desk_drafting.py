"""Drafts in the background: made once, a few at a time, again after a restart; none while the tool is stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from affouage.errors import (
    AllowanceSpent,
    Closed,
    Conflict,
    EngineLoading,
    NotAllowed,
    Unavailable,
)
from affouage.journal import log
from affouage.storage.tables import desk_draft
from affouage.workshops.desk.drafting import AT_ONCE, TRIES_MOST
from tests.integration.accounts_home import refused
from tests.integration.desk_house import ASKED, HERE, LOCAL, WHY, DeskHouse, at_the_desk


async def until(there: Callable[[], object]) -> None:
    """Let the tasks run until it is so."""
    for _ in range(2_000):
        if there():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never came")


def state(house: DeskHouse, item_id: str) -> tuple[str, str]:
    row = house.read(lambda c: c.execute(desk_draft.select().where(desk_draft.c.item_id == item_id)).one())
    return row.state, row.problem


def test_what_comes_is_found_then_drafted_a_few_at_a_time_and_nothing_is_left_running(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        house.sheets.gate = asyncio.Event()
        async with house.desk.running():
            for number in range(5):
                await house.desk.front.ask(f"{ASKED} {number}", address=HERE)
            await until(lambda: house.sheets.at_once == AT_ONCE)
            assert house.sheets.at_once_most == AT_ONCE
            await until(lambda: len(house.sheets.searched) == 5)
            await until(lambda: house.read(lambda c: all(one.found for one in c.execute(desk_draft.select()))))
            for one in await house.desk.queue(house.ali):
                seen = await house.seen(one.id)
                assert seen.item.draft_state == "wanted"
                assert seen.found is not None, "sheets first, behind no generation"
            house.sheets.gate.set()
            await until(lambda: len(house.sheets.seen) == 5 and not house.sheets.at_once)
            await until(lambda: house.read(lambda c: all(one.draft for one in c.execute(desk_draft.select()))))
        assert house.sheets.at_once_most == AT_ONCE
        assert [one.draft_state for one in await house.desk.queue(house.ali)] == ["made"] * 5
        assert len([one for one in asyncio.all_tasks() if one.get_name().startswith(("desk", "draft"))]) == 0

    at_the_desk(tmp_path, work)


def test_a_server_stopped_in_the_middle_drafts_again_and_only_what_is_missing(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        done = await house.asked(f"{ASKED} 1")
        house.sheets.gate = asyncio.Event()
        async with house.desk.running():
            second = (await house.desk.front.ask(f"{ASKED} 2", address=HERE)).item_id
            await until(lambda: house.sheets.at_once)
        assert house.sheets.at_once == 0, "cancelled with the server"
        assert state(house, second) == ("wanted", "")
        house.sheets.gate = None
        house.sheets.seen.clear()
        async with house.another().running():
            await until(lambda: state(house, second)[0] == "made")
        assert house.sheets.seen == [f"{ASKED} 2"]
        assert state(house, done) == ("made", "")
        assert house.sheets.searched.count(f"{ASKED} 2") == 1, "what was found is not looked for again"

    at_the_desk(tmp_path, work)


def test_stopping_stops_what_is_being_written_hides_what_was_and_is_told_in_the_log(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        made = await house.held()
        sha256 = (await house.seen(made)).draft_sha256
        house.sheets.gate = asyncio.Event()
        async with house.desk.running():
            going = (await house.desk.front.ask(f"{ASKED} 2", address=HERE)).item_id
            await until(lambda: house.sheets.at_once)
            told = await house.desk.stop(house.ali, WHY)
            assert (told.stopped, told.by, told.reason) == (True, house.ali.id, WHY)
            await until(lambda: not house.sheets.at_once)
            assert state(house, going)[0] == "stopped"
            hidden = await house.seen(made)
            assert (hidden.draft, hidden.item.draft_state) == (None, "stopped")
            sending = house.desk.send_as_is(house.ali, made, draft_sha256=sha256)
            await refused(sending, Conflict, "desk_no_draft")
            await refused(house.desk.show_draft(house.ali, made), Conflict, "desk_stopped")
            after = (await house.desk.front.ask(f"{ASKED} 3", address=HERE)).item_id
            await until(lambda: state(house, after)[0] == "stopped")
            assert (await house.seen(after)).found is not None, "searching needs no model"
            await house.desk.answer(house.ali, made, "À la main.")
            await refused(house.desk.resume(house.ali, WHY), NotAllowed, "insufficient_role")
            house.sheets.gate.set()
            await house.desk.resume(house.people["Odile"], "Corrigé : on reprend.")
            await until(lambda: state(house, after)[0] == state(house, going)[0] == "made")
        leaves = house.read(
            lambda c: [one.public for kind in ("desk_stopped", "desk_resumed") for one in log.of_kind(c, kind)]
        )
        assert leaves == [{}, {}], "a fact, without who nor why"

    at_the_desk(tmp_path, work)


def test_a_draft_that_comes_out_after_the_stop_is_thrown_away_and_counted(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        house.sheets.gate = asyncio.Event()
        item_id = (await house.desk.front.ask(ASKED, address=HERE)).item_id
        drafting = asyncio.create_task(house.drafted())
        await until(lambda: house.sheets.at_once)
        await house.another(drafts=False).stop(None, WHY)  # from the command line: it cannot cancel
        house.sheets.gate.set()
        await drafting
        assert state(house, item_id) == ("stopped", "")
        assert house.read(lambda c: c.execute(desk_draft.select()).one().draft) is None
        assert [one.receipt_id for one in await house.desk.events_since(0) if one.kind == "drafted"] == ["rcp_1"]

    at_the_desk(tmp_path, work)


def test_what_may_pass_is_tried_again_and_what_may_not_is_said(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        loading = EngineLoading("tiny", progress=0.5, retry_after_s=20)
        house.sheets.refuse = [loading]
        item_id = await house.asked()
        assert state(house, item_id) == ("wanted", "model_loading")
        await house.drafted()
        assert len(house.sheets.seen) == 1, "not before its time"
        house.clock.advance(ms=20_000)
        await house.drafted()
        assert state(house, item_id) == ("made", "")

        house.sheets.refuse = [AllowanceSpent("Spent.", remedy="Wait.")]
        spent = await house.held(f"{ASKED} 2")
        assert state(house, spent) == ("failed", "allowance_spent")
        assert (await house.seen(spent)).draft_problem == "allowance_spent"
        assert house.kinds(spent)[-2:] == ["not_drafted", "taken"]
        await house.desk.show_draft(house.ali, spent)  # asked again
        await house.drafted()
        assert state(house, spent) == ("made", "")

        house.sheets.refuse = [Unavailable("Not now.")] * TRIES_MOST
        given_up = await house.asked(f"{ASKED} 3")
        for _ in range(TRIES_MOST):
            house.clock.advance(ms=900_000)
            await house.drafted()
        assert state(house, given_up) == ("failed", "unavailable")

        house.sheets.refuse = [Closed("Closed.", retry_after_s=8 * 3600)] * (TRIES_MOST + 2)
        night = await house.asked(f"{ASKED} 4")
        for _ in range(TRIES_MOST + 2):
            house.clock.advance(ms=900_000)
            await house.drafted()
        assert state(house, night) == ("made", ""), "a question of the night is drafted in the morning"

    at_the_desk(tmp_path, work)


def test_what_nobody_foresaw_is_noted_without_a_word_of_the_question(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(house: DeskHouse) -> None:
        house.sheets.refuse = [ValueError(f"could not read {ASKED}")]
        item_id = await house.asked()
        assert state(house, item_id) == ("failed", "error")
        await house.desk.take(house.ali, item_id)
        await house.desk.answer(house.ali, item_id, "À la main.")

    with caplog.at_level(logging.DEBUG):
        at_the_desk(tmp_path, work)
    assert "ValueError" in caplog.text
    assert "passeport" not in caplog.text


def test_nothing_is_drafted_without_evidence_nor_for_what_was_answered_meanwhile(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        local = await house.asked(LOCAL)
        assert state(house, local) == ("no_evidence", "")
        assert house.sheets.seen == []
        typed = await house.desk.receive(house.ali, ASKED)
        await house.desk.answer(house.ali, typed.item_id, "Je le sais par cœur.")
        await house.drafted()
        assert house.sheets.seen == []

    at_the_desk(tmp_path, work)
