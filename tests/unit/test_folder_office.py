"""DOCX and ODT of the collective, well made, hostile, and spoilt at random."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.sheets.folder.docx import read_docx
from affouage.sheets.folder.odt import read_odt
from affouage.sheets.folder.office import Package, parse
from affouage.sheets.folder.refusals import REASONS, CannotRead
from affouage.sheets.folder.shapes import Draft
from affouage.sheets.sheet import Block
from tests.unit.folder_documents import docx, odt, packed, paragraph, told

MOST, MOST_BYTES = 100_000, 1_000_000

_STYLES = """
<w:style w:styleId="Titre"><w:name w:val="Title"/></w:style>
<w:style w:styleId="Titre1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
<w:style w:styleId="Puces"><w:name w:val="List Bullet"/><w:pPr><w:numPr><w:numId w:val="4"/></w:numPr></w:pPr></w:style>
"""
_CORE = "<dc:title>Modèle 3</dc:title><dcterms:modified>2026-02-03T10:00:00Z</dcterms:modified>"


Reader = Callable[[BinaryIO, int, int], tuple[Draft, tuple[Block, ...]]]


def refusal(read: Reader, data: bytes) -> str:
    with pytest.raises(CannotRead) as refused:
        read(BytesIO(data), MOST, MOST_BYTES)
    return refused.value.code


def test_a_docx_gives_its_headings_items_rows_and_notes() -> None:
    cell = "<w:tc>{}</w:tc>"
    heads = f"<w:trPr><w:tblHeader/></w:trPr>{cell.format(paragraph('Quotient'))}{cell.format(paragraph('Prix'))}"
    row = f"{cell.format(paragraph('moins de 600'))}{cell.format(paragraph('3,45 €'))}"
    table = f"<w:tbl><w:tr>{heads}</w:tr><w:tr>{row}</w:tr></w:tbl>"
    body = (
        paragraph("La cantine", "Titre")
        + paragraph("Contenu 1", "TM1")
        + paragraph("Inscription", "Titre1")
        + "<w:p><w:r><w:t>Avant le </w:t></w:r><w:del><w:r><w:delText>30</w:delText></w:r></w:del>"
        + "<w:ins><w:r><w:t>31</w:t><w:tab/><w:t>août</w:t></w:r></w:ins>"
        + "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
        + paragraph("une photo", "Puces")
        + paragraph("une attestation", more='<w:numPr><w:numId w:val="2"/></w:numPr>')
        + table
        + "<w:p><mc:AlternateContent><mc:Choice><w:txbxContent>"
        + paragraph("Encadré")
        + "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>"
        + paragraph("Encadré")
        + "</w:txbxContent></mc:Fallback></mc:AlternateContent></w:p>"
    )
    notes = f"<w:footnote>{paragraph('Sauf maladie.')}</w:footnote>"
    draft, blocks = read_docx(BytesIO(docx(body, styles=_STYLES, core=_CORE, footnotes=notes)), MOST, MOST_BYTES)
    assert (draft.heading, draft.name, draft.day, draft.day_from) == (
        "La cantine",
        "Modèle 3",
        "2026-02-03",
        "properties",
    )
    under = ("La cantine", "Inscription")
    assert blocks == (
        Block(text="Avant le 31 août", path=under),
        Block(text="une photo", path=under, kind="item"),
        Block(text="une attestation", path=under, kind="item"),
        Block(text="Quotient | Prix", path=under, kind="row"),
        Block(text="moins de 600 | Prix : 3,45 €", path=under, kind="row"),
        Block(text="Encadré", path=under),
        Block(text="Sauf maladie.", path=("Notes",)),
    )


def test_an_odt_gives_its_headings_items_rows_and_notes() -> None:
    styles = '<style:style style:name="P1" style:parent-style-name="Title"/>'
    body = (
        "<text:tracked-changes><text:p>supprimé</text:p></text:tracked-changes>"
        '<text:p text:style-name="P1">La cantine</text:p>'
        '<text:h text:outline-level="1">Inscription</text:h>'
        "<text:p>Avant<text:s/>le 31<text:tab/>août<text:note><text:note-citation>1</text:note-citation>"
        "<text:note-body><text:p>Sauf maladie.</text:p></text:note-body></text:note>"
        "<office:annotation><text:p>À revoir</text:p></office:annotation>.</text:p>"
        "<text:list><text:list-item><text:p>une photo</text:p></text:list-item></text:list>"
        "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Quotient</text:p>"
        "</table:table-cell><table:table-cell><text:p>Prix</text:p></table:table-cell></table:table-row>"
        '</table:table-header-rows><table:table-row table:number-rows-repeated="1000000"><table:table-cell>'
        "<text:p>moins de 600</text:p></table:table-cell><table:table-cell><text:p>3,45 €</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    meta = "<dc:title>Modèle 3</dc:title><dc:date>2026-02-03T10:00:00</dc:date><dc:language>fr-FR</dc:language>"
    draft, blocks = read_odt(BytesIO(odt(body, styles=styles, meta=meta)), MOST, MOST_BYTES)
    assert (draft.heading, draft.name, draft.day, draft.language) == ("La cantine", "Modèle 3", "2026-02-03", "fr")
    under = ("La cantine", "Inscription")
    assert blocks == (
        Block(text="Avant le 31 août.", path=under),
        Block(text="une photo", path=under, kind="item"),
        Block(text="Quotient | Prix", path=under, kind="row"),
        Block(text="moins de 600 | Prix : 3,45 €", path=under, kind="row"),
        Block(text="Sauf maladie.", path=("Notes",)),
    )


def test_a_table_within_a_cell_is_part_of_the_cell() -> None:
    inner = "<w:tbl><w:tr><w:tc>{}</w:tc></w:tr></w:tbl>".format(paragraph("dedans"))
    body = f"<w:tbl><w:tr><w:tc>{paragraph('dehors')}{inner}</w:tc><w:tc>{paragraph('à côté')}</w:tc></w:tr></w:tbl>"
    assert read_docx(BytesIO(docx(body)), MOST, MOST_BYTES)[1] == (Block(text="dehors dedans | à côté", kind="row"),)


# --- Hostile ----------------------------------------------------------------------------------------------------------

_LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">{}]>'.format(
    "".join(f'<!ENTITY a{n} "&a{n - 1 or ""};&a{n - 1 or ""};">' for n in range(1, 40))
)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (_LAUGHS + "<w:document xmlns:w='w'>&a39;</w:document>", "document_twisted"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "document_twisted"),
        ("<a>" * 100_000, "document_twisted"),
        ("<a>" * 10, "document_damaged"),
        ('<?xml version="1.0" encoding="no-such"?><a/>', "document_damaged"),
        ("", "document_damaged"),
    ],
)
def test_hostile_xml_is_refused_before_it_costs_anything(document: str, code: str) -> None:
    assert refusal(read_docx, packed({"word/document.xml": document})) == code
    assert refusal(read_odt, packed({"content.xml": document})) == code


def test_a_bomb_is_not_unpacked_whatever_size_it_claims() -> None:
    bomb = bytearray(packed({"word/document.xml": b" " * 3 * MOST_BYTES}))
    assert len(bomb) < MOST_BYTES / 100
    assert refusal(read_docx, bytes(bomb)) == "document_swells"
    directory = bomb.rindex(b"PK\x01\x02")
    struct.pack_into("<I", bomb, directory + 24, 100)  # it claims 100 bytes
    assert refusal(read_docx, bytes(bomb)) in ("document_swells", "document_damaged")


def test_what_is_protected_is_refused_with_that_reason() -> None:
    manifest = '<manifest:manifest xmlns:manifest="m"><manifest:encryption-data/></manifest:manifest>'
    assert refusal(read_odt, odt("", manifest=manifest)) == "document_protected"
    locked = bytearray(docx(paragraph("x")))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = locked.index(mark) + flags
        locked[at] |= 1
    assert refusal(read_docx, bytes(locked)) == "document_protected"


def test_names_within_the_archive_are_never_used_as_paths() -> None:
    data = packed({"../../etc/passwd": "x", "/word/document.xml": "x"})
    assert refusal(read_docx, data) == "document_not_what_it_says"
    assert refusal(read_odt, data) == "document_not_what_it_says"


@given(st.binary(max_size=300))
def test_bytes_that_are_no_archive_are_refused(data: bytes) -> None:
    assert refusal(read_docx, data) in REASONS


_WHOLE = {
    read_docx: docx(paragraph("La cantine", "Titre1") + paragraph("Un repas"), styles=_STYLES, core=_CORE),
    read_odt: odt('<text:h text:outline-level="2">La cantine</text:h><text:p>Un repas</text:p>', meta="<dc:title/>"),
}


@given(
    st.sampled_from(list(_WHOLE)),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=6),
    st.data(),
)
def test_a_spoilt_archive_is_read_or_refused(read: Reader, spoilt: list[tuple[int, int]], data: st.DataObject) -> None:
    whole = bytearray(_WHOLE[read])
    for at, value in spoilt:
        whole[at % len(whole)] = value
    end = data.draw(st.integers(0, len(whole)) | st.just(len(whole)))
    told(read, BytesIO(bytes(whole[:end])), MOST, MOST_BYTES)


_TAGS = (
    *(
        "w:p",
        "w:r",
        "w:t",
        "w:tbl",
        "w:tr",
        "w:tc",
        "w:pPr",
        "w:pStyle",
        "w:del",
        "w:numId",
        "w:outlineLvl",
        "mc:Fallback",
    ),
    *("text:p", "text:h", "text:list", "text:note", "text:note-body", "text:s", "table:table-row", "table:table-cell"),
)
_TREE = st.recursive(
    st.text(alphabet="abé<&\u00a0 ", max_size=6).map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;")),
    lambda inner: st.tuples(
        st.sampled_from(_TAGS),
        st.sampled_from(["", ' w:val="1"', ' w:val="²"', ' w:val="99999999999"', ' text:outline-level="-3"']),
        st.lists(inner, max_size=4).map("".join),
    ).map(lambda told: f"<{told[0]}{told[1]}>{told[2]}</{told[0]}>"),
    max_leaves=25,
)


@given(_TREE)
def test_elements_in_any_order_are_read(tree: str) -> None:
    """Both bodies at once: an element of the other kind is a stranger to each."""
    oasis = "urn:oasis:names:tc:opendocument:xmlns"
    names = f'xmlns:text="{oasis}:text:1.0" xmlns:table="{oasis}:table:1.0"'
    read_docx(BytesIO(docx(f"<x {names}>{tree}</x>")), MOST, MOST_BYTES)
    word = 'xmlns:w="w" xmlns:mc="mc"'
    read_odt(BytesIO(odt(f"<x {word}>{tree}</x>")), MOST, MOST_BYTES)


def test_a_package_of_many_parts_opens_none_but_those_asked_for() -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(5_000):
            archive.writestr(f"part{number}", b"")
    package = Package(file, MOST_BYTES)
    assert package.part("part4999") == b""
    assert package.part("other") is None


def test_namespaces_and_not_prefixes_decide_what_an_element_is() -> None:
    heard: list[str] = []

    class Listener:
        def begin(self, name: str, attributes: object) -> None:
            heard.append(name)

        def end(self, name: str) -> None: ...

        def chars(self, text: str) -> None: ...

    parse(b'<z:p xmlns:z="urn:w" xmlns:w="urn:other"><w:p/><p/></z:p>', {"urn:w": "w"}, Listener())
    assert heard == ["w:p", "?:p", ":p"]
