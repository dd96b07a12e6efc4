"""How the row of a table is told on a line of its own. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def row_text(cells: Sequence[str], headings: Sequence[str] = ()) -> str:
    """``Médaille d'argent | Ancienneté de services : 20 ans``: every cell but the first says the heading of its column,
    so that the row can be read, found and quoted alone. Empty cells are left out."""
    told = []
    for column, text in enumerate(cells):
        heading = headings[column] if column and column < len(headings) else ""
        if text:
            told.append(f"{heading} : {text}" if heading and heading != text else text)
    return " | ".join(told)
