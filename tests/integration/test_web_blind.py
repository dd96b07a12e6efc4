"""Blind comparisons over real HTTP: no name before the choice, two receipts after, nothing kept that says who."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from affouage import settings
from affouage.assembly.member import Role
from affouage.chat import ChatRequest, EngineEvent, Message
from affouage.cli import main
from affouage.errors import NotFound
from affouage.footprint.budget import BudgetRules, Limit
from affouage.storage.tables import blind_cost, blind_pair, metadata, receipt_salt
from affouage.testing import EchoEngine, LiveCommons, ManualClock, serving
from affouage.workshops.blind.blind import Blind
from affouage.workshops.blind.held import EACH_MOST, HELD_MOST, HELD_MS
from tests.databases import remains
from tests.integration.web_visitor import FORM, Visitor, encoded, form_to, forms, words

QUESTION = "Pourquoi le ciel est-il bleu ?"
NAMES = {"verdier": "Verdier 7B", "quercus-2": "Quercus Mini"}
SECRETS = ("verdier", "quercus", "atelier des essais")
"""What would tell which is which, whatever its case."""


CARD = """
id = "{id}"
name = "{name}"
publisher = "Atelier des essais"
grade = "assistant"
[licence]
id = "Apache-2.0"
[[good_at]]
fr = "Répéter."
en = "Repeating."
[[bad_at]]
fr = "Tout le reste."
en = "Everything else."
[openness.weights]
level = "open"
fr = "Il n'y a pas de poids."
en = "There are no weights."
source = "ce fichier"
"""


def write_cards(home: Path, names: dict[str, str]) -> None:
    (home / "cards").mkdir(parents=True)
    for model_id, name in names.items():
        (home / "cards" / f"{model_id}.toml").write_text(CARD.format(id=model_id, name=name), encoding="utf-8")


class Speaker(EchoEngine):
    """Says its own sentence, and its name in it, as models do."""

    says = ""

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        told = msgspec.structs.replace(request, messages=(*request.messages, Message("user", self.says)))
        async for event in super().generate(told):
            yield event


@pytest.fixture(scope="module")
def engines() -> dict[str, Speaker]:
    made = {one: Speaker(one, slots=4) for one in NAMES}
    made["verdier"].says = "Je suis Verdier : la lumière se disperse, longuement et de mille façons."
    made["quercus-2"].says = "QUERCUS 2 répond, pas Verdier-7B : l’air."
    return made


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, Speaker]) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("web-blind") / "home"
    write_cards(home, NAMES)
    environ = {"AFFOUAGE_ENGINE_DEFAULT_MODEL": "verdier", "AFFOUAGE_FOOTPRINT_COUNTRY": "FRA"}
    with serving(settings.read(environ, home=home), engines=engines.values()) as it:
        yield it


@pytest.fixture(scope="module")
def karim(live: LiveCommons) -> Visitor:
    visitor = Visitor(live)
    visitor.join("Karim")
    return visitor


def compare(visitor: Visitor, question: str = QUESTION, **values: str) -> httpx.Response:
    return visitor.submit(visitor.get("/blind").text, "/blind", question=question, **values)


def pair_of(page: str) -> str:
    """The address of a comparison."""
    return form_to(page, "/blind/pair/").action.rpartition("/")[0]


def say(visitor: Visitor, page: str, choice: str, step: str = "choose") -> httpx.Response:
    form = next(one for one in forms(page) if one.action.endswith(("/choose", "/keep")))
    return visitor.client.post(f"{pair_of(page)}/{step}", content=encoded(form.filled(choice=choice)), headers=FORM)


def rows(live: LiveCommons) -> list[tuple[str, ...]]:
    return [tuple(one) for one in live.commons.db.read_now(lambda c: c.execute(select(blind_pair)).fetchall())]


def test_from_a_question_to_the_names_and_what_each_answer_took(live: LiveCommons, karim: Visitor) -> None:
    page = compare(karim).text
    told = words(page)
    assert page.count("<main ") == 1
    assert (told.count("Réponse 1"), told.count("Réponse 2")) == (1, 1)
    assert "la lumière se disperse" in told
    assert "l’air." in told
    assert "▢▢▢" in told
    nothing_tells(page)
    again = karim.get(pair_of(page))
    nothing_tells(again.text + str(again.headers) + str(again.url))

    before = rows(live)
    answer = say(karim, page, "left")
    assert answer.status_code == 303
    after = karim.get(answer.headers["location"])
    told = words(after.text)
    assert "Vous avez préféré la réponse 1." in told
    assert ("Verdier 7B" in told, "Quercus Mini" in told) == (True, True)
    assert len(set(re.findall(r"rcp_[0-9a-f]+", after.text))) == 2
    numbers = re.findall(r"≈ [^()]+\([^)]*\)", told.replace("\u202f", " "))
    assert len(numbers) >= 4, "energy and carbon of both, each with its range"
    first = after.text.index("answer-1")
    side = "verdier" if after.text.index("Verdier 7B", first) < after.text.index("Quercus Mini", first) else "quercus-2"
    (row,) = [one for one in rows(live) if one not in before]
    assert row[2] == side
    assert row[4:6] == ("left", "")
    assert re.fullmatch(r"\d{4}-\d\d", row[1])

    answer = say(karim, after.text, "right", "keep")
    assert "vous dites : la réponse 2 est meilleure" in words(karim.get(answer.headers["location"]).text).replace(
        "\u202f", " "
    )
    assert next(one for one in rows(live) if one[0] == row[0])[5] == "right"


def nothing_tells(html: str) -> None:
    assert [one for one in SECRETS if one in html.casefold()] == []
    assert "rcp_" not in html


def test_both_questions_reach_the_engines_by_the_one_path_with_a_receipt_each(
    live: LiveCommons, karim: Visitor, engines: dict[str, Speaker]
) -> None:
    seen = [len(one.seen) for one in engines.values()]
    page = compare(karim, "Combien font deux et deux ?").text
    assert [len(one.seen) for one in engines.values()] == [one + 1 for one in seen]
    answer = karim.get(say(karim, page, "both").headers["location"]).text
    for receipt_id in set(re.findall(r"rcp_[0-9a-f]+", answer)):
        member = live.run(live.commons.accounts.find("Karim"))
        receipt = live.run(live.commons.ledger.receipt(receipt_id, member.id))
        assert (receipt.outcome, receipt.workshop, receipt.door) == ("completed", "blind", "web")
        assert receipt.prefix is not None


def test_what_is_kept_holds_no_text_no_member_and_no_receipt(live: LiveCommons, karim: Visitor) -> None:
    question = "Une question que rien ne doit garder : zanzibar."
    page = compare(karim, question).text
    say(karim, page, "neither")
    home = live.commons.settings.home
    stored = remains(home / "affouage.db")
    assert b"zanzibar" not in stored
    assert b"se disperse" not in stored
    columns = set(metadata.tables["blind_pair"].columns.keys())
    assert columns == {"id", "month", "left_model", "right_model", "preferred", "kept", "cheaper"}
    if live.commons.db.shared:
        ask = "SELECT count(DISTINCT xmin::text) FROM blind_pair"
        assert live.commons.db.read_now(lambda c: c.exec_driver_sql(ask).scalar()) == 1, "nor is one older than another"
        return
    sql = live.commons.db.read_now(
        lambda c: c.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'blind_pair'").scalar()
    )
    assert "WITHOUT ROWID" in str(sql), "rows are in no order of time"


def test_the_first_word_stands_and_nobody_else_may_say_it(live: LiveCommons, karim: Visitor) -> None:
    page = compare(karim).text
    other = Visitor(live)
    other.join("Odile", Role.OPERATOR)
    csrf = dict(form_to(other.get("/blind").text, "/blind").fields)["csrf"]
    stolen = other.post(pair_of(page) + "/choose", csrf=csrf, choice="left")
    assert stolen.status_code == 404
    assert "Cette comparaison est finie" in words(stolen.text)
    assert other.get(pair_of(page)).status_code == 404
    many = len(rows(live))
    say(karim, page, "right")
    say(karim, page, "left")
    assert len(rows(live)) == many + 1
    assert "Vous avez préféré la réponse 2." in words(karim.get(pair_of(page)).text)


@pytest.mark.parametrize("choice", ["", "LEFT", "verdier", "both "])
def test_a_choice_that_is_none_is_refused_and_counts_not(live: LiveCommons, karim: Visitor, choice: str) -> None:
    page, many = compare(karim).text, len(rows(live))
    assert say(karim, page, choice).status_code == 400
    assert len(rows(live)) == many
    kept = say(karim, page, "left", "keep")
    assert kept.status_code == 409, "the cost is not known before the choice"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"question": "   "}, "Il n’y a pas encore de question"),
        ({"question": "a" * 4001}, "Votre question a 4"),
        ({"first": "verdier", "second": "verdier"}, "ne peut pas être comparé à lui-même"),
        ({"first": "nowhere"}, "ne peut pas répondre ici"),
    ],
)
def test_what_cannot_be_compared_is_refused_beside_the_question(
    karim: Visitor, values: dict[str, str], told: str
) -> None:
    answer = compare(karim, **{"question": QUESTION, **values})
    assert answer.status_code == 400
    assert told in words(answer.text)
    if values.get("question", QUESTION) == QUESTION:
        assert QUESTION in words(answer.text), "what was typed is still there"


def test_sides_and_order_are_drawn_apart_and_both_come_about_half_the_time(live: LiveCommons) -> None:
    blind = live.commons.blind
    seen = [blind.begin("somebody", QUESTION, tuple(NAMES)) for _ in range(400)]
    left = sum(one.models["left"] == "verdier" for one in seen)
    first = sum(one.order[0] == "left" for one in seen)
    both = sum(one.models["left"] == "verdier" and one.order[0] == "left" for one in seen)
    assert all(140 < count < 260 for count in (left, first))  # six deviations: it never fails by chance
    assert 50 < both < 150
    chosen = [blind.begin("somebody", QUESTION, ("a", "b", "c"), ("", "c")) for _ in range(60)]
    assert all("c" in one.models.values() for one in chosen)
    assert {frozenset(one.models.values()) for one in chosen} == {frozenset("ac"), frozenset("bc")}


def test_a_reader_who_stops_has_nothing_counted_and_is_told_what_was_used(
    live: LiveCommons, karim: Visitor, engines: dict[str, Speaker], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = len(rows(live))
    for one in engines.values():
        monkeypatch.setattr(one, "says", "mot " * 400)
        monkeypatch.setattr(one, "_word_s", 0.02)
    form = form_to(karim.get("/blind").text, "/blind")
    text = ""
    with karim.client.stream("POST", "/blind", content=encoded(form.filled(question=QUESTION)), headers=FORM) as answer:
        for piece in answer.iter_text():
            text += piece
            if "écrit sa réponse" in text and "stopped" not in locals():
                nothing_tells(text)
                stop = form_to(text, "/blind/pair/")
                stopped = karim.client.post(stop.action, content=encoded(stop.fields), headers=FORM)
                assert stopped.status_code == 204
    assert "Une réponse a été arrêtée" in words(text)
    assert len(set(re.findall(r"rcp_[0-9a-f]+", text))) == 1, "the other one was not asked"
    assert len(rows(live)) == many


def test_a_model_that_breaks_ends_the_comparison_and_counts_nothing(
    live: LiveCommons, karim: Visitor, engines: dict[str, Speaker], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = len(rows(live))
    monkeypatch.setattr(engines["verdier"], "fail_after_words", 2)
    page = compare(karim).text
    assert "Rien n’est comparé" in words(page)
    assert "/choose" not in page
    assert len(rows(live)) == many


def test_a_model_that_says_nothing_counts_nothing(
    live: LiveCommons, karim: Visitor, engines: dict[str, Speaker], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = len(rows(live))
    monkeypatch.setattr(engines["quercus-2"], "says", "")
    assert "n’a rien répondu" in words(compare(karim).text)
    assert len(rows(live)) == many


def test_the_sober_model_in_the_place_of_another_counts_nothing(tmp_path: Path) -> None:
    """Who answered was not drawn then: it would be compared with itself."""
    write_cards(tmp_path / "home", NAMES)
    engines = [Speaker(one) for one in NAMES]
    for one in engines:
        one.says = "un deux trois"
    with serving(settings.read({}, home=tmp_path / "home"), engines=engines) as live:
        visitor = Visitor(live)
        visitor.join("Jeanne")
        assert "Réponse 1" in words(compare(visitor).text)
        limit = Limit(scope="commons", span="day", unit="kwh", amount=1e-9)
        rules = BudgetRules(limits=(limit,), at_full="sober", sober_model="quercus-2")
        live.run(live.commons.charter.enact("budget", rules, "L’assemblée", "Payer moins"))
        page = compare(visitor).text
        assert "le modèle sobre à la place de l’un des deux" in words(page)
        assert rows(live) == []


def test_results_say_nothing_of_few_and_a_range_of_many(live: LiveCommons, karim: Visitor) -> None:
    assert "en dessous de 20" in words(karim.get("/blind/results").text)
    from affouage.workshops.blind import book
    from affouage.workshops.blind.report import Told

    told = Told(month="2026-10", left="verdier", right="quercus-2", preferred="left", kept="right", cheaper="right")
    for _ in range(40):
        live.commons.db.write_now(lambda c: book.add(c, told, ()))
    page = words(karim.get("/blind/results").text).replace("\u202f", " ")
    assert "Verdier 7B est préféré." in page
    assert re.search(
        r"Verdier 7B \d+ \d+ gagnées, \d+ à égalité ≈ \d\d % \(de \d+ à \d+\) ≈ \d\d? % \(de \d+ à \d+\)", page
    )
    assert re.search(r"Une fois le coût connu, \d+ sur \d+ ont changé d’avis : 4\d vers", page)
    environ = {"AFFOUAGE_HOME": str(live.commons.settings.home), "AFFOUAGE_LANG": "fr"}
    shown = CliRunner().invoke(main, ["blind", "show", "--json"], env=environ)
    assert shown.exit_code == 0, shown.output
    found = msgspec.json.decode(shown.output)
    assert found["pairs"] == len(rows(live))
    best = found["before"][0]["models"][0]
    assert best["model"] == "verdier"
    assert 0.5 < best["share"]["low"] < best["share"]["central"] < best["share"]["high"] < 1
    assert found["costs"]["verdier"]["energy_uj"]["central"] > 0
    lines = CliRunner().invoke(main, ["blind", "show"], env=environ).output
    assert "Verdier 7B est préféré." in lines
    assert "énergie d’une réponse : ≈" in lines.replace("\u202f", " ")


def test_costs_add_up_to_what_the_receipts_say(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_cards(home, NAMES)
    engines = [Speaker(one) for one in NAMES]
    for one in engines:
        one.says = "un deux trois"
    with serving(settings.read({}, home=home), engines=engines) as live:
        visitor = Visitor(live)
        member = visitor.join("Jeanne")
        for _ in range(3):
            say(visitor, compare(visitor).text, "left")
        receipts = live.run(live.commons.ledger.receipts(member.id))
        sums = live.commons.db.read_now(lambda c: c.execute(select(blind_cost)).fetchall())
        assert {one.model_id for one in sums} == set(NAMES)
        for row in sums:
            own = [one.energy.interval_uj for one in receipts if one.model.id == row.model_id]
            known = [one for one in own if one is not None]
            assert (row.answers, row.unknown) == (len(known), 3 - len(known))
            assert abs(row.central_uj - sum(one.central for one in known)) <= 3


def test_the_command_says_when_there_is_nothing_to_show(tmp_path: Path) -> None:
    environ = {"AFFOUAGE_HOME": str(tmp_path / "home"), "AFFOUAGE_LANG": "en"}
    shown = CliRunner().invoke(main, ["blind", "show"], env=environ)
    assert (shown.exit_code, shown.output.count("Nothing has been compared yet")) == (0, 1)
    found = msgspec.json.decode(CliRunner().invoke(main, ["blind", "show", "--json"], env=environ).output)
    assert (found["pairs"], found["before"], found["changed"]) == (0, [], None)


def test_with_one_model_the_page_says_what_to_do(tmp_path: Path) -> None:
    with serving(settings.read({}, home=tmp_path / "home"), engines=[EchoEngine()]) as live:
        visitor = Visitor(live)
        visitor.join("Jeanne", Role.OPERATOR)
        page = visitor.get("/blind").text
        assert "Il faut deux modèles" in words(page)
        assert "affouage models fit" in page
        assert "textarea" not in page
        csrf = dict(form_to(page, "/sign-out").fields)["csrf"]
        assert visitor.post("/blind", csrf=csrf, question=QUESTION).status_code == 400


# -- what is held ----------------------------------------------------------------------------------------------------


def held(clock: ManualClock) -> Blind:
    return Blind(None, None, clock, lambda _ms: "2026-11")  # type: ignore[arg-type]


def test_what_is_held_ends_after_half_an_hour_and_is_bounded() -> None:
    clock = ManualClock()
    blind = held(clock)
    first = blind.begin("jeanne", QUESTION, tuple(NAMES))
    clock.advance(ms=HELD_MS - 1)
    assert blind.find(first.token, "jeanne") is first
    clock.advance(ms=HELD_MS - 1)
    assert blind.find(first.token, "jeanne") is first, "whoever looks at it keeps it"
    clock.advance(ms=HELD_MS + 1)
    with pytest.raises(NotFound):
        blind.find(first.token, "jeanne")
    own = [blind.begin("jeanne", QUESTION, tuple(NAMES)) for _ in range(EACH_MOST + 2)]
    there = [one for one in own if is_held(blind, one.token, "jeanne")]
    assert there == own[-EACH_MOST:]
    for number in range(HELD_MOST + 50):
        blind.begin(f"m{number}", QUESTION, tuple(NAMES))
    assert len(blind._held) == HELD_MOST


def is_held(blind: Blind, token: str, member_id: str) -> bool:
    try:
        blind.find(token, member_id)
    except NotFound:
        return False
    return True


def test_tokens_are_not_to_be_guessed() -> None:
    blind = held(ManualClock())
    tokens = {blind.begin(f"m{number}", QUESTION, tuple(NAMES)).token for number in range(100)}
    assert len(tokens) == 100
    assert all(len(one) >= 24 for one in tokens)
    with pytest.raises(NotFound):
        asyncio.run(blind.choose("guess", "m1", "left"))


def test_nothing_stands_in_the_salts_that_is_not_a_receipts(live: LiveCommons) -> None:
    assert live.commons.db.read_now(lambda c: c.scalar(select(func.count()).select_from(receipt_salt))) > 0
