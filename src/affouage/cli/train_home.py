"""What every command about runs shares: the home opened, who acts, and driving the runs when no commons does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from affouage.assembly.access import Scope
from affouage.assembly.member import Member
from affouage.cli.console import open_home, telling
from affouage.cli.reading import identified
from affouage.clock import SystemClock
from affouage.settings import Settings
from affouage.storage import Database

if TYPE_CHECKING:
    from affouage.training.runs.device import Training
    from affouage.training.runs.store import Run

LOOK_S = 0.5

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@dataclass
class Here:
    settings: Settings
    db: Database
    clock: SystemClock
    training: Training

    def who(self, key: str | None) -> Member | None:
        """Whoever's key this is; None: whoever runs commands on this machine. Raises NotSignedIn, NotAllowed."""
        identity = identified(self.db, key, Scope.ACCOUNT, self.clock)
        return None if identity is None else identity.member

    def find(self, name: str) -> Run:
        """Raises NotFound."""
        from affouage.training.runs import store

        return self.db.read_now(lambda connection: store.find(connection, name))


@contextmanager
def opened() -> Iterator[Here]:
    """The home, whether or not a commons serves it; what its user can mend ends with code 2."""
    from affouage.training_room import training_for_command

    with telling(), open_home() as (settings, db):
        clock = SystemClock()
        yield Here(settings, db, clock, training_for_command(settings, db, clock))


async def driven(here: Here, until: Callable[[], Awaitable[bool]]) -> None:
    """Look until ``until`` says so; the runs are driven from here while no commons does it."""
    from affouage.training.runs.workplace import turn

    while True:
        with turn(here.training.workplace.folder) as mine:
            while True:
                if mine:
                    await here.training.following.step_all()
                if await until():
                    return
                await asyncio.sleep(LOOK_S)
                if not mine:
                    break


async def looked(here: Here) -> None:
    """One look: what ended since nobody looked is written down."""
    from affouage.training.runs.workplace import turn

    with turn(here.training.workplace.folder) as mine:
        if mine:
            await here.training.following.step_all()


def plain(value: Any) -> Any:
    import msgspec

    return msgspec.to_builtins(value)
