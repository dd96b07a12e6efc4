"""Official archives from their address: only when they changed, resumed where they broke off, within limits.

An archive stands at ``<target>``, beside ``<target>.json`` (what its server said of it: the next time it is asked for
only if it changed). One on its way is ``<target>.part`` with a note of its own: kept whenever something breaks, and
continued by the next fetch if the server says it still is the same (Range, If-Range).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import ClientTimeout
from yarl import URL

from affouage.errors import Conflict, PullFailed
from affouage.outward import MOST_REDIRECTS, REDIRECTS, AddressRefused, Outward
from affouage.sheets.sources import OnBytes

MOST_BYTES = 500_000_000
"""Of an archive; the largest official one weighs about fifteen million."""
_BLOCK_BYTES = 1 << 18
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
OPEN_INTERNET = Outward()
_CODE = "sheets_fetch"
_KEPT = "What has arrived is kept: the same command goes on from there."


class FetchPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How patient: failures in a row without a new byte before giving up, waits that double between them."""

    attempts: int = 4
    first_wait_ms: int = 500
    connect_ms: int = 10_000
    stall_ms: int = 30_000


class Fetched(msgspec.Struct, frozen=True):
    """``changed``: False when the server says it is still the file that was here."""

    path: Path
    changed: bool


class _Note(msgspec.Struct, frozen=True):
    """What its server said of a file."""

    url: str = ""
    etag: str = ""
    modified: str = ""

    @property
    def validator(self) -> str:
        """For If-Range: only what tells one file from another byte for byte."""
        return self.etag if self.etag.startswith('"') else self.modified


class _Again(Exception):
    """Worth another attempt."""


class _NotThere(Exception):
    """This address has no such file; another may."""


async def fetch(
    addresses: Sequence[str],
    target: Path,
    *,
    policy: FetchPolicy | None = None,
    most_bytes: int = MOST_BYTES,
    on_bytes: OnBytes = lambda _done, _total: None,
    outward: Outward = OPEN_INTERNET,
) -> Fetched:
    """Bring ``target`` to what stands at the first of ``addresses`` that has it. ``outward``: what may be opened.

    Raises BadRequest ``address_refused``, PullFailed (nobody there, refused, too
    large, no archive; what stood at ``target`` still does), Conflict (another program is fetching it).
    """
    checked = [outward.check(address) for address in addresses]
    policy = policy or FetchPolicy()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(target):
        for url in checked:
            timeout = ClientTimeout(total=None, connect=policy.connect_ms / 1000, sock_read=policy.stall_ms / 1000)
            async with outward.session(url, timeout) as session:
                one = _Fetch(session, outward, url, target, policy, most_bytes, on_bytes)
                try:
                    return await one.run()
                except _NotThere:
                    continue
    raise PullFailed(
        f"There is no such file at {' or '.join(addresses)}.", remedy="See whether the address moved.", code=_CODE
    )


