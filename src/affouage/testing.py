"""Honest small implementations, shipped so that anyone's tests are easy; they pass the contracts of the real ones."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from affouage.assembly.member import Role
from affouage.chat import ChatRequest, Delta, EngineEvent, Final, PromptProgress, Timings, Usage
from affouage.clock import Clock
from affouage.errors import ContextExceeded, EngineFailed, NotFound, UnsupportedParameter
from affouage.footprint.meter import Meter, MeterInfo, MeterUnreadable, Reading
from affouage.inference.prompt import text_of
from affouage.pool.engine import Engine, EngineIdentity, EngineState, Occupancy, Work
from affouage.pool.nodes.bus import MAX_PAYLOAD_BYTES, BusDown, OnMessage
from affouage.settings import Settings

if TYPE_CHECKING:
    from affouage.asgi.commons import Commons

T = TypeVar("T")

_encode = msgspec.json.encode


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, now_ms: int = 1_790_000_000_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_us(self) -> int:
        return self._now_ms * 1000

    def advance(self, *, ms: int) -> None:
        assert ms >= 0, "time does not go back"
        self._now_ms += ms


class EchoEngine:
    """An engine that repeats the last message, one word per token. It thinks for ``word_ms`` at each word.

    Its template is one line per message, ``role: text``; ``render`` gives exactly what ``generate`` reads. It keeps the
    last prompt as its cache, as engines do. ``fail_after_words`` breaks an answer there, as a dying engine would.
    ``need_bytes``: memory it says it needs; it asks ``make_room`` for it when it must come back.
    """

    def __init__(
        self,
        model_id: str = "echo",
        *,
        slots: int = 2,
        context_tokens: int = 2048,
        word_ms: float = 0,
        need_bytes: int | None = None,
        make_room: Callable[[Engine], Awaitable[None]] | None = None,
    ) -> None:
        self.model_id = model_id
        self.slots = slots
        self.context_tokens: int | None = context_tokens
        self.fail_after_words: int | None = None
        self.in_flight = 0
        self.seen: list[str] = []
        """Every exact text generated from, for tests that compare with receipts."""
        self._word_s = word_ms / 1000
        self._need_bytes = need_bytes
        self._make_room = make_room
        self._loaded = make_room is None
        self._uses = 0
        self._cached: list[str] = []
        self._cpu_us = 0

    def identity(self) -> EngineIdentity:
        return EngineIdentity("echo", "1", machine="this test")

    def state(self) -> EngineState:
        return EngineState("ready", progress=1.0) if self._loaded else EngineState("stopped")

    def work(self) -> Work:
        return Work(self._cpu_us)

    def occupancy(self) -> Occupancy:
        idle_since_us = None if self.in_flight or not self._loaded else self._uses
        return Occupancy(self._loaded, self._need_bytes, idle_since_us=idle_since_us)

    async def unload(self) -> None:
        if not self.in_flight:
            self._loaded = False

    async def ensure_ready(self, wait_ms: int) -> None:
        if not self._loaded and self._make_room is not None:
            await self._make_room(self)
        self._loaded = True

    async def render(self, request: ChatRequest) -> str | None:
        return self._render(request)

    def _render(self, request: ChatRequest) -> str:
        if request.kind != "chat":
            return request.prompt
        return "".join(f"{one.role}: {text_of(one.content)}\n" for one in request.messages) + "assistant:"

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        prompt = self._render(request)
        read = prompt.split()
        assert self.context_tokens is not None
        if len(read) >= self.context_tokens:
            raise ContextExceeded(len(read), self.context_tokens)
        assert self.in_flight < self.slots, "the gateway keeps the queue"
        self.seen.append(prompt)
        self._uses += 1
        cached = _common_length(read, self._cached)
        self._cached = read
        self.in_flight += 1
        try:
            yield PromptProgress(len(read), cached, len(read))
            spoken, reason = self._speech(request)
            for place, word in enumerate(spoken):
                await asyncio.sleep(self._word_s)
                self._cpu_us += 1000
                if self.fail_after_words is not None and place >= self.fail_after_words:
                    raise EngineFailed("The echo broke.", remedy="Ask again.")
                yield self._delta(request, word if place == 0 else f" {word}", None)
            yield self._delta(request, "", reason)
            yield Final(Usage(len(read), cached, len(spoken)), Timings(1.0, len(spoken) * self._word_s * 1000))
        finally:
            self.in_flight -= 1

    def _speech(self, request: ChatRequest) -> tuple[list[str], str]:
        said = text_of(request.messages[-1].content) if request.messages else request.prompt
        words, reason = said.split(), "stop"
        stops = request.options.get("stop") or []
        for stop in [stops] if isinstance(stops, str) else stops:
            if stop in words:
                words = words[: words.index(stop)]
        if request.max_tokens is not None and len(words) > request.max_tokens:
            words, reason = words[: request.max_tokens], "length"
        return words, reason

    def _delta(self, request: ChatRequest, text: str, reason: str | None) -> Delta:
        chat = request.kind == "chat"
        choice: dict[str, object] = {"index": 0, "finish_reason": reason}
        choice |= {"delta": {"content": text} if reason is None else {}} if chat else {"text": text}
        body = {
            "id": "chatcmpl-echo" if chat else "cmpl-echo",
            "object": "chat.completion.chunk" if chat else "text_completion",
            "created": 0,
            "model": self.model_id,
            "choices": [choice],
        }
        return Delta(_encode(body), finish=reason is not None)

    async def embed(self, inputs: tuple[str, ...]) -> tuple[list[list[float]], int]:
        raise UnsupportedParameter("The echo has no embeddings.", param="model", remedy="Choose an embedding model.")

    async def close(self) -> None:
        return None


class FixedMeter:
    """A meter whose counter the test moves: :meth:`count` adds microjoules, at the clock's own time.

    ``fail`` makes readings raise MeterUnreadable (the plug is out) until ``mend``; ``restart`` is another boot, its
    counter back at zero; ``foreign_ppm`` goes with each reading. ``counter_uj`` may be set to anything, as faults do.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        idle_uw: int | None = None,
        low_factor: float = 0.97,
        high_factor: float = 1.03,
        wraps_uj: int | None = None,
    ) -> None:
        self._clock = clock
        self.counter_uj = 0
        self.foreign_ppm = 0
        self.reads = 0
        self.closed = False
        self._boots = 1
        self._silent = ""
        self._info = MeterInfo(
            id="fixed",
            kind="plug",
            covers=("machine",),
            quality="measured",
            low_factor=low_factor,
            high_factor=high_factor,
            method="plug",
            facts={"includes": "machine", "uncertainty_percent": 3.0},
            wraps_uj={} if wraps_uj is None else {"fixed": wraps_uj},
            idle_uw=idle_uw,
        )

    def count(self, energy_uj: int) -> None:
        """The machine drew that many microjoules more; past ``wraps_uj`` the counter starts again from zero."""
        range_uj = self._info.wraps_uj.get("fixed")
        self.counter_uj += energy_uj
        if range_uj is not None:
            self.counter_uj %= range_uj

    def fail(self, why: str = "The test pulled the plug.") -> None:
        self._silent = why

    def mend(self) -> None:
        self._silent = ""

    def restart(self) -> None:
        self._boots += 1
        self.counter_uj = 0

    def info(self) -> MeterInfo:
        return self._info

    async def read(self) -> Reading:
        self.reads += 1
        if self._silent:
            raise MeterUnreadable(self._silent, remedy="Call mend().")
        return Reading(
            at_us=self._clock.monotonic_us(),
            epoch=f"test.{self._boots}",
            counters_uj={"fixed": self.counter_uj},
            foreign_ppm=self.foreign_ppm,
        )

    async def close(self) -> None:
        self.closed = True


