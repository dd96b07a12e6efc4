"""A sample of the running commons: what the system says of its programs, what it tells itself, how long people wait."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

import aiohttp
import psutil

from tests.soak.commons import Running
from tests.soak.figures import Sample
from tests.soak.people import Seen


async def sample(running: Running, watch_key: str, seen: Seen, at_s: float) -> Sample:
    """Everything of :data:`tests.soak.figures.WATCHED` that can be read now. Empties the waits that were noted."""
    assert running.server is not None
    assert running.server.poll() is None, running.said("server")[-2000:]
    found: Sample = {"at_s": round(at_s, 1), "answers": seen.answers}
    server = psutil.Process(running.server.pid)
    with server.oneshot():
        found["rss_mb"] = server.memory_info().rss / 1e6
        found["descriptors"] = server.num_fds()
        found["threads"] = server.num_threads()
    children = server.children(recursive=True)
    found["children"] = len(children)
    found["children_rss_mb"] = sum(_rss_mb(one) for one in children)
    if running.node is not None:
        node = psutil.Process(running.node.pid)
        found["node_rss_mb"] = sum(_rss_mb(one) for one in (node, *node.children(recursive=True)))
    database = running.home / "affouage.db"
    found["database_mb"] = _size_mb(database)
    found["log_mb"] = _size_mb(database.with_name("affouage.db-wal"))
    found["run_files"] = sum(1 for _ in (running.home / "run").iterdir())
    found |= await _of_itself(running.url, watch_key)
    for name, waits in (("first_word_ms", seen.first_word_ms), ("page_ms", seen.page_ms)):
        if waits:
            found[name] = statistics.median(waits)
            waits.clear()
    return {name: round(value, 3) for name, value in found.items()}


async def watched(url: str, watch_key: str) -> str:
    """What Prometheus reads."""
    async with (
        aiohttp.ClientSession(headers={"authorization": f"Bearer {watch_key}"}) as http,
        http.get(f"{url}/metrics") as response,
    ):
        assert response.status == 200, await response.text()
        return await response.text()


async def _of_itself(url: str, watch_key: str) -> Sample:
    told = await watched(url, watch_key)
    tasks = re.search(r"^affouage_tasks (\d+)$", told, re.MULTILINE)
    commits = re.search(r"^affouage_commit_wait_seconds_count (\d+)$", told, re.MULTILINE)
    waited = re.search(r"^affouage_commit_wait_seconds_sum ([\d.]+)$", told, re.MULTILINE)
    assert tasks, told
    found: Sample = {"tasks": float(tasks[1])}
    if commits and waited and int(commits[1]):
        found["commit_ms"] = float(waited[1]) / int(commits[1]) * 1000
    return found


def _rss_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 1e6
    except psutil.NoSuchProcess:  # a model fell asleep meanwhile
        return 0.0


def _size_mb(path: Path) -> float:
    return path.stat().st_size / 1e6 if path.exists() else 0.0
