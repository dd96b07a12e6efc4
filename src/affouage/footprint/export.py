"""A report as a table for spreadsheets, and as JSON. Pure.

CSV as RFC 4180 has it: comma, CRLF, a header, UTF-8. One row per figure of the report; units stand in the names of the
columns; numbers are plain decimals with a point; **an empty cell is unknown, 0 is zero**; ``at_least`` says yes for a
lower bound. A text that a spreadsheet would run as a formula is written behind an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from affouage.footprint.impact import MICROJOULES_PER_KWH
from affouage.footprint.report import Line, Report, Sum
from affouage.ledger.receipt import Impacts
from affouage.units import Interval

_INDICATORS = {
    "carbon_g_co2e": "gwp_g",
    "water_l": "water_l",
    "minerals_g_sb_eq": "adpe_g_sb",
    "primary_energy_mj": "primary_energy_mj",
}


def _three(name: str) -> tuple[str, str, str]:
    return f"{name}_low", name, f"{name}_high"


COLUMNS = (
    "period",
    "table",
    "name",
    "requests",
    "tokens_decoded",
    "energy_uj",
    *_three("energy_kwh"),
    "energy_quality",
    "at_least",
    *(column for name in _INDICATORS for column in _three(name)),
    "impacts_quality",
    *_three("cost_eur"),
)

Cell = str | int | float | None
Row = dict[str, Cell]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def to_json(report: Report) -> bytes:
    """The report with all its fields, indented; unknown is null. Energies in microjoules."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2)


def to_csv(report: Report) -> str:
    """One header, then one row per figure. ``name`` is empty for a figure that stands alone."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(report):
        writer.writerow([_written(row.get(column)) for column in COLUMNS])
    return text.getvalue()


def rows(report: Report) -> Iterator[Row]:
    """Every figure of the report as cells by column; None, or no cell at all, is unknown."""
    for row in _rows(report):
        yield {"period": report.period, **row}


def _rows(report: Report) -> Iterator[Row]:
    yield {"table": "total", "requests": report.requests, **_sum(report.total)}
    alone = ("to_requests", "idle", "unattributed", "contended", "losses", *(() if report.public else ("pot",)))
    for name in alone:
        yield {"table": name, **_sum(getattr(report, name))}
    for name in ("total", "to_requests", "to_pot"):
        yield {"table": f"making_{name}", **_impacts(getattr(report.embodied, name))}
    yield {"table": "fixed_cost", **_interval("cost_eur", report.fixed_cost_eur)}
    for day in report.days:
        energy = Sum(energy_uj=day.energy_uj, at_least=day.at_least)
        yield {"table": "day", "name": day.day, "requests": day.requests, **_sum(energy, counted=True)}
    tables: tuple[tuple[str, tuple[Line, ...]], ...] = (
        ("model", report.models),
        ("workshop", report.workshops),
        ("machine", report.machines),
        ("use", report.uses),
    )
    for table, lines in tables:
        for line in lines:
            yield {"table": table, "name": line.key, **_line(line)}
    yield from _mine(report)
    for one in report.restated:
        yield {"table": "restated_use", "name": one.new_set, **_impacts(one.new)}


def _mine(report: Report) -> Iterator[Row]:
    if report.mine is None:
        return
    yield {"table": "mine_use", "requests": report.mine.requests, **_sum(report.mine.use)}
    for name in ("keeping_on", "keeping_on_if_equal"):
        share = getattr(report.mine, name)
        if share is not None:
            yield {"table": f"mine_{name}", **_sum(share)}
    yield {"table": "mine_making", **_impacts(report.mine.embodied)}
    yield {"table": "mine_cost", **_interval("cost_eur", report.mine.cost_eur)}


def _line(line: Line) -> Row:
    counts: Row = {"requests": line.requests, "tokens_decoded": line.tokens_decoded}
    return counts if line.sum is None else {**counts, **_sum(line.sum)}


def _sum(total: Sum, *, counted: bool = False) -> Row:
    """``counted``: the exact figure is known though no range was kept with it."""
    known = total.interval_uj is not None or counted
    uj = total.interval_uj
    kwh = None if uj is None else Interval(*(bound / MICROJOULES_PER_KWH for bound in (uj.low, uj.central, uj.high)))
    cells: Row = {"energy_uj": total.energy_uj if known else None, **_interval("energy_kwh", kwh)}
    if counted and kwh is None:
        cells["energy_kwh"] = total.energy_uj / MICROJOULES_PER_KWH
    quality = None if counted else total.quality
    impacts = _impacts(total.use)
    return {
        **cells,
        **impacts,
        "energy_quality": quality,
        "at_least": "yes" if total.at_least or total.use.at_least else "no",
        **_interval("cost_eur", total.cost_eur),
    }


def _impacts(impacts: Impacts) -> Row:
    cells: Row = {"impacts_quality": impacts.quality, "at_least": "yes" if impacts.at_least else "no"}
    for column, field in _INDICATORS.items():
        cells.update(_interval(column, getattr(impacts, field)))
    return cells


def _interval(name: str, value: Interval | None) -> Row:
    return {} if value is None else dict(zip(_three(name), (value.low, value.central, value.high), strict=True))


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return format(Decimal(repr(cell)), "f")
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else str(cell)
