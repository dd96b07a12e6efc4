"""Clients of a commons that is killed: what each saw of each answer, and what was acknowledged to them."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter

import aiohttp
import msgspec

from tests.contracts.tiny_gguf import SENTENCE
from tests.integration.web_visitor import FORM, HERE, encoded, form_to
from tests.soak.commons import MODEL, PASSWORD, Person

PATIENCE = aiohttp.ClientTimeout(total=60)


class Witness:
    """What all clients saw. ``cut``: streams that ended without an end, an error or a broken connection."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.whole: set[str] = set()
        """Receipts of answers that came with their end."""
        self.begun: set[str] = set()
        """Receipts of all that began: the ledger knows each, however it ended."""
        self.cut: list[str] = []
        self.false: list[str] = []
        """Answers told to be whole that were not."""
        self.arguments: list[str] = []
        """Texts that the commons said it has."""


class Gate:
    """Clients pass while it is open; ``quiet`` closes it and waits until nobody is inside."""

    def __init__(self) -> None:
        self.over = False
        self._open = asyncio.Event()
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def open(self) -> None:
        self._open.set()

    async def quiet(self) -> None:
        self._open.clear()
        async with asyncio.timeout(PATIENCE.total):
            await self._empty.wait()

    async def __aenter__(self) -> None:
        await self._open.wait()
        self._inside += 1
        self._empty.clear()

    async def __aexit__(self, *_: object) -> None:
        self._inside -= 1
        if not self._inside:
            self._empty.set()


class _Stream(msgspec.Struct):
    text: str = ""
    finish: str | None = None
    done: bool = False
    error: str = ""
    notices: list[str] = []

    def take(self, line: str) -> None:
        if line == "data: [DONE]":
            self.done = True
        elif line.startswith("data: "):
            chunk = json.loads(line[6:])
            self.error = self.error or chunk.get("error", {}).get("code", "")
            self.notices += chunk.get("affouage", {}).get("notices", [])
            for choice in chunk.get("choices", []):
                self.finish = choice.get("finish_reason") or self.finish
                self.text += choice.get("text") or ""

    def holds(self, tokens: int) -> bool:
        """Is it as long as it must be? A limit may end it, in good form.

        Read again on another machine, byte by byte, the last throw is no throw any more: the model recites, and ends.
        """
        if self.finish == "stop" and "resumed" in self.notices:
            return re.fullmatch(f"( dé[1-6])+ ?{re.escape(SENTENCE)}", self.text) is not None
        if re.fullmatch("( dé[1-6])*", self.text) is None or self.finish != "length":
            return False
        return self.text.count(" ") == tokens or "budget:member:day:100" in self.notices


class Client:
    """Throws dice with a model: each word is one token, so a hole in an answer is a wrong count."""

    def __init__(self, url: str, person: Person, witness: Witness, chance: random.Random) -> None:
        self.name = person.name
        self._witness = witness
        self._chance = chance
        headers = {"authorization": f"Bearer {person.key}"}
        self._program = aiohttp.ClientSession(url, headers=headers, timeout=PATIENCE)
        self._browser = aiohttp.ClientSession(
            url, headers=HERE, timeout=PATIENCE, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )

    async def close(self) -> None:
        await self._program.close()
        await self._browser.close()

    async def ask_until(self, gate: Gate) -> None:
        while not gate.over:
            async with gate:
                told = await self.ask()
            self._witness.seen[told] += 1
            if told != "whole":
                await asyncio.sleep(0.2)  # as programs that are refused do

    async def ask(self, tokens: int = 0) -> str:
        """One streamed answer of so many words (0: any): whole | told | broken | not reached | refused ... | cut."""
        tokens = tokens or self._chance.randrange(20, 900)
        body = {"model": MODEL, "prompt": "#", "max_tokens": tokens, "stream": True, "ignore_eos": True}
        stream, receipt_id = _Stream(), ""
        try:
            async with self._program.post("/v1/completions", json=body) as response:
                if response.status != 200:
                    return await self._refusal(response)
                receipt_id = response.headers["x-affouage-receipt"]
                self._witness.begun.add(receipt_id)
                async for line in response.content:
                    stream.take(line.decode().strip())
        except (aiohttp.ClientError, OSError):
            return "broken" if receipt_id else "not reached"
        return self._judge(stream, receipt_id, tokens)

    async def _refusal(self, response: aiohttp.ClientResponse) -> str:
        told = json.loads(await response.read())["error"]
        if response.status not in (429, 502, 503) or not told["message"] or "locked" in told["message"]:
            self._witness.false.append(f"refused with {response.status}: {told}")
        self._witness.refusals[told["message"]] += 1
        return f"refused: {told['code']}"

    def _judge(self, stream: _Stream, receipt_id: str, tokens: int) -> str:
        if stream.error:
            return f"told: {stream.error}"
        if not (stream.done and stream.finish):
            self._witness.cut.append(f"{receipt_id}: {stream.finish=} {stream.done=} ...{stream.text[-30:]}")
            return "cut"
        self._witness.whole.add(receipt_id)
        if not stream.holds(tokens):
            self._witness.false.append(f"{receipt_id}: of {tokens} words, said to be whole: {stream}"[:3000])
        return "whole"

    # -- with a browser ------------------------------------------------------------------------------------------

    async def sign_in(self) -> None:
        async with self._browser.get("/sign-in") as response:
            page = await response.text()
        assert await self._send(page, "/sign-in", name=self.name, password=PASSWORD) == 303

    async def argue_until(self, gate: Gate, path: str) -> None:
        """Say things on a proposal; those that were acknowledged must stay."""
        number = 0
        while not gate.over:
            async with gate:
                number += 1
                text = f"Argument {self.name} n° {number}."
                try:
                    async with self._browser.get(path) as response:
                        page = await response.text()
                    if await self._send(page, f"{path}/argue#talk", side="for", text=text) == 303:
                        self._witness.arguments.append(text)
                        self._witness.seen["argument"] += 1
                except (aiohttp.ClientError, OSError, StopIteration, RuntimeError):
                    self._witness.seen["argument not taken"] += 1
            await asyncio.sleep(0.3)

    async def page(self, path: str) -> str:
        async with self._browser.get(path) as response:
            assert response.status == 200, (path, response.status)
            return await response.text()

    async def _send(self, page: str, action: str, /, **values: str) -> int:
        form = form_to(page, action)
        body = encoded(form.filled(**values))
        async with self._browser.post(
            form.action.partition("#")[0], data=body, headers=FORM, allow_redirects=False
        ) as response:
            await response.read()
            return response.status
