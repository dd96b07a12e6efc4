"""``python -m affouage.adapters.engines.probe_child``: a child program that tries what a malicious one would.

It stands where an engine stands, within the same walls, and tells what it could do: for ``affouage doctor`` and the
tests. It harms nothing: what it manages to open it does not keep.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from affouage.adapters.engines.child_side import ParentLine

_NOWHERE = ("192.0.2.1", 9)  # an address for examples (RFC 5737): no datagram for it goes far
_IO_URING_SETUP = 425
_TRIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "read a file": lambda config: Path(config["secret"]).read_bytes(),
    "list a folder": lambda config: list(Path(config["secret"]).parent.iterdir()),
    "write a file": lambda config: _written(Path(config["secret"]).with_name("written-by-a-probe")),
    "write a file of its own": lambda config: _written(Path("mine")),
    "read its parent's environment": lambda config: Path(f"/proc/{config['parent']}/environ").read_bytes(),
    "stop its parent": lambda config: os.kill(config["parent"], 0),
    "call over TCP": lambda config: _called(socket.AF_INET, tuple(config["tcp"])),
    "call over UDP": lambda config: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", _NOWHERE),
    "call a local socket": lambda config: _called(socket.AF_UNIX, config["unix"]),
    "listen on the network": lambda config: socket.create_server(("0.0.0.0", 0)).close(),  # noqa: S104 - to be refused
    "listen in its folder": lambda config: _listened(f"{config['folder']}/probe.sock"),
    "listen in another folder": lambda config: _listened(str(Path(config["secret"]).with_name("probe.sock"))),
    "have a child": lambda config: _forked(),
    # No such program: the answer is "no such file" only where starting one is not refused.
    "start a program": lambda config: _reached(lambda: os.execv("/affouage/nothing", ["nothing"])),  # noqa: S606
    "ask the kernel by io_uring": lambda config: _system_call(_IO_URING_SETUP, 1, 0),
}


def main() -> None:
    line = ParentLine()
    config = {**line.config, "folder": str(Path.cwd())}
    seen = {
        "environment": dict(os.environ),
        "folder": config["folder"],
        "arguments": sys.argv,
        "could": {name: could(attempt, config) for name, attempt in _TRIES.items()},
    }
    line.ready(seen=seen)
    line.wait_for_end()


def could(attempt: Callable[[dict[str, Any]], object], config: dict[str, Any]) -> bool | None:
    """None: not tried, for want of something to try it on."""
    try:
        attempt(config)
    except OSError:
        return False
    except KeyError:
        return None
    return True


def _written(path: Path) -> None:
    path.write_bytes(b"")
    path.unlink()


def _called(family: int, address: Any) -> None:
    with socket.socket(family) as calling:
        calling.settimeout(2)
        calling.connect(address)


def _listened(name: str) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(name)
    Path(name).unlink()


def _forked() -> None:
    if child := os.fork():
        os.waitpid(child, 0)
    else:
        os.kill(os.getpid(), signal.SIGKILL)


def _reached(start: Callable[[], object]) -> None:
    try:
        start()
    except FileNotFoundError:
        return


def _system_call(number: int, *arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments), None) < 0:
        refused = ctypes.get_errno()
        if refused in (1, 13, 38):
            raise OSError(refused, "refused")


if __name__ == "__main__":
    main()
