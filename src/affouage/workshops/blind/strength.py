"""How strong models are by the answers that were preferred: Bradley and Terry's model. Pure.

Of strengths s, model i is preferred to j with probability 1 / (1 + exp(s_j - s_i)). A tie counts half for each, which
makes ranges a little wide, never narrow. One tie is added to each pair of models that were compared, so that a model
that always won is not said to be infinitely strong. Models that no chain of comparisons joins are told apart.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from affouage.units import Interval

Preferred = Literal["left", "right", "both", "neither"]
PREFERRED: tuple[Preferred, ...] = ("left", "right", "both", "neither")

ENOUGH = 20
"""Comparisons among models joined by them, under which nothing is said of how strong each is."""
Z95 = 1.959964
ADDED = 1.0
"""Ties added to each pair of models that were compared."""
_STEPS_MOST = 100

Matrix = list[list[float]]


class Pair(msgspec.Struct, frozen=True):
    """One comparison."""

    left: str
    right: str
    preferred: Preferred


class Strength(msgspec.Struct, frozen=True, kw_only=True):
    """``share``: chance, 0 to 1, of being preferred to another model of the group, on average over them, with its range
    at 95 %; None while there are too few comparisons. ``wins``, ``ties``: as counted, nothing added."""

    model: str
    pairs: int
    wins: int
    ties: int
    share: Interval | None = None


class Group(msgspec.Struct, frozen=True):
    """Models joined by comparisons, the strongest first; by name while there are fewer than enough."""

    pairs: int
    models: tuple[Strength, ...]

    @property
    def enough(self) -> bool:
        return all(one.share is not None for one in self.models)


def strengths(pairs: Iterable[Pair], enough: int = ENOUGH) -> tuple[Group, ...]:
    """By group of models that comparisons join, the most compared first. A model compared with itself counts not."""
    usable = [one for one in pairs if one.left != one.right]
    by_group: dict[str, list[Pair]] = defaultdict(list)
    roots = _joined(usable)
    for one in usable:
        by_group[roots[one.left]].append(one)
    groups = [_group(found, enough) for found in by_group.values()]
    return tuple(sorted(groups, key=lambda one: (-one.pairs, one.models[0].model)))


def _joined(pairs: Sequence[Pair]) -> dict[str, str]:
    """Each model with one that stands for its group."""
    above: dict[str, str] = {}

    def root(model: str) -> str:
        above.setdefault(model, model)
        while above[model] != model:
            above[model] = above[above[model]]
            model = above[model]
        return model

    for one in pairs:
        left, right = root(one.left), root(one.right)
        above[max(left, right)] = min(left, right)
    return {model: root(model) for model in list(above)}


def _group(pairs: Sequence[Pair], enough: int) -> Group:
    names = sorted({name for one in pairs for name in (one.left, one.right)})
    shares = _shares(names, pairs) if len(pairs) >= enough else {}
    models = [_counted(name, pairs, shares.get(name)) for name in names]
    models.sort(key=lambda one: (-one.share.central if one.share else 0.0, one.model))
    return Group(len(pairs), tuple(models))


def _counted(name: str, pairs: Sequence[Pair], share: Interval | None) -> Strength:
    own = [one for one in pairs if name in (one.left, one.right)]
    wins = sum(name == (one.left if one.preferred == "left" else one.right) for one in own if _decided(one))
    ties = sum(not _decided(one) for one in own)
    return Strength(model=name, pairs=len(own), wins=wins, ties=ties, share=share)


def _decided(pair: Pair) -> bool:
    return pair.preferred in ("left", "right")


# -- the likelihood ------------------------------------------------------------------------------------------------


def _shares(names: Sequence[str], pairs: Sequence[Pair]) -> dict[str, Interval]:
    wins = won(names, pairs)
    found = fitted(wins)
    spread = covariance(wins, found)
    return {name: _share(place, found, spread) for place, name in enumerate(names)}


def won(names: Sequence[str], pairs: Iterable[Pair]) -> Matrix:
    """How often each was preferred to each, ties as halves, with what is added."""
    place = {name: number for number, name in enumerate(names)}
    wins = [[0.0] * len(names) for _ in names]
    for one in pairs:
        left, right = place[one.left], place[one.right]
        gain = 1.0 if one.preferred == "left" else 0.0 if one.preferred == "right" else 0.5
        wins[left][right] += gain
        wins[right][left] += 1.0 - gain
    for i, j in _couples(len(names)):
        if wins[i][j] + wins[j][i] > 0:
            wins[i][j] += ADDED / 2
            wins[j][i] += ADDED / 2
    return wins


def fitted(wins: Matrix) -> list[float]:
    """The strengths of the greatest likelihood, of sum 0: Newton's steps, halved where they overshoot."""
    found = [0.0] * len(wins)
    best = _log_likelihood(wins, found)
    for _ in range(_STEPS_MOST):
        slope = _slope(wins, found)
        if max(map(abs, slope)) < 1e-10:
            break
        step = _times(_inverse(_information(wins, found)), slope)
        while True:
            tried = [one + change for one, change in zip(found, step, strict=True)]
            reached = _log_likelihood(wins, tried)
            if reached >= best or max(map(abs, step)) < 1e-12:
                break
            step = [change / 2 for change in step]
        found, best = tried, reached
    return found


