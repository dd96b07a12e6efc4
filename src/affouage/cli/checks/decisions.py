"""What members decided, and the log that proves it: founded or not, whole or not. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import Engine, func, select

from affouage.cli.checks import Finding, ok, problem, warning
from affouage.settings import Settings

LEAVES_MOST = 20_000
"""Beyond, computing the whole log again takes more than some seconds: `affouage journal verify` does it."""


def check_decisions(settings: Settings) -> Iterator[Finding]:
    """Of a commons whose database is there and up to date; else nothing."""
    from affouage.storage.database import make_engine
    from affouage.storage.schema import HEAD, revision

    if not settings.database_path.exists():
        return
    with closing(_Closing(make_engine(settings.database_path))) as held:
        if revision(held.engine) == HEAD:
            yield from _look(held.engine, settings)


def _look(engine: Engine, settings: Settings) -> Iterator[Finding]:
    from affouage.assembly.charter import founded
    from affouage.rulebook.lowerings import lowerings
    from affouage.storage.tables import member

    with engine.connect() as connection:
        persons = select(func.count()).select_from(member).where(member.c.role != "commons")
        people = connection.execute(persons).scalar_one()
        if founded(connection):
            yield ok("decisions", "The assembly is founded: rules change by votes.")
        elif people > 1:
            yield warning(
                "decisions",
                f"No assembly is founded: whoever looks after the machine decides for {people} people.",
                "Found it: page /assembly, or `affouage assembly found --list`.",
            )
    lowered = lowerings(settings)
    if lowered:
        names = ", ".join(one.setting for one in lowered)
        yield warning(
            "decisions", f"The settings take something away from the rules: {names}.", "It shows on /commons."
        )
    yield _check_log(engine)


def _check_log(engine: Engine) -> Finding:
    from affouage.cli.journal import hooks
    from affouage.journal import log
    from affouage.journal.verify import problems

    with engine.connect() as connection:
        size = log.size(connection)
        if size > LEAVES_MOST:
            return ok("public log", f"{size} entries, not computed again here: `affouage journal verify` does it.")
        wrong = next(iter(problems(connection, key=None, hooks=hooks())), None)
    if wrong is not None:
        return problem("public log", f"It does not hold: {wrong}.", "See `affouage journal verify`.")
    return ok("public log", f"{size} entries: it holds, and rules, votes and mandates agree with it.")


class _Closing:
    """An engine that ``closing`` lets go of."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def close(self) -> None:
        self.engine.dispose()
