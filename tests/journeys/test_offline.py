"""Started offline, the commons calls nobody: every address that its process asks for is written down by Python itself.

The engine's own process takes no settings from its parent, hence no hook: its connections are looked at from outside.
"""

from __future__ import annotations

import ast
import ipaddress
import os
import signal
from pathlib import Path

import psutil
import pytest

from affouage.catalogue.store import ModelStore
from tests.journeys.test_up import get, up
from tests.unit.catalogue_files import a_card

HOOK = """
import errno, ipaddress, os, sys

calls = os.open(os.environ["CALLS_SEEN"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
sys.modules["uvloop"] = None  # it looks names up in C, unseen; the program then runs on asyncio, as where there is none


def outside(host):
    try:
        return host is not None and not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def seen(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.getnameinfo"):
        address = host = args[0][0] if isinstance(args[0], tuple) else args[0]
    else:
        return
    os.write(calls, (repr((event, address)) + "\\n").encode())
    if outside(host):
        raise OSError(errno.ENETUNREACH, "refused by this test")


sys.addaudithook(seen)
"""


@pytest.fixture
def hooked(tmp_path: Path) -> dict[str, str]:
    """The environment of a program whose calls are seen, and refused when they are for outside."""
    folder = tmp_path / "hook"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HOOK)
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "CALLS_SEEN": str(tmp_path / "calls")}


def calls(environ: dict[str, str]) -> list[tuple[str, object]]:
    return [ast.literal_eval(line) for line in Path(environ["CALLS_SEEN"]).read_text().splitlines()]


def stays_here(address: object) -> bool:
    """Loopback, by figures or by name, a Unix socket, or nobody in particular (a listener)."""
    host = address[0] if isinstance(address, tuple) else address
    if host in (None, "localhost") or (not isinstance(address, tuple) and str(host).startswith("/")):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def test_started_offline_it_answers_and_calls_nobody(home: Path, tiny_model: Path, hooked: dict[str, str]) -> None:
    store, card = ModelStore(home / "models"), a_card(context_tokens=4096)
    store.add_card(card)
    store.import_file(tiny_model, card)
    with up(home, "--offline", AFFOUAGE_ENGINE_DEFAULT_MODEL="tiny", **hooked) as running:
        running.wait_for(r"rcp_[0-9a-f]{24}")
        assert "<html" in get(running.wait_for(r"Open (http://127\.0\.0\.1:\d+)").group(1))
        engines = psutil.Process(running.process.pid).children(recursive=True)
        assert engines, "the model runs in a process of its own"
        called = [seen.raddr.ip for one in engines for seen in one.net_connections() if seen.raddr]
        assert running.stop(signal.SIGINT) == 0
    seen = calls(hooked)
    assert any(event == "socket.connect" for event, _ in seen), "at least the engine is called"
    assert [one for one in seen if not stays_here(one[1])] == []
    assert [ip for ip in called if not stays_here(ip)] == []


@pytest.mark.parametrize("hub", ["http://192.0.2.1", "http://hub.invalid"], ids=["address", "name"])
def test_a_call_to_the_outside_would_be_seen(home: Path, hooked: dict[str, str], hub: str) -> None:
    ModelStore(home / "models").add_card(
        a_card(repo="somebody/tiny", file="tiny.gguf", revision="0" * 40, sha256="0" * 64, size_bytes=1000)
    )
    with up(home, AFFOUAGE_HUB_URL=hub, AFFOUAGE_ENGINE_DEFAULT_MODEL="tiny", **hooked) as running:
        running.wait_for("Open http")
        assert running.stop() == 0
    outside = [address for _, address in calls(hooked) if not stays_here(address)]
    assert outside
    assert all(hub.removeprefix("http://") in str(address) for address in outside), "and nothing but what was asked"
