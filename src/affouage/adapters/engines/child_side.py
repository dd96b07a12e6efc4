"""The child's end of the line: configuration in, walls around it, JSON lines out, an end as soon as the parent has one.

``python -m`` child programs use it before they import anything heavy. Standard library only.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from affouage import walls

_PR_SET_PDEATHSIG = 1


class ParentLine:
    """Opened once, first thing. From then on file descriptor 1 is the log: a library that prints spoils nothing."""

    def __init__(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._out = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self._in = sys.stdin.buffer
        self.config: dict[str, Any] = json.loads(self._in.readline() or b"{}")
        _die_with(self.config.get("parent"))
        if (allowed := self.config.get("walls")) is not None:
            walls.close_in(allowed["reads"], listens_in=allowed["listens_in"])

    def ready(self, **facts: Any) -> None:
        """Loaded. What is printed from now on may quote prompts, and goes nowhere."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        self.say(event="ready", **facts)

    def failed(self, reason: str, remedy: str = "") -> None:
        self.say(event="failed", reason=reason.strip().rstrip("."), remedy=remedy)

    def say(self, **message: Any) -> None:
        self._out.write(json.dumps(message).encode() + b"\n")
        self._out.flush()

    def asked(self) -> Iterator[dict[str, Any]]:
        """What the parent asks, line by line, until it closes its end or dies."""
        for line in iter(self._in.readline, b""):
            yield json.loads(line)

    def wait_for_end(self) -> None:
        """Return when the parent has closed its end or died, however it died."""
        while self._in.read(4096):
            pass


def _die_with(parent: int | None) -> None:
    """On Linux the kernel ends us with our parent, even while a C++ library holds the interpreter lock."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if parent is not None and os.getppid() != parent:
            os._exit(0)
