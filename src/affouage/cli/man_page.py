"""The manual in roff, written from the commands themselves, so that it cannot say something else. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import click

from affouage import __version__
from affouage.cli.installed import paragraphs


def pages(main: click.Group) -> dict[str, str]:
    """File names and texts: ``affouage.1``, and one page for each command with all that is under it."""
    context = click.Context(main, info_name="affouage")
    commands = {}
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        commands[name] = command
    told = {"affouage.1": "\n".join(_first(main, context, commands)) + "\n"}
    for name, command in commands.items():
        told[f"affouage-{name}.1"] = "\n".join(_page(name, command, context)) + "\n"
    return told


def _first(main: click.Group, context: click.Context, commands: dict[str, click.Command]) -> Iterator[str]:
    yield from _head("affouage", main)
    yield from _body(main, context)
    yield ".SH COMMANDS"
    for name, command in commands.items():
        yield from (".TP", f"\\fBaffouage\\-{escaped(name)}\\fR(1)", _line(_sentence(command)))
    yield ".SH ENVIRONMENT"
    for variable, meaning in (
        ("AFFOUAGE_HOME", "The folder where everything is; ~/.local/share/affouage if not set."),
        ("AFFOUAGE_LANG", "fr or en: the language of what is said."),
        ("AFFOUAGE_<TABLE>_<KEY>", "Stands before the same key of settings.toml in the home."),
    ):
        yield from (".TP", f"\\fB{escaped(variable)}\\fR", _line(meaning))
    yield ".SH EXIT STATUS"
    yield _line("0: done. 1: looked at and found wrong. 2: something its user can mend, with the remedy on stderr.")


def _page(name: str, command: click.Command, parent: click.Context) -> Iterator[str]:
    yield from _head(f"affouage-{name}", command)
    yield from _body(command, click.Context(command, info_name=name, parent=parent))
    yield from _under(command, click.Context(command, info_name=name, parent=parent))
    yield from (".SH SEE ALSO", "\\fBaffouage\\fR(1)")


def _head(name: str, command: click.Command) -> Iterator[str]:
    yield f'.TH "{escaped(name.upper())}" "1" "" "affouage {__version__}" "affouage"'
    yield from (".SH NAME", f"{escaped(name)} \\- {escaped(_sentence(command).rstrip('.'))}")


def _body(command: click.Command, context: click.Context) -> Iterator[str]:
    yield from (
        ".SH SYNOPSIS",
        f"\\fB{escaped(context.command_path)}\\fR {_usage(command, context)}",
        ".SH DESCRIPTION",
    )
    yield from _description(command)
    yield from (".SH OPTIONS", *_options(command, context))


def _under(command: click.Command, context: click.Context) -> Iterator[str]:
    """The commands of a group, those of its groups too, each under its whole name."""
    if not isinstance(command, click.Group):
        return
    if context.parent is not None and context.parent.parent is None:
        yield ".SH COMMANDS"
    for name in command.list_commands(context):
        following = command.get_command(context, name)
        assert following is not None
        inner = click.Context(following, info_name=name, parent=context)
        yield f'.SS "{escaped(inner.command_path)} {_usage(following, inner)}"'
        yield from (*_description(following), *_options(following, inner), *_under(following, inner))


def _usage(command: click.Command, context: click.Context) -> str:
    return escaped(" ".join(command.collect_usage_pieces(context)))


def _description(command: click.Command) -> Iterator[str]:
    for literal, text in paragraphs(command.help or ""):
        yield ".PP"
        yield from (".nf", *(_line(one) for one in text.splitlines()), ".fi") if literal else (_line(text),)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1]:
            yield from (".TP", f"\\fB{escaped(record[0])}\\fR", _line(record[1]))


def _sentence(command: click.Command) -> str:
    told = paragraphs(command.help or "")
    return told[0][1].partition(". ")[0] if told else ""


def _line(text: str) -> str:
    """One line of text; what begins like an order of roff is shielded."""
    told = escaped(text)
    return f"\\&{told}" if told.startswith((".", "'")) else told


def escaped(text: str) -> str:
    """No mark of roff is left in it, and a hyphen stays one that can be copied."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
