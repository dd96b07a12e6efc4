"""A browser without scripts, as far as HTTP goes: cookies, forms with their hidden fields, streamed answers."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from affouage.assembly.member import Member, Role
from affouage.testing import LiveCommons

PASSWORD = "quatre mots sans lien"
HERE = {"sec-fetch-site": "same-origin"}


@dataclass
class Form:
    """One form of a page: where it goes and what it already holds."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, **values: str) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.fields if name not in values] + list(values.items())


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", "")))
        elif (
            tag == "input"
            and given.get("name")
            and (given.get("type") not in ("checkbox", "radio") or "checked" in given)
        ):
            self.found[-1].fields.append((given["name"], given.get("value", "")))
        elif tag == "option" and "selected" in given:
            self.found[-1].fields.append(("model", given["value"]))


def forms(page: str) -> list[Form]:
    parser = _Forms()
    parser.feed(page)
    return parser.found


def form_to(page: str, action: str) -> Form:
    """The form with that address, else the first whose address starts so."""
    found = forms(page)
    exact = (form for form in found if form.action == action)
    return next(exact, None) or next(form for form in found if form.action.startswith(action))


def words(page: str) -> str:
    """What a reader sees, roughly: no tags, entities read, spaces single."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


class Visitor:
    """One browser at one commons."""

    def __init__(self, live: LiveCommons, language: str = "fr") -> None:
        self.live = live
        self.client = httpx.Client(
            base_url=live.url, headers={**HERE, "accept-language": language}, timeout=30, trust_env=False
        )

    def join(self, name: str, role: Role = Role.MEMBER, language: str = "fr") -> Member:
        """Come in by a link, as a person would."""
        link = self.live.run(self.live.commons.accounts.invite(role, None))
        answer = self.post(link.path, name=name, password=PASSWORD, again=PASSWORD, language=language)
        assert answer.status_code == 303, words(answer.text)
        return self.live.run(self.live.commons.accounts.find(name))

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path)

    def post(self, path: str, /, **values: str) -> httpx.Response:
        """Post without reading a page first (public forms)."""
        return self.client.post(path, data=values)

    def submit(self, page: str, action: str, /, *, to: str | None = None, **values: str) -> httpx.Response:
        """Fill in the form of ``page`` that goes to ``action`` and send it."""
        form = form_to(page, action)
        return self.client.post(
            to or form.action.partition("#")[0], content=encoded(form.filled(**values)), headers=FORM
        )

    def ask(self, question: str, page: str | None = None, /, **values: str) -> httpx.Response:
        return self.submit(page or self.get("/chat").text, "/chat#", question=question, **values)

    @contextlib.contextmanager
    def asking(self, question: str, page: str | None = None, /, **values: str) -> Iterator[Iterator[str]]:
        """The same, giving the pieces of the answer as they arrive."""
        form = form_to(page or self.get("/chat").text, "/chat#")
        content = encoded(form.filled(question=question, **values))
        with self.client.stream("POST", "/chat", content=content, headers=FORM) as answer:
            assert answer.status_code == 200
            yield answer.iter_text()


FORM = {"content-type": "application/x-www-form-urlencoded"}


def encoded(fields: list[tuple[str, str]]) -> bytes:
    """As browsers write it: line ends are CR LF."""
    from urllib.parse import urlencode

    return urlencode([(name, value.replace("\n", "\r\n")) for name, value in fields]).encode()


def exact_text(page: str) -> str:
    """The exact text a page shows, to the letter."""
    found = re.search(r'<details class="exact">.*?<pre[^>]*>\n(.*?)</pre>', page, re.DOTALL)
    assert found, words(page)
    return html.unescape(found[1])


def receipt_id(page: str) -> str:
    """The number of the last receipt a page links to."""
    return re.findall(r'href="/receipts/(rcp_[0-9a-f]+)"', page)[-1]
