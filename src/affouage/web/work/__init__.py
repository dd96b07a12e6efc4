"""*Le travail*: what the tool changes in it, for better or for worse, never about one person; a question a week."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # its words are used by the assembly and the command line too: they need none of the rooms
    from affouage.web.door import Door


def open_door(door: Door) -> None:
    """Every room of it."""
    from affouage.web.work import room

    room.open_door(door)
