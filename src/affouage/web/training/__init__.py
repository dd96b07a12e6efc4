"""*Entraînement*: the runs of the collective, where they are, what they took, their receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # words of these pages are used by the command line too: they need none of the rooms
    from affouage.web.door import Door


def open_door(door: Door) -> None:
    """Every room of it."""
    from affouage.web.training import rooms

    rooms.open_door(door)
