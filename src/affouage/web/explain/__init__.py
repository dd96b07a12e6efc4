"""*Expliquer*: the sheets that answer a question, word for word and dated; the sheets themselves; how good it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # words of these pages are used elsewhere too: they need none of the rooms
    from affouage.web.door import Door


def open_door(door: Door) -> None:
    """Every room of it."""
    from affouage.web.explain import ask, evaluations, sheets

    for room in (ask, sheets, evaluations):
        room.open_door(door)
