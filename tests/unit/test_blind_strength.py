"""Strengths of models against independent computations; what does not hang together is told apart; names are hidden."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.units import Interval
from affouage.workshops.blind.report import Cost, Told, cheaper_of, report
from affouage.workshops.blind.strength import PREFERRED, Pair, covariance, fitted, strengths, won
from affouage.workshops.blind.veil import HIDDEN, names_of, veiled

MODELS = ("ancre", "bois", "cidre", "dune")
a_pair = st.builds(Pair, st.sampled_from(MODELS), st.sampled_from(MODELS), st.sampled_from(PREFERRED)).filter(
    lambda one: one.left != one.right
)
many = st.lists(a_pair, min_size=1, max_size=60)


def by_zermelo(wins: np.ndarray, rounds: int = 20_000) -> np.ndarray:
    """The same likelihood by another way: Zermelo's fixed point (1929), one worth at a time."""
    games, worth = wins + wins.T, np.ones(len(wins))
    for _ in range(rounds):
        before = worth.copy()
        for i in range(len(wins)):
            worth[i] = wins[i].sum() / sum(games[i, j] / (worth[i] + worth[j]) for j in range(len(wins)) if games[i, j])
        worth /= np.exp(np.mean(np.log(worth)))
        if np.abs(worth - before).max() < 1e-13:
            break
    return np.log(worth)


def log_likelihood(wins: np.ndarray, found: np.ndarray) -> float:
    return -sum(
        wins[i, j] * math.log1p(math.exp(found[j] - found[i])) for i in range(len(wins)) for j in range(len(wins))
    )


def curvature(wins: np.ndarray, found: np.ndarray, h: float = 1e-4) -> np.ndarray:
    """Minus the second derivatives, by differences of the likelihood alone."""
    size = len(found)
    told = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            total = 0.0
            for si, sj in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                moved = found.copy()
                moved[i] += si * h
                moved[j] += sj * h
                total += si * sj * log_likelihood(wins, moved)
            told[i, j] = -total / (4 * h * h)
    return told


def joined(pairs: list[Pair]) -> bool:
    return len(strengths(pairs, enough=1)) == 1


@settings(max_examples=30, deadline=None, derandomize=True)
@given(many.filter(joined))
def test_strengths_are_those_of_another_way_to_the_same_likelihood(pairs: list[Pair]) -> None:
    names = sorted({name for one in pairs for name in (one.left, one.right)})
    wins = won(names, pairs)
    found = fitted(wins)
    table = np.array(wins)
    assert np.allclose(found, by_zermelo(table), atol=1e-6)
    assert sum(found) == pytest.approx(0, abs=1e-8)
    spread = np.linalg.pinv(curvature(table, np.array(found)), rcond=1e-5)
    assert np.allclose(covariance(wins, found), spread, rtol=1e-3, atol=1e-5)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(many)
def test_whatever_was_said_it_is_counted_once_and_every_range_holds_its_figure(pairs: list[Pair]) -> None:
    groups = strengths(pairs, enough=1)
    assert sum(one.pairs for one in groups) == len(pairs)
    named = [one.model for group in groups for one in group.models]
    assert sorted(named) == sorted({name for one in pairs for name in (one.left, one.right)})
    for group in groups:
        assert sum(one.wins for one in group.models) + sum(one.ties for one in group.models) / 2 == group.pairs
        shares = [one.share for one in group.models if one.share]
        assert all(0 < one.low < one.central < one.high < 1 for one in shares)
        assert sum(one.central for one in shares) == pytest.approx(len(shares) / 2)
        assert [one.central for one in shares] == sorted((one.central for one in shares), reverse=True)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(many)
def test_which_side_an_answer_stood_on_changes_nothing(pairs: list[Pair]) -> None:
    turned = {"left": "right", "right": "left", "both": "both", "neither": "neither"}
    mirrored = [Pair(one.right, one.left, turned[one.preferred]) for one in pairs]  # type: ignore[arg-type]
    for one, other in zip(strengths(pairs, 1), strengths(mirrored, 1), strict=True):
        shares = {m.model: m.share for m in other.models}
        for model in one.models:
            there = shares[model.model]
            assert model.share is not None
            assert there is not None
            assert there.central == pytest.approx(model.share.central)


def test_two_models_by_hand() -> None:
    pairs = [Pair("a", "b", "left")] * 15 + [Pair("b", "a", "left")] * 5 + [Pair("a", "b", "both")] * 4
    (group,) = strengths(pairs)
    first = group.models[0]
    assert (first.model, first.pairs, first.wins, first.ties) == ("a", 24, 15, 4)
    share = (15 + 4 / 2 + 1 / 2) / 25
    reach = 1.959964 / math.sqrt(25 * share * (1 - share))
    odds = math.log(share / (1 - share))
    assert first.share is not None
    assert first.share.central == pytest.approx(share)
    assert first.share.low == pytest.approx(1 / (1 + math.exp(-(odds - reach))))
    assert first.share.high == pytest.approx(1 / (1 + math.exp(-(odds + reach))))


