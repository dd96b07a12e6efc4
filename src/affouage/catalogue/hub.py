"""The hub as a source: which file, of which digest, then its bytes, with resume and bounded retries.

The protocol is that of the usual model hub: ``GET /api/models/{repo}/tree/{revision}`` for sizes and digests
(``lfs.oid`` is the sha256), ``GET /{repo}/resolve/{revision}/{file}`` for the bytes, by way of redirects.
"""

from __future__ import annotations

import asyncio
import email.utils
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from affouage.catalogue.card import Card
from affouage.catalogue.part import PartFile, in_thread
from affouage.catalogue.progress import Meter
from affouage.catalogue.store import BLOCK_BYTES, check_room
from affouage.errors import ModelFileRefused, PullFailed
from affouage.outward import MOST_REDIRECTS, REDIRECTS, AddressRefused, Outward

T = TypeVar("T")

MOST_TREE_BYTES = 8 << 20
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a pull is: failures in a row without a new byte before giving up, waits that double between them."""

    attempts: int = 5
    first_wait_ms: int = 500
    most_wait_ms: int = 8_000
    connect_ms: int = 5_000
    stall_ms: int = 30_000
    most_retry_after_ms: int = 60_000


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The file to get. ``sha256`` and ``size_bytes``: None when neither the card nor the hub gives them."""

    repo: str
    revision: str
    file: str
    sha256: str | None = None
    size_bytes: int | None = None


class HubUnreachable(PullFailed):
    code = "hub_unreachable"


class _Again(Exception):
    """Worth another attempt, after ``wait_ms`` when the hub asks for one."""

    def __init__(self, why: str, wait_ms: int | None = None) -> None:
        super().__init__(why)
        self.wait_ms = wait_ms


class _Lfs(msgspec.Struct):
    oid: str


class _Entry(msgspec.Struct):
    path: str
    type: str = "file"
    size: int | None = None
    lfs: _Lfs | None = None


