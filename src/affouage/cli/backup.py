"""``affouage backup`` and ``affouage restore``: a home in one file while it serves, and back."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from affouage import settings as settings_of
from affouage.archive import book
from affouage.archive.looking import LogChoice, look
from affouage.archive.making import Made, make
from affouage.archive.putting_back import put_back
from affouage.archive.reading import Backup, read
from affouage.cli import passphrase
from affouage.cli.backup_display import Moving
from affouage.cli.backup_words import told_backup, told_made, told_restored
from affouage.cli.console import echo_json, telling
from affouage.cli.journal_files import checkpoint_in
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.errors import BadRequest, Conflict
from affouage.journal.public_log import kept_text
from affouage.web import format as wording

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group()
def backup() -> None:
    """Copies of the whole commons, each one file: create, list, verify. See also: affouage restore.

    \b
    Examples:
      affouage backup create --encrypt                     while it serves, or not
      affouage backup create /mnt/key/commons.tar.gz       on another disk
      affouage backup list
      affouage backup verify /mnt/key/commons.tar.gz
    """


@backup.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False))
@click.option("--without-models", is_flag=True, help="Leave out the models: they can be fetched again.")
@click.option("--encrypt", is_flag=True, help="Seal it with a passphrase.")
@passphrase.option
@_json
def create(file: str | None, without_models: bool, encrypt: bool, passphrase_file: str | None, as_json: bool) -> None:
    """Copy the home into FILE, while it serves or not; by default into the folder backups of the home.

    All that is needed to serve again is in it: databases, settings, models, documents, the key that signs the public
    log. Sealed (--encrypt), nobody reads it without the passphrase; otherwise it is a plain .tar.gz. Interrupted, it
    leaves nothing.

    \b
    Examples:
      affouage backup create
      affouage backup create --encrypt --without-models
      AFFOUAGE_PASSPHRASE=... affouage backup create /mnt/key/commons.sealed --encrypt --json
    \b
    --json prints: {"path", "made_ms", "bytes", "sha256", "files", "sealed", "models", "schema",
                    "log": {"origin", "size", "root", "key"}, "left_out": [...]}
    """
    now_ms = SystemClock().now_ms()
    with telling():
        if passphrase_file is not None and not encrypt:
            raise BadRequest("A passphrase seals nothing without --encrypt.", remedy="Add --encrypt.", param="encrypt")
        settings = settings_of.read()
        home = settings.home
        target = Path(file) if file else _usual(home, now_ms, sealed=encrypt)
        secret = passphrase.new(passphrase_file) if encrypt else None
        moving = Moving()
        try:
            made = make(
                home,
                target.absolute(),
                books=settings.database_place,
                models=not without_models,
                passphrase=secret,
                now_ms=now_ms,
                on_progress=moving,
            )
        finally:
            moving.end()
        _note(home, made)
    if as_json:
        echo_json(made)
    else:
        click.echo("\n".join(told_made(made, spoken())))


def _usual(home: Path, now_ms: int, *, sealed: bool) -> Path:
    if home.is_dir():
        book.folder(home).mkdir(mode=0o700, exist_ok=True)
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    return book.folder(home) / f"affouage-{at:%Y%m%dT%H%M%SZ}{'.sealed' if sealed else '.tar.gz'}"


def _note(home: Path, made: Made) -> None:
    try:
        book.note_made(home, made)
    except OSError as refused:  # the backup is made all the same
        _ = spoken().gettext
        click.echo(_("It could not be noted in the list of backups: {why}").format(why=refused.strerror), err=True)


@backup.command(name="list")
@_json
def list_made(as_json: bool) -> None:
    """Backups made of this home, newest first, and whether each is still where it was written.

    \b
    Examples:
      affouage backup list
      affouage backup list --json
    \b
    --json prints: [{"path", "made_ms", "bytes", "sha256", "sealed", "models", "schema", "there", ...}]
    """
    with telling():
        made = book.made_of(settings_of.read().home)
    if as_json:
        import msgspec

        echo_json([{**msgspec.to_builtins(one), "there": Path(one.path).exists()} for one in made])
        return
    language = spoken()
    _ = language.gettext
    if not made:
        click.echo(_("No backup was made of this home."))
    for one in made:
        told = [wording.moment(one.made_ms, language), wording.size(one.bytes, language), one.path]
        told.append(_("sealed") if one.sealed else _("not sealed"))
        if not Path(one.path).exists():
            told.append(_("not there any more, or on a disk that is away"))
        click.echo("  ".join(told))


@backup.command()
@click.argument("file", type=click.Path(dir_okay=False))
@passphrase.option
@_json
def verify(file: str, passphrase_file: str | None, as_json: bool) -> None:
    """Read FILE to its end: is every file in it what was copied? Exit status 2 when not. Nothing is restored.

    \b
    Examples:
      affouage backup verify /mnt/key/commons.tar.gz
    \b
    --json prints: {"about": {...}, "manifest": {"entries": [{"name", "bytes", "sha256"}], "left_out", "log"}, "sealed"}
    """
    moving = Moving()
    with telling():
        try:
            found = read(Path(file), lambda: passphrase.known(passphrase_file), on_progress=moving)
        finally:
            moving.end()
    if as_json:
        echo_json(found)
    else:
        click.echo("\n".join(told_backup(found, spoken())))


@click.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--home", "where", metavar="DIR", type=click.Path(file_okay=False), help="Instead of AFFOUAGE_HOME.")
@click.option("--over", is_flag=True, help="Set aside the home that is there, whole, under another name.")
@click.option(
    "--continue-log",
    is_flag=True,
    help="The original has stopped for good, and signed nothing after this backup: its public log goes on.",
)
@click.option("--kept", multiple=True, metavar="FILE", help="A checkpoint of its log kept elsewhere; can be repeated.")
@passphrase.option
@_json
def restore(
    file: str,
    where: str | None,
    over: bool,
    continue_log: bool,
    kept: tuple[str, ...],
    passphrase_file: str | None,
    as_json: bool,
) -> None:
    """Put back a commons from a backup, here or on another machine. Exit status 1 when its books do not hold.

    Everything is unpacked beside the home, checked, and brought to this version's schema; then it takes its place.
    Ledger and public log are read again. The books are a file of the home then, were they on a server when the backup
    was made; affouage database move puts them on one. Unless --continue-log vouches for it, the public log goes on
    under a new key, and says why: two commons must never sign one log.

    \b
    Examples:
      affouage restore /mnt/key/commons.tar.gz
      affouage restore commons.sealed --home /srv/commons --continue-log
      affouage restore commons.tar.gz --over --kept checkpoint-of-the-assembly.txt
    \b
    --json prints: {"home", "before", "about": {...}, "looked": {"schema_was", "schema", "ledger", "log",
                    "log_entries", "log_problems", "key", "sessions_ended", "keys_open", "server"}}
    """
    clock, language, moving = SystemClock(), spoken(), Moving()
    choice: LogChoice = "continue" if continue_log else "new"
    read_back: list[Backup] = []
    with telling():
        texts = [checkpoint_in(name) for name in kept]
        if os.environ.get("AFFOUAGE_DATABASE_URL"):
            raise Conflict(
                "AFFOUAGE_DATABASE_URL names a database, and a backup is restored into a file of the home.",
                remedy="Unset it first; afterwards: affouage database move URL",
                code="database_in_environment",
            )
        home = Path(where).absolute() if where else settings_of.default_home(os.environ)
        there = kept_text(home) if continue_log else None  # what the home to set aside signed last
        texts += [] if there is None else [there]

        def examine(restored: Path, backup: Backup) -> Any:
            from affouage.cli.journal import hooks

            read_back.append(backup)
            day = f"{datetime.fromtimestamp(backup.about.made_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
            why = language.gettext("Restored from the backup of {when}").format(when=day)
            return look(restored, backup, hooks=hooks(), choice=choice, kept=texts, clock=clock, why=why)

        try:
            looked, before = put_back(
                Path(file),
                home,
                lambda: passphrase.known(passphrase_file),
                examine,
                over=over,
                now_ms=clock.now_ms(),
                on_progress=moving,
            )
        finally:
            moving.end()
    aside = None if before is None else str(before)
    if as_json:
        echo_json({"home": str(home), "before": aside, "about": read_back[0].about, "looked": looked})
    else:
        click.echo("\n".join(told_restored(str(home), aside, looked, read_back[0], language)))
    raise SystemExit(0 if looked.holds else 1)
