"""Real official sheets (of 2020, never to be shipped): nothing of what they say is lost, in the right place."""

from __future__ import annotations

import json
import lzma
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from affouage.sheets.dila.reader import read_archive
from affouage.sheets.labour.reader import read_file
from affouage.sheets.passages import passages_of
from affouage.sheets.reading import Read
from affouage.sheets.sheet import Sheet
from tests.conftest import ROOT, missing

DATA = ROOT.parent / "shared" / "data"
SOME = ("F1769", "F1050", "F34300", "F515", "F14128", "F2880", "R13567", "R1137")
_ELSEWHERE = {"OuSAdresser", "ServiceEnLigne", "DossierPere", "VoirAussi", "Definition", "Abreviation", "Reference"}
_ELSEWHERE |= {"RechercheGuidee", "Titre", "TitreAlternatif", "Cellule", "Credits"}


def data(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        missing(f"the shared data {name}")
    return path


@pytest.fixture(scope="module")
def associations() -> tuple[Path, dict[str, Sheet]]:
    path = data("service-public/vosdroits-associations.zip")
    return path, {one.sheet.id: one.sheet for one in read_archive(path) if isinstance(one, Read)}


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sheet]:
    """A few of the largest guide, read with the forms they name."""
    path = tmp_path_factory.mktemp("some") / "some.zip"
    with (
        zipfile.ZipFile(data("service-public/vosdroits-particuliers.zip")) as whole,
        zipfile.ZipFile(path, "w") as part,
    ):
        for name in SOME:
            part.writestr(f"{name}.xml", whole.read(f"{name}.xml"))
    return {one.sheet.id: one.sheet for one in read_archive(path) if isinstance(one, Read)}


def test_every_sheet_is_read_with_its_date_its_address_and_some_text(
    associations: tuple[Path, dict[str, Sheet]],
) -> None:
    path, sheets = associations
    with zipfile.ZipFile(path) as archive:
        names = {name.removesuffix(".xml") for name in archive.namelist() if name.startswith("F")}
    assert set(sheets) == names
    for one in sheets.values():
        assert one.title
        assert one.day is not None
        assert one.url.endswith(f"/vosdroits/{one.id}")
        assert one.language == "fr"
        assert one.theme or one.kind == "steps"
        assert passages_of(one, "a")


def paragraphs(element: Element) -> Iterator[str]:
    """What a reader sees in the text of a sheet, found another way than the product does."""
    for child in element:
        if child.tag == "Paragraphe":
            yield " ".join("".join(child.itertext()).split())
        elif child.tag not in _ELSEWHERE:
            yield from paragraphs(child)


def test_no_paragraph_of_any_sheet_is_lost(associations: tuple[Path, dict[str, Sheet]]) -> None:
    path, sheets = associations
    lost, seen = [], 0
    with zipfile.ZipFile(path) as archive:
        for sheet_id, one in sheets.items():
            root = ElementTree.fromstring(archive.read(f"{sheet_id}.xml"))  # noqa: S314
            said = "\n".join(block.text for block in one.blocks)
            for text in paragraphs(root):
                seen += 1
                lost += [] if text in said else [(sheet_id, text)]
    assert seen > 1_000
    assert lost == []


def test_facts_are_as_many_as_the_files_hold(associations: tuple[Path, dict[str, Sheet]]) -> None:
    path, sheets = associations
    with zipfile.ZipFile(path) as archive:
        roots = {one: ElementTree.fromstring(archive.read(f"{one}.xml")) for one in sheets}  # noqa: S314
    laws = {(one, law.get("URL")) for one, root in roots.items() for law in root.iterfind("Reference")}
    assert {(one.id, fact.url) for one in sheets.values() for fact in one.facts if fact.kind == "law"} == laws
    amounts = {" ".join((value.text or "").split()) for root in roots.values() for value in root.iter("Valeur")}
    told = {fact.value for one in sheets.values() for fact in one.facts if fact.kind == "amount"}
    calls = " ".join(fact.value for one in sheets.values() for fact in one.facts if fact.kind == "where")
    assert [one for one in amounts - told if one not in calls] == [], "the price of a call stands with the telephone"
    places = {(one, where.get("ID")) for one, root in roots.items() for where in root.iter("OuSAdresser")}
    assert len(places) > 50
    assert {one for one, _ in places} == {
        one.id for one in sheets.values() if any(f.kind == "where" for f in one.facts)
    }


