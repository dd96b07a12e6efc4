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
from affouage.cli.checks import Finding, of_error, ok, problem, warning
from affouage.errors import SettingsError, SetUpError
from affouage.settings import ServerSettings, Settings
from affouage.storage.home import LEAST_FREE_BYTES, in_use, running_address
from affouage.web.language import N_

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
        return Settings(home=home), [of_error("settings", wrong)]
    findings = [ok("settings", N_("They can be read."))]
    known = _OTHER_VARIABLES | {
        f"AFFOUAGE_{table}_{key.name}".upper() for table, kind in settings_of.TABLES.items() for key in fields(kind)
    }
    findings += [
        warning(
            "settings",
            N_("Nothing reads the variable {name}."),
            N_("Check its spelling: docs/reference/settings.md."),
            name=name,
        )
        for name in sorted(environ)
        if name.startswith("AFFOUAGE_") and name not in known
    ]
    return settings, findings


def check_home(home: Path) -> Iterator[Finding]:
    nearest = next(one for one in (home, *home.parents) if one.exists())
    if not home.exists():
        yield warning("home", N_("{home} does not exist yet."), N_("`affouage up` makes it."), home=home)
    elif not home.is_dir():
        yield problem("home", N_("{home} is not a folder."), N_("Set AFFOUAGE_HOME to a folder."), home=home)
        return
    if not os.access(nearest, os.W_OK | os.X_OK) or _read_only(nearest):
        yield problem(
            "home",
            N_("Nothing can be written in {folder}."),
            N_("Give this user the right to, or set AFFOUAGE_HOME."),
            folder=nearest,
        )
    elif home.exists():
        yield ok("home", N_("{home} can be written."), home=home)
    if home.exists() and home.stat().st_mode & 0o077:
        yield warning("home", N_("Other users of this machine can look into it."), "chmod 700 {home}", home=home)
    yield _check_room(nearest)


def _read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _check_room(folder: Path) -> Finding:
    import psutil

    free = shutil.disk_usage(folder).free
    mounts = {Path(one.mountpoint): one.device for one in psutil.disk_partitions(all=True)}
    mount = next((one for one in (folder.resolve(), *folder.resolve().parents) if one in mounts), None)
    where = f"{mount} ({mounts[mount]})" if mount else str(folder)
    what, facts = N_("{free:.1f} GB free on {where}."), {"free": free / 1e9, "where": where}
    if free < LEAST_FREE_BYTES:
        return problem("disk", what, N_("Make room: a full disk stops the ledger, and so every answer."), **facts)
    if free < WISE_FREE_BYTES:
        return warning("disk", what, N_("Make room before fetching a model."), **facts)
    return ok("disk", what, **facts)


def check_server(settings: Settings) -> Finding:
    if in_use(settings.home):
        if _lent(settings.home) and running_address(settings.home) is None:
            return ok("server", N_("None: this home is that of a machine that is lent, and it serves."))
        return ok(
            "server",
            N_("One runs on this home, at {address}."),
            address=running_address(settings.home) or N_("an address not yet known"),
        )
    return ok("server", N_("None runs on this home."))


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
                N_("{host} port {port} cannot be used: {reason}."),
                N_("`affouage up` takes the next free one and says so; or set server.port."),
                host=server.host,
                port=server.port,
                reason=refused.strerror,
            )
    return ok("port", N_("{host} port {port} is free."), host=server.host, port=server.port)


def check_exposure(server: ServerSettings) -> Iterator[Finding]:
    if server.host in ("127.0.0.1", "::1", "localhost"):
        return
    if not server.public_url.startswith("https://"):
        yield problem(
            "exposure",
            N_("server.host = {host} opens this commons to the network without TLS."),
            N_("Put a TLS proxy in front and set server.public_url to its https:// address."),
            host=server.host,
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
            N_("This user may open {most} at once; {connections} connections and the rest want {wanted}."),
            N_("ulimit -n {wanted} before starting (LimitNOFILE= in a systemd unit), or lower server.max_connections.")
            if hard == resource.RLIM_INFINITY or hard >= wanted
            else N_("Have the limit raised (/etc/security/limits.conf), or lower server.max_connections."),
            most=most,
            connections=server.max_connections,
            wanted=wanted,
        )
    else:
        yield ok("open files", N_("This user may open {most} at once."), most=most)


