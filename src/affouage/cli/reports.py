"""``affouage reports``: refused uses, from the machine itself, for whoever has a key that manages their account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from affouage.assembly.access import Scope
from affouage.assembly.member import Member
from affouage.assembly.refused_uses import lot, rows
from affouage.assembly.refused_uses.reports import Reports, months_of, open_reports
from affouage.cli.console import echo_json, open_home, read_document, run, telling
from affouage.cli.language import spoken
from affouage.cli.reading import asked, identified, reader_key, with_reason
from affouage.cli.report_words import case_lines, counts_lines, mine_lines, queue_line, shape_case, shape_mine
from affouage.clock import SystemClock
from affouage.errors import NotAllowed, NotFound
from affouage.footprint.period import Calendar
from affouage.journal import log
from affouage.rulebook import ANY_RATES, open_charter
from affouage.storage import Database

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_why = click.option("--reason", required=True, metavar="TEXT", help="Why: 20 to 2000 characters.")
LARGEST_TEXT = 80_000


@dataclass
class _Here:
    db: Database
    reports: Reports
    months: Calendar
    clock: SystemClock


@contextmanager
def _opened() -> Iterator[_Here]:
    with telling(), open_home() as (settings, db):
        clock, calendar = SystemClock(), Calendar(settings.commons.time_zone)
        charter = open_charter(db, clock, ANY_RATES)
        yield _Here(db, open_reports(db, clock, charter, months_of(calendar)), calendar, clock)


def _me(here: _Here, key: str | None) -> Member:
    """Whoever's key this is: running commands on the machine makes nobody a moderator. Raises NotAllowed."""
    identity = identified(here.db, key, Scope.ACCOUNT, here.clock)
    if identity is None:
        raise NotAllowed(
            "Say who you are: running commands on this machine makes nobody a moderator, nor a member of a panel.",
            remedy="Add --key, with a key that may manage your account (My account, in the pages).",
            code="key_needed",
        )
    return identity.member


@click.group()
def reports() -> None:
    """Refused uses: report one, decide with reasons, appeal, hear an appeal, count.

    Moderators hold a mandate of the assembly; a panel is drawn by lot. Each of them acts with a key that may manage
    their account (--key, or AFFOUAGE_KEY).

    \b
    Examples:
      affouage reports new --receipt rcp_1f0c2a... --line hatred --words "..."
      affouage reports list
      affouage reports show rpt_k3v9x2m7qp4t --reason "I am to decide on it, and nobody else is here"
      affouage reports decide rpt_k3v9x2m7qp4t warning --reason "..."
      affouage reports draw rpt_k3v9x2m7qp4t
      affouage reports counts 2026-11
    """


@reports.command()
@click.option("--receipt", default="", metavar="ID", help="The receipt of the answer; needed without a key.")
@click.option("--line", required=True, metavar="ID", help="The line of the charter it goes against.")
@click.option("--words", required=True, metavar="TEXT", help="What is wrong, in a sentence.")
@click.option("--show", "file", metavar="FILE", help='Show moderators this text ("-": standard input); none if unsaid.')
@reader_key
@_json
def new(receipt: str, line: str, words: str, file: str | None, key: str | None, as_json: bool) -> None:
    """Report an answer, or something made public. Without a key, in nobody's name.

    \b
    --json prints: {"id"}
    """
    with _opened() as here:
        content = "" if file is None else read_document(file, LARGEST_TEXT).decode("utf-8", "replace")
        me = None if key is None else _me(here, key)
        made = run(here.reports.file(me, receipt_id=receipt, line=line, words=words, content=content, address="cli"))
        _told(made, as_json)


@reports.command()
@click.option("--model", required=True, metavar="ID", help="The guard model that the rule of models names.")
@click.option("--receipt", required=True, metavar="ID", help="The receipt of the answer.")
@click.option("--line", required=True, metavar="ID", help="The line of the charter it would go against.")
@click.option("--words", required=True, metavar="TEXT", help="What the model says.")
@_json
def flag(model: str, receipt: str, line: str, words: str, as_json: bool) -> None:
    """Note what a guard model flags, when a vote admitted it. People decide; a model never does.

    \b
    --json prints: {"id"}
    """
    with _opened() as here:
        _told(run(here.reports.flag(model, receipt_id=receipt, line=line, words=words)), as_json)


def _told(report_id: str, as_json: bool) -> None:
    if as_json:
        echo_json({"id": report_id})
    else:
        click.echo(spoken().gettext("Reported: {id}").format(id=report_id))


@reports.command("list")
@click.option("--all", "everything", is_flag=True, help="The closed ones too, newest first.")
@reader_key
@_json
def list_(everything: bool, key: str | None, as_json: bool) -> None:
    """The queue of moderators, oldest first: never what was written, shown, or whom it concerns.

    \b
    --json prints: [{"id", "created_ms", "line", "place", "state", "due_ms", "shows_text", "flagged_by", "party"}, ...]
    "party": it concerns you or you made it, so somebody else decides.
    """
    with _opened() as here:
        found = run(here.reports.queue(_me(here, key), closed=everything))
        if as_json:
            echo_json(found)
            return
        language = spoken()
        for one in found:
            click.echo(queue_line(one, language))
        if not found:
            click.echo(language.gettext("Nothing is waiting."))