def test_too_few_say_nothing_and_what_nothing_joins_is_apart() -> None:
    few, many_ = [Pair("c", "d", "left")] * 19, [Pair("a", "b", "right")] * 20
    first, second = strengths(few + many_)
    assert ([one.model for one in first.models], first.enough) == (["b", "a"], True)
    assert ([one.model for one in second.models], second.enough) == (["c", "d"], False)
    (bridged,) = strengths([*few, *many_, Pair("b", "c", "both")])
    assert bridged.enough
    assert [one.model for one in bridged.models] == ["b", "c", "d", "a"], (
        "twenty wins of twenty tell more than nineteen"
    )


def test_a_model_that_always_won_is_strong_and_not_infinitely_so() -> None:
    (group,) = strengths([Pair("a", "b", "left")] * 200)
    assert group.models[0].share is not None
    assert 0.95 < group.models[0].share.low < group.models[0].share.central < 1


def test_nineteen_ranges_in_twenty_hold_the_truth_and_ties_make_them_wide_not_narrow() -> None:
    draw = random.Random(7)
    truth = {"a": 0.6, "b": 0.0, "c": -0.6}

    def play(ties: float) -> float:
        held = 0
        for _ in range(150):
            pairs = []
            for _ in range(90):
                left, right = draw.sample(sorted(truth), 2)
                if draw.random() < ties:
                    pairs.append(Pair(left, right, "both"))
                    continue
                wins = draw.random() < 1 / (1 + math.exp(truth[right] - truth[left]))
                pairs.append(Pair(left, right, "left" if wins else "right"))
            (group,) = strengths(pairs)
            a = next(one.share for one in group.models if one.model == "a")
            real = sum(1 / (1 + math.exp(truth[one] - truth["a"])) for one in "bc") / 2
            real = ties / 2 + (1 - ties) * real  # what a half for each tie aims at, nearly
            assert a is not None
            held += a.low <= real <= a.high
        return held / 150

    assert 0.9 <= play(0.0) <= 0.99
    assert play(0.4) > 0.94


# -- what all of it says -------------------------------------------------------------------------------------------


def a_told(preferred: str, kept: str = "", cheaper: str = "left") -> Told:
    return Told(month="2026-11", left="a", right="b", preferred=preferred, kept=kept, cheaper=cheaper)  # type: ignore[arg-type]


def test_what_knowing_the_cost_changed_is_counted_and_not_told_of_few() -> None:
    told = [a_told("right", "left")] * 3 + [a_told("right", "both")] + [a_told("left", "right")] * 2
    told += [a_told("left", "left")] * 10 + [a_told("both", "neither")] + [a_told("right", "left", "")]
    told += [a_told("neither")] * 5
    found = report(told, [Cost("a", 3, 1, Interval(1, 2, 3))], enough=18)
    assert found.changed is not None
    assert (found.changed.said, found.changed.moved) == (18, 8)
    assert (found.changed.to_cheaper, found.changed.to_dearer) == (4, 2)
    assert (found.pairs, found.both, found.neither) == (23, 1, 5)
    assert (found.before[0].pairs, found.after[0].pairs) == (23, 18)
    assert report(told, [], enough=19).changed is None


def test_the_cheaper_one_is_told_only_where_both_are_known() -> None:
    small, great = Interval(1, 2, 9), Interval(1, 3, 4)
    assert cheaper_of(small, great) == "left"
    assert cheaper_of(great, small) == "right"
    assert {cheaper_of(small, small), cheaper_of(None, small), cheaper_of(small, None)} == {""}


# -- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Je suis Qwen, un modèle.", f"Je suis {HIDDEN}, un modèle."),
        ("QWEN2.5 et qwen 3 aussi", f"{HIDDEN} et {HIDDEN} aussi"),
        ("qwen2.5-coder-1.5b-instruct.", f"{HIDDEN}."),
        ("Qwen2.5 Coder 1.5B Instruct", HIDDEN),
        ("Le mot Qwenaille reste", "Le mot Qwenaille reste"),
        ("Un codeur instruit reste", "Un codeur instruit reste"),
    ],
)
def test_names_are_hidden_and_words_are_not(text: str, expected: str) -> None:
    assert veiled(text, names_of("qwen2.5-coder-1.5b-instruct", None)) == expected


@settings(derandomize=True)
@given(st.text(max_size=80), st.lists(st.text(min_size=3, max_size=12), max_size=4))
def test_nothing_of_a_name_is_left_standing_alone(text: str, names: list[str]) -> None:
    wanted = [one for one in names if one.isalpha() and one.isascii()]
    shown = veiled(f"{text} {' , '.join(wanted)} .", wanted)
    assert not Counter(shown.casefold().split()).keys() & {one.casefold() for one in wanted}
