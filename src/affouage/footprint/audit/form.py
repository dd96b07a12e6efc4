"""Reading what an auditor wrote: JSON, tolerant in form, strict in meaning. Pure.

A quantity may be written in any of its units, the unit being part of the name (``energy_j``, ``energy_kwh``), once.
What is not understood is refused with its place (``$.windows[0].requests[1].id``), never passed over. Numbers are taken
at their decimal writing: 0.1 is a tenth.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Any, Final, NoReturn, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from affouage.errors import BadRequest
from affouage.units import Interval

T = TypeVar("T")

MOST: Final = 2**63 - 1
"""The most microjoules, microseconds or tokens one figure may hold: what the books can keep."""

LONGEST_INTEGER: Final = 4000
"""Digits. Python refuses to read a little more (4300); what is shorter is refused later, with its place."""

Id = Annotated[str, Meta(min_length=1, max_length=200)]
Count = Annotated[int, Meta(ge=0)]
Real = int | float
Amount = Annotated[int, Meta(ge=0)] | Annotated[float, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Said = Amount | None | UnsetType
"""Not written (UNSET), known to be unknown (null), or a figure."""
Triple = Annotated[list[Amount], Meta(min_length=3, max_length=3)]
Range = Amount | Triple
"""A figure, or [low, central, high]."""

Units = Mapping[str, int | Fraction]
TIME_US: Final[Units] = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": Fraction(1, 1_000)}
ENERGY_UJ: Final[Units] = {"uj": 1, "j": 10**6, "wh": 3_600 * 10**6, "kwh": 3_600 * 10**9}
POWER_UW: Final[Units] = {"uw": 1, "mw": 1_000, "w": 10**6}
_UNIT: Final = re.compile(rf"_({'|'.join((*TIME_US, *ENERGY_UJ, *POWER_UW))})$")


class Form(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every object of a file is: its fields are all known."""


def refuse(message: str, place: str, remedy: str = "") -> NoReturn:
    """Raise BadRequest: the file says something that has no meaning, at ``place``."""
    raise BadRequest(f"{place}: {message.rstrip('.')}.", remedy=remedy or "See docs/reference/audit.md.", param=place)


def parse(text: bytes) -> Any:
    """JSON as Python values; a number without a fraction is an int. Raises BadRequest.

    Refused though other readers take them: NaN and infinities, a name written twice in one object, numbers too large.
    """
    try:
        said = json.loads(
            text, parse_float=_number, parse_int=_integer, parse_constant=_no_number, object_pairs_hook=_once
        )
        json.dumps(said, ensure_ascii=False).encode()  # half characters (lone surrogates) cannot be written again
        return said
    except RecursionError:
        refuse("nested too deeply", "$")
    except UnicodeEncodeError:
        refuse("a text holds half a character (\\ud800 to \\udfff)", "$", "Write the other half, or neither.")
    except UnicodeDecodeError as broken:
        refuse(f"the file is not text in UTF-8 ({broken.reason} at byte {broken.start})", "$")
    except ValueError as broken:
        refuse(f"the file is not JSON: {broken}", "$", "Check brackets, commas and quotes.")


def _number(text: str) -> int | float:
    value = float(text)
    if not math.isfinite(value):
        refuse(f"{text[:20]} is too large", "$")
    if value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        refuse(f"{text[:20]}... is too large", "$")
    return int(text)


