"""The gateway in front of real llama.cpp: what only a real engine can prove."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.catalogue.card import Card, Licence
from affouage.catalogue.openness import Say
from affouage.catalogue.store import ModelStore
from affouage.clock import SystemClock
from affouage.settings import read
from affouage.testing import LiveCommons, serving
from tests.contracts.tiny_gguf import SENTENCE, write_tiny_model
from tests.integration.conftest import until

CHAT = "/v1/chat/completions"
QUESTION: dict[str, Any] = {"messages": [{"role": "user", "content": "Bonjour"}]}


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveCommons, LlamaCppEngine, httpx.Client]]:
    """One slot of a model that never stops by itself, slowed down by its layers."""
    folder = tmp_path_factory.mktemp("endless")
    path = write_tiny_model(folder / "endless.gguf", endless=True, layers=24)
    chosen = read({"AFFOUAGE_ENGINE_SLOTS": "1", "AFFOUAGE_ENGINE_LOAD_WAIT_MS": "60000"}, home=folder / "home")
    engine = LlamaCppEngine(
        model_id="endless", path=path, file_sha256=None, settings=chosen.engine, clock=SystemClock()
    )
    with serving(chosen, engines=[engine]) as live:
        headers = {"authorization": f"Bearer {live.api_key()}"}
        with httpx.Client(base_url=live.url, headers=headers, timeout=60, trust_env=False) as client:
            yield live, engine, client


def asked(**more: Any) -> dict[str, Any]:
    return {"model": "endless", **QUESTION, **more}


@pytest.mark.alone
def test_a_client_that_leaves_frees_the_engine_too(
    endless: tuple[LiveCommons, LlamaCppEngine, httpx.Client],
) -> None:
    live, _, client = endless
    scheduler = live.commons.inference.scheduler
    client.post(CHAT, json=asked(max_tokens=1))  # loaded
    with client.stream("POST", CHAT, json=asked(stream=True)) as answer:
        lines = answer.iter_lines()
        assert any("forêt" in line for line in lines)
    assert until(lambda: scheduler.in_use("endless") == 0) < 0.2
    began = time.monotonic()
    following = client.post(CHAT, json=asked(max_tokens=1))
    assert following.status_code == 200
    assert time.monotonic() - began < 5
    rows = client.get("/v1/receipts?limit=2").json()["data"]
    assert [row["outcome"] for row in rows] == ["completed", "cancelled"]


def test_an_engine_killed_in_mid_answer_is_told_settled_and_started_again(
    endless: tuple[LiveCommons, LlamaCppEngine, httpx.Client],
) -> None:
    _, engine, client = endless
    with client.stream("POST", CHAT, json=asked(stream=True)) as answer:
        receipt_id = answer.headers["x-affouage-receipt"]
        lines = answer.iter_lines()
        assert any("forêt" in line for line in lines)
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        rest = [line for line in lines if line]
    last = json.loads(rest[-1].removeprefix("data: "))
    assert last["error"]["code"] == "engine_failed"
    assert last["affouage"]["outcome"] == "failed"
    assert client.get(f"/v1/receipts/{receipt_id}").json()["outcome"] == "failed"
    began = time.monotonic()
    following = client.post(CHAT, json=asked(max_tokens=30))
    while following.status_code == 503 and time.monotonic() - began < 10:
        following = client.post(CHAT, json=asked(max_tokens=30))
    assert following.status_code == 200
    assert following.json()["choices"][0]["message"]["content"].startswith(SENTENCE[:20])
    assert time.monotonic() - began < 10


def test_a_model_being_loaded_is_503_with_its_progress(tmp_path: Path, tiny_model: Path) -> None:
    chosen = read({"AFFOUAGE_ENGINE_LOAD_WAIT_MS": "1"}, home=tmp_path / "home")
    engine = LlamaCppEngine(
        model_id="tiny", path=tiny_model, file_sha256=None, settings=chosen.engine, clock=SystemClock()
    )
    with serving(chosen, engines=[engine]) as live:
        headers = {"authorization": f"Bearer {live.api_key()}"}
        with httpx.Client(base_url=live.url, headers=headers, timeout=60, trust_env=False) as client:
            first = client.post(CHAT, json={"model": "tiny", **QUESTION, "stream": True})
            assert first.status_code == 503
            assert int(first.headers["retry-after"]) >= 1
            error = first.json()["error"]
            assert (error["type"], error["code"]) == ("server_error", "model_loading")
            assert error["affouage"]["state"] == "loading"
            assert error["affouage"]["model"] == "tiny"
            assert "progress" in error["affouage"]
            until(lambda: client.post(CHAT, json={"model": "tiny", **QUESTION}).status_code == 200, timeout_s=30)


@pytest.mark.starter
@pytest.mark.timeout(600)
def test_the_starter_model_calls_tools(tmp_path: Path, starter_model: Path) -> None:
    """It writes fenced JSON whatever its template says; clients must not notice."""
    chosen = read({"AFFOUAGE_ENGINE_LOAD_WAIT_MS": "120000", "AFFOUAGE_ENGINE_CONTEXT_TOKENS": "2048"}, home=tmp_path)
    engine = LlamaCppEngine(
        model_id="starter", path=starter_model, file_sha256=None, settings=chosen.engine, clock=SystemClock()
    )
    tool = {
        "type": "function",
        "function": {
            "name": "meteo",
            "description": "Donne la météo d'une ville",
            "parameters": {"type": "object", "properties": {"ville": {"type": "string"}}, "required": ["ville"]},
        },
    }
    body = {
        "model": "starter",
        "messages": [{"role": "user", "content": "Quel temps fait-il à Paris ?"}],
        "tools": [tool],
        "temperature": 0,
        "max_tokens": 80,
    }
    with serving(chosen, engines=[engine]) as live:
        headers = {"authorization": f"Bearer {live.api_key()}"}
        with httpx.Client(base_url=live.url, headers=headers, timeout=300, trust_env=False) as client:
            for choice in ("auto", "required"):
                answer = client.post(CHAT, json=body | {"tool_choice": choice}).json()["choices"][0]
                assert answer["finish_reason"] == "tool_calls", answer
                function = answer["message"]["tool_calls"][0]["function"]
                assert function["name"] == "meteo"
                assert "Paris" in json.loads(function["arguments"])["ville"]


def test_the_context_told_before_the_first_load_is_what_a_request_may_use(tmp_path: Path, tiny_model: Path) -> None:
    home = tmp_path / "home"
    card = Card(
        id="tiny",
        name="Tiny",
        publisher="These tests",
        licence=Licence("Apache-2.0"),
        grade="fixture",
        good_at=(Say("Réciter.", "Reciting."),),
        bad_at=(Say("Le reste.", "The rest."),),
        context_tokens=32_768,
    )
    store = ModelStore(home / "models")
    store.add_card(card)
    store.import_file(tiny_model, card)
    with serving(read({"AFFOUAGE_ENGINE_CONTEXT_TOKENS": "2048"}, home=home)) as live:
        headers = {"authorization": f"Bearer {live.api_key()}"}
        with httpx.Client(base_url=live.url, headers=headers, timeout=60, trust_env=False) as client:
            assert client.get("/v1/models/tiny").json()["affouage"]["context"] == 2048
            until(lambda: client.post(CHAT, json={"model": "tiny", **QUESTION}).status_code == 200, timeout_s=30)
            assert client.get("/v1/models/tiny").json()["affouage"]["context"] == 2048
