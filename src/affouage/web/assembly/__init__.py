"""*L'assemblée*: the pages by which members propose, discuss, vote, and read what was decided and logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what tells a rule in words is used by other pages too: they need none of the rooms
    from affouage.web.door import Door


def open_door(door: Door) -> None:
    """Every room of the assembly."""
    from affouage.web.assembly import (
        amend,
        emergency,
        founding,
        log,
        minutes,
        overview,
        proposal,
        propose,
        proxies,
        standing,
        vote,
    )

    rooms = (overview, founding, propose, amend, proposal, vote, proxies, standing, emergency, log, minutes)
    for room in rooms:
        room.open_door(door)
