"""One question of the labour ministry with its answers made a Sheet: the law's, then each agreement's. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from affouage.sheets.quantified import amounts_in, delays_in
from affouage.sheets.sheet import Block, Fact, Link, Sheet
from affouage.sheets.unreadable import Unreadable

_TAB = re.compile(r'<Tab\s+title="([^"]*)"\s*>|</Tab>')
_LEADS_TO = re.compile(r'<Content\s+href="(https?://[^"]+)"')
_MARK = re.compile(r"</?(?:HDN|Content|Tab)\b[^>]*>|<br\s*/?>")
_MARKDOWN = MarkdownIt("commonmark", {"maxNesting": 50})
_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^\s)]+)\)")


class Agreement(msgspec.Struct, rename="camel"):
    short_title: str = ""
    url: str | None = None


class Reference(msgspec.Struct):
    title: str | None = None
    url: str | None = None
    agreement: Agreement | None = None


class Answer(msgspec.Struct):
    """``idcc``: number of the collective agreement it holds for, "" for the law's."""

    markdown: str = ""
    description: str = ""
    idcc: str = ""
    references: list[Reference] = []


class Answers(msgspec.Struct):
    generic: Answer
    conventions: list[Answer] = []


class Contribution(msgspec.Struct):
    id: str
    title: str
    answers: Answers


def read_contribution(raw: Contribution, names: dict[str, str]) -> Sheet:
    """``names``: of collective agreements by their number, as the file tells them somewhere. Raises Unreadable."""
    title = " ".join(raw.title.split())
    if not title:
        raise Unreadable("sheet_no_title")
    blocks = list(_blocks(raw.answers.generic.markdown, ()))
    for answer in raw.answers.conventions:
        number = answer.idcc.lstrip("0")
        blocks += _blocks(answer.markdown, (_agreement(names.get(number, ""), number),))
    return Sheet(
        id=f"contribution-{raw.id}",
        title=title,
        description=" ".join(raw.answers.generic.description.split()).strip("…"),
        kind="question" if blocks else "links",
        blocks=tuple(blocks),
        facts=tuple(dict.fromkeys(_facts(raw, blocks))),
        related=tuple(Link(title=url, url=url) for url in _LEADS_TO.findall(raw.answers.generic.markdown)),
    )


def names_of(contributions: Iterable[Contribution]) -> dict[str, str]:
    """Short names of collective agreements, by number."""
    found: dict[str, str] = {}
    for one in contributions:
        for answer in one.answers.conventions:
            for reference in answer.references:
                if reference.agreement and reference.agreement.short_title:
                    found.setdefault(answer.idcc.lstrip("0"), " ".join(reference.agreement.short_title.split()))
    return found


def _agreement(name: str, number: str) -> str:
    if not name.lower().startswith("convention collective"):
        name = f"Convention collective {name}".strip()
    return f"{name} (IDCC {number})"


def _blocks(markdown: str, path: tuple[str, ...]) -> Iterator[Block]:
    """What stands in a tab holds for whom the tab names."""
    pieces = _TAB.split(markdown)  # text, title or None, text, title or None, ...
    for text, tab in zip(pieces[::2], ["", *pieces[1::2]], strict=True):
        yield from _plain(_MARK.sub("\n", text), (*path, " ".join(tab.split())) if tab else path)


def _plain(markdown: str, path: tuple[str, ...]) -> Iterator[Block]:
    tokens = iter(_MARKDOWN.parse(markdown))
    above: list[tuple[str, str]] = []
    items = 0
    for token in tokens:
        if token.type == "heading_open":
            text = _shown(next(tokens))
            while above and above[-1][0] >= token.tag:
                above.pop()
            above += [(token.tag, text)] if text else []
        elif token.type in ("list_item_open", "list_item_close"):
            items += token.nesting
        elif token.type == "inline" and (text := _shown(token)):
            yield Block(text=text, path=(*path, *(one for _, one in above)), kind="item" if items else "text")


def _shown(inline: Token) -> str:
    pieces = (
        " " if one.type in ("softbreak", "hardbreak") else "" if one.type == "html_inline" else one.content
        for one in inline.children or ()
    )
    return " ".join("".join(pieces).split())


def _facts(raw: Contribution, blocks: Iterable[Block]) -> Iterator[Fact]:
    for block in blocks:
        yield from amounts_in(block.text, block.path)
        yield from delays_in(block.text, block.path)
    for label, url in _LINK.findall(raw.answers.generic.markdown):
        yield Fact(kind="law", label=" ".join(label.split()), url=url)
