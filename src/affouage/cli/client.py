"""The command line as a client of a commons: the running server, or one opened for a single question.

It speaks the same HTTP as everybody and so takes the same path.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from affouage import errors
from affouage.assembly.accounts import Accounts
from affouage.clock import SystemClock
from affouage.settings import Settings
from affouage.storage import Database
from affouage.storage.home import in_use, running_address

if TYPE_CHECKING:
    from affouage.workshops.explain.shapes import Explanation

PATIENCE_S = 300
"""How long a question waits in all for a model being loaded."""


class Piece(msgspec.Struct, frozen=True):
    """A piece of the answer, or a word about the wait (``note``), or the end (``done``: the ``affouage`` member)."""

    text: str = ""
    note: str = ""
    done: dict[str, Any] | None = None


class Client:
    """Asks one commons over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, url: str, key: str) -> None:
        self._http = http
        self._url = url
        self._headers = {"authorization": f"Bearer {key}", "x-affouage-door": "cli"}

    async def ask(self, body: dict[str, Any]) -> AsyncIterator[Piece]:
        """Stream a chat completion; a model being loaded is waited for. Raises AffouageError as the server said it."""
        waited_s = 0
        while True:
            async with self._http.post(
                f"{self._url}/v1/chat/completions", json=body, headers=self._headers
            ) as response:
                if response.status == 200:
                    async for piece in _pieces(response):
                        yield piece
                    return
                error = await _error_of(response)
            loading = (error.get("affouage") or {}).get("state") is not None
            if not loading or waited_s >= PATIENCE_S:
                raise _raised(response.status, error)
            yield Piece(note=str(error.get("message", "")))
            pause_s = int(response.headers.get("retry-after", "2"))
            waited_s += pause_s
            await asyncio.sleep(pause_s)

    async def explain(self, body: dict[str, Any]) -> Explanation:
        """A question answered from the sheets; a model being loaded is waited for. Raises as :meth:`ask` does."""
        from affouage.workshops.explain.shapes import Explanation

        waited_s = 0
        while True:
            async with self._http.post(f"{self._url}/v1/explain", json=body, headers=self._headers) as response:
                if response.status == 200:
                    return msgspec.json.decode(await response.read(), type=Explanation)
                error = await _error_of(response)
                pause_s = int(response.headers.get("retry-after", "2"))
            if (error.get("affouage") or {}).get("state") is None or waited_s >= PATIENCE_S:
                raise _raised(response.status, error)
            waited_s += pause_s
            await asyncio.sleep(pause_s)

    async def receipt(self, receipt_id: str) -> dict[str, Any]:
        async with self._http.get(f"{self._url}/v1/receipts/{receipt_id}", headers=self._headers) as response:
            found: dict[str, Any] = await response.json()
            if response.status != 200:
                raise _raised(response.status, found.get("error", {}))
            return found


@asynccontextmanager
async def reach(settings: Settings, db: Database, key: str | None) -> AsyncIterator[Client]:
    """The commons of this home: the server that runs, or one opened for as long as this is.

    ``key``: a member's API key; None asks as the collective itself, which only this machine's owner of the home can.
    Raises Unavailable when the server goes away meanwhile.
    """
    accounts = Accounts(db, SystemClock())
    own_id, text = None, key
    if text is None:
        own, text = await accounts.create_machine_key()
        own_id = own.id
    try:
        async with (
            _address(settings) as url,
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=10)) as http,
        ):
            yield Client(http, url, text)
    except aiohttp.ClientError as gone:
        raise errors.Unavailable(
            "The server of this home has stopped, or cannot be reached.",
            remedy="Look with `affouage doctor`, then ask again.",
        ) from gone
    finally:
        if own_id is not None:
            await accounts.revoke_key(None, own_id)


@asynccontextmanager
async def _address(settings: Settings) -> AsyncIterator[str]:
    if in_use(settings.home):
        url = running_address(settings.home)
        if url is None:
            raise errors.Unavailable("The server of this home is only just starting.", remedy="Ask again in a moment.")
        yield url
        return
    from affouage.app import build_asgi, open_commons
    from affouage.asgi.server import bind, listening, url_of

    async with open_commons(settings) as commons:
        listener = bind("127.0.0.1", 0)
        async with listening(build_asgi(commons), listener, settings.server):
            yield url_of(listener)


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[Piece]:
    async for raw in response.content:
        line = raw.strip()
        if line.startswith(b":"):
            yield Piece(note=line[1:].decode().strip())
        if not line.startswith(b"data: {"):
            continue
        event = msgspec.json.decode(line[6:])
        if "error" in event:
            raise _raised(503, event["error"])
        for choice in event.get("choices", []):
            text = (choice.get("delta") or {}).get("content")
            if text:
                yield Piece(text=text)
        if "affouage" in event:
            yield Piece(done=event["affouage"])


async def _error_of(response: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        error: dict[str, Any] = (await response.json())["error"]
    except (ValueError, KeyError, aiohttp.ClientError):
        return {"message": f"The server answered {response.status}."}
    return error


def _raised(status: int, error: dict[str, Any]) -> errors.AffouageError:
    message = str(error.get("message") or f"The server answered {status}.")
    raised = errors.AffouageError(message, code=str(error.get("code") or "error"))
    raised.details.update(error.get("affouage") or {})  # the facts a translated sentence is filled with
    return raised
