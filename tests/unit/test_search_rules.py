"""The pure rules of the search: spelling, everyday words, the manner of sheets, scores weighed together."""

from __future__ import annotations

import tomllib
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.sheets.search.encoder import Traits
from affouage.sheets.search.everyday import known_words, official_words, said_officially, weighed_terms
from affouage.sheets.search.french_words import terms
from affouage.sheets.search.fusing import best, fused, meaning, signals, standard
from affouage.sheets.search.manner import learnt, of_length_one, sums
from affouage.sheets.search.spelling import Vocabulary, distance, folded
from affouage.sheets.search.views import DESCRIPTION, HEAD, MOST_WORDS, TITLE, asked, parts_for, view
from affouage.sheets.sheet import Passage

WORDS = Vocabulary(
    [
        {"licenciement": 40, "chômage": 25, "chomage": 1, "retraite": 60, "logement": 50, "locataire": 30, "Œuvre": 9},
        {
            "passeport": 12,
            "renouvellement": 8,
            "allocution": 30,
            "allocation": 14,
            "allocations": 20,
            "rare": 1,
            "raremot": 1,
        },
    ]
)
_letters = st.text("abcdeé", max_size=9)


@pytest.mark.parametrize(
    ("question", "right", "changed"),
    [
        ("mon licensiement", "mon licenciement", True),
        ("le lojement du locatère", "le logement du locataire", True),
        ("un paseport", "un passeport", True),
        ("une alocation", "une allocation", True),
        ("toucher le chomage", "toucher le chômage", False),
        ("mon logement", "mon logement", False),
    ],
)
def test_misspelt_words_are_put_right_and_accents_put_back(question: str, right: str, changed: bool) -> None:
    corrected = WORDS.correct(question)
    assert (corrected.text, corrected.changed) == (right, changed)


@pytest.mark.parametrize(
    "question",
    [
        "monsieur Logemant habite à Retraitte",  # names
        "le formulaire 12100*02 et le 3939",
        "mon toubib, ma bagnole",  # everyday words, which no sheet holds
        "logé",  # too short to be sure
        "un raremott",  # what it is near to is held by too few
        "",
    ],
)
def test_names_numbers_and_everyday_words_are_left_alone(question: str) -> None:
    assert WORDS.correct(question).text == question


def test_without_sheets_nothing_is_corrected() -> None:
    assert Vocabulary([]).correct("licensiement").text == "licensiement"


@given(_letters, _letters)
def test_a_distance_is_the_same_both_ways_and_nothing_for_the_same_word(one: str, other: str) -> None:
    assert distance(one, other, 20) == distance(other, one, 20)
    assert (distance(one, other, 20) == 0) == (one == other)
    assert distance(one, other, 20) <= max(len(one), len(other))


@given(_letters, _letters, st.integers(0, 3))
def test_a_bounded_distance_says_the_same_up_to_its_bound(one: str, other: str, most: int) -> None:
    assert distance(one, other, most) == min(distance(one, other, 20), most + 1)


def test_two_neighbours_swapped_are_one_fault() -> None:
    assert distance("pacs", "pasc", 2) == 1
    assert folded("Œuvre ÉTÉ") == "oeuvre ete"


# -- everyday words --------------------------------------------------------------------------------------------------


def test_everyday_words_are_looked_for_under_their_official_names_too() -> None:
    weights = weighed_terms(terms("mon toubib"))
    (doctor,) = terms("médecin")
    assert weights[doctor] == 0.5
    assert weights[terms("toubib")[0]] == 1.0


def test_an_expression_counts_whole_and_its_words_no_more() -> None:
    found = official_words(terms("on veut me mettre à la porte"))
    assert ("licenciement", "expulsion") in found
    assert said_officially("je suis au chômage et j'ai perdu ma carte grise").count("certificat d'immatriculation") == 1


def test_a_question_without_everyday_words_is_said_as_it_is() -> None:
    assert said_officially("acte notarié") == "acte notarié"


def test_the_file_of_everyday_words_is_sound() -> None:
    """Every line says something else than itself, in one term at least."""
    read = tomllib.loads(resources.files("affouage.sheets.search").joinpath("everyday_words.toml").read_text("utf-8"))
    for section, lines in read.items():
        for said, written in lines.items():
            assert written, (section, said)
            assert all(terms(one) for one in written), (section, said, "an official expression without a term")
    assert {"toubib", "mamie"} <= known_words()


@given(st.text(max_size=60))
def test_any_text_has_terms_without_accents_or_capitals(text: str) -> None:
    for term in terms(text):
        assert term == term.lower()
        assert term


# -- the manner of sheets --------------------------------------------------------------------------------------------


def _rows(seed: int, many: int, wide: int = 6) -> np.ndarray:
    return of_length_one(np.random.default_rng(seed).normal(size=(many, wide)).astype(np.float32))


