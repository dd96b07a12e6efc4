"""The home and what is in it: settings, disk, server, database, ledger, administrator. Nothing is changed."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import fields
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DatabaseError

from affouage import settings as settings_of
from affouage.cli.checks import Finding, ok, problem, warning
from affouage.errors import SettingsError
from affouage.settings import ServerSettings, Settings
from affouage.storage.home import LEAST_FREE_BYTES, in_use, running_address

WISE_FREE_BYTES = 2_000_000_000
CLOCK_SLACK_MS = 300_000
BESIDES_CONNECTIONS = 200
_OTHER_VARIABLES = {
    "AFFOUAGE_HOME",
    "AFFOUAGE_HUB_URL",
    "AFFOUAGE_KEY",
    "AFFOUAGE_LANG",
    "AFFOUAGE_PASSPHRASE",
    "AFFOUAGE_STARTER_MODEL",
}


def check_settings(environ: Mapping[str, str]) -> tuple[Settings, list[Finding]]:
    """The settings, or the defaults where they cannot be read, and what was found."""
    home = settings_of.default_home(environ)
    try:
        settings = settings_of.read(environ)
    except SettingsError as wrong:
        return Settings(home=home), [problem("settings", wrong.message, wrong.remedy)]
    findings = [ok("settings", "They can be read.")]
    known = _OTHER_VARIABLES | {
        f"AFFOUAGE_{table}_{key.name}".upper() for table, kind in settings_of.TABLES.items() for key in fields(kind)
    }
    findings += [
        warning("settings", f"Nothing reads the variable {name}.", "Check its spelling: docs/reference/settings.md.")
        for name in sorted(environ)
        if name.startswith("AFFOUAGE_") and name not in known
    ]
    return settings, findings


def check_home(home: Path) -> Iterator[Finding]:
    nearest = next(one for one in (home, *home.parents) if one.exists())
    if not home.exists():
        yield warning("home", f"{home} does not exist yet.", "`affouage up` makes it.")
    elif not home.is_dir():
        yield problem("home", f"{home} is not a folder.", "Set AFFOUAGE_HOME to a folder.")
        return
    if not os.access(nearest, os.W_OK | os.X_OK) or _read_only(nearest):
        yield problem(
            "home", f"Nothing can be written in {nearest}.", "Give this user the right to, or set AFFOUAGE_HOME."
        )
    elif home.exists():
        yield ok("home", f"{home} can be written.")
    if home.exists() and home.stat().st_mode & 0o077:
        yield warning("home", "Other users of this machine can look into it.", f"chmod 700 {home}")
    yield _check_room(nearest)


def _read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _check_room(folder: Path) -> Finding:
    import psutil

    free = shutil.disk_usage(folder).free
    mounts = {Path(one.mountpoint): one.device for one in psutil.disk_partitions(all=True)}
    mount = next((one for one in (folder.resolve(), *folder.resolve().parents) if one in mounts), None)
    where = f"{mounts[mount]} on {mount}" if mount else str(folder)
    what = f"{free / 1e9:.1f} GB free on {where}."
    if free < LEAST_FREE_BYTES:
        return problem("disk", what, "Make room: a full disk stops the ledger, and so every answer.")
    if free < WISE_FREE_BYTES:
        return warning("disk", what, "Make room before fetching a model.")
    return ok("disk", what)


def check_server(settings: Settings) -> Finding:
    if in_use(settings.home):
        if _lent(settings.home) and running_address(settings.home) is None:
            return ok("server", "None: this home is that of a machine that is lent, and it serves.")
        return ok(
            "server", f"One runs on this home, at {running_address(settings.home) or 'an address not yet known'}."
        )
    return ok("server", "None runs on this home.")


def _lent(home: Path) -> bool:
    return (home / "node" / "identity.json").exists()


def check_port(server: ServerSettings) -> Finding:
    """Whether the port of the settings is free, when no server of ours holds it."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((server.host, server.port))
        except OSError as refused:
            return warning(
                "port",
                f"{server.host} port {server.port} cannot be used: {refused.strerror}.",
                "`affouage up` takes the next free one and says so; or set server.port.",
            )
    return ok("port", f"{server.host} port {server.port} is free.")


