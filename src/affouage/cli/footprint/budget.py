"""``affouage footprint budget``: the energy allowance in force, where it stands, and changing it with a reason."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from affouage.assembly.accounts import Accounts
from affouage.catalogue.store import ModelStore
from affouage.cli.console import run
from affouage.cli.deciding import decide, decision
from affouage.cli.footprint.in_force import Here, echo, opened
from affouage.cli.footprint.limit_options import limit_options, name_of, read_limits, with_limits, without_limits
from affouage.cli.reading import note_reading, with_reason
from affouage.errors import RuleRefused, UnknownModel
from affouage.footprint.budget import BudgetRules, HoursRules, PotRules
from affouage.footprint.hours import read_time
from affouage.settings import Settings

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group(invoke_without_command=True)
@click.pass_context
def budget(ctx: click.Context) -> None:
    """The energy allowance ("la coupe"): limits that bind, opening hours, who bears standby.

    \b
    Examples:
      affouage footprint budget show
      affouage footprint budget set --commons-day-kwh 2 --member-day-wh 50 --reason "Assembly of 22 November"
      affouage footprint budget set --commons-year-kg 40 --at-full sober --sober-model smollm3-3b --reason "..."
      affouage footprint budget remove member-day-wh --reason "Too tight"
      affouage footprint budget hours 23:00 6:00 --reason "Quiet nights"
      affouage footprint budget pot equal --reason "We keep it on together"
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@budget.command()
@click.option("--member", metavar="NAME", help="Where this member stands too; takes a --reason.")
@with_reason
@_json
def show(member: str | None = None, reason: str | None = None, key: str | None = None, as_json: bool = False) -> None:
    """What is in force, who decided it and why, and how much of each limit is used.

    \b
    --json prints: {"rules": {"budget", "hours", "pot"}, "to_come": [...], "limits": [...]}
    A rule: {"area", "version", "in_force", "decided_by", "reason", "rule"}; version 0 is the default, which nobody
    decided. A limit: {"name", "scope", "span", "unit", "amount", "key", "used", "held", "fraction", "resets"}; "used",
    "held" and "fraction" are null for what each member may use, unless --member names one.
    """
    with opened() as here:
        member_id = run(Accounts(here.db, here.clock).find(member)).id if member else None
        if member_id is not None:
            note_reading(here.db, member_id, "use", reason, key)
        echo(here, member_id, member, as_json)


@budget.command(name="set")
@limit_options
@click.option("--notice-percent", type=int, metavar="N", help="From how much of a limit on a notice is shown (80).")
@click.option("--at-full", type=click.Choice(("refuse", "sober")), help="At 100 %: refuse, or a smaller model answers.")
@click.option("--sober-model", metavar="NAME", help="The smaller model, for --at-full sober.")
@click.option("--exempt", multiple=True, metavar="USE", help="A declared use never refused; may be given again; none.")
@decision
@_json
def set_(
    notice_percent: int | None,
    at_full: str | None,
    sober_model: str | None,
    exempt: tuple[str, ...],
    reason: str | None,
    decided_by: str | None,
    day: str | None,
    as_json: bool,
    **limits: Any,
) -> None:
    """Set limits, and what happens when they are reached. Those that are not named stay.

    \b
    A limit is --SCOPE-SPAN-UNIT AMOUNT:
      SCOPE  commons (standby included), member (each one), workshop (each one, or NAME=AMOUNT for one)
      SPAN   day, month, year
      UNIT   kwh, wh, g or kg (CO2e), eur

    \b
    Examples:
      affouage footprint budget set --commons-day-kwh 2 --reason "Assembly of 22 November"
      affouage footprint budget set --member-day-wh 50 --member-month-wh 800 --reason "Fair share"
      affouage footprint budget set --workshop-month-kwh explain=3 --reason "The desk first"
      affouage footprint budget set --commons-year-kg 40 --commons-month-eur 12 --from 2027-01-01 --reason "2027"
      affouage footprint budget set --exempt accessibility --exempt emergency --reason "Nobody is left out"

    With --at-full sober a commons' limit can be passed, slowly: the smaller model uses energy too. A running server
    applies the change within a second. Exit status 2 for a limit that could not be applied.
    """
    with opened() as here:
        changes: dict[str, Any] = {"notice_percent": notice_percent, "at_full": at_full, "sober_model": sober_model}
        if exempt:
            changes["exempt_uses"] = tuple(use for use in exempt if use != "none")
        given = {name: value for name, value in changes.items() if value is not None}
        new = read_limits(limits)
        if not given and not new:
            raise RuleRefused(
                "There is nothing to set.", remedy="For instance: --commons-day-kwh 2", code="budget_nothing"
            )
        if sober_model:
            _check_installed(here.settings, sober_model)
        rules = msgspec.structs.replace(with_limits(here.charter.in_force("budget").value, new), **given)
        _change(here, "budget", rules, reason, decided_by, day, as_json)


