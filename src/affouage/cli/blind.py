"""``affouage blind``: what members prefer when they do not know which model answers, and once they know the cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from affouage.catalogue.card import load_cards
from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken
from affouage.web import format as wording
from affouage.web.blind import words
from affouage.web.language import Language
from affouage.workshops.blind import book
from affouage.workshops.blind.report import Report, report
from affouage.workshops.blind.strength import Group


@click.group()
def blind() -> None:
    """Blind comparisons: which model's answers members prefer, before and after they know the cost.

    Comparing is done on the page /blind, by two people or two hundred; nobody's choice is kept with a name.

    \b
    Examples:
      affouage blind show
      affouage blind show --json
    """


@blind.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def show(as_json: bool) -> None:
    """What all comparisons say: how often each model is preferred, with a range, and what its answers took.

    \b
    --json prints: {"pairs", "both", "neither", "enough", "before": [{"pairs", "models": [{"model", "pairs", "wins",
    "ties", "share": {"low", "central", "high"}}]}], "after", "changed", "costs": {MODEL: {"answers", "unknown",
    "energy_uj"}}}
    "share": chance of being preferred to another model that comparisons join to it, 95 %; null under "enough"
    comparisons, and so is "changed". "energy_uj": of one answer, on average; null when it is not known.
    """
    with telling(), open_home() as (settings, db):
        told = run(db.read(lambda connection: report(book.pairs(connection), book.costs(connection))))
        names = {one: card.name for one, card in load_cards(settings.home).items()}
    if as_json:
        echo_json(shape(told))
    else:
        click.echo("\n".join(lines(told, names, spoken())))


def shape(told: Report) -> dict[str, Any]:
    return {
        "pairs": told.pairs,
        "both": told.both,
        "neither": told.neither,
        "enough": told.enough,
        "before": told.before,
        "after": told.after,
        "changed": told.changed,
        "costs": {
            model: {"answers": cost.answers, "unknown": cost.unknown, "energy_uj": cost.energy_uj}
            for model, cost in told.costs.items()
        },
    }


def lines(told: Report, names: dict[str, str], language: Language) -> Iterator[str]:
    """What the page tells, in lines."""
    _ = language.gettext
    if not told.pairs:
        yield _("Nothing has been compared yet: members compare on the page /blind.")
        return
    yield language.ngettext("{count} comparison", "{count} comparisons", told.pairs).format(count=told.pairs)
    yield words.ties(told, language)
    after = {one.model: one.share for group in told.after for one in group.models}
    for group in told.before:
        yield ""
        yield words.verdict(group, names, told.enough, language)
        yield from _rows(group, told, after, names, language)
    yield ""
    yield words.changed(told.changed, told, language)


def _rows(
    group: Group, told: Report, after: dict[str, Any], names: dict[str, str], language: Language
) -> Iterator[str]:
    _ = language.gettext
    for one in group.models:
        cost = told.costs.get(one.model)
        energy = cost.energy_uj if cost else None
        yield f"  {names.get(one.model, one.model)}"
        yield "    " + _("without knowing the cost: {share}").format(share=_chance(one.share, language))
        yield "    " + _("knowing the cost: {share}").format(share=_chance(after.get(one.model), language))
        figure = _ranged(wording.energy(energy, language)) if energy else _("unknown")
        yield "    " + _("energy of one answer: {energy}").format(energy=figure)


def _chance(share: Any, language: Language) -> str:
    found = words.share(share, language)
    return language.gettext("not enough comparisons") if found is None else _ranged(found)


def _ranged(shown: tuple[str, str]) -> str:
    return f"≈ {shown[0]} ({shown[1]})" if shown[1] else shown[0]
