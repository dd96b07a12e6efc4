"""Where the books are, in words, and how far a move of them is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click

from affouage.archive.moving import Moved
from affouage.archive.placing import setting_lines
from affouage.cli.language import spoken
from affouage.web import format as wording
from affouage.web.language import Language

_STEP_ROWS = 20_000


class Copying:
    """How far a move is: a line that moves on a terminal, nothing elsewhere."""

    def __init__(self, *, terminal: bool | None = None) -> None:
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._language = spoken()
        self._told = ("", 0)

    def __call__(self, table: str, done: int, total: int) -> None:
        name, before = self._told
        if not self._terminal or (name == table and done - before < _STEP_ROWS):
            return
        self._told = (table, done)
        line = self._language.gettext("{table}: {done} of {total} rows").format(
            table=table, done=wording.whole(done, self._language), total=wording.whole(total, self._language)
        )
        click.echo(f"\r\x1b[K{line}", nl=False, err=True)

    def end(self) -> None:
        """Leave the line."""
        if self._terminal and self._told[0]:
            self._told = ("", 0)
            click.echo("\r\x1b[K", nl=False, err=True)


def told_shown(found: dict[str, Any], language: Language) -> Iterator[str]:
    """Where they are and what is in them; tables without a row are left out."""
    _ = language.gettext
    yield _("Place: {place}").format(place=found["place"])
    kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[found["kind"]]
    yield _("{kind} {version}; size: {size}; schema {schema}").format(
        kind=kind,
        version=found["version"],
        size=wording.size(found["bytes"], language),
        schema=found["schema"],
    )
    for name, count in found["rows"].items():
        if count:
            yield f"  {name:<24} {wording.whole(count, language):>14}"


def told_moved(moved: Moved, url: str, language: Language) -> Iterator[str]:
    """What was moved, whether it holds, and what is still to be done."""
    _ = language.gettext
    rows = wording.whole(sum(one.rows for one in moved.tables.values()), language)
    yield _("Moved to {place}: {rows} rows, read back and compared.").format(place=moved.place, rows=rows)
    if moved.ledger.problems:
        yield _("The ledger does NOT hold: {problem}").format(problem=moved.ledger.problems[0])
    else:
        yield _("The ledger holds; entries: {entries}.").format(entries=moved.ledger.entries)
    for problem in moved.log_problems:
        yield _("The public log does NOT hold: {problem}").format(problem=problem)
    if not moved.log_problems:
        yield _("The public log holds; entries: {entries}.").format(entries=moved.log_entries)
    if moved.setting == "by_hand":
        yield _("One thing is left to do: write this in settings.toml, and put affouage.db elsewhere.")
        yield from (f"  {line}" for line in setting_lines(url).strip().splitlines())
        return
    if moved.setting == "written":
        yield _("settings.toml names the new place.")
    yield _("The file is now {path}: keep it until you are sure.").format(path=moved.before)
    yield _("To start: affouage up")
