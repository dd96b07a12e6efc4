"""A vote in a JSON file that anybody may write, for ``affouage assembly count``: read and checked. Pure.

The format is described in docs/reference/counting.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from affouage.assembly.tally.check import FEWEST_GRADES, MOST_GRADES, refuse
from affouage.assembly.tally.count import count
from affouage.assembly.tally.shapes import ABSTAIN, GRADES, NONE, Ballot, CountSpec, MethodName, Outcome, QuorumBase

MOST_BALLOTS = 1_000_000
"""In all; counting so many takes some seconds."""


class CastBallot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``times``: so many ballots that are alike; ``voter``: no other ballot may be theirs."""

    choice: Any
    times: int = 1
    voter: str | None = None
    college: str = ""
    reason: str = ""


class VoteFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``electors``: in all, or by college; None: as many as there are ballots. ``grades``: how many, or their names
    from the best to the worst. ``tallies``: for majority judgment instead of ballots, ``{option: [ballots for each
    grade]}`` in the same order. ``title``, ``source``: of no effect."""

    method: MethodName
    title: str = ""
    source: str = ""
    options: tuple[str, ...] = ()
    none_option: bool = False
    grades: int | tuple[str, ...] = GRADES
    threshold: str = "1/2"
    quorum_percent: int = 0
    quorum_base: QuorumBase = "members"
    present: int | None = None
    colleges: dict[str, int] = {}
    electors: int | dict[str, int] | None = None
    ballots: tuple[CastBallot, ...] = ()
    tallies: dict[str, tuple[int, ...]] = {}

    @property
    def grade_names(self) -> tuple[str, ...]:
        """From the worst to the best; empty where they are numbers."""
        return () if isinstance(self.grades, int) else self.grades[::-1]


def read(text: bytes) -> VoteFile:
    """Raises BadRequest, with the place, for what is no vote."""
    try:
        vote = msgspec.json.decode(text, type=VoteFile)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as wrong:
        remedy = "The format is in docs/reference/counting.md."
        refuse("file", f"This is no vote that can be counted: {wrong}.", remedy, "file", detail=str(wrong))
    if vote.grade_names and len(set(vote.grade_names)) != len(vote.grade_names):
        refuse("grade_names", "Two grades have the same name.", "Name each once.", "grades")
    if vote.tallies and (vote.method != "majority_judgment" or vote.ballots or vote.colleges):
        message = "Tallies stand for the ballots of majority judgment, without colleges."
        refuse("tallies", message, "Write ballots instead.", "tallies")
    return vote


def count_file(vote: VoteFile) -> Outcome:
    """Raises BadRequest for what cannot be counted, an empty electorate among it."""
    ballots = list(_from_tallies(vote) if vote.tallies else _ballots(vote))
    spec = CountSpec(
        method=vote.method,
        threshold=vote.threshold,
        quorum_percent=vote.quorum_percent,
        quorum_base=vote.quorum_base,
        electors=_electors(vote, ballots),
        colleges=vote.colleges,
        options=vote.options or tuple(option for option in vote.tallies if option != NONE or not vote.none_option),
        grades=vote.grades if isinstance(vote.grades, int) else len(vote.grades),
        none_option=vote.none_option,
    )
    outcome = count(spec, ballots, present=vote.present)
    if outcome.outcome == "empty_electorate":
        refuse("empty_electorate", "Nobody may vote: there is nothing to count.", "Give electors.", "electors")
    return outcome


def _electors(vote: VoteFile, ballots: list[Ballot]) -> dict[str, int]:
    if isinstance(vote.electors, dict):
        return vote.electors
    if vote.electors is None:
        return {college: sum(one.college == college for one in ballots) for college in vote.colleges or ("",)}
    if vote.colleges:
        refuse("electors_college", "The electors of each college are not said.", 'Write {"college": 12}.', "electors")
    return {"": vote.electors}


def _ballots(vote: VoteFile) -> Iterator[Ballot]:
    voters: set[str] = set()
    number = 0
    for one in vote.ballots:
        number += one.times
        if one.times < 1 or (one.voter is not None and one.times > 1):
            refuse("times", f"A ballot cannot be there {one.times} times.", "Give 1 or more; 1 of a voter.", "times")
        if number > MOST_BALLOTS:
            refuse("too_large", f"There are more than {MOST_BALLOTS} ballots.", "Count them elsewhere.", "ballots")
        if one.voter is not None:
            if one.voter in voters:
                given = one.voter[:60]
                remedy = "Leave their last ballot only."
                refuse("voted_twice", f"Two ballots are of the voter {given!r}.", remedy, "voter", given=given)
            voters.add(one.voter)
        if vote.method == "consent" and one.choice == "object" and not one.reason.strip():
            refuse("reason", "An objection has no reason.", 'Add "reason" to it.', "reason")
        ballot = Ballot(_choice(vote, one.choice), one.college)
        yield from (ballot for _ in range(one.times))


def _choice(vote: VoteFile, choice: Any) -> Any:
    """Grades by their numbers where the file names them."""
    names = vote.grade_names
    if vote.method != "majority_judgment" or not names or not isinstance(choice, dict):
        return choice
    numbers = {name: number for number, name in enumerate(names)}
    for grade in choice.values():
        if not isinstance(grade, str) or grade not in numbers:
            given, known = str(grade)[:60], ", ".join(names[::-1])
            refuse("grade_name", f"{given!r} is no grade.", f"Grades: {known}.", "choice", given=given, known=known)
    return {option: numbers[grade] for option, grade in choice.items()}


def _from_tallies(vote: VoteFile) -> Iterator[Ballot]:
    """Ballots that give these tallies: how grades went together is of no matter to majority judgment."""
    grades = vote.grades if isinstance(vote.grades, int) else len(vote.grades)
    for option, counts in vote.tallies.items():
        if len(counts) != grades or min(counts) < 0 or sum(counts) > MOST_BALLOTS:
            given = option[:60]
            message = f"The tally of {given!r} is not {grades} numbers of ballots, the best grade first."
            refuse("tally", message, "Give a number, 0 or more, for each grade.", "tallies", given=given, grades=grades)
    if not FEWEST_GRADES <= grades <= MOST_GRADES:
        return
    columns = {
        option: [grades - 1 - place for place, number in enumerate(counts) for _ in range(number)]
        for option, counts in vote.tallies.items()
    }
    number = max(map(len, columns.values()))
    for place in range(number):  # whom fewer graded has the worst grade from the others, as on a ballot
        choice = {option: column[place] for option, column in columns.items() if place < len(column)}
        yield Ballot(choice or ABSTAIN)
