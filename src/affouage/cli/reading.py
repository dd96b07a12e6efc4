"""Reading, from the machine, what is about somebody: it takes a reason, which is logged and which they will see.

The collective's own records, and one's own (``--key``), take none.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import click

from affouage.assembly import readings
from affouage.assembly.access import Credential, Identity, Policy, Scope, permit
from affouage.assembly.accounts import Accounts
from affouage.assembly.roll import commons
from affouage.cli.language import spoken
from affouage.clock import Clock, SystemClock
from affouage.errors import BadRequest
from affouage.storage import Database


def reader_key(command: Any) -> Any:
    """Option: who reads."""
    return click.option("--key", envvar="AFFOUAGE_KEY", help="Act as the member of this key (or AFFOUAGE_KEY).")(
        command
    )


def with_reason(command: Any) -> Any:
    """Options of every command that reads a record about somebody."""
    return click.option(
        "--reason", metavar="TEXT", help="Why you read it; logged, and shown to that member. Asked if unsaid."
    )(reader_key(command))


def identified(db: Database, key: str | None, scope: Scope, clock: Clock | None = None) -> Identity | None:
    """Whoever's key this is; None without one. Raises NotSignedIn, NotAllowed (a key not given for this)."""
    if key is None:
        return None
    accounts = Accounts(db, clock or SystemClock())
    identity = asyncio.run(accounts.identify(Credential("key", key)))
    permit(identity, Policy.MEMBER, scope)
    return identity


def note_reading(db: Database, subject_id: str, what: str, reason: str | None, key: str | None) -> None:
    """Before it is shown: nothing for the collective's own records and for one's own; else the reason is noted.

    ``what``: ``receipt:<id>``, ``receipts``, ``keys``, ``use``. Raises BadRequest ``reading_reason``, NotSignedIn.
    """
    clock = SystemClock()
    own = db.read_now(commons)
    if not subject_id or (own is not None and own.id == subject_id):
        return
    reader = identified(db, key, Scope.RECEIPTS, clock)
    if reader is not None and reader.member.id == subject_id:
        return
    reader_id = readings.COMMAND_LINE if reader is None else reader.member.id
    why = readings.check_reason(asked(reason))
    db.write_now(lambda connection: readings.note(connection, reader_id, subject_id, what, why, clock.now_ms()))


def asked(reason: str | None) -> str:
    """The reason given, or asked at a terminal. Raises BadRequest."""
    if reason is None and not sys.stdin.isatty():
        raise BadRequest(
            "Reading what is about somebody demands a reason.",
            remedy='Add --reason "...": the person concerned will read it.',
            param="reason",
            code="reading_reason",
            least=readings.REASON_MIN,
            most=readings.REASON_MAX,
        )
    if reason is not None:
        return reason
    told: str = click.prompt(spoken().gettext("Why do you read it? (logged, and shown to the person concerned)"))
    return told
