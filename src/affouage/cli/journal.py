"""``affouage journal``: checking the public log, proving what is in it, taking it away, changing its key."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy.exc import DatabaseError

from affouage.cli.console import echo_json, open_home, telling
from affouage.cli.journal_files import checkpoint_in, write
from affouage.cli.journal_witness import cosign, witness
from affouage.cli.journal_words import told_problems
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.errors import BadRequest, DatabaseUnusable, SetUpError
from affouage.journal import bundle, checkpoints, keys, log, note, offline_verifier, tree
from affouage.journal.problem import Hook
from affouage.journal.public_log import PublicLog, kept_text, open_log, restart
from affouage.journal.verify import first_of, problems
from affouage.settings import Settings
from affouage.storage import Database

MOST_PROBLEMS = 100
"""Told of one log: what is broken at the start is broken everywhere."""

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group()
def journal() -> None:
    """The public log: what was decided, in an order that nobody can change unseen.

    \b
    Examples:
      affouage journal verify                        does the log hold?
      affouage journal show                          its last entries, and its key
      affouage journal checkpoint                    the log as it is now, signed
      affouage journal proof 41 --out proof.json     that entry 41 is in it
      affouage journal export --out log.jsonl        all of it, to be checked elsewhere
      affouage journal witness check                 do the logs we watch still hold?
    """


journal.add_command(witness)
journal.add_command(cosign)


@contextmanager
def opened_log() -> Iterator[tuple[Settings, Database, PublicLog]]:
    """The log of the home, whether or not a server runs there."""
    with telling(), open_home() as (settings, database):
        yield settings, database, open_log(database, SystemClock(), settings.home)


def hooks() -> tuple[Hook, ...]:
    """What other parts of the house compare with the log."""
    from affouage.assembly.replay import Replay
    from affouage.footprint import closing
    from affouage.ledger import daily
    from affouage.rulebook import AREAS

    return (daily.problems, closing.problems, Replay(AREAS["governance"]))


@journal.command()
@click.argument("bundle_file", metavar="[FILE]", required=False, type=click.Path(dir_okay=False))
@click.option("--key", "key_text", metavar="VKEY", help="The log's key as you know it from elsewhere.")
@click.option("--kept", multiple=True, metavar="FILE", help="A checkpoint that was kept elsewhere; can be repeated.")
@_json
def verify(bundle_file: str | None, key_text: str | None, kept: tuple[str, ...], as_json: bool) -> None:
    """Compute the whole log again and check every signature. Exit status 1 when it does not hold.

    Without FILE, this home's log, with everything the house keeps beside it; works while the server runs. With FILE, a
    log taken away by `affouage journal export`: then --key says whose.

    \b
    Examples:
      affouage journal verify
      affouage journal verify --kept checkpoint-of-the-assembly.txt
      affouage journal verify log.jsonl --key affouage.log/4x...+1a2b3c4d+AQ...
    \b
    --json prints: {"entries", "root", "key", "problems": [...]}
    """
    with telling():
        key = None if key_text is None else note.read_verifier_key(key_text)
        texts = [checkpoint_in(name) for name in kept]
        found = _in_file(bundle_file, key, texts) if bundle_file else _in_home(key, texts)
    if as_json:
        echo_json(found)
    else:
        click.echo(told_problems(found, spoken()))
    raise SystemExit(1 if found["problems"] else 0)


def _in_home(key: note.VerifierKey | None, kept: list[str]) -> dict[str, Any]:
    with open_home() as (settings, database):
        own = kept_text(settings.home)
        trusted = key or _own_key(settings)
        more = [] if own is None else [own]

        def look(connection: Any) -> dict[str, Any]:
            wrong = problems(connection, key=trusted, hooks=hooks(), kept=[*more, *kept])
            told = [str(one) for one in first_of(wrong, MOST_PROBLEMS)]
            try:
                size, root = log.size(connection), _b64(log.root(connection))
            except (DatabaseError, SetUpError, TypeError):
                size, root = None, None
            return {"entries": size, "root": root, "key": None if trusted is None else str(trusted), "problems": told}

        try:
            return database.read_now(look)
        except (DatabaseError, sqlite3.DatabaseError) as broken:
            why = broken.orig if isinstance(broken, DatabaseError) else broken
            return {"entries": None, "root": None, "key": None, "problems": [f"it cannot be read: {why}"]}


def _own_key(settings: Settings) -> note.VerifierKey | None:
    """The key of this home; None before the first signature. A missing one is for ``open_log`` to tell."""
    key = keys.read_key(keys.key_file(settings.home))
    return None if key is None else key.verifier


def _in_file(path: str, key: note.VerifierKey | None, kept: list[str]) -> dict[str, Any]:
    try:
        leaves, signed, named = offline_verifier.read_bundle(path)
        trusted = offline_verifier.Key(str(key) if key else named or "")
    except (OSError, UnicodeDecodeError, offline_verifier.Unreadable) as wrong:
        raise BadRequest(
            f"{path} cannot be read: {wrong}.", remedy="Give a file written by: affouage journal export"
        ) from None
    wrong_ones, size, root = offline_verifier.check(leaves, signed, trusted, kept)
    return {"entries": size, "root": _b64(root), "key": trusted.text, "problems": wrong_ones[:MOST_PROBLEMS]}


@journal.command()
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False), help="Write it there.")
@_json
def checkpoint(out: str | None, as_json: bool) -> None:
    """Sign the log as it is now and print the checkpoint: keep it, and the past can no longer be changed unseen.

    \b
    Examples:
      affouage journal checkpoint
      affouage journal checkpoint --out checkpoint.txt
    \b
    --json prints: {"origin", "size", "root", "note"}
    """
    with opened_log() as (_, database, public):
        signed = public.sign_now()
        text = database.read_now(lambda connection: checkpoints.served(connection, signed))
    if as_json:
        echo_json({"origin": public.key.name, "size": signed.size, "root": _b64(signed.root), "note": text})
    else:
        write(out, text)


@journal.command()
@click.argument("seq", type=click.IntRange(min=0))
@click.option(
    "--from", "old", type=click.IntRange(min=0), help="Instead: that the log of SEQ entries extends this size."
)
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False), help="Write it there.")
def proof(seq: int, old: int | None, out: str | None) -> None:
    """Prove that entry SEQ is in the log as it is signed now, or with --from that the log only grew. Prints JSON.

    \b
    Examples:
      affouage journal proof 41
      affouage journal proof 120 --from 41      that the log of 120 entries extends the one of 41
    \b
    It prints: {"seq", "size", "leaf", "leaf_hash", "root", "proof": [...], "checkpoint"}
    or: {"from", "to", "from_root", "to_root", "proof": [...]}
    """
    with opened_log() as (_, database, public):
        signed = public.sign_now()

        def read(connection: Any) -> dict[str, Any]:
            if old is not None:
                path = log.consistency(connection, old, seq)
                roots = {"from_root": _b64(log.root(connection, old)), "to_root": _b64(log.root(connection, seq))}
                return {"from": old, "to": seq, **roots, "proof": [_b64(one) for one in path]}
            path = log.inclusion(connection, seq, signed.size)
            leaf = log.leaf(connection, seq)
            if not tree.inclusion_holds(tree.leaf_hash(leaf.body.encode()), seq, signed.size, path, signed.root):
                raise DatabaseUnusable("This entry is not the one that was signed.", remedy="affouage journal verify")
            told = {"seq": seq, "size": signed.size, "leaf": leaf.body, "leaf_hash": _b64(leaf.leaf_hash)}
            text = checkpoints.served(connection, signed)
            return {**told, "root": _b64(signed.root), "proof": [_b64(one) for one in path], "checkpoint": text}

        found = database.read_now(read)
    if out is None:
        echo_json(found)
    else:
        write(out, msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")


@journal.command()
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False), help="Write it there, not on standard output.")
def export(out: str | None) -> None:
    """Everything anybody needs to check the log elsewhere: its entries, its checkpoints, its key. JSON lines.

    \b
    Examples:
      affouage journal export --out log.jsonl
      affouage journal verifier --out check.py && python check.py log.jsonl --key VKEY
    """
    with opened_log() as (_, database, public):
        public.sign_now()
        lines = database.read_now(lambda connection: list(bundle.lines(connection)))
    write(out, b"".join(lines).decode())


@journal.command()
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False), help="Write it there, not on standard output.")
def verifier(out: str | None) -> None:
    """The verifier that needs nothing of affouage: one file, Python and PyNaCl.

    \b
    Example:
      affouage journal verifier --out offline_verifier.py
    """
    with telling():
        write(out, Path(offline_verifier.__file__).read_text(encoding="utf-8"))


@journal.command()
@click.argument("seq", required=False, type=click.IntRange(min=0))
@click.option("--last", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many entries.")
@click.option("--key", "only_key", is_flag=True, help="Only the log's key.")
@_json
def show(seq: int | None, last: int, only_key: bool, as_json: bool) -> None:
    """The last entries of the log, or the one numbered SEQ; and the key that others check it with.

    \b
    Examples:
      affouage journal show
      affouage journal show 41
      affouage journal show --key
    \b
    --json prints: {"key", "size", "entries": [{"seq", "leaf_hash", "leaf"}]}
    """
    with opened_log() as (_, database, public):

        def read(connection: Any) -> tuple[int, list[log.Leaf]]:
            size = log.size(connection)
            if seq is not None:
                return size, [log.leaf(connection, seq)]
            return size, list(log.leaves(connection, max(0, size - last)))

        size, leaves = database.read_now(read)
    if only_key:
        click.echo(str(public.key))
    elif as_json:
        found = [{"seq": one.seq, "leaf_hash": _b64(one.leaf_hash), "leaf": one.body} for one in leaves]
        echo_json({"key": str(public.key), "size": size, "entries": found})
    else:
        _ = spoken().gettext
        click.echo(_("Key: {key}").format(key=public.key))
        for one in leaves:
            click.echo(f"{one.seq:>6}  {one.body}")


@journal.command(name="rotate-key")
@_json
def rotate_key(as_json: bool) -> None:
    """Give the log a new key. The old one says so in the log first; every checkpoint it signed still holds.

    \b
    Example:
      affouage journal rotate-key
    \b
    --json prints: {"old", "new"}
    """
    with opened_log() as (_, _database, public):
        old, new = public.rotate_now()
    if as_json:
        echo_json({"old": str(old), "new": str(new)})
    else:
        _ = spoken().gettext
        click.echo(_("The log is signed from now on by: {key}").format(key=new))


@journal.command(name="restart")
@click.option("--reason", required=True, help="What happened: everybody will read it in the log.")
@_json
def restart_log(reason: str, as_json: bool) -> None:
    """Give the log a new key and a new name without the word of the old key: it was lost, or an old copy was put back.

    Whoever trusted the old key has to be told the new one, and witnesses have to add the log again. Refused while the
    log holds.

    \b
    Example:
      affouage journal restart --reason "The disk broke; the copy of 3 March was put back"
    \b
    --json prints: {"new"}
    """
    with telling(), open_home() as (settings, database):
        new = restart(database, SystemClock(), settings.home, reason)
    if as_json:
        echo_json({"new": str(new)})
    else:
        _ = spoken().gettext
        click.echo(_("The log is signed from now on by: {key}").format(key=new))
        click.echo(_("Tell it to the members and to the witnesses: the old key does not vouch for it."))


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
