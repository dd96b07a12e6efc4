"""What a program that reads what strangers made may touch: its files, to read; its folder, to listen in; nothing else.

    folder.py     an empty one of its own
    limits.py     no core left, no large file, few descriptors
    landlock.py   files by name, TCP, signals                      Linux 5.13 and later, where it is switched on
    seccomp.py    no network, no other program, no other process   Linux on x86_64 and aarch64

A child calls :func:`close_in` on itself, before it imports anything heavy and before it reads what it was given: from
then on a hole in its libraries opens onto an empty room. It takes no privilege. What a system lacks is left out and
told (:func:`layers_here`, ``affouage doctor``). Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from affouage.walls import landlock, seccomp
from affouage.walls.limits import limit

_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/lib32", "/nix/store", "/gnu/store"),
    *("/etc/ld.so.cache", "/etc/localtime", "/sys/devices/system", "/proc/cpuinfo", "/proc/meminfo"),
)
_SIMPLE_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_CARDS = ("nvidia*", "dri", "kfd", "dxg")
_FOR_CARDS = ("/opt/rocm", "/etc/vulkan", "/etc/OpenCL", "/proc/driver/nvidia", "/proc/devices", "/proc/self", "/sys")


def close_in(reads: Iterable[str], *, listens_in: str | None = None, starts_programs: bool = False) -> tuple[str, ...]:
    """Close this process in, for good, and say which layers hold (names as :func:`layers_here`).

    It keeps what it has open, the libraries of this Python and of the system, and ``reads``: files, or folders with all
    that is in them. ``listens_in``: a folder where it may make a socket; it may make none elsewhere, and none of any
    other family. ``starts_programs``: it may become one of the system's own, within the same walls.
    Raises OSError when the kernel has a layer and refuses it: better not to start than to be thought closed.
    """
    limit()
    if sys.platform != "linux":
        return ()
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no new privileges: refused")
    _give_up_capabilities(library)
    cards = [str(one) for name in _CARDS for one in Path("/dev").glob(name)]
    held = landlock.restrict(
        reads=[*_SYSTEM, *_this_python(), *reads, *(_FOR_CARDS if cards else ())],
        writes=[*_SIMPLE_DEVICES, *cards],
        listens_in=listens_in,
        starts_programs=starts_programs,
    )
    filtered = seccomp.install(listens=listens_in is not None, starts_programs=starts_programs)
    return (("landlock",) if held else ()) + (("seccomp",) if filtered else ())


def layers_here() -> tuple[str, ...]:
    """The layers this system has. Without "landlock" such a program could read what its user can; without "seccomp" it
    could reach the network."""
    if sys.platform != "linux":
        return ()
    return (("landlock",) if landlock.version() else ()) + (("seccomp",) if seccomp.known() else ())


def _this_python() -> list[str]:
    """Where modules and libraries are found. The folder that a program was started in is not among them (``-I``)."""
    given = [*os.environ.get("LD_LIBRARY_PATH", "").split(":"), os.environ.get("TESSDATA_PREFIX", "")]
    return [one for one in (sys.prefix, sys.base_prefix, *sys.path, *given) if one]


def _give_up_capabilities(library: ctypes.CDLL) -> None:
    """Root's own powers, when root started it: an ordinary user has none."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    if library.capset(header, (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "capabilities: the kernel refused to take them away")