def test_a_question_and_its_answer(some: dict[str, Sheet]) -> None:
    nursing = some["F1769"]
    assert nursing.title == "Une salariée peut-elle allaiter pendant les heures de travail ?"
    assert (nursing.kind, nursing.day) == ("question", "2019-08-09")
    assert nursing.theme == ("Travail", "Conditions de travail dans le secteur privé")
    assert nursing.blocks[0].text.startswith("Oui, en tant que salariée, vous pouvez allaiter votre enfant")
    assert [block.text for block in nursing.blocks if block.kind == "item"] == [
        "30 minutes pendant le travail du matin",
        "30 minutes pendant l'après-midi.",
    ]
    assert [link.sheet_id for link in nursing.related] == ["F2691", "F1144", "F2330", "F2775", "F1901"]
    assert "Règlement intérieur" not in repr(nursing), "a sibling, not a part of it"


def test_conditional_content_keeps_its_conditions_in_words(some: dict[str, Sheet]) -> None:
    car = some["F1050"]
    kept = {block.path for block in car.blocks if block.text.startswith("Carte grise d'origine, sans mention")}
    assert {path[0] for path in kept} == {"Véhicule immatriculé à l'étranger"}
    said = "Vous êtes en possession de la carte grise du véhicule"
    assert {path[-1] for path in kept} == {said}, "in the words of the guide F34300"
    forms = {fact.label: fact.value for fact in car.facts if fact.kind == "form"}
    assert forms["Demande de certificat d'immatriculation d'un véhicule"] == "13750*07"
    fine = next(fact for fact in car.facts if fact.kind == "amount" and fact.path)
    assert (fine.value, fine.path[-1]) == ("750 €", "Dans quel délai ?")


def test_a_guided_search_leads_to_its_sheets(some: dict[str, Sheet]) -> None:
    assert "F1050" in {link.sheet_id for link in some["F34300"].related}


def test_sheets_of_the_labour_ministry(tmp_path: Path) -> None:
    entries = json.loads(lzma.decompress(data("fiches-travail/fiches-travail.json.xz").read_bytes()))
    (tmp_path / "some.json").write_text(json.dumps(entries[:12]), encoding="utf-8")
    read = [one for one in read_file(tmp_path / "some.json") if isinstance(one, Read)]
    assert len(read) == 12
    first = read[0].sheet
    assert (first.title, first.day) == ("Les délégués syndicaux", "2025-11-13")
    assert first.url == "https://travail-emploi.gouv.fr/les-delegues-syndicaux"
    assert any(block.kind == "box" and block.name == "À savoir" for block in first.blocks)
    assert any(fact.kind == "law" and "L2143" in fact.label for fact in first.facts)
    assert all(one.sheet.day and one.sheet.blocks and one.sheet.url for one in read)
    assert not any("<" in block.text for one in read for block in one.sheet.blocks)


def test_answers_by_collective_agreement(tmp_path: Path) -> None:
    entries = json.loads(lzma.decompress(data("fiches-travail/contributions.json.xz").read_bytes()))
    (tmp_path / "some.json").write_text(json.dumps(entries[:3]), encoding="utf-8")
    read = [one.sheet for one in read_file(tmp_path / "some.json") if isinstance(one, Read)]
    assert len(read) == 3
    agreements = {block.path[0] for block in read[0].blocks if block.path}
    assert "Convention collective Industries chimiques et connexes (IDCC 44)" in agreements
    assert read[0].kind == "question"
    assert any(fact.label == "Article L1222-10 du code du travail" for fact in read[0].facts)
