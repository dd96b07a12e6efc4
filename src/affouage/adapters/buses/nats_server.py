"""A nats-server of our own: a child program, started with a configuration made for it, and started again if it dies."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
import sysconfig
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from affouage.errors import SetUpError

_log = logging.getLogger("affouage.broker")

_START_S = 15.0
_STOP_S = 4.0
_LAST_WORDS = 20
_AGAIN_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_STEADY_S = 60.0
_KEEPER = """
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
echo $server
exec 1>&-
( cat <&3 >/dev/null; kill $server ) >/dev/null 2>&1 &
exec 3<&-
wait $server
"""
"""The broker knows nothing of us and would outlive us: this shell ends it when our end of its input closes."""


def find_server(given: str) -> Path:
    """``given`` by the settings, else the one of the Python environment, else of the system. Raises SetUpError."""
    if given:
        found = shutil.which(Path(given).expanduser())
        if found is None:
            raise SetUpError(
                f"pool.server = {given!r:.200} is no program that can be run.",
                remedy="Give the path of a nats-server, or leave it empty for the one that is installed.",
                code="broker_program",
                program=given[:200],
            )
        return Path(found)
    places = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"]
    found = shutil.which("nats-server", path=os.pathsep.join(places))
    if found is None:
        raise SetUpError(
            "There is no nats-server on this machine.",
            remedy="`make pool`, in the folder of affouage, brings one; so does: sudo apt install nats-server",
            code="no_broker",
        )
    return Path(found)


class Server:
    """One life of a nats-server after the other, on one address. ``configure`` gives the text of its configuration."""

    def __init__(self, program: Path, host: str, port: int, folder: Path, configure: Callable[[], str]) -> None:
        self.pid: int | None = None
        self._program = program
        self._host, self._port = host, port
        self._file = folder / "broker.conf"
        self._configure = configure
        self._keeper: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._said: deque[str] = deque(maxlen=_LAST_WORDS)

    async def start(self) -> None:
        """Returns when it accepts connections. Raises SetUpError, with its last words, when it does not."""
        _check_free(self._host, self._port)
        self._write_configuration()
        self._said.clear()
        command = ("/bin/sh", "-c", _KEEPER, "keeper", str(self._program), "-c", str(self._file))
        try:
            self._keeper = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={"PATH": os.defpath},
                start_new_session=True,  # the terminal's Ctrl-C is for us: nodes are told first, then it is stopped
            )
        except OSError as refused:
            raise self._failed(f"it cannot be started ({refused.strerror})") from refused
        try:
            self._reader = asyncio.create_task(self._listen(self._keeper), name="words of the broker")
            await self._until_ready(self._keeper)
        except BaseException:
            await self.stop()
            raise

    def reload(self) -> None:
        """Have it read its configuration and its certificate again, without losing a connection."""
        if self.pid is not None:
            self._write_configuration()
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGHUP)

    async def gone(self) -> None:
        """Returns when it has ended, whoever ended it."""
        if self._keeper is not None:
            await self._keeper.wait()

    async def stop(self) -> None:
        """No process is left when this returns. Idempotent."""
        keeper, self._keeper = self._keeper, None
        reader, self._reader = self._reader, None
        if keeper is None:
            return
        assert keeper.stdin is not None
        keeper.stdin.close()
        try:
            async with asyncio.timeout(_STOP_S):
                await keeper.wait()
        except TimeoutError:
            pass
        finally:
            with suppress(ProcessLookupError):
                os.killpg(keeper.pid, signal.SIGKILL)
            await keeper.wait()
            if reader is not None:
                await asyncio.wait([reader])
            self.pid = None

    def _write_configuration(self) -> None:
        self._file.write_text(self._configure(), encoding="utf-8")
        self._file.chmod(0o600)

    async def _listen(self, keeper: asyncio.subprocess.Process) -> None:
        assert keeper.stdout is not None
        assert keeper.stderr is not None
        pid = (await keeper.stdout.readline()).strip()
        self.pid = int(pid) if pid.isdigit() else None
        while line := await keeper.stderr.readline():
            # Not logged: addresses of members' machines stand in it.
            self._said.append(line.decode(errors="replace").strip())

    async def _until_ready(self, keeper: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(_START_S):
                while keeper.returncode is None:
                    if await _answers(self._host, self._port):
                        return
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise self._failed(f"it does not answer after {_START_S:.0f} s") from None
        if self._reader is not None:
            await asyncio.wait([self._reader], timeout=1)
        raise self._failed("it stopped at once")

    def _failed(self, how: str) -> SetUpError:
        last = next((line for line in reversed(self._said) if line), "")
        return SetUpError(
            f"The broker {self._program} did not start: {how}.{f' It said: {last}' if last else ''}",
            remedy="Look at pool.listen and pool.server in settings.toml.",
            code="broker_failed",
        )


@asynccontextmanager
async def kept_running(server: Server) -> AsyncIterator[None]:
    """Started, and started again whenever it dies, while open; nothing is left afterwards. Raises SetUpError."""
    await server.start()
    watch = asyncio.create_task(_start_again(server), name="watch over the broker")
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.wait([watch])
        await server.stop()


async def _start_again(server: Server) -> None:
    loop = asyncio.get_running_loop()
    failures, since_s = 0, loop.time()
    while True:
        await server.gone()
        if loop.time() - since_s > _STEADY_S:
            failures = 0
        _log.warning("the broker stopped; starting it again")
        await server.stop()
        await asyncio.sleep(_AGAIN_S[min(failures, len(_AGAIN_S) - 1)])
        failures, since_s = failures + 1, loop.time()
        try:
            await server.start()
        except (SetUpError, OSError) as refused:
            _log.error("%s", refused)


def _check_free(host: str, port: int) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as taken:
        raise SetUpError(
            f"The broker cannot listen on {host}:{port} ({taken.strerror}).",
            remedy="Free that port, give another in pool.listen, or name the broker that is there in pool.url.",
            code="broker_port",
            host=host,
            port=str(port),  # a number of thousands nowhere
        ) from None


async def _answers(host: str, port: int) -> bool:
    there = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection(there, port)
            try:
                return (await reader.readline()).startswith(b"INFO")
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return False
