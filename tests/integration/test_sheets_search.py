"""Finding in a small library that is really there: its indexes, its encoders in their own processes, its locks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from affouage.adapters.encoders.children import installed
from affouage.errors import EngineFailed
from affouage.settings import EngineSettings
from affouage.sheets.finding import Finding
from affouage.sheets.library import Library, open_library
from affouage.sheets.search.encoder import Encoder, Matrix, Traits
from affouage.sheets.search.keeping_up import Indexing, Meaning, Progress, Words
from affouage.sheets.search.shelves import WORDS, folder_of
from affouage.sheets.search.vectors import Vectors
from affouage.sheets.search.views import DESCRIPTION, HEAD, TITLE, no_sheet_answers
from affouage.sheets.sheet import MEMBERS, PUBLIC, Block, Collection, Sheet
from affouage.sheets.store import Store, open_store
from affouage.testing import ManualClock

EVERYBODY = frozenset({PUBLIC})
MEMBER = EVERYBODY | {MEMBERS}
CLOCK = ManualClock()

Row = tuple[str, str, str, str]
"""Id, title, description, body."""


def _rows(text: str) -> tuple[Row, ...]:
    lines = [line.split(" | ") for line in text.strip().splitlines()]
    return tuple((id, title, said, body) for id, title, said, body in lines)


PUBLIC_SHEETS = _rows("""
F1 | Licenciement pour motif personnel | Votre employeur peut rompre le contrat. | Le licenciement est notifié.
F2 | Carte nationale d'identité perdue ou volée | Déclarez la perte de votre carte. | La déclaration se fait en mairie.
F3 | Allocation de retour à l'emploi | Elle est versée aux demandeurs d'emploi. | Le chômage dure 24 mois au plus.
F4 | Certificat d'immatriculation d'un véhicule | Il est obligatoire pour circuler. | La demande se fait en ligne.
F5 | Dépôt de garantie du logement | Le propriétaire le restitue en 2 mois. | Il est rendu au locataire.
F6 | Congé de maternité de la salariée | La salariée enceinte a droit à un congé. | Il dure 16 semaines.
""")
HIDDEN_SHEETS = _rows("""
B1 | Licenciement : consignes du bureau | Réservé au bureau. | Licenciement, licenciement, licenciement du personnel.
B2 | Chomaje et carte perdue : consignes | Réservé au bureau. | Zouglou zouglou zouglou chomaje.
""")


def _sheets(rows: Sequence[Row]) -> list[tuple[Sheet, str]]:
    return [
        (Sheet(id=id, title=title, description=said, day="2026-01-01", blocks=(Block(text=body),)), "")
        for id, title, said, body in rows
    ]


def _fill(store: Store, *, hidden: bool) -> None:
    def collection(id: str, readers: str) -> Collection:
        return Collection(id=id, name=id, kind="dila", source="S", licence="L", origin="o", readers=(readers,))

    store.put_collection(collection("papiers", PUBLIC))
    store.save("papiers", _sheets(PUBLIC_SHEETS))
    if hidden:
        store.put_collection(collection("bureau", "role:steward"))
        store.save("bureau", _sheets(HIDDEN_SHEETS))


class LetterEncoder:
    """An honest small encoder: a text is how often it holds each pair of letters. Counts what it was asked."""

    name = "letters@1"
    traits = Traits(middle=0.3, spread=0.1, weight=1.0, mapped=True)

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.told = 0
        self.closed = False

    async def encode(self, texts: Sequence[str], *, questions: bool, behind: bool = False) -> Matrix:
        if self.fails:
            raise EngineFailed("It does not work here.")
        self.told += len(texts) if behind and texts != no_sheet_answers() else 0
        rows = np.zeros((len(texts), 32), dtype=np.float32)
        for place, text in enumerate(texts):
            for one, other in zip(text.lower(), text.lower()[1:], strict=False):
                rows[place, (ord(one) * 31 + ord(other)) % 32] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    async def close(self) -> None:
        self.closed = True


@asynccontextmanager
async def opened(
    folder: Path, *encoders: Encoder, hidden: bool = False, by_meaning: bool = True
) -> AsyncIterator[tuple[Library, Store]]:
    """A library with its sheets indexed."""
    with open_store(folder) as store:
        if not store.collections():
            _fill(store, hidden=hidden)
        Words(store, folder).catch_up()
        if by_meaning:
            await Meaning(store, folder, encoders).catch_up()
        async with open_library(folder, CLOCK, encoders) as library:
            yield library, store


async def until(library: Library, reached: Callable[[Progress], bool]) -> None:
    async with asyncio.timeout(60):
        while not reached(await library.progress()):  # noqa: ASYNC110  # another program does it
            await asyncio.sleep(0.01)


def ids(finding: Finding) -> list[str]:
    return [hit.sheet.sheet_id for hit in finding.hits]


# -- by words ------------------------------------------------------------------------------------------------------


def test_everyday_and_misspelt_words_find_the_official_sheet_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as (library, _):
            fired = await library.find("mon patron veut me mettre à la porte", EVERYBODY)
            assert ids(fired)[0] == "F1"
            assert not fired.by_meaning
            assert fired.signals.meaning is None
            car = await library.find("immatriculer ma bagnole", EVERYBODY)
            assert ids(car)[0] == "F4"
            misspelt = await library.find("toucher le chomage", EVERYBODY)
            assert ids(misspelt)[0] == "F3"
            assert misspelt.corrected == "", "an accent alone is not worth a word"
            (passage, *_) = fired.hits[0].passages
            assert passage.sheet_id == "F1"
            assert fired.took_us >= 0

    asyncio.run(scenario())


@pytest.mark.parametrize("question", ["", "   ", "?!…", "\u200b", "de la le les", "ﷺ", "x" * 20_000, "où " * 9_000])
def test_a_question_that_says_nothing_finds_nothing_and_breaks_nothing(tmp_path: Path, question: str) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as (library, _):
            found = await library.find(question, EVERYBODY)
            assert found.hits == ()
            assert not found.corrected

    asyncio.run(scenario())


def test_an_empty_library_is_searched_without_fuss(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with open_library(tmp_path, CLOCK, [LetterEncoder()]) as library:
            assert (await library.find("carte d'identité", MEMBER)).hits == ()
            assert (await library.progress()).sheets == 0

    asyncio.run(scenario())


def test_what_changes_is_found_as_it_is_now_and_what_goes_is_found_no_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as (library, store):
            assert ids(await library.find("passeport", EVERYBODY)) == []
            store.save("papiers", _sheets([("F2", "Passeport perdu", "Déclarez-le.", "En mairie.")]))
            store.archive("papiers", ["F1"], 1)
            Words(store, tmp_path).catch_up()
            assert ids(await library.find("passeport", EVERYBODY)) == ["F2"]
            assert ids(await library.find("nationale", EVERYBODY)) == [], "the sheet says it no more"
            assert "F1" not in ids(await library.find("licenciement", EVERYBODY))
            store.remove("papiers")
            Words(store, tmp_path).catch_up()
            assert (await library.find("passeport", EVERYBODY)).hits == ()
            assert not folder_of(tmp_path, "papiers").exists()

    asyncio.run(scenario())


def test_what_was_cut_off_is_taken_up_and_an_index_that_is_lost_is_made_anew(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        _fill(store, hidden=False)
        words = Words(store, tmp_path)
        assert words.catch_up()
        assert not words.catch_up(), "nothing is left to do"
        (tmp_path / WORDS / "revision.json").write_text('{"layout": 0, "revision": 99}')  # of an older affouage
        assert words.catch_up()
        (tmp_path / WORDS / "revision.json").write_text("garbage")
        done: list[int] = []
        assert words.catch_up(done.append)
        assert done == [len(PUBLIC_SHEETS)]
    assert_found(tmp_path, "licenciement", "F1")


def assert_found(folder: Path, question: str, sheet_id: str) -> None:
    async def scenario() -> None:
        async with open_library(folder, CLOCK) as library:
            assert ids(await library.find(question, EVERYBODY))[0] == sheet_id

    asyncio.run(scenario())


def test_an_open_library_sees_what_another_program_indexes_and_only_one_writes(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from affouage.sheets.store import open_store\n"
        "from affouage.sheets.search.keeping_up import Words\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "with open_store(folder) as store:\n"
        "    print(Words(store, folder).catch_up())\n"
    )

    async def scenario() -> None:
        async with opened(tmp_path) as (library, store):
            store.save("papiers", _sheets([("F9", "Permis de pêche en rivière", "Il se prend en ligne.", "Oui.")]))
            other = await asyncio.to_thread(
                subprocess.run, [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
            )
            assert other.stdout.strip() in ("True", "False"), "it may come second: the library keeps up too"
            await until(library, lambda progress: progress.by_words == len(PUBLIC_SHEETS) + 1)
            assert ids(await library.find("permis de pêche", EVERYBODY))[0] == "F9"

    asyncio.run(scenario())


# -- who may read --------------------------------------------------------------------------------------------------

QUESTIONS = ("licenciement du personnel", "chomaje", "carte perdue", "zouglou", "réservé au bureau", "mon patron")


def test_a_collection_one_may_not_read_has_no_part_in_anything(tmp_path: Path) -> None:
    """Hits, scores, signals, spelling: to the last digit what they are where that collection does not exist."""

    async def asked(folder: Path, *, hidden: bool) -> list[tuple[object, ...]]:
        encoder = LetterEncoder()
        async with opened(folder, encoder, hidden=hidden) as (library, _):
            found = [await library.find(one, EVERYBODY) for one in QUESTIONS]
            near = await library.related("papiers", "F1", EVERYBODY)
            told = [(ids(one), [hit.score for hit in one.hits], one.signals, one.corrected) for one in found]
            return [*told, tuple(one.sheet_id for one in near)]

    without = asyncio.run(asked(tmp_path / "without", hidden=False))
    beside = asyncio.run(asked(tmp_path / "beside", hidden=True))
    assert without == beside


def test_who_may_read_it_finds_it_and_one_collection_may_be_searched_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path, LetterEncoder(), hidden=True) as (library, store):
            steward = EVERYBODY | {"role:steward"}
            assert "B1" in ids(await library.find("licenciement", steward))
            assert ids(await library.find("licenciement", steward, collection_id="papiers"))[0] == "F1"
            assert (await library.find("licenciement", EVERYBODY, collection_id="bureau")).hits == ()
            whole = store.collection("bureau")
            store.put_collection(type(whole)(**{**_fields(whole), "readers": (PUBLIC,)}))
            assert "B1" in ids(await library.find("licenciement", EVERYBODY)), "access is looked at by each search"

    asyncio.run(scenario())


def _fields(one: Collection) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


def test_how_rare_a_word_is_is_decided_over_everything_that_is_searched(tmp_path: Path) -> None:
    """Split in two collections or not, the same sheets get the same words' scores (lengths are counted apart)."""

    async def scenario() -> None:
        async with opened(tmp_path, hidden=True) as (library, _):
            steward = EVERYBODY | {"role:steward"}
            alone = await library.find("licenciement", steward, collection_id="papiers")
            both = await library.find("licenciement", steward)
            (score,) = [hit.score for hit in both.hits if hit.sheet.sheet_id == "F1"]
            assert score < alone.hits[0].score, "more sheets hold the word: it is less rare"

    asyncio.run(scenario())


