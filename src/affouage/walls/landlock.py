"""Landlock: a process gives up files, TCP and signals by name, without any privilege. See landlock(7).

Called through ctypes: three system calls, and no library to add for them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every processor
_VERSION = 1
_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
REMOVE_FILE, MAKE_SOCKET = 1 << 5, 1 << 9
REFER, TRUNCATE, IOCTL = 1 << 13, 1 << 14, 1 << 15
_OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL
_BIND_AND_CONNECT = 0b11
_SIGNALS_AND_ABSTRACT_SOCKETS = 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """Of Landlock in this kernel, 1 and up; 0 where there is none or it is switched off."""
    return max(0, _call(_CREATE, None, 0, _VERSION))


def restrict(
    *, reads: Iterable[str], writes: Iterable[str], listens_in: str | None = None, starts_programs: bool = False
) -> bool:
    """Whether it holds: False where there is no Landlock. From then on nothing but ``reads`` is read, nothing but the
    devices ``writes`` is written, no TCP is bound or called, no process outside is sent a signal.

    Paths that are not there are passed over. Raises OSError when the kernel refuses.
    """
    known = version()
    if not known:
        return False
    handled = files_known_to(known)
    ruleset = _Ruleset(
        files=handled,
        net=_BIND_AND_CONNECT if known >= 4 else 0,
        scoped=_SIGNALS_AND_ABSTRACT_SOCKETS if known >= 6 else 0,
    )
    size = 8 if known < 4 else 16 if known < 6 else 24
    rules = _checked(_call(_CREATE, ctypes.byref(ruleset), size, 0))
    try:
        read = READ_FILE | READ_DIR | (EXECUTE if starts_programs else 0)
        for path in reads:
            _allow(rules, path, read & handled)
        for path in writes:
            _allow(rules, path, (READ_FILE | READ_DIR | WRITE_FILE | IOCTL) & handled)
        if listens_in is not None:
            _allow(rules, listens_in, MAKE_SOCKET | REMOVE_FILE)
        _checked(_call(_RESTRICT, rules, 0))
    finally:
        os.close(rules)
    return True


def files_known_to(version: int) -> int:
    """The rights on files that a version can withhold: all it knows."""
    known = (1 << 13) - 1
    for since, right in ((2, REFER), (3, TRUNCATE), (5, IOCTL)):
        known |= right if version >= since else 0
    return known


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not on this system
        return
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _OF_A_FILE
        rule = _PathBeneath(allowed=rights, parent=opened)
        _checked(_call(_ADD, rules, _BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(opened)


def _call(number: int, *arguments: object) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(library.syscall(ctypes.c_long(number), *wide))


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {errno.errorcode.get(number, number)}")
    return answer
