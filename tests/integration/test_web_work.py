"""The page of the work without scripts: the question of the week, months of either outcome, the agenda; and privacy."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from affouage import settings
from affouage.assembly.member import Role
from affouage.cli import main
from affouage.testing import EchoEngine, LiveCommons, ManualClock, serving
from affouage.workshops.work import book
from affouage.workshops.work.ledger import SETTLE_MS
from affouage.workshops.work.survey import SCALES, load_is_asked
from affouage.workshops.work.weeks import bounds, shifted
from tests.integration.web_visitor import Visitor, words
from tests.integration.work_played import WORDS, play_work, work_this_week

THURSDAY_MS = round(datetime(2026, 12, 10, 10, tzinfo=UTC).timestamp() * 1000)
ENVIRON = {"AFFOUAGE_COMMONS_TIME_ZONE": "Europe/Paris"}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    """A commons where the tool made work heavier for three months."""
    home = tmp_path_factory.mktemp("work") / "home"
    clock = ManualClock(THURSDAY_MS)
    with serving(settings.read(ENVIRON, home=home), engines=[EchoEngine()], clock=clock) as running:
        play_work(running)
        yield running


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("quiet") / "home"
    clock = ManualClock(THURSDAY_MS)
    with serving(settings.read(ENVIRON, home=home), engines=[EchoEngine()], clock=clock) as running:
        yield running


def command(live: LiveCommons, *arguments: str, language: str = "fr") -> str:
    environ = {**ENVIRON, "AFFOUAGE_HOME": str(live.commons.settings.home), "AFFOUAGE_LANG": language}
    done = CliRunner(env=environ).invoke(main, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_heavier_month_is_read_and_stands_on_the_agenda(live: LiveCommons) -> None:
    member = Visitor(live)
    member.join("Rose")
    page = words(member.get("/work").text)
    assert "novembre 2026" in page
    assert re.search(r"Avec un brouillon, une tâche a pris de \d+.% à \d+.% de temps en plus", page)
    assert "À l’ordre du jour de l’assemblée" in page
    for written in WORDS:
        assert written in page
    assert "&lt;b&gt;Bof" in member.get("/work").text
    assert "octobre 2026" in words(member.get("/work?month=2026-10").text)
    assert words(member.get("/work?month=2026-10").text).count("À l’ordre du jour de l’assemblée") == 1
    agenda = words(member.get("/assembly").text)
    assert "L’outil alourdit le travail : questions du guichet" in agenda.replace("\u202f", " ")
    assert re.search(r"sur \d+ tâches avec et \d+ sans, tirées au sort", agenda)
    assert 'href="/work?month=2026-11"' in member.get("/assembly").text
    log = words(Visitor(live).get("/assembly/log").text)
    assert "l’outil alourdit le travail" in log
    assert "Mois 2026-11" in log
    english = words(Visitor(live, "en").get("/assembly/log").text)
    assert "On the agenda: the tool makes work heavier" in english


def test_nobody_reads_more_than_a_member(live: LiveCommons) -> None:
    member, operator = Visitor(live), Visitor(live)
    member.join("Lise")
    operator.join("Odile", Role.OPERATOR)
    main_of = re.compile(r"<main.*?</main>", re.S)
    assert main_of.findall(member.get("/work").text) == main_of.findall(operator.get("/work").text)
    assert Visitor(live).get("/work").status_code in (303, 401)


def test_the_command_tells_the_same_as_the_page(live: LiveCommons) -> None:
    told = json.loads(command(live, "work", "report", "2026-11", "--json"))
    assert told["compared"]["desk_question"]["verdict"] == "heavier"
    assert told["tasks"][0]["tasks"] == 336
    said = json.loads(command(live, "work", "survey", "2026-11", "--json"))
    assert said["survey"] == {"answers": 28, "lighter": 4, "same": 4, "heavier": 20}
    assert said["load"]["answers"] == 28
    french = command(live, "work", "report", "2026-11")
    assert "de temps en plus" in french
    assert "cost me time" in command(live, "work", "survey", "2026-11", language="en")
    broken = CliRunner(env={"AFFOUAGE_HOME": str(live.commons.settings.home)}).invoke(main, ["work", "report", "2026"])
    assert broken.exit_code == 2


def test_a_lighter_month_is_told_in_the_same_place_and_words(empty: LiveCommons) -> None:
    play_work(empty, drafts_ms=240_000, blind_ms=300_000)
    member = Visitor(empty)
    member.join("Rose")
    page = words(member.get("/work").text)
    assert re.search(r"Avec un brouillon, une tâche a pris de \d+.% à \d+.% de temps en moins", page)
    assert "ordre du jour" not in page
    assert "À l’ordre du jour" not in words(member.get("/assembly").text)


def test_the_question_of_the_week_is_answered_once_without_a_name(live: LiveCommons) -> None:
    clerk = Visitor(live)
    who = clerk.join("Bea", Role.STEWARD)
    assert "Elle est posée à qui a fait une tâche" in words(clerk.get("/work").text)
    week = work_this_week(live, who)
    page = clerk.get("/work").text
    assert 'action="/work"' in page
    wrong = clerk.submit(page, "/work", words="déjà écrit")
    assert wrong.status_code == 400
    assert 'id="said-wrong"' in wrong.text
    assert "déjà écrit</textarea>" in wrong.text
    long = clerk.submit(page, "/work", said="heavier", words="x" * 501)
    assert (long.status_code, 'id="words-wrong"' in long.text) == (400, True)
    assert 'id="said-heavier" name="said" value="heavier" required checked' in long.text
    sent = clerk.submit(page, "/work", said="heavier", words="Trop à relire.")
    assert sent.headers["location"] == "/work?done=answered"
    after = clerk.get("/work?done=answered").text
    assert "Votre réponse est gardée, sans votre nom." in words(after)
    assert 'action="/work"' not in after
    again = clerk.submit(page, "/work", said="same")
    assert again.status_code == 409
    assert "Vous avez déjà répondu" in words(again.text)
    assert "Trop à relire" not in clerk.get("/work").text + command(live, "work", "survey", "--json")
    answers = live.commons.db.read_now(lambda c: book.answered(c, "survey", week, who.id))
    assert answers


def test_six_figures_are_asked_of_who_is_drawn(live: LiveCommons) -> None:
    """Whom the lot asks is in their id: people join until one is asked, and one is not."""
    week, asked = "2026-W50", dict[bool, Visitor]()
    while len(asked) < 2:
        clerk = Visitor(live)
        who = clerk.join(f"Clerc {secrets.token_hex(4)}", Role.STEWARD)
        if asked.setdefault(load_is_asked(who.id, week), clerk) is clerk:
            work_this_week(live, who)
    assert 'action="/workload"' not in asked[False].get("/work").text
    clerk = asked[True]
    page = clerk.get("/work").text
    figures = dict.fromkeys(SCALES, "40")
    wrong = clerk.submit(page, "/workload", **{**figures, "effort": "101"})
    assert (wrong.status_code, 'id="scales-wrong"' in wrong.text, 'value="101"' in wrong.text) == (400, True, True)
    assert clerk.submit(page, "/workload", **figures).headers["location"] == "/work?done=weighed"
    assert 'action="/workload"' not in clerk.get("/work").text


def test_a_desk_of_four_is_told_by_no_route(empty: LiveCommons) -> None:
    """Four people work and say so in a week that nobody else can be told from: no page and no command shows it."""
    people = {name: Visitor(empty) for name in ("Ali", "Bea", "Dan", "Eve")}
    for name, visitor in people.items():
        who = visitor.join(name, Role.STEWARD)
        work_this_week(empty, who)
        page = visitor.get("/work").text
        assert visitor.submit(page, "/work", said="heavier", words=f"mot de {name}").status_code == 303
    clock = empty.commons.clock
    assert isinstance(clock, ManualClock)
    next_week = shifted("2026-W50", 1)
    clock.advance(ms=bounds(next_week, empty.commons.calendar)[0] + SETTLE_MS - clock.now_ms())
    empty.run(empty.commons.work.keep_up())
    reader = Visitor(empty)
    reader.join("Odile", Role.OPERATOR)
    shown = [reader.get(path).text for path in ("/work", "/work?month=2026-12", "/assembly", "/assembly/log")]
    shown += [
        command(empty, "work", one, "2026-12", *more) for one in ("report", "survey") for more in ((), ("--json",))
    ]
    for text in shown:
        assert "mot de" not in text
        assert not re.search(r"Tâches faites|\"tasks\": [1-9]|heavier\": [1-9]|alourdit", text)
    assert "Rien ne peut être montré du travail de ce mois" in words(shown[1])
    report = json.loads(command(empty, "work", "report", "2026-12", "--json"))
    assert report == {"month": "2026-12", "running": True, "tasks": [], "compared": {}, "agenda": []}
    survey = json.loads(command(empty, "work", "survey", "2026-12", "--json"))
    assert survey == {"month": "2026-12", "running": True, "survey": None, "load": None, "words": []}