def _no_number(text: str) -> NoReturn:
    refuse(f"{text} is not a number", "$", "Write null for what is not known.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        refuse(f"the name {twice[:80]!r} is written twice in the same object", "$", "Keep one of them.")
    return found


def understand(said: Any, kind: type[T], place: str = "$") -> T:
    """``said`` as a ``kind``. Raises BadRequest with the place of what does not fit."""
    try:
        return msgspec.convert(said, kind)
    except RecursionError:
        refuse("nested too deeply", place)
    except msgspec.ValidationError as wrong:
        told, _, where = str(wrong).partition(" - at `$")
        at = place + where.removesuffix("`")
        unknown = re.fullmatch(r"Object contains unknown field `(.*)`", told, re.DOTALL)
        if unknown:
            name = unknown[1]
            remedy = _meant(name, _here(kind, where))
            refuse("this field is not known, so it cannot be passed over", f"{at}.{name[:80]}", remedy)
        missing = re.fullmatch(r"Object missing required field `(.*)`", told)
        if missing:
            refuse("this field is missing", f"{at}.{missing[1]}")
        refuse(told.replace("`", ""), at)


def _meant(name: str, kinds: Iterable[type[Struct]]) -> str:
    """What ``name`` may stand for, among the fields of the very objects it could belong to."""
    fields = [field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)]
    close = difflib.get_close_matches(name.lower(), sorted(set(fields)), n=3, cutoff=0.6)
    bases = dict.fromkeys(_UNIT.sub("_...", one) for one in fields)
    hint = f"Perhaps: {', '.join(close)}." if close else f"Known here: {', '.join(bases)}."
    return f"{hint} All fields are in docs/reference/audit.md."


def _here(kind: Any, where: str) -> list[type[Struct]]:
    """The structs that may stand at ``where`` (``.windows[0].requests[1]``) in a ``kind``."""
    found = _structs(kind)
    for name in re.findall(r"\.(\w+)", where):
        inside = [field.type for one in found for field in msgspec.structs.fields(one) if field.encode_name == name]
        found = [struct for one in inside for struct in _structs(one)]
    return found


def _structs(kind: Any) -> list[type[Struct]]:
    """The structs a type is made of: itself, or those of its union or list."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        return [kind]
    return [one for inner in getattr(kind, "__args__", ()) for one in _structs(inner)]


def exact(value: Real, place: str) -> Fraction:
    """A number at its decimal writing. Raises BadRequest beyond what the books can keep."""
    if abs(value) > MOST:
        refuse("this number is too large", place)
    return Fraction(repr(value))


def one_of(form: Struct, base: str, units: Units, place: str) -> Fraction | UnsetType | None:
    """The quantity ``base`` of ``form``, whichever unit it was written in, in the unit of scale 1; exact.

    UNSET when not written at all, None when written as null. Raises BadRequest when it was written twice.
    """
    written = [(unit, getattr(form, f"{base}_{unit}", UNSET)) for unit in units]
    found = [(unit, value) for unit, value in written if value is not UNSET]
    if not found:
        return UNSET
    if len(found) > 1:
        both = " and ".join(f"{base}_{unit}" for unit, _ in found)
        refuse(f"{both} are both written", place, "Write it in one unit only.")
    unit, value = found[0]
    return None if value is None else scaled(value, units[unit], f"{place}.{base}_{unit}")


def scaled(value: Real, scale: int | Fraction, place: str) -> Fraction:
    """``value`` in the unit of scale 1. Raises BadRequest beyond what the books can keep."""
    there = exact(value, place) * scale
    if abs(there) > MOST:
        refuse("this quantity is too large", place)
    return there


def whole(value: Fraction) -> int:
    """To the nearest integer, halves to the even one: what is finer than a micro-unit is not kept."""
    return round(value)


def interval(value: Real | Iterable[Real], place: str) -> Interval:
    """A figure or [low, central, high] as an Interval. Raises BadRequest when they are not in order."""
    low, central, high = [value] * 3 if isinstance(value, int | float) else value
    if not low <= central <= high:
        refuse(f"not in order: {low} <= {central} <= {high} does not hold", place, "Write [low, central, high].")
    return Interval(low, central, high)


def distinct(ids: Iterable[str], place: str) -> None:
    """Raises BadRequest for an id that stands there twice."""
    seen: set[str] = set()
    for position, one in enumerate(ids):
        if one in seen:
            refuse(f"the id {one[:80]!r} stands there twice", f"{place}[{position}].id", "Each id once.")
        seen.add(one)