class InProcessBus:
    """Both ends of a bus in one program, with the subjects of a real broker. ``cut()`` loses messages, as a cut link
    does, until ``mend()``. Make one hub; ``hub.end()`` gives each side its own connection.
    """

    def __init__(self) -> None:
        self.ends: list[_BusEnd] = []
        self.passed: list[tuple[str, bytes]] = []
        """Everything the broker saw, as its owner would."""

    def end(self) -> _BusEnd:
        made = _BusEnd(self)
        self.ends.append(made)
        return made

    def carry(self, subject: str, payload: bytes) -> None:
        self.passed.append((subject, payload))
        for one in self.ends:
            one.receive(subject, payload)


class _BusEnd:
    def __init__(self, hub: InProcessBus) -> None:
        self.connected = True
        self._hub = hub
        self._subscriptions: list[tuple[list[str], OnMessage]] = []
        self._watchers: list[Callable[[bool], None]] = []
        self._loop = asyncio.get_running_loop()

    def publish(self, subject: str, payload: bytes) -> None:
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise BusDown("The message is too large for the broker.", remedy="Ask a shorter question.")
        if not self.connected:
            raise BusDown("The broker cannot be reached.", remedy="Try again in a moment.")
        self._hub.carry(subject, payload)

    async def subscribe(self, subject: str, on_message: OnMessage) -> None:
        self._subscriptions.append((subject.split("."), on_message))

    def on_change(self, told: Callable[[bool], None]) -> None:
        self._watchers.append(told)

    def receive(self, subject: str, payload: bytes) -> None:
        if not self.connected:
            return
        for pattern, on_message in self._subscriptions:
            if _matches(pattern, subject.split(".")):
                self._loop.call_soon(on_message, subject, payload)

    def cut(self) -> None:
        self._become(False)

    def mend(self) -> None:
        self._become(True)

    def _become(self, connected: bool) -> None:
        if connected != self.connected:
            self.connected = connected
            for told in self._watchers:
                told(connected)

    async def close(self) -> None:
        self.connected = False


