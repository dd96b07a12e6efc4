"""Where one can go: a few sections in a row, and under them the pages of the section one is in. Pure.

Two short rows rather than one long one, or menus that open over the page: nothing is hidden from whoever has no mouse,
no script, or a narrow window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from affouage.web.language import N_, Language

Current = Literal["", "page", "true"]
"""As ``aria-current`` says it: this very page, or the section it is in."""


@dataclass(frozen=True)
class Link:
    """``count``: what waits there, 0 for nothing."""

    href: str
    words: str
    current: Current = ""
    count: int = 0


@dataclass(frozen=True)
class Navigation:
    """``inside``: the pages of the section one is in, named ``section``; empty where it has one page only."""

    sections: tuple[Link, ...]
    section: str = ""
    inside: tuple[Link, ...] = ()


@dataclass(frozen=True)
class _Room:
    """``also``: other first parts of addresses that belong to this page."""

    name: str
    words: str
    also: tuple[str, ...] = ()
    for_whom: str = ""


@dataclass(frozen=True)
class _Section:
    words: str
    rooms: tuple[_Room, ...]


_SECTIONS = (
    _Section(
        N_("Ask"),
        (
            _Room("chat", N_("Ask a question")),
            _Room("explain", N_("Explain"), ("sheets",)),
            _Room("easy-read", N_("Easy to read")),
            _Room("blind", N_("Compare two models")),
        ),
    ),
    _Section(N_("The assembly"), (_Room("assembly", N_("The assembly")),)),
    _Section(
        N_("The commons"),
        (
            _Room("coupe", N_("La coupe"), ("compare",)),
            _Room("models", N_("Models"), ("training",)),
            _Room("machines", N_("Machines")),
            _Room("work", N_("The work")),
            _Room("members", N_("Members"), for_whom="steward"),
            _Room("first-steps", N_("First steps"), for_whom="operator"),
        ),
    ),
    _Section(N_("Desk"), (_Room("desk", N_("Desk"), for_whom="desk"),)),
    _Section(N_("Moderation"), (_Room("moderation", N_("Moderation"), for_whom="moderator"),)),
    _Section(
        N_("My account"),
        (
            _Room("account", N_("My account"), ("reports",)),
            _Room("conversations", N_("Conversations")),
            _Room("receipts", N_("Receipts")),
        ),
    ),
)


def navigation(room: str, mandates: frozenset[str], to_vote: int, language: Language) -> Navigation:
    """``room``: first part of the address; ``mandates``: those of steward, operator, desk, moderator that one has."""
    sections: list[Link] = []
    section, inside = "", tuple[Link, ...]()
    for one in _SECTIONS:
        rooms = [known for known in one.rooms if not known.for_whom or known.for_whom in mandates]
        if not rooms:
            continue
        links = tuple(_link(known, room, language) for known in rooms)
        here = next((link.current for link in links if link.current), "")
        first: Current = links[0].current or ("true" if here else "")
        waiting = to_vote if rooms[0].name == "assembly" else 0
        sections.append(Link(links[0].href, language.gettext(one.words), first, waiting))
        if here and len(links) > 1:
            section, inside = language.gettext(one.words), links
    return Navigation(tuple(sections), section, inside)


def _link(known: _Room, room: str, language: Language) -> Link:
    current: Current = "page" if room == known.name else "true" if room in known.also else ""
    return Link(f"/{known.name}", language.gettext(known.words), current)
