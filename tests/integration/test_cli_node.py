"""``affouage node`` on two real homes and a commons that serves: invite, join, approve, revoke, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from affouage import settings
from affouage.adapters.buses.pool_bus import open_node_bus
from affouage.cli.members import members
from affouage.cli.node import node
from affouage.pool.nodes.identity import FILE, Enrolled, read_identity
from affouage.storage.home import forget_address, note_address
from affouage.testing import EchoEngine, LiveCommons, serving

Call = Callable[..., Result]
POOL = {"AFFOUAGE_POOL_URL": "nats://127.0.0.1:9"}  # nobody there: joining needs no broker


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveCommons]:
    home = tmp_path / "commons"
    with serving(settings.read(POOL, home=home), engines=[EchoEngine()]) as running:
        note_address(home, running.url)
        yield running
        forget_address(home)


def caller(home: Path) -> Call:
    root = click.Group(commands=[members, node])

    def run(*words: str, **environment: str) -> Result:
        result = CliRunner().invoke(root, list(words), env={"AFFOUAGE_HOME": str(home), **environment})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def commons(tmp_path: Path) -> Call:
    return caller(tmp_path / "commons")


@pytest.fixture
def machine(tmp_path: Path) -> Call:
    return caller(tmp_path / "machine")


def ok(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def no(result: Result, sentence: str) -> None:
    """Refused with 2, a sentence and a remedy on stderr (what the commons says comes on one line)."""
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr, result.stderr
    assert len(result.stderr.strip().replace("\n", " ").split(". ")) >= 2, result.stderr
    assert "Traceback" not in result.output


def invitation(commons: Call, *more: str) -> str:
    return str(ok(commons("node", "invite", *(more or ("--collective",)), "--json"))["invitation"])


def program(home: Path, *words: str) -> subprocess.Popen[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AFFOUAGE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "affouage", *words],
        env={**environ, "AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "en"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(running: subprocess.Popen[str], wanted: str) -> str:
    """What it said up to that; a program that ends or is silent for a minute fails the test."""
    said = ""
    assert running.stdout is not None
    timer = threading.Timer(60, running.kill)
    timer.start()
    try:
        for line in running.stdout:
            said += line
            if wanted in line:
                return said
    finally:
        timer.cancel()
    raise AssertionError(said + (running.stderr.read() if running.stderr else ""))


def test_a_machine_joins_in_one_command(tmp_path: Path, live: LiveCommons, commons: Call, machine: Call) -> None:
    ok(commons("members", "add", "Zoé", "--json"))
    made = ok(commons("node", "invite", "--for", "zoe", "--hours", "2", "--json"))
    assert list(made) == ["invitation", "owner", "owned_by", "expires"]
    assert (made["owner"], made["owned_by"]) == ("Zoé", "member")
    home = tmp_path / "machine"
    words = ("node", "join", made["invitation"], "--name", "Atelier", "--max-watts", "350", "--no-run")
    first = program(home, *words)
    said = read_until(first, "Waiting for")
    (waiting,) = ok(commons("node", "list", "--json"))
    assert (waiting["name"], waiting["state"], waiting["owner"], waiting["max_watts"]) == (
        *("Atelier", "pending", "Zoé"),
        350.0,
    )
    assert waiting["fingerprint"] in said, "the same on both sides"
    assert waiting["fingerprint"] in commons("node", "list").stdout
    told = machine("node", "status").stdout
    assert "No steward has approved it yet" in told
    assert "Atelier, lent to" not in told

    first.send_signal(signal.SIGINT)  # Ctrl-C loses nothing
    assert first.wait(30) == 130
    again = program(home, "node", "join", "--no-run")
    read_until(again, "Waiting for")
    approved = ok(commons("node", "approve", "atelier", "--json"))
    assert (approved["state"], approved["trust"]) == ("approved", "trusted")
    read_until(again, "Approved")
    assert again.wait(30) == 0

    kept = read_identity(home)
    assert kept is not None
    assert (kept.state, kept.bus_url, kept.name) == ("approved", POOL["AFFOUAGE_POOL_URL"], "Atelier")
    for again_words in (("node", "join", "--no-run"), words):
        told = machine(*again_words)
        assert told.exit_code == 0, told.output
        assert "belongs to" in told.stdout, "joining again says so and changes nothing"
    assert len(ok(commons("node", "list", "--json"))) == 1

    shown = ok(commons("node", "show", approved["id"], "--json"))
    assert shown == approved
    assert ok(commons("node", "revoke", "Atelier", "--json"))["state"] == "revoked"
    no(machine("node", "join", "--no-run"), "revoked")
    assert not (home / FILE).exists(), "keys that are worth nothing are not kept"
    no(machine("node", "join", "--no-run"), "has not asked to join")
    no(machine(*words), "already been used")


def test_for_people_in_french(live: LiveCommons, commons: Call, machine: Call) -> None:
    def said(call: Call, *words: str) -> str:
        return call(*words, AFFOUAGE_LANG="fr").output.replace("\u202f", " ").replace("\u00a0", " ")

    assert "Pas encore de machine" in said(commons, "node", "list")
    invited = said(commons, "node", "invite", "--collective")
    assert "Invitation pour une machine du collectif, qui sert une fois" in invited
    assert f'affouage node join "{live.url}/nodes/join#' in invited
    assert "Cette adresse ne vaut que sur cette machine" in invited
    assert "pas une invitation entière" in said(machine, "node", "join", "https://bois.example/nodes/join#abc")
    assert "n’a demandé à rejoindre aucun commun" in said(machine, "node", "join")
    assert "Pour servir" not in said(machine, "node", "status"), "it could not: it belongs to no commons"
    assert "Dites l’un ou l’autre" in said(commons, "node", "invite", "--collective", "--for", "Zoé")


def test_the_steward_refuses(tmp_path: Path, live: LiveCommons, commons: Call) -> None:
    joining = program(tmp_path / "machine", "node", "join", invitation(commons), "--name", "x", "--no-run")
    read_until(joining, "Waiting for")
    assert ok(commons("node", "refuse", "x", "--json"))["state"] == "refused"
    _, told = joining.communicate(timeout=30)
    assert joining.returncode == 2
    assert "refused this machine" in told
    assert not (tmp_path / "machine" / FILE).exists()


def test_a_name_taken_and_a_second_try(tmp_path: Path, live: LiveCommons, commons: Call, machine: Call) -> None:
    first = program(tmp_path / "other", "node", "join", invitation(commons), "--name", "Atelier", "--no-run")
    read_until(first, "Waiting for")
    token = invitation(commons)
    no(machine("node", "join", token, "--name", "atelier"), "already has that name")
    no(machine("node", "join", token, "--name", "a\u202eb"), "cannot be seen")
    second = program(tmp_path / "machine", "node", "join", token, "--name", "Grenier", "--no-run")
    read_until(second, "Waiting for")
    ok(commons("node", "approve", "Grenier", "--trust", "collective", "--json"))
    ok(commons("node", "approve", "Atelier", "--json"))
    for one in (first, second):
        assert one.wait(30) == 0


def test_what_is_wrong_with_an_invitation(tmp_path: Path, live: LiveCommons, commons: Call, machine: Call) -> None:
    token = invitation(commons)
    no(machine("node", "join", token[:-1]), "missing or mistyped")
    no(machine("node", "join", token.replace("/join#", "/join#x")), "missing or mistyped")
    no(machine("node", "join", "x" * 5000), "missing or mistyped")
    from affouage.pool.nodes.joining import read_token, write_token

    other = write_token(live.url, "a" * 52)
    no(machine("node", "join", other), "never made that invitation")
    away = write_token("http://127.0.0.1:9", read_token(token).secret)
    no(machine("node", "join", away), "cannot be reached")
    assert (tmp_path / "machine" / FILE).exists(), "the answer alone may have been lost"
    no(machine("node", "join"), "cannot be reached")
    joined = program(tmp_path / "machine", "node", "join", token, "--name", "x", "--no-run")
    read_until(joined, "Waiting for")
    no(machine("node", "join", away), "belongs to another commons")
    ok(commons("node", "approve", "x", "--json"))
    assert joined.wait(30) == 0
    no(machine("node", "join", away), "belongs to another commons")
    left = machine("node", "leave", "--yes")
    assert left.exit_code == 0
    assert not (tmp_path / "machine" / FILE).exists()
    no(machine("node", "leave", "--yes"), "has not asked")


def test_what_the_commons_cannot_do(tmp_path: Path, commons: Call) -> None:
    no(commons("node", "invite", "--collective"), "has no pool")
    no(commons("node", "invite", "--collective", **POOL), "address of this commons is not known")
    far = {**POOL, "AFFOUAGE_SERVER_PUBLIC_URL": "http://bois.example"}
    no(commons("node", "invite", "--collective", **far), "could be read on the way")
    near = {**POOL, "AFFOUAGE_SERVER_PUBLIC_URL": "https://bois.example/"}
    made = commons("node", "invite", "--collective", "--json", **near)
    assert ok(made)["invitation"].startswith("https://bois.example/nodes/join#")
    assert ok(commons("node", "invite", "--json", **near))["owned_by"] == "collective", "unless a member is named"
    no(commons("node", "invite", "--collective", "--for", "Zoé", **near), "--collective")
    no(commons("node", "invite", "--for", "Zoé", **near), "no such member")
    no(commons("node", "invite", "--collective", "--hours", "0", **near), "cannot last that long")
    for verb in ("approve", "refuse", "revoke", "show"):
        no(commons("node", verb, "nobody"), "no such machine")
    assert ok(commons("node", "list", "--json")) == []


def test_a_commons_that_runs_without_a_pool(tmp_path: Path, commons: Call, machine: Call) -> None:
    home = tmp_path / "commons"
    with serving(settings.read({}, home=home), engines=[EchoEngine()]) as running:
        note_address(home, running.url)
        no(commons("node", "invite", "--collective"), "has no pool")
        token = invitation(lambda *words: commons(*words, **POOL))
        no(machine("node", "join", token), "has no pool")
        forget_address(home)


def test_without_the_extra_what_to_install_is_said(tmp_path: Path) -> None:
    hidden = (
        "import importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name, package=None: None if name == 'nacl' else find(name, package);"
        "import sys; sys.modules['nacl'] = None;"
        "from affouage.cli import main; main(['node', 'join', 'x'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", hidden],
        env={**os.environ, "AFFOUAGE_HOME": str(tmp_path), "AFFOUAGE_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "pip install 'affouage[pool]'" in done.stderr


def test_with_a_real_broker_revoking_from_the_command_line_cuts_the_machine_off(tmp_path: Path, commons: Call) -> None:
    """``affouage up --pool`` serves in one program; the command line, another, revokes: a second at most."""
    home, machine_home = tmp_path / "commons", tmp_path / "machine"
    home.mkdir()
    ports = free_ports(2)
    (home / "settings.toml").write_text(
        f'[server]\nport = {ports[0]}\n[pool]\nlisten = "127.0.0.1:{ports[1]}"\n', encoding="utf-8"
    )
    up = program(home, "up", "--pool", "--offline", "--no-question")
    try:
        read_until(up, "Ctrl-C to stop")
        joined = program(machine_home, "node", "join", invitation(commons), "--name", "atelier", "--no-run")
        read_until(joined, "Waiting for")
        ok(commons("node", "approve", "atelier", "--json"))
        assert joined.wait(30) == 0
        kept = read_identity(machine_home)
        assert kept is not None
        assert kept.bus_url.endswith(f":{ports[1]}")
        asyncio.run(connect_then_revoke(kept, lambda: ok(commons("node", "revoke", "atelier", "--json"))))
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(30)


async def connect_then_revoke(kept: Enrolled, revoke: Callable[[], object]) -> None:
    bus = open_node_bus(lambda: kept)
    states: asyncio.Queue[bool] = asyncio.Queue()
    bus.on_change(states.put_nowait)
    try:
        async with asyncio.timeout(10):
            while not (bus.connected or await states.get()):
                pass
        began = await asyncio.to_thread(lambda: (revoke(), time.monotonic())[1])
        async with asyncio.timeout(5):
            while await states.get():
                pass
        assert time.monotonic() - began < 1.0, "from the decision on"
        await asyncio.sleep(1.5)
        assert not bus.connected
        assert True not in [states.get_nowait() for _ in range(states.qsize())], "and it does not come back"
    finally:
        await bus.close()


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports
