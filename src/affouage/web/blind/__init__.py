"""*À l'aveugle*: two answers without names, the better one chosen, then names and costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # words of these pages are used elsewhere too: they need none of the rooms
    from affouage.web.door import Door


def open_door(door: Door) -> None:
    """Every room of it."""
    from affouage.web.blind import rooms

    rooms.open_door(door)