def check_exposure(server: ServerSettings) -> Iterator[Finding]:
    if server.host in ("127.0.0.1", "::1", "localhost"):
        return
    if not server.public_url.startswith("https://"):
        yield problem(
            "exposure",
            f"server.host = {server.host} opens this commons to the network without TLS.",
            "Put a TLS proxy in front and set server.public_url to its https:// address.",
        )


def check_descriptors(server: ServerSettings) -> Iterator[Finding]:
    """Each connection takes one; the database, the engines and the files in use take the rest."""
    try:
        import resource
    except ImportError:  # Windows has none
        return
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return
    wanted = server.max_connections + BESIDES_CONNECTIONS
    if most < wanted:
        yield warning(
            "open files",
            f"This user may open {most} at once; {server.max_connections} connections and the rest want {wanted}.",
            f"ulimit -n {wanted} before starting (LimitNOFILE= in a systemd unit), or lower server.max_connections."
            if hard == resource.RLIM_INFINITY or hard >= wanted
            else "Have the limit raised (/etc/security/limits.conf), or lower server.max_connections.",
        )
    else:
        yield ok("open files", f"This user may open {most} at once.")


def check_database(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """Opened as it is; an older one is left for `affouage up` to bring up to date."""
    if not settings.database_path.exists():
        if _lent(settings.home):
            return  # it keeps none
        yield warning("database", "There is none yet.", "`affouage up` makes it.")
        return
    from affouage.storage.database import make_engine

    engine = make_engine(settings.database_path)
    try:
        yield from _look_inside(engine, settings, now_ms)
    except (DatabaseError, sqlite3.DatabaseError) as broken:
        reason = broken.orig if isinstance(broken, DatabaseError) else broken
        yield problem(
            "database",
            f"{settings.database_path} cannot be used: {reason}.",
            "Put it aside and restore a backup; nothing was changed in it.",
        )
    finally:
        engine.dispose()


def _look_inside(engine: Engine, settings: Settings, now_ms: int) -> Iterator[Finding]:
    from affouage.storage.schema import HEAD, revision

    with engine.connect() as connection:
        said = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if said != "ok":
        yield problem("database", f"It is damaged: {said}.", "Put it aside and restore a backup.")
        return
    found = revision(engine)
    if found is not None and found > HEAD:
        yield problem(
            "database",
            f"It was written by a newer affouage (schema {found}; this one knows {HEAD}).",
            "Update affouage, or start it on another AFFOUAGE_HOME.",
        )
        return
    if found != HEAD:
        yield warning("database", f"Its schema is {found or 'empty'}, not {HEAD} yet.", "`affouage up` brings it up.")
        return
    yield ok("database", f"It opens and is sound (schema {HEAD}).")
    yield from _check_ledger(engine, settings, now_ms)
    yield _check_administrator(engine)


def _check_ledger(engine: Engine, settings: Settings, now_ms: int) -> Iterator[Finding]:
    from affouage.ledger.ledger import verify
    from affouage.storage.tables import ledger_entry

    with engine.connect() as connection:
        found = verify(connection)
        last_ms = connection.execute(select(func.max(ledger_entry.c.created_ms))).scalar()
    if found.problems:
        more = f" and {len(found.problems) - 1} more" if len(found.problems) > 1 else ""
        yield problem(
            "ledger",
            f"The chain does not hold: {found.problems[0]}{more}.",
            "See `affouage ledger verify`; keep this copy, compare it with a backup, and tell the members.",
        )
    else:
        yield ok("ledger", f"Its {found.entries} entries hold; head {found.head[:16]}...")
    if found.open_reservations and not in_use(settings.home):
        yield warning(
            "ledger",
            f"{found.open_reservations} requests were left open by a server that stopped.",
            "The next `affouage up` settles them as failed.",
        )
    if last_ms is not None and last_ms > now_ms + CLOCK_SLACK_MS:
        yield problem("clock", "The last entry of the ledger is in the future: the clock went back.", "Set the clock.")


def _check_administrator(engine: Engine) -> Finding:
    from affouage.assembly.roll import has_operator

    with engine.connect() as connection:
        there = has_operator(connection)
    if there:
        return ok("administrator", "Somebody can administer this commons.")
    return warning("administrator", "Nobody can administer it yet.", "Open the link that `affouage up` prints.")
