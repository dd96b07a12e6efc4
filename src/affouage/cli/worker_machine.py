"""The engines of this machine, as a node of its own commons; started by :mod:`affouage.supervisor`, never by hand."""

from __future__ import annotations

import logging
import os

from affouage.cli.console import fail
from affouage.cli.log_lines import write_log
from affouage.cli.up import on_signals, run_on_uvloop
from affouage.cli.worker_gateway import leave_with_the_house
from affouage.errors import AffouageError
from affouage.pool.nodes.identity import Enrolled
from affouage.pool.nodes.node_state import Ended
from affouage.pool.nodes.own_machine import place_of
from affouage.settings import Settings, read
from affouage.supervisor import broker_of

_log = logging.getLogger("affouage.node")


def main() -> None:
    os.umask(0o077)
    try:
        settings = broker_of(read())
        write_log(settings.log)
        run_on_uvloop(serve(settings))
    except AffouageError as error:
        fail(error)


async def serve(settings: Settings) -> None:
    from affouage.node_app import serve_node

    leaving = on_signals()
    await leave_with_the_house(leaving)
    await serve_node(settings, _Nobody(), leaving, place=place_of(settings.home))


class _Nobody:
    """No owner looks at it: what matters is in the log of the house."""

    def starts(self, enrolled: Enrolled, models: tuple[str, ...]) -> None:
        _log.info("the machine %s serves the commons it runs on: %s", enrolled.name, ", ".join(models))

    def link(self, connected: bool, problem: str) -> None:
        if not connected:
            _log.warning("the broker cannot be reached; trying again (%s)", problem)

    def ended(self, ended: Ended) -> None:
        pass

    def leaves(self, running: int) -> None:
        _log.info("%s requests are finished first", running)


if __name__ == "__main__":
    main()
