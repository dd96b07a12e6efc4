"""``affouage pool share`` and ``affouage pool confidentiality``: the rules of sharing in force, and changing them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from affouage.assembly.member import Role
from affouage.cli.console import echo_json, open_home, telling
from affouage.cli.deciding import RuleBook, decide, decided_words, decision, to_come_words
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.errors import RuleRefused
from affouage.footprint.hours import read_time
from affouage.footprint.period import Calendar
from affouage.pool.reach import ConfidentialityRules
from affouage.pool.share_rules import ShareRules
from affouage.pool.station import REACHES
from affouage.rulebook import ANY_RATES, AREAS, open_charter
from affouage.web.language import N_, Language
from affouage.web.share_words import confidentiality_sentences, share_sentences

_NAMES = {"share": N_("Turns"), "confidentiality": N_("Who may read")}
_REACH = click.Choice(REACHES)

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group(invoke_without_command=True)
@click.pass_context
def share(ctx: click.Context) -> None:
    """The rule of turns: what is counted, who weighs more, what is guaranteed, what does not press.

    \b
    Examples:
      affouage pool share show
      affouage pool share set --use desk=200 --reason "Assembly of 22 November: the desk first"
      affouage pool share set --floor school=20 --batch-hours 22:00-06:00 --reason "..."
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show_share)


@share.command(name="show")
@_json
def show_share(as_json: bool = False) -> None:
    """The rule in force, who decided it and why.

    \b
    --json prints: {"area", "version", "in_force", "decided_by", "reason", "rule", "to_come": [...]}
    Version 0 is the default, which nobody decided: "in_force", "decided_by" and "reason" are then null.
    """
    with _opened() as book:
        _echo(book, "share", as_json)


@share.command(name="set")
@click.option("--unit", type=click.Choice(("tokens", "engine_seconds", "joules")), help="What is counted.")
@click.option("--prompt-weight", type=int, metavar="N", help="What a token read counts, in tokens (1).")
@click.option("--decode-weight", type=int, metavar="N", help="What a token written counts, in tokens (2).")
@click.option("--role", "class_percent", multiple=True, metavar="ROLE=PERCENT", help="Weight of a role; 100 is usual.")
@click.option("--use", "use_percent", multiple=True, metavar="NAME=PERCENT", help="Weight of a use, workshop or door.")
@click.option("--floor", "floors", multiple=True, metavar="NAME=PERCENT", help="Guaranteed of the service; 80 in all.")
@click.option("--batch-hours", multiple=True, metavar="FROM-UNTIL", help="Hours of what does not press; none.")
@click.option("--batch-latest-h", type=int, metavar="HOURS", help="After so long, what did not press does.")
@click.option("--contribution-most-percent", type=int, metavar="PERCENT", help="Weight added by a machine lent.")
@click.option("--contribution-full-h", type=int, metavar="HOURS", help="Of work for others, that bring all of it.")
@click.option("--contribution-days", type=int, metavar="DAYS", help="Over so many days; what is older is forgotten.")
@decision
@_json
def set_share(
    class_percent: tuple[str, ...],
    use_percent: tuple[str, ...],
    floors: tuple[str, ...],
    batch_hours: tuple[str, ...],
    reason: str | None,
    decided_by: str | None,
    day: str | None,
    as_json: bool,
    **plain: Any,
) -> None:
    """Change the rule of turns. What is not named stays; NAME=none takes a name out.

    \b
    Examples:
      affouage pool share set --role steward=150 --reason "They answer for everybody"
      affouage pool share set --use accessibility=300 --use desk=none --reason "Nobody is left out"
      affouage pool share set --floor school=20 --from 2027-01-01 --reason "Term begins"
      affouage pool share set --batch-hours 22:00-06:00 --batch-hours 12:00-14:00 --reason "Cheap hours"
      affouage pool share set --contribution-most-percent 0 --reason "Lending is a gift"

    A weight of 200 is served twice as much as 100 when both want more. Weights of role and use multiply. A running
    server applies the change within a second. Exit status 2 for a rule that could not be applied.
    """
    with _opened() as book:
        before: ShareRules = book.charter.in_force("share").value
        new: dict[str, Any] = {name: value for name, value in plain.items() if value is not None}
        for name, asked in (("class_percent", class_percent), ("use_percent", use_percent), ("floors", floors)):
            if asked:
                new[name] = _with(getattr(before, name), asked, _percent)
        _check_roles(new.get("class_percent", {}))
        if batch_hours:
            new["batch_hours"] = tuple(_period(one) for one in batch_hours if one != "none")
        _change(book, "share", before, new, (reason, decided_by, day), as_json)


