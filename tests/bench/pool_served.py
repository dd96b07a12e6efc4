"""``python -m tests.bench.pool_served HOME BROKER_URL FOLDER NAME...``: a commons of a pool, in a process of its own.

It has an engine that stamps ("here") and lets machines of those names in: what each holds is written in FOLDER/NAME.
Says one JSON line (:class:`Pooled`). Ends when its standard input closes.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from affouage.adapters import joining
from affouage.app import build_asgi, open_commons
from affouage.asgi.commons import Commons
from affouage.asgi.server import bind, listening, url_of
from affouage.assembly.member import Role
from affouage.clock import SystemClock
from affouage.pool.nodes.identity import write_identity
from affouage.settings import read
from tests.bench.stamping import StampingEngine

WAITING = "512"
SLOTS = 128


class Pooled(msgspec.Struct, frozen=True):
    """``keys``: of members, one each."""

    pid: int
    url: str
    keys: list[str]


async def serve(home: Path, broker_url: str, folder: Path, names: list[str]) -> None:
    more = {"AFFOUAGE_POOL_MAX_WAITING_PER_MEMBER": WAITING, "AFFOUAGE_ENGINE_MAX_WAITING": WAITING}
    settings = read({"AFFOUAGE_POOL_URL": broker_url, **more}, home=home)
    async with open_commons(settings, engines=[StampingEngine("here", slots=SLOTS)]) as commons:
        listener = bind("127.0.0.1", 0)
        async with listening(build_asgi(commons), listener, settings.server):
            url = url_of(listener)
            for name in names:
                await _let_in(commons, url, folder / name, name)
            member, _ = await commons.accounts.add_member("Bench", Role.MEMBER)
            _, key = await commons.accounts.create_key(member, "bench")
            print(msgspec.json.encode(Pooled(os.getpid(), url, [key])).decode(), flush=True)
            await asyncio.to_thread(sys.stdin.read)


async def _let_in(commons: Commons, url: str, home: Path, name: str) -> None:
    enrolment, clock = commons.enrolment, SystemClock()
    invitation = await enrolment.invite(None, None)
    asked = await joining.ask(joining.new_machine(url, name, name), invitation.secret, clock)
    await enrolment.approve(None, asked.node_id)
    write_identity(home, await joining.renewed(asked, clock))


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4:]))
