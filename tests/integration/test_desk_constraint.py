"""A draft cannot leave without a person: the database itself refuses, by plain constraints, every way round."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from affouage.storage.base import metadata
from affouage.storage.tables import desk_event, desk_item, desk_sent
from affouage.workshops.desk import pick_up, rows, texts
from affouage.workshops.desk.cases import REVIEWS, Kind
from affouage.workshops.desk.shapes import Letter
from tests.databases import by_hand
from tests.integration.desk_house import HERE, DeskHouse, at_the_desk

pytestmark = pytest.mark.both_databases

DRAFT = texts.letter_body(Letter(text="Un brouillon que personne n’a lu.", language="fr"))
SHA256 = texts.digest(DRAFT)


def leaving(item: str, **more: Any) -> dict[str, Any]:
    row = {"item_id": item, "review_seq": 1, "review_kind": "sent_as_is", "text_sha256": SHA256}
    return {**row, "body": DRAFT, "at_ms": 1, **more}


def reviewed(house: DeskHouse, item_id: str, **more: Any) -> dict[str, Any]:
    seq = len(house.kinds(item_id)) + 1
    row = {"item_id": item_id, "seq": seq, "kind": "sent_as_is", "at_ms": 1, "actor_id": house.ali.id}
    return {**row, "text_sha256": SHA256, "active_ms": None, "body": "{}", **more}


async def refuses(house: DeskHouse, statement: Any) -> None:
    with pytest.raises(IntegrityError):
        await house.db.write(lambda connection: connection.execute(statement))


def test_no_row_leaves_without_its_review(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.held()
        events = house.kinds(item_id)
        assert events == ["received", "drafted", "taken"]
        for seq in range(5):  # every event there is, none of them a review, and two there are not
            await refuses(house, insert(desk_sent).values(leaving(item_id, review_seq=seq)))
        for kind in ("drafted", "taken", "received", "", "released"):
            seq = events.index(kind) + 1 if kind in events else 1
            await refuses(house, insert(desk_sent).values(leaving(item_id, review_seq=seq, review_kind=kind)))
        for column in ("item_id", "review_seq", "review_kind", "text_sha256"):
            await refuses(house, insert(desk_sent).values(leaving(item_id, **{column: None})))
        assert house.rows(desk_sent) == 0
        assert (await house.desk.front.pick_up(house.code, address=HERE)).sent == ()

    at_the_desk(tmp_path, work)


def test_no_event_is_a_review_without_a_person_of_the_roll_and_the_digest_of_what_leaves(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.held()
        for kind in REVIEWS:
            for missing in ({"actor_id": None}, {"text_sha256": None}, {"actor_id": "the-model"}, {"actor_id": ""}):
                await refuses(house, insert(desk_event).values(reviewed(house, item_id, kind=kind.value, **missing)))
        assert house.rows(desk_sent) == 0

    at_the_desk(tmp_path, work)


def test_a_review_lets_out_the_very_text_that_was_read_of_the_very_item(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id, other = await house.sent(), await house.held("Et une autre question ?")
        seq = house.kinds(item_id).index("sent_as_is") + 1
        for wrong in (
            leaving(item_id, review_seq=seq),  # another text, by the same review
            leaving(other, review_seq=seq),  # another item's
            leaving(item_id, review_seq=seq, review_kind="sent_own"),
        ):
            await refuses(house, insert(desk_sent).values(wrong))
        here = desk_event.c.item_id == item_id
        for change in (
            update(desk_event).where(here, desk_event.c.seq == seq).values(text_sha256=SHA256),
            update(desk_event).where(here, desk_event.c.seq == seq).values(kind="drafted"),
            update(desk_sent).values(review_kind="sent_own"),
            update(desk_sent).values(text_sha256=SHA256),
        ):
            await refuses(house, change)

    at_the_desk(tmp_path, work)


def test_a_letter_altered_after_its_review_is_given_to_nobody(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.sent()
        assert len((await house.desk.front.pick_up(house.code, address=HERE)).sent) == 1
        await house.db.write(lambda connection: connection.execute(update(desk_sent).values(body=DRAFT)))
        assert (await house.desk.front.pick_up(house.code, address=HERE)).sent == ()
        assert (await house.seen(item_id)).sent == ()

    at_the_desk(tmp_path, work)


def test_any_program_on_the_books_meets_the_same_refusal(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        item_id = await house.held()
        insertion = "INSERT INTO desk_sent VALUES (:item_id, :review_seq, :review_kind, :text_sha256, :body, :at_ms)"
        with by_hand(tmp_path / "affouage.db") as other, pytest.raises(IntegrityError):
            other.execute(text(insertion), leaving(item_id))

    at_the_desk(tmp_path, work)


def test_what_the_public_reads_is_what_was_sent_and_nothing_else() -> None:
    source = inspect.getsource(pick_up) + inspect.getsource(rows.sent)
    assert "desk_sent" in source
    assert "desk_draft" not in source
    assert "draft" not in inspect.getsource(pick_up.of_code)


def test_kinds_of_reviews_are_the_same_in_the_tables_and_in_the_decisions(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/bare.db")
    metadata.create_all(engine)
    for kind in Kind:
        row = {"item_id": "i", "seq": 1, "kind": kind.value, "at_ms": 1, "body": "{}"}
        refused = False
        with engine.connect() as connection:  # foreign keys are off: the check alone
            try:
                connection.execute(insert(desk_event).values(row))
            except IntegrityError:
                refused = True
            assert refused == (kind in REVIEWS)
            row = leaving("i", review_kind=kind.value)
            if kind in REVIEWS:
                connection.execute(insert(desk_sent).values(row))
            else:
                with pytest.raises(IntegrityError):
                    connection.execute(insert(desk_sent).values(row))


def test_the_constraints_are_plain_ones_that_postgresql_has_too() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    told = "".join(str(CreateTable(one).compile(dialect=dialect)) for one in (desk_event, desk_sent))
    assert "FOREIGN KEY(item_id, review_seq, review_kind, text_sha256)" in told
    assert "UNIQUE (item_id, seq, kind, text_sha256)" in told
    assert "CHECK (kind NOT IN ('sent_as_is'" in told
    assert "TRIGGER" not in told


def test_a_number_of_an_event_is_never_used_again(tmp_path: Path) -> None:
    async def work(house: DeskHouse) -> None:
        await house.held()
        last = (await house.desk.events_since(0))[-1].number
        await house.db.write(lambda connection: connection.execute(desk_item.delete()))
        assert house.read(lambda c: c.execute(select(desk_event)).first()) is None
        await house.asked()
        assert [one.number > last for one in await house.desk.events_since(last)] == [True, True]

    at_the_desk(tmp_path, work)
