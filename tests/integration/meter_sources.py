"""Things a meter can be put on: a powercap tree, a plug that serves HTTP, a real MQTT broker, a module that is NVML."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
import time
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.conftest import missing

RANGE_UJ = 262_143_328_850
"""``max_energy_range_uj`` of a 2019 desktop processor."""


class PowercapTree:
    """``/sys/class/powercap`` as the kernel lays it out: flat, every zone a folder. Counters stand at 1 J."""

    def __init__(self, folder: Path, zones: dict[str, str] | None = None, *, range_uj: int = RANGE_UJ) -> None:
        self.root = folder / "powercap"
        self.uj: dict[str, int] = {}
        (self.root / "intel-rapl").mkdir(parents=True)
        (self.root / "intel-rapl" / "enabled").write_text("1\n")
        usual = {"intel-rapl:0": "package-0", "intel-rapl:0:0": "core", "intel-rapl:0:1": "uncore"}
        for key, name in (zones or usual).items():
            zone = self.root / key
            zone.mkdir()
            (zone / "name").write_text(f"{name}\n")
            (zone / "max_energy_range_uj").write_text(f"{range_uj}\n")
            self.uj[key] = 1_000_000
            self.write(key, str(self.uj[key]))
        self._range_uj = range_uj

    def count(self, key: str, energy_uj: int) -> None:
        self.uj[key] = (self.uj[key] + energy_uj) % self._range_uj
        self.write(key, str(self.uj[key]))

    @contextmanager
    def drawing(self, watts: float, key: str = "intel-rapl:0") -> Iterator[None]:
        """A machine that draws so much while open, its counter moved every 10 ms or so by the time that passed."""
        leaving = threading.Event()

        def draw() -> None:
            first_uj, began_ns = self.uj[key], time.monotonic_ns()
            while not leaving.wait(0.01):
                self.uj[key] = first_uj + round((time.monotonic_ns() - began_ns) / 1000 * watts)
                self.write(key, str(self.uj[key]))

        thread = threading.Thread(target=draw, name="powercap")
        thread.start()
        try:
            yield
        finally:
            leaving.set()
            thread.join()

    def write(self, key: str, text: str) -> None:
        partial = self.root / key / "energy_uj.new"
        partial.write_text(f"{text}\n")
        partial.replace(self.root / key / "energy_uj")  # as the kernel does: a reader never sees half a figure


def hwmon_device(root: Path, number: int, driver: str, **files: str) -> Path:
    """One device of ``/sys/class/hwmon``; the path of its first file."""
    folder = root / f"hwmon{number}"
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{driver}\n")
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")
    return folder / next(iter(files))


@dataclass
class Plug:
    """A plug on loopback. ``mode``: "" answers JSON, else how it misbehaves. ``seen``: what it was asked."""

    url: str = ""
    wh: float = 1000.0
    watts: Any = 40.0
    mode: str = ""
    body: bytes | None = None
    seen: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append({"path": request.path, "authorization": request.headers.get("Authorization", "")})
        if self.body is not None:
            return web.Response(body=self.body, content_type="application/json")
        if self.mode == "500":
            return web.Response(status=500, text="out of order")
        if self.mode == "html":
            return web.Response(text="<html>Hello</html>", content_type="text/html")
        if self.mode == "redirect":
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        if self.mode == "hang":
            await asyncio.sleep(60)
        if self.mode == "huge":
            return web.Response(body=b"[" + b" " * 200_000 + b"]")
        return web.json_response({"aenergy": {"total": self.wh}, "apower": self.watts, "emeters": [{"total": self.wh}]})


@asynccontextmanager
async def http_plug() -> AsyncIterator[Plug]:
    plug = Plug()
    app = web.Application()
    app.router.add_get("/{path:.*}", plug.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    plug.url = f"http://127.0.0.1:{runner.addresses[0][1]}/rpc/Switch.GetStatus"
    try:
        yield plug
    finally:
        await runner.cleanup()


class Broker:
    """A real mosquitto on loopback; :meth:`stop` and :meth:`start` again on the same port."""

    def __init__(self, program: str, folder: Path, *, password_file: Path | None = None) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._program = program
        self._config = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "persistence false"]
        lines += ["allow_anonymous true"] if password_file is None else [f"password_file {password_file}"]
        self._config.write_text("\n".join(lines) + "\n")
        self._running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._running = await asyncio.create_subprocess_exec(
            self._program, "-c", str(self._config), stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
        )
        for _ in range(500):
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            assert self._running.returncode is None, "mosquitto did not start"
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.terminate()
            await running.wait()

    @asynccontextmanager
    async def publishing(self, topic: str, *, retain: bool = False) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
        import aiomqtt

        async with aiomqtt.Client("127.0.0.1", self.port) as client:

            async def publish(text: str) -> None:
                await client.publish(topic, text, retain=retain)

            yield publish


@asynccontextmanager
async def mosquitto(folder: Path) -> AsyncIterator[Broker]:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        missing("mosquitto")
    assert program is not None
    broker = Broker(program, folder)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


@dataclass
class Card:
    """A card as its driver shows it. ``energy_mj`` None: before Volta, it does not count its energy."""

    name: str = "NVIDIA GeForce RTX 3090"
    energy_mj: Any = 1_000_000
    power_mw: Any = 120_000
    lost: bool = False
    programs: list[int] = field(default_factory=list)
    samples: list[tuple[int, int, int]] | None = None
    """(pid, time in microseconds, percent of the card); None: the driver does not tell."""


def nvml_module(*cards: Card) -> Any:
    """A module that speaks NVML's functions, for as many cards; ``started`` counts starts less ends."""
    module = types.ModuleType("pynvml")

    class NVMLError(Exception):
        def __init__(self, value: int) -> None:
            super().__init__({3: "Not Supported", 6: "Not Found", 15: "GPU is lost"}[value])
            self.value = value

    def alive(card: Card) -> Card:
        if card.lost:
            raise NVMLError(15)
        return card

    def energy(card: Card) -> Any:
        if alive(card).energy_mj is None:
            raise NVMLError(3)
        return card.energy_mj

    def utilisation(card: Card, since_us: int) -> list[Any]:
        if alive(card).samples is None:
            raise NVMLError(3)
        new = [one for one in card.samples or [] if one[1] > since_us]
        if not new:
            raise NVMLError(6)
        return [types.SimpleNamespace(pid=pid, timeStamp=at_us, smUtil=percent) for pid, at_us, percent in new]

    def count(step: int) -> Callable[[], None]:
        def move() -> None:
            state.started += step

        return move

    state: Any = module
    state.cards = list(cards) or [Card()]
    state.started = 0
    state.NVMLError = NVMLError
    state.nvmlInit, state.nvmlShutdown = count(1), count(-1)
    state.nvmlDeviceGetCount = lambda: len(state.cards)
    state.nvmlDeviceGetHandleByIndex = lambda place: state.cards[place]
    state.nvmlDeviceGetName = lambda card: card.name
    state.nvmlDeviceGetTotalEnergyConsumption = energy
    state.nvmlDeviceGetPowerUsage = lambda card: alive(card).power_mw
    state.nvmlDeviceGetComputeRunningProcesses = lambda card: [
        types.SimpleNamespace(pid=pid, usedGpuMemory=None) for pid in alive(card).programs
    ]
    state.nvmlDeviceGetProcessUtilization = utilisation
    return module
