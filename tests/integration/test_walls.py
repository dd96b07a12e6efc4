"""What a program that reads models and documents can reach: nothing. Tried from inside, by a program that stands where
an engine stands."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import psutil
import pytest

from affouage import walls
from affouage.adapters.encoders.children import USE, ChildEncoder
from affouage.adapters.engines.embedder import UsemEmbedder
from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.adapters.engines.probing import what_a_child_sees
from affouage.chat import ChatRequest, Message
from affouage.clock import SystemClock
from affouage.settings import EngineSettings
from affouage.sheets.folder import bounded
from affouage.walls import landlock, limits, seccomp
from affouage.walls.folder import own_folder

whole = pytest.mark.skipif(
    walls.layers_here() != ("landlock", "seccomp"), reason="this system lacks Landlock or seccomp: nothing to try"
)
OUTSIDE = {
    "read a file",
    "list a folder",
    "write a file",
    "write a file of its own",
    "read its parent's environment",
    "call over TCP",
    "call over UDP",
    "call a local socket",
    "listen on the network",
    "listen in another folder",
    "have a child",
    "start a program",
    "ask the kernel by io_uring",
}


@pytest.fixture
def listeners(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A secret beside which it stands, and two doors that are open to anybody else here."""
    secret = tmp_path / "id_ed25519"
    secret.write_text("a key that is somebody's")
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        unix.bind(str(tmp_path / "a.sock"))
        unix.listen()
        yield {"secret": str(secret), "tcp": tcp.getsockname(), "unix": unix.getsockname()}


