"""``affouage footprint close``: a month's figures fixed for good, in the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import click

from affouage.cli.console import echo_json, open_home, telling
from affouage.cli.language import spoken
from affouage.footprint.period import BillCheck, ClosedPeriod
from affouage.web import amounts
from affouage.web import format as wording
from affouage.web.language import Language
from affouage.web.limits import in_unit, pot_sentence
from affouage.web.periods import named

_KWH_UJ = 3.6e12


@click.command()
@click.argument("period")
@click.option("--bill-kwh", type=float, metavar="N", help="kWh of this machine on the bill, to check the meter by.")
@click.option("--json", "as_json", is_flag=True, help="Print the entry as JSON, for programs.")
def close(period: str, bill_kwh: float | None, as_json: bool) -> None:
    """Close the month PERIOD: its figures are fixed, and what nobody asked for is shared by the rule in force.

    A running server does it by itself when a month is over; this does it at once, or with the bill. Closing again
    writes nothing; what would now be found otherwise is refused, because what is closed is never rewritten.

    \b
    Examples:
      affouage footprint close 2026-10
      affouage footprint close 2026-10 --bill-kwh 41.5
      affouage footprint close 2026-10 --json

    \b
    --json prints: {"new": false when it was closed already, "entry": {...}}; energies in microjoules.
    """
    with telling(), open_home() as (settings, database):
        from affouage.clock import SystemClock
        from affouage.footprint.books import open_books
        from affouage.storage.home import own_factors

        books = open_books(database, SystemClock(), settings, own_sets=own_factors(settings.home))
        entry, new = database.write_now(lambda connection: books.write_closing(connection, period, bill_kwh))
    if as_json:
        echo_json({"new": new, "entry": entry})
    else:
        language = spoken()
        click.echo(language.typeset("\n".join(_in_words(entry, new, language))))


def _in_words(entry: ClosedPeriod, new: bool, language: Language) -> Iterator[str]:
    _ = language.gettext
    said = _("{month} is closed.") if new else _("{month} was already closed, with these figures: nothing was written.")
    yield said.format(month=named(entry.period, language))
    total = amounts.shown(entry.interval_uj, wording.energy, language)
    if total is None:
        yield _("Nothing was counted in it.")
        return
    at_least = f"{_('at least')} " if entry.at_least else ""
    counted = _("Counted: {total} ({range}), shared out to the microjoule, nothing left over.")
    yield counted.format(total=at_least + total[0], range=total[1])
    kept = entry.pot_uj - entry.pot_shared_uj
    pot = _("Standby and losses: {energy}. {rule}")
    told = wording.exact_energy(entry.pot_uj, language)
    yield pot.format(energy=told, rule=pot_sentence("kept" if kept else entry.pot_sharing, language))
    for used in entry.limits:
        amount = _("unknown") if used.used is None else in_unit(used.used, used.limit.unit, language)
        told = _("Limit of the month{whose}: {used} of {amount}.")
        whose = f" ({wording.doors(language).get(used.key, used.key)})" if used.key else ""
        yield told.format(whose=whose, used=amount, amount=in_unit(used.limit.amount, used.limit.unit, language))
    if entry.bill is not None:
        yield _bill(entry.bill, language)
    yield _("To compute it all again from the readings: affouage audit period {period}").format(period=entry.period)


def _bill(bill: BillCheck, language: Language) -> str:
    _ = language.gettext
    if bill.counted_kwh is None:
        return _("The bill says {bill} kWh; nothing was counted to compare it with.").format(bill=_kwh(bill, language))
    counted, spread = wording.energy(bill.counted_kwh.scaled(_KWH_UJ), language)
    said = {
        True: _("The bill says {bill} kWh, the meter {counted} ({range}): they agree."),
        False: _("The bill says {bill} kWh, the meter {counted} ({range}): they do NOT agree. Look at the meter."),
        None: _("The bill says {bill} kWh, the meter at least {counted} ({range}): it did not see everything."),
    }[bill.agrees]
    return said.format(bill=_kwh(bill, language), counted=counted, range=spread)


def _kwh(bill: BillCheck, language: Language) -> str:
    return wording.figures(bill.bill_kwh, language, digits=4)
