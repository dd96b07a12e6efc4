"""How long things are kept: voted, then what is too old is gone from the database; never brought back nor prolonged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from affouage.assembly.conversations import Turn
from affouage.assembly.purging import Purging
from affouage.assembly.rules.retention import DAY_MS, RetentionRules
from affouage.journal import canonical
from affouage.storage.tables import (
    assembly_event,
    conversation,
    journal_leaf,
    journal_record,
    reading_block,
    receipt_salt,
    session,
    vote,
)
from tests.integration.file_ends import until
from tests.integration.voting_house import MARCH_3_MS, VotingHouse, voting_house

pytestmark = pytest.mark.both_databases


def keep(house: VotingHouse, count: int = 1) -> None:
    """Ali keeps so many conversations, now."""
    turns = [Turn("user", "Bonjour"), Turn("assistant", "Bonjour à vous")]
    for _ in range(count):
        house.live.run(house.live.commons.conversations.keep(house.ali, "Un titre", turns))


def rows(house: VotingHouse, table: Any) -> int:
    query = select(func.count()).select_from(table)
    return int(house.live.commons.db.read_now(lambda c: c.execute(query).scalar_one()))


def purging(house: VotingHouse) -> Purging:
    """The loop's own work, without waiting for it."""
    commons = house.live.commons
    return Purging(commons.db, commons.clock, commons.keeping, lambda: "retention@x", lambda: 365)


def told(house: VotingHouse) -> list[dict[str, Any]]:
    query = select(journal_leaf.c.body).where(journal_leaf.c.kind == "purged").order_by(journal_leaf.c.seq)
    bodies = house.live.commons.db.read_now(lambda c: list(c.execute(query).scalars()))
    return [canonical.read(one)["public"] for one in bodies]


def test_a_vote_that_shortens_deletes_what_is_now_too_old_and_one_that_lengthens_brings_nothing_back(
    home: Path,
) -> None:
    with voting_house(home) as house:
        house.found()
        keep(house, 6)
        house.clock.advance(ms=3 * DAY_MS)
        keep(house)
        work = purging(house)
        house.live.run(work.purge())
        assert rows(house, conversation) == 7
        number = house.vote("retention", {"conversations": 2})
        assert house.live.run(work.purge())["conversations"] == 6
        assert rows(house, conversation) == 1
        assert told(house)[-1]["counts"]["conversations"] == 6
        kept = house.live.run(house.live.commons.conversations.list_of(house.ali))
        assert [one.expires_ms - one.created_ms for one in kept] == [2 * DAY_MS], "its day came nearer"
        page = house.browse("/how-it-works")
        assert "Les conversations que vous choisissez de garder 2 jours" in page
        assert f"durées de conservation, version 1, vote du 6 mars 2027, proposition n° {number}" in page
        assert "Garder cette conversation 2 jours" in house.browse("/chat")
        house.vote("retention", {"conversations": 300})
        house.live.run(work.purge())
        kept = house.live.run(house.live.commons.conversations.list_of(house.ali))
        assert [one.expires_ms - one.created_ms for one in kept] == [2 * DAY_MS], "what was promised is kept"
        assert house.live.run(work.purge()) == {}, "idempotent"
        keep(house)
        house.clock.advance(ms=2 * DAY_MS)
        house.live.run(work.purge())
        assert rows(house, conversation) == 1


def test_the_running_server_does_it_by_itself(home: Path) -> None:
    with voting_house(home) as house:
        keep(house)
        house.clock.advance(ms=31 * DAY_MS)

        async def gone() -> int:
            async with purging(house).running(look_s=0.01):
                return int(await until(lambda: rows(house, conversation), lambda count: count == 0))

        assert house.live.run(gone()) == 0


def test_the_configuration_file_may_only_shorten(home: Path) -> None:
    with voting_house(home, environ={"AFFOUAGE_COMMONS_KEEP_DAYS": "10"}) as house:
        assert house.live.commons.keeping().conversations == 10
        house.seed("retention", RetentionRules(conversations=5))
        assert house.live.commons.keeping().conversations == 5
        house.seed("retention", RetentionRules(conversations=200))
        assert house.live.commons.keeping().conversations == 10
        assert "10 jours" in house.browse("/how-it-works")


def test_a_few_deletions_are_not_told_by_their_number(home: Path) -> None:
    with voting_house(home) as house:
        keep(house, 2)
        house.clock.advance(ms=31 * DAY_MS)
        work = purging(house)
        assert house.live.run(work.purge())["conversations"] == 2
        assert all(one["counts"]["conversations"] == "1-4" for one in told(house))


def test_sessions_end_at_their_day(home: Path) -> None:
    with voting_house(home) as house:
        house.seed("retention", RetentionRules(sessions=10, idle_sessions=3))
        assert rows(house, session) == 3
        house.clock.advance(ms=4 * DAY_MS)
        assert house.live.run(purging(house).purge())["sessions"] == 3
        assert house.browser.get("/receipts", follow_redirects=False).status_code in (303, 401)


def test_salts_readings_and_open_ballots_go_with_their_time(home: Path) -> None:
    with voting_house(home) as house:
        house.found()
        house.receipt(house.ask())
        number = house.vote("hours", {"closed_from": "23:00", "closed_until": "06:00"})
        assert (rows(house, receipt_salt), rows(house, vote)) == (1, 3)
        opened = records(house)
        block(house, "blk_old", MARCH_3_MS - 100 * DAY_MS)
        block(house, "blk_new", MARCH_3_MS)
        work = purging(house)
        house.live.run(work.purge())
        assert rows(house, receipt_salt) == 1
        house.vote("retention", {"receipt_salts": 30, "ballots": 30, "meter_readings": 62})
        counts = house.live.run(work.purge())
        assert counts == {"meter_readings": 1}
        house.clock.advance(ms=31 * DAY_MS)
        counts = house.live.run(work.purge())
        assert (counts["receipt_salts"], counts["ballots"]) == (1, 6)
        assert (rows(house, receipt_salt), rows(house, vote)) == (0, 0)
        assert readings(house) == ["blk_new"], "a meter goes on from its newest"
        assert records(house) < opened, "who voted what is no longer beside the log either"
        state = house.live.run(house.live.commons.assembly.state())
        assert state.proposals[number].state == "in_force", "the result stays"
        assert events(house) > 0


def records(house: VotingHouse) -> int:
    query = select(func.count()).where(
        journal_record.c.seq.in_(select(journal_leaf.c.seq).where(journal_leaf.c.kind == "ballot"))
    )
    return int(house.live.commons.db.read_now(lambda c: c.execute(query).scalar_one()))


def readings(house: VotingHouse) -> list[str]:
    query = select(reading_block.c.id).where(reading_block.c.machine_id == "elsewhere")
    return house.live.commons.db.read_now(lambda c: list(c.execute(query).scalars()))


def events(house: VotingHouse) -> int:
    return rows(house, assembly_event)


def block(house: VotingHouse, name: str, t1_ms: int) -> None:
    row = {"id": name, "machine_id": "elsewhere", "t0_ms": t1_ms - 1000, "t1_ms": t1_ms, "body": b""}
    house.live.commons.db.write_now(lambda c: c.execute(insert(reading_block), row))