@pytest.mark.incident("model-file")
@whole
def test_from_within_nothing_outside_can_be_reached(
    listeners: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOME_UPSTREAM_KEY", "very-secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    seen = asyncio.run(what_a_child_sees(listeners))
    could = seen["could"]
    assert {name for name in OUTSIDE if could[name] is not False} == set()
    assert could["listen in its folder"], "how it is spoken to"
    if landlock.version() >= 6:
        assert could["stop its parent"] is False
    assert "very-secret" not in seen["environment"].values()
    assert not {"HOME", "USER", "AFFOUAGE_HOME", "PYTHONPATH", "SOME_UPSTREAM_KEY"} & set(seen["environment"])
    assert seen["environment"]["TMPDIR"] == seen["folder"]
    assert not Path(seen["folder"]).exists(), "its folder goes with it"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.sock", "id_ed25519"]


def test_without_walls_the_same_probe_gets_out(listeners: dict[str, Any]) -> None:
    """So that the test above can fail: what is refused there is not refused by something else."""
    could = _unwalled(listeners)
    gets_out = OUTSIDE - {"ask the kernel by io_uring", "read its parent's environment"}  # containers refuse these
    assert {name for name in gets_out if could[name] is not True} == set()


def _unwalled(listeners: dict[str, Any]) -> dict[str, Any]:
    program = (
        "import json, sys; from affouage.adapters.engines import probe_child as p; c = json.loads(sys.argv[1]);"
        "print(json.dumps({n: p.could(t, c) for n, t in p._TRIES.items()}))"
    )
    folder = Path(listeners["secret"]).parent / "mine"
    folder.mkdir()
    config = json.dumps({**listeners, "parent": os.getpid(), "folder": str(folder)})
    told = subprocess.run([sys.executable, "-c", program, config], cwd=folder, capture_output=True, check=True)
    could: dict[str, Any] = json.loads(told.stdout)
    return could


@pytest.mark.incident("model-file")
@whole
@pytest.mark.parametrize("kind", ["llama.cpp", "embedder", "encoder"])
def test_every_child_is_closed_in_and_still_works(tiny_model: Path, kind: str) -> None:
    """The kernel's own word on each, while it answers; its meters read it from outside, as ever."""
    settings = EngineSettings(slots=1, context_tokens=512, threads=1, load_wait_ms=30_000)

    async def scenario() -> None:
        if kind == "llama.cpp":
            engine: Any = LlamaCppEngine(
                model_id="petit", path=tiny_model, file_sha256=None, settings=settings, clock=SystemClock()
            )
            await engine.ensure_ready(30_000)
            request = ChatRequest(model="petit", messages=(Message("user", "Bonjour"),), max_tokens=4)
            async with aclosing(engine.generate(request)) as events:
                assert [one async for one in events]
            pid = engine.pid
        elif kind == "embedder":
            engine = UsemEmbedder(settings=settings, clock=SystemClock())
            assert len((await engine.embed(("la forêt",)))[0]) == 1
            pid = engine.pid
        else:
            engine = ChildEncoder(USE, settings, SystemClock())
            assert (await engine.encode(["la forêt"], questions=False, behind=True)).shape == (1, USE.dimensions)
            pid = engine._behind.child.pid
            assert psutil.Process(pid).nice() == 19, "one that works behind gives way"
        try:
            assert pid is not None
            folder = closed_in(pid, ["engine.sock"] if kind == "llama.cpp" else [])
            if kind != "encoder":
                assert (engine.work().cpu_us or 0) > 0
        finally:
            await engine.close()
        assert not await asyncio.to_thread(folder.exists)

    asyncio.run(scenario())


def closed_in(pid: int, files: list[str]) -> Path:
    """The folder of a child, after having asked the kernel what it may do."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    child = psutil.Process(pid)
    assert child.net_connections("inet") == []
    assert child.rlimit(resource.RLIMIT_CORE) == (limits.CORE_BYTES,) * 2
    assert child.rlimit(resource.RLIMIT_FSIZE) == (limits.FILE_BYTES,) * 2
    folder = Path(child.cwd())
    assert [one.name for one in folder.iterdir()] == files
    assert folder.stat().st_mode & 0o777 == 0o700
    return folder


@whole
@pytest.mark.parametrize("becomes", ["", "program"])
def test_what_reads_documents_is_closed_in_too(tmp_path: Path, becomes: str) -> None:
    """In its own process, and in the program it may become (Tesseract's way)."""
    secret = tmp_path / "secret"
    secret.write_text("ours")
    attempt = f"""
import socket, sys
def could(what):
    try:
        what()
        return True
    except OSError:
        return False
print([could(one) for one in (
    lambda: open({str(secret)!r}),
    lambda: open({str(tmp_path / "new")!r}, "w"),
    lambda: socket.socket(),
    lambda: __import__("os").fork(),
)])
"""
    if becomes:
        command = [*bounded.command(2_000_000_000, 30, os.path.realpath(sys.executable)), "-I", "-c", attempt]
    else:
        bound = f"from affouage.sheets.folder.bounded import bind\nbind(2_000_000_000, 30)\n{attempt}"
        command = [sys.executable, "-I", "-c", bound]
    done = subprocess.run(command, capture_output=True, text=True, env=bounded.environment(), check=False)
    assert done.stdout == "[False, False, False, False]\n", done.stderr


def test_the_filter_of_each_processor_read_as_the_kernel_reads_it() -> None:
    """What it refuses, and what it must not."""
    for machine, processor in seccomp._PROCESSORS.items():
        calls = processor.calls
        for listens in (False, True):
            for starts in (False, True):
                lines = seccomp.filter_for(machine, listens=listens, starts_programs=starts)

                def ends(number: int, *arguments: int, read: Any = lines, at: int = processor.architecture) -> str:
                    return run(read, number, at, arguments)

                assert ends(calls["connect"]) == ends(calls["ptrace"]) == ends(calls["bpf"]) == "EPERM"
                assert ends(calls["execve"]) == ("allowed" if starts else "EPERM")
                assert ends(calls["clone"], 0x0001_0000) == "allowed", "threads"
                assert ends(calls["clone"], 17) == "EPERM", "children"
                assert ends(calls["clone3"]) == "ENOSYS"
                assert ends(calls["socket"], 2, 1) == ends(calls["socket"], 16, 3) == "EPERM"
                assert ends(calls["socket"], 1, 0o2000001) == ("allowed" if listens else "EPERM")
                assert ends(calls["socket"], 1, 2) == "EPERM", "datagrams need no call"
                assert ends(0) == "allowed"
                assert ends(0x4000_0000) == "ENOSYS"
                assert run(lines, 0, 0x4000_0003, ()) == "ended", "another architecture"


def run(lines: list[seccomp.Instruction], number: int, architecture: int, arguments: tuple[int, ...]) -> str:
    given = {0: number, 4: architecture, **{16 + 8 * at: one for at, one in enumerate(arguments)}}
    held = at = 0
    while True:
        code, yes, no, operand = lines[at]
        if code == 0x06:
            return {0x7FFF_0000: "allowed", 0x0005_0001: "EPERM", 0x0005_0026: "ENOSYS", 0x8000_0000: "ended"}[operand]
        if code == 0x20:
            held = given.get(operand, 0)
        elif code == 0x54:
            held &= operand
        else:
            holds = {0x15: held == operand, 0x35: held >= operand, 0x45: bool(held & operand)}[code]
            at += yes if holds else no
        at += 1


def test_what_each_landlock_knows_is_what_its_manual_says() -> None:
    assert [landlock.files_known_to(one).bit_length() for one in range(1, 8)] == [13, 14, 15, 15, 16, 16, 16]


def test_what_a_killed_commons_left_behind_is_swept_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        left, young, strangers = (Path(short) / name for name in ("affouage-child-a", "affouage-child-b", "other"))
        for one in (left, young, strangers):
            one.mkdir()
            (one / "engine.sock").touch()
        with own_folder() as lived_in:
            for one in (left, strangers, lived_in):
                os.utime(one, (1, 1))
            with own_folder() as another:
                assert lived_in.parent == another.parent == Path(short)
                assert not left.exists()
                assert young.exists()
                assert strangers.exists()
                assert lived_in.exists(), "somebody lives there, however old it is"
            assert not another.exists()
        assert not lived_in.exists()
