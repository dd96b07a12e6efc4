"""``affouage database``: where the books are, and moving them to a PostgreSQL server."""

from __future__ import annotations

import click

from affouage import settings as settings_of
from affouage.archive.moving import move as move_books
from affouage.archive.moving import show as show_books
from affouage.cli.console import echo_json, telling
from affouage.cli.database_words import Copying, told_moved, told_shown
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.settings import check_database_url

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group()
def database() -> None:
    """Where the books are, a file of the home or a PostgreSQL server that gateways share: show, move.

    \b
    Examples:
      affouage database show
      affouage database move postgresql://affouage@localhost/affouage
    """


@database.command()
@_json
def show(as_json: bool) -> None:
    """Where the books of this home are, how large, of which schema, and how many rows each table has.

    Works while the server runs. No password is ever printed: none is in the settings.

    \b
    Examples:
      affouage database show
      affouage database show --json
    \b
    --json prints: {"place", "kind": "sqlite|postgresql", "version", "bytes", "schema", "rows": {table: count}}
    """
    with telling():
        found = show_books(settings_of.read())
    if as_json:
        echo_json(found)
    else:
        click.echo("\n".join(told_shown(found, spoken())))


@database.command()
@click.argument("url")
@_json
def move(url: str, as_json: bool) -> None:
    """Move the books from their file to URL, a database of a PostgreSQL server without a table in it.

    Stop the commons first. Every row is copied, then read back and compared; ledger and public log are verified there.
    It is all or nothing: interrupted, the file stays as it was and the database empty. Then settings.toml names the
    new place, and the file is put among the home's backups. The password, if there is one, goes in PGPASSFILE or
    PGPASSWORD. To go back: affouage backup create, then affouage restore, which makes a file again. Exit status 1 when
    the books that were moved do not hold.

    \b
    Examples:
      affouage database move postgresql://affouage@localhost/affouage
      affouage database move 'postgresql:///affouage?host=/run/postgresql'
      PGPASSFILE=/etc/affouage/pgpass affouage database move postgresql://affouage@db.lan/affouage --json
    \b
    --json prints: {"place", "schema", "tables": {table: {"rows", "sha256"}}, "ledger": {...}, "log_entries",
                    "log_root", "log_problems", "setting": "written|already|by_hand", "before"}
    """
    from affouage.cli.journal import hooks

    copying = Copying()
    with telling():
        check_database_url(url)
        try:
            moved = move_books(settings_of.read(), url, hooks=hooks(), now_ms=SystemClock().now_ms(), on_rows=copying)
        except KeyboardInterrupt:
            copying.end()
            click.echo(spoken().gettext("Stopped: the file is as it was, and that database is empty."), err=True)
            raise SystemExit(130) from None
        finally:
            copying.end()
    if as_json:
        echo_json(moved)
    else:
        click.echo("\n".join(told_moved(moved, url, spoken())))
    raise SystemExit(0 if moved.holds else 1)
