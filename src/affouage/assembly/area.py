"""A rule area as data: its type, what may be enacted, who may propose, and a form that asks for no schema. Pure.

A rule is a typed value. As a *document* it is the same thing as nested JSON objects, in which each thing that a
proposal may change alone has a path of its own: two proposals about two limits, or two weights, then never collide.
Lists of names are objects of ``true`` for that reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import msgspec

from affouage.assembly.decisions.patches import lines
from affouage.errors import RuleRefused

FieldKind = Literal[
    "whole",  # a whole number
    "percent",  # a whole number of hundredths
    "number",  # a number, possibly with a comma
    "minutes",  # a whole number of minutes, shown as days and hours
    "time",  # 23:00, or nothing
    "choice",  # one of `choices`
    "flag",  # yes or no
    "text",  # a line of text
    "long_text",  # paragraphs
    "fraction",  # 2/3
    "present",  # a name is in the list or is not: its document says true
]

Plain = dict[str, Any]
Change = Callable[[Plain], Plain]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing of a rule that people may change. Its words are those of its ``path``, see ``rulebook.words``.

    ``path``: in the document; a part ``*`` is a name that people give. ``least`` and ``most``: bounds, included; for a
    text, of its length. ``names``: what ``*`` may be; none: any short name. ``keyed``: ``=something`` may follow such a
    name. ``unit``: of the number (days, %, members).
    """

    path: str
    kind: FieldKind
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    keyed: bool = False
    unit: str = ""

    @property
    def open(self) -> bool:
        """Whether it is a map of names, to which entries may be added."""
        return "*" in self.path.split("/")

    def refuses(self, path: str, said: Any) -> bool:
        """Whether ``said``, at ``path`` of a document, is out of its bounds. Its type has been read already."""
        if self.names and not all(_among(one, self) for one in self._given(path)):
            return True
        if self.choices:
            return said not in self.choices
        size = len(said) if isinstance(said, str) else said
        if isinstance(size, bool) or not isinstance(size, int | float):
            return False
        return (self.least is not None and size < self.least) or (self.most is not None and size > self.most)

    def _given(self, path: str) -> list[str]:
        pairs = zip(self.path.split("/"), path.split("/"), strict=True)
        return [given.replace("~1", "/").replace("~0", "~") for hole, given in pairs if hole == "*"]

    def covers(self, path: str) -> bool:
        """Whether ``path``, of a document, is this field."""
        mine, theirs = self.path.split("/"), path.split("/")
        return len(mine) == len(theirs) and all(one in ("*", other) for one, other in zip(mine, theirs, strict=True))


def _among(name: str, field: Field) -> bool:
    return (name.partition("=")[0] if field.keyed else name) in field.names


def same(document: Plain) -> Plain:
    return document


def never(_before: Any, _after: Any) -> bool:
    return False


def anything(_value: Any) -> None:
    """Whatever its type holds may be enacted."""


