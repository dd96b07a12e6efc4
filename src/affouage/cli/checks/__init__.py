"""What ``affouage doctor`` looks at. Each check is a function that yields findings and lets nothing escape."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["ok", "warning", "problem"]


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at. ``warning``: it works, with less; ``problem``: something will not work."""

    check: str
    status: Status
    what: str
    remedy: str = ""


def ok(check: str, what: str) -> Finding:
    return Finding(check, "ok", what)


def warning(check: str, what: str, remedy: str) -> Finding:
    return Finding(check, "warning", what, remedy)


def problem(check: str, what: str, remedy: str) -> Finding:
    return Finding(check, "problem", what, remedy)
