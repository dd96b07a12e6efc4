"""Servers that misbehave, over real sockets: each wrong turn becomes one clear error, and nothing hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
import pytest

from affouage.adapters.engines import openai_compatible
from affouage.adapters.engines.openai_compatible import OpenAICompatibleEngine
from affouage.adapters.engines.upstream_probe import probe
from affouage.chat import ChatRequest, Delta, EngineEvent, Final, Message, Usage, delta_text
from affouage.errors import AffouageError, BadRequest, EngineFailed, EngineLoading, UnsupportedParameter
from affouage.settings import UpstreamSettings

CHAT = ChatRequest(model="chez-nous", messages=(Message("user", "Bonjour"),))
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def event(data: bytes) -> bytes:
    block = b"data: " + data + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(block), block)


def words(text: str, reason: str | None = None) -> bytes:
    choices = [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]
    return event(msgspec.json.encode({"choices": choices, "model": "leur-modele"}))


def answer(status: int, body: Any) -> bytes:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(content), content)


GOOD = STREAM + words("oui") + words("", "stop") + event(b"[DONE]") + END
Speak = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A server that answers /v1/models honestly and each POST with the next of its ``turns``."""

    turns: list[bytes | Speak]
    url: str = ""
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head)
                await reader.readexactly(_content_length(head))
                turn = self._turn(head)
                if isinstance(turn, bytes):
                    writer.write(turn)
                    await writer.drain()
                else:
                    await turn(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.left.set()
            writer.close()

    def _turn(self, head: bytes) -> bytes | Speak:
        if head.startswith(b"POST"):
            return self.turns.pop(0)
        if b"/v1/models" in head:
            return answer(200, {"data": [{"id": "leur-modele", "owned_by": "vllm", "max_model_len": 4096}]})
        return answer(404, b"not here")


def _content_length(head: bytes) -> int:
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    return int(lengths[0]) if lengths else 0


@asynccontextmanager
async def against(
    *turns: bytes | Speak, session: Callable[[], aiohttp.ClientSession] = openai_compatible.new_session
) -> AsyncIterator[tuple[OpenAICompatibleEngine, Server]]:
    server = Server(list(turns))
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}/v1"
    engine = OpenAICompatibleEngine(
        UpstreamSettings(id="chez-nous", url=server.url, model="leur-modele"), session=session
    )
    try:
        yield engine, server
    finally:
        await engine.close()
        listener.close()
        await listener.wait_closed()


async def ask(engine: OpenAICompatibleEngine, request: ChatRequest = CHAT) -> list[EngineEvent]:
    async with aclosing(engine.generate(request)) as events:
        return [one async for one in events]


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    raise ConnectionError


def text_of(events: list[EngineEvent]) -> str:
    return "".join(delta_text(one) for one in events if isinstance(one, Delta))


def test_a_server_without_extras_is_enough() -> None:
    async def scenario() -> None:
        async with against(GOOD) as (engine, server):
            events = await ask(engine)
            assert text_of(events) == "oui"
            assert events[-1] == Final(Usage(None, None, None)), "what the server does not tell is unknown"
            assert engine.context_tokens == 4096
            assert engine.identity().name == "vLLM"
            assert await engine.render(CHAT) is None
            assert b"return_progress" not in b"".join(server.heads)

    asyncio.run(scenario())


def test_a_pooled_connection_that_died_is_tried_once_more() -> None:
    async def scenario() -> None:
        async with against(GOOD, hang_up, GOOD) as (engine, server):
            await ask(engine)
            assert text_of(await ask(engine)) == "oui"
            assert server.connections == 2
            assert not server.turns

    asyncio.run(scenario())


def test_a_second_death_is_not_tried_again() -> None:
    async def scenario() -> None:
        async with against(GOOD, hang_up, hang_up, GOOD) as (engine, server):
            await ask(engine)
            with pytest.raises(EngineFailed):
                await ask(engine)
            assert len(server.turns) == 1
            assert engine.state().status == "failed"
            assert text_of(await ask(engine)) == "oui", "and it works again once the server does"

    asyncio.run(scenario())


