"""The short texts of a sheet that are encoded. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Literal

from affouage.sheets.search.encoder import Traits
from affouage.sheets.sheet import Passage

Part = Literal[0, 1, 2]
HEAD: Part = 0
"""Title and description together: what questions are compared with."""
TITLE: Part = 1
"""As if it asked: many do."""
DESCRIPTION: Part = 2
"""With the titles, what the map of :mod:`affouage.sheets.search.manner` is learnt from."""

MOST_WORDS = 60
"""Of a description: an encoder's time grows with the words."""
_MOST_QUESTION_WORDS = 40


def parts_for(traits: Traits) -> tuple[Part, ...]:
    """The first is what a sheet is found by; the others can come later."""
    return (HEAD, TITLE, DESCRIPTION) if traits.mapped else (HEAD, TITLE)


def view(part: Part, title: str, description: str, passages: Sequence[Passage]) -> str:
    """A document without a description is described by how it begins."""
    told = description or next((one.text for one in passages if one.text.strip()), "")
    told = " ".join(told.split()[:MOST_WORDS])
    if part == TITLE:
        return title or told
    if part == DESCRIPTION:
        return told or title
    return f"{title}. {told}" if title and told else title or told


def asked(question: str) -> str:
    """What is encoded of a question: of a long one, how it begins and how it ends, where things are asked."""
    words = question.split()
    if len(words) <= _MOST_QUESTION_WORDS:
        return " ".join(words)
    half = _MOST_QUESTION_WORDS // 2
    return " ".join((*words[:half], *words[-half:]))


@cache
def no_sheet_answers() -> tuple[str, ...]:
    """Questions of kinds that no official sheet answers."""
    told = tomllib.loads(resources.files(__package__).joinpath("no_sheet_answers.toml").read_text("utf-8"))
    return tuple(question for questions in told.values() for question in questions)
