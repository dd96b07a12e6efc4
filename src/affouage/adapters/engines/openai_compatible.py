"""Any server that speaks OpenAI's interface: llama-server, vLLM, Ollama, LocalAI, or our own llama.cpp child.

What a server can do beyond the standard (prompt progress, the exact rendered prompt, infilling) is found out once, by
asking it; nothing is assumed from its name.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from affouage.adapters.engines import infill, openai_wire
from affouage.adapters.engines.sse_reader import EventTooLong, SseReader
from affouage.chat import ChatRequest, EngineEvent
from affouage.errors import AffouageError, EngineFailed, EngineLoading, UnsupportedParameter
from affouage.pool.engine import EngineIdentity, EngineState, EngineStatus, Occupancy, Work
from affouage.settings import UpstreamSettings

_SILENCE_S = 300.0
_GOODBYE_S = 0.5
_ANSWER_LIMIT_BYTES = 64_000_000
_NAMES = {"llamacpp": "llama.cpp server", "vllm": "vLLM", "library": "Ollama"}


class Acquaintance(msgspec.Struct, frozen=True):
    """What a server told of itself. None: it did not tell."""

    name: str = "OpenAI-compatible server"
    version: str | None = None
    is_llama_cpp: bool = False
    context_tokens: int | None = None
    bos_token: str = ""
    models: tuple[str, ...] = ()


def new_session(socket: Path | None = None) -> aiohttp.ClientSession:
    """A client fit for long streams: no limit on connections, nothing decompressed, no cookies, no proxy.

    ``socket``: of a server on this machine, which is then spoken to through it whatever the address says.
    """
    kept_s = 4.0  # llama.cpp closes idle ones after 5 s
    reuse = aiohttp.TraceConfig()
    reuse.on_connection_reuseconn.append(_note_reuse)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=kept_s)
        if socket is None
        else aiohttp.UnixConnector(str(socket), limit=0, keepalive_timeout=kept_s),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=_SILENCE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trace_configs=[reuse],
    )


async def _note_reuse(_session: aiohttp.ClientSession, context: SimpleNamespace, _: Any) -> None:
    if context.trace_request_ctx is not None:
        context.trace_request_ctx.reused = True


class OpenAICompatibleEngine:
    """One model on one server. ``key`` wins over the environment variable that the settings name.

    ``session``: makes the HTTP client, once, inside the event loop; the engine owns and closes it. ``adapters``: voices
    that the server (llama.cpp) has loaded, in its order; a request for any other model is answered without them.
    """

    def __init__(
        self,
        settings: UpstreamSettings,
        *,
        key: str | None = None,
        environ: Mapping[str, str] | None = None,
        session: Callable[[], aiohttp.ClientSession] = new_session,
        adapters: Sequence[str] = (),
    ) -> None:
        self._adapters = tuple(adapters)
        self._settings = settings
        self._base = settings.url.rstrip("/")
        self._root = self._base.removesuffix("/v1")
        self._remote_model = settings.model or settings.id
        self._key = key or (os.environ if environ is None else environ).get(settings.key_env or "\0", "")
        self._new_session = session
        self._session: aiohttp.ClientSession | None = None
        self._server: Acquaintance | None = None
        self._frame: infill.Frame | None = None
        self._status: EngineStatus = "stopped"
        self._detail = ""

    # --- What it is -------------------------------------------------------------------------------------------------

    @property
    def model_id(self) -> str:
        return self._settings.id

    @property
    def slots(self) -> int:
        return self._settings.slots

    @property
    def context_tokens(self) -> int | None:
        return self._settings.context_tokens or (self._server.context_tokens if self._server else None)

    def identity(self) -> EngineIdentity:
        server = self._server or Acquaintance()
        machine = self._settings.machine or urlsplit(self._base).hostname or "unknown"
        return EngineIdentity(name=server.name, version=server.version, machine=machine)

    def state(self) -> EngineState:
        return EngineState(self._status, detail=self._detail)

    def work(self) -> Work:
        return Work()  # another machine, or a process that is not ours

    def occupancy(self) -> Occupancy:
        return Occupancy()

    async def unload(self) -> None:
        return None  # its memory is its owner's

    # --- Readiness --------------------------------------------------------------------------------------------------

    async def ensure_ready(self, wait_ms: int) -> None:
        """Ask the server who it is, unless it has answered since its last failure.

        Raises EngineLoading while it loads or when it does not answer within ``wait_ms``, EngineFailed.
        """
        if self._status == "ready":
            return
        try:
            async with asyncio.timeout(max(wait_ms, 1) / 1000):
                self._server = await self.get_acquainted()
        except TimeoutError:
            raise EngineLoading(self.model_id, progress=None, retry_after_s=5) from None
        except EngineFailed as failure:
            self._fail(failure)
            raise
        self._status, self._detail = "ready", ""

    async def get_acquainted(self) -> Acquaintance:
        """What the server tells of itself, asked now. Raises EngineFailed, EngineLoading."""
        listed = await self._get_json(f"{self._base}/models")
        models = [row for row in _rows(listed) if isinstance(row.get("id"), str)]
        mine = next((row for row in models if row["id"] == self._remote_model), models[0] if models else {})
        try:
            props = await self._get_json(f"{self._root}/props")
        except AffouageError:
            props = {}
        settings = props.get("default_generation_settings")
        is_llama_cpp = isinstance(settings, dict)
        context = settings.get("n_ctx") if isinstance(settings, dict) else mine.get("max_model_len")
        owner = "llamacpp" if is_llama_cpp else str(mine.get("owned_by"))
        return Acquaintance(
            name=_NAMES.get(owner, Acquaintance().name),
            version=str(props["build_info"]) if props.get("build_info") else None,
            is_llama_cpp=is_llama_cpp,
            context_tokens=context if isinstance(context, int) and context > 0 else None,
            bos_token=str(props.get("bos_token") or ""),
            models=tuple(row["id"] for row in models),
        )

    def _fail(self, failure: EngineFailed) -> None:
        self._status, self._detail = "failed", failure.message

    # --- Answers ----------------------------------------------------------------------------------------------------

    async def render(self, request: ChatRequest) -> str | None:
        """The text after the server's own chat template; None where no route tells it. Raises as ``generate`` does."""
        server = await self._known_server()
        if request.kind == "completion":
            return request.prompt
        if request.kind == "infill":
            return await self._infill_prompt(request, server)
        if request.kind != "chat" or not server.is_llama_cpp:
            return None
        answer = await self._post_json(f"{self._root}/apply-template", self._body(request, server))
        prompt = answer.get("prompt")
        return prompt if isinstance(prompt, str) else None

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        """Relay the server's answer. Closing the iterator closes the connection, which frees the slot."""
        server = await self._known_server()
        prompt = await self._infill_prompt(request, server) if request.kind == "infill" else None
        body = self._body(request, server, prompt)
        reader, stream = openai_wire.ChunkReader(request), SseReader()
        try:
            async with self._posted(f"{self._base}/{openai_wire.path(request)}", body) as response:
                if response.status != 200:
                    raise await self._refusal(response)
                async for block in response.content.iter_any():
                    for event in stream.feed(block):
                        for one in reader.read(event):
                            yield one
                    if reader.done:
                        await _drain(response)
                        break
                for event in stream.end():
                    for one in reader.read(event):
                        yield one
            yield reader.final()
        except EventTooLong:
            raise EngineFailed("The engine sent an event of unreasonable length.", remedy="Try again.") from None
        except EngineFailed as failure:
            self._fail(failure)
            raise

    async def embed(self, inputs: tuple[str, ...]) -> tuple[list[list[float]], int]:
        """Vectors in the order of ``inputs``. Raises UnsupportedParameter when the server makes none."""
        body = {"model": self._remote_model, "input": list(inputs), "encoding_format": "float"}
        answer = await self._post_json(f"{self._base}/embeddings", body)
        try:
            given = msgspec.convert(answer, _Embeddings)
        except msgspec.ValidationError:
            given = _Embeddings()
        if len(given.data) != len(inputs):
            raise EngineFailed("The engine sent no usable vectors.", remedy="Choose an embedding model.")
        vectors = [row.embedding for row in sorted(given.data, key=lambda row: row.index)]
        return vectors, given.usage.prompt_tokens

    async def close(self) -> None:
        session, self._session = self._session, None
        self._status = "stopped"
        if session is not None:
            await session.close()

    # --- Inside -----------------------------------------------------------------------------------------------------

    async def _known_server(self) -> Acquaintance:
        if self._server is None or self._status != "ready":
            await self.ensure_ready(wait_ms=10_000)
        return self._server or Acquaintance()

    def _body(self, request: ChatRequest, server: Acquaintance, prompt: str | None = None) -> dict[str, Any]:
        return openai_wire.body(
            request, self._remote_model, prompt=prompt, progress=server.is_llama_cpp, adapters=self._adapters
        )

    async def _infill_prompt(self, request: ChatRequest, server: Acquaintance) -> str | None:
        """The framed prompt for llama.cpp; None for servers that take a ``suffix`` themselves."""
        if not server.is_llama_cpp:
            return None
        if self._frame is None:
            try:
                without = {"lora": openai_wire.lora(self._adapters)} if self._adapters else {}
                answer = await self._post_json(f"{self._root}/infill", infill.QUESTION | without)
            except UnsupportedParameter:
                answer = {}
            self._frame = infill.frame_in(answer, server.bos_token)
        if self._frame is None:
            raise UnsupportedParameter(
                f"The model {self.model_id} was not made for filling in between two texts.",
                remedy="Leave suffix out, or choose a code model.",
                param="suffix",
            )
        return self._frame.around(request.prompt, request.suffix)

    @asynccontextmanager
    async def _posted(self, url: str, body: dict[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response to a POST; read to its end it goes back to the pool, else its connection is closed at once.

        Sent a second time when a pooled connection turns out dead before any byte came back: the server had closed it
        between two requests. Raises EngineFailed.
        """
        content = openai_wire.encode(body)
        try:
            response = await self._post_once_or_twice(url, content)
            try:
                yield response
            finally:
                response.close()  # does nothing to a connection already back in the pool
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as cut:
            raise _unreachable(cut) from cut
        except RuntimeError as cut:
            if self._session is not None:
                raise
            raise _unreachable(cut) from cut  # aiohttp's way of saying that we were closed meanwhile

    async def _post_once_or_twice(self, url: str, content: bytes) -> aiohttp.ClientResponse:
        connection = SimpleNamespace(reused=False)
        try:
            return await self._post_once(url, content, connection)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if not connection.reused:
                raise
        return await self._post_once(url, content, connection)

    async def _post_once(self, url: str, content: bytes, connection: SimpleNamespace) -> aiohttp.ClientResponse:
        return await self._client().post(
            url, data=content, headers=self._headers(), allow_redirects=False, trace_request_ctx=connection
        )

    async def _post_json(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._posted(url, body) as response:
            if response.status != 200:
                raise await self._refusal(response)
            return await _json_object(response)

    async def _get_json(self, url: str) -> dict[str, Any]:
        try:
            async with self._client().get(url, headers=self._headers(), allow_redirects=False) as response:
                if response.status != 200:
                    raise await self._refusal(response)
                return await _json_object(response)
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as cut:
            raise _unreachable(cut) from cut

    async def _refusal(self, response: aiohttp.ClientResponse) -> AffouageError:
        answer = await response.content.read(65_536)
        return openai_wire.refusal(response.status, answer, self.model_id)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._new_session()
        return self._session

    def _headers(self) -> dict[str, str]:
        if self._settings.key_env and not self._key:
            raise EngineFailed(
                f"The key of {self.model_id} is missing.",
                remedy=f"Set the environment variable {self._settings.key_env}.",
            )
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        return headers | ({"Authorization": f"Bearer {self._key}"} if self._key else {})


class _Vector(msgspec.Struct):
    embedding: list[float]
    index: int = 0


class _EmbeddingUsage(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0


class _Embeddings(msgspec.Struct):
    data: list[_Vector] = []
    usage: _EmbeddingUsage = _EmbeddingUsage()


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read what follows ``[DONE]`` (nothing but the end), so that the connection can serve again."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_GOODBYE_S):
            while not response.content.at_eof():
                await response.content.readany()


async def _json_object(response: aiohttp.ClientResponse) -> dict[str, Any]:
    parts, size = [], 0
    async for block in response.content.iter_any():
        parts.append(block)
        size += len(block)
        if size > _ANSWER_LIMIT_BYTES:
            raise EngineFailed("The engine sent an answer of unreasonable length.")
    try:
        return msgspec.json.decode(b"".join(parts), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise EngineFailed("The engine sent something that is not JSON.", remedy="See `affouage doctor`.") from None


def _rows(listed: dict[str, Any]) -> list[dict[str, Any]]:
    rows = listed.get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _unreachable(cut: Exception) -> EngineFailed:
    if isinstance(cut, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
        return EngineFailed("The engine cannot be reached.", remedy="Check that it runs and its address.", cut=True)
    if isinstance(cut, TimeoutError):
        return EngineFailed("The engine has been silent for too long.", remedy="Try again.", cut=True, silent=True)
    return EngineFailed("The connection to the engine was cut.", remedy="Try again.", cut=True)
