"""What the forms of a proposal show: frozen data for their templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from affouage.web.assembly.preview import Deciding
from affouage.web.assembly.rule_sheet import Section
from affouage.web.assembly.subject_form import SubjectFields
from affouage.web.assembly.subjects import Change
from affouage.web.pages import Page


@dataclass(frozen=True)
class AreaChoice:
    """A rule one may change. ``sentence``: what it says today; ``who``: who may propose, "" for every member."""

    area: str
    name: str
    sentence: str
    who: str


@dataclass(frozen=True)
class Propose(Page):
    """``mandates`` and ``in_force``: (number, words) of what can be ended or taken back."""

    template: ClassVar[str] = "propose.html"
    founded: bool
    areas: tuple[AreaChoice, ...]
    mandates: tuple[tuple[int, str], ...]
    in_force: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Texts:
    """What every proposal has besides its subject, as typed."""

    title: str = ""
    reason: str = ""
    effective: str = ""


@dataclass(frozen=True)
class ProposeForm(Page):
    """One form. ``sections`` for a rule, ``fields`` for anything else; ``asks``: which texts it asks for."""

    template: ClassVar[str] = "propose_form.html"
    heading: str
    about: str
    back: str
    action: str
    hidden: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    fields: SubjectFields | None
    asks: tuple[str, ...]
    texts: Texts
    title_most: int
    text_most: int
    button: str
    problems: dict[str, str] = field(default_factory=dict)
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProposePreview(Page):
    """``impact`` None: nothing is counted for this kind of change. ``carried``: what the form goes on holding."""

    template: ClassVar[str] = "propose_preview.html"
    about: str
    texts: Texts
    effective_ms: int | None
    change: Change | None
    options: tuple[str, ...]
    impact: tuple[str, ...] | None
    decided_by: Deciding
    action: str
    carried: tuple[tuple[str, str], ...]
