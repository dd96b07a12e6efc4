"""A commons with its door for machines, on loopback, and real keys of machines; what tests of joining share."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from affouage import settings as settings_of
from affouage.adapters import joining
from affouage.asgi.limits import Limits
from affouage.asgi.server import bind, listening, url_of
from affouage.assembly.member import Member
from affouage.errors import AffouageError
from affouage.gateway.nodes import Nodes
from affouage.pool.nodes import nkey
from affouage.pool.nodes.enrolment import Enrolment
from affouage.pool.nodes.identity import Enrolled
from affouage.pool.nodes.joining import NONCE_HEADER, SIGNATURE_HEADER, TIME_HEADER, signed_text
from affouage.storage.tables import ledger_entry
from tests.integration.accounts_home import Home, opened

POOL = "tls://broker.example:4222"


class House:
    """A commons with its roll, its machines, and its door for them on loopback."""

    def __init__(self, home: Home, enrolment: Enrolment, url: str) -> None:
        self.home, self.enrolment, self.url = home, enrolment, url
        self.clock = home.clock
        self.seeds: list[str] = []

    async def invited(self, owner: Member | None = None) -> str:
        secret = (await self.enrolment.invite(None, owner)).secret
        self.seeds.append(secret)
        return secret

    def machine(self, name: str = "atelier", machine_id: str = "vm-1") -> Enrolled:
        made = joining.new_machine(self.url, name, machine_id)
        self.seeds += [made.seed, made.box_private]
        return made

    async def joined(self, name: str = "atelier", owner: Member | None = None) -> Enrolled:
        return await joining.ask(self.machine(name, f"vm-{len(self.seeds)}"), await self.invited(owner), self.clock)

    def entries(self) -> list[dict[str, Any]]:
        query = select(ledger_entry.c.body).where(ledger_entry.c.kind == "node").order_by(ledger_entry.c.seq)
        bodies = self.home.database.read_now(lambda c: list(c.execute(query).scalars()))
        return [json.loads(body)["content"] for body in bodies]


@asynccontextmanager
async def house(tmp_path: Path, pool_url: str = POOL) -> AsyncIterator[House]:
    settings = settings_of.read({"AFFOUAGE_POOL_URL": pool_url, "AFFOUAGE_COMMONS_NAME": "Le Bois"}, home=tmp_path)
    async with opened(tmp_path / "affouage.db") as home:
        enrolment = Enrolment(home.database, home.clock)
        limits = Limits(settings.limits, home.clock)
        app = Starlette(routes=list(Nodes(settings, home.clock, enrolment).routes(home.accounts, limits)))
        listener = bind("127.0.0.1", 0)
        async with listening(app, listener, replace(settings.server, read_timeout_ms=2000)):
            yield House(home, enrolment, url_of(listener))


def on_house(tmp_path: Path, work: Callable[[House], Coroutine[Any, Any, None]], pool_url: str = POOL) -> None:
    async def whole() -> None:
        async with house(tmp_path, pool_url) as place:
            await work(place)

    asyncio.run(whole())


async def code_of(work: Coroutine[Any, Any, Any]) -> str:
    """The code of the refusal; a client hears codes and sentences, never more."""
    with pytest.raises(AffouageError) as no:
        await work
    assert no.value.message
    return no.value.code


async def raw(place: House, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, place.url + path, data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


def signed(key: nkey.Key, method: str, path: str, time_ms: int, body: bytes = b"") -> dict[str, str]:
    nonce = secrets.token_hex(16)
    signature = key.sign(signed_text(method, path, time_ms, nonce, body)).hex()
    return {TIME_HEADER: str(time_ms), NONCE_HEADER: nonce, SIGNATURE_HEADER: signature}
