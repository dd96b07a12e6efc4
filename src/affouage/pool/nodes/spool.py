"""Signed readings of this machine that are not yet in the commons' ledger: files in ``<home>/node/blocks/``.

A block is written before it is sent and goes when the commons says that it keeps it, so nothing metered is lost while
the link is down or the agent is killed. ``<home>/node/last.json`` tells where the counters stood at the newest one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from affouage.ledger.receipt import Block, LastReading
from affouage.pool.nodes.wire import SignedBlock
from affouage.pool.run import KeptBlock

_log = logging.getLogger("affouage.node")

SPOOL_BYTES_MAX = 64_000_000
"""Months of a machine left to itself; past that the oldest goes, and is told."""
OFFER_AGAIN_US = 15_000_000
MESSAGE_BYTES_MAX = 500_000
BODY_BYTES_MAX = 600_000
_NAME = re.compile(r"[A-Za-z0-9_]{1,80}")


class _Last(msgspec.Struct, frozen=True):
    machine_id: str
    last: LastReading | None
    clean: bool


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(SignedBlock).decode


class Spool:
    """``sign``: see :mod:`.signing`. Files are small and few: they are written where they are needed."""

    def __init__(self, home: Path, sign: Callable[[Block], Block]) -> None:
        self._folder = home / "node" / "blocks"
        self._last_path = home / "node" / "last.json"
        self._sign = sign
        self._waiting: OrderedDict[str, SignedBlock] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._offered_us: dict[str, int] = {}
        self._writing = asyncio.Lock()
        self._noted_us = 0
        self._load()

    def __len__(self) -> int:
        return len(self._waiting)

    def resume(self, machine_id: str) -> LastReading | None:
        """Where to go on from after an unclean stop; None after a clean one, or on another machine."""
        try:
            found = msgspec.json.decode(self._last_path.read_bytes(), type=_Last)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return None if found.clean or found.machine_id != machine_id else found.last

    async def keep(self, blocks: Sequence[KeptBlock]) -> None:
        """Sign them and write them down. A disk that refuses is told: they are then held in memory alone."""
        async with self._writing:
            new = [one for one in blocks if one.block.id not in self._waiting]
            signed = [SignedBlock(block=self._sign(one.block), body=one.body) for one in new]
            if signed:
                sizes = await asyncio.to_thread(self._write, signed)
                for one, size in zip(signed, sizes, strict=True):
                    self._add(one.block.id, one, size)

    def to_offer(self, now_us: int, *, newest_first: bool = False) -> tuple[SignedBlock, ...]:
        """Some that were not offered a short while ago, as many as fit a message. ``newest_first``: with the end of a
        run, whose part stands in the newest."""
        chosen: list[SignedBlock] = []
        size = 0
        for block_id, signed in reversed(self._waiting.items()) if newest_first else self._waiting.items():
            offered_us = self._offered_us.get(block_id)
            if offered_us is not None and now_us - offered_us < OFFER_AGAIN_US:
                continue
            size += self._sizes[block_id]
            if chosen and (size > MESSAGE_BYTES_MAX or len(chosen) == 64):
                break
            chosen.append(signed)
            self._offered_us[block_id] = now_us
        return tuple(chosen)

    def kept(self, block_ids: Iterable[str]) -> None:
        """The commons has them."""
        for block_id in block_ids:
            self._drop(block_id)

    def _load(self) -> None:
        for path in sorted(self._folder.glob("*.block"), key=lambda one: one.stat().st_mtime_ns):
            try:
                signed = _decode(path.read_bytes())
            except (OSError, msgspec.DecodeError, UnicodeDecodeError):
                _log.warning("a file of readings cannot be read and is put aside: %s", path.name)
                with suppress(OSError):
                    path.rename(path.with_suffix(".unreadable"))
                continue
            self._add(signed.block.id, signed, path.stat().st_size)

    def _add(self, block_id: str, signed: SignedBlock, size: int) -> None:
        if size > BODY_BYTES_MAX:  # no message holds it: it would stop those behind it
            _log.error("readings of %d bytes are too long to be sent; they stay in %s", size, self._folder)
            return
        self._waiting[block_id] = signed
        self._sizes[block_id] = size
        while sum(self._sizes.values()) > SPOOL_BYTES_MAX:
            oldest = next(iter(self._waiting))
            _log.error("the commons has not been reached for too long: the oldest readings are dropped")
            self._drop(oldest)

    def _drop(self, block_id: str) -> None:
        if self._waiting.pop(block_id, None) is None:
            return
        del self._sizes[block_id]
        self._offered_us.pop(block_id, None)
        with suppress(OSError):
            self._path(block_id).unlink()

    def _path(self, block_id: str) -> Path:
        assert _NAME.fullmatch(block_id), "our own block ids are plain"
        return self._folder / f"{block_id}.block"

    def _write(self, blocks: Sequence[SignedBlock]) -> list[int]:
        """Their sizes in bytes."""
        contents = [_encode(one) for one in blocks]
        for one, content in zip(blocks, contents, strict=True):
            self._write_whole(self._path(one.block.id), content)
        newest = blocks[-1].block
        at_us = 0 if newest.last is None else newest.last.at_us
        if at_us >= self._noted_us:
            self._noted_us = at_us
            self._write_whole(self._last_path, msgspec.json.encode(_Last(newest.machine_id, newest.last, newest.clean)))
        return [len(content) for content in contents]

    def _write_whole(self, path: Path, content: bytes) -> None:
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
            aside.replace(path)
        except OSError as refused:
            _log.error("readings cannot be written in %s: %s", self._folder, refused.strerror)
