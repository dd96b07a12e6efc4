"""One commons' pages: a page's dataclass in, HTML in the reader's language out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from affouage.asgi.commons import Commons
from affouage.asgi.guard import maybe_identity
from affouage.asgi.statuses import retry_after_of, status_of
from affouage.assembly.access import Identity
from affouage.assembly.member import Member, Role
from affouage.catalogue.openness import Say
from affouage.errors import AffouageError
from affouage.web import format as wording
from affouage.web import language as languages
from affouage.web import methods
from affouage.web.language import Language
from affouage.web.navigation import navigation
from affouage.web.notices import notice
from affouage.web.pages import Frame, Page
from affouage.web.static import static_url

ROOMS = (
    *("chat", "conversations", "receipts", "coupe", "compare", "models", "machines", "account", "members"),
    *("how-it-works", "sources", "commons", "reports", "moderation", "assembly"),
    *("explain", "sheets", "easy-read", "desk", "questions", "work", "blind", "training"),
    "first-steps",
)


_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?", re.ASCII)


class Site:
    """Renders the pages of one commons; None is a server that has no commons to show (an error before anything)."""

    def __init__(self, commons: Commons | None) -> None:
        self.commons = commons
        settings = commons.settings if commons else None
        self._name = settings.commons.name if settings else ""
        self._default_language = settings.commons.language if settings else "fr"
        self._zone = settings.commons.time_zone if settings else ""
        self.https = bool(settings and settings.server.public_url.startswith("https://"))

    # -- what the request says -----------------------------------------------------------------------------------

    def language(self, scope: Scope) -> Language:
        identity = maybe_identity(scope)
        code = languages.choose(
            asked=asked_language(scope),
            cookie=cookies_of(scope).get(languages.COOKIE),
            member=identity.member.language if identity else None,
            accept=header(scope, b"accept-language"),
            default=self._default_language,
        )
        return languages.language(code)

    def base_url(self, scope: Scope) -> str:
        """The address members type, without a slash at the end; unless the settings say it, as it was typed."""
        public = self.commons.settings.server.public_url if self.commons else ""
        host = header(scope, b"host")
        typed = f"{scope.get('scheme', 'http')}://{host if _HOST.fullmatch(host) else 'localhost'}"
        return (public or typed).rstrip("/")

    # -- answers -------------------------------------------------------------------------------------------------

    def render(self, scope: Scope, page: Page) -> str:
        language = self.language(scope)
        template = environment(language.code, self._zone).get_template(page.template)
        frame = self._frame(scope, language, maybe_identity(scope))
        html: str = template.render(page=page, frame=frame)
        return html

    def page(
        self, scope: Scope, page: Page, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> HTMLResponse:
        response = HTMLResponse(self.render(scope, page), status, {**self.page_headers(scope), **(headers or {})})
        self.remember_language(scope, response)
        return response

    def refusal(self, scope: Scope, page: Page, no: AffouageError) -> HTMLResponse:
        """``page`` says what ``no`` refused: with its status, and when to come back for what passes."""
        wait_s = retry_after_of(no)
        headers = {"retry-after": str(wait_s)} if wait_s else {}
        return self.page(scope, page, status=status_of(no), headers=headers)

    def page_headers(self, scope: Scope) -> dict[str, str]:
        """Pages hold what is a member's own, or a form: no cache keeps them."""
        return {"cache-control": "no-store", "content-language": self.language(scope).code}

    def remember_language(self, scope: Scope, response: Response) -> None:
        asked = asked_language(scope)
        if asked in languages.LANGUAGES:
            self.set_language_cookie(response, asked)

    def set_language_cookie(self, response: Response, code: str) -> None:
        response.set_cookie(
            languages.COOKIE,
            code,
            max_age=languages.COOKIE_MAX_AGE_S,
            httponly=True,
            samesite="lax",
            secure=self.https,
        )

    def _frame(self, scope: Scope, language: Language, identity: Identity | None) -> Frame:
        path = scope.get("path", "/")
        other = next(code for code in languages.LANGUAGES if code != language.code)
        readable = scope.get("method") in ("GET", "HEAD")
        role = identity.member.role if identity else Role.MEMBER
        first = path.strip("/").partition("/")[0]
        room, to_vote = first if first in ROOMS else "", scope.get("affouage.to_vote", 0)
        return Frame(
            language=language.code,
            commons_name=self._name,
            member_name=identity.member.name if identity else None,
            steward=identity is not None and role.at_least(Role.STEWARD),
            operator=identity is not None and role.at_least(Role.OPERATOR),
            to_vote=to_vote,
            csrf=scope.get("affouage.csrf", ""),
            room=room,
            other_language=f"?lang={other}" if readable else None,
            navigation=navigation(room, self._mandates(identity.member), to_vote, language) if identity else None,
        )

    def _mandates(self, member: Member) -> frozenset[str]:
        """Those that open a page."""
        held = {role.value for role in (Role.STEWARD, Role.OPERATOR) if member.role.at_least(role)}
        if self.commons is not None:
            held |= {"desk"} if self.commons.desk.at_desk(member) else set()
            held |= {"moderator"} if self.commons.reports.moderates(member) else set()
        return frozenset(held)


