"""Which language a page speaks, and its words. English is the language of the source texts; others are ``.po`` files.

The catalogues are read as text when the server starts: nothing compiled is committed, a translator's file is enough.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import chain

LANGUAGES = ("fr", "en")
NAMES = {"fr": "Français", "en": "English"}
COOKIE = "affouage_lang"
COOKIE_MAX_AGE_S = 365 * 24 * 3600

NARROW_SPACE = "\u202f"
_BEFORE_MARK = re.compile(r"[ \u00a0]([;:?!»]|%(?!\())")
_AFTER_QUOTE = re.compile(r"«[ \u00a0]")


@dataclass(frozen=True)
class Language:
    """One language: its code and how it says a source text. ``gettext`` and ``ngettext`` as in the standard library."""

    code: str
    gettext: Callable[[str], str] = field(repr=False)
    ngettext: Callable[[str, str, int], str] = field(repr=False)

    def typeset(self, text: str) -> str:
        """``text``, written in this language, with the spaces its typography wants."""
        return french(text) if self.code == "fr" else text


def french(text: str) -> str:
    """Narrow no-break spaces before ``; : ? ! » %`` and after ``«`` where the text has a plain one. Idempotent."""
    return _AFTER_QUOTE.sub(f"«{NARROW_SPACE}", _BEFORE_MARK.sub(rf"{NARROW_SPACE}\1", text))


@cache
def language(code: str, package: str = "affouage.web") -> Language:
    """The language of that code; English for one that has no catalogue.

    ``package``: whose words; what another package's catalogue has not is looked for in the pages'.
    """
    files = [
        resources.files(one).joinpath(f"translations/{code}.po") for one in dict.fromkeys(("affouage.web", package))
    ]
    if code == "en" or not all(file.is_file() for file in files):
        return Language("en", lambda text: text, lambda one, many, count: one if count == 1 else many)
    from babel.messages.pofile import read_po

    catalogues = []
    for file in files:
        with file.open("rb") as stream:
            catalogues.append(read_po(stream, locale=code))
    typeset = french if code == "fr" else str
    singles: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for message in chain.from_iterable(catalogues):
        if not message.id or message.fuzzy:
            continue
        if isinstance(message.id, (list, tuple)):
            plurals[message.id[0]] = tuple(typeset(form or "") for form in message.string or ())
        elif message.string:
            singles[message.id] = typeset(str(message.string))
    form_of = gettext.c2py(catalogues[0].plural_expr)  # the standard library's own reader of plural rules

    def say(text: str) -> str:
        return singles.get(text, text)

    def say_number(one: str, many: str, count: int) -> str:
        forms = plurals.get(one)
        place = form_of(count)
        if not forms or place >= len(forms) or not forms[place]:
            return one if count == 1 else many
        return forms[place]

    return Language(code, say, say_number)


def choose(
    *,
    asked: str | None,
    cookie: str | None,
    member: str | None,
    accept: str,
    default: str,
    known: tuple[str, ...] = LANGUAGES,
) -> str:
    """The page's language: what was asked for, else the browser's cookie, the member's, the browser's, the commons'.

    English wins by ``Accept-Language`` only when it is preferred over French. Pure.
    """
    for wish in (asked, cookie, member):
        if wish in known:
            return wish
    wanted = qualities(accept)
    english, french_ = wanted.get("en", 0.0), wanted.get("fr", 0.0)
    if english > french_:
        return "en"
    if french_ > 0:
        return "fr"
    return default if default in known else "fr"


def qualities(accept: str) -> dict[str, float]:
    """``fr-CH, en;q=0.5`` -> ``{"fr": 1.0, "en": 0.5}``: the best quality per primary tag. What is garbled counts 0."""
    found: dict[str, float] = {}
    for part in accept[:1000].split(","):
        tag, _, rest = part.partition(";")
        primary = tag.strip().partition("-")[0].lower()
        match = re.fullmatch(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", rest)
        quality = 1.0 if not rest else float(match[1]) if match else 0.0
        if primary:
            found[primary] = max(found.get(primary, 0.0), quality)
    return found


def N_(text: str) -> str:  # the name extractors know
    """Marks a text to be translated later, where it is shown."""
    return text
