"""Refusals: what cannot be counted is said before anything is. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import NoReturn

from affouage.assembly.tally.shapes import ABSTAIN, NONE, CountSpec
from affouage.errors import BadRequest

_FRACTION = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})", re.ASCII)
FEWEST_GRADES, MOST_GRADES = 2, 12
_TOLD = 60
"""Characters of what was given that an error tells."""


def refuse(code: str, message: str, remedy: str, param: str | None = None, **facts: str | int) -> NoReturn:
    """``facts``: what a translated sentence tells besides."""
    raise BadRequest(message, remedy=remedy, code=f"count_{code}", param=param, **facts)


def threshold_of(spec: CountSpec) -> Fraction:
    """Raises BadRequest for what is no fraction from 1/2 to 1."""
    found = _FRACTION.fullmatch(spec.threshold)
    threshold = Fraction(int(found[1]), int(found[2])) if found else Fraction(0)
    if not Fraction(1, 2) <= threshold <= 1:
        given = spec.threshold[:_TOLD]
        remedy = "Write 1/2, 2/3, 3/4 ... up to 1/1."
        refuse("threshold", f"{given!r} is no threshold.", remedy, "threshold", given=given)
    return threshold


def check_spec(spec: CountSpec, choosing: bool) -> None:
    """Raises BadRequest. ``choosing``: the method chooses one among several options."""
    threshold_of(spec)
    if not 0 <= spec.quorum_percent <= 100:
        given = spec.quorum_percent
        refuse("quorum", f"A quorum of {given} % cannot be.", "Give 0 to 100.", "quorum_percent", given=given)
    if any(number < 0 for number in spec.electors.values()):
        refuse("electors", "There are fewer electors than none.", "Give a number, 0 or more.", "electors")
    _check_colleges(spec)
    if choosing:
        _check_options(spec)
    elif spec.options or spec.none_option:
        method = spec.method
        refuse(
            "no_options", f"The method {method} answers one question.", "Leave options out.", "options", method=method
        )
    if not FEWEST_GRADES <= spec.grades <= MOST_GRADES:
        remedy = f"From {FEWEST_GRADES} to {MOST_GRADES} grades."
        facts = {"least": FEWEST_GRADES, "most": MOST_GRADES}
        refuse("grades", f"{spec.grades} grades are not possible.", remedy, "grades", given=spec.grades, **facts)


def _check_colleges(spec: CountSpec) -> None:
    weights = spec.colleges.values()
    if spec.colleges and (sum(weights) != 100 or not all(1 <= weight <= 100 for weight in weights)):
        refuse("colleges", "The colleges do not weigh 100 % in all.", "Give each 1 to 100, 100 together.", "colleges")
    for college in sorted(spec.electors):
        check_college(spec, college)


def check_college(spec: CountSpec, college: str) -> None:
    """Raises BadRequest for a college that does not vote; "" is the only one where there are none."""
    if college in (spec.colleges or ("",)):
        return
    known = ", ".join(spec.colleges) or "-"
    refuse(
        "college",
        f"{college[:_TOLD]!r} is no college of this vote.",
        f"Colleges: {known}.",
        "college",
        given=college[:_TOLD],
        known=known,
    )


def _check_options(spec: CountSpec) -> None:
    if not spec.options:
        refuse("options", "There is nothing to choose from.", "Name the options.", "options")
    repeated = [option for option, times in Counter(spec.options).items() if times > 1]
    if repeated:
        given = repeated[0][:_TOLD]
        refuse("option_repeated", f"The option {given!r} stands twice.", "Name each once.", "options", given=given)
    if {"", ABSTAIN, NONE} & set(spec.options):
        message = f"No option may be called {ABSTAIN} or {NONE}, or nothing."
        refuse("option_name", message, "Name it otherwise.", "options", abstain=ABSTAIN, none=NONE)


def check_options(spec: CountSpec, chosen: Iterable[object]) -> None:
    """Raises BadRequest for an option that is not voted on, or is named twice."""
    named: set[object] = set()
    for option in chosen:
        if not isinstance(option, str) or option not in spec.choices:
            given, known = str(option)[:_TOLD], ", ".join(spec.choices)[:300]
            message = f"A ballot names {given!r}, which is no option of this vote."
            refuse("option", message, f"Options: {known}.", "choice", given=given, known=known)
        if option in named:
            message = f"A ballot names the option {option[:_TOLD]!r} twice."
            refuse("option_twice", message, "Name each once.", "choice", given=option[:_TOLD])
        named.add(option)


def unreadable(spec: CountSpec, expected: str) -> NoReturn:
    """``expected``: what the method reads, as a ballot is written."""
    message = f"A ballot is not one of the method {spec.method}."
    refuse("choice", message, f"It reads: {expected}.", "choice", method=spec.method, expected=expected)
