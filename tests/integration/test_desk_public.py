"""The public's side of the desk: closed unless voted, without an account, counted, masked, never logged."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from affouage.errors import BadRequest, Closed, Conflict, NotFound, TooMuch
from affouage.storage.tables import desk_item
from affouage.workshops.desk.cases import MINUTE_MS
from affouage.workshops.desk.rules import DeskRules
from tests.integration.accounts_home import refused
from tests.integration.desk_house import ASKED, HERE, DeskHouse, at_the_desk

NIR, IBAN = "2 84 05 88 051 001 74", "FR76 3000 6000 0112 3456 7890 189"


def test_the_door_is_shut_until_the_rule_opens_it(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        house.rules = DeskRules()
        assert not house.desk.front.open
        await refused(house.desk.front.ask(ASKED, address=HERE), Closed, "desk_closed")
        assert house.rows(desk_item) == 0

    at_the_desk(tmp_path, work)


@pytest.mark.incident("unbounded-use")
def test_so_many_from_one_network_so_many_waiting_in_all(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        house.rules = DeskRules(public_open=True, public_most=2, public_waiting_most=4)
        front = house.desk.front
        for address in ("10.0.0.1", "10.0.0.1", "2001:db8::1", "2001:db8::2"):
            await front.ask(ASKED, address=address)
        await refused(front.ask(ASKED, address="10.0.0.9"), TooMuch, "desk_full")
        await house.desk.receive(house.ali, "Une personne est là.")
        for one in await house.desk.queue(house.bea):
            if one.origin == "public":
                await house.desk.take(house.bea, one.id)
                await house.desk.refer(house.bea, one.id, "Voyez avec la préfecture.")
        for address in ("10.0.0.1", "2001:db8::3"):
            often = await refused(front.ask(ASKED, address=address), TooMuch, "desk_often")
            assert isinstance(often, TooMuch)
            assert often.retry_after_s == 900
        house.clock.advance(ms=15 * MINUTE_MS)
        await front.ask(ASKED, address="10.0.0.1")

    at_the_desk(tmp_path, work)


@pytest.mark.parametrize(
    ("question", "code"),
    [("", "desk_question_empty"), (" \x00\n", "desk_question_empty"), ("a" * 20_000, "desk_question_long")],
)
def test_what_is_no_question_is_refused_and_not_counted(tmp_path: Path, question: str, code: str) -> None:
    async def work(house: DeskHouse) -> None:
        house.rules = DeskRules(public_open=True, public_most=1)
        for _ in range(3):
            await refused(house.desk.front.ask(question, address=HERE), BadRequest, code)
        await house.desk.front.ask("هل يمكنني تجديد جواز سفري؟", address=HERE)

    at_the_desk(tmp_path, work)


def test_personal_data_is_masked_before_it_is_kept_and_the_code_is_kept_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(house: DeskHouse) -> None:
        words = f"Ma carte vitale {NIR} et mon compte {IBAN} sont-ils à jour ?"
        received = await house.desk.front.ask(words, address=HERE, contact="  06 12   34 56 78 ")
        assert received.masked == ("nir", "iban")
        await house.drafted()
        (asked,) = house.sheets.searched
        seen = await house.seen(received.item_id)
        assert "personal_data" in seen.item.flags
        assert seen.contact == "06 12 34 56 78"
        on_disk = house.home.bytes_on_disk()
        for secret in (NIR, IBAN, "051 001", "3000 6000", received.code, received.code.replace("-", "")):
            assert secret.encode() not in on_disk
            assert secret not in asked
            assert secret not in caplog.text
        assert "carte vitale" not in caplog.text

    with caplog.at_level(logging.DEBUG):
        at_the_desk(tmp_path, work)


def test_a_code_opens_its_own_answer_however_it_is_typed_and_nothing_else(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        front = house.desk.front
        item_id = await house.asked()
        code = house.code
        assert len(code) == 14
        waiting = await front.pick_up(code, address=HERE)
        assert (waiting.question, waiting.sent, waiting.disputed) == (ASKED, (), False)
        await refused(front.complain(code, "Faux", address=HERE), Conflict, "desk_state")
        await house.desk.take(house.ali, item_id)
        await house.send(item_id)
        for typed in (code, code.upper(), code.replace("-", ""), f" {code.replace('-', ' ')} "):
            assert len((await front.pick_up(typed, address=HERE)).sent) == 1
        for wrong in ("", "aaaa-bbbb-cccc", code[:-1], item_id, "x" * 9_999, "\x00"):
            await refused(front.pick_up(wrong, address="10.0.0.8"), NotFound, "desk_no_such_code")
            await refused(front.complain(wrong, "Faux", address="10.0.0.8"), NotFound, "desk_no_such_code")
        for _ in range(24):
            await refused(front.pick_up("aaaa-bbbb-cccc", address="10.0.0.8"), NotFound, "desk_no_such_code")
        await refused(front.pick_up("aaaa-bbbb-cccc", address="10.0.0.8"), TooMuch, "desk_often")

    at_the_desk(tmp_path, work)


def test_a_clerk_gives_a_code_only_when_the_person_wants_one(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        without = await house.desk.receive(house.ali, ASKED)
        assert without.code == ""
        assert (await house.seen(without.item_id)).item.mine
        received = await house.desk.receive(house.ali, ASKED, with_code=True, take=False)
        assert (await house.seen(received.item_id)).item.state == "waiting"
        assert (await house.desk.front.pick_up(received.code, address=HERE)).question == ASKED

    at_the_desk(tmp_path, work)


def test_errors_told_are_bounded_too(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        await house.sent()
        for _ in range(10):
            await house.desk.front.complain(house.code, "", address=HERE)
        await refused(house.desk.front.complain(house.code, "", address=HERE), TooMuch, "desk_often")
        await refused(house.desk.front.complain(house.code, "a" * 5_000, address=HERE), BadRequest, "desk_words")
        assert (await house.desk.front.counts())["errors_public"] == 10

    at_the_desk(tmp_path, work)
