"""Every log after journeys, read again at the finest level: the server, its engine's child, the broker, a machine.

What is looked for: every secret there was, and every word a member said or was told. ``test_operations_log`` does the
same for a server in a process of its own, its JSON lines and what it leaves in the home.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from affouage import settings
from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.assembly.member import Role
from affouage.cli.log_lines import _Json
from affouage.clock import SystemClock
from affouage.pool.nodes.commons_keys import pool_folder
from tests.faults.pool_house import BOTH_BROKERS, PoolHouse, pool_house
from tests.integration.web_visitor import PASSWORD, Visitor

pytestmark = pytest.mark.incident("secret-in-a-log")
QUESTION = "pourquoi la clairière des Ormes est-elle interdite aux vélos"
WORD = "coulemelle"
WRONG = "un mot de passe qui n’est pas le bon"
NAME = "Philomène Tricotin"
TINY = {"AFFOUAGE_ENGINE_DEFAULT_MODEL": "tiny", "AFFOUAGE_ENGINE_LOAD_WAIT_MS": "60000"}


@contextmanager
def listening() -> Iterator[list[str]]:
    """What every logger of this process says, from the finest level on, as the server writes it."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name.partition(".")[0] not in ("httpx", "httpcore"):  # the test's own client
                lines.append(self.format(record))

    ear, root = Ear(logging.DEBUG), logging.getLogger()
    ear.setFormatter(_Json())
    before = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(ear)
        root.setLevel(before)


@BOTH_BROKERS
def test_no_log_holds_a_secret_or_a_word_of_anybody(tmp_path: Path, tiny_model: Path, version: str) -> None:
    secrets: list[str] = []

    async def main() -> None:
        chosen = settings.read(TINY, home=tmp_path / "unused")
        engine = LlamaCppEngine(
            model_id="tiny", path=tiny_model, file_sha256=None, settings=chosen.engine, clock=SystemClock()
        )
        async with pool_house(tmp_path, version=version, engines=(engine,), **TINY) as house:
            machine = await house.machine("atelier", word=WORD, word_ms=1)
            answer = await house.ask(20, about=QUESTION)
            assert WORD in answer.text
            secrets.extend([house.key, *(await asyncio.to_thread(lived, house))])
            for held in (machine.home, pool_folder(house.broker.home)):
                secrets.extend(seeds_in(held))
            await house.revoke(machine.node_id)

    with listening() as lines:
        asyncio.run(main())
    logs = {one for one in tmp_path.rglob("*.log") if one.is_file()}
    assert tmp_path / "atelier.log" in logs
    written = "\n".join([*lines, *(one.read_text(encoding="utf-8", errors="replace") for one in logs)])
    assert len(lines) > 20, "they do say something"
    assert len(secrets) > 8
    said = [PASSWORD, WRONG, NAME, "Philom", "clairière", "clairi\\u00e8re", "interdite aux", WORD, "Nul ne possède"]
    assert [one for one in [*secrets, *said] if one in written] == []
    assert not re.search(r"\baff_[a-z0-9]{12}_[a-z0-9]{8}|\bS[UANO][A-Z2-7]{40}|Bearer [a-z0-9]", written)


def seeds_in(folder: Path) -> list[str]:
    """Seeds of keys and keys in figures, as the files of a machine or of a broker hold them."""
    found: list[str] = []
    for file in folder.rglob("*"):
        if file.is_file():
            text = file.read_bytes().decode("utf-8", "replace")
            found += re.findall(r"\bS[UANO][A-Z2-7]{56}\b|\beyJ[A-Za-z0-9_-]{40,}[A-Za-z0-9_.-]*", text)
    return found


def lived(house: PoolHouse) -> list[str]:
    """A member's day, good and bad; what was secret in it."""
    live = house.live
    accounts, run = live.commons.accounts, live.run
    links = [run(accounts.invite(Role.MEMBER, None)), run(accounts.invite(Role.STEWARD, None))]
    invited = run(live.commons.enrolment.invite(None, None))
    visitor = Visitor(live)
    joined = visitor.post(links[0].path, name=NAME, password=PASSWORD, again=PASSWORD, language="fr")
    assert joined.status_code == 303
    cookie = visitor.client.cookies["affouage_session"]
    token = re.findall(r'name="csrf" value="([^"]+)"', visitor.get("/account").text)[0]
    visitor.ask(QUESTION, keep="1")
    made = visitor.submit(visitor.get("/account").text, "/account/keys", label=f"clé de {NAME}")
    key = re.findall(r"aff_[a-z0-9]{12}_[a-z0-9]{52}", made.text)[0]
    visitor.post("/sign-in", name=NAME, password=WRONG)
    visitor.get(f"/join/{links[1].secret[:-1]}a?name={NAME}")
    body = {"model": "tiny", "messages": [{"role": "user", "content": QUESTION}]}
    with httpx.Client(base_url=live.url, timeout=60, trust_env=False) as program:
        answer = program.post("/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"})
        assert "Nul ne possède" in answer.text
        for headers in ({"authorization": f"Bearer {key}"}, {"x-api-key": key}, {"authorization": f"Bearer {key}x"}):
            program.post("/v1/chat/completions", json=body, headers=headers)
            program.post("/v1/chat/completions", content=f'{{"model": "{QUESTION}'.encode(), headers=headers)
            program.get(f"/v1/models/{key}", headers=headers)
            program.get(f"/{key}/{QUESTION}?token={key}", headers=headers)
        program.post("/nodes/join", content=invited.secret.encode())
        program.get("/", headers={"cookie": f"affouage_session={cookie}x"})
    visitor.submit(visitor.get("/chat").text, "/sign-out")
    return [cookie, token, key, key.rpartition("_")[2], *(one.secret for one in links), invited.secret]
