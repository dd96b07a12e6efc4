"""What is typed after ``affouage assembly propose``: places of a rule and their values. Pure.

A value is read as its field says: a number with a comma or a point, a duration, yes or no, one of the choices. ``none``
takes an entry out of a list, or empties a text. ``@file`` is the text of a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from affouage.assembly.area import Area, Field
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.patches import Patch
from affouage.errors import AffouageError, RuleRefused
from affouage.footprint.hours import read_time

NOTHING = "none"
YES = frozenset({"yes", "true", "oui", "1"})
NO = frozenset({"no", "false", "non", "0", NOTHING})
MINUTES = {"min": 1, "m": 1, "h": 60, "d": 24 * 60, "j": 24 * 60}

_SPAN = re.compile(r"(\d+)\s*(min|m|h|d|j)?", re.ASCII)
_FRACTION = re.compile(r"\d+/\d+", re.ASCII)

ReadFile = Callable[[str], str]


def changed(area: Area, document: Mapping[str, Any], typed: Sequence[str], read_file: ReadFile) -> dict[str, Any]:
    """The document with what was typed in it. Raises RuleRefused for a place or a value there is not."""
    put: dict[str, Any] = {}
    gone: list[str] = []
    for one in typed:
        path, field, text = place(area, one)
        if field.open and text == NOTHING:
            gone.append(path)
        else:
            put[path] = read(area, field, path, text, read_file)
    return patches.apply(document, Patch(set=put, remove=tuple(gone)))


def place(area: Area, typed: str) -> tuple[str, Field, str]:
    """``limits/workshop-month-kwh=desk=3`` -> its path, its field, and ``3``. Raises RuleRefused."""
    path, equals, text = typed.partition("=")
    field = field_of(area, path)
    if field is not None and field.keyed and "=" in text:
        path, equals, text = typed.rpartition("=")
        field = field_of(area, path)
    if not equals:
        raise RuleRefused(
            f"{typed!r:.80} is no PATH=VALUE.",
            remedy="Write it as ordinary/quorum_percent=40; see the places with: affouage assembly areas AREA",
            code="assembly_pair",
            param=area.name,
            text=typed[:80],
            area=area.name,
        )
    if field is None:
        raise RuleRefused(
            f"The rules of {area.name} have nothing called {path:.80}.",
            remedy=f"See them: affouage assembly areas {area.name}",
            code="assembly_path",
            param=area.name,
            path=path[:80],
            area=area.name,
        )
    return written(field, path), field, text


def field_of(area: Area, path: str) -> Field | None:
    """The field of a path, also when a name in it holds a slash of its own (a model's, ``org/name``)."""
    return next((one for one in area.fields if one.covers(written(one, path))), None)


def written(field: Field, path: str) -> str:
    """``admitted/org/name`` -> ``admitted/org~1name``: in a list of names, what follows is one name."""
    prefix, star, after = field.path.partition("*")
    if not star or after or not path.startswith(prefix) or field.covers(path):
        return path
    return prefix + path.removeprefix(prefix).replace("~", "~0").replace("/", "~1")


def read(area: Area, field: Field, path: str, text: str, read_file: ReadFile) -> Any:
    """A value as its field takes it. Raises RuleRefused, whose code says what the value is not."""
    if field.kind in ("text", "long_text"):
        return read_file(text[1:]) if text.startswith("@") else "" if text == NOTHING else text
    try:
        return _READ[field.kind](field, text.strip())
    except AffouageError:
        raise
    except ValueError:
        expected = expected_words(field)
        raise RuleRefused(
            f"{path} cannot be {text!r:.60}.",
            remedy=f"Give {expected}.",
            code="assembly_value",
            param=area.name,
            path=path,
            text=text[:60],
            expected=expected,
        ) from None


def expected_words(field: Field) -> str:
    """What a field takes, in a form that needs no language: ``0..100``, ``refuse | sober``, ``2d12h``."""
    if field.kind == "choice":
        return " | ".join(one or NOTHING for one in field.choices)
    if field.kind in ("whole", "percent", "number"):
        least, most = (None if one is None else f"{one:g}" for one in (field.least, field.most))
        unit = f" {field.unit}" if field.unit else ""
        return f"{least or ''}..{most or ''}{unit}"
    return {
        "minutes": "2d12h | 90min",
        "time": f"23:00 | {NOTHING}",
        "flag": "yes | no",
        "present": f"yes | {NOTHING}",
        "fraction": "2/3",
        "text": "text | @file",
        "long_text": "text | @file",
    }[field.kind]


def _whole(field: Field, text: str) -> int:
    return int(text.removesuffix("%").strip())


def _number(field: Field, text: str) -> float:
    return float(text.replace(",", "."))


def minutes(text: str) -> int:
    """``7d``, ``2d12h``, ``90min``, ``90``. Raises ValueError."""
    total, at = 0, 0
    compact = text.replace(" ", "")
    while at < len(compact):
        found = _SPAN.match(compact, at)
        if found is None:
            raise ValueError(text)
        total += int(found[1]) * MINUTES[found[2] or "min"]
        at = found.end()
    if not compact:
        raise ValueError(text)
    return total


def _minutes(field: Field, text: str) -> int:
    return minutes(text)


def _time(field: Field, text: str) -> str:
    return "" if text in ("", NOTHING) else read_time(text)


def _choice(field: Field, text: str) -> str:
    said = "" if text == NOTHING and NOTHING not in field.choices else text
    if said not in field.choices:
        raise ValueError(text)
    return said


def _flag(field: Field, text: str) -> bool:
    if text.lower() in YES:
        return True
    if text.lower() in NO:
        return False
    raise ValueError(text)


def _fraction(field: Field, text: str) -> str:
    if not _FRACTION.fullmatch(text):
        raise ValueError(text)
    return text


_READ: dict[str, Callable[[Field, str], Any]] = {
    "whole": _whole,
    "percent": _whole,
    "number": _number,
    "minutes": _minutes,
    "time": _time,
    "choice": _choice,
    "flag": _flag,
    "present": _flag,
    "fraction": _fraction,
}
