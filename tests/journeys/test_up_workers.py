"""`affouage up --workers`: several processes, one address, this machine a node of its own pool; nothing left behind."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
import msgspec
import pytest

from affouage.assembly.accounts import Accounts
from affouage.assembly.assembly import Assembly
from affouage.assembly.member import Role
from affouage.assembly.rules.governance import GovernanceRules, Profile
from affouage.clock import SystemClock
from affouage.footprint import rules
from affouage.rulebook import open_charter
from affouage.settings import read
from affouage.storage import Database
from tests.faults.counting import counted
from tests.faults.pool_house import measured
from tests.faults.workers_house import MODEL, WorkersHouse, alive, family_of, workers_house
from tests.integration.web_visitor import FORM, Visitor, encoded, forms, words
from tests.journeys.test_up import command
from tests.postgres import Server

AT_ONCE = Profile(deliberation_min=0, notice_min=0, voting_min=60, contest_min=0)
BY_TWO_THIRDS = msgspec.structs.replace(AT_ONCE, method="supermajority", threshold="2/3")
QUICK = GovernanceRules(ordinary=AT_ONCE, reinforced=BY_TWO_THIRDS, entrenched=BY_TWO_THIRDS, persons=AT_ONCE)
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[WorkersHouse]:
    """Two gateways; at the end Ctrl-C, after which nothing is left."""
    url = postgres.fresh("workers_journey")
    with workers_house(tmp_path_factory.mktemp("workers"), url) as it:
        yield it
        family = family_of(it.running.process.pid)
        assert len(family) >= 5, "two gateways, the machine, the broker"
        assert it.running.stop() == 0, it.running.output
        assert alive(family) == []
        assert it.present() == []
        assert list(it.home.glob("run/*.sock")) == []
        assert it.verified().problems == []
        assert it.verified().open_reservations == 0
    postgres.drop("workers_journey")


def browser(house: WorkersHouse, number: int) -> Visitor:
    """One that only ever speaks with that gateway."""
    run: Any = asyncio.run
    live: Any = SimpleNamespace(url=house.url, commons=SimpleNamespace(accounts=house.accounts), run=run)
    visitor = Visitor(live)
    visitor.client._transport = house.door(number)
    return visitor


def beside(visitor: Visitor, house: WorkersHouse, number: int) -> Visitor:
    """The same browser, its next connection taken by another gateway."""
    other = browser(house, number)
    other.client.cookies = visitor.client.cookies
    return other


def until(found: Any, within_s: float = PATIENCE_S) -> Any:
    """What ``found`` gives once it is true."""
    end_s, pause = time.monotonic() + within_s, threading.Event()
    while not (value := found()):
        assert time.monotonic() < end_s, "it does not come"
        pause.wait(0.05)
    return value


def test_a_file_is_not_shared(home: Path) -> None:
    refused = subprocess.run(
        command("up", "--workers", "2", "--offline"),
        env={**os.environ, "AFFOUAGE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 2
    assert "cannot share a file of SQLite" in refused.stderr
    assert "use-postgresql" in refused.stderr
    assert not (home / "affouage.db").exists(), "nothing was begun"


def test_each_answers_and_one_book_holds_it_all(house: WorkersHouse) -> None:
    key = house.api_key()
    ids = {one.number: one.id for one in house.present()}
    for number in (1, 2):
        words_of = [{"role": "user", "content": "compte jusqu'à 12"}]
        body = {"model": MODEL, "messages": words_of, "affouage": {"confidentiality": "local"}}
        with house.client(number, key) as client:
            answer = client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["choices"][0]["message"]["content"] == counted(12)
        receipt = house.receipt(answer.headers["x-affouage-receipt"])
        assert receipt.id.startswith(f"rcp_{ids[number]}")
        assert receipt.outcome == "completed"
        assert receipt.reach == "local", "this very machine keeps its reach"
        assert receipt.energy.interval_uj is not None
        assert not receipt.energy.at_least, "each is told the signed readings of both"
    found = house.verified()
    assert (found.problems, found.open_reservations) == ([], 0)


def test_the_address_is_shared_by_both(house: WorkersHouse) -> None:
    key, numbers = house.api_key(), {one.id: one.number for one in house.present()}

    async def main() -> set[int]:
        seen: set[int] = set()
        async with asyncio.timeout(PATIENCE_S):
            while len(seen) < 2:
                connector = aiohttp.TCPConnector(force_close=True)
                async with aiohttp.ClientSession(connector=connector) as http:
                    answers = await asyncio.gather(*(house.ask(http, key, 5) for _ in range(8)))
                assert all(one.text == counted(5) for one in answers), answers
                seen |= {numbers[one.receipt_id[4:12]] for one in answers}
        return seen

    assert asyncio.run(main()) == {1, 2}


def test_an_answer_is_stopped_through_the_other_one(house: WorkersHouse) -> None:
    odile = browser(house, 1)
    odile.join("Odile-web")
    elsewhere = beside(odile, house, 2)
    with odile.asking("compte jusqu'à 4000") as pieces:
        page = ""
        for piece in pieces:
            page += piece
            if (found := re.search(r'action="/chat/stop/(rcp_[0-9a-f]+)"', page)) and "mot3" in page:
                stopped = elsewhere.submit(page, f"/chat/stop/{found[1]}")
                assert stopped.status_code == 204
                break
        page += "".join(pieces)
    assert "mot4000" not in page
    assert page.rstrip().endswith("</html>"), "the page being written ends properly"
    assert house.receipt(found[1]).outcome == "cancelled"


def test_who_leaves_one_has_left_all(house: WorkersHouse) -> None:
    ali = browser(house, 1)
    ali.join("Ali-web")
    elsewhere = beside(ali, house, 2)
    page = elsewhere.get("/account")
    assert page.status_code == 200, "the session of one is known to the other at once"
    assert elsewhere.submit(page.text, "/sign-out").status_code == 303
    assert ali.get("/account").status_code != 200


def test_a_comparison_goes_on_whoever_takes_the_connection(house: WorkersHouse) -> None:
    bea = browser(house, 2)
    bea.join("Bea-web")
    elsewhere = beside(bea, house, 1)
    page = bea.submit(bea.get("/blind").text, "/blind", question="compte jusqu'à 8").text
    form = next(one for one in forms(page) if one.action.endswith("/choose"))
    chosen = elsewhere.client.post(form.action, content=encoded(form.filled(choice="left")), headers=FORM)
    assert chosen.status_code == 303, words(chosen.text)
    assert "Vous avez préféré la réponse 1." in words(elsewhere.get(chosen.headers["location"]).text)


def test_the_line_and_the_machine_are_told_alike_by_both(house: WorkersHouse) -> None:
    key = house.api_key("Veilleuse", Role.OPERATOR, "metrics", "inference")
    told = []
    for number in (1, 2):
        with house.client(number, key) as client:
            assert client.get("/readyz").json() == {"ready": True, "problems": []}
            told.append(client.get("/metrics").text)
            lines = client.get("/v1/queue").json()["models"]
            assert MODEL in {one["model"] for one in lines}
    for text in told:
        assert text.count("# TYPE affouage_answers_total counter") == 1
        for number in (1, 2):
            assert re.search(rf'^affouage_answers_total{{worker="{number}",model="{MODEL}"', text, re.MULTILINE)
            assert re.search(rf'^process_resident_memory_bytes{{worker="{number}"}} ', text, re.MULTILINE)
        assert re.search(r'^affouage_nodes{state="here"} 1$', text, re.MULTILINE)


def test_the_doctor_knows_of_them(house: WorkersHouse) -> None:
    done = subprocess.run(
        command("doctor"), env=house.environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert re.search(r"^ok +gateways +2 processes serve", done.stdout, re.MULTILINE), done.stdout
    listed = subprocess.run(
        command("node", "list", "--json"), env=house.environ, capture_output=True, text=True, timeout=60, check=True
    )
    assert '"trust": "local"' in listed.stdout


def test_one_that_dies_is_begun_again(house: WorkersHouse) -> None:
    (before,) = [one for one in house.present() if one.number == 2]
    house.process(2).kill()
    again = until(lambda: [one for one in house.present() if one.number == 2 and one.id != before.id])
    house.running.wait_for(r"The process gateway 2 ended \(-9\)")
    until(lambda: before.id not in {one.id for one in house.present()})  # and cleared up after
    until(lambda: (house.home / "run" / f"gateway-{again[0].id}.sock").exists())
    with house.client(2, house.api_key()) as client:
        body = {"model": MODEL, "messages": [{"role": "user", "content": "compte jusqu'à 3"}]}
        assert client.post("/v1/chat/completions", json=body).status_code == 200


def test_a_vote_enacted_through_one_is_what_requests_meet_at_the_other(house: WorkersHouse) -> None:
    voter = browser(house, 1)
    voter.join("Votante", Role.OPERATOR)
    number = asyncio.run(_proposed(house.db))
    page = voter.get(f"/assembly/votes/{number}").text
    cast = voter.submit(page, f"/assembly/votes/{number}", choice="for")
    assert cast.status_code == 200, words(cast.text)
    enacted_s = time.monotonic()
    with house.client(2, house.api_key("Votante", Role.OPERATOR)) as client:
        until(lambda: _code(client) == "closed", within_s=5)
    measured("a vote seen by the other gateway", seen_s=time.monotonic() - enacted_s)


async def _proposed(db: Database) -> int:
    """The assembly founded, those who joined for other tests gone, a rule put to the vote: its poll."""
    clock = SystemClock()
    accounts = Accounts(db, clock)
    for one in await accounts.members():
        if one.name not in ("Votante",) and one.active and one.name != "commons":
            await accounts.deactivate(None, one.id)
    charter = open_charter(db, clock, rules.rates_of(read({}).footprint, None), lambda: {MODEL})
    assembly = Assembly(db, clock, charter, charter.areas)
    await assembly.found("tests", {"governance": QUICK})
    proposer = await accounts.find("Votante")
    shut = {"closed_from": "00:00", "closed_until": "23:59"}
    proposed = await assembly.propose_rule(proposer, "Fermer", "Pour voir", "hours", shut)
    return (await assembly.proposal(proposed)).poll_id or 0


def _code(client: httpx.Client) -> str:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "compte jusqu'à 1"}]}
    answer = client.post("/v1/chat/completions", json=body)
    return "" if answer.status_code == 200 else str(answer.json()["error"]["code"])
