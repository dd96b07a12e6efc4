"""A filter of system calls: no network, no other program, no other process. See seccomp(2).

What is refused fails with EPERM, as if it were not allowed to this user: libraries bear that. A list of what is refused
and not of what is allowed, since those who maintain the libraries call what they like: files are Landlock's affair.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import sys
from typing import NamedTuple

_PR_SET_SECCOMP, _FILTER = 22, 2
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
_ALLOW, _REFUSE, _END = 0x7FFF_0000, 0x0005_0000, 0x8000_0000
_UNIX, _STREAM, _KIND_OF_SOCKET = 1, 1, 0xF
_THREAD = 0x0001_0000
_X32 = 0x4000_0000


class _Processor(NamedTuple):
    """``architecture``: as the kernel's audit names it. ``calls``: numbers of system calls."""

    architecture: int
    calls: dict[str, int]


_X86_64 = {
    **{"socket": 41, "connect": 42, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "execveat": 322},
    **{"ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "pidfd_open": 434},
    **{"pidfd_getfd": 438, "shmget": 29, "semget": 64, "msgget": 68, "unshare": 272, "setns": 308},
    **{"perf_event_open": 298, "bpf": 321, "userfaultfd": 323, "add_key": 248, "request_key": 249, "keyctl": 250},
    **{"open_by_handle_at": 304, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427},
    "clone3": 435,
}
_AARCH64 = {
    **{"socket": 198, "connect": 203, "clone": 220, "execve": 221, "execveat": 281},
    **{"ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "pidfd_open": 434},
    **{"pidfd_getfd": 438, "shmget": 194, "semget": 190, "msgget": 186, "unshare": 97, "setns": 268},
    **{"perf_event_open": 241, "bpf": 280, "userfaultfd": 282, "add_key": 217, "request_key": 218, "keyctl": 219},
    **{"open_by_handle_at": 265, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427},
    "clone3": 435,
}
_PROCESSORS = {"x86_64": _Processor(0xC000_003E, _X86_64), "aarch64": _Processor(0xC000_00B7, _AARCH64)}
_DECIDED_BY_ARGUMENTS = ("socket", "clone", "clone3")

Instruction = tuple[int, int, int, int]
"""Code, instructions to pass over when it holds, when it does not, operand."""


class _Line(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("lines", ctypes.POINTER(_Line))]


def known() -> bool:
    """Whether there is a filter for this system."""
    return sys.platform == "linux" and platform.machine() in _PROCESSORS and sys.maxsize > 2**32


def install(*, listens: bool = False, starts_programs: bool = False) -> bool:
    """Whether it holds; False for a processor that is not known here, and for a kernel built without filters. To be
    called with no new privileges, and before there is a second thread. Raises OSError when the kernel refuses."""
    if not known():
        return False
    lines = filter_for(platform.machine(), listens=listens, starts_programs=starts_programs)
    written = (_Line * len(lines))(*(_Line(*one) for one in lines))
    program = _Program(len(lines), written)
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0):
        if (number := ctypes.get_errno()) in (errno.EINVAL, errno.ENOSYS):
            return False
        raise OSError(number, "seccomp: the kernel refused the filter")
    return True


def filter_for(machine: str, *, listens: bool, starts_programs: bool) -> list[Instruction]:
    """The filter, in classic BPF. Pure. ``listens``: sockets of the family AF_UNIX that carry a stream are let through;
    calling one is not. ``starts_programs``: so is becoming another program; having a child never is, threads are."""
    architecture, calls = _PROCESSORS[machine]
    refused, unknown = (_RETURN, 0, 0, _REFUSE | errno.EPERM), (_RETURN, 0, 0, _REFUSE | errno.ENOSYS)
    allowed: Instruction = (_RETURN, 0, 0, _ALLOW)
    lines: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _END),  # calls of another architecture have other numbers
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_AT_LEAST, 0, 1, _X32),
        unknown,
    ]
    let_through = {"execve", "execveat"} if starts_programs else set()
    for name, number in calls.items():
        if name not in let_through and name not in _DECIDED_BY_ARGUMENTS:
            lines += [(_JUMP_EQUAL, 0, 1, number), refused]
    # Its flags stand in memory, which no filter sees: libraries then use clone.
    lines += [(_JUMP_EQUAL, 0, 1, calls["clone3"]), unknown]
    lines += [
        (_JUMP_EQUAL, 0, 4, calls["clone"]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_ANY_BIT, 1, 0, _THREAD),
        refused,
        allowed,
    ]
    if not listens:
        return [*lines, (_JUMP_EQUAL, 0, 1, calls["socket"]), refused, allowed]
    return [
        *lines,
        (_JUMP_EQUAL, 0, 6, calls["socket"]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_EQUAL, 0, 3, _UNIX),
        (_LOAD, 0, 0, _SECOND_ARGUMENT),
        (_AND, 0, 0, _KIND_OF_SOCKET),
        (_JUMP_EQUAL, 1, 0, _STREAM),
        refused,
        allowed,
    ]
