"""Canonical JSON (RFC 8785), pure: one value, one text, whoever writes it.

Numbers: integers of at most 2^53 - 1 in absolute value, and finite floats written as ECMAScript writes them (RFC 8785,
3.2.2.3). Refused with :class:`NotCanonical`: NaN and infinities, larger integers, keys that are no text, the same key
twice, lone surrogates, anything JSON has no word for, and more than ``DEEPEST`` levels.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from affouage.errors import BadRequest

LARGEST = 2**53 - 1
DEEPEST = 32
_quote = json.JSONEncoder(ensure_ascii=False).encode
_DIGITS = re.compile(r"([0-9]+)(?:\.([0-9]+))?(?:e([+-][0-9]+))?\Z")


class NotCanonical(BadRequest):
    """A value that has no canonical JSON, or a text that is none."""

    code = "not_canonical"


def write(value: Any) -> str:
    """The one text of ``value``. Raises NotCanonical."""
    return _write(value, DEEPEST)


def _write(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise NotCanonical("An integer beyond 2^53 - 1 does not fit a JSON number.", remedy=_AS_TEXT)
        return str(int(value))
    if isinstance(value, float):
        return number(value)
    if depth == 0:
        raise NotCanonical(f"More than {DEEPEST} levels.", remedy="Flatten it.")
    if isinstance(value, Mapping):
        return _object(value, depth - 1)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_write(one, depth - 1) for one in value]) + "]"
    raise NotCanonical(f"JSON has no word for a {type(value).__name__}.", remedy=_AS_TEXT)


_AS_TEXT = "Write it as a text."


def _object(value: Mapping[Any, Any], depth: int) -> str:
    for key in value:
        if not isinstance(key, str):
            raise NotCanonical(f"A key must be a text, not a {type(key).__name__}.", remedy=_AS_TEXT)
    # UTF-16 code units: beyond U+FFFF the order is not the one of code points.
    keys = sorted(value, key=_units) if not all(map(str.isascii, value)) else sorted(value)
    return "{" + ",".join([f"{_text(key)}:{_write(value[key], depth)}" for key in keys]) + "}"


def _units(text: str) -> bytes:
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError:
        raise NotCanonical("A text holds half of a character (a lone surrogate).", remedy="Write it anew.") from None


def _text(text: str) -> str:
    if not text.isascii():
        _units(text)
    return _quote(text)


def number(value: float) -> str:
    """A float as ECMAScript writes it: the shortest digits that read back the same. Raises NotCanonical."""
    if not math.isfinite(value):
        raise NotCanonical("NaN and infinities are no JSON numbers.", remedy="Use null for what is not known.")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    whole, part, power = _parts(repr(abs(value)))
    digits = (whole + part).lstrip("0")
    point = len(whole) + power - (len(whole + part) - len(digits))  # where the point stands, from the first digit
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{sign}{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def _parts(text: str) -> tuple[str, str, int]:
    found = _DIGITS.match(text)
    assert found is not None, "repr of a finite float"
    return found[1], found[2] or "", int(found[3] or 0)


def read(text: str) -> Any:
    """The value of a text that must be canonical to the byte. Raises NotCanonical."""
    try:
        value = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_integer, parse_float=float
        )
    except (ValueError, RecursionError) as wrong:
        raise NotCanonical(
            f"This is no JSON: {type(wrong).__name__}.", remedy="See docs/reference/journal.md."
        ) from None
    if write(value) != text:
        raise NotCanonical("This JSON is not in its canonical form.", remedy="See RFC 8785.")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotCanonical("The same key stands twice.", remedy="Keep one.")
    return found


def _no_constant(name: str) -> Any:
    raise NotCanonical(f"{name} is no JSON number.", remedy="Use null for what is not known.")


def _integer(text: str) -> int | float:
    if len(text) > 25:
        raise NotCanonical("A number of too many digits.", remedy=_AS_TEXT)
    value = int(text)
    return value if abs(value) <= LARGEST else float(text)
