"""What is counted and what comes out: data alone, in whole numbers and exact fractions. Pure.

A fraction is written ``"2/3"``. Nothing here knows a voter: whoever calls has already kept one ballot for each.
"""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from typing import Any, Literal

import msgspec

MethodName = Literal[
    "majority",
    "supermajority",
    "consent",
    "majority_judgment",
    "plurality",
    "approval",
    "instant_runoff",
    "schulze",
]
QuorumBase = Literal["members", "present", "expressed"]
Ended = Literal[
    "adopted",
    "rejected",
    "tie_rejected",
    "none_rejected",
    "objection",
    "no_quorum",
    "empty_electorate",
]

NONE = "none"
"""The option "none of these": when it comes first, nothing is adopted."""
ABSTAIN = "abstain"
GRADES = 6
"""Excellent, very good, good, fairly good, passable, to reject: those of Balinski and Laraki."""


class Ballot(msgspec.Struct, frozen=True):
    """One voter's ballot, without the voter.

    ``choice``, by method: ``for | against | abstain``; ``consent | object | abstain``; an option; a list of options
    approved; options from the first preference to the last (those liked equally, in a list inside it); or
    ``{option: grade}``, 0 the worst grade. ``abstain`` and an empty list or map are blank ballots in each.
    ``reasoned``: an objection came with its reason; one without is counted as an abstention.
    """

    choice: Any
    college: str = ""
    reasoned: bool = True


class CountSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How the ballots are counted; frozen when the vote opens."""

    method: MethodName = "majority"
    threshold: str = "1/2"
    """Of what is for and against together: more than this for a majority, at least this for a supermajority."""
    quorum_percent: int = 0
    """Of the electors, 0 to 100, rounded up to a whole person. A second convocation is a count with another one."""
    quorum_base: QuorumBase = "members"
    """Who counts towards it. ``members``: electors who voted, abstentions included; ``present``: those present or
    represented, whether they voted or not; ``expressed``: those who did not abstain."""
    electors: dict[str, int]
    """How many may vote, by college; ``{"": 12}`` without colleges."""
    colleges: dict[str, int] = {}
    """Weight of each college in percent, 100 in all; empty: one count for everybody."""
    options: tuple[str, ...] = ()
    """For the methods that choose one among several."""
    grades: int = GRADES
    """How many, for majority judgment."""
    none_option: bool = False
    """Voters may also choose, rank or grade :data:`NONE`."""

    @property
    def choices(self) -> tuple[str, ...]:
        return (*self.options, NONE) if self.none_option else self.options


Facts = dict[str, int | str]


class Step(msgspec.Struct, frozen=True):
    """One step of the count, for ``web.count_words`` to tell: a code and what it is about."""

    code: str
    facts: Facts = {}


class Quorum(msgspec.Struct, frozen=True):
    """``counted`` of the ``needed`` persons, as ``base`` counts them."""

    percent: int
    base: QuorumBase
    needed: int
    counted: int
    reached: bool


class CollegeCount(msgspec.Struct, frozen=True):
    """What one college cast. ``weight``: its percent as counted, a fraction; "" when it is no part of the result."""

    college: str
    electors: int
    ballots: int
    expressed: int
    weight: str = ""
    totals: dict[str, int] = {}


class Merit(msgspec.Struct, frozen=True):
    """An option under majority judgment.

    ``counts``: ballots for each grade, the worst first, each counting for one; ``grade``: its majority grade, 0 the
    worst; ``better`` and ``worse``: the exact shares of those who give it more, and less, than that; ``shares``: of
    each grade, as counted, so weighed when there are colleges.
    """

    option: str
    counts: tuple[int, ...]
    grade: int
    better: str
    worse: str
    shares: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result and how it came about. The same whatever the order of the ballots."""

    method: MethodName
    outcome: Ended
    winner: str | None = None
    electors: int
    ballots: int
    expressed: int
    abstained: int
    quorum: Quorum
    totals: dict[str, int] = {}
    """Ballots for each choice, unweighted: for and against; first choices; approvals. Not for grades or Schulze."""
    share: str = ""
    """Exact share of what is for, colleges weighed; "" where nothing is for or against."""
    colleges: tuple[CollegeCount, ...] = ()
    merits: tuple[Merit, ...] = ()
    """Majority judgment only, the best first."""
    ranking: tuple[tuple[str, ...], ...] = ()
    """Best first; options that nothing tells apart stand together."""
    steps: tuple[Step, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What one method makes of the votes, once there is a quorum."""

    outcome: Ended
    winner: str | None = None
    totals: dict[str, int] = {}
    share: str = ""
    merits: tuple[Merit, ...] = ()
    ranking: tuple[tuple[str, ...], ...] = ()
    steps: tuple[Step, ...] = ()


Vote = Hashable
"""A choice as its method reads it: equal choices are counted together."""


def written(share: Fraction) -> str:
    return f"{share.numerator}/{share.denominator}"
