"""One conversation between a client and the path of a request: relaying, waiting, leaving, failing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.types import Message, Receive, Scope, Send

from affouage.asgi.body import ClientGone, read_body
from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.chat import Delta, PromptProgress
from affouage.errors import AffouageError, Unavailable
from affouage.gateway import sse, waiting
from affouage.gateway.chunks import StreamComposer, WholeComposer, affouage_member
from affouage.gateway.errors import error_body, error_response
from affouage.gateway.wire import Wish
from affouage.inference.answer import Answer, ExactPrompt, Resumed, Settled
from affouage.inference.attempt import Asking
from affouage.ledger.receipt import Door, Receipt
from affouage.pool.ticket import Turn

HEARTBEAT_S = 10.0
"""A stream in which nothing was sent for so long gets a comment, so that proxies keep the line."""

ReadWish = Callable[[bytes, str], Wish]


class Conversing:
    """A raw ASGI route that takes a wish and answers it: chat completions, completions."""

    def __init__(self, commons: Commons, read_wish: ReadWish, *, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._commons = commons
        self._read_wish = read_wish
        self._heartbeat_s = heartbeat_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await body_of(self._commons, scope, receive)
        except ClientGone:
            return
        wish = self._read_wish(body, self._commons.default_model)
        if asks_for_prompt(scope) and not wish.show_prompt:
            wish = msgspec.structs.replace(wish, show_prompt=True)
        asking = asking_of(scope, no_hurry=wish.no_hurry, reach=wish.reach)
        answer = await self._commons.inference.ask(asking, wish.request)
        try:
            if wish.stream:
                await _Streaming(wish, answer, scope, send, self._heartbeat_s).run(receive)
            else:
                await _answer_whole(wish, answer, scope, receive, send)
        finally:
            answer.cancel()  # nothing left to do, unless we are being stopped


async def body_of(commons: Commons, scope: Scope, receive: Receive) -> bytes:
    """The request's body within the limits of the settings. Raises BodyTooLarge, BodyTooSlow, ClientGone."""
    limits = commons.settings.server
    return await read_body(scope, receive, max_bytes=limits.max_body_bytes, timeout_ms=limits.read_timeout_ms)


def asking_of(scope: Scope, *, no_hurry: bool = False, reach: str = "") -> Asking:
    """Who asks. The header ``X-Affouage-Door: cli`` is a label our own command line puts on its receipts;
    ``X-Affouage-Use`` declares a use that the energy allowance exempts (accessibility, emergency);
    ``Prefer: wait=SECONDS`` is how long it accepts to wait for its turn."""
    member = identity_of(scope).member
    door: Door = "cli" if _header(scope, b"x-affouage-door") == b"cli" else "api"
    use = (_header(scope, b"x-affouage-use") or b"").decode("latin-1").strip()
    return Asking(
        member_id=member.id,
        door=door,
        language=member.language,
        use=use,
        no_hurry=no_hurry,
        reach=reach,
        max_wait_ms=waiting.limit_ms(value for name, value in scope["headers"] if name == b"prefer"),
    )


def asks_for_prompt(scope: Scope) -> bool:
    return _header(scope, b"x-affouage-prompt") == b"1"


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for given, value in scope["headers"] if given == name), None)


@asynccontextmanager
async def attended(
    answer: Answer, receive: Receive, *beside: Coroutine[Any, Any, None]
) -> AsyncIterator[asyncio.Event]:
    """While open, a client that leaves stops its answer. Yields an event, set once the client is gone.

    ``beside``: what else goes on meanwhile, ended with the block. The block itself must not raise AffouageError.
    """
    gone = asyncio.Event()

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()
        answer.cancel()

    async with asyncio.TaskGroup() as tasks:
        meanwhile = [tasks.create_task(one) for one in (watch(), *beside)]
        try:
            yield gone
        finally:
            for task in meanwhile:
                task.cancel()


