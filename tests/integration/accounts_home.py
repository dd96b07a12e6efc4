"""A fresh home with its accounts, on a real database and a clock that stands still; what several tests share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from affouage.assembly.access import Credential
from affouage.assembly.accounts import Accounts
from affouage.assembly.conversations import Conversations
from affouage.assembly.member import Member, Role
from affouage.errors import AffouageError
from affouage.storage import Database, open_database
from affouage.testing import ManualClock
from tests.databases import remains

PASSWORD = "quatre mots sans lien"
OTHER_PASSWORD = "encore cinq mots bien longs"
DAY_MS = 24 * 3_600_000


class Home:
    """A database, a clock that stands still, the accounts on them."""

    def __init__(self, path: Path, now_ms: int) -> None:
        self.path = path
        self.database: Database = open_database(path)
        self.clock = ManualClock(now_ms)
        self.accounts = Accounts(self.database, self.clock)
        self.conversations = Conversations(self.database, self.clock, 30)

    async def joined(self, name: str, role: Role = Role.MEMBER) -> Member:
        """Somebody with a password."""
        _, link = await self.accounts.add_member(name, role)
        who, _ = await self.accounts.accept(link.secret, None, PASSWORD, "fr", "tests")
        return who

    async def key(self, who: Member, **more: Any) -> Credential:
        return Credential("key", (await self.accounts.create_key(who, **more))[1])

    async def session(self, name: str) -> tuple[Credential, str]:
        _, token = await self.accounts.sign_in(name, PASSWORD, "tests", "10.0.0.1")
        return Credential("session", token.text), token.id

    def bytes_on_disk(self) -> bytes:
        """All that a thief of the files would have now; the database stays open."""
        return remains(self.path)


@asynccontextmanager
async def opened(path: Path, now_ms: int = 1_790_000_000_000) -> AsyncIterator[Home]:
    home = Home(path, now_ms)
    try:
        yield home
    finally:
        home.database.close()


def on_fresh_home(tmp_path: Path, work: Callable[[Home], Coroutine[Any, Any, None]]) -> None:
    """Run ``work`` to its end on a fresh home."""

    async def whole() -> None:
        async with opened(tmp_path / "affouage.db") as home:
            await work(home)

    asyncio.run(whole())


async def refused(work: Coroutine[Any, Any, Any], kind: type[AffouageError], code: str) -> AffouageError:
    """The refusal, of this kind and code, with a remedy."""
    with pytest.raises(kind) as refusal:
        await work
    assert refusal.value.code == code
    assert refusal.value.remedy
    return refusal.value
