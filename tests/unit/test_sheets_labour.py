"""Files of the labour ministry made sheets; hostile ones refused, one entry at a time."""

from __future__ import annotations

import contextlib
import io
import json
import lzma
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.sheets.labour import reader
from affouage.sheets.labour.page import read_page
from affouage.sheets.labour.reader import read_file
from affouage.sheets.labour.sheets import day_of
from affouage.sheets.reading import Read, Refused
from affouage.sheets.sheet import Block, Link, Sheet
from affouage.sheets.unreadable import Unreadable


def labour(id: str = "article1", **more: Any) -> dict[str, Any]:
    return {
        "pubId": id,
        "title": "La période d'essai",
        "url": f"https://travail-emploi.gouv.fr/{id}",
        "date": "13/11/2025",
        "description": "Elle permet d'évaluer le salarié.",
        "intro": "<p>Elle permet d'évaluer le <strong>salarié</strong>.</p>",
        "sections": [],
        **more,
    }


def contribution(markdown: str, *conventions: dict[str, Any]) -> dict[str, Any]:
    answers = {"generic": {"markdown": markdown, "description": "Oui…"}, "conventions": list(conventions)}
    return {"id": "4a6f", "index": 1, "title": "Peut-on la renouveler ?", "answers": answers}


def sheets_of(tmp_path: Path, *entries: Any) -> list[Sheet]:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return [one.sheet for one in read_file(path) if isinstance(one, Read)]


def section(html: str, title: str = "Durée", **references: Any) -> dict[str, Any]:
    return {"title": title, "html": html, "anchor": "", "text": "", "description": "", "references": references}


def test_a_sheet_with_its_date_its_sections_and_its_boxes(tmp_path: Path) -> None:
    html = (
        '<p>Quatre mois.</p><div class="fr-highlight"><h3>À savoir !</h3><p>Sous 2 mois, 10 % au moins.</p></div>'
        "<h3>Cadres</h3><ul><li>Un <b>mois</b></li></ul><table><tr><th>Contrat</th><th>Durée</th></tr>"
        "<tr><td><p>CDD</p></td><td>2 mois</td></tr></table>"
    )
    (sheet,) = sheets_of(tmp_path, labour(sections=[section(html), section("<p>Rien.</p>", "La période d’essai")]))
    assert (sheet.id, sheet.day, sheet.url) == ("article1", "2025-11-13", "https://travail-emploi.gouv.fr/article1")
    assert sheet.blocks == (
        Block(text="Quatre mois.", path=("Durée",)),
        Block(text="Sous 2 mois, 10 % au moins.", path=("Durée",), kind="box", name="À savoir"),
        Block(text="Un mois", path=("Durée", "Cadres"), kind="item"),
        Block(text="Contrat | Durée", path=("Durée", "Cadres"), kind="row"),
        Block(text="CDD | Durée : 2 mois", path=("Durée", "Cadres"), kind="row"),
        Block(text="Rien."),
    )
    assert {(fact.kind, fact.value) for fact in sheet.facts} == {("delay", "2 mois"), ("amount", "10 %")}


def test_links_are_laws_sheets_of_the_same_file_and_others(tmp_path: Path) -> None:
    law = "https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI1"
    html = (
        f'<p>Voir <a href="{law}">L. 1221-19</a> et <a href="https://travail-emploi.gouv.fr/article2#x">le CDD</a></p>'
        '<a href="javascript:alert(1)">ici</a>'
        '<div class="fr-card"><h3><a href="https://x.example/">Un site</a></h3></div>'
    )
    code = {
        "name": "code du travail",
        "articles": [{"text": "L. 1", "fmt": "L1", "cid": "LEGI1"}, {"fmt": "L2", "cid": "L"}],
    }
    first, _ = sheets_of(tmp_path, labour(sections=[section(html, LEGITEXT=code)]), labour("article2"))
    assert [(fact.label, fact.url) for fact in first.facts if fact.kind == "law"] == [
        ("L. 1221-19", law),
        ("Code du travail : article L1", "https://www.legifrance.gouv.fr/codes/article_lc/LEGI1"),
    ]
    assert first.related == (Link(title="le CDD", sheet_id="article2"), Link(title="Un site", url="https://x.example/"))
    assert [block.text for block in first.blocks] == ["Voir L. 1221-19 et le CDD", "ici"]


def test_sections_that_only_lead_elsewhere_are_no_text(tmp_path: Path) -> None:
    (sheet,) = sheets_of(tmp_path, labour(sections=[section("<p>Code du travail</p>", "Textes de référence")]))
    assert sheet.blocks == ()