# -- by meaning ----------------------------------------------------------------------------------------------------


def test_vectors_are_made_once_taken_up_and_made_anew_for_what_changed(tmp_path: Path) -> None:
    async def scenario() -> None:
        encoder = LetterEncoder()
        async with opened(tmp_path, encoder) as (library, store):
            texts = 3 * len(PUBLIC_SHEETS)  # head, title, description
            assert encoder.told == texts
            found = await library.find("certificat pour circuler", EVERYBODY)
            assert found.by_meaning
            assert found.encoder == "letters@1"
            assert found.signals.meaning is not None
            assert found.signals.beside is not None
            assert await Meaning(store, tmp_path, [encoder]).catch_up()
            assert encoder.told == texts, "nothing was left to do"
            store.save("papiers", _sheets([("F2", "Passeport perdu", "Déclarez-le.", "En mairie.")]))
            indexing = Indexing(store, tmp_path, [encoder])
            indexing.words.catch_up()
            assert indexing.progress().by_meaning == len(PUBLIC_SHEETS) - 1
            assert (await library.find("passeport", EVERYBODY)).by_meaning, "the vector of before will do meanwhile"
            assert indexing.meaning.waiting() == 3
            await indexing.meaning.catch_up()
            assert encoder.told == texts + 3
            assert indexing.progress().by_meaning == len(PUBLIC_SHEETS)
        assert encoder.closed

    asyncio.run(scenario())


