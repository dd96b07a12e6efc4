"""A gateway served for real on loopback, in front of engines that echo."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from affouage import settings
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.integration.allowance_house import db, house  # noqa: F401  # fixtures


class LiveGateway:
    """One served commons, its engines by name, and a client that holds a member's key."""

    def __init__(self, live: LiveCommons, engines: dict[str, EchoEngine]) -> None:
        self.live = live
        self.url = live.url
        self.engines = engines
        self.key = live.api_key("Odile")
        self.client = httpx.Client(
            base_url=live.url, headers={"authorization": f"Bearer {self.key}"}, timeout=30, trust_env=False
        )

    def chat(self, text: str = "un deux trois", model: str = "echo", **more: object) -> httpx.Response:
        body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
        return self.client.post("/v1/chat/completions", json=body)

    def receipt(self, receipt_id: str) -> dict[str, object]:
        answer = self.client.get(f"/v1/receipts/{receipt_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    def connect(self, *, receive_bytes: int | None = None) -> socket.socket:
        """A bare connection, for clients that misbehave."""
        host, port = self.url.removeprefix("http://").split(":")
        bare = socket.socket()
        if receive_bytes is not None:
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        bare.settimeout(20)
        bare.connect((host, int(port)))
        return bare

    def head(self, path: str, length: int) -> bytes:
        return (
            f"POST {path} HTTP/1.1\r\nhost: here\r\nauthorization: Bearer {self.key}\r\n"
            f"content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        ).encode()


def until(condition: Callable[[], bool], timeout_s: float = 10) -> float:
    """Wait for something to become true; seconds it took. Fails when it does not."""
    began = time.monotonic()
    pause = threading.Event()
    while not condition():
        assert time.monotonic() - began < timeout_s, "this did not happen in time"
        pause.wait(0.005)
    return time.monotonic() - began


@contextlib.contextmanager
def opened(home_of: pytest.TempPathFactory, **keys: int) -> Iterator[LiveGateway]:
    """A gateway with the settings given, as ``table_key``."""
    environ = {f"AFFOUAGE_{name.upper()}": str(value) for name, value in keys.items()}
    engines = {
        "echo": EchoEngine("echo", slots=8, context_tokens=100_000),
        "slow": EchoEngine("slow", slots=1, word_ms=20),
        "dying": EchoEngine("dying", word_ms=1),
        "vast": EchoEngine("vast", slots=1, context_tokens=10_000_000),
    }
    engines["dying"].fail_after_words = 3
    home = home_of.mktemp("gateway") / "home"
    with serving(settings.read(environ, home=home), engines=list(engines.values())) as live:
        gateway = LiveGateway(live, engines)
        with gateway.client:
            yield gateway


@pytest.fixture(scope="package")
def live_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveGateway]:
    """With the settings as they ship."""
    with opened(tmp_path_factory) as gateway:
        yield gateway


@pytest.fixture(scope="package")
def strict_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveGateway]:
    """With limits that a test can reach: 0.6 s to send, 0.5 s without reading, bodies of 1 MB, one waiting."""
    with opened(
        tmp_path_factory,
        server_read_timeout_ms=600,
        server_stall_timeout_ms=500,
        server_max_body_bytes=1_000_000,
        engine_max_waiting=1,
    ) as gateway:
        yield gateway