def test_with_few_sheets_a_question_stays_nearly_what_it_is() -> None:
    mapped = learnt([sums(_rows(1, 2), _rows(2, 2))], 6)
    assert np.allclose(mapped, np.eye(6), atol=0.1)


def test_with_many_the_map_learns_what_changes_between_asking_and_telling() -> None:
    turned = np.linalg.qr(np.random.default_rng(3).normal(size=(6, 6)))[0].astype(np.float32)
    titles = _rows(4, 20_000)
    mapped = learnt([sums(titles, titles @ turned)], 6)
    assert np.allclose(mapped, turned, atol=0.05)


def test_it_is_the_same_learnt_from_two_collections_as_from_their_union() -> None:
    titles, told = _rows(5, 40), _rows(6, 40)
    apart = learnt([sums(titles[:15], told[:15]), sums(titles[15:], told[15:])], 6)
    assert np.allclose(apart, learnt([sums(titles, told)], 6), atol=1e-5)


# -- weighed together ------------------------------------------------------------------------------------------------

_ONE = Traits(middle=0.1, spread=0.1, weight=1.0)
_OTHER = Traits(middle=0.8, spread=0.02, weight=3.0)
_scores = st.lists(st.floats(0, 30, width=32), min_size=1, max_size=8)


@given(_scores, _scores)
def test_a_score_does_not_depend_on_what_else_may_be_read(mine: list[float], others: list[float]) -> None:
    """So that what is forbidden cannot be guessed from the scores of what is not."""
    alone = np.array(mine, dtype=np.float32)
    together = np.array([*mine, *others], dtype=np.float32)
    near = meaning([(alone / 30, _ONE), (alone / 30, _OTHER)])
    near_together = meaning([(together / 30, _ONE), (together / 30, _OTHER)])
    assert near_together is not None
    assert np.allclose(fused(alone, near), fused(together, near_together)[: len(mine)], rtol=1e-5)


def test_a_sheet_without_its_vector_yet_is_neither_near_nor_far() -> None:
    assert standard(np.array([0.3, np.nan], dtype=np.float32), _ONE).tolist() == pytest.approx([2.0, 0.0])


def test_encoders_count_by_their_weights_and_one_alone_counts_whole() -> None:
    cosines = np.array([0.2], dtype=np.float32), np.array([0.84], dtype=np.float32)
    both = meaning([(cosines[0], _ONE), (cosines[1], _OTHER)])
    assert both is not None
    assert both[0] == pytest.approx((1 * 1.0 + 3 * 2.0) / 4)
    alone = meaning([(cosines[0], _ONE)])
    assert alone is not None
    assert alone[0] == pytest.approx(1.0)
    assert meaning([]) is None


def test_equals_keep_their_order() -> None:
    assert best(np.array([1.0, 3.0, 3.0, 0.0], dtype=np.float32), 3) == [1, 2, 0]


def test_signals_tell_how_far_the_best_is_from_the_second_and_whether_words_and_meaning_agree() -> None:
    words = np.array([9.0, 4.0, 0.0], dtype=np.float32)
    told = signals(words, np.array([0.1, 2.0, 0.3], dtype=np.float32), 0.5)
    assert told.words == 9.0
    assert told.meaning == 2.0
    assert told.agree == 2
    assert told.covered == 0.5
    assert told.words_margin == pytest.approx(5 / words.std())
    assert signals(words, np.array([0.1, 0.2, 2.0], dtype=np.float32), None).agree is None, "it holds no word of it"


def test_nothing_searched_gives_no_signal() -> None:
    told = signals(np.zeros(0, dtype=np.float32), None, None)
    assert (told.words, told.meaning, told.agree) == (None, None, None)


# -- what is encoded -------------------------------------------------------------------------------------------------


def test_a_document_without_a_description_is_described_by_how_it_begins() -> None:
    passages = (Passage(collection_id="c", sheet_id="s", number=1, text="Le règlement  de la cantine."),)
    assert view(HEAD, "Cantine", "", passages) == "Cantine. Le règlement de la cantine."
    assert view(TITLE, "Cantine", "", passages) == "Cantine"
    assert view(DESCRIPTION, "Cantine", "Dit.", passages) == "Dit."
    assert len(view(DESCRIPTION, "", "mot " * 500, ()).split()) == MOST_WORDS


def test_what_sheets_are_found_by_is_encoded_first() -> None:
    assert parts_for(_ONE) == (HEAD, TITLE)
    assert parts_for(Traits(middle=0, spread=1, weight=1, mapped=True))[0] == HEAD


@given(st.lists(st.sampled_from(["mon", "chien", "est", "mort"]), max_size=200))
def test_of_a_long_question_the_beginning_and_the_end_are_read(words: list[str]) -> None:
    read = asked(" ".join(words)).split()
    assert len(read) <= 40
    assert read[:20] == words[:20]
    assert read[-20:] == words[-20:]
