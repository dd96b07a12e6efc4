"""The public log and the minutes: read and verified by somebody who has no account, and nobody is named."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from affouage.journal import tree
from tests.integration.web_assembly_house import NAMES, WebHouse, web_house
from tests.integration.web_visitor import words


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WebHouse]:
    with web_house(tmp_path / "home") as made:
        made.found()
        made.propose_hours()
        made["Anne"].submit(
            made.text("Anne", "/assembly/proposals/1"), "/assembly/proposals/1/argue", side="for", text="Oui."
        )
        made.to_vote()
        for name in NAMES:
            made.vote(name, 1, choice="for", reason="Un mot de trop")
        made.later(30)
        yield made


def test_the_log_is_public_and_names_nobody(house: WebHouse) -> None:
    page = house.stranger.get("/assembly/log")
    assert page.status_code == 200
    told = words(page.text)
    assert "Proposition n° 1" in told
    whole = house.stranger.get("/assembly/log/log.jsonl").text
    members = house.live.run(house.live.commons.accounts.members())
    for text in (told, whole, words(house.stranger.get("/commons").text)):
        assert not any(name in text for name in NAMES)
        assert not any(one.id in text for one in members)
        assert "Un mot de trop" not in text
    assert "<svg" in page.text
    assert "<title" not in page.text.partition("<svg")[2].partition("</svg>")[0]


def test_the_proof_of_an_entry_leads_to_the_root(house: WebHouse) -> None:
    page = house.stranger.get("/assembly/log?seq=3").text
    entry = page.partition('id="entry"')[2]
    hashes = [bytes.fromhex(one) for one in re.findall(r"<code>([0-9a-f]{64})</code>", entry)]
    leaf, *proof, root = hashes
    size = int(re.findall(r"journal de ([\d\u202f]+) entrées", words(page))[0].replace("\u202f", ""))
    assert tree.inclusion_holds(leaf, 3, size, proof, root)


def test_a_stranger_verifies_the_whole_log_with_what_the_page_gives(house: WebHouse, tmp_path: Path) -> None:
    key = house.live.run(_key(house))
    for name in ("log.jsonl", "offline_verifier.py"):
        (tmp_path / name).write_bytes(house.stranger.get(f"/assembly/log/{name}").content)
    command = [sys.executable, "offline_verifier.py", "log.jsonl", "--key", key]
    good = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert good.returncode == 0, good.stdout + good.stderr
    text = (tmp_path / "log.jsonl").read_text()
    (tmp_path / "log.jsonl").write_text(text.replace("23:00", "22:00", 1))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60).returncode != 0


async def _key(house: WebHouse) -> str:
    return str(house.live.commons.log.key)


def test_the_minutes_tell_the_votes_of_a_period_with_the_root(house: WebHouse) -> None:
    told = words(house.text("Karim", "/assembly/minutes"))
    assert "Votants : 5 sur 5" in told
    assert "Fermer la nuit" in told
    root = re.findall(r"<code>([0-9a-f]{64})</code>", house.text("Karim", "/assembly/minutes"))[0]
    assert root in house.stranger.get("/assembly/log").text
    empty = words(house.text("Karim", "/assembly/minutes?from=2020-01-01&to=2020-01-31"))
    assert "Fermer la nuit" not in empty
    for bad in ("?from=x&to=y", "?from=2026-02-01&to=2026-01-01", "?from=2000-01-01&to=2026-01-01"):
        assert house["Karim"].get(f"/assembly/minutes{bad}").status_code == 400
    pdf = house["Karim"].get("/assembly/minutes.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in pdf.content
