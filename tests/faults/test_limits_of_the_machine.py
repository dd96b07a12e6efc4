"""A full disk, a home that cannot be written, clocks that jump, no memory, no descriptors: said, survived, mended.

The server is a real one in a process of its own; its limits are set and lifted while it runs. What must hold: nothing
acknowledged is lost, what is refused is refused with 503 and the time to come back, in plain words on a page, and when
the cause is gone it answers again without a restart.
"""

from __future__ import annotations

import asyncio
import html
import re
import resource
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import psutil
import pytest

from tests.faults.books import opened, verified
from tests.faults.metered_house import LONG, House, until
from tests.faults.package import Package
from tests.integration.web_visitor import FORM, HERE, encoded, form_to

PASSWORD = "quatre mots sans lien"
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@contextmanager
def small_disk(folder: Path, mega_bytes: int = 24) -> Iterator[Path]:
    """A disk of its own."""
    folder.mkdir(mode=0o700)
    size = f"size={mega_bytes}m"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=False, capture_output=True)
    if done.returncode:
        pytest.skip("only root may mount a small disk; test_closing_faults has a disk that refuses without one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def served(home: Path) -> Iterator[House]:
    """A commons with a meter, running; ended in order, its books verified."""
    house = House(home)
    package = Package(house.tree, 3)
    house.start()
    with package.drawing():
        try:
            yield house
        finally:
            said = house.stop()
    assert "Traceback" not in said, said
    with opened(home) as db:
        assert verified(db) == []


def a_browser(house: House) -> httpx.Client:
    """Of a member, signed in."""
    path = "/join/" + house.run("members", "invite")["invitation_url"].rpartition("/join/")[2]
    browser = httpx.Client(base_url=house.url, headers=HERE, timeout=30, trust_env=False)
    joined = browser.post(path, data={"name": "Anne", "password": PASSWORD, "again": PASSWORD, "language": "fr"})
    assert joined.status_code == 303, joined.text
    return browser


def on_the_page(browser: httpx.Client, page: str) -> tuple[int, str]:
    """(status, words) of a question asked there: ``page`` was read before, when all was well."""
    form = form_to(page, "/chat#")
    answer = browser.post("/chat", content=encoded(form.filled(question="Bonjour")), headers=FORM)
    return answer.status_code, " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def refusal(house: House) -> tuple[int, str, str]:
    """(status, Retry-After, message) of a question asked by a program."""
    body = {"model": "echo", "messages": [{"role": "user", "content": "un mot"}]}
    headers = {"authorization": f"Bearer {house.key}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{house.url}/v1/chat/completions", json=body) as response,
    ):
        told = await response.json()
        return response.status, response.headers.get("retry-after", ""), told.get("error", {}).get("message", "")


async def answers(house: House) -> Any:
    status, receipt = await house.ask()
    return receipt if status == 200 else None


def completed(house: House) -> int:
    ((count,),) = house.rows("SELECT count(*) FROM ledger_entry WHERE kind = 'settled'")
    return int(count)


def test_a_full_disk_is_said_and_once_there_is_room_it_answers_again(tmp_path: Path) -> None:
    async def main(house: House, ballast: Path) -> None:
        before = [await answers(house) for _ in range(3)]
        with closing(a_browser(house)) as browser:
            page = browser.get("/chat").text
            fill(ballast)
            refused = await until(lambda: is_refused(house))
            assert refused[0] == 503
            assert int(refused[1]) > 0
            assert "disk is full" in refused[2], refused
            status, words = on_the_page(browser, page)
            assert status == 200, "a page that streams has begun when the ledger refuses"
            assert "le disque est peut-être plein" in words, words
            ready = browser.get("/readyz")
            assert (ready.status_code, {one["check"] for one in ready.json()["problems"]} >= {"disk"}) == (503, True)
            assert browser.get("/healthz").status_code == 200
            ballast.unlink()  # noqa: ASYNC240 - nothing else runs here
            after = await until(lambda: answers(house))
            assert "disque" not in on_the_page(browser, page)[1]
        known = {one for (one,) in house.rows("SELECT request_id FROM ledger_entry WHERE kind = 'settled'")}
        assert {one["id"] for one in [*before, after]} <= known, "what was acknowledged is there"

    with small_disk(tmp_path / "home") as home, served(home) as house:
        asyncio.run(main(house, home / "ballast"))