def see_other(path: str) -> RedirectResponse:
    """Go and read that page now (after a post)."""
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


def header(scope: Scope, name: bytes) -> str:
    """The first header of that name, empty when there is none."""
    value: bytes = next((value for key, value in scope.get("headers", ()) if key == name), b"")
    return value.decode("latin-1")


def cookies_of(scope: Scope) -> dict[str, str]:
    cookies: dict[str, str] = cookie_parser(header(scope, b"cookie"))
    return cookies


def query_of(scope: Scope, name: str) -> str:
    """The first value of a query parameter, empty when there is none."""
    text = scope.get("query_string", b"").decode("latin-1")
    values: list[str] = parse_qs(text).get(name) or [""]
    return values[0]


def asked_language(scope: Scope) -> str | None:
    return query_of(scope, "lang") or None


def local_path(text: str) -> str:
    """``text`` when it is a path of this server (with its query), else empty: nobody is sent elsewhere. Pure."""
    if not text.startswith("/") or text.startswith(("//", "/\\")) or len(text) > 2000:
        return ""
    if any(ord(one) < 0x21 or one == "\\" or ord(one) == 0x7F for one in text):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return "" if parts.scheme or parts.netloc else text


@cache
def environment(code: str, zone: str = "") -> Environment:
    """The templates in one language, compiled once. ``zone``: of the hours told; empty: this machine's own."""
    language = languages.language(code)
    made = Environment(
        loader=PackageLoader("affouage.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(language.gettext, language.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        _words(language, ZoneInfo(zone) if zone else None), static=static_url, language_names=languages.NAMES
    )
    made.filters["typeset"] = language.typeset
    return made


def _words(language: Language, zone: ZoneInfo | None) -> dict[str, Any]:
    """The functions of ``format``, speaking this language."""
    return {
        "number": partial(wording.whole, language=language),
        "figures": partial(wording.figures, language=language),
        "energy": partial(wording.energy, language=language),
        "mass": partial(wording.mass, language=language),
        "duration": partial(wording.duration, language=language),
        "volume": partial(wording.volume, language=language),
        "joules": partial(wording.joules, language=language),
        "euros": partial(wording.euros, language=language),
        "ratio": partial(wording.ratio, language=language),
        "exact_energy": partial(wording.exact_energy, language=language),
        "unit": partial(wording.unit, language=language),
        "scope_name": lambda name: language.gettext(wording.SCOPES.get(name) or name),
        "use_name": lambda name: language.gettext(wording.USES.get(name) or name),
        "percent": partial(wording.percent, language=language),
        "part_of": wording.part_of,
        "method": partial(methods.sentence, language=language),
        "told": partial(notice, language=language),
        "date_words": partial(wording.date_words, language=language),
        "size": partial(wording.size, language=language),
        "day": partial(_time, wording.day, language, zone),
        "moment": partial(_time, wording.moment, language, zone),
        "quality": lambda name: language.gettext(wording.QUALITIES[name]),
    }


def _time(write: Any, language: Language, zone: ZoneInfo | None, time_ms: int) -> Markup:
    written = write(time_ms, language, zone)
    return Markup('<time datetime="{}">{}</time>').format(wording.machine_time(time_ms, zone), written)


def say(sentence: Say, language: Language) -> str:
    """A sentence of a card in the page's language, typeset."""
    return language.typeset(sentence.in_language(language.code))
