"""The words of a rule's fields, typeset for a page: from the files of the rule book. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from affouage.rulebook import words
from affouage.web.language import Language


@dataclass(frozen=True)
class FieldWords:
    """In one language. What has no words is told by its name."""

    language: Language

    def label(self, area: str, path: str) -> str:
        found = words.field(area, path)
        if found is None:
            return self.section(area, path.partition("/")[0])
        return self._set(words.said(found.label, self.language.code))

    def help(self, area: str, path: str) -> str:
        found = words.field(area, path)
        return "" if found is None else self._set(words.said(found.help, self.language.code))

    def option(self, area: str, path: str, code: str) -> str:
        """A choice of the field, or a name that its ``*`` stands for."""
        found = words.field(area, path)
        if found is not None and code in found.choices:
            return self._set(words.said(found.choices[code], self.language.code))
        return self._set(words.named(area, code, self.language.code))

    def section(self, area: str, first: str) -> str:
        return self._set(words.section(area, first, self.language.code))

    def unit(self, code: str) -> str:
        return self._set(words.unit(code, self.language.code))

    def area(self, area: str) -> str:
        """Its name, "L'enveloppe d'énergie"."""
        return self._set(words.name(area, self.language.code))

    def sentence(self, area: str) -> str:
        """What it decides."""
        return self._set(words.sentence(area, self.language.code))

    def _set(self, text: str) -> str:
        return self.language.typeset(text)
