"""How well the official sheets are found by words alone, on all of them and all the public questions: a floor.

With meaning it takes minutes: docs/reference/search.md tells the command and its figures.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from affouage.clock import SystemClock
from affouage.sheets.dila.reader import read_archive
from affouage.sheets.importing import import_documents
from affouage.sheets.search.keeping_up import Words
from affouage.sheets.sheet import PUBLIC, Collection
from affouage.sheets.store import open_store
from affouage.workshops.explain.evaluate import read_questions
from tests.bench.search import quality, searched
from tests.conftest import ROOT, missing

DATA = ROOT.parent / "shared" / "data"

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("found")
    with open_store(made / "sheets") as store:
        for name in ("particuliers", "associations"):
            archive = DATA / "service-public" / f"vosdroits-{name}.zip"
            if not archive.exists():
                missing(f"the shared data {archive.name}")
            whole = Collection(
                id=name, name=name, kind="dila", source="S", licence="L", origin=str(archive), readers=(PUBLIC,)
            )
            import_documents(store, whole, read_archive(archive), SystemClock())
        Words(store, made / "sheets").catch_up()
    return made


def test_words_alone_find_what_they_should(home: Path) -> None:
    """Measured when written: hit@5 0.650, MRR@10 0.461. BM25 as textbooks have it: 0.552, 0.420."""
    questions = read_questions((DATA / "eval" / "questions-dev.jsonl").read_bytes())
    found = asyncio.run(searched(home, questions, by_meaning=False))
    of = quality(found)
    assert of.questions == 163
    assert of.hit_5 >= 0.62
    assert of.mrr_10 >= 0.44
