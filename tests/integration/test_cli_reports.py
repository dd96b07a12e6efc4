"""``affouage reports``: who acts is whoever's key it is, never whoever runs the command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from affouage.assembly import mandate_book
from affouage.assembly.access import DEFAULT_KEY_SCOPES
from affouage.assembly.member import Role
from affouage.clock import SystemClock
from affouage.storage.tables import journal_leaf
from tests.integration.test_sensitive_reading import Office

REASON = "Ce texte appelle à trier des gens d’après leur origine."
WHY = "Un signalement dit que ce texte est raciste : il faut le lire."
DAY_MS = 86_400_000


class Court(Office):
    """The same home, with a moderator and five members."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        mona, self.mona_key = self.enter("Mona", Role.MEMBER)
        now_ms = SystemClock().now_ms()
        self.db.write_now(
            lambda c: mandate_book.grant(c, mona.id, "moderator", now_ms - 1, now_ms + 30 * DAY_MS, now_ms)
        )
        self.others = dict(self.enter(f"Autre {number}", Role.MEMBER) for number in range(5))

    def reported(self, *more: str) -> str:
        report = ("new", "--receipt", "rcp_1", "--line", "hatred", "--words", "C’est raciste.", *more)
        return str(json.loads(self.done("reports", *report, "--key", self.odile_key, "--json"))["id"])

    def json(self, *words: str, key: str) -> Any:
        return json.loads(self.done("reports", *words, "--key", key, "--json"))


@pytest.fixture
def court(home: Path) -> Iterator[Court]:
    opened = Court(home)
    yield opened
    opened.db.close()


def test_from_the_report_to_the_panel(court: Court, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("TEXTE MONTRÉ", encoding="utf-8")
    report_id = court.reported("--show", str(text))
    (queued,) = court.json("list", key=court.mona_key)
    assert (queued["id"], queued["shows_text"]) == (report_id, True)
    assert court.json("show", report_id, key=court.mona_key)["opened"] is None
    early = court.run("reports", "decide", report_id, "warning", "--reason", REASON, "--key", court.mona_key)
    assert (early.exit_code, "not read" in early.stderr) == (2, True)
    opened = court.json("show", report_id, "--reason", WHY, key=court.mona_key)
    assert opened["opened"] == {
        "words": "C’est raciste.", "content": "TEXTE MONTRÉ", "subject": "Jeanne", "receipt": "rcp_1",
    }  # fmt: skip
    assert opened["choices"] == ["warning", "noted", "nothing"]
    assert court.noted()[0].reader == "Mona"
    court.done("reports", "decide", report_id, "warning", "--reason", REASON, "--key", court.mona_key)

    (mine,) = court.json("mine", key=court.jeanne_key)
    assert (mine["part"], mine["decisions"][0]["reason"]) == ("concerned", REASON)
    assert REASON in court.done("reports", "mine", "--key", court.jeanne_key)
    court.done(
        "reports", "appeal", report_id, "--reason", "C’était une citation, pour un cours.", "--key", court.jeanne_key
    )
    drawn = [key for who, key in court.others.items() if court.json("mine", key=key)]
    assert len(drawn) == 3
    for key in drawn[:2]:
        assert court.json("show", report_id, "--reason", WHY, key=key)["opened"]["content"] == "TEXTE MONTRÉ"
        court.done("reports", "opinion", report_id, "overturn", "--reason", REASON, "--key", key)
    assert court.json("mine", key=court.jeanne_key)[0]["decisions"][1]["outcome"] == "overturned"

    again = json.loads(court.done("reports", "draw", report_id, "--json"))
    assert again["same"]
    assert sorted(again["places"]) == again["again"]
    counted = json.loads(court.done("reports", "counts", "--json"))
    assert (counted["decisions"], counted["rows"]) == (None, [])


def test_a_draw_that_was_altered_is_seen(court: Court) -> None:
    report_id = court.reported()
    court.done("reports", "show", report_id, "--reason", WHY, "--key", court.mona_key)
    court.done("reports", "decide", report_id, "warning", "--reason", REASON, "--key", court.mona_key)
    court.done("reports", "appeal", report_id, "--reason", REASON, "--key", court.jeanne_key)
    leaf = court.db.read_now(
        lambda c: c.execute(journal_leaf.select().where(journal_leaf.c.kind == "panel_draw")).one()
    )
    body = json.loads(leaf.body)
    body["public"]["places"] = [place for place in range(5) if place not in body["public"]["places"]] + [0]
    altered = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    court.db.write_now(
        lambda c: c.execute(update(journal_leaf).where(journal_leaf.c.seq == leaf.seq).values(body=altered))
    )
    assert court.run("reports", "draw", report_id).exit_code == 1


def test_running_commands_makes_nobody_a_moderator(court: Court) -> None:
    report_id = court.reported()
    for words in (
        ("list",),
        ("show", report_id, "--reason", WHY),
        ("decide", report_id, "nothing", "--reason", REASON),
    ):
        for key, sentence in (((), "Say who you are"), (("--key", court.jeanne_key), "mandate")):
            refused = court.run("reports", *words, *key)
            assert (refused.exit_code, sentence in refused.stderr) == (2, True), refused.output
    weak = asyncio.run(court.accounts.create_key(court.odile, scopes=DEFAULT_KEY_SCOPES))[1]
    refused = court.run("reports", "list", "--key", weak)
    assert (refused.exit_code, "account" in refused.stderr) == (2, True)


def test_a_mandate_that_is_over_opens_nothing(court: Court) -> None:
    report_id = court.reported()
    court.done("reports", "show", report_id, "--reason", WHY, "--key", court.mona_key)
    now_ms = SystemClock().now_ms()
    (held,) = court.db.read_now(lambda c: mandate_book.current(c, now_ms, "moderator"))
    court.db.write_now(lambda c: mandate_book.end(c, held.id, now_ms, "resigned"))
    for words in (("list",), ("show", report_id), ("decide", report_id, "nothing", "--reason", REASON)):
        refused = court.run("reports", *words, "--key", court.mona_key)
        assert (refused.exit_code, "mandate" in refused.stderr) == (2, True), refused.output


def test_a_guard_model_needs_a_vote(court: Court) -> None:
    refused = court.run(
        "reports", "flag", "--model", "garde", "--receipt", "rcp_1", "--line", "hatred", "--words", "0.97"
    )
    assert (refused.exit_code, "No rule admits" in refused.stderr) == (2, True)


def test_in_french(court: Court) -> None:
    report_id = court.reported()
    told = court.run("reports", "list", "--key", court.mona_key, AFFOUAGE_LANG="fr").stdout
    assert "à décider" in told
    assert "aucun texte n’est montré" in told
    shown = court.run("reports", "show", report_id, "--key", court.mona_key, AFFOUAGE_LANG="fr").stdout
    assert "Rien n’en est montré sans une raison" in shown.replace("\u202f", " ")
    assert ": 0 décision" in court.run("reports", "counts", AFFOUAGE_LANG="fr").stdout.replace("\u202f", " ").replace(
        " :", ":"
    )
