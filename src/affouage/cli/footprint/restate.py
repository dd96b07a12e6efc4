"""``affouage footprint restate``: closed months counted again with other factors, beside what they said."""

from __future__ import annotations

from collections.abc import Iterator

import click

from affouage.cli.console import echo_json, open_home, telling
from affouage.cli.language import spoken
from affouage.errors import SettingsError
from affouage.footprint.impact import INDICATORS
from affouage.footprint.restatement import Restatement
from affouage.web import amounts
from affouage.web import format as wording
from affouage.web.language import N_, Language
from affouage.web.periods import named

_NAMES = {
    "gwp_g": (N_("Carbon"), wording.mass),
    "water_l": (N_("Water"), wording.volume),
    "adpe_g_sb": (N_("Minerals and metals"), wording.mass),
    "primary_energy_mj": (N_("Primary energy"), wording.joules),
}


@click.command()
@click.argument("period")
@click.option("--factors", "set_id", required=True, metavar="SET", help="The set to count with: see footprint factors.")
@click.option("--reason", required=True, help="Why; it is written in the ledger, for everybody.")
@click.option("--json", "as_json", is_flag=True, help="Print the entries as JSON, for programs.")
def restate(period: str, set_id: str, reason: str, as_json: bool) -> None:
    """Count the closed months of PERIOD (2026-10, or 2026) again with the factors of SET.

    What the months said is not rewritten: both stand in the report, with the reason. Energies do not change.

    \b
    Examples:
      affouage footprint factors
      affouage footprint restate 2026-10 --factors grid-2027-01 --reason "the operator published its year"
    """
    with telling(), open_home() as (settings, database):
        from affouage.clock import SystemClock
        from affouage.footprint.books import open_books
        from affouage.footprint.factors import grid_factors
        from affouage.storage.home import own_factors

        own = own_factors(settings.home)
        books = open_books(database, SystemClock(), settings, own_sets=own)
        grid = grid_factors(settings.footprint.country, set_id, own)
        if grid is None:
            raise SettingsError(
                "No country is set, so there are no factors to count with.",
                remedy="Set footprint.country in settings.toml (FRA for France).",
                code="country_unset",
            )
        written = database.write_now(lambda c: books.write_restatements(c, period, grid, reason))
    if as_json:
        echo_json(written)
    else:
        language = spoken()
        click.echo(language.typeset("\n".join(line for one in written for line in _in_words(one, language))))


def _in_words(one: Restatement, language: Language) -> Iterator[str]:
    _ = language.gettext
    months = ", ".join(named(period, language) for period in one.periods)
    old = one.old_set or _("no factors")
    yield _("{months}: counted again with {new} instead of {old}.").format(months=months, new=one.new_set, old=old)
    for field in INDICATORS:
        name, write = _NAMES[field]
        before, after = (
            _told(amounts.shown(getattr(part, field), write, language), part.at_least, language)
            for part in (one.old, one.new)
        )
        yield f"  {_(name)}: " + _("{old} become {new}").format(old=before, new=after)


def _told(shown: amounts.Shown | None, at_least: bool, language: Language) -> str:
    if shown is None:
        return language.gettext("unknown")
    prefix = f"{language.gettext('at least')} " if at_least else ""
    return f"{prefix}{shown[0]} ({shown[1]})" if shown[1] else f"{prefix}{shown[0]}"
