"""What sites reserve: robots.txt (RFC 9309), X-Robots-Tag, TDM reservations (tdmrep), content signals. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from urllib.parse import urlsplit

import msgspec

_MOST_RULES = 10_000
_MOST_LINE = 2_000


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    agents: frozenset[str]
    noai: frozenset[str]
    noindex: frozenset[str]


@cache
def words() -> Words:
    text = resources.files("affouage.training.corpus").joinpath("reservations.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Words)


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What one host reserves. ``groups``: for each group that concerns us, its (allow, path) rules; ``trains``: False
    when a content signal says that nothing is for training; ``tdm``: (path, reserved) of tdmrep.json."""

    host: str
    groups: tuple[tuple[tuple[bool, str], ...], ...] = ()
    trains: bool = True
    tdm: tuple[tuple[str, bool], ...] = ()

    def reserves(self, url: str) -> str:
        """``robots`` or ``tdm_reservation``; "" when the page is free."""
        path = _path(url)
        if not self.trains or any(_closed(group, path) for group in self.groups):
            return "robots"
        found = [(len(pattern), reserved) for pattern, reserved in self.tdm if _matches(pattern, path)]
        return "tdm_reservation" if found and max(found)[1] else ""


def host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def read_robots(host: str, text: str) -> Site:
    """The groups of a robots.txt that are for everybody or for those who train models."""
    groups: list[tuple[tuple[bool, str], ...]] = []
    trains = True
    agents: list[str] = []
    rules: list[tuple[bool, str]] = []
    begun = False  # a rule was read since the last user-agent line
    for line in text.splitlines()[:_MOST_RULES]:
        key, _, value = line[:_MOST_LINE].partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if key == "user-agent":
            if begun:
                groups += [tuple(rules)] if _concern(agents) else []
                agents, rules, begun = [], [], False
            agents.append(value.lower().partition("/")[0])
        elif key in ("allow", "disallow"):
            begun = True
            if value:
                rules.append((key == "allow", value))
        elif key in ("content-signal", "content-usage"):
            begun = True
            trains = trains and not ((_concern(agents) or not agents) and _forbids_training(value))
    groups += [tuple(rules)] if _concern(agents) else []
    return Site(host=host, groups=tuple(group for group in groups if group), trains=trains)


def _concern(agents: Iterable[str]) -> bool:
    return any(one == "*" or one in words().agents for one in agents)


def _closed(group: tuple[tuple[bool, str], ...], path: str) -> bool:
    """By the longest rule that matches; of two as long, the one that allows (RFC 9309)."""
    found = [(len(pattern), allows) for allows, pattern in group if _matches(pattern, path)]
    return bool(found) and not max(found)[1]


def _matches(pattern: str, path: str) -> bool:
    """``*`` is any text, ``$`` at the end means the end. Linear in the path: no expression is compiled."""
    ends = pattern.endswith("$")
    pieces = pattern.removesuffix("$").split("*")
    if not path.startswith(pieces[0]):
        return False
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    if len(pieces) == 1:
        return not ends or at == len(path)
    last = pieces[-1]
    if ends:
        return len(path) - len(last) >= at and path.endswith(last)
    return path.find(last, at) >= 0


def read_tdmrep(host: str, content: bytes) -> Site:
    """A site's ``/.well-known/tdmrep.json``; what is not in its form reserves nothing."""
    try:
        entries = msgspec.json.decode(content[:1_000_000], type=list[dict[str, object]])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Site(host=host)
    found = [
        (str(one.get("location", "")), one.get("tdm-reservation") in (1, "1", True))
        for one in entries[:_MOST_RULES]
        if one.get("location")
    ]
    return Site(host=host, tdm=tuple(found))


def together(sites: Iterable[Site]) -> dict[str, tuple[Site, ...]]:
    """By host, each once: what was said on any day counts."""
    found: dict[str, dict[Site, None]] = {}
    for one in sites:
        found.setdefault(one.host, {})[one] = None
    return {host: tuple(said) for host, said in found.items()}


_TRAIN = re.compile(r"\b(?:ai-train|train-ai|train-genai)\s*=\s*(\w+)", re.IGNORECASE)


def _forbids_training(value: str) -> bool:
    return any(said.lower() in ("n", "no") for said in _TRAIN.findall(value))


def of_headers(headers: Mapping[str, str]) -> str:
    """What the HTTP headers (names in lower case) reserve: noai, noindex, tdm_reservation; "" for nothing."""
    if headers.get("tdm-reservation", "").strip() == "1":
        return "tdm_reservation"
    if _forbids_training(headers.get("content-usage", "")):
        return "noai"
    return _of_directives(headers.get("x-robots-tag", ""))


def _of_directives(value: str) -> str:
    """``googlebot: noindex, noai`` -> ``noai``. A word for one robot alone counts for those who train only."""
    said: set[str] = set()
    agent = "*"
    for piece in value.lower().replace(";", ",").split(","):
        name, colon, word = piece.rpartition(":")
        if " " in name.strip():  # unavailable_after: 25 Jun 2030 15:00:00
            continue
        agent = name.strip() if colon else agent
        if agent == "*" or agent in words().agents:
            said.add(word.strip())
    if said & words().noai:
        return "noai"
    return "noindex" if said & words().noindex else ""


_META = re.compile(rb"<meta\b[^>]{0,400}>", re.IGNORECASE)
_NAME = re.compile(rb"\bname\s*=\s*[\"']?\s*([\w-]{1,60})", re.IGNORECASE)
_CONTENT = re.compile(rb"\bcontent\s*=\s*(?:\"([^\"]{0,300})\"|'([^']{0,300})'|([^\s>]{1,300}))", re.IGNORECASE)
_HEAD_BYTES = 100_000


def of_page(page: bytes) -> str:
    """What the ``<meta>`` elements at the head of a page reserve."""
    found = ""
    for element in _META.findall(page, 0, _HEAD_BYTES):
        name, content = _NAME.search(element), _CONTENT.search(element)
        if name is None or content is None:
            continue
        called = name[1].decode("ascii", "replace").lower()
        value = next(one for one in content.groups() if one is not None).decode("ascii", "replace")
        if called == "tdm-reservation" and value.strip() == "1":
            return "tdm_reservation"
        if called == "robots" or called in words().agents:
            said = _of_directives(value)
            if said == "noai":
                return said
            found = found or said
    return found
