"""Machines together: the keys of the commons, its broker, the machines of members; on a machine that is lent, its end.

Nothing is changed, anywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import select

from affouage.cli.checks import Finding, of_error, ok, problem, warning
from affouage.errors import AffouageError
from affouage.settings import Settings
from affouage.storage.home import in_use
from affouage.web.language import N_

ANSWERS_WITHIN_S = 5.0
DAY_MS = 86_400_000
HERE_MS = 5 * 60_000
"""Heard of so lately, a machine is here: what it tells is written down once a minute."""
AWAY_MS = 7 * DAY_MS
"""As long as a credential lasts: a machine away for longer asks for a new one first."""

_KEYS = ("operator.seed", "account.seed", "system.seed", "gateway.seed", "box.key")


def check_pool(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """Of a commons. Nothing is found where there is no pool and never was one."""
    folder = settings.home / "pool"
    if not settings.pool.url and not folder.exists():
        return
    missing = _extra_missing()
    if missing is not None:
        yield of_error("pool", missing, "problem" if settings.pool.url else "warning")
        return
    keys_found = list(_check_keys(folder))
    yield from keys_found
    if settings.pool.url and not settings.server.public_url.startswith("https://"):
        yield warning(
            "pool",
            N_("server.public_url is not an https:// address: only this very machine can join."),
            N_("See docs/how-to/open-a-pool.md."),
        )
    if folder.exists() and all(one.status == "ok" for one in keys_found):
        yield from _check_broker(settings)
    yield from _check_machines(settings, now_ms)


def _extra_missing() -> AffouageError | None:
    from affouage.adapters.buses.pool_bus import need_extra

    try:
        need_extra()
    except AffouageError as missing:
        return missing
    return None


def _check_keys(folder: Path) -> Iterator[Finding]:
    """Modes first: reading the keys is done as a start does it, which makes what is missing and mends the modes."""
    there = [name for name in _KEYS if (folder / name).exists()]
    if not there:
        yield warning("pool", N_("Its keys are not made yet."), N_("The first start with a pool makes them."))
        return
    if len(there) < len(_KEYS):
        missing = ", ".join(sorted(set(_KEYS) - set(there)))
        yield problem(
            "pool",
            N_("{folder} lacks {missing}."),
            N_("Put it back from a backup before starting: a key made anew shuts every machine out."),
            folder=folder,
            missing=missing,
        )
        return
    open_ones = [one for one in (folder, *(folder / name for name in _KEYS)) if one.stat().st_mode & 0o077]
    if open_ones:
        names = ", ".join(one.name for one in open_ones)
        yield problem(
            "pool",
            N_("Other users of this machine can read the keys of the pool ({names})."),
            "chmod -R go= {folder}",
            names=names,
            folder=folder,
        )
        return
    from affouage.pool.nodes.commons_keys import commons_keys
    from affouage.pool.nodes.revoked import read_revoked

    try:
        commons_keys(folder.parent)
        revoked = read_revoked(folder.parent)
    except AffouageError as wrong:
        yield of_error("pool", wrong)
        return
    yield ok(
        "pool", N_("Its keys are whole, for this user alone; {count} keys of machines are revoked."), count=len(revoked)
    )


def _check_broker(settings: Settings) -> Iterator[Finding]:
    try:
        if settings.pool.url:
            yield asyncio.run(_ask_broker(settings, N_("Look at its log; docs/how-to/use-an-existing-broker.md.")))
        elif in_use(settings.home):
            from affouage.adapters.buses.own_broker import with_own_broker

            yield asyncio.run(
                _ask_broker(with_own_broker(settings), N_("Start the commons with `affouage up --pool`."))
            )
        else:
            from affouage.adapters.buses.nats_server import find_server

            program = find_server(settings.pool.server)
            yield ok("broker", N_("{program} is there for `affouage up --pool`."), program=program)
    except AffouageError as wrong:
        yield of_error("broker", wrong)


async def _ask_broker(settings: Settings, remedy: str) -> Finding:
    """Connect as the commons does, and leave at once. Raises SettingsError."""
    from affouage.adapters.buses.pool_bus import open_gateway_bus
    from affouage.clock import SystemClock
    from affouage.pool.nodes.bus import BusDown
    from affouage.pool.nodes.commons_keys import commons_keys

    bus = open_gateway_bus(settings, commons_keys(settings.home), SystemClock())
    try:
        await bus.until_connected(ANSWERS_WITHIN_S)
    except BusDown as away:
        return of_error("broker", away, remedy=remedy)
    finally:
        await bus.close()
    return ok("broker", N_("{url} answers and knows this commons."), url=settings.pool.url)


def _check_machines(settings: Settings, now_ms: int) -> Iterator[Finding]:
    rows = _rows(settings.database_place)
    if not rows:
        return
    approved = [one for one in rows if one.state == "approved"]
    waiting = [one for one in rows if one.state == "pending"]
    here = [one for one in approved if one.seen_ms is not None and now_ms - one.seen_ms < HERE_MS]
    yield ok(
        "machines",
        N_("{approved} approved, {here} of them heard of in the last five minutes."),
        approved=len(approved),
        here=len(here),
    )
    for one in approved:
        since_ms = one.seen_ms or one.decided_ms or one.created_ms
        if in_use(settings.home) and now_ms - since_ms > AWAY_MS:
            yield warning(
                "machines",
                N_("{name} has been silent for {days} days."),
                N_('Ask its owner; if it is gone: affouage node revoke "{name}"'),
                name=one.name,
                days=(now_ms - since_ms) // DAY_MS,
            )
    if waiting:
        yield warning("machines", N_("{count} wait for a steward."), "affouage node list", count=len(waiting))


def _rows(place: Path | str) -> list[Any]:
    """The list of machines; none from a database that is not as this version writes it (said elsewhere)."""
    from affouage.storage.database import begun, make_engine
    from affouage.storage.schema import is_newest
    from affouage.storage.tables import node

    if not begun(place):
        return []
    engine = make_engine(place)
    try:
        if not is_newest(engine):
            return []
        columns = (node.c.name, node.c.state, node.c.created_ms, node.c.decided_ms, node.c.seen_ms)
        with closing(engine.connect()) as connection:
            return list(connection.execute(select(*columns).order_by(node.c.created_ms)).all())
    finally:
        engine.dispose()


def check_lent(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """Of a machine that joined a commons: its keys, its credential, whether it reaches that commons, whether it serves.

    The commons is asked as the machine asks it each day; what it answers is not kept.
    """
    from affouage.pool.nodes.identity import FILE, read_identity

    path = settings.home / FILE
    if not path.exists():
        return
    missing = _extra_missing()
    if missing is not None:
        yield of_error("lent machine", missing)
        return
    try:
        kept = read_identity(settings.home)
    except AffouageError as wrong:
        yield of_error("lent machine", wrong)
        return
    if kept is None:
        return
    if (path.stat().st_mode | path.parent.stat().st_mode) & 0o077:
        yield problem(
            "lent machine",
            N_("Other users of this machine can read its keys."),
            "chmod -R go= {folder}",
            folder=path.parent,
        )
    else:
        yield ok(
            "lent machine",
            N_("{name} ({node_id}), its keys for this user alone."),
            name=kept.name,
            node_id=kept.node_id,
        )
    from affouage.adapters import joining
    from affouage.clock import SystemClock

    try:
        now = asyncio.run(joining.renewed(kept, SystemClock()))
    except AffouageError as no:
        yield of_error("lent machine", no, remedy="" if no.remedy else N_("Ask a steward of that commons."))
        return
    if now.state == "asked":
        yield warning(
            "lent machine",
            N_("{url} answers: a steward has to approve it."),
            N_("Ask a steward."),
            url=kept.commons_url,
        )
        return
    yield ok("lent machine", N_("{url} answers and knows it."), url=kept.commons_url)
    yield _credential(kept.jwt_expires_ms, now_ms)
    yield _serving(settings.home)


def _credential(expires_ms: int, now_ms: int) -> Finding:
    if expires_ms <= now_ms:
        return warning(
            "lent machine", N_("Its credential has ended."), N_("`affouage node run` asks for a new one by itself.")
        )
    return ok(
        "lent machine",
        N_("Its credential is good for {days:.1f} days."),
        days=(expires_ms - now_ms) / DAY_MS,
    )


def _serving(home: Path) -> Finding:
    from affouage.pool.nodes.node_state import read_state

    state = read_state(home)
    if not in_use(home):
        return warning("lent machine", N_("It does not serve now."), "affouage node run")
    if state is None or not state.connected:
        why = f": {state.problem}" if state is not None and state.problem else ""
        return problem(
            "lent machine", N_("It runs, and does not reach the broker{why}."), "affouage node status", why=why
        )
    return ok("lent machine", N_("It runs and reaches the broker."))
