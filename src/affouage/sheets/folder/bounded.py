"""``python -m affouage.sheets.folder.bounded BYTES SECONDS PROGRAM ...``: a program that has little to spend.

It takes the limits and the walls upon itself, then becomes the program: nothing runs between fork and exec in a process
with threads.
Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

from affouage import walls
from affouage.walls.limits import limit

_PR_SET_PDEATHSIG = 1
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TESSDATA_PREFIX", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def command(memory_bytes: int, cpu_s: int, program: str) -> list[str]:
    """How to start ``program`` within these limits. Its arguments follow."""
    return child(__name__, str(memory_bytes), str(cpu_s), program)


def child(module: str, *arguments: str) -> list[str]:
    """How to start a module of ours, which binds itself."""
    return [sys.executable, "-I", "-m", module, *arguments]


def environment(**more: str) -> dict[str, str]:
    """The few variables a child gets: no key, no setting of ours."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | more


def bind(memory_bytes: int, cpu_s: int, *, becomes: str | None = None) -> None:
    """This process, from now on: so much memory and processor time, no file written, no core left, no network, no file
    but its libraries (``affouage.walls``); it ends with its parent where the kernel sees to that.

    ``becomes``: the program it starts instead of itself; without, it starts none.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    limit(file_bytes=0, memory_bytes=memory_bytes, cpu_s=cpu_s)
    walls.close_in([str(Path(becomes).parent)] if becomes else [], starts_programs=becomes is not None)


if __name__ == "__main__":
    bind(int(sys.argv[1]), int(sys.argv[2]), becomes=os.path.realpath(sys.argv[3]))
    os.execv(sys.argv[3], sys.argv[3:])  # noqa: S606 - no shell
