"""The main job as a person sees it: one command, a question answered, pages served, nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest


class Running:
    """``affouage up`` in a process of its own, its lines read as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.lines.append(line)
                self._more.notify_all()
        with self._more:
            self._more.notify_all()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_for(self, pattern: str, timeout_s: float = 90) -> re.Match[str]:
        deadline = time.monotonic() + timeout_s
        with self._more:
            while (found := re.search(pattern, self.output)) is None:
                assert self._reader.is_alive(), f"ended without {pattern!r}:\n{self.output}"
                assert self._more.wait(max(0.0, deadline - time.monotonic())), f"no {pattern!r} in:\n{self.output}"
        return found

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(timeout=30)
        self._reader.join()
        return code


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "affouage", *words]


@contextmanager
def up(home: Path, *words: str, port: int = 8460, **environ: str) -> Iterator[Running]:
    process = subprocess.Popen(
        command("up", "--port", str(port), *words),
        env={**os.environ, "AFFOUAGE_HOME": str(home), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        umask=0,  # the worst a user may have
    )
    running = Running(process)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        return str(response.read().decode())


def assert_closed_to_others(server: psutil.Process, home: Path) -> None:
    """Loopback only, a key on the engine's own door, no secret where other users look, files for this user alone."""
    family = [server, *server.children(recursive=True)]
    for one in family:
        listening = [seen.laddr for seen in one.net_connections() if seen.status == psutil.CONN_LISTEN]
        assert all(address.ip == "127.0.0.1" for address in listening), listening
        shown = " ".join([*one.cmdline(), *one.environ().values()])
        assert not re.search(r"\b[0-9a-f]{64}\b|\baff_", shown), "a key in the arguments or the environment"
        for address in listening if one is not server else []:
            with pytest.raises(urllib.error.HTTPError, match="401"):
                get(f"http://127.0.0.1:{address.port}/slots")
    for path in [home / "run", *home.glob("*.db*"), *home.glob("run/*")]:
        assert path.stat().st_mode & 0o077 == 0, f"others may read {path}"


@pytest.mark.incident("open-port")
@pytest.mark.starter
def test_up_answers_a_real_question_and_shows_a_true_receipt(starter_home: Path) -> None:
    with up(starter_home, "--offline") as running:
        receipt_id = running.wait_for(r"rcp_[0-9a-f]{24}").group()
        url = running.wait_for(r"Open (http://127\.0\.0\.1:\d+)").group(1)
        link = running.wait_for(r"http://\S+/join/\S+").group()
        assert "habitants" in running.output.split("The exact text")[0].rsplit("|", 1)[1]
        assert "cc324af070c2ecbf" in running.output, "the file's digest stands on the receipt"
        assert "<html" in get(url)
        assert "<form" in get(link)
        shown = subprocess.run(
            command("receipts", "show", receipt_id, "--json"),
            env={**os.environ, "AFFOUAGE_HOME": str(starter_home)},
            capture_output=True,
            text=True,
            check=True,
        )
        receipt = json.loads(shown.stdout)
        assert receipt["outcome"] == "completed"
        assert receipt["energy"]["quality"] == "estimated"
        assert receipt["impacts"]["gwp_g"] is None, "no country set: carbon is unknown, not zero"
        assert receipt["tokens"]["decoded"] > 0
        children = psutil.Process(running.process.pid).children(recursive=True)
        assert children, "the model runs in a process of its own"
        assert_closed_to_others(psutil.Process(running.process.pid), starter_home)
        assert running.stop(signal.SIGINT) == 0
        assert not [one for one in children if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]

    began = time.monotonic()
    with up(starter_home, "--offline") as again:
        again.wait_for("is serving on")
        get(again.wait_for(r"serving on (http://127\.0\.0\.1:\d+)").group(1))
        assert time.monotonic() - began < 10
        assert again.stop() == 0


@pytest.mark.starter
def test_a_french_reader_is_spoken_to_in_french(starter_home: Path) -> None:
    with up(starter_home, "--offline", AFFOUAGE_LANG="fr", LC_ALL="C") as running:
        url = running.wait_for(r"Ouvrez (http://127\.0\.0\.1:\d+)").group(1)
        running.wait_for(r"Premier administrateur \(lien à usage unique, 24 heures\)\s: http://\S+/join/\S+")
        running.wait_for(r"Ctrl-C pour arrêter\.")
        said = running.output.replace("\u00a0", " ").replace("\u202f", " ")
        for expected in (
            f"Le commun répond sur {url} (ses données sont dans {starter_home}",
            "Une première question, par le même chemin que tout le monde :",
            "Texte exact lu par le modèle :",
            "réponse terminée",
            "cc324af070c2ecbf",
            "carbone (CO2e)   inconnu",
        ):
            assert expected in said
        assert re.search(r"énergie          ≈ [\d,]+ [mµ]?Wh \(estimé, de [\d,]+ à [\d,]+\)", said), said
        asked = subprocess.run(
            command("ask", "Bonjour", "--max-tokens", "4", "--show-prompt"),
            env={**os.environ, "AFFOUAGE_HOME": str(starter_home), "AFFOUAGE_LANG": "fr"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "--- texte exact envoyé au modèle ---" in asked.stdout
        assert "longueur permise atteinte" in asked.stdout
        assert re.search(r"reçu rcp_[0-9a-f]{24}$", asked.stdout.strip())
        assert running.stop() == 0
        assert "Arrêté." in running.output


def test_without_a_model_the_pages_are_served_and_what_to_do_is_said(home: Path) -> None:
    with up(home, "--offline") as running:
        url = running.wait_for(r"Open (http://\S+)").group(1)
        assert "No answer yet" in running.output
        assert "models pull" in running.output or "models import" in running.output
        assert "<html" in get(url)
        assert running.stop() == 0


def test_a_taken_port_is_said_and_the_next_one_used(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with up(home, "--offline", "--no-question", port=port) as running:
            chosen = int(running.wait_for(rf"Port {port} is taken; using (\d+)").group(1))
            assert port < chosen <= port + 19
            assert "<html" in get(running.wait_for(r"Open (http://\S+)").group(1))
            assert running.stop() == 0


def test_two_servers_on_one_home_are_refused(home: Path) -> None:
    with up(home, "--offline", "--no-question") as running:
        running.wait_for("Open http")
        second = subprocess.run(
            command("up", "--offline"),
            env={**os.environ, "AFFOUAGE_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 2
        assert "already runs" in second.stderr
        assert running.stop() == 0


def test_nothing_is_written_outside_the_home(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "user"
    elsewhere.mkdir()
    with up(home, "--offline", "--no-question", HOME=str(elsewhere), TMPDIR=str(elsewhere)) as running:
        running.wait_for("Open http")
        assert running.stop() == 0
    assert list(elsewhere.rglob("*")) == []


@pytest.mark.incident("open-port")
def test_it_does_not_open_itself_to_the_network(home: Path) -> None:
    refused = subprocess.run(
        command("up", "--host", "0.0.0.0", "--offline"),
        env={**os.environ, "AFFOUAGE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert refused.returncode == 2
    assert "TLS" in refused.stderr
