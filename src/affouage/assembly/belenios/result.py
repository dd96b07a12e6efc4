"""A finished election compared with what was asked, and counted by the rules of the assembly. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec

from affouage.assembly.belenios.archive import Contents
from affouage.assembly.belenios.plan import FEWEST_TRUSTEES, Graded, OneOf, Plan, Question, YesNo, template
from affouage.assembly.tally import ABSTAIN, Ballot, CountSpec, Outcome, count
from affouage.errors import BadRequest, Conflict


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """An election that Belenios' tool found right and that is the one that was asked for.

    ``questions``: as they were asked; ``results``: for each, what Belenios counted; ``archive_sha256``: hex, for the
    public log; ``ballots``: one a voter.
    """

    uuid: str
    name: str
    fingerprint: str
    questions: tuple[Question, ...]
    results: tuple[list[Any], ...]
    voters: int
    ballots: int
    trustees: int
    archive_sha256: str

    def told(self) -> dict[str, str | int]:
        """For the public log: no voter is in it."""
        return {
            "uuid": self.uuid,
            "fingerprint": self.fingerprint,
            "archive_sha256": self.archive_sha256,
            "voters": self.voters,
            "ballots": self.ballots,
            "trustees": self.trustees,
        }


def compare(
    contents: Contents, plan: Plan, archive: bytes, *, uuid: str | None = None, fingerprint: str | None = None
) -> Verified:
    """What was verified, if it is the election of ``plan``. ``uuid``, ``fingerprint``: noted when it was opened.

    Raises Conflict: ``belenios_other_election`` or ``belenios_not_finished``.
    """
    asked = template(plan)
    if uuid is not None and contents.uuid != uuid:
        _other(f"It is {contents.uuid}, not {uuid}.")
    if fingerprint is not None and contents.fingerprint != fingerprint.rstrip("="):
        _other(f"Its fingerprint is {contents.fingerprint}.")
    if contents.name != asked["name"]:
        _other(f"Its name is {contents.name[:80]!r}.")
    if contents.questions != asked["questions"]:
        _other("Its questions are not the same.")
    if (contents.voters, contents.weight) != (len(plan.voters), plan.weight):
        _other(f"{contents.voters} could vote in it, and {len(plan.voters)} should.")
    if contents.trustees < FEWEST_TRUSTEES:
        _other("One person alone could open its urn.")
    if contents.result is None:
        raise Conflict(
            f"This election is not finished: {contents.ballots} have voted, and the urn is not opened.",
            remedy="Close the vote, and let each trustee do their part of the decryption.",
            code="belenios_not_finished",
            ballots=contents.ballots,
        )
    return Verified(
        uuid=contents.uuid,
        name=contents.name,
        fingerprint=contents.fingerprint,
        questions=plan.questions,
        results=tuple(contents.result),
        voters=contents.voters,
        ballots=contents.ballots,
        trustees=contents.trustees,
        archive_sha256=hashlib.sha256(archive).hexdigest(),
    )


def totals(question: Question, result: list[Any]) -> dict[str, int]:
    """What each answer has, by its id (``for`` and ``against`` for yes and no), and ``abstain``. Not for grades."""
    if isinstance(question, Graded):
        raise TypeError("grades have no totals; see ballots")
    ids = ("for", "against") if isinstance(question, YesNo) else tuple(question.options)
    blank, *numbers = (int(number) for number in result)
    return {**dict(zip(ids, numbers, strict=True)), ABSTAIN: blank}


def counted(verified: Verified, spec: CountSpec, place: int = 0) -> Outcome:
    """The count of one question by the assembly's own rules: its threshold, its quorum, its tie.

    Raises BadRequest for a question whose ballots are not known one by one, or a method that is not its own.
    """
    fits = {"majority": YesNo, "supermajority": YesNo, "plurality": OneOf, "majority_judgment": Graded}
    if not isinstance(verified.questions[place], fits.get(spec.method, ())) or spec.colleges:
        raise BadRequest(
            "The result of this election cannot be counted so.",
            remedy="For and against, one among several, or grades; without colleges.",
            code="belenios_method",
        )
    return count(spec, (Ballot(choice) for choice in choices(verified, place)))


def choices(verified: Verified, place: int = 0) -> Iterator[Any]:
    """The ballots of one question as ours are written, in no order of voting. Grades not given are the worst.

    Not for :class:`Several`, of which only the totals are known.
    """
    question, result = verified.questions[place], verified.results[place]
    if not isinstance(question, Graded):
        for choice, number in totals(question, result).items():
            yield from (choice for _ in range(number))
        return
    last = len(question.grades)
    for grades in result:  # 1 is the best, 0 is not given; all 0 is a blank ballot
        known = any(grades) and all(0 <= grade <= last for grade in grades)
        given = {option: last - (grade or last) for option, grade in zip(question.options, grades, strict=True)}
        yield given if known else ABSTAIN


def _other(why: str) -> NoReturn:
    raise Conflict(
        f"This is another election than the one that was prepared. {why}",
        remedy="Give the archive of the election that was prepared for this vote.",
        code="belenios_other_election",
        why=why,
    )
