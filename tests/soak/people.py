"""Those who use the commons: with browsers (without scripts) and with programs; and what they saw go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from tests.integration.web_visitor import FORM, HERE, encoded, form_to, forms, words
from tests.soak.commons import MODEL, PASSWORD, Person, hours_far_from_now

PAGES = (
    *("/chat", "/conversations", "/receipts", "/coupe", "/coupe.csv", "/models", "/machines", "/compare", "/account"),
    *("/assembly", "/assembly/log", "/assembly/minutes", "/sheets", "/explain", "/work", "/training", "/blind"),
    *("/how-it-works", "/sources", "/commons", "/prefix", "/healthz", "/readyz", "/openapi.json", "/evaluations"),
)
QUESTIONS = (
    "Combien coûte la carte de la médiathèque pour un majeur ?",
    "Quelle est la caution du vélo ?",
    "À quelle heure ouvre la mairie de Plouzané le samedi ?",
)
PATIENCE = aiohttp.ClientTimeout(total=120)


class Seen:
    """What all of them saw together. ``wrong``: what must never be, with the first lines of it."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """Refusals in good form, by status: some are wanted (a wrong key), some may come (a model being loaded)."""
        self.wrong: list[str] = []
        self.receipts: set[str] = set()
        """Of answers that came whole: the ledger must know them as completed."""
        self.first_word_ms: list[float] = []
        self.page_ms: list[float] = []

    @property
    def answers(self) -> int:
        return len(self.receipts)


class Someone:
    """One member, with a browser and a key. ``act`` does one thing, drawn by ``chance``."""

    def __init__(self, url: str, person: Person, seen: Seen, chance: random.Random) -> None:
        self.url = url
        self.name = person.name
        self.seen = seen
        self.busy = asyncio.Lock()
        """One thing at a time, as a person: nobody votes while they sign out and in again."""
        self.chance = chance
        jar = aiohttp.CookieJar(unsafe=True)  # of an address without a name too
        self._browser = aiohttp.ClientSession(url, headers=HERE, timeout=PATIENCE, cookie_jar=jar)
        self._program = aiohttp.ClientSession(url, headers={"authorization": f"Bearer {person.key}"}, timeout=PATIENCE)
        self._acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            *((8, self.ask_streamed), (5, self.ask_whole), (3, self.leave_in_the_middle), (10, self.look)),
            *((4, self.ask_on_page), (4, self.explain), (3, self.search), (1, self.make_and_revoke_a_key)),
            *((1, self.sign_in_again), (2, self.err), (1, self.delete_conversations), (2, self.complete)),
        ]
        self._quiet = [self.look, self.look, self.search, self.err, self.explain]

    async def act(self, *, quiet: bool = False) -> None:
        """``quiet``: nothing that needs a model, so that it may fall asleep."""
        if quiet:
            chosen: Any = self.chance.choice(self._quiet)
        else:
            chosen = self.chance.choices([act for _, act in self._acts], [weight for weight, _ in self._acts])[0]
        try:
            async with self.busy:
                await chosen()
            self.seen.done[chosen.__name__] += 1
        except (aiohttp.ClientError, TimeoutError, OSError, AssertionError) as problem:
            self.seen.wrong.append(f"{chosen.__name__}: {type(problem).__name__} {problem}"[:700])

    async def close(self) -> None:
        await self._browser.close()
        await self._program.close()

    # -- with a program ------------------------------------------------------------------------------------------

    async def ask_streamed(self) -> None:
        began_s = time.monotonic()
        async with self._program.post("/v1/chat/completions", json={**self._question(), "stream": True}) as response:
            if not await self._taken(response):
                return
            lines = [await response.content.readline()]
            self.seen.first_word_ms.append((time.monotonic() - began_s) * 1000)
            lines += [line async for line in response.content]
        self._whole(response.headers["x-affouage-receipt"], b"".join(lines).decode())

    def _whole(self, receipt_id: str, stream: str) -> None:
        """A stream ends with [DONE] after a reason, or with an error that says so."""
        ended = '"finish_reason":"' in stream.replace(" ", "") and stream.rstrip().endswith("data: [DONE]")
        if ended and '"error"' not in stream:
            self.seen.receipts.add(receipt_id)
        else:
            assert '"error"' in stream, f"cut without a word: {stream[-200:]!r}"
            self.seen.refused["told in the stream"] += 1

    async def ask_whole(self) -> None:
        async with self._program.post("/v1/chat/completions", json=self._question()) as response:
            if await self._taken(response):
                answer = await response.json()
                assert answer["choices"][0]["finish_reason"] in ("stop", "length"), answer
                self.seen.receipts.add(response.headers["x-affouage-receipt"])

    async def complete(self) -> None:
        body = {"model": MODEL, "prompt": "#", "max_tokens": 20, "stream": True}
        async with self._program.post("/v1/completions", json=body) as response:
            if await self._taken(response):
                self._whole(response.headers["x-affouage-receipt"], (await response.read()).decode())

    async def leave_in_the_middle(self) -> None:
        body = {"model": MODEL, "prompt": "#", "max_tokens": 2000, "stream": True}
        async with self._program.post("/v1/completions", json=body) as response:
            if await self._taken(response):
                for _ in range(self.chance.randrange(1, 20)):
                    await response.content.readline()
                response.close()

    async def err(self) -> None:
        """Errors in good form, wanted."""
        chosen = self.chance.randrange(4)
        if chosen == 0:
            answer = self._program.post(
                "/v1/chat/completions", data=b'{"model": "tiny', headers={"content-type": "application/json"}
            )
        elif chosen == 1:
            answer = self._program.get("/v1/models", headers={"authorization": "Bearer aff_no"})
        elif chosen == 2:
            answer = self._program.post("/v1/chat/completions", json={**self._question(), "model": "nobody"})
        else:
            answer = self._browser.get("/nowhere")
        async with answer as response:
            await response.read()
            assert response.status in (400, 401, 404), (chosen, response.status)

    def _question(self) -> dict[str, Any]:
        said = " ".join(
            self.chance.choices(("bois", "part", "feuille", "coupe", "hiver"), k=self.chance.randrange(3, 40))
        )
        return {"model": MODEL, "messages": [{"role": "user", "content": said}]}

    async def _taken(self, response: aiohttp.ClientResponse) -> bool:
        """Whether it answers; a refusal is counted, and must have its form."""
        if response.status == 200:
            return True
        told = json.loads(await response.read())
        assert response.status in (429, 503), (response.status, told)
        assert int(response.headers["retry-after"]) > 0
        self.seen.refused[f"{response.status} {told['error']['code']}"] += 1
        return False

    # -- with a browser ------------------------------------------------------------------------------------------

    async def sign_in(self) -> None:
        page = await self._page("/sign-in")
        await self._send(page, "/sign-in", name=self.name, password=PASSWORD)

    async def sign_in_again(self) -> None:
        page = await self._page("/account")
        await self._send(page, "/sign-out")
        await self.sign_in()

    async def look(self) -> None:
        began_s = time.monotonic()
        await self._page(self.chance.choice(PAGES))
        self.seen.page_ms.append((time.monotonic() - began_s) * 1000)

    async def search(self) -> None:
        await self._page("/sheets?q=" + self.chance.choice(("carte", "vélo", "composteur", "horaires d'été")))

    async def explain(self) -> None:
        page = await self._page("/explain")
        await self._send(page, "/explain", question=self.chance.choice(QUESTIONS))

    async def ask_on_page(self) -> None:
        keep = {"keep": "on"} if self.chance.random() < 0.5 else {}
        said = await self._send(await self._page("/chat"), "/chat#", question="Bonjour, comment va la forêt ?", **keep)
        found = re.findall(r'href="/receipts/(rcp_[0-9a-f]+)"', said)
        if found:
            await self._page(f"/receipts/{found[-1]}")
        else:
            self.seen.refused["told on the page"] += 1

    async def make_and_revoke_a_key(self) -> None:
        made = await self._send(await self._page("/account"), "/account/keys", label="carnet", days="30")
        assert "aff_" in made
        page = await self._page("/account")
        await self._send(page, re.findall(r'action="(/account/keys/[^"]+/revoke)"', page)[0])

    async def delete_conversations(self) -> None:
        page = await self._page("/account")
        if "/account/conversations/delete" in page:
            await self._send(page, "/account/conversations/delete")

    async def propose(self, number: int) -> str:
        """Other hours of closing; the address of the proposal."""
        async with self.busy:
            start, end = hours_far_from_now(number)
            typed = {"f0": start, "f1": end, "title": f"Heures {number}", "reason": "Pour voir."}
            preview = await self._send(
                await self._page("/assembly/propose/rule?of=hours"), "/assembly/propose/rule", **typed
            )
            (form,) = [one for one in forms(preview) if ("step", "send") in one.fields]
            async with self._browser.post(
                form.action, data=encoded(form.fields), headers=FORM, allow_redirects=False
            ) as response:
                assert response.status == 303, await response.text()
                return response.headers["location"].partition("?")[0]

    async def vote(self) -> None:
        """In whatever vote is open."""
        async with self.busy:
            for poll in set(re.findall(r'href="(/assembly/votes/\d+)', await self._page("/assembly"))):
                page = await self._page(poll)
                if any(one.action.startswith(poll) for one in forms(page)):
                    await self._send(page, poll, choice=self.chance.choice(("for", "for", "for", "against")))

    async def _page(self, path: str) -> str:
        async with self._browser.get(path) as response:
            text = await response.text()
            assert response.status == 200, (path, response.status, text[-300:])
            assert not response.url.path.startswith("/sign-in") or path == "/sign-in", f"{path}: signed out"
            return text

    async def _send(self, page: str, action: str, /, **values: str) -> str:
        try:
            form = form_to(page, action)
        except StopIteration:
            raise AssertionError(f"no form to {action}: {words(page)[:600]}") from None
        body = encoded(form.filled(**values))
        async with self._browser.post(form.action.partition("#")[0], data=body, headers=FORM) as response:
            text = await response.text()
            assert response.status in (200, 409, 429, 503), (action, response.status, text[-300:])
            if response.status != 200:
                self.seen.refused[f"{response.status} on a page"] += 1
            return text


async def rest(seconds: float, until: asyncio.Event) -> None:
    """So long, or until the end."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, seconds)):
            await until.wait()
