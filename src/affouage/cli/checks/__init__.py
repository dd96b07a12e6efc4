"""What ``affouage doctor`` looks at. Each check is a function that yields findings and lets nothing escape.

A finding is written in English with its facts apart, so that it can be told in another language.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from affouage.catalogue.openness import Say
from affouage.errors import AffouageError
from affouage.web.language import Language, language

Status = Literal["ok", "warning", "problem"]


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at. ``warning``: it works, with less; ``problem``: something will not work.

    ``form``, ``remedy_form``: sentences with blanks that ``facts`` fill; a fact that is itself a sentence of the
    catalogue is told in the reader's language too. ``error``: what refused, told as errors are.
    """

    check: str
    status: Status
    form: str
    remedy_form: str = ""
    facts: dict[str, Any] = {}
    error: AffouageError | None = None

    @property
    def what(self) -> str:
        """In English, as ``--json`` has it."""
        return self.told(language("en"))[0]

    @property
    def remedy(self) -> str:
        return self.told(language("en"))[1]

    def told(self, reader: Language) -> tuple[str, str]:
        """What was found and its remedy, in the reader's language."""
        if self.error is not None and reader.code != "en":
            from affouage.cli.sentences import told

            first, *others = told(self.error, reader)
            own = self.remedy_form == self.error.remedy
            return first, (" ".join(others) if own else "") or _filled(self.remedy_form, self.facts, reader)
        return _filled(self.form, self.facts, reader), _filled(self.remedy_form, self.facts, reader)


class _Figure(float):
    """A number as French writes it."""

    def __format__(self, spec: str) -> str:
        return super().__format__(spec).replace(".", ",")


def _filled(form: str, facts: dict[str, Any], reader: Language) -> str:
    """``form`` in the reader's language with its blanks filled. Without facts it is left as it stands."""
    said = reader.gettext(form) if form else ""
    return said.format(**{name: _fact(value, reader) for name, value in facts.items()}) if facts else said


def _fact(value: Any, reader: Language) -> Any:
    if isinstance(value, Say):
        return value.in_language(reader.code)
    if isinstance(value, float):
        return _Figure(value) if reader.code == "fr" else value
    if isinstance(value, list):
        return ", ".join(str(_fact(one, reader)) for one in value)
    return reader.gettext(value) if isinstance(value, str) and value else value


def ok(check: str, what: str, **facts: Any) -> Finding:
    return Finding(check, "ok", what, facts=facts)


def warning(check: str, what: str, remedy: str, **facts: Any) -> Finding:
    return Finding(check, "warning", what, remedy, facts)


def problem(check: str, what: str, remedy: str, **facts: Any) -> Finding:
    return Finding(check, "problem", what, remedy, facts)


def of_error(check: str, error: AffouageError, status: Status = "problem", remedy: str = "") -> Finding:
    """What an error says. ``remedy``: instead of its own."""
    return Finding(check, status, error.message, remedy or error.remedy, error=error)
