"""*Facile à lire*: a text checked by program, rewritten with a model sentence by sentence, printed as a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # its words are used by the command line too, which needs none of the rooms
    from affouage.web.door import Door


def open_door(door: Door) -> None:
    """Every room of it."""
    from affouage.web.easy_read import rooms

    rooms.open_door(door)