def check_database(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """Opened as it is; an older one is left for `affouage up` to bring up to date."""
    from affouage.storage.database import begun, make_engine, unusable

    place = settings.database_place
    if not begun(place):
        if _lent(settings.home):
            return  # it keeps none
        yield warning("database", N_("There is none yet."), N_("`affouage up` makes it."))
        return
    engine = make_engine(place)
    try:
        yield from _look_inside(engine, settings, now_ms)
    except SetUpError as refused:
        yield of_error("database", refused)
    except (DatabaseError, sqlite3.DatabaseError) as broken:
        if isinstance(broken, DatabaseError) and isinstance(place, str):
            told = unusable(place, broken)
            yield of_error("database", told)
            return
        reason = broken.orig if isinstance(broken, DatabaseError) else broken
        yield problem(
            "database",
            N_("{place} cannot be used: {reason}."),
            N_("Put it aside and restore a backup; nothing was changed in it."),
            place=place,
            reason=reason,
        )
    finally:
        engine.dispose()


def _look_inside(engine: Engine, settings: Settings, now_ms: int) -> Iterator[Finding]:
    from affouage.storage.schema import HEAD, revision

    if engine.dialect.name == "sqlite" and (said := _sound(engine)) != "ok":
        yield problem("database", N_("It is damaged: {said}."), N_("Put it aside and restore a backup."), said=said)
        return
    found = revision(engine)
    if found is not None and found > HEAD:
        yield problem(
            "database",
            N_("It was written by a newer affouage (schema {found}; this one knows {head})."),
            N_("Update affouage, or start it on another AFFOUAGE_HOME."),
            found=found,
            head=HEAD,
        )
        return
    if found != HEAD:
        yield warning(
            "database",
            N_("Its schema is {found}, not {head} yet."),
            N_("`affouage up` brings it up."),
            found=found or N_("empty"),
            head=HEAD,
        )
        return
    yield ok("database", N_("It opens and is sound (schema {head})."), head=HEAD)
    yield from _check_ledger(engine, settings, now_ms)
    yield _check_administrator(engine)


def _sound(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())


def _check_ledger(engine: Engine, settings: Settings, now_ms: int) -> Iterator[Finding]:
    from affouage.ledger.ledger import verify
    from affouage.storage.tables import ledger_entry

    with engine.connect() as connection:
        found = verify(connection)
        last_ms = connection.execute(select(func.max(ledger_entry.c.created_ms))).scalar()
    if found.problems:
        yield problem(
            "ledger",
            N_("The chain does not hold, in {count} places; the first: {first}."),
            N_("See `affouage ledger verify`; keep this copy, compare it with a backup, and tell the members."),
            count=len(found.problems),
            first=found.problems[0],
        )
    else:
        yield ok(
            "ledger", N_("Its {entries} entries hold; head {head}..."), entries=found.entries, head=found.head[:16]
        )
    if found.open_reservations and not in_use(settings.home):
        yield warning(
            "ledger",
            N_("{count} requests were left open by a server that stopped."),
            N_("The next `affouage up` settles them as failed."),
            count=found.open_reservations,
        )
    if last_ms is not None and last_ms > now_ms + CLOCK_SLACK_MS:
        yield problem(
            "clock", N_("The last entry of the ledger is in the future: the clock went back."), N_("Set the clock.")
        )


def _check_administrator(engine: Engine) -> Finding:
    from affouage.assembly.roll import has_operator

    with engine.connect() as connection:
        there = has_operator(connection)
    if there:
        return ok("administrator", N_("Somebody can administer this commons."))
    return warning("administrator", N_("Nobody can administer it yet."), N_("Open the link that `affouage up` prints."))
