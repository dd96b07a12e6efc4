"""What a server that lasts is watched by: answers by outcome, the wait for the disk, what the program itself takes.

Sums since the start, by model: no member, no request, no text.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from affouage import __version__
from affouage.archive.book import made_of
from affouage.asgi.commons import Commons
from affouage.gateway.exposition import family, histogram, single
from affouage.journal import log
from affouage.ledger.counted import Counted
from affouage.settings import Settings
from affouage.storage import Database
from affouage.storage.postgresql import size_bytes


def of_the_books(commons: Commons) -> str:
    """What was answered here, and how the database bears it."""
    return "".join((*_answers(commons.ledger.counted), _commits(commons.db)))


async def of_the_house(commons: Commons) -> str:
    """What is the same for every process of the commons."""
    size = await commons.db.read(log.size)
    return "".join(
        (
            single("affouage_public_log_entries", "gauge", "Entries of the public log.", size),
            *_files(commons.settings, await commons.db.read(size_bytes)),
        )
    )


def of_the_web(counts: Counter[int]) -> str:
    """Every answer, pages and refusals included, by HTTP status."""
    return family(
        "affouage_http_responses_total",
        "counter",
        "Answers over HTTP, by status.",
        (({"status": str(status)}, count) for status, count in sorted(counts.items())),
    )


def _answers(counted: Counted) -> Iterator[str]:
    yield family(
        "affouage_answers_total",
        "counter",
        "Answers settled, by outcome.",
        (({"model": model, "outcome": outcome}, n) for (model, outcome), n in sorted(counted.answers.items())),
    )
    yield family(
        "affouage_tokens_total",
        "counter",
        "Tokens; those cached are part of the prompt's.",
        (({"model": model, "kind": kind}, n) for (model, kind), n in sorted(counted.tokens.items())),
    )
    yield family(
        "affouage_energy_joules_total",
        "counter",
        "Energy of settled answers, central figure, by how it is known.",
        (
            ({"model": model, "quality": quality}, round(energy_uj / 1e6, 3))
            for (model, quality), energy_uj in sorted(counted.energy_uj.items())
        ),
    )
    yield family(
        "affouage_energy_unknown_total",
        "counter",
        "Settled answers whose energy is not known.",
        (({"model": model}, n) for model, n in sorted(counted.energy_unknown.items())),
    )


def _commits(db: Database) -> str:
    delays = db.delays
    return histogram(
        "affouage_commit_wait_seconds",
        "How long writes waited to be on the disk (group commit).",
        ((bound_ms / 1000, count) for bound_ms, count in delays.up_to()),
        delays.count,
        round(delays.sum_us / 1e6, 3),
    )


def _files(settings: Settings, server_bytes: int | None) -> Iterator[str]:
    database, home = settings.database_path, settings.home
    sizes = {"database": server_bytes}
    if server_bytes is None:
        sizes = {"database": _size(database), "write_ahead_log": _size(database.with_name(database.name + "-wal"))}
    yield family(
        "affouage_file_bytes",
        "gauge",
        "Size of the database and of its write-ahead log.",
        (({"file": name}, size) for name, size in sizes.items() if size is not None),
    )
    newest = made_of(home)[:1]
    yield family(
        "affouage_last_backup_timestamp_seconds",
        "gauge",
        "When the newest backup was made; absent while none was.",
        (({}, one.made_ms // 1000) for one in newest),
    )
    try:
        free = shutil.disk_usage(home).free
    except OSError:
        return
    yield single("affouage_disk_free_bytes", "gauge", "Room left on the disk of the home.", free)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def of_process() -> Iterator[str]:
    """This program, under the names that every watcher knows. The engine's child is a program of its own."""
    me = psutil.Process()
    with me.oneshot():
        cpu, memory, threads = me.cpu_times(), me.memory_info(), me.num_threads()
    yield single("process_resident_memory_bytes", "gauge", "Memory.", memory.rss)
    yield single("process_cpu_seconds_total", "counter", "Processor time.", round(cpu.user + cpu.system, 2))
    yield single("process_start_time_seconds", "gauge", "When it started.", round(me.create_time()))
    yield single("process_threads", "gauge", "Threads.", threads)
    if psutil.LINUX:
        most, _hard = me.rlimit(psutil.RLIMIT_NOFILE)
        yield single("process_open_fds", "gauge", "File descriptors open.", me.num_fds())
        yield single("process_max_fds", "gauge", "As many as it may open.", most)
    yield single("affouage_tasks", "gauge", "Tasks of the event loop.", len(asyncio.all_tasks()))
    yield family("affouage_build_info", "gauge", "Version.", [({"version": __version__}, 1)])
