"""A table as lines that can each be read alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import msgspec

from affouage.sheets.dila.xml import lines_of
from affouage.sheets.rows import row_text

_MOST_COLUMNS = 50


class Row(msgspec.Struct, frozen=True):
    """``cells``: those that begin in this row."""

    text: str
    cells: tuple[Element, ...]


def rows_of(table: Element) -> Iterator[Row]:
    """Its rows: headings as they are, then every row with the heading of its columns but the first.

    ``Médaille d'argent | Ancienneté de services : 20 ans``. A cell merged with those below it is said again in their
    rows. Merges the official files announce and do not follow are not believed: a whole row fills its columns.
    """
    columns = min(sum(1 for _ in table.findall("Colonne")), _MOST_COLUMNS)
    headings: list[str] = []
    above: dict[int, tuple[str, int]] = {}  # column: (text, rows it still fills)
    for row in table.findall("Rangée"):
        cells = tuple(row.findall("Cellule"))
        texts = _placed(cells, above, columns)
        text = row_text(texts, headings)
        if row.get("type") == "header":
            headings, text = texts, row_text(texts)
        if text:
            yield Row(text, cells)


def _placed(cells: tuple[Element, ...], above: dict[int, tuple[str, int]], columns: int) -> list[str]:
    """Texts of a row, a column each; ``above`` is brought up to the next row."""
    whole = len(cells) >= columns
    if whole:
        above.clear()
    texts: list[str] = []
    waiting = list(cells)
    while waiting or (not whole and any(column >= len(texts) for column in above)):
        column = len(texts)
        if not whole and column in above:
            text, left = above.pop(column)
            if left > 1:
                above[column] = (text, left - 1)
            texts.append(text)
        elif waiting:
            cell = waiting.pop(0)
            text = _text(cell)
            if (down := _span(cell, "fusionVerticale")) > 1:
                above[column] = (text, down - 1)
            texts.extend([text] + [""] * (min(_span(cell, "fusionHorizontale"), _MOST_COLUMNS) - 1))
        else:
            texts.append("")
        if len(texts) > _MOST_COLUMNS:
            return [*texts, *map(_text, waiting)]
    return texts


def _span(cell: Element, name: str) -> int:
    said = cell.get(name, "1")
    return int(said) if said.isdecimal() and len(said) < 4 else 1


def _text(cell: Element) -> str:
    return " ".join(lines_of(cell))
