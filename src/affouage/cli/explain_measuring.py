"""``affouage explain evaluate``: how well a file of questions is answered, kept as a dated report."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

from affouage import __version__
from affouage.cli.console import echo_json, open_home, read_document, run, telling
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.errors import NotFound
from affouage.settings import Settings
from affouage.sheets.sheet import MEMBERS, PUBLIC
from affouage.storage import Database

if TYPE_CHECKING:
    from affouage.sheets.library import Library
    from affouage.sheets.sheet import Collection
    from affouage.workshops.explain.evaluate import Outcome, Question, Write
    from affouage.workshops.explain.explain import Explain
    from affouage.workshops.explain.report import CollectionStamp, Report

LARGEST_FILE = 50_000_000
ALL_MEMBERS = frozenset((PUBLIC, MEMBERS))
"""What any member may read: collections kept for some are not measured in public."""


@click.command()
@click.argument("file", metavar="QUESTIONS.jsonl")
@click.option("--model", default="", metavar="ID", help="Have this model write; the sheets' own words if unsaid.")
@click.option("--limit", type=click.IntRange(1), help="Only so many of the questions, drawn at random.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of that draw: the same one draws the same.")
@click.option("--collection", default="", metavar="ID", help="Search this collection alone.")
@click.option("--each", is_flag=True, help="Also print what became of each question, as JSON lines on standard error.")
@click.option("--compare", is_flag=True, help="Exit status 1 when worse than the last accepted report.")
@click.option("--accept", "accepted", is_flag=True, help="Later ones are compared with this one.")
@click.option("--key", envvar="AFFOUAGE_KEY", help="With --model: ask as the member of this API key.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def evaluate(
    file: str,
    model: str,
    limit: int | None,
    seed: int,
    collection: str,
    each: bool,
    compare: bool,
    accepted: bool,
    key: str | None,
    as_json: bool,
) -> None:
    """Answer every question of a file, and count: found, right, wrong, refused, supported.

    Each line is a JSON object: {"id", "question", "expected": [sheet ids], "scope": "dans" or "hors"}; other fields are
    passed over. No server is needed. The report is kept in the home, with the versions of all it was made with.

    \b
    Exit status: 1 with --compare when it is worse than the last accepted report of the same questions by more than two
    questions (or 3 in a hundred, whichever is more), or when a quote is not word for word in its sheet.
    --json prints: {"report", "compared_with", "worse": [{"measure", "before", "now", "tolerance"}]}
    """
    from affouage.workshops.explain.evaluate import drawn, read_questions
    from affouage.workshops.explain.worse import worse_than

    with telling(), open_home() as (settings, db):
        content = read_document(file, LARGEST_FILE)
        questions = drawn(read_questions(content), limit, seed)
        shown = _Shown(len(questions), each)
        began_s = time.monotonic()
        try:
            outcomes, encoder, stamps = run(_answer(settings, db, questions, model, collection, key, shown))
        except KeyboardInterrupt:
            shown.end()
            click.echo(spoken().gettext("Stopped: nothing is kept of this evaluation."), err=True)
            raise SystemExit(130) from None
        shown.end()
        made = _report(content, questions, outcomes, encoder, stamps, model, limit, seed, time.monotonic() - began_s)
        before, kept = run(_keep(db, made, accepted))
    worse = worse_than(before, kept) if before is not None else ()
    if as_json:
        echo_json({"report": kept, "compared_with": before.id if before else None, "worse": worse})
    else:
        from affouage.cli.explain_words import report_lines, worse_lines

        click.echo("\n".join((*report_lines(kept, spoken()), *worse_lines(before, worse, spoken()))))
    raise SystemExit(1 if compare and (worse or kept.quotes_exact < kept.quotes) else 0)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Explain, Library]]:
    """The workshop on the home's library, without a commons: nothing can be generated."""
    from affouage.sheets_room import open_sheets
    from affouage.workshops.explain.explain import Explain

    clock = SystemClock()
    async with open_sheets(settings, clock) as library:
        yield Explain(library, None, clock), library