def test_while_vectors_are_missing_words_alone_are_searched_and_it_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path, LetterEncoder(), by_meaning=False) as (library, store):
            assert not (await library.find("licenciement", EVERYBODY)).by_meaning
            due = Vectors(store.db).due("letters@1", HEAD, 3)
            Vectors(store.db).save("letters@1", due, np.eye(3, 32, dtype=np.float32))
            assert not (await library.find("licenciement", EVERYBODY)).by_meaning, "half of them is not enough"

    asyncio.run(scenario())


def test_an_encoder_that_does_not_work_leaves_the_search_by_words(tmp_path: Path) -> None:
    async def scenario() -> None:
        encoder = LetterEncoder()
        async with opened(tmp_path, encoder) as (library, store):
            encoder.fails = True
            found = await library.find("licenciement", EVERYBODY)
            assert (found.by_meaning, ids(found)[0]) == (False, "F1")
            store.save("papiers", _sheets([("F2", "Passeport", "Dit.", "Oui.")]))
            meaning = Meaning(store, tmp_path, [encoder])
            assert not await meaning.catch_up()
            assert meaning.reached() is None

    asyncio.run(scenario())


def test_a_serving_commons_keeps_up_by_itself(tmp_path: Path) -> None:
    async def scenario() -> None:
        with open_store(tmp_path) as store:
            _fill(store, hidden=False)
        async with open_library(tmp_path, CLOCK, [LetterEncoder()], keep_up=True) as library:
            await until(library, lambda progress: progress.by_meaning == len(PUBLIC_SHEETS))
            assert (await library.find("licenciement", EVERYBODY)).by_meaning

    asyncio.run(scenario())


