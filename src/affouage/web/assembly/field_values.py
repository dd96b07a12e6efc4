"""A field's value: written for a form, read back from it, told in words. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import time
from typing import Any

from affouage.assembly.area import Field
from affouage.web import format as wording
from affouage.web.assembly import words as assembly_words
from affouage.web.assembly.field_words import FieldWords
from affouage.web.language import N_, Language

FRACTIONS = ("1/2", "3/5", "2/3", "3/4", "4/5", "1/1")
_PARTS = {"d": 24 * 60, "h": 60, "m": 1}
_PART_WORDS = {"d": N_("days"), "h": N_("hours"), "m": N_("minutes")}
_TEXT_MOST = 20_000


# -- writing ------------------------------------------------------------------------------------------------------


def written(one: Field, value: Any, language: Language) -> tuple[str, str]:
    """A value as the form shows it: (text, part of the day for minutes)."""
    if value is None:
        return "", "d" if one.kind == "minutes" else ""
    match one.kind:
        case "minutes":
            part = next((name for name, span in _PARTS.items() if value and value % span == 0), "d")
            return str(value // _PARTS[part]), part
        case "number":
            return wording.figures(float(value), language, digits=9).replace("\u202f", "").replace("\u00a0", ""), ""
        case "flag":
            return ("1" if value else ""), ""
        case "present":
            return ", ".join(name for name, there in value.items() if there), ""
        case _:
            return str(value), ""


def unit_words(one: Field, words: FieldWords) -> str:
    """Of the number; minutes have their own list beside them."""
    return "" if one.kind == "minutes" else words.unit(one.unit)


def options_of(one: Field, value: Any, words: FieldWords, area: str, language: Language) -> tuple[tuple[str, str], ...]:
    """What may be chosen, with its words."""
    if one.kind == "choice":
        return tuple((code, words.option(area, one.path, code)) for code in one.choices)
    if one.kind == "fraction":
        known = dict.fromkeys([*FRACTIONS, str(value)]) if value else dict.fromkeys(FRACTIONS)
        return tuple((code, assembly_words.share_name(code, language)) for code in known)
    if one.kind == "minutes":
        return tuple((name, language.gettext(word)) for name, word in _PART_WORDS.items())
    return ()


def bounds_words(one: Field, told: str, language: Language) -> str:
    """The help of a field with its bounds."""
    _ = language.gettext
    least, most = one.least, one.most
    if one.kind in ("whole", "percent") and least is not None and most is not None:
        bounds = _("From {least} to {most}.").format(
            least=wording.whole(int(least), language), most=wording.whole(int(most), language)
        )
    elif one.kind == "minutes" and most is not None:
        bounds = _("At most {delay}.").format(delay=assembly_words.delay(int(most), language))
    elif one.kind in ("text", "long_text") and most is not None:
        bounds = _("At most {count} characters.").format(count=wording.whole(int(most), language))
    elif one.kind == "present":
        bounds = _("Names with commas between.")
    else:
        bounds = ""
    return " ".join(part for part in (told, bounds) if part)


# -- reading ------------------------------------------------------------------------------------------------------


def read(one: Field, text: str, part: str, language: Language) -> tuple[Any, str]:
    """(value, "") or (None, what is wrong and what would do)."""
    _ = language.gettext
    match one.kind:
        case "whole" | "percent" | "minutes":
            return _whole(one, text, part, language)
        case "number":
            number = plain_number(text)
            if number is None or not _within(one, number):
                return None, _("Give a number above zero, for instance 2.5.")
            return number, ""
        case "time":
            return _time(text, language)
        case "choice":
            return (text, "") if text in one.choices else (None, _("Choose one of these."))
        case "fraction":
            return (text, "") if re.fullmatch(r"\d{1,3}/\d{1,3}", text, re.ASCII) else (None, _("Choose one of these."))
        case "flag":
            return bool(text), ""
        case "present":
            names = [name.strip() for name in text.split(",")]
            return dict.fromkeys((name for name in names if name), True), ""
        case _:
            return _text(one, text, language)


def _whole(one: Field, text: str, part: str, language: Language) -> tuple[Any, str]:
    _ = language.gettext
    number = plain_number(text)
    if one.kind == "minutes" and number is not None:
        number *= _PARTS.get(part, _PARTS["d"])
    if number is not None and number == int(number) and _within(one, number):
        return int(number), ""
    if one.kind == "minutes":
        return None, _("Give a number of days, hours or minutes: at most {delay} in all.").format(
            delay=assembly_words.delay(int(one.most or 0), language)
        )
    least, most = (wording.whole(int(bound), language) for bound in (one.least or 0, one.most or 0))
    return None, _("Give a whole number from {least} to {most}.").format(least=least, most=most)


def _within(one: Field, number: float) -> bool:
    return (one.least is None or number >= one.least) and (one.most is None or number <= one.most)


def _time(text: str, language: Language) -> tuple[Any, str]:
    typed = text.strip().lower().replace("h", ":")
    if not typed:
        return "", ""
    try:
        hour, _, minute = typed.partition(":")
        return f"{time(int(hour), int(minute or 0)):%H:%M}", ""
    except ValueError:
        return None, language.gettext("Write a time of day as 23:00, or leave it empty.")


def _text(one: Field, text: str, language: Language) -> tuple[Any, str]:
    clean = unicodedata.normalize("NFC", text[:_TEXT_MOST]).strip()
    if one.kind == "text":
        clean = " ".join(clean.split())
    if one.most is not None and len(clean) > one.most:
        told = language.gettext("{count} characters are too many: at most {most}.")
        return None, told.format(count=wording.whole(len(clean), language), most=wording.whole(int(one.most), language))
    if one.least is not None and len(clean) < one.least:
        told = language.gettext("Write at least {least} characters.")
        return None, told.format(least=wording.whole(int(one.least), language))
    return clean, ""


def plain_number(text: str) -> float | None:
    """As people write it: ``45``, ``45,5``, ``50 %``, ``1 000``. None for anything else."""
    plain = re.sub(r"[\s\u00a0\u202f%]", "", text).replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def slug(text: str, one: Field) -> str:
    """A name as people type it (``Atelier d’écriture``), as rules write it; one of a list, or a model's, as it is."""
    if one.names or one.kind == "present":
        return text.strip()
    return plain_slug(text)