@reports.command()
@click.argument("report_id", metavar="ID")
@with_reason
@_json
def show(report_id: str, reason: str | None, key: str | None, as_json: bool) -> None:
    """One report, as a moderator or a panel sees it: with --reason what was written, shown, and whom it concerns.

    The reason is logged and shown to the person concerned; it opens the report for an hour.

    \b
    --json prints: {"report", "opened", "past", "proposed", "choices", "decisions", "sanction", "appeal"}
    "opened" is null until a reason was given: {"words", "content", "subject", "receipt"}
    """
    with _opened() as here:
        me, terms = _me(here, key), here.reports.terms()
        if reason is not None:
            run(here.reports.read(me, report_id, asked(reason)))
        case = run(_case(here.reports, me, report_id))
        if as_json:
            echo_json(shape_case(case))
        else:
            click.echo("\n".join(case_lines(case, terms, spoken())))


async def _case(opened: Reports, me: Member, report_id: str) -> Any:
    """As a member of the panel, else as a moderator."""
    try:
        _, case = await opened.one(me, report_id)
    except NotFound:
        case = None
    return await opened.case(me, report_id) if case is None else case


@reports.command()
@reader_key
@_json
def mine(key: str | None, as_json: bool) -> None:
    """Reports you made, decisions about you with their reasons, appeals you were drawn by lot to hear.

    \b
    --json prints: [{"report", "part", "decisions", "sanction", "may_appeal_until_ms", "opinion"}, ...]
    "part": concerned | reporter | panel
    """
    with _opened() as here:
        found = run(here.reports.mine(_me(here, key)))
        if as_json:
            echo_json([shape_mine(one) for one in found])
            return
        language, terms = spoken(), here.reports.terms()
        for one in found:
            click.echo("\n".join(mine_lines(one, terms, language)))
        if not found:
            click.echo(language.gettext("None."))


@reports.command()
@click.argument("report_id", metavar="ID")
@click.argument("outcome")
@_why
@reader_key
def decide(report_id: str, outcome: str, reason: str, key: str | None) -> None:
    """Decide on ID, having read it: OUTCOME is nothing, noted, or a step of the voted scale that is not too harsh."""
    with _opened() as here:
        run(here.reports.decide(_me(here, key), report_id, outcome, reason))
        click.echo(spoken().gettext("Decided, logged, and told to the person concerned."))


@reports.command()
@click.argument("report_id", metavar="ID")
@_why
@reader_key
def appeal(report_id: str, reason: str, key: str | None) -> None:
    """Appeal against a decision about you: a panel is drawn by lot."""
    with _opened() as here:
        drawn = run(here.reports.appeal(_me(here, key), report_id, reason))
        _ = spoken().gettext
        lifted = _("Nobody was left to sit on a panel: the sanction is lifted.")
        click.echo(_("Your appeal is made: a panel was drawn by lot.") if drawn else lifted)


@reports.command()
@click.argument("report_id", metavar="ID")
@click.argument("opinion", type=click.Choice(("uphold", "overturn")))
@_why
@reader_key
def opinion(report_id: str, opinion: str, reason: str, key: str | None) -> None:
    """On a panel, having read ID: let the decision stand (uphold), or lift the sanction (overturn)."""
    with _opened() as here:
        run(here.reports.give_opinion(_me(here, key), report_id, opinion, reason))
        click.echo(spoken().gettext("Your opinion is kept."))


@reports.command()
@click.argument("report_id", metavar="ID")
@_json
def draw(report_id: str, as_json: bool) -> None:
    """Draw the panel of ID again, from the public log alone. Exit status 1 when it does not come out the same.

    \b
    --json prints: {"report", "log_size", "log_root", "eligible", "places", "again", "same"}
    """
    with _opened() as here:
        told = here.db.read_now(lambda connection: _draw(connection, report_id))
        if as_json:
            echo_json(told)
        else:
            _ = spoken().gettext
            said = _("Places {places} of {eligible}, drawn with the root of the log at size {size}.")
            places = ", ".join(str(one) for one in told["places"]) or "-"
            click.echo(said.format(places=places, eligible=told["eligible"], size=told["log_size"]))
            click.echo(_("Drawn again, it is the same.") if told["same"] else _("Drawn again, it is NOT the same."))
    raise SystemExit(0 if told["same"] else 1)


def _draw(connection: Any, report_id: str) -> dict[str, Any]:
    """Raises NotFound where there was no draw."""
    for leaf in log.of_kind(connection, "panel_draw"):
        public = leaf.public
        if public["report"] == report_id:
            root, wanted = log.root(connection, public["log_size"]), len(public["places"])
            again = lot.places(root, report_id, public["eligible"], wanted)
            same = sorted(public["places"]) == list(again) and public["log_root"] == root.hex()
            return {**public, "again": list(again), "same": same and public["log_size"] <= leaf.seq}
    rows.find(connection, report_id)
    raise NotFound("No panel was drawn for this report.", remedy="Nobody appealed.", code="no_draw")


@reports.command()
@click.argument("month", required=False)
@_json
def counts(month: str | None, as_json: bool) -> None:
    """Decisions of MONTH (2026-11; this one if unsaid), never with their content, groups under five together.

    \b
    --json prints: {"month", "decisions", "rows": [{"line", "outcome", "decisions"}, ...]}
    "decisions" is null for fewer than five in all.
    """
    with _opened() as here:
        counted = run(here.reports.counts(month or here.months.day(here.clock.now_ms())[:7]))
        if as_json:
            echo_json(counted)
        else:
            click.echo("\n".join(counts_lines(counted, here.reports.terms(), spoken())))
