"""A model spread over several processes by llama.cpp's RPC, on loopback, as the how-to says to start it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.brokers import free_port
from tests.conftest import CACHE

KEY = "key-of-the-group"
PROGRAMS = Path(os.environ.get("AFFOUAGE_LLAMA_RPC") or CACHE / "llama-rpc")


def programs() -> Path:
    """Where llama-server (with RPC) and ggml-rpc-server are. Skips the test when they are not there."""
    if not all((PROGRAMS / name).is_file() for name in ("llama-server", "ggml-rpc-server")):
        pytest.skip("no llama.cpp with RPC here: scripts/llama_rpc.sh compiles one")
    return PROGRAMS


class RpcGroup:
    """``workers`` hold the model's layers, ``coordinator`` answers at ``url`` (with /v1)."""

    def __init__(self, model: Path, workers: int) -> None:
        self._model = model
        self._ports = [free_port() for _ in range(workers)]
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}/v1"
        self.workers = [self._worker(port) for port in self._ports]
        self.coordinator = self._coordinator()

    def _worker(self, port: int) -> subprocess.Popen[bytes]:
        return _started("ggml-rpc-server", "-H", "127.0.0.1", "-p", str(port), "-t", "1", port=port)

    def _coordinator(self) -> subprocess.Popen[bytes]:
        addresses = ",".join(f"127.0.0.1:{port}" for port in self._ports)
        words = ["-m", str(self._model), "--rpc", addresses, "-ngl", "99", "-t", "1", "-c", "8192", "-np", "1"]
        words += ["--host", "127.0.0.1", "--port", str(self._port), "--api-key", KEY]
        return _started("llama-server", *words, port=self._port)

    def mend(self) -> None:
        """What systemd does: whatever died is started again."""
        for number, port in enumerate(self._ports):
            if self.workers[number].poll() is not None:
                self.workers[number] = self._worker(port)
        if self.coordinator.poll() is not None:
            self.coordinator = self._coordinator()

    def ticks(self) -> list[int]:
        """Processor time of each worker so far, in hundredths of a second."""
        rows = [Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split() for one in self.workers]
        return [int(row[11]) + int(row[12]) for row in rows]

    def close(self) -> None:
        for one in (self.coordinator, *self.workers):
            if one.poll() is None:
                one.send_signal(signal.SIGCONT)
                one.kill()
            one.wait(timeout=10)


@contextmanager
def rpc_group(model: Path, workers: int = 2) -> Iterator[RpcGroup]:
    group = RpcGroup(model, workers)
    try:
        yield group
    finally:
        group.close()


def _started(name: str, *words: str, port: int) -> subprocess.Popen[bytes]:
    """Once it listens. Without its own backtrace: it would start a debugger first."""
    environment = {**os.environ, "GGML_NO_BACKTRACE": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    child = subprocess.Popen([programs() / name, *words], env=environment, **quiet)  # type: ignore[call-overload]
    ends_s = time.monotonic() + 30
    while time.monotonic() < ends_s:
        assert child.poll() is None, f"{name} ended by itself"
        with socket.socket() as door:
            door.settimeout(1)
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return child
        os.sched_yield()
    child.kill()
    raise TimeoutError(name)
