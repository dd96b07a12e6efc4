"""A search by words over several shelves: what is rare is decided over all of them together. Methods block."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from affouage.sheets.search.everyday import official_words
from affouage.sheets.search.fusing import Scores
from affouage.sheets.search.shelves import Shelf, key_of
from affouage.sheets.search.word_index import Statistics, number_of
from affouage.sheets.sheet import Passage
from affouage.sheets.store import Key, Store


def counted(shelves: Sequence[Shelf], weights: Mapping[str, float]) -> list[Statistics]:
    """What each index knows of these terms: needed by all of the below."""
    return [one.words.statistics(weights) for one in shelves]


def scores(shelves: Sequence[Shelf], weights: Mapping[str, float], counts: Sequence[Statistics]) -> Scores:
    """BM25 of the best passage of every sheet, 0 for one that holds none of the terms, in the order of the shelves.

    Each index counts rarity for itself; weights are set so that a term counts as it would in one index of all these
    collections.
    """
    found = []
    for one, mine in zip(shelves, counts, strict=True):
        row = np.zeros(len(one.sheet_ids), dtype=np.float32)
        for number, score in one.words.search(_evened(weights, mine, counts)).items():
            if (place := one.places.get(number)) is not None:
                row[place] = score
        found.append(row)
    return np.concatenate(found) if found else np.zeros(0, dtype=np.float32)


def covered(
    shelves: Sequence[Shelf],
    own: Sequence[str],
    weights: Mapping[str, float],
    counts: Sequence[Statistics],
    place: int,
) -> float | None:
    """How much of the question the sheet at this place holds, 0 to 1: rarities of the terms it holds (official words
    for everyday ones by their weight) over those of the question's ``own``. None for a question without terms."""
    collection_id, sheet_id = key_of(shelves, place)
    passages = sum(one.passages for one in counts)
    rarity = {term: _rarity(passages, sum(one.holding[term] for one in counts)) for term in weights}
    whole = sum(rarity[term] for term in own)
    shelf = next(one for one in shelves if one.collection_id == collection_id)
    held = shelf.words.held(weights, number_of(sheet_id))
    return min(1.0, sum(weights[term] * rarity[term] for term in held) / whole) if whole else None


_TELLING = 5
"""Letters of a stem from which on it tells something that no sheet holds it."""


def unheard(own: Sequence[str], counts: Sequence[Statistics]) -> int:
    """How many of the question's ``own`` terms no passage holds; numbers, words of everyday speech and short ones
    apart: a short one is most often a little word misspelt."""
    missing = (term for term in own if not any(one.holding[term] for one in counts))
    return sum(len(term) >= _TELLING and not term.isdigit() and not official_words([term]) for term in missing)


def best_passages(
    store: Store,
    shelves: Sequence[Shelf],
    weights: Mapping[str, float],
    counts: Sequence[Statistics],
    keys: Sequence[Key],
    most: int,
) -> dict[Key, tuple[Passage, ...]]:
    """Of each sheet: its best passages by words, best first; how it begins where it holds none of the terms."""
    found: dict[Key, tuple[Passage, ...]] = {}
    for one, mine in zip(shelves, counts, strict=True):
        here = [key for key in keys if key[0] == one.collection_id]
        if not here:
            continue
        scored = one.words.within(_evened(weights, mine, counts), [number_of(key[1]) for key in here])
        for key, (_, passages) in store.cut(here).items():
            by_number = scored.get(number_of(key[1]), {})
            ordered = sorted(
                passages, key=lambda one: (-by_number.get(one.number, 0.0) * _early(one.number), one.number)
            )
            found[key] = tuple(ordered[:most])
    return found


def _evened(weights: Mapping[str, float], mine: Statistics, everybody: Sequence[Statistics]) -> dict[str, float]:
    """Weights that make up for what an index finds rarer, or less rare, than all of them together do."""
    if len(everybody) == 1:
        return dict(weights)
    passages = sum(one.passages for one in everybody)
    return {
        term: weight * _rarity(passages, sum(one.holding[term] for one in everybody)) / _rarity(mine.passages, held)
        for term, weight in weights.items()
        if (held := mine.holding[term])
    }


def _early(number: int) -> float:
    """What stands first in a sheet answers more often: of passages that words hardly tell apart, the earlier one."""
    return max(0.5, 1 - 0.1 * math.log(max(1, number)))


def _rarity(passages: int, holding: int) -> float:
    """Of BM25: inverse document frequency."""
    return math.log(1 + (passages - holding + 0.5) / (holding + 0.5))
