"""Collections on the disk: what an import writes, leaves, archives; what whoever indexes is told; two at once."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from affouage.errors import BadRequest, Conflict, DatabaseUnusable, NotFound
from affouage.sheets.importing import Progress, Summary, import_documents
from affouage.sheets.reading import Read, Refused, Same
from affouage.sheets.sheet import MEMBERS, PUBLIC, Block, Collection, Sheet
from affouage.sheets.sources import Wish, collection_of, import_from, origin_of, slug, wished
from affouage.sheets.store import DATABASE, Change, Store, open_store
from affouage.testing import ManualClock
from tests.unit.sheets_written import publication, write_archive

CLOCK = ManualClock()
TODAY = date(2026, 11, 29)
PAPERS = Collection(id="papiers", name="Papiers", kind="dila", source="s", licence="l", origin="o", readers=(PUBLIC,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "sheets") as opened:
        yield opened


def sheet(number: int, text: str = "Un texte.", day: str | None = "2026-01-01") -> Sheet:
    return Sheet(id=f"F{number}", title=f"Fiche {number}", description="D", day=day, blocks=(Block(text=text),))


def bring(store: Store, *sheets: Sheet, **more: bool) -> Summary:
    return import_documents(store, PAPERS, [Read(sheet=one) for one in sheets], CLOCK, **more)


def changes(store: Store, revision: int = 0) -> list[tuple[str, bool]]:
    return [(one.sheet_id, one.there) for one in store.changes_since(revision)]


def test_new_then_the_same_then_changed_then_gone_then_back(store: Store) -> None:
    assert bring(store, sheet(1), sheet(2)) == Summary(collection_id="papiers", new=2)
    before = store.revision()
    assert bring(store, sheet(1), sheet(2)) == Summary(collection_id="papiers", same=2)
    assert store.revision() == before, "nothing that did not change may be indexed again"
    assert bring(store, sheet(1, "Un autre."), sheet(2)) == Summary(collection_id="papiers", changed=1, same=1)
    assert changes(store, before) == [("F1", True)]
    assert bring(store, sheet(1, "Un autre.")) == Summary(collection_id="papiers", same=1, archived=1)
    assert changes(store) == [("F1", True), ("F2", False)]
    header = store.headers([("papiers", "F2")], TODAY)["papiers", "F2"]
    assert header.archived
    assert store.sheet("papiers", "F2").title == "Fiche 2", "what was withdrawn can still be read"
    assert [one.sheet_id for one in store.listed("papiers", TODAY)] == ["F1"]
    assert [one.sheet_id for one in store.listed("papiers", TODAY, archived=True)] == ["F2"]
    assert bring(store, sheet(1, "Un autre."), sheet(2)) == Summary(collection_id="papiers", changed=1, same=1)
    assert changes(store) == [("F1", True), ("F2", True)]


def test_passages_are_kept_with_their_sheet(store: Store) -> None:
    bring(store, sheet(1))
    assert [(one.key, one.text) for one in store.passages("papiers", "F1")] == [
        ("papiers/F1/0", "D"),
        ("papiers/F1/1", "Un texte."),
    ]


def test_a_document_that_became_unreadable_keeps_its_earlier_sheet(store: Store) -> None:
    bring(store, sheet(1), sheet(2))
    bad = Refused(name="F2.xml", reason="Damaged.", code="xml_broken", sheet_id="F2")
    summary = import_documents(store, PAPERS, [Read(sheet=sheet(1)), bad], CLOCK)
    assert (summary.same, summary.kept, summary.archived, summary.refused) == (1, 1, 0, (bad,))
    assert [one.sheet_id for one in store.listed("papiers", TODAY)] == ["F1", "F2"]


def test_two_documents_of_one_id_are_the_first_one(store: Store) -> None:
    summary = bring(store, sheet(1, "Le premier."), sheet(1, "Le second."))
    assert (summary.new, [one.code for one in summary.refused]) == (1, ["sheet_twice"])
    assert store.sheet("papiers", "F1").blocks[0].text == "Le premier."


def test_a_source_with_nothing_in_it_changes_nothing(store: Store) -> None:
    with pytest.raises(BadRequest) as refused:
        bring(store)
    assert refused.value.code == "source_empty"
    assert store.collections() == ()


def test_most_sheets_gone_is_a_mistake_until_somebody_says_otherwise(store: Store) -> None:
    bring(store, *(sheet(number) for number in range(50)))
    with pytest.raises(Conflict) as refused:
        bring(store, *(sheet(number) for number in range(10)))
    assert refused.value.code == "sheets_shrink"
    assert len(store.listed("papiers", TODAY)) == 50
    assert bring(store, *(sheet(number) for number in range(10)), shrink=True).archived == 40


def test_what_says_it_is_the_same_is_not_read_again(store: Store) -> None:
    import_documents(store, PAPERS, [Read(sheet=sheet(1), fingerprint="a")], CLOCK)
    assert store.known("papiers")["F1"].fingerprint == "a"
    same = Same(sheet_id="F1", fingerprint="a")
    assert import_documents(store, PAPERS, [same, Read(sheet=sheet(2))], CLOCK).same == 1
    import_documents(store, PAPERS, [Read(sheet=sheet(2))], CLOCK)
    assert changes(store)[-1] == ("F1", False)
    assert import_documents(store, PAPERS, [same, Read(sheet=sheet(2))], CLOCK).changed == 1
    assert changes(store)[-1] == ("F1", True), "it is found again, though its document never changed"


def test_an_import_that_breaks_goes_on_from_there(store: Store) -> None:
    def broken() -> Iterator[Read]:
        for number in range(450):
            yield Read(sheet=sheet(number))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_documents(store, PAPERS, broken(), CLOCK)
    assert len(store.listed("papiers", TODAY)) == 400
    assert store.collection("papiers").imported_ms is None
    summary = bring(store, *(sheet(number) for number in range(450)))
    assert (summary.same, summary.new) == (400, 50)
    assert store.collection("papiers").imported_ms == CLOCK.now_ms()


def test_age_is_told_by_the_sheet_s_own_date(store: Store) -> None:
    bring(store, sheet(1, day="2020-11-12"), sheet(2, day=None), sheet(3, day="2026-11-01"), sheet(4, day="2020-13-45"))
    ages = {one.sheet_id: (one.age_days, one.old) for one in store.listed("papiers", TODAY)}
    assert ages == {"F1": (2208, True), "F2": (None, False), "F3": (28, False), "F4": (None, False)}


def test_a_removed_collection_is_forgotten_and_that_is_told(store: Store) -> None:
    bring(store, sheet(1), sheet(2))
    before = store.revision()
    assert store.remove("papiers") == 2
    assert changes(store, before) == [("F1", False), ("F2", False)]
    assert store.collections() == ()
    with pytest.raises(NotFound):
        store.sheet("papiers", "F1")
    with pytest.raises(NotFound):
        store.remove("papiers")
    bring(store, sheet(1))
    assert changes(store, before) == [("F2", False), ("F1", True)]


def test_changes_are_told_in_order_a_piece_at_a_time(store: Store) -> None:
    bring(store, *(sheet(number) for number in range(25)))
    told: list[Change] = []
    while some := store.changes_since(told[-1].revision if told else 0, most=10):
        told += some
    assert [one.sheet_id for one in told] == [f"F{number}" for number in range(25)]
    assert store.changes_since(store.revision()) == ()


def test_a_library_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    with open_store(tmp_path):
        pass
    with sqlite3.connect(tmp_path / DATABASE) as file:
        file.execute("PRAGMA user_version = 99")
    with pytest.raises(DatabaseUnusable, match="newer"), open_store(tmp_path):
        pass
    (tmp_path / DATABASE).write_bytes(b"not a database at all" * 100)
    with pytest.raises(DatabaseUnusable), open_store(tmp_path):
        pass


def test_an_archive_is_imported_once_and_again_when_asked(store: Store, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "vosdroits-associations.zip", {"F1.xml": publication(), "F2.xml": b"<"})
    origin = origin_of(str(path), "https://example.org")
    collection = collection_of(origin, Wish(), store)
    assert (collection.id, collection.readers, collection.kind) == ("associations", (PUBLIC,), "dila")
    told: list[Progress] = []
    summary = import_from(store, collection, path, CLOCK, on_progress=told.append)
    assert summary is not None
    assert (summary.new, [one.code for one in summary.refused]) == (1, ["xml_broken"])
    assert [one.done for one in told] == [1, 2]
    assert import_from(store, collection, path, CLOCK) is None
    assert import_from(store, collection, path, CLOCK, again=True) == Summary(
        collection_id="associations", same=1, refused=summary.refused
    )


def test_a_damaged_archive_changes_nothing(store: Store, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.zip", {"F1.xml": publication()})
    collection = collection_of(origin_of(str(path), "https://example.org"), Wish(), store)
    import_from(store, collection, path, CLOCK)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadRequest) as refused:
        import_from(store, collection, path, CLOCK)
    assert refused.value.code == "zip_damaged"
    assert [one.sheet_id for one in store.listed("a", TODAY)] == ["F1"]


def test_what_a_source_is(store: Store, tmp_path: Path) -> None:
    official = origin_of("official:particuliers", "https://example.org/vdd/")
    assert official.addresses == (
        "https://example.org/vdd/3.4/part/zip/vosdroits-latest.zip",
        "https://example.org/vdd/3.3/part/zip/vosdroits-latest.zip",
    )
    for source in ("official:nowhere", str(tmp_path / "nothing.zip"), "https://example.org/page.html"):
        with pytest.raises(BadRequest):
            origin_of(source, "https://example.org")
    folder = origin_of(str(tmp_path), "")
    mine = collection_of(folder, Wish(name="Règlements de la mairie", old_after_days=30), store)
    assert (mine.id, mine.readers, mine.old_after_days) == ("reglements-de-la-mairie", (MEMBERS,), 30)
    assert wished(mine, Wish(readers=("role:steward", "member:m_1"))).readers == ("role:steward", "member:m_1")
    for tag in ("", "everybody", "role:", "role:a b", "public\n"):
        with pytest.raises(BadRequest):
            wished(mine, Wish(readers=(tag,)))
    with pytest.raises(BadRequest):
        slug("!?")


def test_a_name_that_another_kind_has_is_taken(store: Store, tmp_path: Path) -> None:
    bring(store, sheet(1))
    with pytest.raises(Conflict) as refused:
        collection_of(origin_of(str(tmp_path), ""), Wish(name="Papiers"), store)
    assert refused.value.code == "sheets_other_kind"


READER = """
import json, sys, time
from datetime import date
from pathlib import Path
from affouage.sheets.store import open_store
seen, longest = [], 0.0
with open_store(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    while not seen or seen[-1] < int(sys.argv[2]):
        began = time.perf_counter()
        listed = store.listed("papiers", date(2026, 11, 29)) if store.collections() else ()
        assert all(store.passages("papiers", one.sheet_id) for one in listed[-3:])
        longest = max(longest, time.perf_counter() - began)
        seen.append(len(listed))
print(json.dumps([sorted(set(seen)), longest]))
"""


def test_one_program_imports_while_another_reads(store: Store, tmp_path: Path) -> None:
    words = (sys.executable, "-c", READER, str(tmp_path / "sheets"), "1000")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        bring(store, *(sheet(number) for number in range(1000)))
        told = reader.stdout.read()
    assert reader.returncode == 0
    counts, longest_s = json.loads(told)
    assert set(counts) <= {0, 200, 400, 600, 800, 1000}, "whole batches or nothing"
    assert longest_s < 8, "a reader never waits for the writer's ten seconds"
