"""Official archives from their address: only when they changed, resumed where they broke off, within limits.

An archive stands at ``<target>``, beside ``<target>.json`` (what its server said of it: the next time it is asked for
only if it changed). One on its way is ``<target>.part`` with a note of its own: kept whenever something breaks, and
continued by the next fetch if the server says it still is the same (Range, If-Range).
"""

from __future__ import annotations

import asyncio
import fcntl
import ipaddress
import os
import re
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from affouage import __version__
from affouage.errors import BadRequest, Conflict, PullFailed
from affouage.sheets.sources import OnBytes

MOST_BYTES = 500_000_000
"""Of an archive; the largest official one weighs about fifteen million."""
MOST_REDIRECTS = 5
_BLOCK_BYTES = 1 << 18
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
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
) -> Fetched:
    """Bring ``target`` to what stands at the first of ``addresses`` that has it.

    Raises BadRequest (an address that is not https, unless on this machine), PullFailed (nobody there, refused, too
    large, no archive; what stood at ``target`` still does), Conflict (another program is fetching it).
    """
    for address in addresses:
        _check_address(address)
    policy = policy or FetchPolicy()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(target):
        for address in addresses:
            async with _session(policy, address) as (session, resolver):
                one = _Fetch(session, resolver, URL(address), target, policy, most_bytes, on_bytes)
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
        resolver: _Resolver,
        address: URL,
        target: Path,
        policy: FetchPolicy,
        most_bytes: int,
        on_bytes: OnBytes,
    ) -> None:
        self._session, self._resolver, self._address = session, resolver, address
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
        """GET following redirects by hand: few, never down to http, never into a private network."""
        here = self._address
        for _ in range(MOST_REDIRECTS + 1):
            async with self._session.get(here, headers=headers, allow_redirects=False) as response:
                if response.status not in (301, 302, 303, 307, 308):
                    yield response
                    return
                here = next_hop(self._address, here, response.headers.get("Location", ""))
                self._resolver.public_only = not is_loopback(self._address.host or "")
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


class _Resolver(AbstractResolver):
    """Names to addresses; once ``public_only``, none of a private network, whatever the name says."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()
        self.public_only = False

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if self.public_only and any(_is_private(one["host"]) for one in found):
            raise OSError(None, f"{host} is an address of a private network")
        return found

    async def close(self) -> None:
        await self._inner.close()


@asynccontextmanager
async def _session(policy: FetchPolicy, address: str) -> AsyncIterator[tuple[aiohttp.ClientSession, _Resolver]]:
    resolver = _Resolver()
    timeout = aiohttp.ClientTimeout(total=None, connect=policy.connect_ms / 1000, sock_read=policy.stall_ms / 1000)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=resolver),
        timeout=timeout,
        headers={"User-Agent": f"affouage/{__version__}", "Accept-Encoding": "identity"},
        auto_decompress=False,
        trust_env=not is_loopback(URL(address).host or ""),
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield session, resolver


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


def next_hop(first: URL, here: URL, location: str) -> URL:
    """Where a redirect leads, on the way from ``first``. Raises PullFailed: nowhere, down to http, into a private
    network; on this machine anything goes."""
    try:
        there = here.join(URL(location))
    except ValueError:
        there = URL()
    if not location or there.scheme not in ("http", "https") or not there.host:
        raise _failed(f"{here.host} redirects to nowhere", "Check the address.")
    if is_loopback(first.host or ""):
        return there
    if there.scheme != "https":
        raise _failed(f"{here.host} redirects to plain http", "Nothing was taken from there.")
    if _is_private(there.host):
        raise _failed(f"{here.host} redirects into a private network", "Nothing was taken from there.")
    return there


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_private(host: str) -> bool:
    """Is ``host`` an address that is not one of the open internet? False for a name."""
    if host == "localhost":
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _check_address(address: str) -> None:
    try:
        url = URL(address)
        good = bool(url.host) and (url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host or "")))
    except ValueError:
        good = False
    if not good:
        raise BadRequest(
            f"{address} is not an address that is fetched from.",
            remedy="Give one that begins with https://.",
            code="sheets_address",
            address=address,
        )


def _failed(why: str, remedy: str) -> PullFailed:
    return PullFailed(f"{why}.", remedy=remedy, code=_CODE)


def _read(path: Path) -> _Note:
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(path.read_bytes(), type=_Note)
    return _Note()


def _write(path: Path, note: _Note) -> None:
    path.write_bytes(msgspec.json.encode(note))
