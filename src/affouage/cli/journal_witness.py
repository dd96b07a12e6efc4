"""``affouage journal witness`` and ``cosign``: watching the logs of others, and showing that ours is watched."""

from __future__ import annotations

import asyncio
from typing import Any

import click
from sqlalchemy import Connection

from affouage.cli.console import echo_json, open_home, read_document, telling
from affouage.cli.journal_files import write
from affouage.cli.language import spoken
from affouage.clock import Clock, SystemClock
from affouage.errors import AffouageError, NotFound
from affouage.journal import checkpoints, note, witness_rows
from affouage.journal.note import Note, NoteRefused, VerifierKey
from affouage.journal.public_log import PublicLog, open_log
from affouage.journal.witness import Forked, check_key, look, problem_of, source_of
from affouage.journal.witness_rows import Witness
from affouage.storage import Database
from affouage.web.language import N_

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")

_STATES = {
    "": N_("holds"),
    "unreachable": N_("not reached"),
    "rolled_back": N_("ROLLED BACK"),
    "fork": N_("FORKED"),
    "new": N_("never seen yet"),
}


@click.group()
def witness() -> None:
    """The logs of other commons that this one watches: that they only grow, and show everybody the same.

    \b
    Examples:
      affouage journal witness add neighbours https://neighbours.example --key VKEY
      affouage journal witness check
      affouage journal witness list
    """


@witness.command()
@click.argument("name")
@click.argument("where", metavar="URL-OR-FILE")
@click.option("--key", "key_text", required=True, metavar="VKEY", help="The key of their log, as they told it to you.")
@click.option("--new-key", is_flag=True, help="They changed their key: what was seen stays the measure.")
def add(name: str, where: str, key_text: str, new_key: bool) -> None:
    """Watch the log of another commons, at its address or in a file they exported.

    Ask them for their key by another way than the address: `affouage journal show --key`.

    \b
    Example:
      affouage journal witness add neighbours https://neighbours.example --key affouage.log/4x...+1a2b3c4d+AQ...
    """
    with telling(), open_home() as (settings, database):
        clock = SystemClock()
        key = check_key(note.read_verifier_key(key_text))
        source_of(where, settings.outward.hosts)  # refused before anything is written
        public = open_log(database, clock, settings.home)
        if new_key:
            _change_key(database, public, clock, name, key, settings.outward.hosts)
        else:
            database.write_now(
                lambda connection: witness_rows.add(connection, name, "theirs", key, where, clock.now_ms())
            )
        public.sign_now()
    _ = spoken().gettext
    click.echo(_("{name} is watched. To look at it now: affouage journal witness check").format(name=name))


