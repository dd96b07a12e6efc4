"""What members decided, and the log that proves it: founded or not, whole or not. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import Engine, func, select

from affouage.cli.checks import Finding, ok, problem, warning
from affouage.settings import Settings
from affouage.web.language import N_

LEAVES_MOST = 20_000
"""Beyond, computing the whole log again takes more than some seconds: `affouage journal verify` does it."""


SILENT_MS = 30 * 86_400_000
"""A witness that cosigned nothing for so long keeps watch no more."""


def check_decisions(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """Of a commons whose database is there and up to date; else nothing."""
    from affouage.storage.database import begun, make_engine
    from affouage.storage.schema import is_newest

    if not begun(settings.database_place):
        return
    with closing(_Closing(make_engine(settings.database_place))) as held:
        if is_newest(held.engine):
            yield from _look(held.engine, settings)
            yield from _check_witnesses(held.engine, now_ms)


def _look(engine: Engine, settings: Settings) -> Iterator[Finding]:
    from affouage.assembly.charter import founded
    from affouage.rulebook.lowerings import lowerings
    from affouage.storage.tables import member

    with engine.connect() as connection:
        persons = select(func.count()).select_from(member).where(member.c.role != "commons")
        people = connection.execute(persons).scalar_one()
        if founded(connection):
            yield ok("decisions", N_("The assembly is founded: rules change by votes."))
        elif people > 1:
            yield warning(
                "decisions",
                N_("No assembly is founded: whoever looks after the machine decides for {people} people."),
                N_("Found it: page /assembly, or `affouage assembly found --list`."),
                people=people,
            )
    lowered = lowerings(settings)
    if lowered:
        names = ", ".join(one.setting for one in lowered)
        yield warning(
            "decisions",
            N_("The settings take something away from the rules: {names}."),
            N_("It shows on /commons."),
            names=names,
        )
    yield _check_log(engine)


def _check_log(engine: Engine) -> Finding:
    from affouage.cli.journal import hooks
    from affouage.journal import log
    from affouage.journal.verify import problems

    with engine.connect() as connection:
        size = log.size(connection)
        if size > LEAVES_MOST:
            return ok(
                "public log",
                N_("{size} entries, not computed again here: `affouage journal verify` does it."),
                size=size,
            )
        wrong = next(iter(problems(connection, key=None, hooks=hooks())), None)
    if wrong is not None:
        return problem(
            "public log", N_("It does not hold: {wrong}."), N_("See `affouage journal verify`."), wrong=wrong
        )
    return ok("public log", N_("{size} entries: it holds, and rules, votes and mandates agree with it."), size=size)


def _check_witnesses(engine: Engine, now_ms: int) -> Iterator[Finding]:
    """Who keeps our checkpoints: without them nobody outside would see the past put back. Whose we keep, and how."""
    from affouage.assembly.charter import founded
    from affouage.journal.witness_rows import all_of

    with engine.connect() as connection:
        ours, theirs, decides = all_of(connection, "ours"), all_of(connection, "theirs"), founded(connection)
    if decides and not ours:
        yield warning(
            "witnesses",
            N_("Nobody outside keeps the checkpoints of the public log: it could be put back unseen."),
            N_("Ask another collective to watch it: docs/reference/journal.md."),
        )
    for one in ours:
        if one.seen_ms is None or now_ms - one.seen_ms > SILENT_MS:
            yield warning(
                "witnesses",
                N_("{name} has cosigned nothing for a month."),
                N_("Ask them; what they cosign is added by `affouage journal cosign add`."),
                name=one.name,
            )
        else:
            yield ok("witnesses", N_("{name} keeps watch over the public log."), name=one.name)
    for one in theirs:
        if one.problem == "unreachable":
            yield warning(
                "witnesses",
                N_("The log of {name} cannot be reached."),
                "affouage journal witness check",
                name=one.name,
            )
        elif one.problem:
            yield problem(
                "witnesses",
                N_("The log of {name} does not go on from what it was ({problem})."),
                N_("Keep both checkpoints, and tell both collectives: affouage journal witness list"),
                name=one.name,
                problem=one.problem,
            )


class _Closing:
    """An engine that ``closing`` lets go of."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def close(self) -> None:
        self.engine.dispose()
