"""``affouage doctor``: everything that can be wrong, each with its remedy. It repairs nothing and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping

import click

from affouage.cli.checks import Finding, Status, problem
from affouage.cli.console import echo_json
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.settings import Settings
from affouage.web.language import N_, Language

_MARKS: dict[Status, str] = {"ok": N_("ok"), "warning": N_("warning"), "problem": N_("PROBLEM")}
_CHECKS = (
    N_("machine"),
    N_("python"),
    N_("processor"),
    N_("engine"),
    N_("memory"),
    N_("clock"),
    N_("temporary folder"),
    N_("settings"),
    N_("home"),
    N_("disk"),
    N_("server"),
    N_("port"),
    N_("exposure"),
    N_("address"),
    N_("unit"),
    N_("open files"),
    N_("database"),
    N_("gateways"),
    N_("ledger"),
    N_("administrator"),
    N_("backup"),
    N_("decisions"),
    N_("public log"),
    N_("witnesses"),
    N_("catalogue"),
    N_("model"),
    N_("walls"),
    N_("upstream"),
    N_("footprint"),
    N_("meter"),
    N_("pool"),
    N_("broker"),
    N_("machines"),
    N_("lent machine"),
    N_("sheets"),
)
"""What the findings are about, for translators; an upstream's row adds its own name after it."""

Check = Callable[[], Iterable[Finding]]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def doctor(as_json: bool) -> None:
    """Look at everything that can be wrong here, and say how to mend it.

    Exit status 0: no problem (there may be warnings); 1: at least one problem. Works while the server runs, and with a
    broken database or settings. Each [[upstream]] row is asked for two words. Where there is a pool, its broker is
    reached; on a machine that is lent, its commons; the address that members type, if it is https.

    \b
    --json prints: {"findings": [{"check", "status": "ok|warning|problem", "what", "remedy"}], "problems", "warnings"}

    \b
    Examples:
      affouage doctor
      AFFOUAGE_HOME=/srv/commons affouage doctor --json
    """
    findings: list[Finding] = []
    language = spoken()
    for finding in examine(os.environ, SystemClock().now_ms()):
        findings.append(finding)
        if not as_json:
            click.echo(_line(finding, language))
    problems = sum(one.status == "problem" for one in findings)
    warnings = sum(one.status == "warning" for one in findings)
    if as_json:
        echo_json({"findings": [_as_json(one) for one in findings], "problems": problems, "warnings": warnings})
    else:
        told = language.ngettext("{problems} problem", "{problems} problems", problems).format(problems=problems)
        also = language.ngettext("{warnings} warning", "{warnings} warnings", warnings).format(warnings=warnings)
        click.echo(f"\n{told}, {also}.")
    raise SystemExit(1 if problems else 0)


def examine(environ: Mapping[str, str], now_ms: int) -> Iterator[Finding]:
    """Every check, one after the other. Never raises: what a check could not bear is a finding too."""
    from affouage.cli.checks.house import check_settings
    from affouage.cli.checks.machine import check_machine

    yield from _safely("machine", lambda: check_machine(now_ms))
    settings, found = check_settings(environ)
    yield from found
    for name, check in _checks(settings, environ, now_ms):
        yield from _safely(name, check)


def _checks(settings: Settings, environ: Mapping[str, str], now_ms: int) -> list[tuple[str, Check]]:
    from affouage.cli.checks import answers, backups, decisions, gateways, house, meter, outside, pool, sheets, walls
    from affouage.storage.home import in_use

    checks: list[tuple[str, Check]] = [
        ("home", lambda: house.check_home(settings.home)),
        ("server", lambda: [house.check_server(settings)]),
        ("port", lambda: [] if in_use(settings.home) else [house.check_port(settings.server)]),
        ("exposure", lambda: house.check_exposure(settings.server)),
        ("address", lambda: outside.check_address(settings, now_ms)),
        ("address", lambda: outside.check_broker_certificate(settings, now_ms)),
        ("unit", lambda: outside.check_unit(settings)),
        ("clock", outside.check_time),
        ("open files", lambda: house.check_descriptors(settings.server)),
        ("database", lambda: house.check_database(settings, now_ms)),
        ("gateways", lambda: gateways.check_gateways(settings, now_ms)),
        ("backup", lambda: backups.check_backups(settings, now_ms)),
        ("decisions", lambda: decisions.check_decisions(settings, now_ms)),
        ("catalogue", lambda: answers.check_cards(settings)),
        ("model", lambda: answers.check_model(settings)),
        ("walls", lambda: walls.check_walls(settings)),
        ("upstream", lambda: answers.check_upstreams(settings, environ)),
        ("footprint", lambda: answers.check_footprint(settings.footprint, settings.home)),
        ("meter", lambda: meter.check_meter(settings)),
        ("pool", lambda: pool.check_pool(settings, now_ms)),
        ("lent machine", lambda: pool.check_lent(settings, now_ms)),
        ("sheets", lambda: sheets.check_sheets(settings, now_ms)),
    ]
    return checks


def _safely(name: str, check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as unforeseen:  # a doctor that falls ill helps nobody
        kind = type(unforeseen).__name__
        what, remedy = N_("It could not be examined: {kind}: {reason}."), N_("Report this.")
        yield problem(name, what, remedy, kind=kind, reason=str(unforeseen))


def _as_json(finding: Finding) -> dict[str, str]:
    return {"check": finding.check, "status": finding.status, "what": finding.what, "remedy": finding.remedy}


def _line(finding: Finding, language: Language) -> str:
    _ = language.gettext
    kind, _space, name = finding.check.partition(" ")
    subject = f"{_(kind)} {name}" if kind == "upstream" else _(finding.check)
    what, remedy = finding.told(language)
    line = f"{_(_MARKS[finding.status]):<10}{subject:<18} {what}"
    return f"{line}\n{'':<29}-> {remedy}" if remedy else line
