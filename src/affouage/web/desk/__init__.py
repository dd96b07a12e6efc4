"""*Le guichet*: the queue, an item and what may be done with it; for the public: ask, pick the answer up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # words of these pages are used elsewhere too: they need none of the rooms
    from affouage.web.door import Door


def open_door(door: Door) -> None:
    """Every room of it."""
    from affouage.web.desk import item, public, queue

    for room in (queue, item, public):
        room.open_door(door)
