"""Homes to back up: with everything a home holds, small; of an older schema too. And archives made to do harm."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, insert

from affouage.clock import SystemClock
from affouage.ledger.ledger import Ledger
from affouage.storage import open_database
from affouage.storage.tables import member, session
from affouage.testing import ManualClock
from tests.integration.books import a_receipt, a_reservation
from tests.integration.journal_home import START_MS, Home, furnish

WORDS = "cinq mots tires au sort"
MEMBER = {"role": "member", "language": "fr", "created_ms": START_MS}


def old_schema(revision: str) -> Any:
    """What brings a database to an older schema and no further."""

    def bring(engine: Engine) -> None:
        config = Config()
        config.set_main_option("script_location", "affouage:migrations")
        with engine.connect().execution_options(writes=True) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()

    return bring


def lived(home: Path, revision: str | None = None) -> None:
    """A ledger, a signed log with a rotated key, a member with a session, settings, a card, a model of a few bytes."""
    if revision is not None:
        home.mkdir(mode=0o700)
        open_database(home / "affouage.db", old_schema(revision)).close()
    logged = _Older(home, revision) if revision is not None else Home(home)
    ledger = Ledger(logged.db, SystemClock())

    async def movements() -> None:
        for name in ("rcp_1", "rcp_2", "rcp_3"):
            await ledger.reserve(a_reservation(name))
            await ledger.settle(a_receipt(name), b"salt of that answer", ())

    def people(connection: Any) -> None:
        connection.execute(insert(member), {**MEMBER, "id": "m1", "name": "Odile", "name_key": "odile"})
        row = {"id": "s1", "secret_sha256": b"x", "member_id": "m1", "agent": "Firefox", "created_ms": 1, "seen_ms": 1}
        connection.execute(insert(session), {**row, "expires_ms": 1 << 42})

    try:
        logged.db.write_now(people)
        asyncio.run(movements())
        furnish(logged)
    finally:
        logged.close()
    (home / "settings.toml").write_text('[commons]\nname = "Les Éclaircies"\n', encoding="utf-8")
    for name, text in (("cards/ours.toml", b"# a card\n"), ("models/é m.gguf", b"GGUF" * 1000), ("run/address", b"x")):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_bytes(text)
    (home / "models" / "arriving.gguf.part").write_bytes(b"half")


class _Older(Home):
    """The same, on a database that stays as old as it is."""

    def __init__(self, home: Path, revision: str) -> None:
        from affouage.journal.public_log import open_log
        from affouage.storage.home import prepare

        prepare(home)
        self.path, self.clock = home, ManualClock(START_MS)
        self.db = open_database(home / "affouage.db", lambda _engine: None)
        self.log = open_log(self.db, self.clock, home)


def forged(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], **about: Any) -> Path:
    """An archive with these members between what it says of itself, true digests included."""
    says = {"affouage": "0", "schema": None, "made_ms": 1, "bytes": 1, "models": True, "served": False, "format": 1}
    entries = [
        {"name": one.name.removeprefix("home/"), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for one, data in members
    ]
    first, last = json.dumps({**says, **about}).encode(), json.dumps({"entries": entries}).encode()
    with gzip.open(path, "wb") as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        for one, data in [(tarfile.TarInfo("about.json"), first), *members, (tarfile.TarInfo("manifest.json"), last)]:
            one.size = len(data)
            tar.addfile(one, io.BytesIO(data))
    return path


def named(name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, bytes]:
    member_of = tarfile.TarInfo(name)
    member_of.type = kind
    if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        member_of.linkname = "/etc/passwd"
    return member_of, data if kind == tarfile.REGTYPE else b""
