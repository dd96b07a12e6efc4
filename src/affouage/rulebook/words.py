"""The words of the rules, in the languages of the interface: ``words/<area>.toml``, one file an area.

A translator's file is enough: nothing of it is code. A test holds that all that people may choose has its words.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec

from affouage.assembly.area import Area, Field
from affouage.catalogue.openness import Say


class FieldWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``help`` says what follows from the value, in a sentence."""

    label: Say
    help: Say
    choices: dict[str, Say] = {}


class AreaWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``sentence``: what the rule decides; ``fields``: by path; ``groups``: of a first part of paths that has the same
    fields under it (``<group>/method``); ``names``: of fixed names, or of their parts between ``-``."""

    name: Say
    sentence: Say
    fields: dict[str, FieldWords]
    groups: dict[str, Say] = {}
    sections: dict[str, Say] = {}
    """Of the first part of paths, over several fields together."""
    names: dict[str, Say] = {}


class _Units(msgspec.Struct, forbid_unknown_fields=True):
    units: dict[str, Say]


class _Settings(msgspec.Struct, forbid_unknown_fields=True):
    settings: dict[str, Say]


@cache
def of(area: str) -> AreaWords:
    """Raises KeyError for an area that has no words."""
    file = resources.files(__package__).joinpath(f"words/{area}.toml")
    if not area.replace("_", "").isalnum() or not file.is_file():
        raise KeyError(area)
    return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), AreaWords)


@cache
def _of_settings() -> dict[str, Say]:
    file = resources.files(__package__).joinpath("words/_settings.toml")
    return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _Settings).settings


@cache
def _units() -> dict[str, Say]:
    file = resources.files(__package__).joinpath("words/_units.toml")
    return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _Units).units


def said(words: Say, language: str) -> str:
    """English for ``en``, French for anything else."""
    return words.en if language == "en" else words.fr


def name(area: str, language: str) -> str:
    """``Horaires d'ouverture``. Raises KeyError."""
    return said(of(area).name, language)


def sentence(area: str, language: str) -> str:
    """What the rule decides. Raises KeyError."""
    return said(of(area).sentence, language)


def of_field(area: str, field: Field) -> FieldWords:
    """Raises KeyError for a field without words."""
    return of(area).fields[_key(area, field.path)]


def field(area: str, path: str) -> FieldWords | None:
    """The words of a field by its path (``limits/*``); None for what is no field."""
    return of(area).fields.get(_key(area, path))


def _key(area: str, path: str) -> str:
    first, _, rest = path.partition("/")
    return f"<group>/{rest}" if first in of(area).groups else path


def section(area: str, first: str, language: str) -> str:
    """Over the fields whose paths begin with ``first``; as it is without words."""
    words = of(area)
    found = words.groups.get(first) or words.sections.get(first)
    return first if found is None else said(found, language)


def label(area: str, field: Field, language: str) -> str:
    """Of the field, its group first: ``Vote ordinaire : quorum``. Raises KeyError."""
    words, text = of(area), said(of_field(area, field).label, language)
    group = words.groups.get(field.path.partition("/")[0])
    if group is None:
        return text
    colon = ": " if language == "en" else " : "
    return f"{said(group, language)}{colon}{text}"


def choice(area: str, field: Field, value: str, language: str) -> str:
    """A choice of a field; as it is when it has no words."""
    found = of_field(area, field).choices.get(value)
    return value if found is None else said(found, language)


def named(area: str, text: str, language: str) -> str:
    """A name that stands in a path: ``commons-day-kwh``, ``desk``; as it is when people gave it."""
    known = of(area).names
    if text in known:
        return said(known[text], language)
    fixed, equals, own = text.partition("=")
    parts = fixed.split("-")
    if not all(part in known for part in parts):
        return text
    told = ", ".join(said(known[part], language) for part in parts)
    return f"{told} ({own})" if equals else told


def of_path(area: Area, path: str, language: str) -> str:
    """A place of a rule in words, its names included: ``Part garantie d'un groupe (ecole)``. The path without words."""
    field = area.field_of(path)
    if field is None:
        return path
    own = [part for part, hole in zip(path.split("/"), field.path.split("/"), strict=True) if hole == "*"]
    text = label(area.name, field, language)
    return f"{text} ({', '.join(named(area.name, one, language) for one in own)})" if own else text


def unit(code: str, language: str) -> str:
    """``days`` -> ``jours``; "" for none."""
    return said(_units()[code], language) if code else ""


def lowering(setting: str, value: str, language: str) -> str:
    """What a setting takes away from a rule, in a sentence. Raises KeyError."""
    return said(_of_settings()[setting], language).format(value=value)