def _matches(pattern: list[str], subject: list[str]) -> bool:
    if pattern[-1] == ">":
        return len(subject) >= len(pattern) and _matches(pattern[:-1], subject[: len(pattern) - 1])
    return len(pattern) == len(subject) and all(
        one in ("*", other) for one, other in zip(pattern, subject, strict=True)
    )


def _common_length(one: list[str], other: list[str]) -> int:
    same = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        same += 1
    return same


class LiveCommons:
    """A commons served on loopback from a thread of its own, as a program or a browser sees it."""

    def __init__(self, url: str, commons: Commons, loop: asyncio.AbstractEventLoop) -> None:
        self.url = url
        self.commons = commons
        self._loop = loop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's own loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    def api_key(self, name: str = "Odile", role: Role = Role.MEMBER, language: str = "fr") -> str:
        """A member's API key; the member is created if needed."""

        async def make() -> str:
            accounts = self.commons.accounts
            try:
                who = await accounts.find(name)
            except NotFound:
                who, _ = await accounts.add_member(name, role, language)
            _, text = await accounts.create_key(who, "tests", None, None)
            return text

        return self.run(make())


@contextmanager
def serving(
    settings: Settings,
    *,
    engines: Iterable[Engine] | None = None,
    clock: Clock | None = None,
    meter: Meter | None = None,
) -> Iterator[LiveCommons]:
    """Serve a commons for real (sockets, HTTP, SQLite) while open. ``engines``: None for those of the home, ``meter``:
    None for the machine's best one."""
    # Here, so that a test of one part does not load the whole house.
    from affouage.app import build_asgi, open_commons
    from affouage.asgi.server import bind, listening, url_of

    started: Future[LiveCommons] = Future()
    stop: list[Callable[[], object]] = []

    async def main() -> None:
        leaving = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: None if loop.is_closed() else loop.call_soon_threadsafe(leaving.set))
        async with open_commons(settings, clock=clock, engines=engines, meter=meter) as commons:
            listener = bind("127.0.0.1", 0)
            async with listening(build_asgi(commons), listener, settings.server):
                started.set_result(LiveCommons(url_of(listener), commons, loop))
                await leaving.wait()
                commons.inference.cancel_all()

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as problem:
            if started.done():
                raise
            started.set_exception(problem)

    thread = threading.Thread(target=run, name="live-commons")
    thread.start()
    try:
        yield started.result(timeout=60)
    finally:
        if stop:
            stop[0]()
        thread.join(timeout=60)
