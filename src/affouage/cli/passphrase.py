"""The passphrase of a sealed file: typed, or from the environment or a file; never among the words of a command."""

from __future__ import annotations

import os
import sys

import click

from affouage.cli.console import read_document
from affouage.cli.language import spoken
from affouage.errors import BadRequest

VARIABLE = "AFFOUAGE_PASSPHRASE"
LEAST = 12
_LARGEST_BYTES = 4096

option = click.option(
    "--passphrase-file",
    metavar="FILE",
    help=f'Its passphrase is the first line of FILE ("-": input); or {VARIABLE}; or it is asked.',
)


def new(file: str | None) -> str:
    """One to seal with, asked twice. Raises BadRequest ``backup_passphrase_short``, ``backup_passphrase_needed``."""
    found = _given(file) or _asked(twice=True)
    if len(found) < LEAST:
        raise BadRequest(
            f"A passphrase needs at least {LEAST} characters: whoever finds the file can try as many as they like.",
            remedy="Five words drawn by chance are easy to keep and hard to guess.",
            code="backup_passphrase_short",
            least=LEAST,
        )
    return found


def known(file: str | None) -> str:
    """One that was chosen before. Raises BadRequest ``backup_passphrase_needed``."""
    return _given(file) or _asked(twice=False)


def _given(file: str | None) -> str:
    if file is not None:
        text = read_document(file, _LARGEST_BYTES).decode("utf-8", "replace")
        return text.partition("\n")[0].rstrip("\r")
    return os.environ.get(VARIABLE, "")


def _asked(*, twice: bool) -> str:
    if not sys.stdin.isatty():
        raise BadRequest(
            "This takes a passphrase, and nobody is there to type it.",
            remedy=f"Set {VARIABLE}, or give --passphrase-file FILE.",
            code="backup_passphrase_needed",
        )
    _ = spoken().gettext
    typed: str = click.prompt(
        _("Passphrase"), hide_input=True, confirmation_prompt=_("Again") if twice else False, err=True
    )
    return typed
