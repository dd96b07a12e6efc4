"""Closing a month: its figures fixed, the pot shared to the microjoule, the two committed to in one entry.

The entry names nobody. Beside it, in ``closed_period``, stand the full report (the entry holds its digest) and who
bears how much of the pot (the entry holds its salted digest): a member can check their own share, names can be
forgotten one day, and the chain of the ledger goes on holding.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from affouage.errors import Conflict, DatabaseUnusable
from affouage.footprint.balance import Prices, Rates
from affouage.footprint.budget import BudgetRules, Limit
from affouage.footprint.figures import Gathered, report_of
from affouage.footprint.period import ClosedPeriod, LimitUse, check_bill, differences
from affouage.footprint.report import Report, Sum
from affouage.journal import log
from affouage.journal.problem import Problem
from affouage.storage.tables import closed_period, ledger_entry

_KWH_UJ = 3.6e12
_encode = msgspec.json.Encoder(order="deterministic").encode


class Closing(msgspec.Struct, frozen=True):
    """An entry, and what stands beside it."""

    entry: ClosedPeriod
    figures: bytes
    shares: bytes
    salt: bytes


def new_salt() -> bytes:
    return secrets.token_bytes(16)


def close(
    of: Gathered,
    rates: Rates,
    *,
    time_zone: str,
    shares: Mapping[str, int],
    salt: bytes,
    pot_rule: str,
    budget: BudgetRules,
    budget_rule: str,
    bill_kwh: float | None = None,
) -> Closing:
    """Pure. Raises Conflict when the parts do not add up to what was counted, BadRequest for a bill that is none."""
    sums = of.sums
    if sums.residual_uj:
        raise Conflict(
            f"{of.period} does not close: its parts differ from the meter by {sums.residual_uj} microjoules.",
            remedy=f"Look where: affouage audit period {of.period}",
            code="residual",
            period=of.period,
            microjoules=sums.residual_uj,
        )
    report = msgspec.structs.replace(report_of(of, rates), closed=True)
    figures, borne = _encode(report), _encode(dict(shares))
    bill = None
    if bill_kwh is not None:
        partial = report.total.at_least
        bill = check_bill(bill_kwh, report.total.interval_uj, at_least=partial, pue=rates.site.pue)
    entry = ClosedPeriod(
        id=f"period:{of.period}",
        period=of.period,
        time_zone=time_zone,
        t0_ms=of.t0_ms,
        t1_ms=of.t1_ms,
        sums=sums,
        residual_uj=sums.residual_uj,
        unsettled_uj=sums.unsettled_uj,
        interval_uj=report.total.interval_uj,
        quality=report.total.quality,
        at_least=report.total.at_least,
        gap_s=report.gap_s,
        known_s=report.known_s,
        use=report.total.use,
        embodied=report.embodied,
        cost_eur=report.total.cost_eur,
        fixed_cost_eur=report.fixed_cost_eur,
        factor_sets=report.factor_sets,
        pot_rule=pot_rule,
        pot_sharing=of.pot.sharing,
        pot_uj=sums.pot_uj,
        pot_shared_uj=sum(shares.values()),
        members=len(of.roll),
        shares_sha256=_sha256(salt + borne),
        figures_sha256=_sha256(figures),
        budget_rule=budget_rule,
        limits=limit_uses(budget, report),
        price_eur_per_kwh=rates.prices.eur_per_kwh,
        hosting_eur_per_month=rates.prices.hosting_eur_per_month,
        site=rates.site,
        bill=bill,
    )
    return Closing(entry, figures, borne, salt)


def limit_uses(budget: BudgetRules, report: Report) -> tuple[LimitUse, ...]:
    """What was used of the month's limits of the commons and of each workshop; members' own are not told."""
    found = []
    for limit in budget.limits:
        if limit.span != "month" or limit.scope == "member":
            continue
        if limit.scope == "commons":
            found.append(_limit_use(limit, "", report.total))
        else:
            workshops = [one for one in report.workshops if limit.key in ("", one.key)]
            found.extend(_limit_use(limit, one.key, one.sum) for one in workshops if one.sum is not None)
    return tuple(found)


def _limit_use(limit: Limit, key: str, used: Sum) -> LimitUse:
    amounts = {
        "kwh": used.energy_uj / _KWH_UJ if used.interval_uj else None,
        "g": None if used.use.gwp_g is None else used.use.gwp_g.central,
        "eur": None if used.cost_eur is None else used.cost_eur.central,
    }
    return LimitUse(limit=limit, key=key, used=amounts[limit.unit], at_least=used.at_least)


def rates(entry: ClosedPeriod, now: Rates) -> Rates:
    """The prices and the place the month was closed with."""
    prices = Prices(entry.price_eur_per_kwh, entry.hosting_eur_per_month)
    return Rates(now.grid_of, entry.site, prices)


def refuse_other(before: ClosedPeriod, after: ClosedPeriod, *, forgotten: bool) -> None:
    """Raises Conflict when a month would now close otherwise. ``forgotten``: the shares cannot be compared any more."""
    found = [name for name in differences(before, after) if not (forgotten and name == "shares_sha256")]
    if found:
        raise Conflict(
            f"{before.period} is closed, with other figures than would be found now: {', '.join(found)}.",
            remedy=f"What is closed is not rewritten. See why: affouage audit period {before.period}",
            code="closed_otherwise",
            period=before.period,
            fields=", ".join(found),
        )


def keep(connection: Connection, made: Closing) -> None:
    """Write what stands beside the entry, which must be in the ledger already."""
    entry = select(ledger_entry.c.seq).where(
        ledger_entry.c.request_id == made.entry.id,
        ledger_entry.c.attempt == made.entry.attempt,
        ledger_entry.c.kind == "period",
    )
    row = {
        "period": made.entry.period,
        "entry_seq": connection.execute(entry).scalar_one(),
        "figures": made.figures.decode(),
        "shares": made.shares.decode(),
        "salt": made.salt,
    }
    connection.execute(insert(closed_period), row)


def tell(connection: Connection, entry: ClosedPeriod, told: Report | None, now_ms: int) -> None:
    """Say in the public log that the month is closed, with the entry's own hash, and the total that may be public.

    ``told``: the month for everybody (``footprint.public``); None: fewer than five people used the commons in it.
    """
    row = _entry_of(connection, entry.period)
    total = None
    if told is not None:
        total = {
            "requests": told.requests,
            "energy_uj": told.total.energy_uj,
            "interval_uj": None if told.total.interval_uj is None else msgspec.to_builtins(told.total.interval_uj),
            "quality": told.total.quality,
            "at_least": told.total.at_least,
            "use": msgspec.to_builtins(told.total.use),
            "embodied": msgspec.to_builtins(told.embodied.total),
        }
    public = {
        "period": entry.period,
        "time_zone": entry.time_zone,
        "entry_seq": row.seq,
        "entry_hash": bytes(row.hash).hex(),
        "total": total,
    }
    log.append(connection, TOLD, public, now_ms)


TOLD = "period_closed"


def problems(connection: Connection) -> Iterator[Problem]:
    """Where closed months are not what the public log said of them: a hook of ``journal.verify``."""
    for leaf in log.of_kind(connection, TOLD):
        said = leaf.public
        row = _entry_of(connection, said["period"])
        kept = connection.scalar(select(closed_period.c.entry_seq).where(closed_period.c.period == said["period"]))
        if row is None or (row.seq, bytes(row.hash).hex()) != (said["entry_seq"], said["entry_hash"]):
            yield Problem("closed month", leaf.seq, f"the entry of {said['period']} is not the one that closed it")
        elif kept != row.seq:
            yield Problem("closed month", leaf.seq, f"what was kept of {said['period']} is gone, or of another entry")


def _entry_of(connection: Connection, period: str) -> Any:
    query = select(ledger_entry.c.seq, ledger_entry.c.hash).where(
        ledger_entry.c.request_id == f"period:{period}", ledger_entry.c.kind == "period"
    )
    return connection.execute(query).one_or_none()


def figures(row: Any, entry: ClosedPeriod) -> Report:
    """The report a month was closed with. Raises DatabaseUnusable when it is not the one the entry names."""
    _check(row.figures.encode(), entry.figures_sha256, entry.period)
    report = msgspec.json.decode(row.figures, type=Report)
    return msgspec.structs.replace(report, entry_seq=row.entry_seq)


def share(row: Any, entry: ClosedPeriod, member_id: str | None) -> int | None:
    """Microjoules of the pot this member bears; None when the pot is kept, or the shares were forgotten.

    Raises DatabaseUnusable when the shares are not those the entry commits to.
    """
    if member_id is None or row.shares is None or row.salt is None:
        return None
    _check(row.salt + row.shares.encode(), entry.shares_sha256, entry.period)
    shares = msgspec.json.decode(row.shares, type=dict[str, int])
    return shares.get(member_id, 0) if shares else None


def _check(kept: bytes, sha256: str, period: str) -> None:
    if _sha256(kept) != sha256:
        raise DatabaseUnusable(
            f"What is kept of {period} is not what it was closed with.",
            remedy="Keep this copy, compare it with a backup, and tell the members.",
        )


def _sha256(kept: bytes) -> str:
    return hashlib.sha256(kept).hexdigest()
