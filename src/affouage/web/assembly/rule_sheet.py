"""What the form of a rule is made of: lines, lists of names, maps of names, in sections. Data alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from affouage.assembly.area import Area
from affouage.web.assembly.field_words import FieldWords
from affouage.web.language import Language

EXCERPT = 70
LONG_SECTION = 8

Known = Mapping[str, Sequence[tuple[str, str]]]
"""By the path of a list (``admitted/*``): names that people may tick, with their words."""


@dataclass(frozen=True)
class Input:
    """One thing to fill in. ``now``: what the rule in force says, in words; ``options``: (code, words)."""

    name: str
    kind: str
    label: str
    value: str
    help: str = ""
    now: str = ""
    unit: str = ""
    part: str = ""
    options: tuple[tuple[str, str], ...] = ()
    most: int = 400
    problem: str = ""


@dataclass(frozen=True)
class Row:
    """An entry of a map. ``key``: its name as it stands, "" for a new one; ``more``: the ``=something`` after it."""

    name: str
    key: str
    words: str
    more: str
    gone: bool
    inputs: tuple[Input, ...]
    problem: str = ""

    @property
    def folded(self) -> bool:
        """Whether it is shown in a line until somebody opens it: an entry of several things, all of them right."""
        wrong = self.problem or any(one.problem for one in self.inputs)
        return bool(self.key) and len(self.inputs) > 1 and not wrong

    @property
    def excerpt(self) -> str:
        """What stands in its first field, in short."""
        if not self.inputs:
            return ""
        said = dict(self.inputs[0].options).get(self.inputs[0].value, self.inputs[0].value)
        return said if len(said) <= EXCERPT else f"{said[:EXCERPT].rsplit(' ', 1)[0]}…"


@dataclass(frozen=True)
class Rows:
    """A map of names. ``options``: the names there are, none: any; ``keyed``: a name may have something after it."""

    name: str
    label: str
    help: str
    rows: tuple[Row, ...]
    options: tuple[tuple[str, str], ...]
    keyed: bool
    kind: str = "rows"


@dataclass(frozen=True)
class Ticks:
    """A list of names: (name, words, ticked), and lines for others unless the names are given."""

    name: str
    label: str
    help: str
    ticks: tuple[tuple[str, str, bool], ...]
    others: tuple[str, ...]
    now: str
    problem: str = ""
    kind: str = "ticks"


Item = Input | Rows | Ticks


@dataclass(frozen=True)
class Section:
    """Things that go together; ``title`` "" for those of the rule itself."""

    title: str
    items: tuple[Item, ...]

    @property
    def folded(self) -> bool:
        """Whether it is long, and shown in a line until somebody opens it; never when something in it is wrong."""
        wrong = any(isinstance(one, Input) and one.problem for one in self.items)
        return bool(self.title) and len(self.items) > LONG_SECTION and not wrong


@dataclass(frozen=True)
class Sheet:
    """What drawing and reading a form of this rule takes. ``now``: the document in force."""

    area: Area
    now: Mapping[str, Any]
    words: FieldWords
    language: Language
    known: Known = field(default_factory=dict)