@budget.command()
@click.argument("names", nargs=-1, metavar="LIMIT...")
@click.option("--all", "everything", is_flag=True, help="Every limit.")
@decision
@_json
def remove(
    names: tuple[str, ...],
    everything: bool,
    reason: str | None,
    decided_by: str | None,
    day: str | None,
    as_json: bool,
) -> None:
    """Remove limits, by the names `budget show` gives them.

    \b
    Examples:
      affouage footprint budget remove member-day-kwh --reason "Too tight"
      affouage footprint budget remove workshop-month-kwh=explain --reason "The desk has closed"
      affouage footprint budget remove --all --reason "Start again"
    """
    with opened() as here:
        rules: BudgetRules = here.charter.in_force("budget").value
        if everything:
            names = tuple(name_of(one) for one in rules.limits)
        if not names:
            raise RuleRefused(
                "There is nothing to remove.", remedy="Name a limit: see budget show.", code="budget_nothing"
            )
        _change(here, "budget", without_limits(rules, names), reason, decided_by, day, as_json)


@budget.command()
@click.argument("times", nargs=-1, metavar="[FROM UNTIL]")
@click.option("--always-open", is_flag=True, help="No closing hours any more.")
@decision
@_json
def hours(
    times: tuple[str, ...],
    always_open: bool,
    reason: str | None,
    decided_by: str | None,
    day: str | None,
    as_json: bool,
) -> None:
    """Close every day FROM one time UNTIL another, by the clock on the wall; exempt uses still pass.

    \b
    Examples:
      affouage footprint budget hours 23:00 6:00 --reason "Quiet nights"
      affouage footprint budget hours --always-open --reason "The night shift needs it"
    """
    with opened() as here:
        if always_open == bool(times) or len(times) not in (0, 2):
            raise RuleRefused(
                "Closing hours have a beginning and an end.",
                remedy="Give both (23:00 6:00), or --always-open.",
                code="hours_half",
            )
        rules = HoursRules()
        if times:
            rules = HoursRules(closed_from=read_time(times[0]), closed_until=read_time(times[1]))
        _change(here, "hours", rules, reason, decided_by, day, as_json)


@budget.command()
@click.argument("sharing", type=click.Choice(("kept", "pro_rata", "equal")))
@decision
@_json
def pot(
    sharing: Any,
    reason: str | None,
    decided_by: str | None,
    day: str | None,
    as_json: bool,
) -> None:
    """Who bears standby and losses when a period is closed: the common pot, in proportion to use, or equal parts.

    \b
    Example:
      affouage footprint budget pot equal --reason "We keep it on together"
    """
    with opened() as here:
        _change(here, "pot", PotRules(sharing=sharing), reason, decided_by, day, as_json)


def _change(
    here: Here,
    area: str,
    value: Any,
    reason: str | None,
    decided_by: str | None,
    day: str | None,
    as_json: bool,
) -> None:
    told = list(decide(here, area, value, reason, decided_by, day))
    if not as_json:
        for line in told:
            click.echo(line)
        click.echo("")
    echo(here, None, None, as_json)


def _check_installed(settings: Settings, model_id: str) -> None:
    there = [*(one.id for one in settings.upstreams), *(m.id for m in ModelStore(settings.models_dir).installed())]
    if model_id not in there:
        raise UnknownModel(
            f"The model {model_id!r:.80} is not in this commons.",
            remedy=f"Models here: {', '.join(sorted(there)) or 'none yet'}.",
            model=model_id[:80],
        )