async def _answer(
    settings: Settings,
    db: Database,
    questions: Sequence[Question],
    model: str,
    collection: str,
    key: str | None,
    shown: _Shown,
) -> tuple[list[Outcome], str, tuple[CollectionStamp, ...]]:
    """What became of each, the encoder, the collections. Raises NotFound when there is nothing to search."""
    from contextlib import AsyncExitStack

    from affouage.workshops.explain.evaluate import answer_all

    async with AsyncExitStack() as stack:
        write = await stack.enter_async_context(_writer(settings, db, model, collection, key)) if model else None
        explain, library = await stack.enter_async_context(opened(settings))
        there = [one for one in await library.collections(ALL_MEMBERS) if collection in ("", one.id)]
        if not any(one.sheets for one in there):
            raise NotFound(
                "There are no sheets to search.",
                remedy="Import some: affouage sheets import official:particuliers",
                code="no_sheets_here",
            )
        outcomes = await answer_all(
            explain, library, questions, ALL_MEMBERS, write=write, collection_id=collection, on_done=shown.done
        )
        first = await library.find(questions[0].question, ALL_MEMBERS, most=1, collection_id=collection)
        return outcomes, first.encoder if first.by_meaning else "", _stamps(there)


@asynccontextmanager
async def _writer(
    settings: Settings, db: Database, model: str, collection: str, key: str | None
) -> AsyncIterator[Write]:
    """The running server of this home, or a commons opened for as long as this is."""
    from affouage.cli.client import reach
    from affouage.workshops.explain.shapes import Explanation, Look

    async with reach(settings, db, key) as client:

        async def write(look: Look) -> Explanation:
            return await client.explain({"question": look.question, "model": model, "collection": collection})

        yield write


async def _keep(db: Database, made: Report, accepted: bool) -> tuple[Report | None, Report]:
    """The last accepted one that can be compared, and this one as it is kept."""
    import msgspec

    from affouage.workshops.explain.reports import Reports

    kept = Reports(db)
    before = await kept.accepted(made)
    return before, await kept.keep(msgspec.structs.replace(made, accepted=accepted))


def _report(
    content: bytes,
    questions: Sequence[Question],
    outcomes: Sequence[Outcome],
    encoder: str,
    stamps: tuple[CollectionStamp, ...],
    model: str,
    limit: int | None,
    seed: int,
    took_s: float,
) -> Report:
    from affouage.workshops.explain.evaluate import halves, styles
    from affouage.workshops.explain.report import Report

    return Report(
        made_ms=SystemClock().now_ms(),
        took_ms=round(took_s * 1000),
        questions_sha256=hashlib.sha256(content).hexdigest(),
        questions=len(questions),
        halves=halves(outcomes),
        styles=styles(outcomes),
        sentences=sum(one.sentences for one in outcomes),
        supported=sum(one.supported for one in outcomes),
        quotes=sum(one.quotes for one in outcomes),
        quotes_exact=sum(one.quotes_exact for one in outcomes),
        affouage=__version__,
        encoder=encoder,
        collections=stamps,
        model=model,
        seed=seed,
        limit=limit,
    )


def _stamps(there: Sequence[Collection]) -> tuple[CollectionStamp, ...]:
    from affouage.workshops.explain.report import CollectionStamp

    return tuple(
        CollectionStamp(id=one.id, name=one.name, source=one.source, sheets=one.sheets, imported_ms=one.imported_ms)
        for one in there
    )


class _Shown:
    """How far it is, on standard error: a line that moves on a terminal, else one every ten seconds."""

    def __init__(self, total: int, each: bool) -> None:
        self._total, self._each = total, each
        self._count, self._told_s = 0, time.monotonic()
        self._terminal = sys.stderr.isatty()

    def done(self, outcome: Outcome) -> None:
        import msgspec

        self._count += 1
        if self._each:
            click.echo(msgspec.json.encode(outcome), err=True)
            return
        line = spoken().gettext("{done} of {total} questions").format(done=self._count, total=self._total)
        if self._terminal:
            click.echo(f"\r\x1b[K{line}", nl=False, err=True)
        elif time.monotonic() - self._told_s > 10:
            self._told_s = time.monotonic()
            click.echo(line, err=True)

    def end(self) -> None:
        if self._terminal and not self._each:
            click.echo("\r\x1b[K", nl=False, err=True)
