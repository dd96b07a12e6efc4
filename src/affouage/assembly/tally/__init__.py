"""Counting votes: every method of the assembly, exact, the same whatever the order of the ballots. Pure."""

from affouage.assembly.tally.count import METHODS, count
from affouage.assembly.tally.shapes import (
    ABSTAIN,
    GRADES,
    NONE,
    Ballot,
    CollegeCount,
    CountSpec,
    Merit,
    MethodName,
    Outcome,
    Quorum,
    QuorumBase,
    Step,
)

__all__ = [
    "ABSTAIN",
    "GRADES",
    "METHODS",
    "NONE",
    "Ballot",
    "CollegeCount",
    "CountSpec",
    "Merit",
    "MethodName",
    "Outcome",
    "Quorum",
    "QuorumBase",
    "Step",
    "count",
]
