"""The allowance of a commons that serves: rules enacted from the command line bind over HTTP within a second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from affouage import settings
from affouage.cli import main
from affouage.clock import SystemClock
from affouage.testing import EchoEngine, FixedMeter, LiveCommons, serving
from tests.integration.conftest import until

WH_UJ = 3_600_000_000


@dataclass
class Served:
    home: Path
    live: LiveCommons
    meter: FixedMeter
    client: httpx.Client

    def budget(self, *words: str) -> Any:
        """As the operator types it, beside the running server."""
        done = CliRunner().invoke(
            main,
            ["footprint", "budget", *words, "--json"],
            env={"AFFOUAGE_HOME": str(self.home)},
            catch_exceptions=False,
        )
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def ask(self, text: str = "un deux trois", *, use: str = "", **more: object) -> httpx.Response:
        headers = {"x-affouage-use": use} if use else {}
        body = {"model": "echo", "messages": [{"role": "user", "content": text}], **more}
        return self.client.post("/v1/chat/completions", json=body, headers=headers)

    def status(self, **more: object) -> int:
        return self.ask(max_tokens=20, **more).status_code


@pytest.fixture
def served(home: Path) -> Iterator[Served]:
    meter = FixedMeter(SystemClock(), idle_uw=0)
    engines = [EchoEngine("echo", slots=4, context_tokens=100_000), EchoEngine("small", slots=4)]
    with serving(settings.read({}, home=home), engines=engines, meter=meter) as live:
        key = {"authorization": f"Bearer {live.api_key('Odile')}"}
        with httpx.Client(base_url=live.url, headers=key, timeout=30, trust_env=False) as client:
            yield Served(home, live, meter, client)


def test_a_limit_set_beside_the_running_server_binds_within_a_second_and_can_be_removed(served: Served) -> None:
    assert served.status() == 200
    served.budget("set", "--commons-day-wh", "0.001", "--reason", "to see")
    assert until(lambda: served.status() == 429) < 2.5
    told = served.ask(max_tokens=20)
    error = told.json()["error"]
    assert error["code"] == "allowance_spent"
    assert error["affouage"]["rule"] == "budget@1"
    assert error["affouage"]["scope"] == "commons"
    assert 0 < int(told.headers["retry-after"]) <= 24 * 3600
    assert "Cheaper" in error["message"]
    served.budget("remove", "--all", "--reason", "seen")
    assert until(lambda: served.status() == 200) < 2.5


def test_what_was_refused_is_in_no_book_and_what_passed_names_its_rule(served: Served) -> None:
    before = served.live.run(served.live.commons.ledger.verify()).entries
    served.budget("set", "--member-day-wh", "0.001", "--reason", "to see")
    until(lambda: served.status() == 429)
    entries = served.live.run(served.live.commons.ledger.verify())
    assert served.status() == 429
    assert served.live.run(served.live.commons.ledger.verify()).entries == entries.entries
    assert entries.entries > before
    served.budget("set", "--member-day-wh", "1000", "--reason", "to see")
    until(lambda: served.status() == 200)
    answer = served.ask()
    receipt = served.client.get(f"/v1/receipts/{answer.headers['x-affouage-receipt']}").json()
    assert receipt["rules"] == ["budget@2"]
    found = served.budget("show", "--member", "Odile", "--reason", "Elle demande où elle en est.")["limits"][0]
    assert found["held"] == 0, "every promise was given back"


def test_closed_hours_answer_503_with_the_opening_and_exempt_uses_pass(served: Served) -> None:
    served.budget("hours", "0:00", "23:59", "--reason", "to see")
    until(lambda: served.status() == 503)
    told = served.ask()
    error = told.json()["error"]
    assert (error["code"], error["affouage"]["rule"]) == ("closed", "hours@1")
    assert 0 < int(told.headers["retry-after"]) <= 24 * 3600
    passed = served.ask(use="emergency")
    assert passed.status_code == 200
    receipt = served.client.get(f"/v1/receipts/{passed.headers['x-affouage-receipt']}").json()
    assert receipt["use"] == "emergency"
    assert served.ask(use="fun").status_code == 400


def test_an_answer_that_spends_all_is_cut_short_and_says_so(served: Served) -> None:
    """The meter counts far more than the promise: the answer stops at its next look, and nothing more begins."""
    served.live.commons.allowance.estimate.seed("echo", prompt_tokens=0, decoded_tokens=1000, energy_uj=10**9)
    served.budget("set", "--commons-day-wh", "2", "--reason", "to see")
    until(lambda: served.live.commons.charter.in_force("budget").version == 1)
    slow = served.live.commons.node.find("echo")
    assert isinstance(slow, EchoEngine)
    slow._word_s = 0.02

    received: list[str] = []
    body = {
        "model": "echo",
        "stream": True,
        "messages": [{"role": "user", "content": "mot " * 2000}],
        "max_tokens": 2000,
    }
    with served.client.stream("POST", "/v1/chat/completions", json=body) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            received.append(line)
            if len(received) == 20:
                served.meter.count(3 * WH_UJ)
    chunks = [json.loads(line.removeprefix("data: ")) for line in received if line.startswith("data: {")]
    reasons = [one["choices"][0]["finish_reason"] for one in chunks if one.get("choices")]
    assert reasons[-1] == "length"
    receipt = served.client.get(f"/v1/receipts/{answer.headers['x-affouage-receipt']}").json()
    assert "budget:commons:day:100" in receipt["notices"]
    assert receipt["tokens"]["decoded"] < 2000
    assert receipt["finish_reason"] == "length"
    assert served.status() == 429
    (limit,) = served.budget("show")["limits"]
    assert limit["used"] >= 0.003
    assert limit["held"] == 0


def test_at_full_the_sober_model_answers_and_the_receipt_says_so(served: Served) -> None:
    store = served.home / "settings.toml"
    store.write_text('[[upstream]]\nid = "small"\nurl = "http://127.0.0.1:9/v1"\n', encoding="utf-8")
    served.budget(
        "set", "--commons-day-wh", "0.001", "--at-full", "sober", "--sober-model", "small", "--reason", "to see"
    )

    def sober() -> bool:
        answer = served.ask(max_tokens=20)
        assert answer.status_code == 200, answer.text
        receipt = served.client.get(f"/v1/receipts/{answer.headers['x-affouage-receipt']}").json()
        return receipt["model"]["id"] == "small" and "sober:echo" in receipt["notices"]

    until(sober)
