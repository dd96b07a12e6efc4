"""Explanations and sheets over real HTTP, without a browser: quoted first, written only on demand, nothing trusted."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncGenerator, Iterator

import msgspec
import pytest

from affouage import settings
from affouage.assembly.member import Role
from affouage.chat import ChatRequest, EngineEvent, Message
from affouage.testing import EchoEngine, LiveCommons, serving
from affouage.web.static import static_files
from tests.integration.conftest import until
from tests.integration.explain_house import LONG, a_report, fill, tags_of, wait_until_found
from tests.integration.web_visitor import FORM, Visitor, encoded, exact_text, form_to, receipt_id, words

WEIGHT_MAX_BYTES = 60_000
CARD = "Combien coûte la carte de la médiathèque pour un majeur ?"
SAID = "La carte de la médiathèque coûte 12 € par an."
MADE_UP = "La carte de la médiathèque coûte 86 € par mois, payables en 4 fois."


class Scribe(EchoEngine):
    """Writes what the test wants, whatever it is given to read."""

    says = f"{SAID} {MADE_UP}"

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        told = msgspec.structs.replace(request, messages=(*request.messages, Message("user", self.says)))
        async for event in super().generate(told):
            yield event


ENGINES: dict[str, Scribe] = {
    "scribe": Scribe("scribe", slots=4),
    "slow": Scribe("slow", slots=1, word_ms=40),  # some six seconds, unless somebody stops it
    "dying": Scribe("dying", word_ms=1),
}
ENGINES["dying"].fail_after_words = 3
ENGINES["slow"].says = f"{SAID} {MADE_UP} " + "Il y a encore beaucoup à dire. " * 20


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("web-explain") / "home"
    fill(home)
    with serving(settings.read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": "scribe"}, home=home), engines=ENGINES.values()) as it:
        wait_until_found(it)
        yield it


@pytest.fixture(scope="module")
def karim(live: LiveCommons) -> Visitor:
    visitor = Visitor(live)
    visitor.join("Karim")
    return visitor


@pytest.fixture(scope="module")
def odile(live: LiveCommons) -> Visitor:
    visitor = Visitor(live)
    visitor.join("Odile", Role.STEWARD)
    return visitor


def explain(visitor: Visitor, question: str, **values: str) -> str:
    return visitor.submit(visitor.get("/explain").text, "/explain", question=question, **values).text


def write(visitor: Visitor, question: str = CARD, **values: str) -> str:
    """Ask, then have an answer written, as a person would: (the whole page)."""
    return visitor.submit(explain(visitor, question), "/explain#answer", **values).text


def read_by_engines() -> int:
    return sum(len(one.seen) for one in ENGINES.values())


# --- a question -------------------------------------------------------------------------------------------------------


def test_the_sheets_are_quoted_with_their_case_and_date_and_nothing_is_generated(karim: Visitor) -> None:
    before = read_by_engines()
    page = explain(karim, CARD)
    told = words(page)
    assert SAID in told
    assert "Vous êtes majeur" in told
    assert re.search(r"Cette fiche date du 12 novembre 2020, il y a \d+ ans : les règles", told.replace("\u202f", " "))
    assert 'href="https://www.exemple.fr/fiches/F1"' in page
    assert "source : Commune du Bois, Licence Ouverte 2.0" in told.replace("\u202f", " ")
    assert 'href="/sheets/commune/F1' in page
    assert read_by_engines() == before
    assert "Rédiger une réponse" in told


def test_what_no_sheet_answers_is_said_not_to_be_known(karim: Visitor) -> None:
    page = explain(karim, "À quelle heure ouvre la mairie de Plouzané le samedi ?")
    told = words(page)
    assert "Nous ne savons pas" in told
    assert "Où demander" in told
    assert "Rédiger une réponse" not in told, "a model would not know either"


def test_writing_cannot_be_forced_where_nothing_answers(karim: Visitor) -> None:
    before = read_by_engines()
    page = explain(karim, "À quelle heure ouvre la mairie de Plouzané le samedi ?", write="1", model="scribe")
    assert "Nous ne savons pas" in words(page)
    assert read_by_engines() == before


def test_what_is_personal_is_masked_before_it_is_shown_again(karim: Visitor) -> None:
    page = explain(karim, "Mon numéro est le 1 85 05 78 006 084 91 : combien coûte la carte de la médiathèque ?")
    assert "numéro de sécurité sociale" in words(page)
    assert "78 006 084" not in page


@pytest.mark.parametrize("question", ["   \n ", "?!"])
def test_no_question_comes_back_with_a_word_beside_the_field(karim: Visitor, question: str) -> None:
    answer = karim.submit(karim.get("/explain").text, "/explain", question=question)
    assert answer.status_code == 400
    assert "Il n’y a pas encore de question." in words(answer.text)
    assert 'aria-invalid="true" aria-describedby="question-hint question-wrong"' in answer.text


def test_a_question_too_long_says_both_numbers_and_keeps_what_was_typed(karim: Visitor) -> None:
    typed = "Pourquoi ? " * 2000
    answer = karim.submit(karim.get("/explain").text, "/explain", question=typed)
    assert answer.status_code == 400
    assert re.search(
        r"Votre question a 2\d.\d{3} caractères ; 4.000 au plus", words(answer.text).replace("\u202f", " ")
    )
    assert typed in answer.text


def test_a_question_in_english_is_answered_in_english_with_the_sheets_as_they_are(live: LiveCommons) -> None:
    visitor = Visitor(live, language="en")
    visitor.join("Kim", language="en")
    told = words(explain(visitor, "How much is the card of the library, carte de la médiathèque ?"))
    assert "Your question is in English" in told
    assert "La carte de la médiathèque" in told


def test_a_stranger_is_sent_to_sign_in(live: LiveCommons) -> None:
    stranger = Visitor(live)
    for path in ("/explain", "/sheets", "/sheets/commune/F1"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")


def test_nothing_asked_is_kept_on_the_disk(live: LiveCommons, karim: Visitor) -> None:
    explain(karim, "Combien coûte la carte de la médiathèque pour Zéphirine Quillivic ?")
    home = live.commons.settings.home
    kept = [path for path in home.rglob("*") if path.is_file() and b"Quillivic" in path.read_bytes()]
    assert kept == []


# --- a written answer -------------------------------------------------------------------------------------------------


def test_a_written_answer_stands_on_quotes_and_what_is_made_up_is_set_apart(karim: Visitor) -> None:
    page = write(karim)
    final = page[page.index('class="final completed"') :]
    text = final[: final.index('<ol class="stands">')]
    assert SAID in words(text)
    assert "86 €" not in words(text)
    assert re.search(r'<a class="mark" href="#q1">', text)
    quote = final[final.index('<li id="q1">') :]
    assert SAID in words(quote[: quote.index("</li>")])
    assert "1 phrase écartée : les fiches ne le disent pas" in words(final).replace("\u202f", " ")
    assert MADE_UP in words(final[final.index("écartée") :])
    assert receipt_id(page).startswith("rcp_")
    assert f'href="/report?receipt={receipt_id(page)}"' in page


def test_all_that_the_model_read_is_shown_to_the_letter(karim: Visitor) -> None:
    page = write(karim)
    assert exact_text(page).count(CARD) == 1
    assert ENGINES["scribe"].seen[-1].startswith(exact_text(page).removesuffix("assistant:"))


@contextlib.contextmanager
def being_written(visitor: Visitor, model: str = "slow") -> Iterator[Iterator[str]]:
    """The pieces of a page that a model writes into."""
    form = form_to(explain(visitor, CARD), "/explain#answer")
    content = encoded(form.filled(model=model))
    with visitor.client.stream("POST", "/explain", content=content, headers=FORM) as answer:
        yield answer.iter_text()


def test_the_sheets_come_first_and_nothing_unchecked_is_shown_meanwhile(karim: Visitor) -> None:
    with being_written(karim) as pieces:
        first = next(pieces)
        assert SAID in words(first)
        assert 'role="status"' in first
        assert 'class="final' not in first
        page = first
        while "puis elle est vérifiée" not in page:
            page += next(pieces)
        until(lambda: ENGINES["slow"].in_flight == 1)
        karim.submit(page, "/chat/stop/")
        rest = "".join(pieces)
    assert "".join(rest.split('class="final')[:1]).strip() in ("</div></div><div", "")


def test_an_answer_can_be_stopped_and_what_had_come_is_checked(live: LiveCommons, karim: Visitor) -> None:
    with being_written(karim) as pieces:
        page = ""
        while "puis elle est vérifiée" not in page:
            page += next(pieces)
        assert karim.submit(page, "/chat/stop/").status_code == 204
        page += "".join(pieces)
    assert 'class="final cancelled"' in page
    assert live.run(live.commons.ledger.receipt(receipt_id(page), karim_id(live))).outcome == "cancelled"


def karim_id(live: LiveCommons) -> str:
    return live.run(live.commons.accounts.find("Karim")).id


def test_nobody_left_to_read_stops_the_engine(karim: Visitor) -> None:
    with being_written(karim) as pieces:
        next(pieces)
        until(lambda: ENGINES["slow"].in_flight == 1)
    until(lambda: ENGINES["slow"].in_flight == 0, timeout_s=4)


def test_waiting_says_the_place(live: LiveCommons, karim: Visitor, odile: Visitor) -> None:
    with being_written(karim) as pieces:
        next(pieces)
        until(lambda: ENGINES["slow"].in_flight == 1)
        with being_written(odile) as waited:
            told = next(waited)
            while "votre tour" not in words(told):
                told += next(waited)
    assert "C’est bientôt votre tour" in words(told)
    until(lambda: ENGINES["slow"].in_flight == 0)


def test_an_engine_that_breaks_leaves_the_sheets_and_says_why(karim: Visitor) -> None:
    page = write(karim, model="dying")
    assert "Le programme qui fait tourner le modèle s’est arrêté." in words(page)
    assert 'class="final failed"' in page
    assert SAID in words(page)


def test_a_model_that_is_not_here_is_said_so_under_the_sheets(karim: Visitor) -> None:
    page = write(karim, model="nobody")
    assert SAID in words(page)
    assert "Ce modèle n’est pas installé ici." in words(page)


def test_when_nothing_can_be_checked_the_words_of_the_sheets_stand(karim: Visitor) -> None:
    scribe = ENGINES["scribe"]
    scribe.says = MADE_UP
    try:
        page = write(karim)
    finally:
        scribe.says = Scribe.says
    final = page[page.index('class="final') :]
    assert "Rien de ce que le modèle a écrit n’a pu être vérifié." in words(final)
    assert 'class="told"' not in final
    assert SAID in words(final[final.index('<ol class="stands">') :])


# --- sheets -----------------------------------------------------------------------------------------------------------


def test_collections_are_shown_to_whom_they_are_for(karim: Visitor, odile: Visitor) -> None:
    mine, hers = words(karim.get("/sheets").text), words(odile.get("/sheets").text)
    assert "Fiches de la commune" in mine
    assert "Licence Ouverte 2.0" in mine
    assert "intendance" not in mine
    assert "Fiches de l'intendance" in hers
    assert "les intendants et les opérateurs" in hers


def test_what_one_may_not_read_is_nowhere(karim: Visitor, odile: Visitor) -> None:
    assert "4711" in words(explain(odile, "Quel est le code de l'alarme du local ?"))
    told = explain(karim, "Quel est le code de l'alarme du local ?") + karim.get("/sheets?q=code+alarme").text
    assert "4711" not in told
    assert "alarme du local est donné" not in told
    assert karim.get("/sheets/intendance/S1").status_code == 404
    assert odile.get("/sheets/intendance/S1").status_code == 200


def test_searching_lists_sheets_by_title_with_their_date(karim: Visitor) -> None:
    page = karim.get("/sheets?q=velo").text
    assert re.search(r'<h3><a href="/sheets/commune/F2"', page)
    assert "Fiche du 1er septembre 2026" in words(page)
    told = words(karim.get("/sheets?q=xylophage").text)
    assert "Aucune fiche trouvée" in told or "Aucune fiche ne contient ces mots" in told


def test_a_sheet_is_read_in_full_with_conditions_and_facts(karim: Visitor) -> None:
    page = karim.get("/sheets/commune/F1").text
    told = words(page).replace("\u202f", " ")
    assert re.search(
        r"<h2[^>]*>Vous êtes majeur</h2>.*?<h3[^>]*>Coût</h3>\s*<p>La carte de la médiathèque coûte", page, re.S
    )
    assert "À savoir : La carte perdue est refaite pour 3 €." in told
    assert re.search(r"<li>une pièce d&#39;identité,</li>\s*<li>un justificatif", page)
    assert "Majeur : personne qui a 18 ans ou plus" in told
    assert '<a href="https://www.exemple.fr/fiches/reglement" rel="noopener noreferrer">' in page
    assert "Demander la carte en ligne" in told
    assert "Emprunter un vélo de la commune" in told


def test_a_quote_leads_to_its_place_in_the_sheet(karim: Visitor) -> None:
    page = explain(karim, CARD)
    href = re.search(r'<h3><a href="([^"#]+)#here"', page)
    assert href
    sheet = karim.get(href[1].replace("&amp;", "&")).text
    assert re.search(r'id="here">[^<]*12 €', sheet)


def test_old_undated_and_withdrawn_sheets_say_so(karim: Visitor) -> None:
    assert "n’a pas de date" in words(karim.get("/sheets/commune/F3").text)
    assert "retirée par sa source" in words(karim.get("/sheets/commune/F6").text)
    assert "ont pu changer" in words(karim.get("/sheets/commune/F1").text)


@pytest.mark.parametrize("path", ["/sheets/commune/F4", "/sheets?q=piège+frelons", "explain"])
def test_a_sheet_has_no_power_over_the_page(karim: Visitor, path: str) -> None:
    page = explain(karim, "Le piège à frelons est-il prêté ?") if path == "explain" else karim.get(path).text
    assert "Piège" in page
    for tag, attributes in tags_of(page):
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert tag != "img"
        assert tag != "script" or attributes["src"].startswith("/static/")
        address = attributes.get("href", "/")
        assert re.match(r"(https?://|/(?!/)|#|\?)", address), address
        if address.startswith("http"):
            assert "noopener" in attributes["rel"]


def weight(page: str, visitor: Visitor) -> int:
    named = re.findall(r"/static/([\w.]+)\?", page)
    files = static_files()
    return len(page.encode()) + sum(len(files[name].content) for name in set(named))


def test_a_very_long_sheet_is_read_page_by_page_each_light_none_lost(karim: Visitor) -> None:
    first = karim.get("/sheets/commune/F5").text
    parts = int(re.search(r"page 1 sur (\d+)", words(first))[1])  # type: ignore[index]
    assert parts > 3
    told = ""
    for part in range(1, parts + 1):
        page = karim.get(f"/sheets/commune/F5?part={part}").text
        assert weight(page, karim) <= WEIGHT_MAX_BYTES, part
        told += words(page)
    assert all(f"technique n° {n} peut" in told for n in range(len(LONG.blocks)))
    assert all(f"Délibération {n} du conseil" in told for n in range(len(LONG.facts)))
    after = karim.get("/sheets/commune/F5?part=3").text
    assert re.search(r"<h2[^>]*>Service \d+", after), "a new page says again what case it is in"
    gone = karim.get(f"/sheets/commune/F5?part={parts + 1}")
    assert gone.status_code == 404
    assert "moins de pages" in words(gone.text)
    assert karim.get("/sheets/commune/F5?part=zéro").status_code == 200


@pytest.mark.parametrize("path", ["/sheets/commune/rien", "/sheets/rien/F1", "/sheets/commune/..%2F..%2Fetc%2Fpasswd"])
def test_a_sheet_that_is_not_there_says_so(karim: Visitor, path: str) -> None:
    answer = karim.get(path)
    assert answer.status_code == 404
    assert "n’est pas ici" in words(answer.text) or "rien à cette adresse" in words(answer.text)


# --- how good it is ---------------------------------------------------------------------------------------------------


def test_measures_are_public_in_plain_words_and_compared_with_the_accepted_one(live: LiveCommons) -> None:
    stranger = Visitor(live)
    assert "Rien n’a encore été mesuré ici." in words(stranger.get("/evaluations").text)
    kept = live.commons.explain.evaluations
    assert kept is not None
    before = live.run(kept.keep(a_report(1_795_000_000_000, accepted=True)))
    live.run(kept.keep(a_report(1_796_000_000_000)))
    told = words(stranger.get("/evaluations").text).replace("\u202f", " ")
    assert "Sur 100 questions auxquelles une fiche répond 75 (de 67 à 82) : une bonne fiche est montrée" in told
    assert "85 (de 70 à 93) : la page dit « nous ne savons pas », avec raison" in told
    assert "sans aucun modèle" in told
    assert "Sur 300 citations montrées, 300 sont dans leur fiche, mot pour mot." in told
    assert "acceptée avant" in told
    assert "une bonne fiche parmi les 5 premières 76 %" in told
    assert "avec des fautes" in told
    assert "acceptée" in words(stranger.get(f"/evaluations?report={before.id}").text)
    assert stranger.get("/evaluations?report=evl_none").status_code == 404
