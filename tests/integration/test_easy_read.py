"""Easy reading over real HTTP, without a browser, and as a callable: checked, proposed, chosen, printed, not kept."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncGenerator, Iterator

import msgspec
import pytest

from affouage import settings
from affouage.chat import ChatRequest, EngineEvent, Message
from affouage.inference.attempt import Asking
from affouage.inference.prompt import text_of
from affouage.testing import EchoEngine, LiveCommons, serving
from affouage.web.easy_read.rooms import PAGE_MOST
from affouage.workshops.easy_read.easy_read import EasyVersion
from affouage.workshops.easy_read.prompts import easy_read_prompts
from tests.integration.conftest import until
from tests.integration.web_visitor import FORM, Visitor, encoded, form_to, words

HARD = "Nonobstant la loi, le bailleur perçoit un préavis de deux mois, sauf s'il y renonce."
EASY = "Le propriétaire reçoit un préavis de 2 mois. Sauf s'il y renonce."
LOSING = "Le contribuable ne doit pas acquitter une somme de 300 euros avant le 12/03/2026."
LOST = "Vous payez 300 euros."
FORM_LINE = "Cette xylographie est un récépissé."
TEXT = f"Le logement\n\nVenez demain.\n{HARD}\n{LOSING}\n{FORM_LINE}\n"


class Reviser(EchoEngine):
    """Writes what the test has it write for a sentence; says it again where it has nothing."""

    says = {  # as the sentences come to it: numbers and dates in full
        HARD.replace("deux", "2"): EASY,
        LOSING.replace("12/03/2026", "12 mars 2026"): LOST,
    }

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        asked = text_of(request.messages[-1].content)
        told = Message("user", self.says.get(asked, asked))
        async for event in super().generate(msgspec.structs.replace(request, messages=(*request.messages, told))):
            yield event


ENGINES = {"reviser": Reviser("reviser", slots=4), "slow": Reviser("slow", slots=1, word_ms=60)}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("easy-read") / "home"
    environ = {"AFFOUAGE_ENGINE_DEFAULT_MODEL": "reviser"}
    with serving(settings.read(environ, home=home), engines=ENGINES.values()) as it:
        yield it


@pytest.fixture(scope="module")
def karim(live: LiveCommons) -> Visitor:
    visitor = Visitor(live)
    visitor.join("Karim")
    return visitor


def look(visitor: Visitor, text: str, **values: str) -> str:
    return visitor.submit(visitor.get("/easy-read").text, "/easy-read", text=text, **values).text


def rewrite(visitor: Visitor, text: str = TEXT, **values: str) -> str:
    return visitor.submit(look(visitor, text), "/easy-read/rewrite", **{"with": "model", **values}).text


def printed(page: str) -> str:
    found = re.search(r'<article class="easy".*?</article>', page, re.DOTALL)
    assert found, words(page)
    return words(found[0]).replace("’", "'")


def fieldsets(page: str) -> list[str]:
    return [words(one) for one in re.findall(r"<fieldset>.*?</fieldset>", page, re.DOTALL)]


# --- checking ---------------------------------------------------------------------------------------------------------


def test_what_is_hard_is_told_beside_each_sentence(karim: Visitor) -> None:
    page = look(karim, TEXT)
    items = [
        words(one) for one in re.findall(r"<li(?: class=\"(?:hard|some)\")?><p class=\"said.*?</li>\n", page, re.DOTALL)
    ]
    assert len(items) == 5
    told = items[2].replace("\u202f", " ")
    assert "« Nonobstant » : plus simple, « malgré »." in told
    assert "« deux » : écrivez les nombres en chiffres : 2." in told
    assert "à changer" not in items[0] + items[1]
    assert "Aucun programme ne peut dire qu’un texte est facile à lire" in words(page)
    assert len(page.encode()) < 60_000


def test_the_original_is_compared(karim: Visitor) -> None:
    page = look(karim, "Vous payez 3 €.", original="Vous ne payez pas 2 €.")
    told = words(page).replace("\u202f", " ")
    assert "Le nombre « 2 € » a disparu." in told
    assert "Une négation a disparu : « ne payez pas »." in told
    assert "Les nombres, les dates" in words(look(karim, "Vous payez 3 €.", original="Payez 3 €."))


def test_what_cannot_be_read_is_given_back(karim: Visitor) -> None:
    for text, told in (("  ", "Il n’y a pas de texte."), ("a" * (PAGE_MOST + 1), "20\u202f001")):
        answer = karim.submit(karim.get("/easy-read").text, "/easy-read", text=text)
        assert answer.status_code == 400
        assert told in answer.text
        assert html.escape(text) in answer.text


def test_a_text_is_shown_as_text(karim: Visitor) -> None:
    page = look(karim, "<b>Venez</b> (<script>alert(1)</script>).")
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


# --- rewriting --------------------------------------------------------------------------------------------------------


def test_each_sentence_is_proposed_checked_and_chosen(karim: Visitor, live: LiveCommons) -> None:
    engine = ENGINES["reviser"]
    engine.seen.clear()
    page = rewrite(karim)
    rows = fieldsets(page)
    assert len(rows) == 5
    assert "Le propriétaire reçoit un préavis de 2 mois. Sauf s" in rows[2].replace("\n", " ")
    assert "rien de perdu, rien d’ajouté" in rows[2]
    assert "Le sens a peut-être changé" in rows[3]
    assert "Une négation a disparu" in rows[3]
    assert "12 mars 2026" in rows[3]
    assert "pas plus facile" in rows[4]
    prompt = easy_read_prompts()["fr"]
    shown = re.search(r"<pre[^>]*>\n(.*?)</pre>", page, re.DOTALL)
    assert shown
    assert engine.seen[0].startswith(html.unescape(shown[1]).removesuffix("assistant:"))
    assert len(engine.seen) == 3, "titles and easy sentences go to no model"
    assert all(one.startswith(f"system: {prompt}\nuser: ") for one in engine.seen), (
        "the whole of what it read is public"
    )

    result = karim.submit(page, "/easy-read/result", **{"own-5": "Cette image est un papier."})
    text = printed(result.text)
    assert text.startswith("Brouillon à relire avec les personnes concernées Le logement")
    assert "Le propriétaire reçoit un préavis de 2 mois. Sauf s'il y renonce." in text
    assert LOSING in text, "what may have lost its meaning is not taken unless somebody takes it"
    assert "Cette image est un papier." in text, "one's own words are taken"
    assert "contribuable personne qui paie des impôts" in text
    assert "logo" not in re.sub(r"<(?:link|header).*?>|class=\"logo\"", "", result.text).split("<main")[1]
    receipts = set(re.findall(r"/receipts/(rcp_[0-9a-f]+)", page))
    assert len(receipts) == 3
    kept = [live.run(live.commons.ledger.receipt(one, None)) for one in receipts]
    assert {one.workshop for one in kept} == {"easy_read"}


def test_the_meanings_are_the_persons(karim: Visitor) -> None:
    first = karim.submit(rewrite(karim), "/easy-read/result").text
    form = [one for one in form_to(first, "/easy-read/result").fields if one[0] not in ("keep", "word", "meaning")]
    mine = [("word", "récépissé"), ("meaning", "un reçu"), ("word", "loi"), ("meaning", "règle"), ("keep", "0")]
    mine += [("word", "préavis"), ("meaning", "lettre <b>"), ("word", ""), ("meaning", "")]
    answer = karim.client.post("/easy-read/result", content=encoded([*form, *mine]), headers=FORM).text
    text = printed(answer)
    assert "récépissé un reçu" in text
    assert "règle" not in text, "not ticked"
    assert "<b>" not in answer.split("<main")[1]


def test_by_hand_nothing_is_asked_of_a_model(karim: Visitor) -> None:
    before = len(ENGINES["reviser"].seen)
    page = karim.submit(look(karim, f"{TEXT}Venez le 1/4/2026.\n"), "/easy-read/rewrite", **{"with": "hands"}).text
    rows = fieldsets(page)
    assert len(ENGINES["reviser"].seen) == before
    assert "Venez le 1er avril 2026." in rows[-1], "a program may write a date in full"
    text = printed(karim.submit(page, "/easy-read/result", **{"choice-3": "own", "own-3": "Une.\nDeux."}).text)
    assert "Venez demain. Une. Deux. Le contribuable" in text
    assert "Venez le 1er avril 2026." in text


def test_whoever_stops_keeps_what_came(karim: Visitor, live: LiveCommons) -> None:
    form = form_to(look(karim, TEXT), "/easy-read/rewrite")
    content = encoded(form.filled(**{"with": "model", "model": "slow"}))
    page, stopped = "", False
    with karim.client.stream("POST", "/easy-read/rewrite", content=content, headers=FORM) as answer:
        for piece in answer.iter_text():
            page += piece
            steps = re.findall(r'action="/chat/stop/(rcp_[0-9a-f]+)"', page)
            if len(steps) == 2 and not stopped:
                stopped = True
                assert karim.submit(page, f"/chat/stop/{steps[1]}").status_code == 204
    rows = fieldsets(page)
    assert "rien de perdu, rien d’ajouté" in rows[2]
    assert "Vous avez arrêté le modèle ici." in rows[3]
    assert "Aucun modèle n’a reçu cette phrase." in rows[4]
    assert LOSING in printed(karim.submit(page, "/easy-read/result").text)


def test_whoever_leaves_stops_the_model(karim: Visitor, live: LiveCommons) -> None:
    form = form_to(look(karim, TEXT), "/easy-read/rewrite")
    content = encoded(form.filled(**{"with": "model", "model": "slow"}))
    with karim.client.stream("POST", "/easy-read/rewrite", content=content, headers=FORM) as answer:
        next(piece for piece in answer.iter_text() if "/chat/stop/" in piece)
    until(lambda: ENGINES["slow"].in_flight == 0)


def test_an_unknown_model_gives_the_text_back(karim: Visitor) -> None:
    page = rewrite(karim, model="nothing")
    assert "Aucun modèle de ce nom" in words(page) or "modèle" in words(page)
    assert LOSING in printed(karim.submit(page, "/easy-read/result").text)


def test_nothing_of_a_text_is_kept(karim: Visitor, live: LiveCommons) -> None:
    rewrite(karim, "Le quidam Zéphyrin Malaquais perçoit 41 euros, sauf s'il renonce.")
    kept = b"".join(one.read_bytes() for one in live.commons.settings.home.rglob("*") if one.is_file())
    assert b"Malaquais" not in kept


# --- for the desk -----------------------------------------------------------------------------------------------------


def asked(live: LiveCommons, karim: Visitor, sentences: list[str], model: str) -> EasyVersion:
    member = live.run(live.commons.accounts.find("Karim"))
    asking = Asking(member_id=member.id, door="web")
    return live.run(live.commons.easy_read.easy_version(sentences, asking, model))


def test_an_easy_version_of_a_draft(live: LiveCommons, karim: Visitor) -> None:
    version = asked(live, karim, ["Venez demain.", HARD, LOSING], "reviser")
    assert [one.status for one in version.proposals] == ["already_easy", "kept", "differs"]
    assert version.unchecked == (2,)
    assert version.text == f"Venez demain.\n{EASY.replace('. ', '.' + chr(10))}\n{LOSING}"
    assert version.label == "Brouillon à relire avec les personnes concernées"
    assert len(version.receipt_ids) == 2
    assert "contribuable" in [one.word for one in version.glossary]


def test_without_a_model_a_draft_is_left_to_the_person(live: LiveCommons, karim: Visitor) -> None:
    version = asked(live, karim, ["Venez le 1/4/2026.", HARD], "")
    assert [one.status for one in version.proposals] == ["mended", "not_asked"]
    assert version.text == f"Venez le 1er avril 2026.\n{HARD}"
    assert version.receipt_ids == ()


def test_no_engine_at_all(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("easy-read-alone") / "home"
    with serving(settings.read({}, home=home), engines=[]) as alone:
        visitor = Visitor(alone, "en")
        visitor.join("Odile", language="en")
        page = look(visitor, HARD)
        assert "No model is here: you can rewrite by yourself." in words(page)
        assert 'value="model"' not in page
        assert len(fieldsets(visitor.submit(page, "/easy-read/rewrite", **{"with": "hands"}).text)) == 1