def plain_slug(text: str) -> str:
    """Small letters, digits, ``-`` and ``_``, as names in rules are written."""
    plain = unicodedata.normalize("NFKD", text.strip().lower())
    letters = "".join(one for one in plain if unicodedata.category(one) != "Mn")
    return re.sub(r"[^a-z0-9_-]+", "-", letters).strip("-")[:40]


# -- words --------------------------------------------------------------------------------------------------------


def words_of(one: Field, value: Any, words: FieldWords, area: str, language: Language) -> str:
    """A value for reading."""
    _ = language.gettext
    if value is None or value == "":
        return words.option(area, one.path, "") if one.kind == "choice" and "" in one.choices else _("nothing")
    match one.kind:
        case "minutes":
            return assembly_words.delay(int(value), language)
        case "percent":
            return wording.percent(value / 100, language) if value >= 0 else _("none")
        case "whole":
            unit = unit_words(one, words)
            return f"{wording.whole(int(value), language)}{wording.NO_BREAK}{unit}".strip()
        case "number":
            return wording.figures(float(value), language, digits=6)
        case "flag":
            return _("yes") if value else _("no")
        case "choice":
            return words.option(area, one.path, str(value))
        case "fraction":
            return assembly_words.share_name(str(value), language)
        case "present":
            return _present_words(value, language)
        case _:
            return str(value)


def _present_words(value: Any, language: Language) -> str:
    if isinstance(value, Mapping):
        return ", ".join(name for name, there in value.items() if there) or language.gettext("nothing")
    return language.gettext("yes") if value else language.gettext("no")
