"""What every command shares: opening the home, printing JSON, ending with 2 and a remedy when the user can mend it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import msgspec

from affouage import settings as settings_of
from affouage.cli.language import spoken
from affouage.cli.sentences import told
from affouage.errors import AffouageError, BadRequest, NotFound
from affouage.settings import Settings
from affouage.storage import Database, open_home_database
from affouage.storage.home import prepare

T = TypeVar("T")


def fail(error: AffouageError) -> NoReturn:
    """Say what is wrong and what would work on stderr, then end with code 2."""
    language = spoken()
    first, *others = told(error, language)
    click.echo(f"{language.typeset('affouage :') if language.code == 'fr' else 'affouage:'} {first}", err=True)
    for line in others:
        click.echo(f"  {line}", err=True)
    raise SystemExit(2)


@contextmanager
def telling() -> Iterator[None]:
    """Turn an AffouageError raised inside into its sentence and exit code 2."""
    try:
        yield
    except AffouageError as error:
        fail(error)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end on a new event loop; an AffouageError becomes exit code 2."""
    with telling():
        return asyncio.run(work)


def echo_json(value: Any) -> None:
    """One JSON document on stdout, indented, for programs (UTF-8 whatever the terminal says)."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def read_document(file: str, largest_bytes: int) -> bytes:
    """The bytes of a file, or of standard input for "-". Raises NotFound, BadRequest."""
    try:
        with sys.stdin.buffer if file == "-" else Path(file).open("rb") as source:
            text = source.read(largest_bytes + 1)
    except (OSError, ValueError) as refused:
        reason = getattr(refused, "strerror", None) or refused
        raise NotFound(f"{file} cannot be read: {reason}.", remedy='Give a JSON file, or "-".') from None
    if len(text) > largest_bytes:
        raise BadRequest(f"{file} is larger than {largest_bytes} bytes.", remedy="Cut it into several files.")
    return text


@contextmanager
def open_home() -> Iterator[tuple[Settings, Database]]:
    """The settings and the database of the home, created if needed; closed at the end.

    Works whether or not a server runs there. Raises SettingsError, HomeReadOnly, DatabaseUnusable.
    """
    settings = settings_of.read()
    prepare(settings.home)
    database = open_home_database(settings)
    try:
        yield settings, database
    finally:
        database.close()