@pytest.fixture(scope="module")
def real_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the vectors of the encoders that are installed."""
    folder = tmp_path_factory.mktemp("real")

    async def make() -> None:
        encoders = installed(EngineSettings(), CLOCK)
        async with opened(folder, *encoders):
            pass

    asyncio.run(make())
    return folder


def test_the_real_encoders_find_what_shares_no_word_with_the_question(real_library: Path) -> None:
    async def scenario() -> None:
        async with open_library(real_library, CLOCK, installed(EngineSettings(), CLOCK)) as library:
            found = await library.find("my landlord keeps my money after I moved out", EVERYBODY)
            assert found.by_meaning
            assert "use-multilingual-v3" in found.encoder
            assert ids(found)[0] == "F5"
            near = await library.related("papiers", "F6", EVERYBODY)
            assert "F1" in [one.sheet_id for one in near[:3]], "work is near work"

    asyncio.run(scenario())


def test_real_encoders_give_rows_of_length_one_for_any_text_and_end_with_their_parent() -> None:
    async def scenario() -> None:
        for encoder in installed(EngineSettings(), CLOCK):
            texts = ["Où refaire ma carte ?", "", "\0", "字" * 9, "mot " * 60]
            for behind in (True, False):
                rows = await encoder.encode(texts, questions=True, behind=behind)
                assert rows.dtype == np.float32
                assert rows.shape[0] == len(texts)
                assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)
            assert (await encoder.encode([], questions=True)).shape[0] == 0
            await encoder.close()
            with pytest.raises(EngineFailed):
                await encoder.encode(["encore"], questions=True)

    asyncio.run(scenario())


def test_what_is_stored_of_a_vector_keeps_its_cosines(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).normal(size=(3, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with open_store(tmp_path) as store:
        _fill(store, hidden=False)
        vectors = Vectors(store.db)
        due = vectors.due("some", TITLE, 3)
        vectors.save("some", due, rows)
        kept = vectors.of("papiers", "some", TITLE)
        assert vectors.of("papiers", "some", DESCRIPTION) == {}
        for one, row in zip(due, rows, strict=True):
            assert float(kept[one.key[1]] @ row) == pytest.approx(1, abs=1e-3)


def test_of_passages_that_words_hardly_tell_apart_the_earlier_comes_first(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as (library, store):
            said = [f"La subvention est versée à l'association par la commune, cas {one}." for one in "12345"]
            blocks = tuple(Block(text=one, path=(one[-2],)) for one in said)
            store.save("papiers", [(Sheet(id="F9", title="Subventions", day="2026-01-01", blocks=blocks), "")])
            Words(store, tmp_path).catch_up()
            (hit, *_) = (await library.find("subvention commune", EVERYBODY)).hits
            assert [one.number for one in hit.passages] == [1, 2, 3]

    asyncio.run(scenario())