def _change_key(
    database: Database, public: PublicLog, clock: Clock, name: str, key: VerifierKey, local_hosts: tuple[str, ...]
) -> None:
    """The new key counts once it signed what extends the last checkpoint seen."""
    before = database.read_now(lambda connection: witness_rows.find(connection, name, "theirs"))
    now_ms = clock.now_ms()
    renewed = Witness(name, "theirs", str(key), before.url, before.note, before.size, before.seen_ms, "")
    offered, said = asyncio.run(look(renewed, source_of(before.url, local_hosts)))
    cosigned = _cosigned(public, offered, now_ms)

    def change(connection: Connection) -> None:
        witness_rows.change_key(connection, name, "theirs", key, now_ms)
        witness_rows.seen(connection, renewed, cosigned, said.size, now_ms // 1000)

    database.write_now(change)


@witness.command(name="list")
@_json
def list_them(as_json: bool) -> None:
    """The logs we watch, and who watches ours.

    \b
    --json prints: [{"name", "side": "theirs"|"ours", "url", "key", "size", "seen_ms", "problem"}]
    """
    with telling(), open_home() as (_settings, database):
        known = database.read_now(witness_rows.all_of)
    if as_json:
        echo_json([_row(one) for one in known])
        return
    _ = spoken().gettext
    sides = {"theirs": _("watched by us"), "ours": _("watches us")}
    for one in known:
        click.echo(f"{one.name:<20} {sides[one.side]:<16} {one.size:>8}  {_(_state(one))}  {one.url}")


@witness.command()
@click.argument("name")
@click.option("--ours", is_flag=True, help="One that watches our log.")
def remove(name: str, ours: bool) -> None:
    """Watch a log no longer, or serve a witness's cosignatures no longer. The log says that it was so.

    \b
    Example:
      affouage journal witness remove neighbours
    """
    with telling(), open_home() as (_settings, database):
        now_ms = SystemClock().now_ms()
        side: witness_rows.Side = "ours" if ours else "theirs"
        database.write_now(lambda connection: witness_rows.remove(connection, name, side, now_ms))


@witness.command()
@click.argument("name", required=False)
@click.option(
    "--out", metavar="FILE", type=click.Path(dir_okay=False), help="Write the last cosigned checkpoint there."
)
@_json
def check(name: str | None, out: str | None, as_json: bool) -> None:
    """Fetch the newest checkpoint of each log we watch; it must extend the one seen before. Then we cosign it.

    Exit status 1 when a log was rolled back or forked (both signed checkpoints are then in our own log, which proves
    it), 2 when one could not be read.

    \b
    Examples:
      affouage journal witness check
      affouage journal witness check neighbours --out cosigned.txt      to be sent to them
    \b
    --json prints: [{"name", "url", "size", "problem", "said", "note"}]
    """
    with telling(), open_home() as (settings, database):
        clock = SystemClock()
        public = open_log(database, clock, settings.home)
        watched = database.read_now(lambda connection: witness_rows.all_of(connection, "theirs"))
        if name is not None:
            watched = [one for one in watched if one.name == name]
            if not watched:
                raise NotFound(f"No log called {name:.100} is watched.", remedy="See: affouage journal witness list")
        found = [_check(one, database, public, clock, settings.outward.hosts) for one in watched]
        public.sign_now()
    if out is not None and found:
        with telling():
            write(out, found[-1]["note"])
    if as_json:
        echo_json(found)
    else:
        _tell(found)
    problems = {one["problem"] for one in found}
    raise SystemExit(1 if problems & {"fork", "rolled_back"} else 2 if problems - {""} else 0)


def _check(
    one: Witness, database: Database, public: PublicLog, clock: Clock, local_hosts: tuple[str, ...]
) -> dict[str, Any]:
    try:
        offered, said = asyncio.run(look(one, source_of(one.url, local_hosts)))
    except AffouageError as wrong:
        problem = problem_of(wrong)
        if isinstance(wrong, Forked):
            offered_text = wrong.offered
            database.write_now(lambda c: witness_rows.fork(c, one, offered_text, clock.now_ms()))
        elif one.problem != "fork":  # what was proved once is not made good by an answer that did not come
            database.write_now(lambda c: witness_rows.trouble(c, one, problem))
        return {**_row(one), "problem": problem, "said": str(wrong), "note": one.note}
    if one.problem == "fork":  # it shows us our own side of the fork again: the other one was signed all the same
        return {**_row(one), "said": "It forked before: see witness_fork in the log.", "note": one.note}
    now_ms = clock.now_ms()
    cosigned = _cosigned(public, offered, now_ms)
    database.write_now(lambda c: witness_rows.seen(c, one, cosigned, said.size, now_ms // 1000))
    return {**_row(one), "size": said.size, "problem": "", "said": "", "note": str(cosigned)}


def _cosigned(public: PublicLog, offered: Note, now_ms: int) -> Note:
    return Note(offered.text, (*offered.signatures, public.cosign_now(offered.text, now_ms // 1000)))


def _row(one: Witness) -> dict[str, Any]:
    return {
        "name": one.name,
        "side": one.side,
        "url": one.url,
        "key": one.verifier_key,
        "size": one.size,
        "seen_ms": one.seen_ms,
        "problem": one.problem,
    }


def _state(one: Witness) -> str:
    return _STATES["new" if one.problem == "" and not one.note else one.problem]


def _tell(found: list[dict[str, Any]]) -> None:
    _ = spoken().gettext
    if not found:
        click.echo(_("No log is watched. To watch one: affouage journal witness add NAME URL --key VKEY"))
    for one in found:
        click.echo(f"{one['name']:<20} {one['size']:>8}  {_(_STATES[one['problem']])}")
        if one["said"]:
            click.echo(f"  {one['said']}", err=True)


@click.group()
def cosign() -> None:
    """The cosignatures that witnesses of our log gave: served with its checkpoint.

    \b
    Example:
      affouage journal cosign add cosigned.txt --name neighbours --key VKEY
    """


@cosign.command(name="add")
@click.argument("file")
@click.option("--name", required=True, help="Who cosigned.")
@click.option(
    "--key", "key_text", metavar="VKEY", help="Their key, the first time: affouage journal show --key, there."
)
def add_cosignature(file: str, name: str, key_text: str | None) -> None:
    """Keep the cosigned checkpoint of our log that a witness sent (FILE, or "-"), once its signature is checked.

    \b
    Example:
      affouage journal cosign add cosigned.txt --name neighbours --key affouage.log/9y...+5e6f7a8b+AQ...
    """
    with telling():
        text = read_document(file, note.LARGEST_BYTES)
        with open_home() as (settings, database):
            clock = SystemClock()
            public = open_log(database, clock, settings.home)
            key = None if key_text is None else note.read_verifier_key(key_text).cosigner
            said = note.read_checkpoint(given := note.read(text))
            database.write_now(lambda c: _keep_cosignature(c, public.key, given, said, name, key, clock.now_ms()))
            public.sign_now()
    _ = spoken().gettext
    click.echo(_("Kept: it is served with the checkpoint of {size} entries.").format(size=said.size))


def _keep_cosignature(
    connection: Connection,
    own: VerifierKey,
    given: Note,
    said: note.Checkpoint,
    name: str,
    key: VerifierKey | None,
    now_ms: int,
) -> None:
    """Raises NoteRefused ``not_cosigned``, NotFound, Conflict for what is not of our history."""
    if said.origin != own.name:
        raise NoteRefused(f"This checkpoint is of {said.origin!r:.80}.", remedy="Give one of ours.", code="other_log")
    checkpoints.refuse_other_history(connection, said.size, said.root)
    known = [one for one in witness_rows.all_of(connection, "ours") if one.name == name]
    if not known:
        if key is None:
            raise NotFound(f"{name:.100} never cosigned before.", remedy="Give their key: --key VKEY")
        witness_rows.add(connection, name, "ours", key, "", now_ms)
    one = witness_rows.find(connection, name, "ours")
    signature = note.signature_by(given, one.key)
    if signature is None:
        raise NoteRefused(
            f"{name:.100} did not cosign this.",
            remedy="They do it with: affouage journal witness check",
            code="not_cosigned",
        )
    witness_rows.seen(connection, one, Note(given.text, (signature,)), said.size, note.time_of(signature))
