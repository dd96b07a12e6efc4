"""``affouage sheets list``, ``show``, ``search``: what the collections hold, for whoever may read them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from affouage import settings as settings_of
from affouage.cli.console import echo_json, run, telling
from affouage.cli.language import spoken
from affouage.cli.sheets_words import collection_lines, finding_lines, header_line, progress_lines, sheet_lines
from affouage.clock import SystemClock
from affouage.sheets.age import today_utc
from affouage.sheets.finding import Finding
from affouage.sheets.sheet import MEMBERS, PUBLIC, may_read
from affouage.sheets.store import no_such_sheet, open_store
from affouage.storage.home import prepare

if TYPE_CHECKING:
    from affouage.sheets.search.keeping_up import Progress

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def _as(command: Callable[..., Any]) -> Callable[..., Any]:
    said = "Read as somebody with this tag too: role:steward, college:agents. As a member if unsaid."
    return click.option("--as", "tags", multiple=True, metavar="TAG", help=said)(command)


def _all_tags(tags: tuple[str, ...]) -> frozenset[str]:
    return frozenset((PUBLIC, MEMBERS, *tags))


@click.command("list")
@click.argument("collection_id", required=False, metavar="[COLLECTION]")
@click.option("--archived", is_flag=True, help="Those its source has withdrawn, instead of those it has.")
@_as
@_json
def list_(collection_id: str | None, archived: bool, tags: tuple[str, ...], as_json: bool) -> None:
    """List the collections, or the sheets of COLLECTION with their dates.

    \b
    --json prints: [{"id", "name", "kind", "source", "licence", "origin", "readers", "old_after_days", "imported_ms",
    "sheets"}, ...], or [{"sheet_id", "title", "day", "age_days", "old", "archived", "url", ...}, ...]
    """
    with telling(), _store() as store:
        language = spoken()
        if collection_id is None:
            found = store.collections()
            if as_json:
                echo_json(found)
            for one in () if as_json else found:
                click.echo("\n".join(collection_lines(one, language)))
            if not found and not as_json:
                click.echo(language.gettext("There is no collection yet."))
            elif not as_json:
                click.echo("\n".join(progress_lines(asyncio.run(_progress()), language)))
            return
        if not may_read(store.collection(collection_id), _all_tags(tags)):
            raise no_such_sheet(collection_id, "*")
        headers = store.listed(collection_id, today_utc(SystemClock().now_ms()), archived=archived)
        if as_json:
            echo_json(headers)
        for header in () if as_json else headers:
            click.echo(header_line(header, language))


@click.command()
@click.argument("collection_id", metavar="COLLECTION")
@click.argument("sheet_id", metavar="SHEET")
@_as
@_json
def show(collection_id: str, sheet_id: str, tags: tuple[str, ...], as_json: bool) -> None:
    """Show SHEET of COLLECTION whole: text, conditions, forms, addresses, laws.

    \b
    --json prints: {"header": {...}, "sheet": {"title", "blocks", "facts", "related", ...}}
    """
    with telling(), _store() as store:
        if not may_read(store.collection(collection_id), _all_tags(tags)):
            raise no_such_sheet(collection_id, sheet_id)
        sheet = store.sheet(collection_id, sheet_id)
        key = (collection_id, sheet_id)
        header = store.headers([key], today_utc(SystemClock().now_ms()))[key]
        if as_json:
            echo_json({"header": header, "sheet": sheet})
        else:
            click.echo("\n".join(sheet_lines(header, sheet, spoken())))


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--collection", "collection_id", default="", metavar="ID", help="In this collection alone.")
@click.option("--most", type=click.IntRange(1, 50), default=5, show_default=True, help="Sheets at most.")
@_as
@_json
def search(words: tuple[str, ...], collection_id: str, most: int, tags: tuple[str, ...], as_json: bool) -> None:
    """Search the sheets for WORDS, a question or some words of it. Nothing is generated.

    \b
    --json prints: {"question", "hits": [{"sheet", "score", "passages"}], "signals", "by_meaning", "corrected"}
    """
    with telling():
        finding = run(_find(" ".join(words), collection_id, most, _all_tags(tags)))
    if as_json:
        echo_json(finding)
    else:
        click.echo("\n".join(finding_lines(finding, spoken())))


async def _find(question: str, collection_id: str, most: int, tags: frozenset[str]) -> Finding:
    from affouage.sheets_room import open_sheets  # the index of words takes a while to import

    settings = settings_of.read()
    prepare(settings.home)
    async with open_sheets(settings, SystemClock()) as library:
        return await library.find(question, tags, most=most, collection_id=collection_id)


async def _progress() -> Progress:
    from affouage.sheets_room import open_indexing

    async with open_indexing(settings_of.read(), SystemClock()) as indexing:
        return await asyncio.to_thread(indexing.progress)


def _store() -> Any:
    settings = settings_of.read()
    prepare(settings.home)
    return open_store(settings.home / "sheets")
