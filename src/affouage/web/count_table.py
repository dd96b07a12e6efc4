"""The figures of a count as a table, and the whole of it as plain text. Pure: an outcome in, text out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from affouage.assembly.tally import CollegeCount, Outcome
from affouage.web import format as wording
from affouage.web.count_words import Names, Teller, percent, sentences
from affouage.web.language import Language


@dataclass(frozen=True)
class Table:
    """A table that a screen reader reads: every row begins with its own heading."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def table(outcome: Outcome, language: Language, names: Names | None = None) -> Table:
    """The figures: grades by option, votes by college, duels, or votes by choice."""
    teller = Teller(outcome, language, names)
    if outcome.merits:
        return _grades(outcome, teller)
    if outcome.colleges and outcome.totals:
        return _colleges(outcome, teller)
    if any(step.code.startswith("duel") for step in outcome.steps):
        return _duels(outcome, teller)
    _ = language.gettext
    rows = ((teller.choice(choice), wording.whole(number, language)) for choice, number in outcome.totals.items())
    last = (_("abstention"), wording.whole(outcome.abstained, language))
    return Table(_("Votes"), (_("Choice"), _("Ballots")), (*rows, last))


def text(outcome: Outcome, language: Language, names: Names | None = None) -> str:
    """All of it in plain lines: for a terminal, minutes, or beside a drawing."""
    figures = table(outcome, language, names)
    rows = []
    for first, *others in figures.rows:
        told = (
            others
            if len(others) == 1
            else [f"{name} {one}" for name, one in zip(figures.head[1:], others, strict=True)]
        )
        rows.append(f"- {language.typeset(f'{first} :') if language.code == 'fr' else f'{first}:'} {', '.join(told)}")
    return "\n".join((*sentences(outcome, language, names), "", figures.caption, *rows))


def _grades(outcome: Outcome, teller: Teller) -> Table:
    _ = teller.language.gettext
    rows = tuple(
        (
            teller.option(one.option),
            *(percent(Fraction(share), teller.language) for share in one.shares[::-1]),
            teller.grades[one.grade],
        )
        for one in outcome.merits
    )
    head = (_("Option"), *teller.grades[::-1], _("Majority grade"))
    return Table(_("What each option was graded, the best first"), head, rows)


def _colleges(outcome: Outcome, teller: Teller) -> Table:
    _ = teller.language.gettext
    choices = tuple(outcome.totals)
    words = (teller.choice(one) for one in choices)
    head = (_("College"), _("May vote"), _("Voted"), *words, _("Weight"))
    return Table(_("Votes by college"), head, tuple(_college(one, choices, teller) for one in outcome.colleges))


def _college(one: CollegeCount, choices: tuple[str, ...], teller: Teller) -> tuple[str, ...]:
    numbers = (one.electors, one.ballots, *(one.totals.get(choice, 0) for choice in choices))
    weight = percent(Fraction(one.weight or 0) / 100, teller.language)
    return (teller.college(one.college), *(wording.whole(number, teller.language) for number in numbers), weight)


def _duels(outcome: Outcome, teller: Teller) -> Table:
    """In each cell, how many prefer the row to the column."""
    _ = teller.language.gettext
    options = [option for level in outcome.ranking for option in level]
    shares: dict[tuple[str, str], str] = {}
    for step in outcome.steps:
        if step.code.startswith("duel"):
            one, other = str(step.facts["option"]), str(step.facts["other"])
            shares[one, other] = teller.share(step)
            shares[other, one] = teller.share(step, "other_share")
    rows = tuple((teller.option(one), *(shares.get((one, other), "–") for other in options)) for one in options)
    head = (_("How many prefer"), *(teller.option(one) for one in options))
    return Table(_("Duels: how many prefer the option of the row to that of the column"), head, rows)
