"""Open WebUI as a front end, whole, against a real commons: ``make interop-open-webui`` (1.5 GB, so not `make test`).

It is driven as its own pages drive it. What it tells by itself (versions, models to fetch) is switched off.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.clock import SystemClock
from affouage.settings import read
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.conftest import ROOT, missing
from tests.contracts.tiny_gguf import SENTENCE
from tests.interop.table import OPEN_WEBUI, version_of

PROGRAM = ROOT / ".venv" / "open-webui" / "bin" / "open-webui"
STARTS_WITHIN_S = 150
WORDS = "le bois de la commune se partage"
OWNER = "Odile"
pytestmark = [pytest.mark.long, pytest.mark.timeout(420)]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("interop") / "home"
    chosen = read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": "tiny", "AFFOUAGE_ENGINE_LOAD_WAIT_MS": "60000"}, home=home)
    clock = SystemClock()
    tiny = LlamaCppEngine(model_id="tiny", path=tiny_model, file_sha256=None, settings=chosen.engine, clock=clock)
    with serving(chosen, engines=[tiny, EchoEngine("slow", word_ms=60)]) as running:
        yield running


def _environment(live: LiveCommons, folder: Path, port: int) -> dict[str, str]:
    """Nothing of this machine's own; what its documentation names to point it at a server and to keep it silent."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DATA_DIR": str(folder / "data"),
        "PORT": str(port),
        "WEBUI_SECRET_KEY": "of these tests",
        "OPENAI_API_BASE_URL": f"{live.url}/v1",
        "OPENAI_API_KEY": live.api_key(OWNER),
        "ENABLE_OLLAMA_API": "False",
        # Each of these would be one more request, and one more receipt, for every question.
        "ENABLE_TITLE_GENERATION": "False",
        "ENABLE_TAGS_GENERATION": "False",
        "ENABLE_FOLLOW_UP_GENERATION": "False",
        "ENABLE_AUTOCOMPLETE_GENERATION": "False",
        # Nothing is fetched, nothing is told.
        "OFFLINE_MODE": "True",
        "HF_HUB_OFFLINE": "1",
        "ENABLE_VERSION_UPDATE_CHECK": "False",
        "ANONYMIZED_TELEMETRY": "False",
        "DO_NOT_TRACK": "true",
        "SCARF_NO_ANALYTICS": "true",
    }


@pytest.fixture(scope="module")
def client(live: LiveCommons, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Its HTTP interface, signed in as the first account, which administers it."""
    if not PROGRAM.exists():
        missing("Open WebUI: make .venv/.open-webui")
    folder = tmp_path_factory.mktemp("open-webui")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [PROGRAM, "serve", "--host", "127.0.0.1", "--port", str(port)],
            env=_environment(live, folder, port),
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _until_up(client, running, folder / "log")
            person = {"name": "Odile", "email": "odile@commune.example", "password": "quatre mots sans lien"}
            signed = client.post("/api/v1/auths/signup", json=person)
            assert signed.status_code == 200, signed.text
            client.headers["authorization"] = f"Bearer {signed.json()['token']}"
            yield client
    finally:
        running.terminate()
        running.wait(timeout=30)


def _until_up(client: httpx.Client, running: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while running.poll() is None and time.monotonic() < until:
        try:
            if client.get("/health").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    pytest.fail(log.read_text(encoding="utf-8", errors="replace")[-3000:])


def _receipts(live: LiveCommons) -> list[dict[str, Any]]:
    headers = {"authorization": f"Bearer {live.api_key(OWNER)}"}
    found: list[dict[str, Any]] = httpx.get(f"{live.url}/v1/receipts", headers=headers).json()["data"]
    return found


def _ask(client: httpx.Client, model: str, words: str, *, stream: bool) -> httpx.Response:
    messages = [{"role": "user", "content": words}]
    return client.post("/api/chat/completions", json={"model": model, "messages": messages, "stream": stream})


def test_it_lists_the_models_of_the_commons(client: httpx.Client) -> None:
    found = client.get("/api/models").json()["data"]
    assert {one["id"] for one in found} >= {"tiny", "slow"}


def test_a_whole_answer_has_its_receipt(client: httpx.Client, live: LiveCommons) -> None:
    before = len(_receipts(live))
    answer = _ask(client, "tiny", "Bonjour", stream=False).json()
    assert answer["choices"][0]["message"]["content"] == SENTENCE
    now = _receipts(live)
    assert len(now) == before + 1, "one question, one receipt"
    assert now[0]["model"]["id"] == "tiny"


def test_an_answer_comes_as_it_is_written(client: httpx.Client) -> None:
    body = {"model": "slow", "messages": [{"role": "user", "content": WORDS}], "stream": True}
    pieces = []
    with client.stream("POST", "/api/chat/completions", json=body) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                for choice in json.loads(line[6:]).get("choices", ()):
                    pieces.append(choice["delta"].get("content") or "")
    assert "".join(pieces) == WORDS
    assert len([one for one in pieces if one]) > 1


def test_a_refusal_says_why(client: httpx.Client, live: LiveCommons) -> None:
    """In the commons' own words: here, too long a question for that model."""
    refused = _ask(client, "tiny", "mot " * 5000, stream=False)
    assert refused.status_code >= 400
    assert "context" in refused.text or "tokens" in refused.text, refused.text


def test_the_table_names_the_version_that_was_tried() -> None:
    if not PROGRAM.exists():
        missing("Open WebUI: make .venv/.open-webui")
    program = "from importlib.metadata import version; print(version('open-webui'))"
    told = subprocess.run([PROGRAM.parent / "python", "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == version_of(OPEN_WEBUI)
