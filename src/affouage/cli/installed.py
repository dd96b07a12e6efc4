"""What a system keeps beside a command: the completion of its words in a shell, its pages for ``man``."""

from __future__ import annotations

import inspect
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from affouage.cli.console import telling
from affouage.cli.language import spoken
from affouage.errors import BadRequest

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what makes SHELL (bash, zsh or fish) complete the commands and options of affouage.

    \b
    Examples:
      affouage completion bash > ~/.local/share/bash-completion/completions/affouage
      affouage completion zsh > ~/.zfunc/_affouage       with ~/.zfunc in fpath, before compinit
      affouage completion fish > ~/.config/fish/completions/affouage.fish
    """
    from affouage.cli import main

    made = get_completion_class(shell)
    assert made is not None, "one of SHELLS"
    # Not .source(): for bash it would first start one to ask its version, and fail where there is none.
    shaped = made(main, {}, "affouage", "_AFFOUAGE_COMPLETE")
    click.echo(shaped.source_template % shaped.source_vars())


@click.command()
@click.argument("folder", type=click.Path(file_okay=False))
def man(folder: str) -> None:
    """Write the manual into FOLDER: affouage.1 and a page for each command, as `man` reads them.

    \b
    Examples:
      affouage man ~/.local/share/man/man1
      sudo affouage man /usr/local/share/man/man1        then: man affouage
    """
    from affouage.cli import main
    from affouage.cli.man_page import pages

    with telling():
        place = Path(folder)
        written = pages(main)
        try:
            place.mkdir(parents=True, exist_ok=True)
            for name, text in written.items():
                (place / name).write_text(text, encoding="utf-8")
        except OSError as refused:
            raise BadRequest(
                f"{place} cannot be written: {refused.strerror}.",
                remedy="Choose a folder where this user may write.",
                code="not_written",
                param="folder",
            ) from refused
    click.echo(spoken().gettext("Manual pages in {folder}: {count}").format(folder=place, count=len(written)))


def paragraphs(text: str) -> list[tuple[bool, str]]:
    """The paragraphs of a command's help: (as it stands, text). Click marks those that it must not fill with \\b."""
    found = []
    for block in inspect.cleandoc(text).split("\n\n"):
        literal = block.startswith("\b")
        lines = block.removeprefix("\b").strip("\n")
        if lines:
            found.append((literal, lines if literal else " ".join(lines.split())))
    return found