def test_nothing_is_sent_again_after_the_first_byte() -> None:
    async def cut_short(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + words("ou"))
        await writer.drain()
        await hang_up(writer)

    async def scenario() -> None:
        async with against(GOOD, cut_short, GOOD) as (engine, server):
            await ask(engine)
            async with aclosing(engine.generate(CHAT)) as events:
                assert text_of([await anext(events)]) == "ou"
                with pytest.raises(EngineFailed):
                    await anext(events)
            assert len(server.turns) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        (STREAM + words("ou") + END, EngineFailed),
        (STREAM + END, EngineFailed),
        (STREAM + words("ou") + event(b'{"error":{"message":"out of memory"}}') + END, EngineFailed),
        (STREAM + event(b"not json") + END, EngineFailed),
        (STREAM + event(b"[" * 100_000) + END, EngineFailed),
        (STREAM + b"%x\r\n%s\r\n" % (5_000_000, b"x" * 5_000_000), EngineFailed),
        (answer(200, b"<html>"), EngineFailed),
        (answer(500, b"oops"), EngineFailed),
        (answer(301, b""), EngineFailed),
        (answer(400, {"error": {"message": "temperature is too high"}}), BadRequest),
        (answer(503, {"error": {"message": "Loading model"}}), EngineLoading),
        (b"HTTP/9.9 what\r\n\r\n", EngineFailed),
    ],
)
def test_each_wrong_answer_is_one_clear_error(turn: bytes, kind: type[AffouageError]) -> None:
    async def scenario() -> None:
        async with against(turn) as (engine, _):
            with pytest.raises(kind) as refused:
                async with asyncio.timeout(10):
                    await ask(engine)
            assert type(refused.value) is kind

    asyncio.run(scenario())


def test_a_finish_without_done_is_a_whole_answer() -> None:
    async def scenario() -> None:
        async with against(STREAM + words("oui") + words("", "stop") + END) as (engine, _):
            assert text_of(await ask(engine)) == "oui"

    asyncio.run(scenario())


def test_a_server_that_falls_silent_is_given_up() -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + words("ou"))
        await writer.drain()
        await asyncio.sleep(30)

    def impatient() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_read=0.2))

    async def scenario() -> None:
        async with against(silent, session=impatient) as (engine, _):
            async with asyncio.timeout(5):
                with pytest.raises(EngineFailed) as refused:
                    await ask(engine)
            assert refused.value.details["silent"]

    asyncio.run(scenario())


def test_leaving_closes_the_connection_at_once() -> None:
    async def scenario() -> None:
        gone = asyncio.Event()

        async def talk(writer: asyncio.StreamWriter) -> None:
            writer.write(STREAM)
            try:
                while not writer.transport.is_closing():
                    writer.write(words("encore "))
                    await writer.drain()
                    await asyncio.sleep(0.005)
            finally:
                gone.set()

        async with against(talk) as (engine, _):
            async with aclosing(engine.generate(CHAT)) as events:
                async for one in events:
                    if isinstance(one, Delta):
                        break
            async with asyncio.timeout(0.2):
                await gone.wait()

    asyncio.run(scenario())


def test_a_missing_key_is_named_and_nothing_is_sent() -> None:
    async def scenario() -> None:
        async with against(GOOD) as (_, server):
            row = UpstreamSettings(id="chez-nous", url=server.url, key_env="THEIR_KEY")
            engine = OpenAICompatibleEngine(row, environ={"THEIR_KEY": ""})
            with pytest.raises(EngineFailed, match="THEIR_KEY"):
                await ask(engine)
            await engine.close()
            assert not server.heads

    asyncio.run(scenario())


def test_nobody_listens() -> None:
    async def scenario() -> None:
        engine = OpenAICompatibleEngine(UpstreamSettings(id="m", url="http://127.0.0.1:9/v1"))
        with pytest.raises(EngineFailed, match="cannot be reached"):
            await engine.ensure_ready(2000)
        assert engine.state().status == "failed"
        await engine.close()

    asyncio.run(scenario())


def test_embeddings_come_back_in_order() -> None:
    rows = {"data": [{"index": 1, "embedding": [2]}, {"index": 0, "embedding": [1]}], "usage": {"prompt_tokens": 5}}
    none = answer(501, {"error": {"message": "This server does not support embeddings."}})

    async def scenario() -> None:
        async with against(answer(200, rows), none, answer(200, {"data": []})) as (engine, _):
            assert await engine.embed(("a", "b")) == ([[1.0], [2.0]], 5)
            with pytest.raises(UnsupportedParameter):
                await engine.embed(("a",))
            with pytest.raises(EngineFailed):
                await engine.embed(("a",))

    asyncio.run(scenario())


def test_doctor_says_what_works_and_what_does_not() -> None:
    async def scenario() -> None:
        async with against(GOOD) as (_, server):
            row = UpstreamSettings(id="chez-nous", url=server.url, model="autre")
            found = {one.subject: one for one in await probe(row, environ={})}
            assert found["reachable"].ok
            assert "vLLM" in found["reachable"].message
            assert found["model"].ok is None
            assert "leur-modele" in found["model"].remedy
            assert found["streams"].ok
            assert found["usage"].ok is None
            assert found["exact text"].ok is None
        (unreachable,) = await probe(UpstreamSettings(id="m", url="http://127.0.0.1:9/v1"), environ={})
        assert unreachable.ok is False
        assert unreachable.remedy

    asyncio.run(scenario())
