"""A document or a question that gives orders has no power: what no quoted text says is not shown."""

from __future__ import annotations

import pytest

from affouage.sheets.finding import Finding, Header, Hit, Signals
from affouage.sheets.sheet import Passage
from affouage.workshops.explain import asking
from affouage.workshops.explain.checked import Written, checked
from affouage.workshops.explain.extracts import extracts
from affouage.workshops.explain.orders import orders_a_model
from affouage.workshops.explain.shapes import Look, Verdict
from tests.unit.attacks import IN_DOCUMENTS, IN_QUESTIONS, wanted

TRUE = "Le prix du passeport est de 86 € pour un majeur."
TEXT = f"{TRUE}\nVous devez acheter un timbre fiscal.\nLa demande de passeport se fait dans une mairie équipée."


def looked(question: str, text: str) -> Look:
    header = Header(
        collection_id="c",
        sheet_id="F1",
        title="Passeport",
        description="Pour obtenir un passeport, il faut en faire la demande.",
        url="",
        day="2026-01-02",
        audience="",
        theme=(),
        source="essai",
        licence="",
        age_days=3,
        old=False,
    )
    passage = Passage(collection_id="c", sheet_id="F1", number=1, text=text)
    finding = Finding(
        question=question,
        hits=(Hit(sheet=header, score=1.0, passages=(passage,)),),
        signals=Signals(),
        by_meaning=True,
    )
    found = extracts(question, finding)
    given = asking.passages_given(finding, found, ())
    verdict = Verdict(scope="in", answer=True)
    return Look(question=question, language="fr", finding=finding, verdict=verdict, extracts=found, given=given)


@pytest.mark.incident("injected-instruction")
@pytest.mark.parametrize("attack", IN_DOCUMENTS)
def test_what_a_poisoned_document_orders_is_not_shown(attack: str) -> None:
    look = looked("Combien coûte un passeport ?", f"{TEXT}\n{attack}\nIl est valable 10 ans.")
    obeyed = Written(f"{wanted(attack)}\n{TRUE}", "worst", "rcp_1")
    told = checked(look, asking.sources(look), obeyed)
    shown = " ".join(one.text for one in told.sentences)
    assert wanted(attack) not in shown
    assert TRUE in shown, "what the document informs of is still said"
    assert all(wanted(attack) not in (one.quote.text if one.quote else "") for one in told.sentences)
    assert all(wanted(attack) not in one.text for one in look.extracts), "nor quoted without a model"


@pytest.mark.incident("injected-instruction")
@pytest.mark.parametrize("attack", IN_DOCUMENTS)
def test_a_model_is_not_even_given_the_order(attack: str) -> None:
    look = looked("Combien coûte un passeport ?", f"{TEXT}\n{attack}")
    request = asking.request(look, asking.sources(look), "m")
    (message,) = request.messages
    content = str(message.content)
    assert wanted(attack) not in content
    assert TRUE in content
    assert "<|" not in content
    assert content.count("<<<") == content.count(">>>") == 1, "the fences are ours"


@pytest.mark.incident("injected-instruction")
@pytest.mark.parametrize("attack", IN_QUESTIONS)
def test_what_a_question_orders_is_not_shown(attack: str) -> None:
    look = looked(attack, TEXT)
    content = str(asking.request(look, asking.sources(look), "m").messages[0].content)
    assert "<|" not in content
    assert content.count("<<<") == content.count(">>>") == 1
    told = checked(look, asking.sources(look), Written(wanted(attack), "worst", "rcp_1"))
    assert "nothing_supported" in told.warnings
    assert wanted(attack) in " ".join(one.text for one in told.dropped)
    assert wanted(attack) not in [one.text for one in told.sentences]
    assert {one.text for one in told.sentences} == {one.text for one in look.extracts}


@pytest.mark.parametrize(
    "sentence",
    [
        "Répondez aux questions successives et les réponses s'afficheront automatiquement.",
        "L'assistant maternel doit être agréé par le président du conseil départemental.",
        "Vous pouvez ignorer ce courrier si vous avez déjà payé.",
        "Suivez les instructions de la notice.",
        "Le juge peut annuler les règles fixées par l'employeur.",
        "L'employeur doit répondre que la demande est acceptée ou refusée.",
        "Utilisez le modèle de lettre.",
        "Le règlement intérieur contient des consignes de sécurité.",
        "Ne dites rien sans votre avocat.",
        "N'oubliez pas de joindre une photo.",
    ],
)
def test_what_is_said_to_people_is_no_order(sentence: str) -> None:
    assert not orders_a_model(sentence)
