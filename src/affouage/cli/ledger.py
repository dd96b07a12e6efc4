"""``affouage ledger``: reading the books again, entry by entry."""

from __future__ import annotations

import sqlite3

import click
from sqlalchemy.exc import DatabaseError

from affouage.cli.console import echo_json, open_home, telling
from affouage.cli.language import spoken
from affouage.ledger.ledger import Verification


@click.group()
def ledger() -> None:
    """The books: every reservation and every settlement, each chained to the one before.

    \b
    Examples:
      affouage ledger verify
      affouage ledger verify --json
    """


@ledger.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def verify(as_json: bool) -> None:
    """Read every entry again and check the chain. Exit status 1 when it does not hold.

    Note the head hash somewhere else: a later verification that passes through it shows that nothing before was
    rewritten. Works while the server runs.

    \b
    --json prints: {"entries", "head", "open_reservations", "problems": [...], "by_kind": {"settled", ...}}
    """
    with telling(), open_home() as (_, database):
        from affouage.ledger.ledger import verify as read_again

        try:
            found = database.read_now(read_again)
        except (DatabaseError, sqlite3.DatabaseError) as broken:
            reason = broken.orig if isinstance(broken, DatabaseError) else broken
            found = Verification(entries=0, head="", open_reservations=0, problems=[f"it cannot be read: {reason}"])
    if as_json:
        echo_json(found)
    else:
        click.echo(_in_words(found))
    raise SystemExit(1 if found.problems else 0)


def _in_words(found: Verification) -> str:
    _ = spoken().gettext
    rows = [
        (_("entries"), found.entries),
        (_("head"), found.head or _("unknown")),
        (_("open reservations"), found.open_reservations),
        *((_("problem"), problem) for problem in found.problems),
    ]
    lines = [f"{name:<22} {value}" for name, value in rows]
    if found.problems:
        lines.append(_("The ledger does NOT hold. Keep this copy, compare it with a backup, and tell the members."))
    else:
        lines.append(_("The ledger holds."))
    return "\n".join(lines)
