"""The sums by day and the closed months, against sums posted again from the readings and the receipts."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Table, func, select
from sqlalchemy.exc import NoResultFound

from affouage.errors import AffouageError
from affouage.footprint import books_rows as rows
from affouage.footprint import closing
from affouage.footprint.audit.found import Difference, Findings
from affouage.footprint.balance import sums_of
from affouage.footprint.period import ClosedPeriod, days, share_pot
from affouage.storage.tables import closed_period, ledger_entry, machine_day, node_day, usage_day

_TABLES = (usage_day, machine_day, node_day)
_NOT_COMPUTED = {machine_day.name: "factor_set"}
"""A block does not say which factors were in force: its rows are compared added up over them."""


def compare_days(connection: Connection, again: Connection, period: str, found: Findings) -> None:
    """Every row of the sums of every day of the period."""
    for day in days(period):
        for table in _TABLES:
            _compare_rows(_rows(connection, table, day), _rows(again, table, day), table.name, found)


def _rows(connection: Connection, table: Table, day: str) -> dict[str, dict[str, int]]:
    keys = [column for column in table.primary_key.columns if column.name != _NOT_COMPUTED.get(table.name)]
    amounts = [column for column in table.columns if column.name not in table.primary_key.columns]
    query = (
        select(*keys, *(func.sum(column).label(column.name) for column in amounts))
        .where(table.c.day == day)
        .group_by(*keys)
    )
    if table is usage_day:  # what an allowance assumes is in no report, and on no receipt
        query = query.where(table.c.dimension.not_like("assumed%"))
    found = {}
    for row in connection.execute(query):
        values = row._mapping
        name = " ".join(str(values[column.name]) or "-" for column in keys)
        found[name] = {column.name: int(values[column.name]) for column in amounts}
    return found


def _compare_rows(
    books: dict[str, dict[str, int]], again: dict[str, dict[str, int]], table: str, found: Findings
) -> None:
    for name in sorted(books.keys() | again.keys()):
        mine, other = books.get(name, {}), again.get(name, {})
        for field in mine or other:
            found.compare("day", None, f"{table} {name}", field, mine.get(field, 0), other.get(field, 0))


def compare_closings(connection: Connection, again: Connection, period: str, found: Findings) -> list[str]:
    """Every closed month of the period: its entry, what stands beside it, and who bears what. Which ones are."""
    months = sorted(month for month in rows.closed_months(connection) if month.startswith(period))
    for month in months:
        _compare_closing(connection, again, month, found)
    written = select(ledger_entry.c.seq, ledger_entry.c.request_id).where(ledger_entry.c.kind == "period")
    known = set(connection.execute(select(closed_period.c.entry_seq)).scalars())
    for seq, request_id in connection.execute(written):
        if seq not in known and request_id.removeprefix("period:").startswith(period):
            found.add(Difference(what="period", entry=seq, id=request_id, field="closed_period", books="missing"))
    return months


def _compare_closing(connection: Connection, again: Connection, month: str, found: Findings) -> None:
    row = rows.closing(connection, month)
    try:
        entry = rows.content(connection, row.entry_seq, ClosedPeriod)
        closing.figures(row, entry)
        closing.share(row, entry, "")
    except NoResultFound:
        found.add(Difference(what="period", entry=row.entry_seq, id=month, field="entry", books="missing"))
        return
    except AffouageError as broken:
        found.add(Difference(what="period", entry=row.entry_seq, id=month, field="kept beside", again=broken.message))
        return
    span = days(month)
    ends, by_day = (span[0], span[-1]), ("day", "machine_id")
    commons = rows.commons_id(connection)
    counted = rows.counted(again, ends)
    sums = sums_of(
        counted,
        rows.uses(again, ends, ("total",), by_day, ""),
        () if commons is None else rows.uses(again, ends, ("member",), by_day, commons),
    )
    told = (
        ("residual_uj", entry.residual_uj, sums.residual_uj),
        ("unsettled_uj", entry.unsettled_uj, sums.unsettled_uj),
        ("pot_uj", entry.pot_uj, sums.pot_uj),
        *((f"sums.{name}", getattr(entry.sums, name), getattr(sums, name)) for name in sums.__struct_fields__),
    )
    for field, books, computed in told:
        found.compare("period", row.entry_seq, month, field, books, computed)
    _compare_shares(again, row, entry, ends, found)


def _compare_shares(again: Connection, row: Any, entry: ClosedPeriod, ends: tuple[str, str], found: Findings) -> None:
    if row.shares is None:
        return  # forgotten with the members' data
    books = msgspec.json.decode(row.shares, type=dict[str, int])
    dynamic = dict.fromkeys(books, 0)
    for use in rows.uses(again, ends, ("member",), ("key",)):
        if use.key in dynamic:
            dynamic[use.key] += use.dynamic_uj - use.lost_dynamic_uj
    computed = share_pot(entry.pot_uj, entry.pot_sharing, dynamic)  # type: ignore[arg-type]
    found.compare("period", row.entry_seq, entry.period, "shares", books, computed)
    found.compare("period", row.entry_seq, entry.period, "pot_shared_uj", entry.pot_shared_uj, sum(computed.values()))
