"""The door of the library: who reads what, what is found of it, what it is related to."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace

from affouage.errors import NotFound
from affouage.sheets.importing import import_documents
from affouage.sheets.library import Library, open_library
from affouage.sheets.reading import Read
from affouage.sheets.search.keeping_up import Words
from affouage.sheets.sheet import MEMBERS, PUBLIC, Block, Collection, Link, Sheet
from affouage.sheets.store import open_store
from affouage.testing import ManualClock

T = TypeVar("T")

CLOCK = ManualClock()
EVERYBODY = frozenset({PUBLIC})
MEMBER = EVERYBODY | {MEMBERS}
CLERK = MEMBER | {"college:agents"}


def collection(id: str, *readers: str) -> Collection:
    return Collection(id=id, name=id, kind="dila", source="S", licence="L", origin="o", readers=readers)


def sheet(id: str, title: str, *related: str, day: str = "2026-01-01") -> Sheet:
    links = tuple(Link(title="x", sheet_id=one) for one in related)
    return Sheet(
        id=id, title=title, day=day, blocks=(Block(text=f"{title} : la demande se fait en mairie."),), related=links
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library, found in."""
    folder = tmp_path_factory.mktemp("library")
    papers = [
        sheet("F1", "Carte d'identité", "F2", "F404", "F1", "F3"),
        sheet("F2", "Passeport"),
        sheet("F3", "Permis"),
    ]
    with open_store(folder) as store:
        for one, sheets in (
            (collection("papiers", PUBLIC), papers),
            (collection("bureau", MEMBERS), [sheet("B1", "Règlement de la salle des fêtes")]),
            (collection("guichet", "college:agents"), [sheet("G1", "Consignes du guichet pour la salle des fêtes")]),
        ):
            import_documents(store, one, [Read(sheet=each) for each in sheets], CLOCK)
        Words(store, folder).catch_up()
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "sheets")


def asked(folder: Path, work: Callable[[Library], Awaitable[T]]) -> T:
    async def opened() -> T:
        async with open_library(folder, CLOCK) as library:
            return await work(library)

    return asyncio.run(opened())


def test_collections_are_those_one_may_read(folder: Path) -> None:
    def readable(tags: frozenset[str]) -> set[str]:
        return {one.id for one in asked(folder, lambda library: library.collections(tags))}

    assert readable(EVERYBODY) == {"papiers"}
    assert readable(MEMBER) == {"papiers", "bureau"}
    assert readable(frozenset()) == set()


def test_what_one_may_not_read_is_left_out_before_the_search(folder: Path) -> None:
    def found(tags: frozenset[str], within: str = "") -> set[str]:
        looked = asked(folder, lambda library: library.find("salle des fêtes", tags, collection_id=within))
        return {hit.sheet.sheet_id for hit in looked.hits}

    assert found(CLERK) == {"B1", "G1"}
    assert found(MEMBER) == {"B1"}
    assert found(EVERYBODY) == set()
    assert found(CLERK, "guichet") == {"G1"}
    assert found(MEMBER, "guichet") == set(), "naming it opens nothing"


def test_a_sheet_of_a_collection_one_may_not_read_does_not_exist(folder: Path) -> None:
    header, read = asked(folder, lambda library: library.sheet("guichet", "G1", CLERK))
    assert (header.title, header.source, read.id) == ("Consignes du guichet pour la salle des fêtes", "S", "G1")
    said = []
    for collection_id, sheet_id in (("guichet", "G1"), ("guichet", "G9"), ("nowhere", "G1")):
        with pytest.raises(NotFound) as refused:
            asked(folder, lambda library, c=collection_id, s=sheet_id: library.sheet(c, s, MEMBER))  # type: ignore[misc]
        said.append((refused.value.code, refused.value.remedy))
        with pytest.raises(NotFound):
            asked(folder, lambda library, c=collection_id, s=sheet_id: library.related(c, s, MEMBER))  # type: ignore[misc]
    assert len(set(said)) == 1, "nothing tells one that is hidden from one that is not there"


def test_related_sheets_are_those_it_names_that_are_there(folder: Path) -> None:
    found = asked(folder, lambda library: library.related("papiers", "F1", EVERYBODY))
    assert [one.sheet_id for one in found[:2]] == ["F2", "F3"]
    assert "F1" not in {one.sheet_id for one in found}


def test_a_withdrawn_sheet_is_read_with_its_mark_and_found_no_more(folder: Path) -> None:
    with open_store(folder) as store:
        store.archive("papiers", ["F2"], CLOCK.now_ms())
    header, _ = asked(folder, lambda library: library.sheet("papiers", "F2", EVERYBODY))
    assert header.archived
    assert asked(folder, lambda library: library.find("passeport", EVERYBODY)).hits == ()
    assert [one.sheet_id for one in asked(folder, lambda library: library.related("papiers", "F1", EVERYBODY))][:1] == [
        "F3"
    ]


def test_readers_who_change_change_what_is_found_at_once(folder: Path) -> None:
    with open_store(folder) as store:
        store.put_collection(replace(store.collection("guichet"), readers=(PUBLIC,)))
    assert len(asked(folder, lambda library: library.find("salle des fêtes", EVERYBODY)).hits) == 1


def test_an_import_while_it_is_open_is_seen(folder: Path) -> None:
    async def seen(library: Library) -> list[str]:
        with open_store(folder) as store:
            more = [
                Read(sheet=sheet("B1", "Règlement de la salle des fêtes")),
                Read(sheet=sheet("B2", "Piscine municipale")),
            ]
            await asyncio.to_thread(import_documents, store, collection("bureau", MEMBERS), more, CLOCK)
        for _ in range(500):
            looked = await library.find("piscine municipale", MEMBER)
            if any(hit.sheet.sheet_id == "B2" for hit in looked.hits):
                break
            await asyncio.sleep(0.02)
        return [hit.sheet.sheet_id for hit in looked.hits]

    assert asked(folder, seen)[:1] == ["B2"]
