"""``affouage up --workers``: what is said in the terminal that several gateway processes were started from."""

from __future__ import annotations

import asyncio
import socket

from affouage.cli.language import spoken
from affouage.cli.up import on_signals, say, say_serving
from affouage.settings import Settings

PROGRAMS = ("affouage.cli.worker_gateway", "affouage.cli.worker_machine")


async def serve_workers(settings: Settings, workers: int, *, ask: bool, offline: bool) -> None:
    """Until Ctrl-C. Raises SetUpError."""
    from affouage.supervisor import supervise

    _ = spoken().gettext
    leaving: asyncio.Event = on_signals()
    await supervise(settings, workers, _Terminal(), leaving, ask=ask, offline=offline, programs=PROGRAMS)
    say(_("Stopped."))


class _Terminal:
    def serves(self, settings: Settings, listener: socket.socket) -> None:
        say_serving(settings, listener, settings.pool)

    def died(self, name: str, code: int, pause_s: float) -> None:
        said = spoken().gettext("The process {name} ended ({code}); it is begun again in {pause} s.")
        say(said.format(name=name, code=code, pause=f"{pause_s:g}"))

    def stops(self) -> None:
        say(spoken().gettext("Stopping: answers under way are settled."))
