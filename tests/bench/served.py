"""``python -m tests.bench.served MODEL_FILE MODEL_ID SLOTS``: the real commons in a process of its own, for the bench.

Says one JSON line: the gateway's address with a member's key, and the address and key of the engine's child process, so
that the very same engine can also be called directly. Ends when its standard input closes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import msgspec

from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.app import build_asgi, open_commons
from affouage.asgi.server import bind, listening, url_of
from affouage.assembly.member import Role
from affouage.clock import SystemClock
from affouage.settings import EngineSettings, read

LOAD_MS = 300_000


class Served(msgspec.Struct, frozen=True):
    """``prefix``: the text that stands first, so that a direct call can send exactly the same."""

    pid: int
    child_pid: int
    gateway_url: str
    gateway_key: str
    engine_url: str
    engine_socket: str
    engine_key: str
    engine: str
    model: str
    prefix: str


async def serve(path: Path, model_id: str, slots: int) -> None:
    engine = LlamaCppEngine(
        model_id=model_id,
        path=path,
        file_sha256=None,
        settings=EngineSettings(slots=slots, context_tokens=2048, load_wait_ms=LOAD_MS),
        clock=SystemClock(),
    )
    with tempfile.TemporaryDirectory(prefix="affouage-bench-") as folder:
        settings = read({}, home=Path(folder))
        async with open_commons(settings, engines=[engine]) as commons:
            await engine.ensure_ready(LOAD_MS)
            member, _ = await commons.accounts.add_member("Bench", Role.MEMBER)
            _, key = await commons.accounts.create_key(member, "bench")
            listener = bind("127.0.0.1", 0)
            async with listening(build_asgi(commons), listener, settings.server):
                inner = engine._client  # the bench alone looks inside: nothing else may reach a child directly
                assert inner is not None
                served = Served(
                    pid=os.getpid(),
                    child_pid=engine.pid or 0,
                    gateway_url=url_of(listener),
                    gateway_key=key,
                    engine_url=inner._root,
                    engine_socket=str(inner._new_session.args[0]),  # type: ignore[attr-defined]
                    engine_key=engine._key,
                    engine=f"{engine.identity().name} {engine.identity().version}",
                    model=model_id,
                    prefix=commons.prefixes[member.language].text,
                )
                print(msgspec.json.encode(served).decode(), flush=True)
                await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