async def is_refused(house: House) -> Any:
    told = await refusal(house)
    return told if told[0] != 200 else None


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (1_000_000, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def test_a_home_that_cannot_be_written_is_said_before_anything_is_served(tmp_path: Path) -> None:
    with small_disk(tmp_path / "home") as home:
        with served(home) as house:
            asyncio.run(until(lambda: answers(house)))
        entries = completed(house)
        subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
        for words in (("up", "--offline", "--no-question"), ("members", "add", "Zoé")):
            command = house.command(*words)
            _, said = command.communicate(timeout=60)
            assert command.returncode == 2, said
            assert str(home) in said
            assert "right to write" in said or "cannot be written" in said, said
            assert "Traceback" not in said
        doctor = house.command("doctor")
        assert "written" in doctor.communicate(timeout=60)[0]
        subprocess.run(["mount", "-o", "remount,rw", str(home)], check=True)
        assert completed(house) == entries
        house.start()
        asyncio.run(until(lambda: answers(house)))
        house.stop()


def test_clocks_that_jump_lose_nothing(home: Path) -> None:
    async def main(house: House) -> None:
        told = []
        for days in (3, 40, -400, 0):
            under_way = asyncio.create_task(house.ask(LONG))
            await until(lambda: house.rows("SELECT 1 FROM ledger_entry WHERE kind = 'reserved'"))
            house.set_clock(days)
            told.append(await house.ask())
            told.append(await under_way)
        assert [status for status, _ in told] == [200] * len(told)
        assert all(receipt["durations"]["total_ms"] >= 0 for _, receipt in told)

    with served(home) as house:
        asyncio.run(main(house))


def test_without_memory_it_refuses_or_ends_and_loses_nothing(home: Path) -> None:
    """What takes much is refused. A program without any memory at all may be ended by the libraries it is made of:
    whoever started it starts it again."""

    async def main(house: House) -> None:
        before = await answers(house)
        server = psutil.Process(house.process.pid)
        server.rlimit(resource.RLIMIT_AS, (server.memory_info().vms + 40_000_000, resource.RLIM_INFINITY))
        body = {"model": "echo", "messages": [{"role": "user", "content": "mot " * 2_500_000}]}
        told = await asyncio.gather(*(large(house, body) for _ in range(8)))
        assert set(told) <= {0, 400, 503}, told
        assert set(told) != {400}, "too long for the model: some were refused before that was known"
        with suppress(psutil.NoSuchProcess):
            server.rlimit(resource.RLIMIT_AS, UNLIMITED)
        after = await until(lambda: answers_or_is_started(house), 60)
        known = {one for (one,) in house.rows("SELECT request_id FROM ledger_entry WHERE kind = 'settled'")}
        assert {before["id"], after["id"]} <= known

    with served(home) as house:
        asyncio.run(main(house))


async def answers_or_is_started(house: House) -> Any:
    try:
        return await answers(house)
    except (aiohttp.ClientError, OSError):
        if house.process.poll() is not None:
            house.start()
        return None


async def large(house: House, body: Any) -> int:
    """The status; 0: the connection was broken, or there was none."""
    try:
        async with (
            aiohttp.ClientSession(headers={"authorization": f"Bearer {house.key}"}) as http,
            http.post(f"{house.url}/v1/chat/completions", json=body) as response,
        ):
            await response.read()
            return response.status
    except (aiohttp.ClientError, OSError):
        return 0


def test_without_descriptors_it_lives_and_comes_back(home: Path) -> None:
    async def main(house: House) -> None:
        assert await answers(house)
        server = psutil.Process(house.process.pid)
        server.rlimit(resource.RLIMIT_NOFILE, (server.num_fds() + 12, 4096))
        host, port = house.url.removeprefix("http://").split(":")
        with ExitStack() as held:
            for _ in range(60):
                connection = held.enter_context(socket.create_connection((host, int(port)), timeout=5))
                connection.send(b"GET /health HTTP/1.1\r\nhost: here\r\n")  # and never the end of it
            await until(lambda: server.num_fds() >= server.rlimit(resource.RLIMIT_NOFILE)[0] - 1)
            told = await asyncio.gather(*(large_or_late(house) for _ in range(4)))
            assert all(status in (0, 200, 503) for status in told), told
        assert await until(lambda: answers(house), 30)
        server.rlimit(resource.RLIMIT_NOFILE, (1024, 4096))

    with served(home) as house:
        asyncio.run(main(house))


async def large_or_late(house: House) -> int:
    body = {"model": "echo", "messages": [{"role": "user", "content": "un mot"}]}
    try:
        return await asyncio.wait_for(large(house, body), 3)
    except TimeoutError:
        return 0
