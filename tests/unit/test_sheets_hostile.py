"""Official archives from a hostile hand: one bad file loses no other, nothing crashes, nothing grows without end."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.sheets.archive import ZIP_LIMITS, ZipLimits
from affouage.sheets.dila.guides import Guides
from affouage.sheets.dila.publication import read_publication
from affouage.sheets.dila.reader import read_archive
from affouage.sheets.dila.xml import MOST_DEPTH, parse
from affouage.sheets.reading import Read, Refused
from affouage.sheets.unreadable import REASONS, Unreadable
from tests.unit.sheets_written import archive_bytes, publication, service, write_archive

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    b'<Publication ID="F1"><Texte><Paragraphe>&b;</Paragraphe></Texte></Publication>'
)


def outcome(path: Path, limits: ZipLimits = ZIP_LIMITS) -> tuple[list[str], dict[str, str]]:
    """Ids of the sheets read, and codes of what was refused by name."""
    found = list(read_archive(path, limits))
    return (
        [one.sheet.id for one in found if isinstance(one, Read)],
        {one.name: one.code for one in found if isinstance(one, Refused)},
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (BOMB, "xml_entities"),
        (b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><Publication ID="F1">&x;</Publication>', "xml_broken"),
        (b"<a>" * (MOST_DEPTH + 5) + b"</a>" * (MOST_DEPTH + 5), "xml_too_deep"),
        (b"<a>" * 100_000, "xml_broken"),
        (b"<a>" * 100_000 + b"</a>" * 100_000, "xml_too_deep"),
        (publication()[:-60], "xml_broken"),
        (b"", "xml_broken"),
        (publication().decode().encode("latin-1"), "xml_encoding"),
        (publication().decode().encode("utf-16"), "xml_encoding"),
        (publication().replace(b"UTF-8", b"cp037", 1), "xml_encoding"),
        (publication().replace(b"UTF-8", b"UTF-7", 1), "xml_encoding"),
        (b"<html><body>503</body></html>", "xml_other"),
        (publication(id="F2"), "sheet_wrong_id"),
        (publication(title=""), "sheet_no_title"),
    ],
)
def test_a_bad_sheet_is_named_with_its_reason_and_loses_no_other(tmp_path: Path, content: bytes, code: str) -> None:
    path = write_archive(tmp_path / "a.zip", {"F1.xml": content, "F3.xml": publication(id="F3")})
    assert outcome(path) == (["F3"], {"F1.xml": code})


def test_a_doctype_without_entities_is_none_of_our_business() -> None:
    written = publication().replace(b"?>", b'?><!DOCTYPE Publication SYSTEM "../x.dtd">', 1)
    assert parse(written).get("ID") == "F1"


def test_other_encodings_that_are_announced_are_read() -> None:
    written = publication().decode().replace("UTF-8", "ISO-8859-1", 1).encode("latin-1")
    title = parse(written).find("{http://purl.org/dc/elements/1.1/}title")
    assert title is not None
    assert title.text == "Carte d'identité perdue : que faire ?"


def test_a_form_that_cannot_be_read_is_said_and_takes_no_sheet_along(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.zip", {"R1.xml": service()[:40], "F1.xml": publication()})
    assert outcome(path) == (["F1"], {"R1.xml": "xml_broken"})


def test_two_sheets_of_one_id_are_the_first_one(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.zip", {"a/F1.xml": publication(), "b/F1.xml": publication(title="Autre")})
    assert outcome(path) == (["F1"], {"b/F1.xml": "sheet_twice"})


@pytest.mark.incident("archive-tricks")
@pytest.mark.parametrize("name", ["../F2.xml", "/etc/F2.xml", "a/../../F2.xml", "..\\F2.xml", "F2.xml\x1b[2J"])
def test_names_that_point_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    path = write_archive(tmp_path / "a.zip", {name: publication(id="F2"), "F1.xml": publication()})
    sheets, refused = outcome(path)
    assert (sheets, list(refused.values())) == (["F1"], ["zip_path"])
    assert all(one.isprintable() for one in refused)


@pytest.mark.incident("archive-tricks")
def test_zip_bombs_are_not_unpacked(tmp_path: Path) -> None:
    huge = publication(f"<Texte><Paragraphe>{' ' * 9_000_000}</Paragraphe></Texte>")
    tight = publication(f"<Texte><Paragraphe>{' ' * 2_000_000}</Paragraphe></Texte>", id="F2")
    path = write_archive(tmp_path / "a.zip", {"F1.xml": huge, "F2.xml": tight, "F3.xml": publication(id="F3")})
    assert outcome(path) == (["F3"], {"F1.xml": "xml_too_large", "F2.xml": "zip_bomb"})


def test_a_member_that_announces_less_than_it_holds_is_not_believed(tmp_path: Path) -> None:
    huge = publication(f"<Texte><Paragraphe>{'ab c' * 400_000}</Paragraphe></Texte>")
    written = bytearray(archive_bytes({"F1.xml": huge, "F3.xml": publication(id="F3")}))
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", written, written.index(signature) + place, 1000)
    (tmp_path / "a.zip").write_bytes(written)
    sheets, refused = outcome(tmp_path / "a.zip")
    assert (sheets, list(refused)) == (["F3"], ["F1.xml"])


def test_an_archive_too_large_in_all_is_refused_as_a_whole(tmp_path: Path) -> None:
    files = {f"F{number}.xml": publication(id=f"F{number}") for number in range(20)}
    path = write_archive(tmp_path / "a.zip", files)
    with pytest.raises(Unreadable) as refused:
        outcome(path, ZipLimits(total_bytes=5_000))
    assert refused.value.code == "zip_too_large"
    with pytest.raises(Unreadable) as refused:
        outcome(path, ZipLimits(members=10))
    assert refused.value.code == "zip_too_many"


def test_a_list_of_members_without_end_is_not_even_read(tmp_path: Path) -> None:
    written = archive_bytes({f"N{number}.xml": b"" for number in range(2_000)})
    (tmp_path / "a.zip").write_bytes(written)
    with pytest.raises(Unreadable) as refused:
        outcome(tmp_path / "a.zip", ZipLimits(directory_bytes=100_000))
    assert refused.value.code == "zip_too_many"
    end = written.rindex(b"PK\x05\x06")
    (tmp_path / "a.zip").write_bytes(written[:end] + b"PK\x06\x07" + bytes(16) + written[end:])
    with pytest.raises(Unreadable) as refused:
        outcome(tmp_path / "a.zip")
    assert refused.value.code == "zip_too_many"


def test_encrypted_members_are_named(tmp_path: Path) -> None:
    written = bytearray(archive_bytes({"F1.xml": publication(), "F2.xml": publication(id="F2")}))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", written, written.index(signature) + place, 1)
    (tmp_path / "a.zip").write_bytes(written)
    assert outcome(tmp_path / "a.zip") == (["F2"], {"F1.xml": "zip_encrypted"})


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>", b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_archive_is_refused_as_a_whole(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Unreadable):
        outcome(tmp_path / "a.zip")


def test_an_archive_cut_short_is_refused_as_a_whole(tmp_path: Path) -> None:
    written = archive_bytes({"F1.xml": publication(), "F2.xml": publication(id="F2")})
    (tmp_path / "a.zip").write_bytes(written[:-30])
    with pytest.raises(Unreadable) as refused:
        outcome(tmp_path / "a.zip")
    assert refused.value.code == "zip_damaged"


WHOLE = archive_bytes({"F1.xml": publication(), "R10.xml": service(), "F2.xml": publication(id="F2")})
TAGS = ["Texte", "Paragraphe", "Liste", "Item", "Tableau", "Rangée", "Cellule", "BlocCas", "Cas", "Titre", "Condition"]
TAGS += ["ou", "FragmentConditionne", "OuSAdresser", "ServiceEnLigne", "VoirAussi", "Fiche", "Branche", "SiSelectionne"]
trees = st.recursive(
    st.sampled_from(["", "86 €", "sous 2 mois", "<Valeur>1 €</Valeur>", "<LienInterne LienPublication='F2'/>"]),
    lambda inner: st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=3)).map(
        lambda one: f"<{one[0]}>{''.join(one[1])}</{one[0]}>"
    ),
    max_leaves=12,
)


@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8), st.integers(0, 9)
)
def test_any_bytes_give_sheets_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]], cut: int
) -> None:
    written = bytearray(WHOLE)
    for place, value in flips:
        written[place] = value
    path = tmp_path_factory.getbasetemp() / "fuzzed.zip"
    path.write_bytes(written[: len(written) - cut * (cut > 5)])
    codes: set[str] = set()
    with contextlib.suppress(Unreadable):
        sheets, refused = outcome(path)
        assert len(sheets) <= 2
        codes = set(refused.values())
    assert codes <= set(REASONS)


SHEET = publication(
    "<Texte><Liste><Item><Paragraphe>sous 2 mois, <Valeur>86 €</Valeur></Paragraphe></Item></Liste></Texte>"
)


@given(st.lists(st.tuples(st.integers(0, len(SHEET) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_any_bytes_of_a_sheet_are_read_or_refused(flips: list[tuple[int, int]]) -> None:
    written = bytearray(SHEET)
    for place, value in flips:
        written[place] = value
    with contextlib.suppress(Unreadable):
        sheet = read_publication(parse(bytes(written)), "F1", Guides(), {})
        assert sheet.title


@given(trees)
def test_any_tree_of_known_elements_is_read(tree: str) -> None:
    root = parse(publication(tree))
    guides = Guides()
    guides.add(root)
    sheet = read_publication(root, "F1", guides, {})
    assert all(block.text and all(block.path) for block in sheet.blocks)
