"""``affouage sheets`` as somebody runs it: import, update, list, show, readers, remove, and what is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affouage.cli import main
from affouage.cli.checks.sheets import check_sheets
from affouage.cli.language import spoken
from affouage.cli.sheets_display import ImportDisplay, reading_line
from affouage.cli.sheets_sentences import SENTENCES
from affouage.cli.sheets_words import reason_words
from affouage.settings import read
from affouage.sheets.folder.refusals import REASONS as DOCUMENT_REASONS
from affouage.sheets.importing import Progress
from affouage.sheets.reading import Refused
from affouage.sheets.unreadable import REASONS
from affouage.sheets.updating import update, updated_every
from affouage.testing import ManualClock
from affouage.web.language import language
from tests.integration.archive_server import ArchiveServer, serving
from tests.unit.sheets_written import archive_bytes, publication, write_archive

PLACE = "/vdd/3.4/part/zip/vosdroits-latest.zip"
FRENCH = language("fr", "affouage.cli")


class Shell:
    """A home, its server of official archives, and a folder of documents."""

    def __init__(self, home: Path, server: ArchiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.server, self._runner = home, server, CliRunner()
        monkeypatch.setenv("AFFOUAGE_HOME", str(home))
        monkeypatch.setenv("AFFOUAGE_SHEETS_OFFICIAL_URL", f"{server.url}/vdd")

    def run(self, *words: str, **more: str) -> Result:
        return self._runner.invoke(main, ["sheets", *words], env=more)

    def done(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.done(*words, "--json"))


@pytest.fixture(scope="module")
def server() -> Iterator[ArchiveServer]:
    with serving() as running:
        yield running


@pytest.fixture
def shell(home: Path, server: ArchiveServer, monkeypatch: pytest.MonkeyPatch) -> Shell:
    fresh = {
        "F1.xml": publication(day="2020-11-12"),
        "F2.xml": publication(id="F2", title="Passeport"),
        "F3.xml": b"<a",
    }
    server.__dict__.update(ArchiveServer(files={PLACE: archive_bytes(fresh)}, url=server.url).__dict__)
    return Shell(home, server, monkeypatch)


def test_official_sheets_are_fetched_imported_listed_and_shown(shell: Shell) -> None:
    told = shell.done("import", "official:particuliers")
    assert told.splitlines() == [
        "particuliers: 2 new, 0 changed, 0 unchanged, 0 withdrawn.",
        "1 document was left out:",
        "  F3.xml: It is not well-formed XML: cut short, or damaged.",
    ]
    (collection,) = shell.json("list")
    assert (collection["id"], collection["readers"], collection["sheets"]) == ("particuliers", ["public"], 2)
    assert collection["origin"] == "official:particuliers"
    assert collection["source"] == "service-public.fr (DILA)"
    listed = {one["sheet_id"]: one["old"] for one in shell.json("list", "particuliers")}
    assert listed["F1"] is True
    said = shell.done("show", "particuliers", "F1")
    assert "Carte d'identité perdue : que faire ?" in said
    assert "years ago" in said
    assert "service-public.fr (DILA)" in said
    assert "Vous devez faire une demande à la mairie." in said
    assert shell.json("show", "particuliers", "F1")["sheet"]["day"] == "2020-11-12"
    assert [hit["sheet"]["sheet_id"] for hit in shell.json("search", "Passeport")["hits"]][:1] == ["F2"]
    assert "Carte d'identité perdue" in shell.done("search", "carte", "perdue", "--most", "1")


def test_an_update_fetches_only_what_changed_and_tells_what_failed(shell: Shell, tmp_path: Path) -> None:
    shell.done("import", "official:particuliers")
    assert shell.done("update") == "particuliers: its source has not changed.\n"
    assert [status for _, status in shell.server.seen] == [200, 304]
    shell.server.etag = '"two"'
    shell.server.files[PLACE] = archive_bytes({"F2.xml": publication(id="F2", title="Le passeport")})
    (row,) = shell.json("update", "particuliers")
    assert (row["summary"]["changed"], row["summary"]["archived"]) == (1, 1)
    (withdrawn,) = shell.json("list", "particuliers", "--archived")
    assert withdrawn["sheet_id"] == "F1"
    assert "withdrawn" in shell.done("show", "particuliers", "F1")
    folder = tmp_path / "bureau"
    folder.mkdir()
    (folder / "cantine.txt").write_text("Le repas coûte 3,50 €.", encoding="utf-8")
    shell.done("import", str(folder), "--name", "Bureau")
    folder.rename(tmp_path / "ailleurs")
    result = shell.run("update", "--json")
    assert result.exit_code == 2
    assert {row["collection"]: bool(row["error"]) for row in json.loads(result.stdout)} == {
        "bureau": True,
        "particuliers": False,
    }
    assert shell.run("update", "--fetched").exit_code == 0


def test_documents_of_the_collective_are_read_by_members_unless_said_otherwise(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "bureau").mkdir()
    (tmp_path / "bureau" / "cantine.md").write_text("# Cantine\n\nLe repas coûte 3,50 €.\n", encoding="utf-8")
    shell.done("import", str(tmp_path / "bureau"), "--readers", "role:steward", "--licence", "CC BY 4.0")
    (collection,) = shell.json("list")
    assert (collection["readers"], collection["licence"]) == (["role:steward"], "CC BY 4.0")
    assert shell.run("list", "bureau").exit_code == 2, "whoever runs the command is not a steward by that"
    (sheet,) = shell.json("list", "bureau", "--as", "role:steward")
    assert shell.run("show", "bureau", sheet["sheet_id"]).exit_code == 2
    assert "3,50 €" in shell.done("show", "bureau", sheet["sheet_id"], "--as", "role:steward")
    assert shell.json("readers", "bureau", "members", "college:agents")["readers"] == ["members", "college:agents"]
    assert len(shell.json("list", "bureau")) == 1
    assert shell.run("readers", "bureau", "everybody").exit_code == 2


def test_an_import_done_again_changes_what_is_asked_and_no_sheet(shell: Shell, tmp_path: Path) -> None:
    path = str(write_archive(tmp_path / "vosdroits-associations.zip", {"F1.xml": publication()}))
    shell.done("import", path)
    assert shell.json("import", path, "--old-after-days", "90")["summary"] is None
    assert shell.json("list")[0]["old_after_days"] == 90
    assert shell.json("import", path, "--again")["summary"]["same"] == 1


def test_a_collection_is_removed_when_it_is_confirmed(shell: Shell) -> None:
    shell.done("import", "official:particuliers")
    assert shell.run("remove", "particuliers").exit_code == 1
    assert shell.run("remove", "particuliers", "--json").exit_code == 2
    assert shell.json("remove", "particuliers", "--yes") == {"removed": 2}
    assert shell.done("list") == "There is no collection yet.\n"
    assert list((shell.home / "sheets" / "archives").glob("*.zip")) == []
    assert shell.run("remove", "particuliers", "--yes").exit_code == 2


def test_what_cannot_be_imported_says_what_would_work_in_the_reader_s_language(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK nothing")
    (tmp_path / "b.txt").write_text("x", encoding="utf-8")
    for source, sentence in (
        ("official:nowhere", "n’est pas une source"),
        (str(tmp_path / "none"), "n’est pas une source"),
        (str(tmp_path / "b.txt"), "n’est pas une source"),
        (str(tmp_path / "a.zip"), "Ce n’est pas une archive zip"),
        ("http://example.org/a.zip", "n’est pas une adresse"),
        (f"{shell.server.url}/nothing.zip", "n’ont pas pu être récupérées"),
    ):
        result = shell.run("import", source, AFFOUAGE_LANG="fr")
        assert result.exit_code == 2, source
        assert sentence in result.stderr, result.stderr
    assert shell.json("list") == []


def test_every_reason_is_said_in_french() -> None:
    for reasons in (REASONS, DOCUMENT_REASONS):
        for code, (wrong, remedy) in reasons.items():
            assert FRENCH.gettext(wrong) != wrong, code
            assert not remedy or FRENCH.gettext(remedy) != remedy, code
    assert set(REASONS) <= set(SENTENCES)
    bad = Refused(name="F1.xml", reason="It has no title.", code="sheet_no_title")
    assert reason_words(bad, FRENCH) == "Le titre manque."
    assert reason_words(bad, spoken({"AFFOUAGE_LANG": "en"})) == "It has no title."
    known = Refused(name="a", reason="As it is.", code="from_a_later_version")
    assert reason_words(known, FRENCH) == "As it is."


def test_progress_is_told_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock, english = ManualClock(), spoken({"AFFOUAGE_LANG": "en"})
    display = ImportDisplay(terminal=False, clock=clock, language=english)
    for done in range(1, 13):
        display.read(Progress(done=done, total=12, name="cantine.pdf"))
        clock.advance(ms=1_000)
    display.fetched(5_000_000, 15_000_000)
    display.end()
    assert capsys.readouterr().err.splitlines() == [
        "reading: 6 of 12  cantine.pdf",
        "reading: 11 of 12  cantine.pdf",
    ]
    assert reading_line(Progress(done=3), english) == "reading: 3"
    moving = ImportDisplay(terminal=True, clock=clock, language=english)
    moving.read(Progress(done=1))
    moving.end()
    assert "reading: 1" in capsys.readouterr().err


def test_doctor_says_how_old_they_are_and_what_is_wrong(shell: Shell) -> None:
    settings, now_ms = read({}, home=shell.home), ManualClock().now_ms()
    assert [one.status for one in check_sheets(settings, now_ms)] == ["ok"]
    assert not (shell.home / "sheets").exists(), "looking makes nothing"
    shell.done("import", "official:particuliers")
    imported_ms = shell.json("list")[0]["imported_ms"]
    first, *_ = check_sheets(settings, imported_ms)
    assert "2 sheets" in first.what
    assert any("0 of 2 sheets are found by meaning" in one.what for one in check_sheets(settings, imported_ms))
    late, *_ = check_sheets(settings, imported_ms + 9 * 86_400_000)
    assert (late.status, late.remedy) == ("warning", "affouage sheets update particuliers")
    for one in (shell.home / "sheets").glob("sheets.db*"):
        one.unlink()
    (shell.home / "sheets" / "sheets.db").write_bytes(b"no database" * 1000)
    assert [one.status for one in check_sheets(settings, imported_ms)] == ["problem"]


def test_a_serving_commons_updates_what_was_fetched_if_it_is_asked_to(shell: Shell) -> None:
    shell.done("import", "official:particuliers")
    shell.server.seen.clear()

    async def serve(hours: int) -> None:
        clock = ManualClock()
        async with updated_every(hours, shell.home, clock, look_s=0.01):
            for _ in range(3_000):
                if len(shell.server.seen) >= hours:
                    break
                await asyncio.sleep(0.01)
            clock.advance(ms=30 * 60_000)
            await asyncio.sleep(0.05)

    asyncio.run(serve(0))
    assert shell.server.seen == []
    asyncio.run(serve(1))
    assert [status for _, status in shell.server.seen] == [304]
    shell.server.statuses = [403]
    assert "403" in asyncio.run(update(shell.home))
    assert asyncio.run(update(shell.home)) == ""
