"""Dates in a text, French and English: ``1er janvier 2025``, ``03/04/2025``, ``en mars``, ``lundi``, ``2024``. Pure."""

from __future__ import annotations

import re

import msgspec

from affouage.french.plain import level


class Date(msgspec.Struct, frozen=True, kw_only=True):
    """What of a date is said; None for what is not. ``weekday``: 0 is Monday. ``text == source[start:end]``."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    start: int
    end: int
    text: str

    @property
    def key(self) -> tuple[int | None, int | None, int | None, int | None]:
        """Equal for dates that say the same."""
        return self.year, self.month, self.day, self.weekday


_MONTHS = {
    **{"janvier": 1, "fevrier": 2, "mars": 3, "avril": 4, "mai": 5, "juin": 6, "juillet": 7, "aout": 8},
    **{"septembre": 9, "octobre": 10, "novembre": 11, "decembre": 12},
    **{"january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8},
    **{"september": 9, "october": 10, "november": 11, "december": 12},
}
_WEEKDAYS = {
    **{"lundi": 0, "mardi": 1, "mercredi": 2, "jeudi": 3, "vendredi": 4, "samedi": 5, "dimanche": 6},
    **{"monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6},
}
_MONTH = "|".join(_MONTHS)
_SURE_MONTH = "|".join(one for one in _MONTHS if one not in ("may", "march"))
_YEAR = r"(?P<year>(?:19|20)\d{2})"
_WEEKDAY = "|".join(_WEEKDAYS)

_FORMS = tuple(
    re.compile(rf"(?<![\w.,/-]){form}(?![\w/]|[.,-]\d)")
    for form in (
        rf"(?:(?P<weekday>{_WEEKDAY})s?,? )?(?P<day>[0-3]?\d)(?: ?er|st|nd|rd|th)? (?:of )?(?P<month>{_MONTH}) {_YEAR}",
        rf"(?P<month>{_MONTH}) (?P<day>[0-3]?\d)(?:st|nd|rd|th)?,? {_YEAR}",
        r"(?P<day>[0-3]?\d)[/.](?P<month>[01]?\d)[/.](?P<year>(?:19|20)\d{2})",
        r"(?P<year>(?:19|20)\d{2})-(?P<month>[01]\d)-(?P<day>[0-3]\d)",
        rf"(?:(?P<weekday>{_WEEKDAY})s?,? )?(?P<day>[0-3]?\d)(?: ?er|st|nd|rd|th)? (?:of )?(?P<month>{_MONTH})",
        rf"premier (?P<month>{_MONTH})(?: {_YEAR})?",
        rf"(?P<month>{_SURE_MONTH}) {_YEAR}",
        rf"(?P<month>{_SURE_MONTH})",
        rf"(?P<weekday>{_WEEKDAY})s?",
        rf"{_YEAR}(?! ?(?:€|%|euros?\b|eur\b|habitants?\b|personnes?\b|heures?\b|jours?\b))",
    )
)


_HINT = re.compile(rf"\d|{_MONTH}|{_WEEKDAY}")


def dates(text: str) -> list[Date]:
    """Every date of ``text`` in order, the fullest reading first: ``3 mars 2025`` is one date.

    Impossible ones are none. A bare ``20xx`` is a year unless it counts something.
    """
    flat = level(text)
    found: list[Date] = []
    if not _HINT.search(flat):
        return found
    for form in _FORMS:
        for match in form.finditer(flat):
            if any(match.start() < one.end and one.start < match.end() for one in found):
                continue
            read = _read(match, text)
            if read is not None:
                found.append(read)
    return sorted(found, key=lambda one: one.start)


def _read(match: re.Match[str], text: str) -> Date | None:
    parts = match.groupdict()
    month = parts.get("month")
    day = int(parts["day"]) if parts.get("day") else 1 if match[0].startswith("premier") else None
    number = None if month is None else _MONTHS.get(month) or int(month)
    if (number is not None and not 1 <= number <= 12) or (day is not None and not 1 <= day <= 31):
        return None
    return Date(
        year=int(parts["year"]) if parts.get("year") else None,
        month=number,
        day=day,
        weekday=_WEEKDAYS[parts["weekday"]] if parts.get("weekday") else None,
        start=match.start(),
        end=match.end(),
        text=text[match.start() : match.end()],
    )
