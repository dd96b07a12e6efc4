"""``affouage corpus show``, ``licence``, ``verify``: what was built, from what, under which terms."""

from __future__ import annotations

import click

from affouage import settings as settings_of
from affouage.cli.console import echo_json, telling
from affouage.cli.corpus_words import (
    build_lines,
    corpus_line,
    fault_lines,
    licence_lines,
    removed_lines,
    table_lines,
)
from affouage.cli.language import spoken
from affouage.training.corpus import licences
from affouage.training.corpus.store import Corpora, find_build
from affouage.training.corpus.verifying import verify as verified

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_build = click.option("--build", "sha256", default="", metavar="SHA256", help="Another one than the last.")


@click.command()
@click.argument("name", required=False)
@_build
@click.option("--removed", is_flag=True, help="Also list what did not enter, with the reason of each.")
@_json
def show(name: str | None, sha256: str, removed: bool, as_json: bool) -> None:
    """Show the last build of NAME: documents, splits, licences, removals by step and reason. All corpora if unsaid.

    \b
    --json prints: [{"name", "builds", "current"}, ...] without NAME; else {"path", "manifest", "builds", "removed"}
    """
    with telling():
        home = settings_of.read().home
        corpora = Corpora(home)
        language = spoken()
        if name is None:
            rows = [_row(corpora, one) for one in corpora.names()]
            if as_json:
                echo_json(rows)
            else:
                lines = [corpus_line(one, corpora.current(one), language) for one in corpora.names()]
                click.echo("\n".join(lines) or language.gettext("There is no corpus yet: affouage corpus new NAME"))
            return
        build = find_build(home, name, sha256)
        listed = list(build.removed()) if removed else []
        if as_json:
            builds = [one.manifest.sha256 for one in corpora.builds(name)]
            echo_json({"path": str(build.path), "manifest": build.manifest, "builds": builds, "removed": listed})
            return
        click.echo("\n".join(build_lines(build, language)))
        for line in removed_lines(listed, language):
            click.echo(line)


def _row(corpora: Corpora, name: str) -> dict[str, object]:
    current = corpora.current(name)
    builds = [one.manifest.sha256 for one in corpora.builds(name)]
    return {"name": name, "builds": builds, "current": current.manifest.sha256 if current else None}


@click.command()
@click.argument("name", required=False)
@_build
@_json
def licence(name: str | None, sha256: str, as_json: bool) -> None:
    """Under which licences the documents of NAME are, and whom to name. The table of licences if unsaid.

    \b
    --json prints: {"licences", "sources", "overrides"} of NAME; without it [{"id", "training", "because", ...}, ...]
    """
    with telling():
        language = spoken()
        if name is None:
            if as_json:
                echo_json(licences.table())
            else:
                click.echo("\n".join(table_lines(licences.table(), language)))
            return
        manifest = find_build(settings_of.read().home, name, sha256).manifest
        if as_json:
            echo_json({"licences": manifest.licences, "sources": manifest.sources, "overrides": manifest.overrides})
        else:
            click.echo("\n".join(licence_lines(manifest, language)))


@click.command()
@click.argument("name")
@_build
@_json
def verify(name: str, sha256: str, as_json: bool) -> None:
    """Compute the hashes and counts of the last build of NAME again. Exit status 1 when something does not hold.

    \b
    --json prints: {"sha256", "holds", "faults": [{"what", "detail"}, ...]}
    """
    with telling():
        build = find_build(settings_of.read().home, name, sha256)
        faults = verified(build)
        if as_json:
            echo_json({"sha256": build.manifest.sha256, "holds": not faults, "faults": faults})
        else:
            click.echo("\n".join(fault_lines(build, faults, spoken())))
    raise SystemExit(1 if faults else 0)
