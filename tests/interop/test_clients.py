"""Clients made by others, each in a process of its own, against a real server with a real tiny model."""

from __future__ import annotations

import codecs
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from affouage.adapters.engines.embedder import UsemEmbedder
from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.clock import SystemClock
from affouage.settings import read
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.conftest import CACHE, ROOT, missing
from tests.contracts.tiny_gguf import INFILL, SENTENCE
from tests.interop.clients import asked
from tests.interop.table import CHECKS, CLIENTS, Client
from tests.journeys.test_openai_clients import environment

PROGRAMS = Path(__file__).parent / "clients"
INTEROP = ROOT / ".venv" / "interop" / "bin" / "python"
NPM_CLIENTS = CACHE / "npm-clients"
Got = dict[str, Any]

WORDS = "le bois de la commune se partage"
"""Said one by one by a slow engine: what a command writes then comes in several pieces on any machine."""
TOLD = "is not in this commons"
"""``llm`` prints the sentence of an error, not its code."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("interop") / "home"
    chosen = read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": "tiny", "AFFOUAGE_ENGINE_LOAD_WAIT_MS": "60000"}, home=home)
    clock = SystemClock()
    engines = [
        LlamaCppEngine(model_id="tiny", path=tiny_model, file_sha256=None, settings=chosen.engine, clock=clock),
        UsemEmbedder(settings=chosen.engine, clock=clock),
        EchoEngine("slow", word_ms=60),
    ]
    with serving(chosen, engines=engines) as running:
        yield running


def said(command: list[str], environ: dict[str, str], status: int = 0) -> str:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


def _program(client: Client, environ: dict[str, str]) -> Got:
    got: Got = json.loads(said([sys.executable, str(PROGRAMS / f"{client.id}.py")], environ))
    return got


def _apart(client: Client, environ: dict[str, str]) -> Got:
    got: Got = json.loads(said([str(interop()), str(PROGRAMS / f"{client.id}.py")], with_both(environ)))
    return got


def interop() -> Path:
    if not INTEROP.exists():
        missing("clients of others, in an environment of their own: make .venv/.interop")
    return INTEROP


def with_both(environ: dict[str, str]) -> dict[str, str]:
    """What the clients share with the tests is in the tests' own environment."""
    [shared] = (ROOT / ".venv" / "lib").glob("python*/site-packages")
    alone = {"LANGSMITH_TRACING": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # nothing is asked elsewhere
    return {**environ, "PYTHONPATH": str(shared), **alone}


def _node(client: Client, environ: dict[str, str]) -> Got:
    if shutil.which("node") is None or not (NPM_CLIENTS / ".made").exists():
        missing("node with the npm clients: sh scripts/npm_clients.sh")
    names = ("MESSAGES", "SCHEMA", "TOOL", "BEFORE", "AFTER")
    all_asked = json.dumps({name: getattr(asked, name) for name in names})
    more = {**environ, "NPM_CLIENTS": str(NPM_CLIENTS), "ASKED": all_asked}
    got: Got = json.loads(said(["node", str(PROGRAMS / f"{client.id}.mjs")], more))
    return got


def _llm(client: Client, environ: dict[str, str]) -> Got:
    folder = Path(environ["LLM_USER_PATH"])
    folder.mkdir()
    rows = [
        {"model_id": name, "model_name": name, "api_base": environ["AFFOUAGE_URL"], "api_key_name": "affouage"}
        | {"supports_schema": True}
        for name in ("default", "slow", "gpt-none")
    ]
    (folder / "extra-openai-models.yaml").write_text(json.dumps(rows), encoding="utf-8")  # JSON is YAML
    (folder / "keys.json").write_text(json.dumps({"affouage": environ["AFFOUAGE_KEY"]}), encoding="utf-8")
    llm = [str(Path(sys.executable).parent / "llm")]
    asks = [*llm, "-m", "default", "--no-log", "Bonjour"]
    formed = said([*asks, "--no-stream", "--schema", json.dumps(asked.SCHEMA)], environ)
    refused = said([*llm, "-m", "gpt-none", "--no-log", "Bonjour"], environ, status=1)
    return {
        "chat": said([*asks, "--no-stream"], environ).strip(),
        "stream": pieces([*llm, "-m", "slow", "--no-log", WORDS], environ),
        "schema": json.loads(formed),
        "error": [404 if "404" in refused else 0, "model_not_found" if TOLD in refused else refused],
    }


def pieces(command: list[str], environ: dict[str, str]) -> list[str]:
    """What a command writes, in the pieces in which it came."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        found = []
        while piece := os.read(running.stdout.fileno(), 65536):
            found.append(decoder.decode(piece))
    found[-1] = found[-1].removesuffix("\n")
    return found


def _shell(client: Client, environ: dict[str, str]) -> Got:
    if shutil.which("curl") is None:
        missing("curl")
    said(["sh", str(PROGRAMS / "shell.sh")], environ)
    folder = Path(environ["HOME"])

    def kept(name: str) -> Any:
        return json.loads((folder / name).read_text(encoding="utf-8"))

    events = [
        json.loads(line[6:])
        for line in (folder / "stream").read_text(encoding="utf-8").splitlines()
        if line.startswith("data: {")
    ]
    headers = dict(
        line.lower().split(": ", 1) for line in (folder / "headers").read_text().splitlines() if ": " in line
    )
    call = kept("tools")["choices"][0]["message"]["tool_calls"][0]["function"]
    return {
        "models": [one["id"] for one in kept("models")["data"]],
        "chat": kept("chat")["choices"][0]["message"]["content"],
        "receipt": headers["x-affouage-receipt"],
        "stream": [one["choices"][0]["delta"].get("content") or "" for one in events],
        "tools": [call["name"], json.loads(call["arguments"])],
        "schema": json.loads(kept("schema")["choices"][0]["message"]["content"]),
        "error": [int((folder / "status").read_text()), kept("error")["error"]["code"]],
        "infill": kept("infill")["choices"][0]["text"],
        "embeddings": len(kept("embeddings")["data"][0]["embedding"]),
    }


RUN: dict[str, Callable[[Client, dict[str, str]], Got]] = {
    "langchain_python": _apart,
    "litellm_python": _apart,
    "openai_node": _node,
    "ai_sdk": _node,
    "llm": _llm,
    "shell": _shell,
}


@pytest.mark.parametrize("client", CLIENTS, ids=lambda one: one.id)
def test_the_client_gets_what_the_table_tells(live: LiveCommons, tmp_path: Path, client: Client) -> None:
    """All checks of a client in one test: its program runs once, however the tests are shared out."""
    got = RUN.get(client.id, _program)(client, environment(live, tmp_path))
    if client.id == "editor":
        assert got.pop("marks") == INFILL, "the marks of the model's own template fill in as well"
    assert set(got) == set(client.does)
    for check, found in got.items():
        CHECKED[check](live, client, found)


def _models(live: LiveCommons, client: Client, found: Any) -> None:
    assert set(found) == {"slow", "tiny", "usem3-multilingual"}


def _chat(live: LiveCommons, client: Client, found: Any) -> None:
    assert found == SENTENCE


def _stream(live: LiveCommons, client: Client, found: Any) -> None:
    assert "".join(found) == {"editor": INFILL, "llm": WORDS}.get(client.id, SENTENCE)
    assert len([piece for piece in found if piece]) > 1


def _tools(live: LiveCommons, client: Client, found: Any) -> None:
    name, arguments = found
    assert name == "choisir"
    _schema(live, client, arguments)


def _schema(live: LiveCommons, client: Client, found: Any) -> None:
    assert set(found) == {"essence"}
    assert found["essence"] in ("chêne", "hêtre")


def _infill(live: LiveCommons, client: Client, found: Any) -> None:
    assert found == INFILL


def _embeddings(live: LiveCommons, client: Client, found: Any) -> None:
    assert found == 512


def _error(live: LiveCommons, client: Client, found: Any) -> None:
    assert found == [404, "model_not_found"]


def _receipt(live: LiveCommons, client: Client, found: Any) -> None:
    headers = {"authorization": f"Bearer {live.api_key()}"}
    assert httpx.get(f"{live.url}/v1/receipts/{found}", headers=headers).json()["id"] == found


CHECKED: dict[str, Callable[[LiveCommons, Client, Any], None]] = {
    "models": _models,
    "chat": _chat,
    "stream": _stream,
    "tools": _tools,
    "schema": _schema,
    "infill": _infill,
    "embeddings": _embeddings,
    "error": _error,
    "receipt": _receipt,
}


def test_each_column_of_the_table_is_checked() -> None:
    assert set(CHECKED) == set(CHECKS)
