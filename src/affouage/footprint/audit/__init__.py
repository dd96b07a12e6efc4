"""The auditor's right: any computation replayed from a file, by the very functions of production. Pure.

Here and beside it there is no formula, only reading, conversion of units and writing. Reference and examples:
``docs/reference/audit.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import msgspec

from affouage.footprint.audit import allocate, allocate_form, close, embodied, impact
from affouage.footprint.audit.form import parse

Subject = Literal["allocate", "impact", "embodied", "close"]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)

_ANSWERS: dict[Subject, Callable[[Any], Any]] = {
    "allocate": allocate.answer,
    "impact": impact.answer,
    "embodied": embodied.answer,
    "close": close.answer,
}
_QUESTIONS: dict[Subject, Any] = {
    "allocate": allocate_form.Question,
    "impact": impact.Question,
    "embodied": embodied.Question,
    "close": close.Question,
}


def replay(subject: Subject, text: bytes) -> Any:
    """Compute again what the file ``text`` (JSON) asks: a Struct ready to be encoded.

    Raises BadRequest, whose ``param`` is the place in the file, for anything that is not understood.
    """
    return _ANSWERS[subject](parse(text))


def schema(subject: Subject) -> dict[str, Any]:
    """JSON Schema (2020-12) of the files ``audit <subject>`` reads."""
    question = _QUESTIONS[subject]
    kinds = list(getattr(question, "__args__", (question,)))
    shapes, definitions = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"affouage audit {subject}",
        "anyOf": list(shapes),
        "$defs": definitions,
    }
