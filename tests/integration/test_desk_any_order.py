"""Acts in any order by anybody on a real desk: what stands is the fold of what happened, what left was reviewed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from affouage.assembly.member import Member
from affouage.errors import AffouageError
from affouage.storage.tables import desk_event, desk_item, desk_sent, member
from affouage.workshops.desk import rows, texts
from affouage.workshops.desk.cases import ANSWERS, HELD, HOUR_MS, MINUTE_MS, REVIEWS, State
from affouage.workshops.desk.desk import Desk
from affouage.workshops.desk.rules import DeskRules
from tests.integration.desk_house import ASKED, HERE, KEY, LOCAL, PRICE, WHY, DeskHouse, at_the_desk

STEPS = 60


class Anybody:
    """Does something drawn by chance. ``codes``: of the items, by number."""

    def __init__(self, house: DeskHouse, chance: random.Random) -> None:
        self.house = house
        self.chance = chance
        self.codes: dict[str, str] = {}

    async def step(self) -> None:
        house, chance = self.house, self.chance
        desk = house.desk if chance.random() < 0.7 else house.another(drafts=False)  # another program, now and then
        if not self.codes or chance.random() < 0.12:
            question = chance.choice((ASKED, PRICE, LOCAL))
            received = await house.desk.front.ask(question, address=HERE, contact=chance.choice(("", "01 02 03 04 05")))
            self.codes[received.item_id] = received.code
        if chance.random() < 0.4:
            await house.drafted()
        house.clock.advance(ms=chance.choice((0, 1_000, MINUTE_MS, 12 * MINUTE_MS)))
        item_id = chance.choice(list(self.codes)[-3:])
        held = house.read(lambda c: rows.find(c, item_id)).holder_id
        if held is None and chance.random() < 0.6:
            await desk.take(chance.choice((house.ali, house.bea)), item_id)
        else:
            await chance.choice(self._acts(desk, item_id))()

    def _acts(self, desk: Desk, item_id: str) -> list[Callable[[], Awaitable[object]]]:
        who = self._somebody(item_id)
        sha256 = self.chance.choice(("", *self._digests(item_id)))
        return [
            *[partial(desk.take, who, item_id)] * 6,
            *[partial(desk.open_passage, who, item_id, KEY)] * 3,
            partial(desk.release, who, item_id),
            partial(desk.write_first, who, item_id, "Ma réponse."),
            *[partial(desk.show_draft, who, item_id)] * 2,
            *[partial(desk.send_as_is, who, item_id, draft_sha256=sha256)] * 4,
            *[partial(desk.send_edited, who, item_id, "Autrement dit.", draft_sha256=sha256)] * 2,
            *[partial(desk.answer, who, item_id, "De mon cru.", sources=["public/F1"])] * 2,
            partial(desk.refer, who, item_id, "Voyez avec la préfecture."),
            partial(desk.refuse, who, item_id, "Nous ne savons pas le dire."),
            partial(desk.complain, who, item_id, "C’est faux."),
            partial(desk.front.complain, self.codes[item_id], "", address=HERE),
            *[partial(desk.correct, who, item_id, "Voici ce qui est juste.")] * 2,
            *[partial(desk.maintain, who, item_id, "Relu : c’est bien cela.")] * 2,
            partial(desk.called, who, item_id),
            partial(desk.noted_focus, who, item_id, 90_000),
            partial(self._switch, desk),
            desk.keep_up,
        ]

    async def _switch(self, desk: Desk) -> None:
        if self.chance.random() < 0.3:
            await desk.stop(self.house.ali, WHY)
        await desk.resume(self.house.people["Odile"], "On reprend, c’est corrigé.")

    def _somebody(self, item_id: str) -> Member:
        """Often whoever holds it, or nothing would ever leave."""
        people = list(self.house.people.values())
        holder_id = self.house.read(lambda c: rows.find(c, item_id)).holder_id
        holder = next((one for one in people if one.id == holder_id), None)
        return self.chance.choice(people) if holder is None or self.chance.random() < 0.3 else holder

    def _digests(self, item_id: str) -> list[str]:
        """Of the draft there is, as if somebody had seen it who may not."""
        case = self.house.read(lambda c: rows.case_of(c, rows.find(c, item_id)))
        return [] if case.draft is None else [texts.draft_digest(case.draft)] * 3


def check(house: DeskHouse) -> dict[str, int]:
    """All that must hold; how many of each kind left."""
    items = house.read(lambda c: c.execute(select(desk_item)).all())
    for row in items:
        case = house.read(partial(rows.case_of, row=row))
        assert (row.state, row.holder_id, row.outcome, row.errors, bool(row.to_call)) == (
            *(case.state.value, case.holder_id, case.outcome, case.errors),
            case.to_call,
        ), "what stands is the fold of what happened"
        assert (row.state in HELD) == (row.holder_id is not None)
        assert row.state != State.CLOSED or row.written == ""
    events = {(one.item_id, one.seq): one for one in house.read(lambda c: c.execute(select(desk_event)).all())}
    people = {one.id for one in house.read(lambda c: c.execute(select(member)).all())}
    left: dict[str, int] = {}
    for sent in house.read(lambda c: c.execute(select(desk_sent)).all()):
        review = events.pop((sent.item_id, sent.review_seq))
        assert review.kind == sent.review_kind in REVIEWS
        assert review.actor_id in people - {house.people["Max"].id}
        assert review.text_sha256 == sent.text_sha256 == texts.digest(sent.body)
        left[sent.review_kind] = left.get(sent.review_kind, 0) + 1
    assert not [one for one in events.values() if one.kind in REVIEWS], "each review let one letter out"
    return left


def check_cap(house: DeskHouse, most: int) -> None:
    answers = [one.value for one in ANSWERS]
    query = select(desk_event.c.actor_id, desk_event.c.at_ms).where(desk_event.c.kind.in_(answers))
    times: dict[str, list[int]] = {}
    for actor_id, at_ms in house.read(lambda c: c.execute(query.order_by(desk_event.c.number)).all()):
        times.setdefault(actor_id, []).append(at_ms)
    for those in times.values():
        assert all(later - first >= HOUR_MS for first, later in zip(those, those[most:], strict=False))


@pytest.mark.parametrize("seed", [1, 3])
def test_acts_in_any_order(tmp_path: Path, seed: int) -> None:
    async def work(house: DeskHouse) -> None:
        most = 3
        house.rules = DeskRules(blind_percent=40, public_open=True, public_most=100, items_per_hour=most)
        anybody = Anybody(house, random.Random(seed))
        for _ in range(STEPS):
            with suppress(AffouageError):
                await anybody.step()
        left = check(house)
        check_cap(house, most)
        assert sum(left.values()) >= 3, "the test went somewhere"

    at_the_desk(tmp_path, work)


def test_many_at_once_on_one_question(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.asked()
        anybody = Anybody(house, random.Random(5))
        anybody.codes[item_id] = house.code

        async def tries() -> None:
            for _ in range(8):
                with suppress(AffouageError):
                    await anybody.chance.choice(anybody._acts(house.desk, item_id))()

        await asyncio.gather(*(tries() for _ in range(6)))
        check(house)

    at_the_desk(tmp_path, work)