class Hub:
    """One hub for one pull. Use as an asynchronous context manager."""

    def __init__(self, hub_url: str, policy: Policy, meter: Meter) -> None:
        self.hub_url, self._policy, self._meter = hub_url.rstrip("/"), policy, meter
        self._outward = Outward.naming(hub_url)  # a setting: it may be a server of one's own network
        self._reached = False

    async def __aenter__(self) -> Hub:
        # connect covers the name look-up too; a proxy of the environment is honoured.
        timeout = aiohttp.ClientTimeout(
            total=None, connect=self._policy.connect_ms / 1000, sock_read=self._policy.stall_ms / 1000
        )
        self._session = self._outward.session(URL(self.hub_url), timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def describe(self, card: Card) -> Wanted:
        """What to download for ``card``: its own facts when complete, else completed by the hub.

        Raises HubUnreachable, PullFailed (refused, no such file, several candidates), ModelFileRefused (the hub's
        digest is not the card's).
        """
        repo = card.repo or ""
        if card.file and card.revision and card.sha256 and card.size_bytes:
            return Wanted(
                repo=repo, revision=card.revision, file=card.file, sha256=card.sha256, size_bytes=card.size_bytes
            )
        revision = card.revision or "main"
        entries, commit = await self._retrying(lambda: self._tree(card, revision))
        entry = _choose(entries, card)
        sha256 = entry.lfs.oid.lower() if entry.lfs else None
        if card.sha256 and sha256 and sha256 != card.sha256:
            raise ModelFileRefused(
                f"{repo} has replaced {entry.path}: the hub now gives sha256 {sha256}, the card says {card.sha256}.",
                remedy="Check with the publisher, then correct the card; docs/how-to/add-a-model.md says how.",
            )
        return Wanted(
            repo=repo,
            revision=commit or revision,
            file=entry.path,
            sha256=card.sha256 or sha256,
            size_bytes=entry.size or card.size_bytes,
        )

    async def download(self, wanted: Wanted, card: Card, part: PartFile) -> None:
        """Append to ``part`` until it is whole. Raises PullFailed, keeping the part; HubUnreachable when nobody is
        there."""
        url = f"{self.hub_url}/{wanted.repo}/resolve/{wanted.revision}/{quote(wanted.file)}"
        await self._retrying(lambda: self._attempt(url, wanted, card, part), lambda: part.size_bytes)

    async def _retrying(self, attempt: Callable[[], Awaitable[T]], progress: Callable[[], int] = lambda: 0) -> T:
        failures, wait_ms = 0, self._policy.first_wait_ms
        while True:
            before = progress()
            try:
                return await attempt()
            except _Again as again:
                why, asked_ms = str(again), again.wait_ms
            except (aiohttp.ClientError, TimeoutError) as broken:
                why, asked_ms = _sentence(broken), None
                if not self._reached:
                    raise HubUnreachable(
                        f"The hub {self.hub_url} cannot be reached: {why}.", remedy="Check the connection."
                    ) from broken
            if progress() > before:
                failures, wait_ms = 0, self._policy.first_wait_ms
            failures += 1
            if failures >= self._policy.attempts:
                raise PullFailed(
                    f"The hub broke off {failures} times in a row: {why}.",
                    remedy="What has arrived is kept; the same command goes on from there.",
                )
            pause_ms = asked_ms if asked_ms is not None else wait_ms
            wait_ms = min(wait_ms * 2, self._policy.most_wait_ms)
            self._meter.say(f"{why}; trying again in {pause_ms / 1000:g} s")
            await asyncio.sleep(pause_ms / 1000)

    @asynccontextmanager
    async def _open(self, url: str, headers: dict[str, str] | None = None) -> AsyncIterator[aiohttp.ClientResponse]:
        """GET following redirects by hand: few, and each of them judged. Raises PullFailed."""
        try:
            here = first = self._outward.check(url)
            for _ in range(MOST_REDIRECTS + 1):
                async with self._session.get(here, headers=headers, allow_redirects=False) as response:
                    self._reached = True
                    if response.status not in REDIRECTS:
                        yield response
                        return
                    here = self._outward.next_hop(first, here, response.headers.get("Location", ""))
        except AddressRefused as no:
            raise PullFailed(
                no.message, remedy="Nothing was taken from there. Check hub_url and the connection."
            ) from no
        raise PullFailed(f"{url} redirects more than {MOST_REDIRECTS} times.", remedy="Check hub_url in the settings.")

    async def _tree(self, card: Card, revision: str) -> tuple[list[_Entry], str | None]:
        url = f"{self.hub_url}/api/models/{card.repo}/tree/{revision}?recursive=true"
        async with self._open(url) as response:
            self._check_status(response, card, what="the list of files")
            body = bytearray()
            async for block in response.content.iter_any():
                body += block
                if len(body) > MOST_TREE_BYTES:
                    raise PullFailed(f"{url} is longer than {MOST_TREE_BYTES} bytes.", remedy="Check the card's repo.")
            commit = response.headers.get("X-Repo-Commit", "")
        try:
            entries = msgspec.json.decode(bytes(body), type=list[_Entry])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
            raise PullFailed(
                f"{url} does not answer as a model hub does: {wrong}.", remedy="Check hub_url in the settings."
            ) from wrong
        return entries, commit if _COMMIT.fullmatch(commit) else None

    async def _attempt(self, url: str, wanted: Wanted, card: Card, part: PartFile) -> None:
        if wanted.size_bytes is not None and part.size_bytes > wanted.size_bytes:
            await in_thread(part.restart)
        if part.size_bytes and not (wanted.sha256 or part.note.etag):
            await in_thread(part.restart)  # nothing could tell whether it still is the same file
        if wanted.size_bytes is not None and part.size_bytes == wanted.size_bytes:
            return
        headers = {}
        if part.size_bytes:
            headers["Range"] = f"bytes={part.size_bytes}-"
            if part.note.etag:
                headers["If-Range"] = part.note.etag
        async with self._open(url, headers) as response:
            if response.status == 416:
                await in_thread(part.restart)
                raise _Again("the hub has fewer bytes than were kept: starting over")
            self._check_status(response, card, what=wanted.file)
            total = await self._agree(response, wanted, part)
            check_room(part.path.parent, (total or 0) - part.size_bytes)
            self._meter.begin("downloading", source="hub", done_bytes=part.size_bytes, total_bytes=total)
            await in_thread(part.mark, wanted.sha256, _strong(response.headers.get("ETag")))
            await self._stream(response, part, total)

    async def _agree(self, response: aiohttp.ClientResponse, wanted: Wanted, part: PartFile) -> int | None:
        """The full size, once the answer is known to continue ``part``, or ``part`` was started over to fit it."""
        if response.status == 206:
            found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
            start = int(found[1]) if found else -1
            total = int(found[3]) if found and found[3] != "*" else wanted.size_bytes
            if start != part.size_bytes:
                await in_thread(part.restart)
                raise _Again("the hub answered with another range than was asked: starting over")
        else:
            if part.size_bytes:
                self._meter.say("the hub gives the whole file again: starting over")
                await in_thread(part.restart)
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdigit() else wanted.size_bytes
        if wanted.size_bytes is not None and total is not None and total != wanted.size_bytes:
            raise PullFailed(
                f"{wanted.file} has {total} bytes at the hub and should have {wanted.size_bytes}.",
                remedy="Something stands between this machine and the hub, or the card is wrong; check both.",
            )
        return total

    async def _stream(self, response: aiohttp.ClientResponse, part: PartFile, total: int | None) -> None:
        waiting = bytearray()
        try:
            async for block in response.content.iter_any():
                waiting += block
                if total is not None and part.size_bytes + len(waiting) > total:
                    waiting.clear()
                    raise PullFailed(f"The hub sends more than the {total} bytes it announced.", remedy="Try later.")
                if len(waiting) >= BLOCK_BYTES:
                    full, waiting = bytes(waiting), bytearray()
                    await in_thread(part.append, full)
                    self._meter.at(part.size_bytes)
        finally:
            if waiting:
                part.append(bytes(waiting))
        self._meter.at(part.size_bytes)
        if total is not None and part.size_bytes < total:
            raise _Again(f"the hub stopped at {part.size_bytes} of {total} bytes")

    def _check_status(self, response: aiohttp.ClientResponse, card: Card, *, what: str) -> None:
        status = response.status
        if status in (200, 206):
            return
        page = card.terms_url or f"{self.hub_url}/{card.repo}"
        if status in (401, 403):
            raise PullFailed(
                f"The hub refuses {what} of {card.repo} (HTTP {status}): its publisher wants its terms accepted first, "
                "or there is no such repository.",
                remedy=f"Read and accept them at {page}, download the file there, then: "
                f"affouage models import FILE --card {card.id}.",
                code="gated",
            )
        if status == 404:
            raise PullFailed(
                f"The hub has no {what} in {card.repo} at {card.revision or 'main'} (HTTP 404).",
                remedy=f"See {page} and correct the card.",
            )
        if status in (408, 425, 429) or status >= 500:
            raise _Again(f"the hub answers HTTP {status}", self._retry_after_ms(response))
        raise PullFailed(f"The hub answers HTTP {status} for {what} of {card.repo}.", remedy=f"See {page}.")

    def _retry_after_ms(self, response: aiohttp.ClientResponse) -> int | None:
        asked = response.headers.get("Retry-After", "").strip()
        if asked.isdigit():
            wait_ms = int(asked) * 1000
        else:
            parsed = email.utils.parsedate_tz(asked)
            if parsed is None:
                return None
            wait_ms = max(0, int((email.utils.mktime_tz(parsed) - time.time()) * 1000))
        if wait_ms > self._policy.most_retry_after_ms:
            raise PullFailed(
                f"The hub asks to come back in {wait_ms // 1000} s (HTTP {response.status}).",
                remedy="What has arrived is kept; start the same command then.",
                retry_after_s=wait_ms // 1000,
            )
        return wait_ms


def _choose(entries: list[_Entry], card: Card) -> _Entry:
    """The card's file; without one, the only GGUF of the repository, or the only one of the card's quantisation."""
    files = [one for one in entries if one.type == "file" and one.path.endswith(".gguf") and "/" not in one.path]
    if card.file:
        found = [one for one in files if one.path == card.file]
    else:
        found = files if len(files) == 1 else [one for one in files if (card.quantisation or "\n") in one.path]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.path for one in files[:20]) or "none"
    raise PullFailed(
        f"{card.repo} holds no single file for {card.id}; its GGUF files: {names}.",
        remedy="Write the card's file key; docs/how-to/add-a-model.md says how.",
    )


def _strong(etag: str | None) -> str | None:
    """An ETag usable in If-Range: strong ones only."""
    return etag if etag and etag.startswith('"') else None


def _sentence(broken: BaseException) -> str:
    if isinstance(broken, TimeoutError):
        return "no answer in time"
    text: Any = str(broken) or type(broken).__name__
    return str(text).rstrip(".")[:300]