@click.group(invoke_without_command=True)
@click.pass_context
def confidentiality(ctx: click.Context) -> None:
    """The rule of who may read: how far a question goes, in classes.

    \b
    local < collective < trusted < everyone: the machine of the commons; the collective's; those of
    trusted members too; those of any member too.

    \b
    Examples:
      affouage pool confidentiality show
      affouage pool confidentiality set --most trusted --reason "Assembly of 22 November"
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show_confidentiality)


@confidentiality.command(name="show")
@_json
def show_confidentiality(as_json: bool = False) -> None:
    """The rule in force, who decided it and why.

    \b
    --json prints: {"area", "version", "in_force", "decided_by", "reason", "rule", "to_come": [...]}
    Version 0 is the default, which nobody decided: "in_force", "decided_by" and "reason" are then null.
    """
    with _opened() as book:
        _echo(book, "confidentiality", as_json)


@confidentiality.command(name="set")
@click.option("--default", type=_REACH, help="Of who chooses nothing.")
@click.option("--most", type=_REACH, help="Nobody may choose wider.")
@click.option("--workshop", "workshops", multiple=True, metavar="NAME=CLASS", help="A narrower cap for a workshop.")
@decision
@_json
def set_confidentiality(
    workshops: tuple[str, ...],
    reason: str | None,
    decided_by: str | None,
    day: str | None,
    as_json: bool,
    **plain: Any,
) -> None:
    """Change how far questions may go. What is not named stays; NAME=none takes a workshop out.

    \b
    Examples:
      affouage pool confidentiality set --default collective --reason "Members widen it themselves"
      affouage pool confidentiality set --most trusted --decided-by "The assembly" --reason "..."
      affouage pool confidentiality set --workshop health=local --reason "It stays in the house"

    It counts for questions asked from then on. Exit status 2 for a rule that could not be applied.
    """
    with _opened() as book:
        before: ConfidentialityRules = book.charter.in_force("confidentiality").value
        new: dict[str, Any] = {name: value for name, value in plain.items() if value is not None}
        if workshops:
            new["workshops"] = _with(before.workshops, workshops, _reach)
        _change(book, "confidentiality", before, new, (reason, decided_by, day), as_json)


@contextmanager
def _opened() -> Iterator[RuleBook]:
    """The rules of the home; what its user can mend ends with code 2."""
    with telling(), open_home() as (settings, db):
        clock = SystemClock()
        charter = open_charter(db, clock, ANY_RATES)
        yield RuleBook(settings, db, clock, Calendar(settings.commons.time_zone), charter)


def _change(
    book: RuleBook,
    area: str,
    before: Any,
    new: Mapping[str, Any],
    decided: tuple[str | None, str | None, str | None],
    as_json: bool,
) -> None:
    if not new:
        raise RuleRefused(
            "There is nothing to set.", remedy=f"Examples: affouage pool {area} set --help", code="rule_nothing"
        )
    told = list(decide(book, area, msgspec.structs.replace(before, **new), *decided))
    if not as_json:
        click.echo("\n".join([*told, ""]))
    _echo(book, area, as_json)


def _echo(book: RuleBook, area: str, as_json: bool) -> None:
    current, to_come = book.current(area), book.planned_later(area)
    if as_json:
        nobody = {"area": area, "version": 0, "decided_by": None, "reason": None, "in_force": None}
        shape = book.shape(current) if current else {**nobody, "rule": AREAS[area].default}
        echo_json({**shape, "to_come": [book.shape(one) for one in to_come]})
        return
    language = spoken()
    lines = [*_sentences(book.charter.in_force(area).value, language), ""]
    lines.append(decided_words(book, area, language.gettext(_NAMES[area]), language))
    lines += [to_come_words(book, one, language) for one in to_come]
    click.echo("\n".join(language.typeset(line) for line in lines))


def _sentences(value: Any, language: Language) -> tuple[str, ...]:
    if isinstance(value, ShareRules):
        return share_sentences(value, language)
    return confidentiality_sentences(value, language)


def _with(before: Mapping[str, Any], asked: Sequence[str], read: Callable[[str], Any]) -> dict[str, Any]:
    """``NAME=VALUE``, or ``NAME=none`` for a name that goes. Raises RuleRefused."""
    now = dict(before)
    for text in asked:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise RuleRefused(
                f"{text!r:.60} is not NAME=VALUE.",
                remedy="For instance desk=200; desk=none to take it out.",
                code="rule_pair",
                text=text[:60],
            )
        if value == "none":
            now.pop(name, None)
        else:
            now[name] = read(value)
    return now


def _check_roles(weights: Mapping[str, int]) -> None:
    """A role that nobody has would weigh nothing, in silence. Raises RuleRefused."""
    known = [role.value for role in Role]
    for name in weights:
        if name not in known:
            raise RuleRefused(
                f"There is no role {name!r:.40}.",
                remedy=f"Choose among: {', '.join(known)}.",
                code="rule_role",
                text=name[:40],
                known=", ".join(known),
            )


def _percent(text: str) -> int:
    try:
        return int(text.removesuffix("%"))
    except ValueError:
        raise RuleRefused(
            f"{text!r:.40} is no percentage.",
            remedy="Give a whole number: 100 is the usual weight.",
            code="rule_percent",
            text=text[:40],
        ) from None


def _reach(text: str) -> str:
    if text not in REACHES:
        raise RuleRefused(
            f"{text!r:.40} is no confidentiality class.",
            remedy=f"Choose among: {', '.join(REACHES)}.",
            code="rule_reach",
            text=text[:40],
            known=", ".join(REACHES),
        )
    return text


def _period(text: str) -> tuple[str, str]:
    start, dash, end = text.partition("-")
    if not dash:
        raise RuleRefused(
            f"{text!r:.40} is no period of the day.",
            remedy="Write it as 22:00-06:00, or none for no such hours.",
            code="rule_period",
            text=text[:40],
        )
    return read_time(start), read_time(end)
