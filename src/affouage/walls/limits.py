"""What a process may spend, set on itself."""

from __future__ import annotations

import sys

CORE_BYTES = 1
"""Not 0: at exactly 1 the kernel starts no program that collects cores either, and no core fits in it (core(5))."""
FILE_BYTES = 16_000_000
"""Its last words go to a file of the parent's; it writes no other."""
DESCRIPTORS = 1_024


def limit(*, file_bytes: int = FILE_BYTES, memory_bytes: int | None = None, cpu_s: int | None = None) -> None:
    """From now on: no core left, no file over ``file_bytes``, few descriptors; so much address space and processor time
    when they are given. A limit that is already lower stays. Nothing on Windows."""
    if sys.platform == "win32":
        return
    import resource

    wanted = {
        resource.RLIMIT_CORE: CORE_BYTES,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: DESCRIPTORS,
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
    }
    for what, most in wanted.items():
        if most is not None:
            _soft, hard = resource.getrlimit(what)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (most, most))