@pytest.mark.parametrize(
    ("text", "day"), [("13/11/2025", "2025-11-13"), ("31/02/2025", None), ("", None), ("2025", None)]
)
def test_days(text: str, day: str | None) -> None:
    assert day_of(text) == day


def test_an_answer_holds_for_the_tab_and_the_agreement_it_stands_under(tmp_path: Path) -> None:
    agreement = {
        "agreement": {"shortTitle": "Industries chimiques"},
        "title": "Article 1",
        "url": None,
        "category": None,
    }
    (sheet,) = sheets_of(
        tmp_path,
        contribution(
            "Oui.\n\n<HDN>\n\n- une fois\n\n</HDN>\n\n"
            '<Tab title="CDD">\n\n#### Durée\n\nUn **mois**.\n\n</Tab>\n\nFin.',
            {"idcc": "0044", "markdown": "Deux fois.", "references": [agreement]},
            {"idcc": "0029", "markdown": "Jamais."},
        ),
    )
    assert sheet.blocks == (
        Block(text="Oui."),
        Block(text="une fois", kind="item"),
        Block(text="Un mois.", path=("CDD", "Durée")),
        Block(text="Fin."),
        Block(text="Deux fois.", path=("Convention collective Industries chimiques (IDCC 44)",)),
        Block(text="Jamais.", path=("Convention collective (IDCC 29)",)),
    )
    assert (sheet.id, sheet.day, sheet.url, sheet.kind) == ("contribution-4a6f", None, "", "question")


def test_a_bad_entry_is_named_and_loses_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    entries = [labour(), labour("article2", title=" "), labour("article3", sections=7), labour("article4")]
    path.write_text(json.dumps(entries), encoding="utf-8")
    found = list(read_file(path))
    assert [one.sheet.id for one in found if isinstance(one, Read)] == ["article1", "article4"]
    refused = [one for one in found if isinstance(one, Refused)]
    assert {(one.name, one.code) for one in refused} == {("entry 3", "json_entry"), ("article2", "sheet_no_title")}
    assert "sections" in refused[0].reason


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'[{"x": 1}]', b"[[", b"[" * 200_000, b'["\xff"]', b"<html>"])
def test_what_is_none_of_their_files_is_refused_as_a_whole(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(Unreadable):
        list(read_file(tmp_path / "a.json"))


def packed(name: str, content: bytes) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()


def test_packages_and_packed_files_are_read_within_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps([labour()]).encode()
    (tmp_path / "a.tgz").write_bytes(packed("package/data/index.json", content))
    (tmp_path / "a.json.xz").write_bytes(lzma.compress(content))
    for name in ("a.tgz", "a.json.xz"):
        assert len(list(read_file(tmp_path / name))) == 1
    greedy = lzma.compress(content, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}])
    (tmp_path / "d.json.xz").write_bytes(greedy)
    with pytest.raises(Unreadable) as refused:
        list(read_file(tmp_path / "d.json.xz"))
    assert refused.value.code == "json_damaged"
    monkeypatch.setattr(reader, "MOST_BYTES", len(content) - 1)
    for name in ("a.tgz", "a.json.xz"):
        with pytest.raises(Unreadable) as refused:
            list(read_file(tmp_path / name))
        assert refused.value.code == "source_too_large"
    (tmp_path / "b.tgz").write_bytes(packed("package/README.md", b"x"))
    for name, broken in (("b.tgz", None), ("c.tgz", b"\x1f\x8b"), ("c.json.xz", b"\xfd7zXZ\x00")):
        if broken is not None:
            (tmp_path / name).write_bytes(broken)
        with pytest.raises(Unreadable):
            list(read_file(tmp_path / name))


PIECES = [
    "<p>",
    "</p>",
    "<li>",
    "<ul>",
    "</ul>",
    "<td>",
    "<tr>",
    "</table>",
    '<div class="fr-highlight">',
    "</div>",
    "<h3>",
]
PIECES += [
    "</h3>",
    "86 €",
    "<a href='https://x/'>",
    "</a>",
    "<script>",
    "</script>",
    "<",
    "&",
    "<!--",
    '<div class="fr-card">',
]


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_any_html_is_read(pieces: list[str]) -> None:
    with contextlib.suppress(Unreadable):
        page = read_page("".join(pieces), ("Durée",))
        assert all(block.text and block.path[:1] == ("Durée",) for block in page.blocks)


def test_html_nested_without_end_is_refused() -> None:
    with pytest.raises(Unreadable):
        read_page("<div>" * 100_000)