@dataclass(frozen=True, kw_only=True)
class Area:
    """A kind of rule.

    ``kind``: a msgspec Struct whose defaults are version 0, which nobody decided. ``check``: raises RuleRefused for
    what could not be applied. ``profile``: the threshold profile of the governance that its votes take; ``lowering``:
    whether a change takes something away from somebody, and takes ``lowering_profile`` then. ``proposers``: roles or
    mandates of who may propose. ``fold`` and ``unfold``: plain JSON to document and back. ``upgrade``: puts the plain
    JSON of an older release right; idempotent, so that it may be tried on any.
    """

    name: str
    kind: type[msgspec.Struct]
    fields: tuple[Field, ...]
    check: Callable[[Any], None] = anything
    entrenched: bool = False
    profile: str = "ordinary"
    lowering: Callable[[Any, Any], bool] = never
    lowering_profile: str = "reinforced"
    proposers: tuple[str, ...] = ("member",)
    fold: Change = same
    unfold: Change = same
    upgrade: Change = same
    default: Any = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "default", self.kind())

    # -- values and documents ----------------------------------------------------------------------------------------

    def shape(self, value: Any) -> Plain:
        """The document of a rule, which paths of patches lead through."""
        return self.fold(msgspec.to_builtins(value))

    def unshape(self, document: Mapping[str, Any]) -> Any:
        """The rule of a document. Raises RuleRefused (``rule_shape``) for what is none, unknown paths included."""
        try:
            plain = self.upgrade(self.unfold(msgspec.to_builtins(document)))
            value = msgspec.convert(plain, self.kind)
            if self.upgrade is not same:  # what an older release called otherwise is known by its new name
                document = self.fold({**msgspec.to_builtins(self.default), **plain})
        except (msgspec.ValidationError, TypeError, AttributeError, ValueError, KeyError) as wrong:
            raise self._no_rule(str(wrong)) from None
        self._refuse_unknown(document, value)
        return value

    def checked(self, document: Mapping[str, Any]) -> Any:
        """The rule of a document, as it may be enacted. Raises RuleRefused, whose code says what is wrong."""
        return self._enactable(self.unshape(document))

    def checked_value(self, value: Any) -> Any:
        """The same for a value: as it will be read back. Raises RuleRefused."""
        try:
            read = msgspec.convert(msgspec.to_builtins(value), self.kind)
        except msgspec.ValidationError as wrong:
            raise self._no_rule(str(wrong)) from None
        return self._enactable(read)

    def read(self, body: str | bytes) -> Any:
        """A rule as it was stored, by this release or an older one. Raises msgspec.DecodeError, RuleRefused."""
        if self.upgrade is same:
            return msgspec.json.decode(body, type=self.kind)
        return msgspec.convert(self.upgrade(msgspec.json.decode(body, type=dict)), self.kind)

    # -- votes -------------------------------------------------------------------------------------------------------

    def profile_of(self, before: Any, after: Any) -> str:
        """Which threshold profile a change takes."""
        if self.entrenched:
            return "entrenched"
        return self.lowering_profile if self.lowering(before, after) else self.profile

    def field_of(self, path: str) -> Field | None:
        """The field that a path of the document is; None for one that nothing describes."""
        return next((one for one in self.fields if one.covers(path)), None)

    def _enactable(self, value: Any) -> Any:
        """Raises RuleRefused: by the area's own check first, then by the bounds of its fields."""
        self.check(value)
        for path, said in lines(self.shape(value)) if self.fields else ():
            field = self.field_of(path)
            if said != {} and (field is None or field.refuses(path, said)):
                raise RuleRefused(
                    f"{path:.80} cannot be that.",
                    remedy=f"Give {_bounds(field)}." if field else "See the fields of the rule.",
                    code="rule_field" if field else "rule_path",
                    param=self.name,
                    path=path[:80],
                    bounds=_bounds(field) if field else "",
                )
        return value

    def _refuse_unknown(self, document: Mapping[str, Any], value: Any) -> None:
        """A path that the rule's type drops in silence would be voted on for nothing."""
        there = {path for path, _ in lines(self.shape(value))}
        for path, said in lines(document):
            if path not in there and said not in ({}, [], None, False):
                raise RuleRefused(
                    f"The rules of {self.name} have nothing called {path:.80}.",
                    remedy="See the fields of the rule.",
                    code="rule_path",
                    param=self.name,
                    path=path[:80],
                )

    def _no_rule(self, wrong: str) -> RuleRefused:
        return RuleRefused(
            f"This is no rule for {self.name}: {wrong:.300}.",
            remedy="See the documentation of the rule.",
            param=self.name,
        )


def _bounds(field: Field) -> str:
    """``1 to 99``, or the choices there are."""
    if field.choices:
        return ", ".join(one or '""' for one in field.choices)
    least = "-" if field.least is None else f"{field.least:g}"
    return f"{least} to {'-' if field.most is None else f'{field.most:g}'}"


def bare(name: str, kind: type, check: Callable[[Any], None] | None = None) -> Area:
    """An area that nothing describes: its type, and what may be enacted."""
    return Area(name=name, kind=kind, fields=(), check=check or anything)


def as_present(plain: Plain, *names: str) -> Plain:
    """Lists of names become ``{name: true}``."""
    return {**plain, **{name: dict.fromkeys(plain[name], True) for name in names}}


def as_list(document: Plain, *names: str) -> Plain:
    """The way back of :func:`as_present`, sorted; a name said false is not in the list."""
    found = {name: [one for one, there in document.get(name, {}).items() if there] for name in names}
    return {**document, **{name: sorted(those) for name, those in found.items()}}


def choices_of(kind: type[msgspec.Struct], name: str) -> tuple[str, ...]:
    """The words that a ``Literal`` of a struct allows."""
    for one in msgspec.structs.fields(kind):
        if one.name == name:
            return tuple(str(word) for word in get_args(one.type))
    raise KeyError(name)
