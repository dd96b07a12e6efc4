"""What is measured: the stand-in for a model called directly, and gateways before it, each a program by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec

from tests.bench import programs
from tests.bench.commons_served import FEATURES, PACES, Ready
from tests.conftest import ROOT

PYTHON = ROOT / ".venv" / "bin" / "python"


class Target(msgspec.Struct, frozen=True):
    """Listens on ``port`` of this machine. ``boot_s``: from its start until it listened."""

    name: str
    port: int
    key: str
    pid: int
    boot_s: float


class Missing(RuntimeError):
    """This target cannot be measured here; says why."""


Start = Callable[[int, Path], AbstractAsyncContextManager[Target]]
"""Of the stand-in's port, and a folder of its own."""


@asynccontextmanager
async def stand_in() -> AsyncIterator[Target]:
    """The stand-in itself."""
    port, began = programs.free_port(), time.monotonic()
    async with programs.running([programs.compiled("mock"), str(port)], core=programs.ASKING, port=port) as process:
        yield Target("direct", port, "none", process.pid, time.monotonic() - began)


@asynccontextmanager
async def _of(
    name: str, program: list[str | Path], port: int, key: str, environ: dict[str, str] | None = None
) -> AsyncIterator[Target]:
    began = time.monotonic()
    async with programs.running(program, core=programs.ANSWERING, port=port, environ=environ) as process:
        yield Target(name, port, key, process.pid, time.monotonic() - began)


@asynccontextmanager
async def nginx(upstream_port: int, folder: Path) -> AsyncIterator[Target]:
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        raise Missing("nginx is not installed")
    port, kept = programs.free_port(), folder / "nginx"
    kept.mkdir(exist_ok=True)
    paths = "".join(f"{one}_temp_path {kept}/{one};\n" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (kept / "nginx.conf").write_text(
        f"""daemon off; worker_processes 1; pid {kept}/pid; error_log {kept}/errors;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 10000000; {paths}
upstream model {{ server 127.0.0.1:{upstream_port}; keepalive 1024; keepalive_requests 10000000; }}
server {{ listen 127.0.0.1:{port}; location / {{
proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }} }} }}
""",
        encoding="utf-8",
    )
    async with _of("nginx", [program, "-e", kept / "errors", "-c", kept / "nginx.conf"], port, "none") as target:
        yield target


@asynccontextmanager
async def naive(upstream_port: int, folder: Path) -> AsyncIterator[Target]:
    python = ROOT / ".venv" / "bench" / "bin" / "python"
    if not python.exists():
        raise Missing("its environment is not there: make .venv/.bench")
    port = programs.free_port()
    program: list[str | Path] = [python, Path(__file__).parent / "naive_proxy.py", str(port), str(upstream_port)]
    async with _of("naive", program, port, "bench") as target:
        yield target


@asynccontextmanager
async def litellm(upstream_port: int, folder: Path) -> AsyncIterator[Target]:
    """Without a database, its key the master's: as little as it can do. Its environment has what it is faster with."""
    program = ROOT / ".venv" / "litellm" / "bin" / "litellm"
    if not program.exists():
        raise Missing("its environment is not there: make .venv/.litellm")
    port = programs.free_port()
    models = "".join(
        f"  - model_name: pace-{pace}\n    litellm_params: {{model: openai/pace-{pace}, "
        f'api_base: "http://127.0.0.1:{upstream_port}/v1", api_key: none}}\n'
        for pace in PACES
    )
    config = folder / "litellm.yaml"
    config.write_text(
        f"model_list:\n{models}general_settings: {{master_key: sk-bench}}\n"
        "litellm_settings: {drop_params: true, telemetry: false, num_retries: 0}\n",
        encoding="utf-8",
    )
    environ = {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    arguments = ["--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False"]
    async with _of("litellm", [program, *arguments], port, "sk-bench", environ) as target:
        await asyncio.sleep(4)  # it goes on setting itself up once it listens
        yield target


def ours(features: str, home: Path | None = None) -> Start:
    """The commons with these features (``commons_served.FEATURES``); on a home that is there, or a new one."""

    @asynccontextmanager
    async def start(upstream_port: int, _folder: Path) -> AsyncIterator[Target]:
        port, began = programs.free_port(), time.monotonic()
        program = [PYTHON, "-m", "tests.bench.commons_served", str(port), str(upstream_port), features]
        environ = {} if home is None else {"AFFOUAGE_HOME": str(home)}
        async with programs.running(program, core=programs.ANSWERING, environ=environ, quiet=False) as process:
            assert process.stdout is not None
            async with asyncio.timeout(programs.PATIENCE_S):
                line = await process.stdout.readline()
            if not line:
                raise RuntimeError("the commons did not start")
            ready = msgspec.json.decode(line, type=Ready)
            yield Target(f"affouage, {features}", port, ready.key, ready.pid, time.monotonic() - began)

    return start


OURS: dict[str, Start] = {f"affouage, {one}": ours(one) for one in FEATURES}
OTHERS: dict[str, Start] = {"nginx": nginx, "naive": naive, "litellm": litellm}
