"""Schulze's method: who would beat each other one in a duel wins; if nobody would, the strongest chains decide. Pure.

After M. Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner
election method" (Social Choice and Welfare, 2011): a duel that is won is as strong as the number of voters who prefer
its winner ("winning votes"; on equal numbers, the fewer against it the stronger); a chain of won duels is as strong as
its weakest; A stands before B when the strongest chain from A to B is stronger than any back.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, permutations

from affouage.assembly.tally.choosing import Ranking, part, ranked
from affouage.assembly.tally.preferences import Preferences, read_preferences
from affouage.assembly.tally.shapes import Ballot, CountSpec, Decision, Facts, Step, Vote

Pair = tuple[str, str]
Strength = tuple[int, int]
"""(votes for, minus votes against), of the weakest duel of a chain; nothing is weaker than :data:`NO_CHAIN`."""
NO_CHAIN: Strength = (0, 0)


def read(spec: CountSpec, ballot: Ballot) -> Vote | None:
    """Raises BadRequest for what does not rank options."""
    return read_preferences(spec, ballot, strict=False)


def decide(spec: CountSpec, votes: Mapping[Vote, int]) -> Decision:
    duels = _duels(spec.choices, votes)
    chains = _chains(spec.choices, duels)
    total = sum(votes.values())
    steps = [_told(spec, pair, duels, total) for pair in combinations(spec.choices, 2)]
    ranking = _ranking(spec.choices, chains)
    beats_all = [
        one
        for one in spec.choices
        if all(duels[one, other] > duels[other, one] for other in spec.choices if other != one)
    ]
    steps.append(Step("beats_all", {"option": beats_all[0]}) if beats_all else Step("chains"))
    return ranked(ranking, steps=tuple(steps))


def _duels(choices: tuple[str, ...], votes: Mapping[Vote, int]) -> dict[Pair, int]:
    """For each ordered pair, how many prefer the first."""
    duels = dict.fromkeys(permutations(choices, 2), 0)
    for vote, weight in votes.items():
        preferences: Preferences = vote  # type: ignore[assignment]
        less_liked = set(choices)
        for liked in preferences:
            less_liked.difference_update(liked)
            for one in liked:
                for other in less_liked:
                    duels[one, other] += weight
    return duels


def _chains(choices: tuple[str, ...], duels: Mapping[Pair, int]) -> dict[Pair, Strength]:
    """The strongest chain of won duels for each ordered pair (Floyd and Warshall's way)."""
    chains = {
        (one, other): (number, -duels[other, one]) if number > duels[other, one] else NO_CHAIN
        for (one, other), number in duels.items()
    }
    for through, one, other in permutations(choices, 3):
        chains[one, other] = max(chains[one, other], min(chains[one, through], chains[through, other]))
    return chains


def _ranking(choices: tuple[str, ...], chains: Mapping[Pair, Strength]) -> Ranking:
    """Those whom nobody left stands before, again and again: standing before is transitive."""
    levels, left = [], list(choices)
    while left:
        first = tuple(
            one for one in left if all(chains[one, other] >= chains[other, one] for other in left if other != one)
        )
        levels.append(first)
        left = [option for option in left if option not in first]
    return tuple(levels)


def _told(spec: CountSpec, pair: Pair, duels: Mapping[Pair, int], total: int) -> Step:
    one, other = sorted(pair, key=lambda option: duels[option, pair[0] if option == pair[1] else pair[1]], reverse=True)
    numbers = duels[one, other], duels[other, one]
    facts: Facts = {"share": part(numbers[0], total), "other_share": part(numbers[1], total)}
    if not spec.colleges:
        facts |= {"votes": numbers[0], "other_votes": numbers[1]}
    return Step("duel" if numbers[0] > numbers[1] else "duel_even", {"option": one, "other": other, **facts})
