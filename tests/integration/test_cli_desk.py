"""``affouage desk``: who reads the queue is whoever's key it is; nothing is ever sent from a command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from affouage.assembly.member import Role
from affouage.cli import main
from affouage.clock import SystemClock
from affouage.footprint.period import Calendar
from affouage.journal import log
from affouage.rulebook import ANY_RATES, open_charter
from affouage.storage.tables import desk_event, desk_sent
from affouage.workshops.desk.desk import open_desk
from affouage.workshops.desk.drafting import Drafter
from tests.integration.desk_house import HERE, PRICE, TwoSheets
from tests.integration.test_sensitive_reading import Office

WHY = "Les montants sont faux depuis ce matin."


class Counter(Office):
    """The same home, whose desk is open to the public, with one question, drafted."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.stella, self.stella_key = self.enter("Stella", Role.STEWARD)
        self.done("desk", "rule", "set", "--public", "--blind-percent", "0", "--reason", "Conseil du 22 novembre")
        clock, sheets = SystemClock(), TwoSheets()
        charter = open_charter(self.db, clock, ANY_RATES)
        self.desk = open_desk(self.db, clock, charter, Calendar("").day, Drafter(sheets.find, sheets.write))
        self.item_id = asyncio.run(self._asked())

    async def _asked(self) -> str:
        received = await self.desk.front.ask(PRICE, address=HERE, contact="01 02 03 04 05")
        assert self.desk.drafting is not None
        await self.desk.drafting.work_off()
        return received.item_id

    def json(self, *words: str) -> Any:
        return json.loads(self.done("desk", *words, "--json"))


@pytest.fixture
def counter(home: Path) -> Iterator[Counter]:
    opened = Counter(home)
    yield opened
    opened.db.close()


def test_the_queue_is_for_who_is_at_the_desk_whoever_runs_the_command(counter: Counter) -> None:
    for words in (("list",), ("show", counter.item_id), ("resume", "--reason", WHY)):
        nobody = counter.run("desk", *words)
        assert (nobody.exit_code, nobody.stdout) == (2, "")
        assert "puts nobody at the desk" in nobody.stderr
        member = counter.run("desk", *words, "--key", counter.jeanne_key)
        assert (member.exit_code, member.stdout) == (2, "")
    wrong = counter.run("desk", "stop", "--reason", WHY, "--key", counter.jeanne_key)
    assert "not at the desk" in wrong.stderr
    (queued,) = counter.json("list", "--key", counter.stella_key)
    assert (queued["id"], queued["question"], queued["state"]) == (counter.item_id, PRICE, "waiting")
    assert counter.item_id in counter.done("desk", "list", "--key", counter.stella_key)
    assert counter.json("list", "--which", "closed", "--key", counter.stella_key) == []


def test_a_question_is_shown_and_its_draft_only_to_who_holds_it(counter: Counter) -> None:
    seen = counter.json("show", counter.item_id, "--key", counter.stella_key)
    assert seen["draft"] is None
    assert [hit["sheet"]["title"] for hit in seen["found"]["hits"]] == ["Renouveler un passeport", "Passeport perdu"]
    asyncio.run(counter.desk.take(counter.stella, counter.item_id))
    told = counter.done("desk", "show", counter.item_id, "--key", counter.stella_key)
    for words in ("86 euros", "To call back: 01 02 03 04 05", "numbers, dates or deadlines to check", "Stella"):
        assert words in told
    assert "86 euros" not in counter.done("desk", "show", counter.item_id, "--key", counter.odile_key)
    unknown = counter.run("desk", "show", "dsk_aaaaaaaaaaaa", "--key", counter.stella_key)
    assert (unknown.exit_code, unknown.stdout) == (2, "")


def test_whoever_is_at_the_machine_stops_the_tool_and_a_steward_starts_it_again(counter: Counter) -> None:
    assert counter.run("desk", "stop", "--reason", "court").exit_code == 2
    told = counter.json("stop", "--reason", WHY)
    assert (told["stopped"], told["by"], told["reason"]) == (True, "", WHY)
    assert counter.json("stop", "--reason", "Encore une fois.")["reason"] == WHY, "stopped once"
    public = counter.done("desk", "counts")
    assert "The tool is stopped since" in public
    assert WHY not in public
    assert "by" in counter.json("resume", "--reason", "Corrigé.....", "--key", counter.stella_key)
    kinds = counter.db.read_now(lambda c: [leaf.kind for leaf in log.leaves(c, 0, 99)])
    assert kinds.count("desk_stopped") == kinds.count("desk_resumed") == 1


def test_counts_are_for_anybody(counter: Counter) -> None:
    counted = counter.json("counts")
    assert counted["counts"]["received_public"] == counted["counts"]["drafted"] == 1
    assert counted["waiting"] | {"oldest_ms": None} == {
        "waiting": 1, "taken": 0, "disputed": 0, "late": 0, "oldest_ms": None,
    }  # fmt: skip
    assert "Questions from the public: 1" in counter.done("desk", "counts")
    assert "Questions from the public: 0" in counter.done("desk", "counts", "2020-01")
    for wrong in ("2026", "2026-99", "hier", "2026-11-22"):
        assert counter.run("desk", "counts", wrong).exit_code == 2


def test_the_rule_is_shown_and_set(counter: Counter) -> None:
    assert counter.json("rule", "show")["rule"]["public_open"] is True
    assert "The public may write: yes" in counter.done("desk", "rule")
    for wrong in (("--items-per-hour", "0"), ("--blind-percent", "90"), ()):
        assert counter.run("desk", "rule", "set", *wrong, "--reason", "x").exit_code == 2


def test_no_command_sends_anything(counter: Counter) -> None:
    context: Any = None
    group: Any = main.get_command(context, "desk")
    assert set(group.commands) == {"list", "show", "stop", "resume", "counts", "rule"}
    asyncio.run(counter.desk.take(counter.stella, counter.item_id))
    before = counter.db.read_now(lambda c: len(c.execute(desk_event.select()).all()))
    for key in (counter.stella_key, counter.odile_key, counter.jeanne_key):
        for words in (("list",), ("show", counter.item_id), ("stop", "--reason", WHY), ("resume", "--reason", WHY)):
            counter.run("desk", *words, "--key", key)
    assert counter.db.read_now(lambda c: c.execute(desk_sent.select()).all()) == []
    assert counter.db.read_now(lambda c: len(c.execute(desk_event.select()).all())) == before
