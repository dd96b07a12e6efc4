"""``/healthz``, ``/readyz`` and ``/metrics`` of a real server: what they say when all is well, and when it is not."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from affouage import settings
from affouage.assembly.member import Role
from affouage.gateway import ready
from affouage.pool.engine import EngineState
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.pooled_commons import PooledCommons, serving_pool

SECRET = "le mot de passe du maire"


class Sick(EchoEngine):
    """One that can fail to load, as an engine without memory does."""

    failed = False

    def state(self) -> EngineState:
        return EngineState("failed", detail=f"{SECRET}: out of memory") if self.failed else super().state()


@pytest.fixture(scope="module")
def engine() -> Sick:
    return Sick("echo")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, engine: Sick) -> Iterator[PooledCommons]:
    home: Path = tmp_path_factory.mktemp("watched") / "home"
    environ = {"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo"}
    with serving_pool(settings.read(environ, home=home), [engine]) as running:
        yield running


@pytest.fixture(autouse=True)
def looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "KEPT_US", 0)


def readiness(live: LiveCommons) -> tuple[int, list[str]]:
    answer = httpx.get(f"{live.url}/readyz")
    told = answer.json()
    assert told["ready"] is (answer.status_code == 200)
    assert SECRET not in answer.text
    assert str(live.commons.settings.home) not in answer.text
    assert "echo" not in answer.text, "no name of a model"
    return answer.status_code, [one["check"] for one in told["problems"]]


def test_a_sound_commons_is_alive_and_ready(live: PooledCommons) -> None:
    alive = httpx.get(f"{live.url}/healthz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert alive.headers["cache-control"] == "no-store"
    assert readiness(live) == (200, [])
    assert httpx.head(f"{live.url}/readyz").status_code == 200


@pytest.mark.sqlite_only
def test_a_database_that_takes_no_write_is_said(live: PooledCommons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "WRITE_S", 0.2)
    with closing(sqlite3.connect(live.commons.settings.database_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert readiness(live) == (503, ["database"])
        assert httpx.get(f"{live.url}/healthz").status_code == 200, "alive all the same: nobody starts it again"
        other.execute("ROLLBACK")
    deadline = time.monotonic() + 10
    while readiness(live)[0] != 200:
        assert time.monotonic() < deadline


def test_a_full_disk_is_said(live: PooledCommons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "LEAST_FREE_BYTES", 1 << 62)
    assert readiness(live) == (503, ["disk"])


def test_a_failed_engine_and_a_lost_broker_are_said(live: PooledCommons, engine: Sick) -> None:
    assert live.commons.dispatcher is not None
    end = live.hub.ends[0]
    engine.failed = True
    live.run(_call(end.cut))
    try:
        assert readiness(live) == (503, ["engine", "broker"])
    finally:
        engine.failed = False
        live.run(_call(end.mend))
    assert readiness(live) == (200, [])


async def _call(work: object) -> None:
    work()  # type: ignore[operator]


def test_without_the_default_model_it_is_not_ready(tmp_path: Path) -> None:
    with serving(settings.read({}, home=tmp_path / "home"), engines=[EchoEngine("echo")]) as other:
        assert readiness(other) == (503, ["engine"])


def test_a_thousand_who_ask_cost_the_disk_one_write(live: PooledCommons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "KEPT_US", 60_000_000)
    httpx.get(f"{live.url}/readyz")
    before = live.commons.db.delays.count
    with httpx.Client(base_url=live.url) as client:
        for _ in range(50):
            client.get("/readyz")
    assert live.commons.db.delays.count - before < 25, "background work may write; fifty looks would have written fifty"


# --- Metrics ----------------------------------------------------------------------------------------------------------


def key_of(live: LiveCommons, name: str, role: Role, scope: str) -> str:
    async def make() -> str:
        who, _ = await live.commons.accounts.add_member(name, role, "fr")
        return (await live.commons.accounts.create_key(who, "watching", frozenset({scope}), None))[1]

    return live.run(make())


def scraped(live: LiveCommons, key: str) -> httpx.Response:
    return httpx.get(f"{live.url}/metrics", headers={"authorization": f"Bearer {key}"})


def test_a_key_made_for_watching_watches_and_does_nothing_else(live: PooledCommons) -> None:
    key = key_of(live, "Veilleuse", Role.OPERATOR, "metrics")
    assert scraped(live, key).status_code == 200
    for path in ("/v1/models", "/v1/receipts", "/account", "/members", "/queue"):
        answer = httpx.get(f"{live.url}{path}", headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == 403, path
    asked = {"model": "echo", "messages": [{"role": "user", "content": "Bonjour"}]}
    headers = {"authorization": f"Bearer {key}"}
    assert httpx.post(f"{live.url}/v1/chat/completions", json=asked, headers=headers).status_code == 403


def test_nobody_else_watches(live: PooledCommons) -> None:
    assert httpx.get(f"{live.url}/metrics").status_code == 401
    assert scraped(live, key_of(live, "Curieux", Role.MEMBER, "metrics")).status_code == 403
    for scope in ("inference", "account"):
        assert scraped(live, key_of(live, f"Chef {scope}", Role.OPERATOR, scope)).status_code == 403


def test_what_was_answered_is_counted_and_nobody_is_named(live: PooledCommons) -> None:
    key = key_of(live, "Garde", Role.OPERATOR, "metrics")
    before = values(scraped(live, key).text)
    asking = live.api_key("Zélie Untel")
    question = "combien coûte la cantine"
    for _ in range(3):
        answer = httpx.post(
            f"{live.url}/v1/chat/completions",
            json={"model": "echo", "messages": [{"role": "user", "content": question}]},
            headers={"authorization": f"Bearer {asking}"},
        )
        assert answer.status_code == 200
    told = scraped(live, key)
    after = values(told.text)
    gained = {name: value - before.get(name, 0) for name, value in after.items()}
    assert gained['affouage_answers_total{model="echo",outcome="completed"}'] == 3
    assert gained['affouage_http_responses_total{status="200"}'] >= 3
    assert gained['affouage_tokens_total{model="echo",kind="decoded"}'] == 3 * len(question.split())
    assert gained["affouage_commit_wait_seconds_count"] >= 6, "each is reserved, then settled"
    assert after["process_open_fds"] < after["process_max_fds"]
    assert after["process_start_time_seconds"] <= time.time()
    assert after["process_resident_memory_bytes"] > 10_000_000
    assert after["affouage_public_log_entries"] >= 1
    assert after['affouage_file_bytes{file="database"}'] > 0
    for secret in ("Zélie", "cantine", asking, *(live.run(_ids(live)))):
        assert secret not in told.text


async def _ids(live: LiveCommons) -> list[str]:
    return [one.id for one in await live.commons.accounts.members()]


def values(text: str) -> dict[str, float]:
    """As a scraper reads them; each family has its help and its type, and comes once."""
    kinds = re.findall(r"^# TYPE (\S+) (gauge|counter|histogram)$", text, re.M)
    names = [name for name, _ in kinds]
    assert len(names) == len(set(names)) == len(re.findall(r"^# HELP ", text, re.M))
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            sample, _, value = line.rpartition(" ")
            assert sample not in found
            found[sample] = float(value)
            bare = re.sub(r"_(bucket|sum|count)$", "", sample.partition("{")[0])
            assert bare in names or sample.partition("{")[0] in names, sample
    return found
