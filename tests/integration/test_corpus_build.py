"""Corpora built for real: from raw files to splits, with what is refused and what is let in."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from affouage.errors import BadRequest, NotFound
from affouage.sheets.dila.reader import read_archive
from affouage.sheets.reading import Read
from affouage.testing import ManualClock
from affouage.training.corpus.sources.folder import text_of
from affouage.training.corpus.store import Corpora, builds_with, open_build
from affouage.training.corpus.verifying import verify
from tests.conftest import ROOT, missing
from tests.integration.archive_server import serving
from tests.integration.corpus_made import (
    DAY_MS,
    STEPS,
    built,
    folder_of,
    french,
    jsonl_of,
    page_of,
    record,
    source,
    texts,
    why,
    written,
)
from tests.unit.sheets_written import archive_bytes, publication

pytest.importorskip("datatrove")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_from_raw_files_of_every_kind_to_splits_whose_every_document_has_its_licence(
    home: Path, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    folder = folder_of(
        tmp_path / "docs", {"a.txt": french(1), "b.html": page_of("Titre", french(2)), "c.md": french(3)}
    )
    (folder / "LICENCE").write_text("CC BY-SA 4.0\n", encoding="utf-8")
    body = "".join(f"<Paragraphe>{line}</Paragraphe>" for line in french(4).splitlines())
    (tmp_path / "vosdroits.zip").write_bytes(archive_bytes({"F1.xml": publication(f"<Texte>{body}</Texte>")}))
    jsonl_of(tmp_path / "web.jsonl", range(10, 20))
    table = pyarrow.table({"text": [french(n) for n in range(20, 30)], "url": ["https://b.example"] * 10})
    parquet.write_table(table, tmp_path / "web.parquet")
    mine = folder_of(tmp_path / "texts", {f"{n}.txt": french(n) for n in range(30, 40)})
    recipe = (
        'description = "un essai"\n[splits]\nheld_out = 0.2\ntest = 0.2\n'
        + source("dossier", "folder", folder)
        + source("fiches", "sheets", tmp_path / "vosdroits.zip", 'licence = "Licence Ouverte 2.0"')
        + source("web", "jsonl", tmp_path / "web.jsonl", 'licence = "ODC-By-1.0"')
        + source("rangs", "parquet", tmp_path / "web.parquet", 'licence = "ODC-By-1.0"')
        + source("nous", "text", mine, 'consent = { member = "Jeanne Moreau", day = "2026-11-20" }')
        + STEPS
    )
    build = written(home, recipe).here(workers=2).build
    manifest = build.manifest
    assert (manifest.name, manifest.description, manifest.made_ms) == ("essai", "un essai", DAY_MS)
    assert manifest.licences == {
        "CC-BY-SA-4.0": 3, "LicenseRef-member-consent": 10, "ODC-By-1.0": 20, "etalab-2.0": 1,
    }  # fmt: skip
    assert [(one.name, one.read, one.kept) for one in manifest.sources] == [
        ("dossier", 3, 3), ("fiches", 1, 1), ("web", 10, 10), ("rangs", 10, 10), ("nous", 10, 10),
    ]  # fmt: skip
    assert sum(one.documents for one in manifest.splits.values()) == manifest.documents == 34
    assert all(one.documents for one in manifest.splits.values())
    assert manifest.sources[2].shards[0].sha256 is not None
    assert manifest.sources[1].attribution == "service-public.fr (DILA)"
    assert [(one.member, one.documents) for one in manifest.consents] == [("Jeanne Moreau", 10)]
    found = texts(build)
    assert len(found) == 34
    assert french(31) in {one.strip() for one in found.values()}
    (sheet,) = [one for one in build.documents() if one.source == "fiches"]
    assert (sheet.at, sheet.day) == ("https://www.service-public.fr/particuliers/vosdroits/F1", "2026-03-04")
    assert (manifest.cpu_us or 0) > 0
    assert verify(build) == ()
    assert open_build(home, "essai").manifest == manifest
    assert open_build(home, "essai", manifest.sha256[:8]).path == build.path


def test_a_recorded_site_gives_its_texts_but_what_it_reserves(home: Path, tmp_path: Path) -> None:
    pytest.importorskip("warcio")
    pytest.importorskip("trafilatura")
    archive = ROOT.parent / "shared" / "data" / "service-public" / "vosdroits-associations.zip"
    if not archive.exists():
        missing("the shared data service-public")
    sheets = [one.sheet for one in read_archive(archive) if isinstance(one, Read)][:14]
    html = "text/html; charset=utf-8"
    pages: dict[str, tuple[str, str, dict[str, str]]] = {
        f"/fiche/{one.id}": (html, page_of(one.title, text_of(one)), {}) for one in sheets[:10]
    }
    licence = '<link rel="license" href="https://creativecommons.org/licenses/by-nc/4.0/">'
    pages["/nc"] = (html, page_of("NC", french(1), licence), {})
    pages["/prive/a"] = (html, page_of("Privé", french(2)), {})
    pages["/noai"] = (html, page_of("Sans IA", french(3)), {"X-Robots-Tag": "noai"})
    pages["/tdm"] = (html, page_of("TDM", french(4), '<meta name="tdm-reservation" content="1">'), {})
    pages["/robots.txt"] = ("text/plain", "User-agent: GPTBot\nDisallow: /prive/\n", {})  # read after the pages
    pages["/english"] = (html, page_of("News", "The council met on Tuesday evening in the village hall. " * 12), {})
    pages["/copie"] = (html, page_of(sheets[0].title, text_of(sheets[0])), {})
    address = record(tmp_path / "site.warc.gz", pages)
    recipe = source("site", "warc", tmp_path / "site.warc.gz", 'licence = "LicenseRef-tdm-exception"') + STEPS
    build = built(home, recipe)
    removed = {at.removeprefix(address): reason for at, reason in why(build).items()}
    expected = {
        "/nc": "licence:licence_forbids",
        "/prive/a": "reservation:robots",
        "/noai": "reservation:noai",
        "/tdm": "reservation:tdm_reservation",
        "/english": "language:other_language",
        "/copie": "duplicates:same_text",
    }
    assert {at: removed.get(at) for at in expected} == expected
    assert build.manifest.documents >= 8
    kept = list(build.documents())
    assert {one.licence for one in kept} == {"LicenseRef-tdm-exception"}
    assert all("Mentions légales" not in one and "Plan du site" not in one for one in texts(build).values())

    who = 'who = "Odile, steward"\nreason = "We hold the rights of these pages."\nsource = "site"\n'
    overrides = "".join(f'[[override]]\nwhat = "{one}"\n{who}' for one in ("licence", "robots", "reservation"))
    build = built(home, recipe + overrides)
    assert build.manifest.overridden == (1, 1, 2)
    marked = {one.at.removeprefix(address): one.override for one in build.documents() if one.override}
    assert marked == {
        "/nc": "licence_forbids: Odile, steward",
        "/prive/a": "robots: Odile, steward",
        "/noai": "noai: Odile, steward",
        "/tdm": "tdm_reservation: Odile, steward",
    }
    assert [one.reason for one in build.manifest.overrides] == ["We hold the rights of these pages."] * 3
    assert verify(build) == ()


def test_robots_may_come_from_files_of_their_own(home: Path, tmp_path: Path) -> None:
    pytest.importorskip("warcio")
    from tests.unit.test_corpus_warc import warc_of

    page = page_of("Titre", french(1)).encode()
    (tmp_path / "pages.warc.gz").write_bytes(
        warc_of(
            [(f"https://a.example/{where}", page.replace(b"mairie", where.encode()), {}) for where in ("oui", "non")]
        )
    )
    robots = b"User-agent: *\nDisallow: /non"
    (tmp_path / "robots.warc.gz").write_bytes(
        warc_of([("https://a.example/robots.txt", robots, {}), ("https://a.example/x", page, {})])
    )
    more = f'licence = "CC0-1.0"\nrobots = ["{tmp_path}/robots.warc.gz"]'
    build = built(home, source("site", "warc", tmp_path / "pages.warc.gz", more) + '[[step]]\nuse = "extract"')
    assert [one.at for one in build.documents()] == ["https://a.example/oui"]
    assert why(build) == {"https://a.example/non": "reservation:robots"}


def test_what_has_no_permission_is_refused_and_counted(home: Path, tmp_path: Path) -> None:
    lines = [
        msgspec.json.encode({"text": french(n), "license": stated})
        for n, stated in enumerate(["CC-BY-4.0", "cc by-nc 4.0", "maison", "", "LicenseRef-member-consent"])
    ]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    build = built(home, source("a", "jsonl", tmp_path / "a.jsonl", "") + STEPS)
    assert [one.licence for one in build.documents()] == ["CC-BY-4.0"]
    assert Counter(why(build).values()) == {
        "licence:licence_forbids": 1,
        "licence:licence_unknown": 1,
        "licence:licence_missing": 1,
        "licence:no_consent": 1,
    }


def test_copies_are_found_across_files_and_steps_are_taken_in_their_order(home: Path, tmp_path: Path) -> None:
    one, other = french(1, 30), french(2, 30)
    folder = folder_of(tmp_path / "t", {"a.txt": one, "b.txt": other, "c.txt": one.upper(), "e.txt": french(3)})
    (folder / "d.txt").write_text(other.replace("La", "Une", 1), encoding="utf-8")
    steps = '[[step]]\nuse = "{}"\n[[step]]\nuse = "{}"\n[[step]]\nuse = "length"\nleast_words = 400\n'
    recipe = source("t", "text", folder)
    build = built(home, recipe + steps.format("duplicates", "near-duplicates"))
    assert why(build) == {
        "c.txt": "duplicates:same_text", "d.txt": "near-duplicates:nearly_same_text", "e.txt": "length:too_short",
    }  # fmt: skip
    build = built(home, recipe + steps.format("near-duplicates", "duplicates"))
    assert why(build)["c.txt"] == "near-duplicates:nearly_same_text"
    first = next(line for line in build.documents() if line.at == "a.txt")
    assert next(line for line in build.removed() if line.at == "c.txt").detail == first.id


def test_built_again_it_is_the_same_corpus_whatever_the_number_of_processes(home: Path, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "t", {f"{n:02d}.txt": french(n) for n in range(12)})
    large = folder / "large.jsonl"
    jsonl_of(large, range(100, 130))
    recipe = source("t", "text", folder) + source("l", "jsonl", large) + STEPS
    first = written(home, recipe).here(workers=1)
    assert not first.again
    again = written(home, recipe).here(workers=2)
    assert again.again
    assert again.build.path == first.build.path
    assert again.build.manifest.sha256 == first.build.manifest.sha256
    elsewhere = built(home.with_name("elsewhere"), recipe)
    assert elsewhere.manifest.split_sha256 == first.build.manifest.split_sha256
    assert len(Corpora(home).builds("essai")) == 1


def test_a_document_that_comes_in_moves_no_other(home: Path, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "t", {f"{n:02d}.txt": french(n) for n in range(40)})
    recipe = "[splits]\nheld_out = 0.2\ntest = 0.2\n" + source("t", "text", folder)
    before = {one.id: one.split for one in built(home, recipe).documents()}
    folder_of(folder, {f"{n:02d}.txt": french(n) for n in range(40, 50)})
    after = {one.id: one.split for one in built(home, recipe).documents()}
    assert {one: after[one] for one in before} == before
    assert len(after) == 50
    assert len(Corpora(home).builds("essai")) == 2


def test_consent_taken_back(home: Path, tmp_path: Path) -> None:
    hers = folder_of(tmp_path / "hers", {f"{n}.txt": french(n) for n in range(5)})
    others = folder_of(tmp_path / "others", {f"{n}.txt": french(n) for n in range(10, 15)})
    consent = 'consent = { member = "Jeanne Moreau", day = "2026-11-20" }'
    recipe = source("jeanne", "text", hers, consent) + source("autres", "text", others)
    first = built(home, recipe)
    assert builds_with(home, "jeanne moreau") == (
        msgspec.structs.replace(builds_with(home, "Jeanne Moreau")[0], sha256=first.manifest.sha256, documents=5),
    )
    assert builds_with(home, "Odile") == ()
    Corpora(home).withdraw("essai", "Jeanne Moreau", day="2026-11-25", now_ms=DAY_MS)
    second = built(home, recipe)
    assert {one.source for one in second.documents()} == {"autres"}
    assert [(one.step, one.reason, one.source) for one in second.removed()] == [("consent", "withdrawn", "jeanne")]
    assert [(one.sha256, one.current) for one in builds_with(home, "Jeanne Moreau")] == [(first.manifest.sha256, False)]
    Corpora(home).erase("essai", first.manifest.sha256, member="Jeanne Moreau", now_ms=DAY_MS)
    assert [one.erased for one in builds_with(home, "Jeanne Moreau")] == [True]
    assert not first.split("train").exists()
    with pytest.raises(NotFound, match="erased"):
        open_build(home, "essai", first.manifest.sha256)
    assert [one.what for one in verify(first)] == ["split"]
    assert {one.member for one in first.documents()} == {"", "Jeanne Moreau"}
    later = built(home, recipe.replace("2026-11-20", "2026-11-26"))
    assert later.manifest.documents == 10


def test_an_evaluation_set_stays_out(home: Path, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "t", {f"{n}.txt": french(n) for n in range(4)})
    recipe = source("t", "text", folder) + '[[step]]\nuse = "decontaminate"\nagainst = ["q.jsonl"]'
    with pytest.raises(BadRequest, match=r"q\.jsonl"):
        built(home, recipe)
    asked = french(2).split("\n")[3]
    (home / "corpora" / "essai" / "q.jsonl").write_bytes(msgspec.json.encode({"question": asked}))
    build = built(home, recipe)
    assert why(build) == {"2.txt": "decontaminate:evaluation"}
    assert list(build.manifest.evaluation_sha256) == ["q.jsonl"]


def test_a_list_of_segments_is_fetched_resumed_and_not_asked_for_again(home: Path, tmp_path: Path) -> None:
    shards = {f"/crawl/{n}.jsonl": jsonl_of(tmp_path / "x", range(n * 10, n * 10 + 3)).read_bytes() for n in range(3)}
    with serving() as server:
        listed = "".join(f"{name[1:]}\n" for name in shards)
        server.files = {**shards, "/paths.txt": listed.encode()}
        more = f'licence = "CC0-1.0"\nsegments = true\nbase = "{server.url}/"\nmost_segments = 2'
        recipe = source("crawl", "jsonl", f"{server.url}/paths.txt", more)
        server.cut_after = [1_000_000, 200]  # the list comes whole, the first segment breaks off
        build = built(home, recipe)
        assert [one.at for one in build.manifest.sources[0].shards] == ["crawl/0.jsonl", "crawl/1.jsonl"]
        assert build.manifest.documents == 6
        assert ("/crawl/0.jsonl", 206) in server.seen
        asked = len(server.seen)
        built(home, recipe)
        assert len(server.seen) == asked
    list_path = tmp_path / "bad.txt"
    list_path.write_text("../../etc/passwd\n", encoding="utf-8")
    with pytest.raises(BadRequest, match="out of its base"):
        built(home, source("crawl", "jsonl", list_path, f'segments = true\nbase = "{tmp_path}"'), "autre")


def test_a_collection_that_only_some_may_read_is_refused(home: Path, tmp_path: Path) -> None:
    from affouage.sheets.sources import Wish, collection_of, import_from, origin_of
    from affouage.sheets.store import open_store

    folder = folder_of(tmp_path / "bureau", {f"{n}.txt": french(n) for n in range(3)})
    with open_store(home / "sheets") as store:
        for name, readers in (("bureau", ("role:steward",)), ("place", None)):
            origin = origin_of(str(folder), "")
            collection = collection_of(origin, Wish(name=name, readers=readers, licence="etalab-2.0"), store)
            import_from(store, collection, folder, ManualClock(DAY_MS))
    recipe = source("b", "sheets", "collection:bureau", "") + source("p", "sheets", "collection:place", "")
    build = built(home, recipe + '[[step]]\nuse = "length"')
    assert {one.source for one in build.documents()} == {"p"}
    assert [(one.step, one.reason, one.detail) for one in build.removed()] == [("licence", "readers", "role:steward")]
    over = '[[override]]\nwhat = "readers"\nsource = "b"\nwho = "Odile"\nreason = "The bureau agreed on Tuesday."\n'
    build = built(home, recipe + over)
    assert build.manifest.overridden == (3,)
    assert [one.licence for one in build.manifest.sources] == ["etalab-2.0", "etalab-2.0"]
    with pytest.raises(NotFound, match="no collection"):
        built(home, source("b", "sheets", "collection:rien", ""))


# --- Verified ---------------------------------------------------------------------------------------------------------


def test_whatever_is_changed_in_a_build_shows(home: Path, tmp_path: Path) -> None:
    jsonl_of(tmp_path / "a.jsonl", range(20))
    build = built(home, source("a", "jsonl", tmp_path / "a.jsonl") + STEPS)
    train, documents = build.split("train"), build.documents_path
    whole = train.read_bytes(), documents.read_bytes()
    train.write_bytes(whole[0].replace(b"mairie", b"ville", 1))
    assert {"split", "text", "manifest"} <= {one.what for one in verify(build)}
    train.write_bytes(b"".join(whole[0].splitlines(keepends=True)[1:]))
    assert {"split", "text"} <= {one.what for one in verify(build)}
    train.write_bytes(whole[0])
    documents.write_bytes(whole[1].replace(b"etalab-2.0", b"CC-BY-NC-4.0", 1))
    assert {"licence", "manifest"} <= {one.what for one in verify(build)}
    documents.write_bytes(whole[1])
    assert verify(build) == ()