def covariance(wins: Matrix, found: Sequence[float]) -> Matrix:
    """Of the strengths, from the observed information; the part that no comparison can tell is taken out."""
    size = len(wins)
    inverse = _inverse(_information(wins, found))
    return [[one - 1 / size for one in row] for row in inverse]


def _share(place: int, found: Sequence[float], spread: Matrix) -> Interval:
    """The range is taken where it is even, on the logarithm of the odds, and so never leaves 0 to 1."""
    others = [number for number in range(len(found)) if number != place]
    chances = {number: _chance(found[place] - found[number]) for number in others}
    share = sum(chances.values()) / len(others)
    slope = [0.0] * len(found)
    for number, chance in chances.items():
        steep = chance * (1 - chance) / len(others) / (share * (1 - share))
        slope[place] += steep
        slope[number] -= steep
    variance = sum(one * change for one, change in zip(slope, _times(spread, slope), strict=True))
    odds, reach = math.log(share / (1 - share)), Z95 * math.sqrt(max(0.0, variance))
    return Interval(_chance(odds - reach), share, _chance(odds + reach))


def _couples(size: int) -> Iterable[tuple[int, int]]:
    return ((i, j) for i in range(size) for j in range(i + 1, size))


def _chance(difference: float) -> float:
    if difference >= 0:
        return 1 / (1 + math.exp(-difference))
    return math.exp(difference) / (1 + math.exp(difference))


def _log_likelihood(wins: Matrix, found: Sequence[float]) -> float:
    total = 0.0
    for i, j in _couples(len(wins)):
        difference = found[i] - found[j]
        likely = max(0.0, -difference) + math.log1p(math.exp(-abs(difference)))  # -log of the chance of i over j
        total -= wins[i][j] * likely + wins[j][i] * (likely + difference)
    return total


def _slope(wins: Matrix, found: Sequence[float]) -> list[float]:
    slope = [0.0] * len(wins)
    for i, j in _couples(len(wins)):
        gain = wins[i][j] - (wins[i][j] + wins[j][i]) * _chance(found[i] - found[j])
        slope[i] += gain
        slope[j] -= gain
    return slope


def _information(wins: Matrix, found: Sequence[float]) -> Matrix:
    """Minus the second derivatives, and the same everywhere: strengths all greater by one thing are the same."""
    size = len(wins)
    told = [[1 / size] * size for _ in range(size)]
    for i, j in _couples(size):
        chance = _chance(found[i] - found[j])
        weight = (wins[i][j] + wins[j][i]) * chance * (1 - chance)
        told[i][i] += weight
        told[j][j] += weight
        told[i][j] -= weight
        told[j][i] -= weight
    return told


def _times(matrix: Matrix, vector: Sequence[float]) -> list[float]:
    return [sum(one * other for one, other in zip(row, vector, strict=True)) for row in matrix]


def _inverse(matrix: Matrix) -> Matrix:
    """By elimination, the greatest of each column first."""
    size = len(matrix)
    rows = [[*row, *(1.0 if i == j else 0.0 for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column][column]
        rows[column] = [one / lead for one in rows[column]]
        for row in range(size):
            if row != column and (factor := rows[row][column]):
                rows[row] = [one - factor * other for one, other in zip(rows[row], rows[column], strict=True)]
    return [row[size:] for row in rows]
