"""One "fiche travail" made a Sheet. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from affouage.french.plain import squeeze
from affouage.sheets.labour.page import Anchor, read_page
from affouage.sheets.quantified import amounts_in, delays_in
from affouage.sheets.sheet import Block, Fact, Link, Sheet
from affouage.sheets.unreadable import Unreadable

_ONLY_LINKS = (
    *("a lire", "documents", "services en ligne", "textes de reference", "en savoir plus"),
    "pour aller plus loin",
)
"""Beginnings of titles of sections that lead elsewhere and say nothing themselves, leveled."""
_DAY = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)
_LAW = "https://www.legifrance.gouv.fr/"


class Article(msgspec.Struct):
    """``text``: as the section names it, "" where it is only within a range it names."""

    fmt: str = ""
    cid: str = ""
    text: str = ""


class Code(msgspec.Struct):
    name: str = ""
    articles: list[Article] = []


class Section(msgspec.Struct):
    """``references``: articles of codes, by the identifier of the code."""

    title: str = ""
    html: str = ""
    references: dict[str, Code] = {}


class Labour(msgspec.Struct, rename={"id": "pubId"}):
    """A sheet as the file writes it. ``date``: dd/mm/yyyy."""

    id: str
    title: str
    url: str = ""
    date: str = ""
    description: str = ""
    intro: str = ""
    sections: list[Section] = []


def read_labour(raw: Labour, by_url: Mapping[str, str]) -> Sheet:
    """``by_url``: ids of the sheets of the same file by their addresses. Raises Unreadable."""
    title = " ".join(raw.title.split())
    if not title:
        raise Unreadable("sheet_no_title")
    description = " ".join(raw.description.split())
    blocks: list[Block] = []
    anchors: list[Anchor] = []
    laws: list[Fact] = []
    for section in (Section(html=raw.intro), *raw.sections):
        heading = " ".join(section.title.split())
        path = () if not heading or squeeze(heading) == squeeze(title) else (heading,)
        page = read_page(section.html, path)
        anchors += page.anchors
        laws += _articles(section.references, path)
        if not squeeze(heading).startswith(_ONLY_LINKS):
            blocks += [one for one in page.blocks if not _repeats(one, description)]
    return Sheet(
        id=raw.id,
        title=title,
        description=description,
        url=raw.url,
        day=day_of(raw.date),
        kind="question" if title.endswith("?") else "information",
        blocks=tuple(blocks),
        facts=_facts(blocks, anchors, laws),
        related=_related(raw, anchors, by_url),
    )


def day_of(text: str) -> str | None:
    """``13/11/2025`` -> ``2025-11-13``; None for anything else, or a day that does not exist."""
    found = _DAY.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return date(int(found[3]), int(found[2]), int(found[1])).isoformat()
    except ValueError:
        return None


def _repeats(block: Block, description: str) -> bool:
    """The description is the introduction again, without its marks."""
    return not block.path and squeeze(block.text) in squeeze(description)


def _articles(references: Mapping[str, Code], path: tuple[str, ...]) -> Iterable[Fact]:
    for code in references.values():
        for article in code.articles:
            if code.name and article.text and article.cid:
                url = f"{_LAW}codes/article_lc/{article.cid}"
                yield Fact(
                    kind="law",
                    label=f"{code.name[:1].upper()}{code.name[1:]} : article {article.fmt}",
                    url=url,
                    path=path,
                )


def _facts(blocks: Iterable[Block], anchors: Iterable[Anchor], laws: Iterable[Fact]) -> tuple[Fact, ...]:
    found: dict[Fact, None] = {}
    for block in blocks:
        found.update(dict.fromkeys((*amounts_in(block.text, block.path), *delays_in(block.text, block.path))))
    for one in anchors:
        if one.url.startswith(_LAW):
            found[Fact(kind="law", label=one.text, url=one.url, path=one.path)] = None
        elif "formulaire" in one.url or re.search(r"\bcerfa\b", one.text, re.IGNORECASE):
            found[Fact(kind="form", label=one.text, url=one.url, path=one.path)] = None
    found.update(dict.fromkeys(laws))
    return tuple(found)


def _related(raw: Labour, anchors: Iterable[Anchor], by_url: Mapping[str, str]) -> tuple[Link, ...]:
    found: dict[str, Link] = {}
    for one in anchors:
        there = by_url.get(one.url.partition("#")[0].rstrip("/"), "")
        if there != raw.id and one.url != raw.url and not one.url.startswith(_LAW):
            found.setdefault(there or one.url, Link(title=one.text, sheet_id=there, url="" if there else one.url))
    return tuple(found.values())
