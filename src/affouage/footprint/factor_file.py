"""Reading a set of factors from its text (TOML): strict, and each refusal names the file, the line and the remedy."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import msgspec

from affouage.errors import SettingsError
from affouage.footprint.factors import RANGES, SCOPES, UNITS, Factor, FactorSet, GridFactors
from affouage.footprint.iso3166 import COUNTRIES
from affouage.units import Interval

HOW_TO = "See docs/how-to/add-a-factor.md."
MOST_CHARACTERS = 500_000
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,60}", re.ASCII)
_LINE = re.compile(r"at line (\d+)", re.ASCII)
_PLACE = re.compile(r" - at `\$((?:[^`]|`(?!$))*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*|\d+", re.ASCII)
_PLAUSIBLE = {"gwp": 5_000.0, "water": 1_000.0, "adpe": 0.1, "primary_energy": 200.0}
"""More than this per kilowatt-hour is a wrong unit, not electricity."""

_Amount = Annotated[float, msgspec.Meta(ge=0)]
_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]


class _Source(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: _Words
    url: _Words
    unit: str
    scope: str
    year: Annotated[int, msgspec.Meta(ge=1950, le=2200)] | None = None
    licence: _Words
    retrieved: datetime.date
    note: str = ""


class _Triple(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    low: _Amount
    central: _Amount
    high: _Amount
    sources: Annotated[list[str], msgspec.Meta(min_length=1)] = msgspec.field(name="from")
    range: str = "declared"


class _Country(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    gwp: _Triple | None = None
    water: _Triple | None = None
    adpe: _Triple | None = None
    primary_energy: _Triple | None = None
    published: dict[str, Any] = {}


def read_set(text: str, name: str) -> FactorSet:
    """The set that ``text`` holds; ``name`` is the file's, for the messages. Raises SettingsError."""
    return _Reader(text, name).set()


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, name
        self._document = self._parsed()
        self._sources: dict[str, _Source] = {}

    def _parsed(self) -> dict[str, Any]:
        if len(self._text) > MOST_CHARACTERS:
            self._refuse("this is far too long for a set of factors", HOW_TO, line=1)
        try:
            return tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as wrong:
            told = _LINE.search(str(wrong))
            line = int(told[1]) if told else max(1, len(self._text.splitlines()))
            self._refuse(f"this is not TOML: {wrong}", f"Mend that line. {HOW_TO}", line=line)
        except (ValueError, RecursionError):  # a number of ten thousand digits, a thousand brackets
            self._refuse("this is not TOML that can be read", HOW_TO, line=1)

    def set(self) -> FactorSet:
        set_id, digest = self._document.get("set"), self._document.get("mixes_sha256", "")
        if not isinstance(set_id, str) or not _ID.fullmatch(set_id):
            remedy = 'Write set = "our-grid-2026", in small letters, figures and hyphens.'
            self._refuse(f"the id of the set, {set_id!r}, cannot be used", remedy, "set")
        if not isinstance(digest, str) or not re.fullmatch(r"([0-9a-f]{64})?", digest):
            self._refuse(
                "mixes_sha256 is no digest", "Copy that of a set of this version, or leave it out.", "mixes_sha256"
            )
        self._read_sources()
        codes = [key for key in self._document if key not in ("set", "mixes_sha256", "source")]
        countries = {code: self._country(code, set_id) for code in codes}
        if not countries:
            self._refuse("the set has no country", f"Add a table such as [FRA]. {HOW_TO}", line=1)
        return FactorSet(id=set_id, mixes_sha256=digest, countries=countries)

    def _read_sources(self) -> None:
        tables = self._document.get("source", {})
        if not isinstance(tables, dict):
            self._refuse("source is not a table", f"Write [source.NAME]. {HOW_TO}", "source")
        for key, table in tables.items():
            at = ("source", key)
            source = self._converted(table, _Source, *at)
            indicator = next((one for one, unit in UNITS.items() if unit == source.unit), None)
            if indicator is None:
                known = ", ".join(UNITS.values())
                self._refuse(f"unknown unit {source.unit!r}", f"Known: {known}. Convert the figures.", *at, "unit")
            if source.scope not in SCOPES[indicator]:
                known = ", ".join(SCOPES[indicator])
                self._refuse(f"unknown scope {source.scope!r}", f"For {source.unit}: {known}.", *at, "scope")
            self._sources[key] = source

    def _country(self, code: str, set_id: str) -> GridFactors:
        if code not in COUNTRIES:
            remedy = "Countries are ISO 3166 alpha-3 codes (FRA); other keys are set, mixes_sha256 and [source.NAME]."
            self._refuse(f"{code!r} is neither a country nor a key of a set", remedy, code)
        table = self._converted(self._document[code], _Country, code)
        triples = {one: getattr(table, one) for one in UNITS}
        if not any(triples.values()) and not table.published:
            self._refuse(f"{code} tells nothing", "Give it a factor with its source, or remove it.", code)
        return GridFactors(
            set_id=set_id,
            country=code,
            others=tuple(self._figure(code, key, value) for key, value in table.published.items()),
            **{one: self._factor(code, one, triple) for one, triple in triples.items() if triple},
        )

    def _factor(self, code: str, indicator: str, triple: _Triple) -> Factor:
        at = (code, indicator)
        for amount in (triple.low, triple.central, triple.high):
            self._plausible(amount, indicator, *at)
        if not triple.low <= triple.central <= triple.high:
            order = f"{triple.low:g}, {triple.central:g}, {triple.high:g} are not in order"
            self._refuse(order, "Write low <= central <= high.", *at)
        if triple.range not in RANGES:
            self._refuse(f"unknown range {triple.range!r}", f"Known: {', '.join(RANGES)}.", *at)
        sources = [self._source(key, indicator, *at) for key in triple.sources]
        for key, source in zip(triple.sources, sources, strict=True):
            if source.scope != sources[0].scope or (indicator == "gwp" and source.scope != "life cycle"):
                remedy = f"Compute with one scope alone ({SCOPES[indicator][0]}); show the others under published."
                self._refuse(f"the figure of {key!r} has the scope {source.scope!r}", remedy, *at)
        first = sources[0]
        return Factor(
            value=Interval(triple.low, triple.central, triple.high),
            unit=first.unit,
            scope=first.scope,
            source="; ".join(dict.fromkeys(one.name for one in sources)),
            url=first.url,
            year=first.year,
            licence="; ".join(dict.fromkeys(one.licence for one in sources)),
            retrieved=first.retrieved.isoformat(),
            note=RANGES[triple.range],
        )

    def _figure(self, code: str, key: str, written: Any) -> Factor:
        at = (code, "published", key)
        value: float = self._converted(written, _Amount, *at)
        self._plausible(value, "gwp", *at)
        source = self._source(key, "gwp", *at)
        return Factor(
            value=Interval(value, value, value),
            unit=source.unit,
            scope=source.scope,
            source=source.name,
            url=source.url,
            year=source.year,
            licence=source.licence,
            retrieved=source.retrieved.isoformat(),
            note=source.note,
        )

    def _source(self, key: str, indicator: str, *at: str) -> _Source:
        source = self._sources.get(key)
        if source is None:
            known = ", ".join(self._sources) or "none yet"
            self._refuse(f"no [source.{key}] says where the figure comes from", f"Sources here: {known}.", *at)
        if source.unit != UNITS[indicator]:
            self._refuse(f"{key!r} counts in {source.unit}", f"This is in {UNITS[indicator]}.", *at)
        return source

    def _plausible(self, amount: float, indicator: str, *at: str) -> None:
        if not 0 <= amount <= _PLAUSIBLE[indicator]:
            remedy = f"Figures are in {UNITS[indicator]}, not negative, at most {_PLAUSIBLE[indicator]:g}."
            self._refuse(f"{amount:g} {UNITS[indicator]} cannot be", remedy, *at)

    def _converted(self, value: Any, kind: Any, *at: str) -> Any:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as wrong:
            place, unknown = _PLACE.search(str(wrong)), _UNKNOWN.search(str(wrong))
            inside = [*_STEP.findall(place[1] if place else ""), *([unknown[1]] if unknown else [])]
            what = _PLACE.sub("", str(wrong))
            where = ".".join((*at, *inside))
            self._refuse(f"{where}: {what[:1].lower()}{what[1:]}{_found(value, inside)}", HOW_TO, *at, *inside)

    def _refuse(self, what: str, remedy: str, *at: str, line: int = 0) -> NoReturn:
        line = line or line_of(self._text, at)
        raise SettingsError(
            f"{self._name}, line {line}: {what}.", remedy=remedy, code="factor_file", file=self._name, line=line
        )


def _found(value: Any, path: Sequence[str]) -> str:
    """What stands there instead, when it is short enough to be told."""
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return ""
        value = value[step]
    told = repr(value)
    return f", found {told}" if len(told) <= 40 and not isinstance(value, dict) else ""


def line_of(text: str, path: Sequence[str]) -> int:
    """The line, from 1, where the value at ``path`` is written in a TOML text; that of its table if it is not there.

    ``tomllib`` does not tell: the line is the first that begins a text already holding the value.
    """
    lines = text.splitlines()
    for depth in range(len(path), 0, -1):
        for number, line in enumerate(lines, 1):
            if path[depth - 1] in line and _holds(lines, number, path[:depth]):
                return number
    return 1


def _holds(lines: list[str], number: int, path: Sequence[str]) -> bool:
    """Do the first ``number`` lines, or a few more if they end inside a value, hold something at ``path``?"""
    for end in range(number, min(number + 60, len(lines)) + 1):
        try:
            found: Any = tomllib.loads("\n".join(lines[:end]))
        except (ValueError, RecursionError):
            continue
        for step in path:
            if not isinstance(found, dict) or step not in found:
                return False
            found = found[step]
        return True
    return False
