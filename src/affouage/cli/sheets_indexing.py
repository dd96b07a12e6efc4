"""``affouage sheets index``: everything that was imported made searchable, by words and by meaning."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from affouage import settings as settings_of
from affouage.cli.console import echo_json, telling
from affouage.cli.language import spoken
from affouage.cli.sheets_display import ImportDisplay
from affouage.cli.sheets_words import progress_lines
from affouage.clock import SystemClock
from affouage.storage.home import prepare

if TYPE_CHECKING:
    from affouage.sheets.search.keeping_up import Indexing, Progress


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def index(as_json: bool) -> None:
    """Make every sheet searchable, by words and by meaning. A serving commons does it by itself, behind.

    Some minutes for thousands of sheets. Broken off, what was done stays: done again, it goes on from there.

    \b
    --json prints: {"sheets", "by_words", "by_meaning"}: how many there are, and can be found; null: no encoder works.

    \b
    Examples:
      affouage sheets index
    """
    display = ImportDisplay()
    with telling():
        try:
            progress = asyncio.run(_indexed(display))
        except KeyboardInterrupt:
            display.end()
            click.echo(spoken().gettext("Stopped. What was done stays: the same command goes on from there."), err=True)
            raise SystemExit(130) from None
        display.end()
    if as_json:
        echo_json(progress)
    else:
        click.echo("\n".join(progress_lines(progress, spoken())))


async def _indexed(display: ImportDisplay) -> Progress:
    from affouage.sheets_room import open_indexing  # the index of words takes a while to import

    settings = settings_of.read()
    prepare(settings.home)
    async with open_indexing(settings, SystemClock()) as indexing:
        await asyncio.to_thread(indexing.words.catch_up, display.indexed)
        await _by_meaning(indexing, display)
        return await asyncio.to_thread(indexing.progress)


async def _by_meaning(indexing: Indexing, display: ImportDisplay) -> None:
    waiting = await asyncio.to_thread(indexing.meaning.waiting)
    done = 0

    def told(texts: int) -> None:
        nonlocal done
        done += texts
        display.encoded(done, waiting)

    if waiting:
        await indexing.meaning.catch_up(told)
