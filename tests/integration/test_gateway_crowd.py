"""Two hundred streams at once on four slots, and people who leave at any moment: nothing hangs, nothing is lost."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter

import aiohttp
import psutil
import pytest

from affouage import settings
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.conftest import until

CLIENTS = 200


async def visit(session: aiohttp.ClientSession, live: LiveCommons, key: str, words: int, leave: str) -> str:
    """Ask for ``words`` words; ``leave``: at the head, in the queue, in the middle, or never. How it ended."""
    messages = [{"role": "user", "content": "mot " * words}]
    body = {"model": "echo", "stream": True, "messages": messages}
    url, headers = f"{live.url}/v1/chat/completions", {"authorization": f"Bearer {key}"}
    async with asyncio.timeout(60), session.post(url, json=body, headers=headers) as answer:
        assert answer.status == 200
        if leave == "head":
            return "left"
        text, last = "", b""
        async for line in answer.content:
            if leave == "queue" and line.startswith(b": turn"):
                return "left"
            if line.startswith(b"data: {"):
                text += json.loads(line[6:])["choices"][0]["delta"].get("content", "")
                if leave == "middle" and len(text) > 2 * words:
                    return "left"
            last = line.strip() or last
        assert last == b"data: [DONE]"
        assert text.split() == ["mot"] * words
        return "stayed"


async def crowd(live: LiveCommons, key: str, seed: int) -> Counter[str]:
    chance = random.Random(seed)
    plans = [(chance.randint(1, 20), chance.choice(["never", "head", "queue", "middle"])) for _ in range(CLIENTS)]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as session:
        return Counter(await asyncio.gather(*(visit(session, live, key, *plan) for plan in plans)))


def test_a_crowd_that_comes_and_goes_leaves_nothing_behind(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    engine = EchoEngine("echo", slots=4, word_ms=2)
    home = tmp_path_factory.mktemp("crowd") / "home"
    most = {"AFFOUAGE_ENGINE_MAX_WAITING": str(CLIENTS), "AFFOUAGE_POOL_MAX_WAITING_PER_MEMBER": str(CLIENTS)}
    read = settings.read(most, home=home)
    with serving(read, engines=[engine]) as live:
        key, this = live.api_key(), psutil.Process()

        async def tasks() -> int:
            return len(asyncio.all_tasks())

        idle_tasks = live.run(tasks())
        asyncio.run(crowd(live, key, seed=0))
        until(lambda: live.run(tasks()) == idle_tasks)
        sockets = len(this.net_connections("tcp"))
        ended = asyncio.run(crowd(live, key, seed=1))
        assert ended["left"] > 50
        assert ended["stayed"] > 50
        until(lambda: live.run(tasks()) == idle_tasks)
        until(lambda: len(this.net_connections("tcp")) <= sockets)
        assert engine.in_flight == 0
        verified = live.run(live.commons.ledger.verify())
        assert (verified.open_reservations, verified.problems) == (0, [])
        assert verified.by_kind["reserved"] == verified.by_kind["settled"] == 2 * CLIENTS  # twice the crowd
