"""No hidden prefix: what members are shown is, to the letter, what reached the engine; at every door."""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from affouage import settings
from affouage.assembly.member import Role
from affouage.inference.prompt import read_prefixes
from affouage.testing import EchoEngine, LiveCommons, serving

QUESTION = "Qui décide ?\n\n  Les règles « du partage » & <le reste> \t?"
PREFIXES = read_prefixes()


@pytest.fixture
def echo() -> EchoEngine:
    return EchoEngine("qwen2.5-coder-1.5b-instruct")


@pytest.fixture
def live(home: Path, echo: EchoEngine) -> Iterator[LiveCommons]:
    with serving(settings.read({}, home=home), engines=[echo]) as running:
        yield running


def rendered(language: str, question: str) -> str:
    """All that may reach the echo for one question: the public prefix and the member's words, nothing else."""
    return f"system: {PREFIXES[language].text}\nuser: {question}\nassistant:"


def committed(live: LiveCommons, key: str, receipt_id: str) -> str:
    answer = httpx.get(f"{live.url}/v1/receipts/{receipt_id}", headers={"authorization": f"Bearer {key}"})
    return str(answer.json()["prompt_sha256"])


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_api_adds_the_prefix_of_the_members_language_and_nothing_else(
    live: LiveCommons, echo: EchoEngine, language: str, stream: bool
) -> None:
    key = live.api_key("Odile", language=language)
    body = {"model": echo.model_id, "messages": [{"role": "user", "content": QUESTION}], "stream": stream}
    answer = httpx.post(
        f"{live.url}/v1/chat/completions",
        json=body | {"affouage": {"prompt": True}},
        headers={"authorization": f"Bearer {key}"},
    )
    told = _streamed(answer.text) if stream else answer.json()["affouage"]
    assert echo.seen == [rendered(language, QUESTION)]
    assert told["prompt"] == echo.seen[0]
    salted = bytes.fromhex(told["prompt_salt"]) + told["prompt"].encode()
    assert hashlib.sha256(salted).hexdigest() == committed(live, key, told["receipt"])


def _streamed(text: str) -> dict[str, str]:
    last = [line for line in text.splitlines() if line.startswith("data: {")][-1]
    told: dict[str, str] = json.loads(last[6:])["affouage"]
    return told


def test_the_members_own_system_message_comes_after_the_prefix(live: LiveCommons, echo: EchoEngine) -> None:
    messages = [{"role": "system", "content": "Sois bref."}, {"role": "user", "content": "Bonjour"}]
    httpx.post(
        f"{live.url}/v1/chat/completions",
        json={"model": echo.model_id, "messages": messages},
        headers={"authorization": f"Bearer {live.api_key()}"},
    ).raise_for_status()
    assert echo.seen == [f"system: {PREFIXES['fr'].text}\n\nSois bref.\nuser: Bonjour\nassistant:"]


def test_raw_completions_get_no_prefix_at_all(live: LiveCommons, echo: EchoEngine) -> None:
    httpx.post(
        f"{live.url}/v1/completions",
        json={"model": echo.model_id, "prompt": "Il était une fois"},
        headers={"authorization": f"Bearer {live.api_key()}"},
    ).raise_for_status()
    assert echo.seen == ["Il était une fois"]


def test_the_page_shows_what_reached_the_engine_on_each_turn(live: LiveCommons, echo: EchoEngine) -> None:
    with signed_in(live) as browser:
        first = ask_on_page(browser, "/chat", QUESTION)
        assert echo.seen == [rendered("fr", QUESTION)]
        assert shown(first) == echo.seen[0]
        second = ask_on_page(browser, first, "Et ensuite ?")
        answered = " ".join(QUESTION.split())  # the echo repeats words
        assert echo.seen[1] == (
            f"system: {PREFIXES['fr'].text}\nuser: {QUESTION}\nassistant: {answered}\nuser: Et ensuite ?\nassistant:"
        )
        assert shown(second) == echo.seen[1]


def test_the_command_line_shows_what_reached_the_engine(live: LiveCommons, echo: EchoEngine, home: Path) -> None:
    from affouage.storage.home import note_address

    note_address(home, live.url)
    done = subprocess.run(
        [sys.executable, "-m", "affouage", "ask", "--json", QUESTION],
        env={**os.environ, "AFFOUAGE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert echo.seen == [rendered("fr", QUESTION)]
    assert json.loads(done.stdout)["prompt"] == echo.seen[0]


def test_the_prefix_anyone_can_read_is_the_one_on_the_receipt(live: LiveCommons, echo: EchoEngine) -> None:
    key = live.api_key()
    answer = httpx.post(
        f"{live.url}/v1/chat/completions",
        json={"model": echo.model_id, "messages": [{"role": "user", "content": "Bonjour"}]},
        headers={"authorization": f"Bearer {key}"},
    )
    receipt = httpx.get(
        f"{live.url}/v1/receipts/{answer.headers['x-affouage-receipt']}", headers={"authorization": f"Bearer {key}"}
    ).json()
    public = httpx.get(f"{live.url}/prefix").json()["prefixes"]["fr"]
    assert hashlib.sha256(public["text"].encode()).hexdigest() == public["sha256"] == receipt["prefix"]["sha256"]


def signed_in(live: LiveCommons) -> httpx.Client:
    """A browser's cookies, without a browser."""

    async def join() -> str:
        _, link = await live.commons.accounts.add_member("Lucie", Role.MEMBER, "fr")
        _, token = await live.commons.accounts.accept(link.secret, None, "quatre mots sans lien", "fr")
        return token.text

    return httpx.Client(
        base_url=live.url,
        cookies={"affouage_session": live.run(join())},
        headers={"origin": live.url},
        timeout=30,
    )


def ask_on_page(browser: httpx.Client, page: str, question: str) -> str:
    """Fill the form of ``page`` (an address, or a page already received) and read the answer's page to its end."""
    text = browser.get(page).text if page.startswith("/") else page
    form = text.rpartition('class="ask"')[2].partition("</form>")[0]
    fields: dict[str, list[str]] = {"question": [question]}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(html.unescape(value))
    answer = browser.post("/chat", data=fields)
    answer.raise_for_status()
    return answer.text


def shown(page: str) -> str:
    """The exact text on the page; HTML drops the line break right after ``<pre>``, as a browser does."""
    found = re.search(r'<details class="exact">.*?<pre[^>]*>\n?(.*?)</pre>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found.group(1))
