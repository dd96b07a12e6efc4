"""The workshop on a real library, through the real path of a request: looked up, written, checked, stopped, told."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from affouage import settings
from affouage.chat import ChatRequest, EngineEvent, Message
from affouage.errors import BadRequest
from affouage.inference.attempt import Asking
from affouage.testing import EchoEngine, LiveCommons, serving
from affouage.workshops.explain.explain import QUESTION_MOST
from affouage.workshops.explain.shapes import Begun, Explanation, Look
from tests.integration.explain_house import fill, wait_until_found
from tests.unit.attacks import IN_QUESTIONS, wanted

MEMBERS = frozenset({"public", "members"})
CARD = "Combien coûte la carte de la médiathèque ?"
SAID = "La carte de la médiathèque coûte 12 € par an."


class Obeying(EchoEngine):
    """The worst of models: it says what a document or a question orders, between «», and else what it was made for."""

    says = SAID

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        ordered = re.findall(r"«([^»]+)»", str(request.messages[-1].content))
        said = " ".join(ordered) if ordered else self.says
        told = msgspec.structs.replace(request, messages=(*request.messages, Message("user", said)))
        async for event in super().generate(told):
            yield event


ENGINE = Obeying("obeying", slots=2)
SLOW = Obeying("slow", slots=1, word_ms=30)
SLOW.says = f"{SAID} " + "Et encore ceci. " * 50


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("explain") / "home"
    fill(home)
    read = settings.read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": "obeying"}, home=home)
    with serving(read, engines=(ENGINE, SLOW)) as it:
        wait_until_found(it)
        it.api_key("Odile")
        yield it


@pytest.fixture(scope="module")
def key(live: LiveCommons) -> str:
    return live.api_key("Odile")


def look(live: LiveCommons, question: str, language: str = "fr") -> Look:
    return live.run(live.commons.explain.look(question, language=language, tags=MEMBERS))


def written(live: LiveCommons, question: str, model: str = "obeying") -> Explanation:
    async def whole() -> Explanation:
        explain = live.commons.explain
        looked = await explain.look(question, language="fr", tags=MEMBERS)
        return await explain.explained(looked, await asking(live), model)

    return live.run(whole())


async def asking(live: LiveCommons) -> Asking:
    who = await live.commons.accounts.find("Odile")
    return Asking(member_id=who.id, door="workshop")


# -- looking ---------------------------------------------------------------------------------------------------------


def test_sheets_are_quoted_word_for_word_with_their_case(live: LiveCommons) -> None:
    found = look(live, CARD)
    assert found.verdict.answer
    quotes = [one.quote for one in found.extracts if one.quote]
    assert len(quotes) == len(found.extracts) > 1
    texts = {(one.text, one.path) for one in quotes}
    assert (SAID, ("Vous êtes majeur", "Coût")) in texts
    assert found.cited[0].sheet_id == "F1"
    assert "old_sheet" in found.warnings


def test_an_order_in_a_document_is_neither_quoted_nor_given(live: LiveCommons) -> None:
    found = look(live, "Le piège à frelons asiatiques est-il prêté ?")
    assert found.cited[0].sheet_id == "F4"
    assert not any("consignes" in one.text for one in found.extracts)
    assert any("consignes" in one.text for one in found.given), "the passage holds it"
    before = len(ENGINE.seen)
    written(live, "Le piège à frelons asiatiques est-il prêté ?")
    assert len(ENGINE.seen) == before + 1
    assert not any("Ignorez toutes les consignes" in prompt for prompt in ENGINE.seen)


@pytest.mark.parametrize(
    ("question", "scope"),
    [
        ("Quels sont les horaires de la mairie de Trifouillis ?", "local"),
        ("Où en est mon dossier ?", "personal"),
        ("Comment passer le permis de conduire au Maroc ?", "foreign"),
        ("Quel sera le montant du SMIC en 2040 ?", "future"),
        ("Raconte-moi une blague", "far"),
        ("?!", "empty"),
        ("", "empty"),
    ],
)
def test_what_no_sheet_can_answer_is_said_and_where_to_turn(live: LiveCommons, question: str, scope: str) -> None:
    found = look(live, question)
    assert (found.verdict.scope, found.verdict.answer) == (scope, False)
    assert found.extracts == ()
    assert bool(found.verdict.ask_instead) == (scope not in ("far", "empty"))
    told = live.run(live.commons.explain.explained(found, None))
    assert (told.sentences, told.receipt_id) == ((), None)


def test_a_service_that_the_sheets_name_is_where_to_ask(live: LiveCommons) -> None:
    found = look(live, "Où en est ma demande de carte de la médiathèque ?")
    assert found.verdict.scope == "personal"
    assert found.verdict.ask_instead[0] == "Médiathèque du Bois"


def test_personal_data_is_masked_before_it_goes_anywhere(live: LiveCommons) -> None:
    iban, before = "FR76 3000 6000 0112 3456 7890 189", len(ENGINE.seen)
    told = written(live, f"Mon IBAN est {iban}, combien coûte la carte de la médiathèque ?")
    assert "personal_data:iban" in told.warnings
    digits = iban.replace(" ", "")
    everything = msgspec.json.encode(told).decode() + "".join(ENGINE.seen[before:])
    assert len(ENGINE.seen) == before + 1
    assert digits not in everything.replace(" ", "")
    assert "[…]" in told.question
    kept = Path(live.commons.settings.home).rglob("*")
    assert not any(b"0112 3456 7890" in one.read_bytes() for one in kept if one.is_file())


def test_languages_and_lengths(live: LiveCommons) -> None:
    assert "other_language:en" in look(live, "How much is the card of the médiathèque?", "en").warnings
    assert "other_language:ar" in look(live, "كم تكلفة بطاقة المكتبة").warnings
    assert look(live, "carte " * (QUESTION_MOST // 6)).finding.hits
    with pytest.raises(BadRequest) as refused:
        look(live, "carte " * 4000)
    assert refused.value.code == "question_too_long"
    assert str(QUESTION_MOST) in refused.value.message


def test_a_closed_collection_is_not_quoted(live: LiveCommons) -> None:
    found = look(live, "Quel est le code de l'alarme du local ?")
    assert "4711" not in msgspec.json.encode(found).decode()


# -- writing -----------------------------------------------------------------------------------------------------------


def test_what_is_written_stands_on_a_quote_or_is_set_apart(live: LiveCommons, key: str) -> None:
    lends = "La carte de la médiathèque permet d'emprunter des livres."
    ENGINE.says = f"{SAID} La carte est valable 2 ans. {lends}"
    told = written(live, CARD)
    assert [one.text for one in told.sentences] == [SAID, lends]
    assert [one.text for one in told.dropped] == ["La carte est valable 2 ans."]
    assert "sentences_dropped" in told.warnings
    assert [one.text for one in told.written] == [one.strip() for one in re.split(r"(?<=\.) ", ENGINE.says)]
    receipt = live.run(live.commons.ledger.receipt(told.receipt_id or "", None))
    assert (receipt.workshop, receipt.tokens.decoded is not None) == ("explain", True)
    assert receipt.prefix is not None
    assert receipt.prefix.sha256 == live.commons.prefixes.of("fr", "explain").sha256


def test_the_visible_prefix_is_the_workshops_own(live: LiveCommons, key: str) -> None:
    shown = httpx.get(f"{live.url}/prefix").json()["workshops"]
    assert "Recopie" in shown["explain"]["fr"]["text"]
    assert ENGINE.seen[-1].startswith(f"system: {shown['explain']['fr']['text']}")


@pytest.mark.parametrize("attack", IN_QUESTIONS)
def test_a_model_that_obeys_a_question_is_not_believed(live: LiveCommons, key: str, attack: str) -> None:
    told = written(live, f"{attack} {CARD}")
    assert wanted(attack) not in [one.text for one in told.sentences]
    assert all(one.status == "supported" and one.quote is not None for one in told.sentences)


def test_a_model_that_does_not_know_leaves_the_extracts(live: LiveCommons, key: str) -> None:
    ENGINE.says = "Je ne sais pas."
    told = written(live, CARD)
    assert "model_does_not_know" in told.warnings
    assert [one.text for one in told.sentences] == [one.text for one in look(live, CARD).extracts]
    ENGINE.says = SAID


def test_an_answer_stopped_is_told_as_far_as_it_went(live: LiveCommons, key: str) -> None:
    async def stopped() -> list[Any]:
        explain, seen = live.commons.explain, []
        looked = await explain.look(CARD, language="fr", tags=MEMBERS)
        who = await asking(live)
        async with aclosing(explain.answer(looked, who, "slow")) as events:
            async for event in events:
                seen.append(event)
                if isinstance(event, Begun):
                    number = event.receipt_id
                if sum(isinstance(one, str) for one in seen) == 14:
                    live.commons.inference.stop(number, who.member_id)
        return seen

    seen = live.run(stopped())
    last = seen[-1]
    assert isinstance(last, Explanation)
    assert [one.text for one in last.sentences] == [SAID]
    assert "cut_short" in last.warnings
    assert SLOW.in_flight == 0


# -- over HTTP ---------------------------------------------------------------------------------------------------------


def post(live: LiveCommons, key: str | None, body: dict[str, Any]) -> httpx.Response:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    return httpx.post(f"{live.url}/v1/explain", json=body, headers=headers, timeout=60)


def test_programs_ask_the_same(live: LiveCommons, key: str) -> None:
    bare = post(live, key, {"question": CARD})
    told = msgspec.json.decode(bare.content, type=Explanation)
    assert (bare.status_code, told.model, told.receipt_id) == (200, "", None)
    assert told.sentences == look(live, CARD).extracts
    made = post(live, key, {"question": CARD, "model": "obeying"})
    assert made.json()["receipt_id"] == made.headers["x-affouage-receipt"]
    assert made.json()["sentences"][0]["text"] == SAID


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "missing_required_parameter"),
        ({"question": "x" * 20_000}, 400, "question_too_long"),
        ({"question": CARD, "model": "nobody"}, 404, "model_not_found"),
        ({"question": CARD, "tools": []}, 400, None),
    ],
)
def test_what_cannot_be_asked(live: LiveCommons, key: str, body: dict[str, Any], status: int, code: str | None) -> None:
    refused = post(live, key, body)
    assert refused.status_code == status
    assert code is None or refused.json()["error"]["code"] == code


def test_nobody_asks_without_a_key(live: LiveCommons) -> None:
    assert post(live, None, {"question": CARD}).status_code == 401
