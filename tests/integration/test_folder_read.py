"""A folder of documents read through its door: real files, real child programs, and files that mean harm."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from affouage.errors import BadRequest
from affouage.sheets.folder import bounded, files
from affouage.sheets.folder.limits import LIMITS, Limits
from affouage.sheets.folder.read import Progress, read_folder
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.reading import Read, Refused, Same
from affouage.sheets.sheet import Block, Sheet
from tests.unit.folder_documents import docx, odt, paragraph, pdf

TODAY = date(2026, 11, 30)
Told = dict[str, Read | Same | Refused]

RULES = """
#set document(title: "Règlement de la cantine", date: datetime(year: 2026, month: 3, day: 1))
#set page(paper: "a5"); #set text(lang: "fr", hyphenate: true); #set par(justify: true)
= Inscription
L'inscription à la restauration scolaire est obligatoire et doit être renouvelée chaque année avant le 31 août.
- une fiche signée
- une attestation
#pagebreak()
== Tarifs
Le repas coûte 3,45 € pour un quotient inférieur à 600 €.
"""


def read(folder: Path, known: dict[str, str] | None = None, limits: Limits = LIMITS) -> Told:
    """By the name of each document."""
    told: Told = {}
    for progress, one in _with_progress(folder, known or {}, limits):
        told[progress.name] = one
    return told


def _with_progress(
    folder: Path, known: dict[str, str], limits: Limits
) -> Iterator[tuple[Progress, Read | Same | Refused]]:
    heard: list[Progress] = []
    for one in read_folder(folder, today=TODAY, known=known, limits=limits, on_progress=heard.append):
        yield heard[-1], one


def sheet(told: Told, name: str) -> Sheet:
    one = told[name]
    assert isinstance(one, Read), one
    return one.sheet


def code(told: Told, name: str) -> str:
    one = told[name]
    assert isinstance(one, Refused), one
    return one.code


def reading_children() -> list[psutil.Process]:
    """Programs that read documents; other tests of this process have children of their own."""
    alive = (one for one in psutil.Process().children() if one.status() != psutil.STATUS_ZOMBIE)
    return [one for one in alive if any("sheets.folder" in word for word in one.cmdline())]


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return pdf(RULES, tmp_path_factory.mktemp("typst"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    return tmp_path / "documents"


def test_every_format_becomes_a_sheet_and_the_second_time_nothing_is_read_again(folder: Path, rules: bytes) -> None:
    (folder / "école").mkdir()
    (folder / "licence.txt").write_text("\nLicence Ouverte 2.0\nTexte…\n", encoding="utf-8")
    (folder / "école" / "règlement.pdf").write_bytes(rules)
    (folder / "note.docx").write_bytes(docx(paragraph("Ouvert le lundi.")))
    (folder / "note.odt").write_bytes(odt("<text:p>Ouvert le mardi.</text:p>"))
    (folder / "page.html").write_text("<h1>Accueil</h1><p>Ouvert le mercredi.", encoding="utf-8")
    (folder / "lisez.MD").write_text("---\ndate: 2026-02-03\nlicence: CC0\n---\n# Accueil\n\nOuvert le jeudi.")
    (folder / "memo.txt").write_text("Ouvert le vendredi.")
    os.utime(folder / "memo.txt", (1_767_225_600, 1_767_225_600))  # 2026-01-01
    told = read(folder)
    assert list(told) == ["lisez.MD", "memo.txt", "note.docx", "note.odt", "page.html", "école/règlement.pdf"]

    made = sheet(told, "école/règlement.pdf")
    assert (made.title, made.day, made.language, made.theme) == (
        "Règlement de la cantine",
        "2026-03-01",
        "fr",
        ("école",),
    )
    assert made.notes == ("file:école/règlement.pdf", "day:properties", "licence:Licence Ouverte 2.0")
    first = made.blocks[0]
    assert first.path == ("Inscription", "page 1")
    assert first.text.endswith("renouvelée chaque année avant le 31 août.")
    assert made.blocks[1:] == (
        Block(text="une fiche signée", path=("Inscription", "page 1"), kind="item"),
        Block(text="une attestation", path=("Inscription", "page 1"), kind="item"),
        Block(
            text="Le repas coûte 3,45 € pour un quotient inférieur à 600 €.", path=("Inscription", "Tarifs", "page 2")
        ),
    )
    assert [block.text for block in sheet(told, "note.docx").blocks] == ["Ouvert le lundi."]
    assert [block.text for block in sheet(told, "note.odt").blocks] == ["Ouvert le mardi."]
    assert sheet(told, "page.html").title == "Accueil"
    assert sheet(told, "lisez.MD").notes == ("file:lisez.MD", "day:front matter", "licence:CC0")
    assert (sheet(told, "memo.txt").day, sheet(told, "memo.txt").title) == ("2026-01-01", "Memo")

    known = {one.sheet.id: one.fingerprint for one in told.values() if isinstance(one, Read)}
    os.utime(folder / "memo.txt")
    (folder / "note.odt").write_bytes(odt("<text:p>Fermé.</text:p>"))
    again = read(folder, known)
    assert isinstance(again["note.odt"], Read)
    assert [type(one) for name, one in again.items() if name != "note.odt"] == [Same] * 5

    (folder / "licence.txt").write_text("CC BY 4.0")
    assert all(isinstance(one, Read) for one in read(folder, known).values()), "under another licence"


def test_what_is_not_a_document_of_the_folder_is_refused_with_its_reason(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.txt")
    (folder / "empty.txt").write_text("")
    (folder / "old.doc").write_bytes(b"\xd0\xcf\x11\xe0")
    (folder / "old.docx").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    (folder / "sum.xlsx").write_text("x")
    (folder / "list.png").write_text(f"{tmp_path}/secret.txt\nhttps://example.org/a.png\n")
    (folder / "page.pdf").write_text("<html>")
    (folder / "cut.docx").write_bytes(docx(paragraph("x"))[:-30])
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("Ouvert.")
    (folder / "a\x1b[2Jb.md").write_text("Fermé.")
    (folder / ".hidden.txt").write_text("x")
    (folder / "~$note.docx").write_text("x")
    copy = "Le même texte, deux fois."
    (folder / "a.txt").write_text(copy)
    (folder / "b.txt").write_text(copy)
    (folder / "huge.pdf").touch()
    os.truncate(folder / "huge.pdf", 1_000_000_000)
    told = read(folder)
    assert {name: one.code for name, one in told.items() if isinstance(one, Refused)} == {
        "link.txt": "document_link",
        "linked": "document_link",
        "loop": "document_link",
        "pipe.txt": "document_not_a_file",
        "empty.txt": "document_empty",
        "old.doc": "document_old_office",
        "old.docx": "document_old_office",
        "sum.xlsx": "document_format",
        "list.png": "document_not_what_it_says",
        "page.pdf": "document_not_what_it_says",
        "cut.docx": "document_damaged",
        "b.txt": "document_same",
        "huge.pdf": "document_too_large",
    }
    assert sheet(told, "caf\\xe9.txt").title == "Caf\\xe9"
    assert sheet(told, "a\\x1b[2Jb.md").notes[0] == "file:a\\x1b[2Jb.md", "a name moves no terminal"
    assert "1000 MB; at most 200 MB" in told["huge.pdf"].reason  # type: ignore[union-attr]
    assert not any(
        "secret" in block.text for one in told.values() if isinstance(one, Read) for block in one.sheet.blocks
    )


def test_a_link_put_in_place_of_a_file_after_the_listing_leads_nowhere(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "sub").mkdir()
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        (folder / name).write_text(f"Texte de {name}.")
    told = read_folder(folder, today=TODAY)
    assert isinstance(next(told), Read)
    (folder / "b.txt").unlink()
    (folder / "b.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "sub" / "c.txt").rename(tmp_path / "c.txt")
    (folder / "sub").rmdir()
    (folder / "sub").symlink_to(tmp_path)
    assert [one.code for one in told if isinstance(one, Refused)] == ["document_unreadable"] * 2


def test_no_folder_no_reading(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for wrong in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(BadRequest) as refused:
            next(read_folder(wrong, today=TODAY))
        assert (refused.value.code, bool(refused.value.remedy)) == ("no_folder", True)


def test_a_folder_is_bounded_in_number_and_depth(folder: Path) -> None:
    deep = folder / "/".join("abcdef")
    deep.mkdir(parents=True)
    (deep / "x.txt").write_text("x")
    told = read(folder, limits=replace(LIMITS, depth=3))
    assert (list(told), code(told, "a/b/c/d")) == (["a/b/c/d"], "document_too_deep")
    for number in range(5):
        (folder / f"z{number}.txt").write_text(f"Texte {number}.")
    assert code(read(folder, limits=replace(LIMITS, files=3)), "z2.txt") == "too_many_documents"
    with pytest.raises(CannotRead, match="document_unreadable"), files.open_below(folder, ("none.txt",)):
        raise AssertionError("it was opened")


# --- PDF that means harm ----------------------------------------------------------------------------------------------


def _pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    written, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    begin = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, begin)
    return bytes(written)


def _pages(count: int) -> list[bytes]:
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 3 + count))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>"
    tree = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count)
    return [b"<< /Type /Catalog /Pages 2 0 R >>", tree, *[page] * count]


def test_pdfs_that_are_locked_endless_blank_or_spoilt_are_refused(folder: Path, rules: bytes) -> None:
    lock = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<00> <00>]" % (
        b"41" * 32,
        b"42" * 32,
    )
    (folder / "locked.pdf").write_bytes(_pdf(_pages(1), lock))
    (folder / "endless.pdf").write_bytes(_pdf(_pages(10_000)))
    (folder / "blank.pdf").write_bytes(_pdf(_pages(2)))
    (folder / "cut.pdf").write_bytes(rules[: len(rules) // 3])
    (folder / "noise.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 20)
    looped = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"]
    (folder / "looped.pdf").write_bytes(_pdf(looped))
    told = read(folder)
    assert code(told, "locked.pdf") == "document_protected"
    assert code(told, "endless.pdf") == "document_pages"
    assert code(told, "blank.pdf") == "document_empty"
    for name in ("cut.pdf", "noise.pdf", "looped.pdf"):
        assert code(told, name) in ("document_damaged", "document_empty"), name


def test_a_document_that_kills_its_reader_is_lost_alone(folder: Path, rules: bytes) -> None:
    (folder / "a.pdf").write_bytes(rules)
    (folder / "b.txt").write_text("Ouvert.")
    for cruel in (replace(LIMITS, memory_bytes=30_000_000), replace(LIMITS, step_s=0)):
        told = read(folder, limits=cruel)
        assert code(told, "a.pdf") in ("document_damaged", "document_too_hard")
        assert len(told) == 2
    assert reading_children() == []


def test_a_reading_given_up_leaves_no_child(folder: Path, rules: bytes) -> None:
    class GivenUp(Exception):
        pass

    def give_up(progress: Progress) -> None:
        if progress.page == 2:
            assert len(reading_children()) == 1
            raise GivenUp

    (folder / "a.pdf").write_bytes(rules)
    with pytest.raises(GivenUp):
        list(read_folder(folder, today=TODAY, on_progress=give_up))
    assert reading_children() == []


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("print('nonsense')", "document_damaged"),
        ("pass", "document_damaged"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "document_damaged"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", "document_too_hard"),
        ('print(\'{"type":"refusal","code":"document_pages","details":{"pages":3,"most":2}}\')', "document_pages"),
        ('print(\'{"type":"refusal","code":"document_pages"}\')', "document_damaged"),
        ('print(\'{"type":"refusal","code":"owned","details":{"x":1}}\')', "document_damaged"),
        (
            'print(\'{"type":"head","draft":{},"pages":1}\\n{"type":"scan","width":9,"height":9,"dpi":1}\')',
            "document_damaged",
        ),
    ],
)
def test_a_child_that_says_anything_is_not_believed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, program: str, expected: str
) -> None:
    (folder / "a.pdf").write_bytes(b"%PDF-1.4")
    monkeypatch.setattr(bounded, "child", lambda *_given: [sys.executable, "-I", "-c", program])
    assert code(read(folder), "a.pdf") == expected
