"""``affouage models`` as people run it: in a process of its own, against a hub on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from affouage.catalogue.card import as_toml
from tests.integration.hub_server import COMMIT, HubServer, hub_server
from tests.unit.catalogue_files import a_card, sha256, write_gguf

RUN = [sys.executable, "-c", "from affouage.cli.models import models; models(prog_name='affouage models')"]


class Commands:
    """Runs the command with a home and a hub of its own."""

    def __init__(self, home: Path, hub_url: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AFFOUAGE_", "PIP_"))}
        self.home = home
        self.environ = {**kept, "AFFOUAGE_HOME": str(home), "AFFOUAGE_HUB_URL": hub_url, "AFFOUAGE_LANG": "en"}

    def __call__(self, *words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [*RUN, *map(str, words)],
            env=self.environ,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        return ended

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json").stdout)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_gguf(tmp_path / "tiny.gguf", values=400_000)


@pytest.fixture
def hub(file: Path) -> Iterator[HubServer]:
    with hub_server(files={"tiny.gguf": file.read_bytes()}) as server:
        yield server


@pytest.fixture
def run(tmp_path: Path, hub: HubServer, file: Path) -> Commands:
    cards = tmp_path / "home" / "cards"
    cards.mkdir(parents=True)
    content = file.read_bytes()
    card = a_card(repo=hub.repo, revision=COMMIT, file="tiny.gguf", sha256=sha256(content), size_bytes=len(content))
    (cards / "tiny.toml").write_text(as_toml(card), encoding="utf-8")
    return Commands(tmp_path / "home", hub.url)


def test_pull_then_list_show_verify_remove(run: Commands, file: Path) -> None:
    assert not {row["id"]: row for row in run.json("list")["models"]}["tiny"]["installed"]
    pulled = run("pull", "tiny")
    assert "tiny is installed" in pulled.stdout
    assert sha256(file.read_bytes()) in pulled.stdout
    assert "downloading (hub)" in pulled.stderr
    assert "\r" not in pulled.stderr
    assert "already installed" in run("pull", "tiny").stdout
    rows = {row["id"]: row for row in run.json("list")["models"]}
    assert rows["tiny"]["installed"]
    assert rows["qwen2.5-coder-1.5b-instruct"]["default"]
    assert "training data not published" in rows["qwen2.5-coder-1.5b-instruct"]["missing"]
    assert set(rows["smollm3-3b"]["openness"]) == {
        "weights",
        "training_data",
        "training_code",
        "documentation",
        "licence",
    }
    text = run("list").stdout
    assert text.splitlines()[0].startswith("tiny ")
    assert "training data: closed" in text
    shown = run.json("show", "tiny")
    assert shown["file"]["header"]["context_tokens"] == 2048
    assert "Good at" in run("show", "smollm3-3b").stdout
    assert sha256(file.read_bytes()) in run("verify", "tiny").stdout
    assert "--yes" in run("remove", "tiny", code=2).stderr
    assert "removed" in run("remove", "tiny", "--yes").stdout
    assert "not here" in run("remove", "tiny", "--yes", code=2).stderr


def test_an_unknown_name_gets_the_nearest_ones(run: Commands) -> None:
    wrong = run("pull", "smolm3", code=2)
    assert "smollm3-3b" in wrong.stderr
    assert "no model 'smolm3'" in wrong.stderr
    run("show", "smolm3", code=2)


def test_what_fits_is_said_with_its_reason(run: Commands) -> None:
    found = run.json("fit")
    assert found["machine"]["total_bytes"] > 0
    assert found["models"]["tiny"]["verdict"] in ("fits", "tight", "too_big")
    assert "GB of memory" in run("fit").stdout


def test_a_refused_pull_ends_with_2_and_a_remedy(run: Commands, hub: HubServer) -> None:
    hub.statuses = [403]
    refused = run("pull", "tiny", code=2)
    assert "terms accepted first" in refused.stderr
    assert "affouage models import" in refused.stderr


def test_importing_a_file_the_catalogue_knows_needs_no_card(run: Commands, file: Path) -> None:
    assert "tiny is installed" in run("import", file).stdout
    assert run.json("show", "tiny")["installed"]


def test_importing_an_unknown_file_asks_for_a_card(run: Commands, tmp_path: Path) -> None:
    unknown = write_gguf(tmp_path / "unknown.gguf", seed=3)
    asked = run("import", unknown, code=2)
    assert sha256(unknown.read_bytes()) in asked.stderr
    assert "--card" in asked.stderr
    assert "--licence" in asked.stderr
    made = run("import", unknown, "--id", "mine", "--name", "Le mien", "--licence", "CC0-1.0")
    assert "mine is installed" in made.stdout
    shown = run.json("show", "mine")
    assert (shown["name"], shown["licence"], shown["context_tokens"]) == ("Le mien", "CC0-1.0", 2048)
    assert shown["openness"]["training_data"] == "unknown"
    assert "mine is installed" in run("import", unknown).stdout  # known from now on
    other = write_gguf(tmp_path / "other.gguf", seed=4)
    clash = run("import", other, "--id", "mine", "--name", "x", "--licence", "MIT", code=2)
    assert "already has a model mine" in clash.stderr


def test_importing_with_a_card_file(run: Commands, tmp_path: Path) -> None:
    unknown = write_gguf(tmp_path / "some file.gguf", seed=3)
    (tmp_path / "some.toml").write_text(as_toml(a_card(id="some")), encoding="utf-8")
    run("import", unknown, "--card", tmp_path / "some.toml")
    assert run.json("show", "some")["installed"]
    (tmp_path / "bad.toml").write_text('id = "x"', encoding="utf-8")
    assert "bad.toml" in run("import", unknown, "--card", tmp_path / "bad.toml", code=2).stderr


def test_files_that_are_no_model_are_refused(run: Commands, file: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.gguf").write_bytes(file.read_bytes()[:-100])
    (tmp_path / "page.gguf").write_bytes(b"<html>")
    assert "truncated" in run("import", tmp_path / "cut.gguf", code=2).stderr
    assert "not a GGUF" in run("import", tmp_path / "page.gguf", code=2).stderr
    assert "cannot be read" in run("import", tmp_path / "nothing.gguf", code=2).stderr
    wrong = write_gguf(tmp_path / "wrong.gguf", seed=9)
    assert "sha256" in run("import", wrong, "--card", "tiny", code=2).stderr


def test_a_bad_card_in_the_home_is_named(run: Commands) -> None:
    (run.home / "cards" / "bad.toml").write_text("size_bytes = -1", encoding="utf-8")
    assert "bad.toml" in run("list", code=2).stderr


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_stopping_a_pull_keeps_the_part_and_says_how_to_go_on(run: Commands, hub: HubServer, name: str) -> None:
    hub.pause_after = 1_200_000
    pulling = subprocess.Popen(
        [*RUN, "pull", "tiny"],
        env=run.environ,
        text=True,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored when the tests run in a background
    )
    part = run.home / "models" / "tiny" / "tiny.gguf.part"
    until = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size):
        assert time.monotonic() < until
        assert pulling.poll() is None
        os.sched_yield()
    pulling.send_signal(getattr(signal, name))
    _, said = pulling.communicate(timeout=30)
    assert pulling.returncode == 130
    assert "affouage models pull tiny goes on from there" in said
    assert "Traceback" not in said
    kept = part.stat().st_size
    hub.pause_after = None
    run("pull", "tiny")
    assert hub.downloads()[-1] == f"bytes={kept}-"


@pytest.mark.parametrize("words", [[], ["list"], ["show"], ["pull"], ["import"], ["remove"], ["verify"], ["fit"]])
def test_every_command_has_help_with_examples(run: Commands, words: list[str]) -> None:
    text = run(*words, "--help").stdout
    assert "Example" in text
    assert "affouage models" in text
