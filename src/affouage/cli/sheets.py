"""``affouage sheets``: collections of documents imported, updated, read, searched, removed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from affouage import settings as settings_of
from affouage.cli.console import echo_json, fail, telling
from affouage.cli.language import spoken
from affouage.cli.sheets_display import ImportDisplay
from affouage.cli.sheets_indexing import index
from affouage.cli.sheets_reading import list_, search, show
from affouage.cli.sheets_words import collection_lines, summary_lines
from affouage.clock import Clock, SystemClock
from affouage.errors import AffouageError, BadRequest
from affouage.settings import Settings
from affouage.sheets.importing import Summary
from affouage.sheets.search.keeping_up import Words
from affouage.sheets.sheet import Collection
from affouage.sheets.sources import Origin, Wish, collection_of, import_from, is_fetched, local, origin_of, wished
from affouage.sheets.store import Store, open_store
from affouage.storage.home import prepare

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_shrink = click.option("--shrink", is_flag=True, help="Even if most of its sheets are withdrawn by it.")
_readers = click.option(
    "--readers",
    multiple=True,
    metavar="TAG",
    help="Who may read it: public, members, role:NAME, college:NAME, member:ID. Several times for several.",
)


@dataclass
class _Here:
    settings: Settings
    store: Store
    clock: Clock

    @property
    def folder(self) -> Path:
        return self.settings.home / "sheets"


@contextmanager
def _opened() -> Iterator[_Here]:
    with telling():
        settings = settings_of.read()
        prepare(settings.home)
        with open_store(settings.home / "sheets") as store:
            yield _Here(settings, store, SystemClock())


@click.group()
def sheets() -> None:
    """Collections of documents: import, update, index, list, show, search, give readers, remove.

    They live in sheets/ of the home, beside the commons' own database, and are found on the pages under "Explain". A
    command works on them while the server runs. Nothing is fetched unless a command asks for it.

    \b
    Examples:
      affouage sheets import official:particuliers
      affouage sheets import ~/Documents/reglements --name "Règlements de la mairie"
      affouage sheets update
      affouage sheets search "carte d'identité perdue"
      affouage sheets show particuliers F1769
    """


for _command in (index, list_, show, search):
    sheets.add_command(_command)


@sheets.command("import")
@click.argument("source")
@click.option("--name", metavar="NAME", help="Name of the collection; its id is made of it.")
@_readers
@click.option("--licence", metavar="TEXT", help="Licence of the documents.")
@click.option(
    "--old-after-days", type=click.IntRange(min=1), metavar="N", help="A sheet older than that is marked old."
)
@click.option("--again", is_flag=True, help="Even if it was imported from this very file.")
@_shrink
@_json
def import_(
    source: str,
    name: str | None,
    readers: tuple[str, ...],
    licence: str | None,
    old_after_days: int | None,
    again: bool,
    shrink: bool,
    as_json: bool,
) -> None:
    """Import SOURCE: official:particuliers, official:associations, official:professionnels, an archive, a folder.

    An archive is a .zip of the DILA ("Comment faire"), or a .json, .json.xz or .tgz of the labour ministry; a file, or
    an https address. A folder holds documents of your own: PDF, ODT, DOCX, HTML, Markdown, text, scanned pages.
    Official sheets are for everybody unless --readers says otherwise, your own documents for members.

    Done again, it changes only what changed. Broken off, what was written stays.

    \b
    --json prints: {"collection", "summary": {"new", "changed", "same", "archived", "kept", "refused": [...]}}
    "summary" is null when the file is the one that was already imported.

    \b
    Examples:
      affouage sheets import official:particuliers
      affouage sheets import vosdroits-latest.zip --name particuliers
      affouage sheets import ~/Documents/bureau --name "Bureau" --readers role:steward
    """
    wish = Wish(name=name, readers=readers or None, licence=licence, old_after_days=old_after_days)
    with _opened() as here, _going_on():
        origin = origin_of(source, here.settings.sheets.official_url)
        collection = collection_of(origin, wish, here.store)
        summary = _imported(here, origin, collection, again=again, shrink=shrink)
        _tell(here.store.collection(collection.id), summary, as_json)


@sheets.command()
@click.argument("collections", nargs=-1, metavar="[COLLECTION]...")
@click.option("--fetched", is_flag=True, help="Of those alone that were fetched from an address.")
@_shrink
@_json
def update(collections: tuple[str, ...], fetched: bool, shrink: bool, as_json: bool) -> None:
    """Update COLLECTION (all of them if unsaid) from where it was imported.

    An archive that did not change is not fetched again. Exit status 2 when one could not be updated; the others are.

    \b
    --json prints: [{"collection", "summary", "error"}, ...]; "summary" is null when nothing changed, or on an error.
    """
    with _opened() as here, _going_on():
        wanted = [here.store.collection(one) for one in collections] or list(here.store.collections())
        wanted = [one for one in wanted if not fetched or is_fetched(one.origin)]
        rows = [_updated(here, one, shrink=shrink, as_json=as_json) for one in wanted]
        if as_json:
            echo_json(rows)
        elif not rows:
            click.echo(spoken().gettext("There is no collection yet."))
    raise SystemExit(2 if any(row["error"] for row in rows) else 0)


def _updated(here: _Here, one: Collection, *, shrink: bool, as_json: bool) -> dict[str, Any]:
    try:
        origin = origin_of(one.origin, here.settings.sheets.official_url)
        summary = _imported(here, origin, one, again=False, shrink=shrink)
    except AffouageError as wrong:
        if not as_json:
            with suppress(SystemExit):  # the others are updated all the same
                fail(wrong)
        return {"collection": one.id, "summary": None, "error": {"code": wrong.code, "message": str(wrong)}}
    if not as_json:
        _tell(here.store.collection(one.id), summary, as_json=False)
    return {"collection": one.id, "summary": summary, "error": None}


def _imported(here: _Here, origin: Origin, collection: Collection, *, again: bool, shrink: bool) -> Summary | None:
    display = ImportDisplay()
    try:
        path = asyncio.run(
            local(
                origin,
                collection,
                here.folder,
                local_hosts=here.settings.fetched_from,
                on_bytes=display.fetched,
            )
        )
        summary = import_from(
            here.store, collection, path, here.clock, again=again, shrink=shrink, on_progress=display.read
        )
        Words(here.store, here.folder).catch_up(display.indexed)  # unless a server does it already
        return summary
    finally:
        display.end()


@contextmanager
def _going_on() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        click.echo(spoken().gettext("Stopped. What was written stays: the same command goes on from there."), err=True)
        raise SystemExit(130) from None


def _tell(collection: Collection, summary: Summary | None, as_json: bool) -> None:
    if as_json:
        echo_json({"collection": collection, "summary": summary})
        return
    language = spoken()
    if summary is None:
        told = language.gettext("{collection}: its source has not changed.")
        click.echo(told.format(collection=collection.id))
    else:
        click.echo("\n".join(summary_lines(summary, language)))


@sheets.command()
@click.argument("collection_id", metavar="COLLECTION")
@click.argument("tags", nargs=-1, required=True, metavar="TAG...")
@_json
def readers(collection_id: str, tags: tuple[str, ...], as_json: bool) -> None:
    """Say who may read COLLECTION: public, members, role:NAME, college:NAME or member:ID, instead of who may now.

    \b
    --json prints: the collection
    """
    with _opened() as here:
        changed = wished(here.store.collection(collection_id), Wish(readers=tags))
        here.store.put_collection(changed)
        if as_json:
            echo_json(changed)
        else:
            click.echo("\n".join(collection_lines(changed, spoken())))


@sheets.command()
@click.argument("collection_id", metavar="COLLECTION")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json
def remove(collection_id: str, yes: bool, as_json: bool) -> None:
    """Remove COLLECTION with all of its sheets. Where it was imported from is left as it is.

    \b
    --json prints: {"removed": number of sheets}
    """
    with _opened() as here:
        collection = here.store.collection(collection_id)
        language = spoken()
        if not yes and not as_json:
            asked = language.gettext("Remove {name} and its {sheets} sheets?")
            click.confirm(asked.format(name=collection.name, sheets=collection.sheets), abort=True)
        elif not yes:
            raise BadRequest("Nobody is there to confirm.", remedy="Add --yes.", code="nobody_to_confirm")
        removed = here.store.remove(collection_id)
        Words(here.store, here.folder).catch_up()
        for kept in (here.folder / "archives").glob(f"{collection_id}.*"):
            kept.unlink(missing_ok=True)
        if as_json:
            echo_json({"removed": removed})
        else:
            click.echo(language.gettext("{name} is removed.").format(name=collection.name))
