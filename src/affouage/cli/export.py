"""``affouage export`` and ``affouage import``: what a collective owns, in open formats, and a beginning elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from affouage.archive.exporting import Exported
from affouage.archive.exporting import export as write_export
from affouage.archive.importing import Imported, import_all
from affouage.cli.console import echo_json, open_home, telling
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.web.language import Language

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False))
@_json
def export(folder: str, as_json: bool) -> None:
    """Write everything the collective owns into FOLDER, in open formats: nobody is captive of this software.

    JSON lines, CSV, Markdown and TOML: rules, the public log, the ledger with its receipts, the roll, footprints,
    sheets, cards; README.md says what each file is, and what is not there: conversations, which each member takes away
    themselves (My account), passwords, keys, words of the public. Works while the server runs. It names people: keep it
    as you keep the roll.

    \b
    Examples:
      affouage export commons-2026
    \b
    --json prints: {"affouage", "schema", "made_ms", "name", "files": [{"name", "bytes", "sha256"}], "format"}
    """
    with telling(), open_home() as (settings, database):
        found = write_export(settings.home, database, Path(folder).absolute(), settings.commons.name, SystemClock())
    if as_json:
        echo_json(found)
    else:
        click.echo("\n".join(_told_export(folder, found, spoken())))


def _told_export(folder: str, found: Exported, language: Language) -> Iterator[str]:
    _ = language.gettext
    yield _("Exported into {folder}; files: {files}.").format(folder=folder, files=len(found.files))
    yield _("What each is, and what is not there: {file}").format(file=f"{folder}/README.md")
    yield _("Members take their conversations away themselves: My account.")
    yield _("It names people: keep it as you keep the roll.")


@click.command(name="import")
@click.argument("folder", type=click.Path(file_okay=False, exists=True))
@_json
def import_folder(folder: str, as_json: bool) -> None:
    """Begin a commons from what another exported into FOLDER, in a home where nobody is yet.

    People come as invitations, sheets, cards and descriptions as they were. Rules, ledger and public log come to be
    read, in the folder imported of the home: members decide their rules again, and new books begin. To move a commons
    whole, use affouage backup and affouage restore.

    \b
    Examples:
      AFFOUAGE_HOME=/srv/new affouage import commons-2026
    \b
    --json prints: {"invited": [{"name", "role", "path"}], "refused": [...], "sheets": {collection: count},
                    "texts": [...], "past"}
    """
    with telling(), open_home() as (settings, database):
        found = import_all(Path(folder).absolute(), settings.home, database, SystemClock())
    if as_json:
        echo_json(found)
    else:
        click.echo("\n".join(_told_import(found, spoken())))


def _told_import(found: Imported, language: Language) -> Iterator[str]:
    _ = language.gettext
    yield _("Links by which people join (one use, 7 days); put the server's address before each:")
    yield from (f"  {one.name}  {one.role}  {one.path}" for one in found.invited)
    for one in found.refused:
        yield _("Not invited: {why}").format(why=one)
    for name, count in found.sheets.items():
        yield _("Sheets of {collection}: {count}").format(collection=name, count=count)
    if found.texts:
        yield _("In place: {files}").format(files=", ".join(found.texts))
    yield _("To be read, not in force: rules, ledger and public log, in {folder}").format(folder=found.past)
    yield _("Members decide their rules again: affouage assembly found --list")
