"""An election as Belenios is asked to hold it: who votes, on which questions; its files. Pure."""

from __future__ import annotations

import re
from typing import Any, NoReturn

import msgspec

from affouage.errors import BadRequest

UUID = re.compile(r"[1-9A-HJ-NP-Za-km-z]{14,30}", re.ASCII)
GROUP = "BELENIOS-2048"
GROUP_OF_GRADES = "RFC-3526-2048"
"""Ballots that are shuffled and opened one by one, as grades are, need a group of this kind."""
FEWEST_TRUSTEES = 2
_VOTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]{0,99}", re.ASCII)
_LONGEST = 500
_HEAVIEST = 1000


class Voter(msgspec.Struct, frozen=True):
    """``id``: a pseudonym; who it is, only the commons knows. ``weight``: ballots that theirs counts for, 1 to 1000."""

    id: str
    weight: int = 1


class YesNo(msgspec.Struct, frozen=True, tag="yes_no"):
    """``answers``: how for and against are written."""

    question: str
    answers: tuple[str, str] = ("Pour", "Contre")


class OneOf(msgspec.Struct, frozen=True, tag="one_of"):
    """``options``: their words, by their ids."""

    question: str
    options: dict[str, str]


class Several(msgspec.Struct, frozen=True, tag="several"):
    """A list of which each voter chooses ``least`` to ``most``."""

    question: str
    options: dict[str, str]
    least: int = 1
    most: int = 1


class Graded(msgspec.Struct, frozen=True, tag="majority_judgment"):
    """``grades``: their words, the best first."""

    question: str
    options: dict[str, str]
    grades: tuple[str, ...]


Question = YesNo | OneOf | Several | Graded


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An election. Voters may also vote blank on each question."""

    name: str
    description: str = ""
    questions: tuple[Question, ...]
    voters: tuple[Voter, ...]
    administrator: str = "affouage"
    credential_authority: str = ""

    @property
    def group(self) -> str:
        return GROUP_OF_GRADES if any(isinstance(one, Graded) for one in self.questions) else GROUP

    @property
    def weight(self) -> int:
        return sum(one.weight for one in self.voters)


def check_plan(plan: Plan) -> None:
    """Raises BadRequest (``belenios_...``) for what Belenios would refuse, or nobody should be asked."""
    if not plan.voters:
        _refuse("no_voters", "Nobody may vote in this election.", "Open it to members first.")
    ids = [one.id for one in plan.voters]
    if len(set(ids)) != len(ids) or not all(_VOTER.fullmatch(one) for one in ids):
        _refuse("voter", "A voter's identifier is there twice, or is not one.", "Letters, digits and @ . _ + - only.")
    if not all(1 <= one.weight <= _HEAVIEST for one in plan.voters):
        _refuse("weight", "A voter's weight is not possible.", f"From 1 to {_HEAVIEST}.")
    if not plan.questions:
        _refuse("no_question", "There is no question to vote on.", "Ask one.")
    if plan.group == GROUP_OF_GRADES and plan.weight != len(plan.voters):
        _refuse("weight_grades", "Grades cannot be weighed: each ballot is opened apart.", "Give everybody weight 1.")
    for text in (plan.name, *(one.question for one in plan.questions)):
        _check_text(text)
    for one in plan.questions:
        _check_answers(one)


def _check_answers(one: Question) -> None:
    answers = answers_of(one)
    if len(set(answers)) != len(answers) or len(answers) < 2:
        _refuse("answers", "A question needs two different answers at least.", "Write each answer once.")
    for text in answers:
        _check_text(text)
    if isinstance(one, Several) and not 0 <= one.least <= one.most <= len(answers):
        _refuse("bounds", f"Nobody can choose from {one.least} to {one.most} of {len(answers)}.", "Change the bounds.")
    if isinstance(one, Graded) and (len(set(one.grades)) != len(one.grades) or len(one.grades) < 2):
        _refuse("grades", "Two different grades at least are needed.", "Write each grade once.")


def _check_text(text: str) -> None:
    if not text.strip() or len(text) > _LONGEST:
        _refuse("text", "A name, a question or an answer is empty or too long.", f"From 1 to {_LONGEST} characters.")


def answers_of(one: Question) -> tuple[str, ...]:
    return one.answers if isinstance(one, YesNo) else tuple(one.options.values())


def voters_file(plan: Plan) -> str:
    """``voters.txt``: a voter a line; with the weights only where they differ."""
    weighed = plan.weight != len(plan.voters)
    lines = (f"{one.id},{one.id},{one.weight}" if weighed else one.id for one in plan.voters)
    return "".join(f"{line}\n" for line in lines)


def template(plan: Plan) -> dict[str, Any]:
    """``template.json``: the questions, as ``belenios-tool setup make-election`` reads them."""
    return {
        "description": plan.description,
        "name": plan.name,
        "administrator": plan.administrator,
        "credential_authority": plan.credential_authority,
        "questions": [_written(one) for one in plan.questions],
    }


def _written(one: Question) -> dict[str, Any]:
    answers = list(answers_of(one))
    if isinstance(one, Graded):
        extra = {"type": "MajorityJudgment", "value": {"blank": True, "grades": list(one.grades)}}
        return {"type": "NonHomomorphic", "value": {"answers": answers, "question": one.question}, "extra": extra}
    least, most = (one.least, one.most) if isinstance(one, Several) else (1, 1)
    return {"answers": answers, "blank": True, "min": least, "max": most, "question": one.question}


def _refuse(code: str, message: str, remedy: str) -> NoReturn:
    raise BadRequest(message, remedy=remedy, code=f"belenios_{code}")
