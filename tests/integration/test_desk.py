"""A day at the desk: taken, read, sent, put back, found wrong, corrected; nobody does what is not theirs to do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from affouage.assembly.member import Member, Role
from affouage.errors import BadRequest, Conflict, NotAllowed, NotFound, TooMuch
from affouage.storage.tables import desk_sent
from affouage.workshops.desk.cases import HOUR_MS, MINUTE_MS
from affouage.workshops.desk.rules import DeskRules
from tests.integration.accounts_home import refused
from tests.integration.desk_house import ASKED, HERE, KEY, LOCAL, PRICE, DeskHouse, at_the_desk
from tests.unit.desk_drafts import LOST, RENEW


def test_a_draft_is_read_and_sent_with_its_dated_sources_and_nobodys_name(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.held(PRICE, contact="01 02 03 04 05")
        seen = await house.seen(item_id)
        assert seen.must_open
        assert seen.draft is not None
        assert {"sent_as_is", "sent_edited", "sent_own", "referred", "refused", "release"} <= set(seen.acts)
        sending = house.desk.send_as_is(house.ali, item_id, draft_sha256=seen.draft_sha256)
        await refused(sending, BadRequest, "desk_unread")
        await house.desk.open_passage(house.ali, item_id, KEY)
        assert not (await house.seen(item_id)).must_open
        house.clock.advance(ms=5 * MINUTE_MS)
        done = await house.desk.send_as_is(house.ali, item_id, draft_sha256=seen.draft_sha256)
        assert (done.kind, done.quick, done.has_contact) == ("sent_as_is", False, True)
        (letter,) = (await house.desk.front.pick_up(house.code, address=HERE)).sent
        assert letter.letter.text == seen.draft.text
        assert [(one.title, one.day) for one in letter.letter.sources] == [("Renouveler un passeport", "2026-10-01")]
        assert letter.letter.signed == ""
        assert "Ali" not in msgspec.json.encode(letter).decode()
        again = house.desk.send_as_is(house.ali, item_id, draft_sha256=seen.draft_sha256)
        await refused(again, Conflict, "desk_not_yours")

    at_the_desk(tmp_path, work)


def test_edited_own_referred_and_refused(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        edited, own, referred, no = [await house.held(f"{ASKED} {number}") for number in range(4)]
        sha256 = (await house.seen(edited)).draft_sha256
        text = f"{RENEW} Apportez une photo."
        await house.desk.send_edited(house.ali, edited, text, draft_sha256=sha256, sign=True)
        await house.desk.answer(house.ali, own, "Venez au guichet.", sources=["public/F2"])
        await house.desk.refer(house.ali, referred, "Adressez-vous à la préfecture.")
        await refused(house.desk.refuse(house.ali, no, "Non."), BadRequest, "desk_reason")
        await house.desk.refuse(house.ali, no, "Nous ne donnons pas d’avis sur un litige.")
        kinds = {one.id: one.outcome for one in await house.desk.queue(house.bea, "closed")}
        assert kinds == {edited: "sent_edited", own: "sent_own", referred: "referred", no: "refused"}
        letters = [(await house.seen(one)).sent[0].letter for one in (edited, own, referred)]
        assert (letters[0].text, letters[0].signed) == (text, "Ali")
        assert [one.title for one in letters[1].sources] == ["Passeport perdu"]
        assert letters[2].sources == ()
        counts = await house.desk.front.counts()
        assert {name: counts[name] for name in ("sent_edited", "sent_own", "referred", "refused")} == dict.fromkeys(
            ("sent_edited", "sent_own", "referred", "refused"), 1
        )

    at_the_desk(tmp_path, work)


def test_a_blind_item_is_written_first_and_then_compared_and_chosen(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        house.rules = DeskRules(blind_percent=50, public_open=True)
        while True:
            item_id = await house.asked()
            await house.desk.take(house.ali, item_id)
            seen = await house.seen(item_id)
            if seen.item.arm == "blind":
                break
            assert seen.draft is not None
            house.clock.advance(ms=HOUR_MS)
        before = len(house.sheets.seen)
        assert (seen.draft, seen.item.draft_state) == (None, "held_back")
        assert seen.found is not None
        assert seen.found.sentences == ()
        assert seen.found.passages, "the sheets are there at once"
        await refused(house.desk.show_draft(house.ali, item_id), BadRequest, "desk_write_first")
        await house.drafted()
        assert len(house.sheets.seen) == before, "nothing is generated that nobody asked to see"
        await house.desk.write_first(house.ali, item_id, "Il faut prendre rendez-vous.")
        assert (await house.seen(item_id)).draft is None
        await house.desk.show_draft(house.ali, item_id)
        await house.drafted()
        seen = await house.seen(item_id)
        assert seen.draft is not None
        assert seen.written == "Il faut prendre rendez-vous."
        await house.desk.answer(house.ali, item_id, seen.written)
        told = (await house.desk.events_since(0))[-1]
        assert (told.kind, told.arm, told.drafted) == ("sent_own", "blind", True)
        assert told.edit_words
        assert (await house.seen(item_id)).written == "", "what was not sent is not kept"

    at_the_desk(tmp_path, work)


def test_arms_are_drawn_with_the_share_of_the_rule_and_recorded(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        house.rules = DeskRules(blind_percent=30, public_open=True, public_most=100, public_waiting_most=2_000)
        for number in range(50):
            await house.desk.front.ask(f"{ASKED} {number}", address=HERE)
        arms = [one.arm for one in await house.desk.queue(house.ali)]
        assert 8 <= arms.count("blind") <= 22
        house.rules = DeskRules(blind_percent=0, public_open=True)
        assert [one.arm for one in await house.desk.queue(house.ali)] == arms, "what was drawn stays"

    at_the_desk(tmp_path, work)


def test_two_clerks_at_once_one_has_it_and_the_other_is_told(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.asked()
        other = house.another()
        taking = (house.desk.take(house.ali, item_id), other.take(house.bea, item_id))
        took = await asyncio.gather(*taking, return_exceptions=True)
        assert [type(one) for one in took if one] == [Conflict]
        holder = house.ali if took[0] is None else house.bea
        assert (await house.seen(item_id)).item.holder_id == holder.id
        sending = [house.desk.answer(house.people[name], item_id, "Oui.") for name in ("Ali", "Béa")]
        told = await asyncio.gather(*sending, return_exceptions=True)
        assert sum(isinstance(one, Conflict) for one in told) == 1
        assert house.rows(desk_sent) == 1

    at_the_desk(tmp_path, work)


def test_what_is_left_alone_goes_back_and_a_page_in_focus_keeps_it(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.held()
        house.clock.advance(ms=29 * MINUTE_MS)
        await house.desk.noted_focus(house.ali, item_id, 60_000)
        house.clock.advance(ms=29 * MINUTE_MS)
        assert (await house.seen(item_id)).item.mine
        await refused(house.desk.take(house.bea, item_id), Conflict, "desk_taken")
        house.clock.advance(ms=MINUTE_MS)
        assert not (await house.seen(item_id)).item.mine
        await refused(house.desk.answer(house.ali, item_id, "Oui."), Conflict, "desk_not_yours")
        await house.desk.take(house.bea, item_id)
        assert house.kinds(item_id)[-3:] == ["taken", "released", "taken"]

    at_the_desk(tmp_path, work)


def test_the_cap_of_the_hour(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        house.rules = DeskRules(items_per_hour=2, blind_percent=0, public_open=True)
        first, second, third = [await house.held(f"{ASKED} {number}") for number in range(3)]
        await house.send(first)
        house.clock.advance(ms=10 * MINUTE_MS)
        await house.send(second)
        refusal = await refused(house.desk.answer(house.ali, third, "Oui."), TooMuch, "desk_cap")
        assert refusal.details["minutes"] == 50
        fourth = await house.asked()
        await refused(house.desk.take(house.ali, fourth), TooMuch, "desk_cap")
        await house.desk.take(house.bea, fourth)
        typed = await house.desk.receive(house.ali, "Une personne est là : que dois-je dire ?")
        assert (await house.seen(typed.item_id)).item.state == "waiting", "typed all the same"
        await house.desk.refer(house.ali, third, "Voyez avec la préfecture.")
        house.clock.advance(ms=50 * MINUTE_MS)
        await house.desk.take(house.ali, typed.item_id)

    at_the_desk(tmp_path, work)


def test_who_is_at_the_desk(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.asked()
        odile, ali, max_ = (house.people[name] for name in ("Odile", "Ali", "Max"))
        steward = (await house.home.accounts.add_member("Stella", Role.STEWARD))[0]
        commons = await house.home.accounts.commons()

        async def may(*people: Member) -> list[bool]:
            return [await house.desk.may_answer(one) for one in people]

        assert await may(odile, steward, ali, max_, commons) == [True, True, True, False, False]
        house.rules = DeskRules(clerks="members")
        assert await may(odile, steward, ali, max_, commons) == [True, True, True, True, False]
        house.rules = DeskRules(clerks="mandated")
        assert await may(odile, steward, ali, max_) == [True, True, True, False], "nobody could be mandated yet"
        house.rules = DeskRules()
        stranger = Member("nobody", "Nobody", Role.OPERATOR, "fr", 0)
        for who in (max_, commons, stranger):
            await nothing_works(house, who, item_id)
        await house.home.accounts.deactivate(None, ali.id)
        await nothing_works(house, ali, item_id)
        assert house.kinds(item_id) == ["received", "drafted"]

    at_the_desk(tmp_path, work)


async def nothing_works(house: DeskHouse, who: Member, item_id: str) -> None:
    """Every method that takes somebody refuses them, for an item there is and for one there is not."""
    desk = house.desk
    for one in (item_id, "dsk_nothing", "dsk_aaaaaaaaaaaa"):
        for work in (
            desk.item(who, one),
            desk.take(who, one),
            desk.release(who, one),
            desk.open_passage(who, one, KEY),
            desk.write_first(who, one, "Oui."),
            desk.show_draft(who, one),
            desk.send_as_is(who, one, draft_sha256=""),
            desk.send_edited(who, one, "Oui.", draft_sha256=""),
            desk.answer(who, one, "Oui."),
            desk.refer(who, one, "Voyez la préfecture."),
            desk.refuse(who, one, "Parce que c’est ainsi."),
            desk.complain(who, one, "C’est faux."),
            desk.correct(who, one, "Non."),
            desk.maintain(who, one, "C’est pourtant juste."),
            desk.called(who, one),
        ):
            await refused(work, NotAllowed, "not_at_desk")
    await refused(desk.queue(who), NotAllowed, "not_at_desk")
    await refused(desk.receive(who, "Et alors ?"), NotAllowed, "not_at_desk")
    await refused(desk.stop(who, "Parce que c’est ainsi."), NotAllowed, "not_at_desk")


def test_an_error_is_told_by_the_public_counted_and_the_correction_comes_first(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id, front = await house.sent(contact="01 02 03 04 05"), house.desk.front
        assert [one.id for one in await house.desk.queue(house.ali, "to_call")] == [item_id]
        await house.desk.called(house.ali, item_id)
        assert await house.desk.queue(house.ali, "to_call") == []
        code = house.code
        await front.complain(code, "Mon RIB FR76 3000 6000 0112 3456 7890 189 n’a rien à voir", address=HERE)
        seen = await house.seen(item_id, "Béa")
        assert (seen.item.state, seen.item.errors) == ("disputed", 1)
        assert "3000" not in seen.complaints[0]
        assert (await front.pick_up(code, address=HERE)).disputed
        newer = await house.asked("Une autre question ?")
        assert [one.id for one in await house.desk.queue(house.ali)] == [item_id, newer], "what is wrong comes first"
        await house.desk.take(house.bea, item_id)
        await refused(house.desk.correct(house.bea, item_id, "Non."), BadRequest, "desk_unread")
        await house.desk.open_passage(house.bea, item_id, "public/F2/1")
        await house.desk.correct(house.bea, item_id, "Il faut d’abord une déclaration.", sources=["public/F2"])
        picked = await front.pick_up(code, address=HERE)
        assert [one.kind for one in picked.sent] == ["corrected", "sent_as_is"]
        assert not picked.disputed
        assert [one.id for one in await house.desk.queue(house.ali, "to_call")] == [item_id], "to be told again"
        await house.desk.complain(house.ali, item_id, "")
        await house.desk.take(house.ali, item_id)
        await house.desk.maintain(house.ali, item_id, "Relu avec la fiche : c’est bien cela.")
        counts = await front.counts()
        assert (counts["errors_public"], counts["errors_clerk"], counts["corrected"], counts["maintained"]) == (
            *(1, 1),
            *(1, 1),
        )
        assert LOST not in msgspec.json.encode(counts).decode()

    at_the_desk(tmp_path, work)


def test_reviews_quicker_than_reading_are_noted_told_and_counted(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.held()
        sha256 = (await house.seen(item_id)).draft_sha256
        done = await house.desk.send_as_is(house.ali, item_id, draft_sha256=sha256)
        assert done.quick
        assert done.reading_ms > 0
        assert (await house.desk.front.counts())["quick"] == 1
        assert (await house.desk.events_since(0))[-1].quick

    at_the_desk(tmp_path, work)


def test_late_questions_are_pointed_out(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        await house.asked()
        assert not (await house.desk.queue(house.ali))[0].late
        house.clock.advance(ms=24 * HOUR_MS)
        (one,) = await house.desk.queue(house.ali)
        assert one.late
        waiting = await house.desk.front.waiting()
        assert (waiting.waiting, waiting.late, waiting.oldest_ms) == (1, 1, one.created_ms)

    at_the_desk(tmp_path, work)


def test_a_server_that_stops_in_the_middle_forgets_nothing(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.held(PRICE)
        await house.desk.open_passage(house.ali, item_id, KEY)
        before = await house.seen(item_id)
        again = house.another()
        assert await again.item(house.ali, item_id) == before
        await again.send_as_is(house.ali, item_id, draft_sha256=before.draft_sha256)
        sending = house.desk.send_as_is(house.ali, item_id, draft_sha256=before.draft_sha256)
        await refused(sending, Conflict, "desk_not_yours")

    at_the_desk(tmp_path, work)


def test_what_is_not_there_is_not_found_and_no_list_is_guessed(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        for name in ("", "dsk_", "dsk_aaaaaaaaaaaa", "rpt_aaaaaaaaaaaa", "x" * 5_000, "dsk_' OR 1=1 --"):
            await refused(house.desk.item(house.ali, name), NotFound, "desk_item_not_found")
        with pytest.raises(BadRequest):
            await house.desk.queue(house.ali, "everything")
        local = await house.asked(LOCAL)
        seen = await house.seen(local)
        assert (seen.item.draft_state, seen.item.flags) == ("no_evidence", ("out_of_scope",))
        assert seen.found is not None
        assert seen.found.ask_instead == ("La mairie",)

    at_the_desk(tmp_path, work)


def test_focus_is_never_more_than_has_passed(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.held()

        async def beat(after_ms: int, said_ms: int, who: Any = None) -> None:
            house.clock.advance(ms=after_ms)
            await house.desk.noted_focus(who or house.ali, item_id, said_ms)

        await beat(20_000, 20_000)
        await beat(10_000, 50_000)  # says more than has passed
        await beat(300_000, 300_000)  # says more than a minute
        await beat(10_000, -5)
        await beat(10_000, 10_000, house.bea)  # holds nothing
        await house.send(item_id)
        sent = (await house.desk.events_since(0))[-1]
        assert (sent.kind, sent.active_ms) == ("sent_as_is", 20_000 + 10_000 + 60_000)
        await beat(10_000, 10_000)  # too late

    at_the_desk(tmp_path, work)
