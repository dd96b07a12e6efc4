"""The steps of a recipe, one by one: what they keep, what they refuse and for which reason."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.training.corpus.document import Outcast
from affouage.training.corpus.recipe import Decontaminate, Length, Quality, Repetition
from affouage.training.corpus.steps import minhash, personal, quality, repetition
from affouage.training.corpus.steps.decontaminate import Evaluations
from affouage.training.corpus.steps.words import Words, sequences

PROSE = (
    "Le conseil municipal s'est réuni mardi soir dans la salle des fêtes, sous la présidence de madame la maire. Après "
    "avoir approuvé le compte rendu de la séance précédente, les élus ont examiné le budget de la commune pour l'année "
    "à venir. Les dépenses de l'école augmentent, parce que les classes sont plus nombreuses et que le chauffage coûte "
    "plus cher qu'autrefois. Une habitante a demandé pourquoi le pont n'était pas encore réparé ; on lui a répondu que "
    "les travaux commenceront au printemps, si la préfecture donne son accord."
)
TEXTS = st.text(st.sampled_from("abcdeéà '.\n-0123456789 "), max_size=300)


def refusal(check: object, *arguments: object) -> str:
    with pytest.raises(Outcast) as why:
        check(*arguments)  # type: ignore[operator]
    return why.value.reason


# --- Words ------------------------------------------------------------------------------------------------------------


def test_words_are_cut_at_apostrophes_and_compared_without_case() -> None:
    assert Words("L’école, c'est FINI !").lower == ["l", "école", "c", "est", "fini"]
    assert Words("L'ÉCOLE - c’est  fini.").sha == Words("l’école, c'est FINI !").sha
    assert Words("l'école c'est fini ?").sha != Words("l'école est finie").sha


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(1, 6))
def test_equal_runs_have_equal_hashes_and_others_differ(letters: list[str], size: int) -> None:
    runs = [tuple(letters[n : n + size]) for n in range(len(letters) - size + 1)]
    found = sequences(Words(" ".join(letters)).hashes, size)
    assert len(found) == max(len(runs), 0)
    for n, one in enumerate(runs):
        assert [bool(same) for same in found == found[n]] == [other == one for other in runs]


# --- Quality ----------------------------------------------------------------------------------------------------------


def test_french_prose_passes_every_filter() -> None:
    words = Words(PROSE)
    quality.check_length(words, Length())
    quality.check_quality(words, Quality())
    repetition.check(words, Repetition())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("12 45 78 963 2024 11 15 " * 20, "few_letters"),
        ("Accueil Contact Panier Menu Page Haut Boutique Retour " * 10, "few_stop_words"),
        (
            "LE CONSEIL MUNICIPAL DE LA VILLE ANNONCE PLUSIEURS TRAVAUX DANS LES RUES POUR NOUS TOUS. " * 5,
            "capitals",
        ),
        (PROSE.replace(" ", " # "), "symbols"),
        (
            "\n".join(f"- la maison numéro {n} du village, au bord de la rivière" for n in range(40)) + PROSE[:60],
            "bullets",
        ),
        ("\n".join(f"{line} ..." for line in PROSE.split(",")), "ellipses"),
        ("anticonstitutionnellement de la déclaration gouvernementale et du ministère " * 9, "word_length"),
    ],
)
def test_what_is_no_prose_is_refused_with_its_reason(text: str, reason: str) -> None:
    loose = Quality(least_different_stop_words=4 if reason not in ("few_stop_words",) else 8, most_symbols=0.10)
    if reason == "ellipses":
        loose = msgspec.structs.replace(loose, most_symbols=1.0)
    assert refusal(quality.check_quality, Words(text), loose) == reason


def test_dialogue_is_no_list() -> None:
    spoken = "\n".join(f"— Je vous le dis, monsieur, {n} fois plutôt qu'une, et ce n'est pas fini." for n in range(30))
    measured = {reason: found for reason, found, _, _ in quality.measures(Words(spoken), Quality())}
    assert measured["bullets"] == 0


def test_length_counts_words() -> None:
    assert refusal(quality.check_length, Words("trop peu de mots"), Length(least_words=5)) == "too_short"
    assert refusal(quality.check_length, Words("un deux trois"), Length(least_words=1, most_words=2)) == "too_long"


@given(TEXTS)
def test_every_text_can_be_measured(text: str) -> None:
    words = Words(text)
    for reason, share, *_ in [*quality.measures(words, Quality()), *repetition.measures(words, Repetition())]:
        assert np.isfinite(share), reason
    assert all(0 <= share <= 1 for _, share, _ in repetition.measures(words, Repetition())[:2])


# --- Repetition -------------------------------------------------------------------------------------------------------


def test_lines_and_passages_that_come_back_are_refused() -> None:
    lines = "\n".join(["Voir aussi les fiches du même thème"] * 30 + PROSE.split(". "))
    assert refusal(repetition.check, Words(lines), Repetition()) == "repeated_lines"
    spun = " ".join(PROSE for _ in range(6))
    assert refusal(repetition.check, Words(spun), Repetition()).startswith("repeated_")
    loop = " ".join(f"achetez maintenant {word}" for word in PROSE.split())
    assert refusal(repetition.check, Words(loop), Repetition()).startswith("frequent_2")


@given(st.lists(st.sampled_from(["un", "deux", "trois", "quatre"]), min_size=1, max_size=60), st.integers(2, 5))
def test_shares_of_repeated_runs_are_those_counted_by_hand(words: list[str], size: int) -> None:
    text = Words(" ".join(words))
    runs = [tuple(words[n : n + size]) for n in range(len(words) - size + 1)]
    total = sum(map(len, words))
    covered = {p for n, run in enumerate(runs) if run in runs[:n] for p in range(n, n + size)}
    expected = sum(len(words[p]) for p in covered) / total
    assert repetition._worst(text, size, repetition._seen_share) == pytest.approx(expected)
    most = max((runs.count(run) for run in runs), default=0)
    tops = {runs.count(run) * sum(map(len, run)) / total for run in runs if runs.count(run) == most and most > 1}
    found = repetition._worst(text, size, repetition._top_share)
    assert any(found == pytest.approx(one) for one in tops or {0.0})


# --- Copies -----------------------------------------------------------------------------------------------------------


def similarity(one: list[str], other: list[str]) -> float:
    a, b = ({tuple(words[n : n + 5]) for n in range(len(words) - 4)} for words in (one, other))
    return len(a & b) / len(a | b)


def changed(words: list[str], share: float, draw: random.Random) -> list[str]:
    return [f"autre{draw.randrange(10**6)}" if draw.random() < share else word for word in words]


def test_signatures_agree_as_much_as_texts_do() -> None:
    draw = random.Random(7)
    words = [f"mot{draw.randrange(5_000)}" for _ in range(3_000)]
    for share in (0.0, 0.01, 0.03, 0.1):
        other = changed(words, share, draw)
        a, b = (minhash.signature(Words(" ".join(one)), 5) for one in (words, other))
        assert np.mean(a == b) == pytest.approx(similarity(words, other), abs=0.13)


def test_near_copies_are_told_as_of_the_first_and_different_texts_stay() -> None:
    draw = random.Random(11)
    texts = [[f"mot{draw.randrange(3_000)}" for _ in range(400)] for _ in range(30)]
    copies = [changed(texts[n], 0.005, draw) for n in range(10)]
    signatures = np.stack([minhash.signature(Words(" ".join(one)), 5) for one in [*texts, *copies]])
    found = minhash.originals(signatures, 0.8)
    expected = [n if similarity(texts[n], copies[n]) >= 0.8 else 30 + n for n in range(10)]
    assert list(found[:30]) == list(range(30))
    assert sum(one == wanted for one, wanted in zip(found[30:], expected, strict=True)) >= 9
    assert list(minhash.originals(signatures[:0], 0.8)) == []


def test_short_texts_have_signatures_too() -> None:
    a, b = (minhash.signature(Words(text), 5) for text in ("oui", "non"))
    assert np.mean(a == b) < 0.1
    assert len(minhash.signature(Words(""), 5)) == minhash.HASHES


# --- Personal data ----------------------------------------------------------------------------------------------------


def test_personal_data_is_masked_by_kind_and_counted() -> None:
    text = (
        "Écrire à jeanne.moreau@example.org ou appeler le 06 12 34 56 78.\n"
        "IBAN FR76 3000 6000 0112 3456 7890 189, numéro de sécurité sociale 2 69 05 49 588 157 80.\n"
        "Madame Jeanne Moreau de la Tour habite ici ; M. Dupont aussi ; les Madame sans nom restent."
    )
    found, counts = personal.masked(text)
    assert counts == {"email": 1, "phone": 1, "iban": 1, "nir": 1}
    assert found.splitlines()[0] == "Écrire à [courriel] ou appeler le [téléphone]."
    assert "3000" not in found
    assert "Jeanne Moreau" in found
    named, counts = personal.masked(text, names=True)
    assert counts["name"] == 2
    assert "Madame [nom] habite" in named
    assert "M. [nom] aussi" in named


@given(TEXTS)
def test_nothing_but_what_is_found_changes(text: str) -> None:
    found, counts = personal.masked(text)
    if not counts:
        assert found == text


def test_a_directory_costs_no_more_than_its_length() -> None:
    import time

    entries = "\n".join(f"agent{n}@mairie.example 01 23 45 {n // 100 % 100:02d} {n % 100:02d}" for n in range(20_000))
    before = time.process_time()
    _, counts = personal.masked(entries)
    assert counts == {"email": 20_000, "phone": 20_000}
    assert time.process_time() - before < 8


# --- Evaluation sets --------------------------------------------------------------------------------------------------


def test_text_of_an_evaluation_set_is_found_whatever_its_case(tmp_path: Path) -> None:
    long = "Comment faire refaire une carte d'identité perdue quand on habite loin de la mairie de sa commune ?"
    short = "Que faire d'une arme qu'on ne souhaite pas conserver ?"
    items = [{"id": "long", "data": [{"question": long}]}, {"question": short}, {"question": "Et alors ?"}]
    (tmp_path / "set.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, items)))
    found = Evaluations(Decontaminate(against=("set.jsonl",)), tmp_path)
    assert refusal(found.check, Words(f"{PROSE} {long.upper()} {PROSE}")) == "evaluation"
    assert refusal(found.check, Words(f"{PROSE} que faire d’une arme, qu’on ne souhaite pas conserver")) == "evaluation"
    found.check(Words(PROSE + " Et alors ? Comment faire refaire une carte d'identité perdue, demande-t-elle."))
    assert list(found.sha256) == ["set.jsonl"]
    chosen = Evaluations(Decontaminate(against=("set.jsonl",), columns=("data",)), tmp_path)
    assert refusal(chosen.check, Words(long)) == "evaluation"
    chosen.check(Words(short))  # it stands under another column


def test_an_evaluation_set_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_bytes(b"{broken\n")
    with pytest.raises(BadRequest, match=r"set\.jsonl"):
        Evaluations(Decontaminate(against=("set.jsonl",)), tmp_path)
    (tmp_path / "none.txt").write_text("\n", encoding="utf-8")
    Evaluations(Decontaminate(against=("none.txt",)), tmp_path).check(Words(PROSE))


# --- With the packages of the training device -------------------------------------------------------------------------


def test_languages_are_told_apart() -> None:
    pytest.importorskip("py3langid")
    from affouage.training.corpus.recipe import KeepLanguage
    from affouage.training.corpus.steps import language

    language.check(PROSE, KeepLanguage())
    english = "The council met on Tuesday evening in the village hall, and approved the minutes of the last meeting."
    assert refusal(language.check, english, KeepLanguage()) == "other_language"
    language.check(english, KeepLanguage(keep=("fr", "en")))


def test_a_page_without_its_menu_and_one_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    trafilatura = pytest.importorskip("trafilatura")
    from affouage.training.corpus.recipe import Extract
    from affouage.training.corpus.steps import extract

    page = (
        f"<html><body><nav><a href=/>Accueil</a></nav><article><h1>Conseil</h1><p>{PROSE}</p></article></body></html>"
    )
    found = extract.extracted(page, Extract(), 10)
    assert PROSE[:60] in found
    assert "Accueil" not in found
    assert refusal(extract.extracted, "<html></html>", Extract(), 10) == "nothing_to_read"
    assert refusal(extract.extracted, "<p>" * 5_000, Extract(), 10) in ("nothing_to_read", "extraction_failed")

    def endless(*_: object, **__: object) -> str:
        while True:
            pass

    monkeypatch.setattr(trafilatura, "extract", endless)
    assert refusal(extract.extracted, page, Extract(), 1) == "extraction_too_long"