def stopped() -> AffouageError:
    return Unavailable("The answer was stopped before its end.", remedy="Ask again.", code="answer_stopped")


async def _answer_whole(wish: Wish, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    composer, exact, problem = WholeComposer(wish), None, None
    async with attended(answer, receive) as gone:
        try:
            async for event in answer.events():
                if isinstance(event, Delta):
                    composer.delta(event)
                elif isinstance(event, ExactPrompt):
                    exact = event
        except AffouageError as wrong:
            problem = wrong
    if gone.is_set():
        return
    told = None if answer.receipt is None else affouage_member(answer.receipt, exact, wish.show_prompt)
    if problem is None and answer.receipt is not None and told is not None and composer.finished:
        await send_json(send, composer.body(answer.receipt, told), answer.receipt_id)
        return
    response = error_response(problem or stopped(), answer.receipt_id, told)
    await response(scope, receive, send)


async def send_json(send: Send, body: bytes, receipt_id: str) -> None:
    """200 with a JSON body and the receipt's number."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-affouage-receipt", receipt_id.encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Streaming:
    """One streamed answer. Headers go with the first frame; from then on errors are events of the stream."""

    def __init__(self, wish: Wish, answer: Answer, scope: Scope, send: Send, heartbeat_s: float) -> None:
        self._wish = wish
        self._answer = answer
        self._scope = scope
        self._send = send
        self._heartbeat_s = heartbeat_s
        self._started = False
        self._quiet = True
        self._composer = StreamComposer(wish)
        self._exact: ExactPrompt | None = None
        self._doing = "waiting"

    async def run(self, receive: Receive) -> None:
        problem: AffouageError | None = None
        async with attended(self._answer, receive, self._beat()) as gone:
            try:
                async for event in self._answer.events():
                    if type(event) is Delta:
                        if frames := self._composer.delta(event):
                            await self._write(frames)
                    else:
                        await self._note(event)
            except AffouageError as wrong:
                problem = wrong
        if not gone.is_set():
            await self._close(problem, receive)

    async def _note(self, event: Any) -> None:
        if isinstance(event, Turn):
            self._doing = waiting.told(event)
            await self._write(sse.comment(self._doing))  # the scheduler itself tells it a few times a second at most
        elif isinstance(event, ExactPrompt):
            self._exact = event
            self._doing = "reading the prompt"
        elif isinstance(event, Resumed):
            await self._write(sse.comment("a machine was lost: another one goes on"))
        elif isinstance(event, PromptProgress):
            self._doing = f"reading the prompt, {event.processed} of {event.total} tokens"
        elif isinstance(event, Settled):
            self._doing = "settled"

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            if self._quiet:
                await self._write(sse.comment(self._doing))
            self._quiet = True

    async def _close(self, problem: AffouageError | None, receive: Receive) -> None:
        receipt = self._answer.receipt
        told = self._told(receipt)
        if problem is None and receipt is not None and told is not None and self._composer.finished:
            await self._write(self._composer.closing(receipt, told), last=True)
            return
        problem = problem or stopped()
        if self._started:
            await self._write(sse.event(error_body(problem, told)), last=True)
        else:
            response = error_response(problem, self._answer.receipt_id, told)
            await response(self._scope, receive, self._send)

    def _told(self, receipt: Receipt | None) -> dict[str, Any] | None:
        return None if receipt is None else affouage_member(receipt, self._exact, self._wish.show_prompt)

    async def _write(self, frames: bytes, *, last: bool = False) -> None:
        self._quiet = False
        if not self._started:
            self._started = True
            await self._send(self._head())
        await self._send({"type": "http.response.body", "body": frames, "more_body": not last})

    def _head(self) -> Message:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),  # nginx would keep the stream to itself
            (b"x-affouage-receipt", self._answer.receipt_id.encode()),
        ]
        return {"type": "http.response.start", "status": 200, "headers": headers}
