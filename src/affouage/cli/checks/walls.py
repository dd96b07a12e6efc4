"""The walls around the programs that read models and documents: tried, not believed."""

from __future__ import annotations

from collections.abc import Iterator

from affouage import walls
from affouage.cli.checks import Finding, ok, warning
from affouage.settings import Settings
from affouage.web.language import N_

_REMEDY = N_("Use Linux 5.13 or later with Landlock, or the systemd unit: docs/reference/threat-model.md.")


def check_walls(settings: Settings) -> Iterator[Finding]:
    """A program is started as an engine is, and tries to get out."""
    from affouage.adapters.engines.probing import looked_at
    from affouage.errors import EngineFailed

    if settings.engine.walls == "off":
        yield warning(
            "walls", N_("The engine has none: [engine] walls is off."), N_("Switch them on unless a card needs it.")
        )
        return
    try:
        tried = looked_at()["could"]
    except EngineFailed as refused:
        yield warning("walls", N_("They could not be tried: {message}"), _REMEDY, message=refused.message)
        return
    here = walls.layers_here()
    if "landlock" in here and "seccomp" in here and not any(tried[one] for one in _MUST_NOT):
        yield ok(
            "walls", N_("A program that reads a model or a document reaches no network, file or program but its own.")
        )
        return
    missing = [one for one in ("landlock", "seccomp") if one not in here]
    if missing:
        yield warning("walls", N_("This system lacks what they are made of: {layers}."), _REMEDY, layers=missing)
    can = [one for one in _MUST_NOT if tried[one]]
    if can:
        yield warning("walls", N_("A program that reads a model or a document could: {can}."), _REMEDY, can=can)


_MUST_NOT = (
    *(N_("read a file"), N_("write a file"), N_("call over UDP")),
    *(N_("listen on the network"), N_("have a child"), N_("start a program")),
)