class _Fetch:
    """One file from one address."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        outward: Outward,
        address: URL,
        target: Path,
        policy: FetchPolicy,
        most_bytes: int,
        on_bytes: OnBytes,
    ) -> None:
        self._session, self._outward, self._address = session, outward, address
        self._policy, self._most_bytes, self._on_bytes = policy, most_bytes, on_bytes
        self._target = target
        self._note_path = target.with_name(f"{target.name}.json")
        self._part = target.with_name(f"{target.name}.part")
        self._part_note_path = target.with_name(f"{target.name}.part.json")

    async def run(self) -> Fetched:
        failures, wait_ms = 0, self._policy.first_wait_ms
        while True:
            before = self._kept_bytes()
            try:
                return await self._attempt()
            except AddressRefused as no:
                raise _failed(no.message.rstrip("."), "Nothing was taken from there.") from no
            except (_Again, aiohttp.ClientError, TimeoutError) as broken:
                why = "no answer in time" if isinstance(broken, TimeoutError) else str(broken)[:300].rstrip(".")
            except OSError as broken:
                raise _failed(f"The disk refuses it: {broken.strerror}", "Free some space, then try again.") from broken
            failures = 1 if self._kept_bytes() > before else failures + 1
            if failures >= self._policy.attempts:
                raise _failed(f"{self._address.host} cannot be reached, or broke off: {why}", _KEPT)
            await asyncio.sleep(wait_ms / 1000)
            wait_ms *= 2

    def _kept_bytes(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    async def _attempt(self) -> Fetched:
        kept, had = _read(self._part_note_path), _read(self._note_path)
        start = self._kept_bytes() if kept.url == str(self._address) and kept.validator else 0
        headers = {}
        if start:
            headers.update({"Range": f"bytes={start}-", "If-Range": kept.validator})
        if self._target.exists() and had.url == str(self._address):
            headers.update({"If-None-Match": had.etag} if had.etag else {})
            headers.update({"If-Modified-Since": had.modified} if had.modified else {})
        async with self._open(headers) as response:
            if response.status == 304:
                return Fetched(self._target, changed=False)
            start = self._agree(response, start)
            note = _Note(
                str(self._address), response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
            )
            _write(self._part_note_path, note)
            await self._stream(response, start)
        self._keep(note)
        return Fetched(self._target, changed=True)

    @asynccontextmanager
    async def _open(self, headers: dict[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        """GET following redirects by hand: few, and each of them judged."""
        here = self._address
        for _ in range(MOST_REDIRECTS + 1):
            async with self._session.get(here, headers=headers, allow_redirects=False) as response:
                if response.status not in REDIRECTS:
                    yield response
                    return
                here = self._outward.next_hop(self._address, here, response.headers.get("Location", ""))
        raise _failed(f"{self._address.host} redirects more than {MOST_REDIRECTS} times", "Check the address.")

    def _agree(self, response: aiohttp.ClientResponse, start: int) -> int:
        """Where the body begins in the file, once it is known to be one that may be taken."""
        status = response.status
        if status in (404, 410):
            raise _NotThere
        if status in (408, 425, 429, 416) or status >= 500:
            if status == 416:
                self._part.unlink(missing_ok=True)
            raise _Again(f"it answers HTTP {status}")
        if status not in (200, 206):
            raise _failed(f"{self._address.host} answers HTTP {status}", "See its address in a browser.")
        found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        begins = int(found[1]) if status == 206 and found else 0
        if status == 206 and begins != start:
            self._part.unlink(missing_ok=True)
            raise _Again("it answers with another part than was asked")
        if begins + (response.content_length or 0) > self._most_bytes:
            self._too_large()
        return begins

    def _too_large(self) -> None:
        self._part.unlink(missing_ok=True)
        raise _failed(f"The file is larger than {self._most_bytes // 10**6} MB", "Check the address.")

    async def _stream(self, response: aiohttp.ClientResponse, start: int) -> None:
        total = None if response.content_length is None else start + response.content_length
        done = start
        with self._part.open("ab" if start else "wb") as file:
            async for block in response.content.iter_chunked(_BLOCK_BYTES):
                done += len(block)
                if done > self._most_bytes:
                    self._too_large()
                file.write(block)
                self._on_bytes(done, total)
            file.flush()
            os.fsync(file.fileno())
        if total is not None and done < total:
            raise _Again(f"it stopped at {done} of {total} bytes")

    def _keep(self, note: _Note) -> None:
        if self._target.suffix == ".zip" and not zipfile.is_zipfile(self._part):
            self._part.unlink()
            raise _failed("What arrived is no zip archive", "See the address in a browser; nothing was changed here.")
        self._note_path.unlink(missing_ok=True)  # a note never speaks of another file
        self._part.replace(self._target)
        _write(self._note_path, note)
        self._part_note_path.unlink(missing_ok=True)


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    lock = os.open(target.with_name(f"{target.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"Another program is fetching {target.name}.", remedy="Wait for it to end.", code="sheets_busy"
            ) from None
        yield
    finally:
        os.close(lock)


def _failed(why: str, remedy: str) -> PullFailed:
    return PullFailed(f"{why}.", remedy=remedy, code=_CODE)


def _read(path: Path) -> _Note:
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(path.read_bytes(), type=_Note)
    return _Note()


def _write(path: Path, note: _Note) -> None:
    path.write_bytes(msgspec.json.encode(note))
