"""``python -m affouage.sheets.folder.bounded BYTES SECONDS PROGRAM ...``: a program that has little to spend.

It takes the limits upon itself, then becomes the program: nothing runs between fork and exec in a process with threads.
Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

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


def bind(memory_bytes: int, cpu_s: int) -> None:
    """This process, from now on: so much memory and processor time, no file written, no core left; it ends with its
    parent where the kernel sees to that."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for what, most in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CPU, cpu_s)):
        _soft, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    bind(int(sys.argv[1]), int(sys.argv[2]))
    os.execv(sys.argv[3], sys.argv[3:])  # noqa: S606 - no shell
