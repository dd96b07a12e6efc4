"""Which language the command line speaks to people: French first, English beside it. ``--json`` and ``--help`` never.

Babel is loaded for French words, and for figures; nothing of it for an English sentence.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from affouage import settings as settings_of
from affouage.errors import AffouageError
from affouage.web.language import LANGUAGES, Language, language

_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order POSIX reads them: the first that is set decides."""


def spoken(environ: Mapping[str, str] | None = None) -> Language:
    """The language of this command: what the environment asks for, else the commons' own, else French."""
    environ = os.environ if environ is None else environ
    return language(wished(environ) or _of_the_commons(environ), "affouage.cli")


def wished(environ: Mapping[str, str]) -> str | None:
    """``fr`` or ``en`` when AFFOUAGE_LANG or the locale asks for it; None for C, POSIX, another one, or none. Pure."""
    own = _primary(environ.get("AFFOUAGE_LANG", ""))
    if own in LANGUAGES:
        return own
    locale = _primary(next((environ[name] for name in _LOCALE if environ.get(name)), ""))
    return locale if locale in LANGUAGES else None


def _primary(locale: str) -> str:
    """``fr_CH.UTF-8@euro`` -> ``fr``."""
    for end in (".", "@", "_", "-"):
        locale = locale.partition(end)[0]
    return locale.strip().lower()


def zone_here() -> ZoneInfo | None:
    """The time zone hours are told in, as on the pages; None: this machine's own, also when settings are wrong."""
    try:
        name = settings_of.read().commons.time_zone
        return ZoneInfo(name) if name else None
    except (AffouageError, OSError, RuntimeError, ValueError, LookupError):  # said by whoever needs them
        return None


def _of_the_commons(environ: Mapping[str, str]) -> str:
    try:
        return settings_of.read(environ).commons.language
    except (AffouageError, OSError, RuntimeError):  # what is wrong with them is said by whoever needs them
        return "fr"
