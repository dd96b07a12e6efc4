"""``affouage train sites|slurm|bundle|import|here``: runs that learn on another computer, and come back."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken
from affouage.cli.reading import reader_key
from affouage.cli.train_acting import follow, launched, tell
from affouage.cli.train_bundle_words import imported_lines, site_lines, written_lines
from affouage.cli.train_home import Here, json_option, looked, opened, plain

if TYPE_CHECKING:
    from affouage.assembly.member import Member
    from affouage.training.runs.store import Run
    from affouage.training.runs.trainer import JobLook, Place

_site = click.option("--site", default="", help="Which computer of sites/ (needed when there are several).")


@click.command()
@json_option
def sites(as_json: bool) -> None:
    """The computers run by Slurm that are described here, in sites/NAME.toml of the home.

    \b
    --json prints: [{"name", "account", "partition", "constraint", "time_minutes", "cpus", "gpus", "modules", ...}]

    \b
    Examples:
      affouage train sites
    """
    from affouage.training.site import read_site, read_sites

    with telling(), open_home() as (settings, _):
        found = [read_site(settings.home, name) for name in read_sites(settings.home)]
        folder = settings.home / "sites"
    if as_json:
        echo_json([{"name": name, **plain(site)} for name, site in found])
    else:
        click.echo("\n".join(site_lines(found, folder, spoken())))


@click.command()
@click.argument("name")
@_site
@click.option("--detach", is_flag=True, help="Do not follow it: it goes on by itself.")
@reader_key
@json_option
def slurm(name: str, site: str, detach: bool, key: str | None, as_json: bool) -> None:
    """Have the run NAME learn on the computer SITE, through Slurm. The commons must be on a machine of that computer.

    Its folder must be on a disk that the machines which compute see. It goes back into the queue by itself at its time
    limit, and on from its checkpoint. The rule and its vote hold as on this machine.

    \b
    --json prints: {"run", "name", "state", "why", "how"}

    \b
    Examples:
      affouage train slurm mairie-1 --site mesocentre
      affouage train slurm mairie-1 --detach
    """
    with opened() as here:
        follow(here, _begun(here, name, site, "slurm", here.who(key)), detach, as_json)


@click.command("here")
@click.argument("name")
@click.option("--detach", is_flag=True, help="Do not follow it: it goes on by itself.")
@reader_key
@json_option
def back_here(name: str, detach: bool, key: str | None, as_json: bool) -> None:
    """Have the run NAME learn on this machine again: from the checkpoint that came back, or that Slurm left.

    
    --json prints: {"run", "name", "state", "why", "how"}

    
    Examples:
      affouage train here mairie-1
    """
    with opened() as here:
        follow(here, _moved(here, name, "here", here.who(key)), detach, as_json)


@click.command()
@click.argument("name")
@_site
@click.option(
    "--to",
    type=click.Path(path_type=Path, exists=False),
    help="Copy the archive there (.tar.gz); it stays in the run's folder too.",
)
@reader_key
@json_option
def bundle(name: str, site: str, to: Path | None, key: str | None, as_json: bool) -> None:
    """Write the run NAME as a bundle that a person carries to a public computer, and submits there by hand.

    Everything is in it: texts, base, the code that learns, packages with their fingerprints, the job, a notice in
    French. The texts leave this house with it. Nothing is sent from here, and no password is asked.

    \b
    --json prints: {"run", "name", "state", "path", "sha256", "bytes", "site"}; "path" is null while it waits for a vote

    \b
    Examples:
      affouage train bundle mairie-1 --site jean-zay --to mairie-1.tar.gz
    """
    with opened() as here:
        begun = _begun(here, name, site, "bundle", here.who(key))
        run(launched(here, begun))
        now = here.find(begun.id)
        if now.standing.job is None:
            tell(here, now, as_json)
            return
        told = _copied(here, now, to)
    if as_json:
        echo_json({"run": now.id, "name": now.name, "state": now.state, **told})
    else:
        click.echo("\n".join(written_lines(now, told, spoken())))


@click.command("import")
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@reader_key
@json_option
def import_(name: str, path: Path, key: str | None, as_json: bool) -> None:
    """Bring back what the bundle of the run NAME did elsewhere: PATH is retour-….tar.gz, or the whole folder.

    Settings and texts must be as they left, the model the one that the run says it wrote. A run that was cut may be
    brought back too: it then goes on from its checkpoint, here or in a new bundle.

    \b
    --json prints: {"run", "name", "state", "whole", "step", "steps", "new", "checkpoint", "made", "unlisted",
    "energy_uj", "energy_source", "elapsed_s", "goes", "unreadable", ...}

    \b
    Examples:
      affouage train import mairie-1 retour-mairie-1.tar.gz
    """
    from affouage.training.bundle import import_results
    from affouage.training.runs import asking
    from affouage.training.runs.moving import check_away

    with opened() as here:
        one, who = here.find(name), here.who(key)
        asking.permit(here.db.read_now(lambda connection: asking.rule(connection, here.clock.now_ms())), who)
        check_away(one)
        found = import_results(path, here.training.workplace.run_folder(one).path)
        for _step in ("its end is seen", "its model is put in the catalogue"):
            run(looked(here))
        now = here.find(one.id)
    if as_json:
        told = {"run": now.id, "name": now.name, "state": now.state, "whole": found.whole}
        echo_json({**told, **plain(found)})
    else:
        click.echo("\n".join(imported_lines(now, found, spoken())))


def looked_at(here: Here, one: Run) -> JobLook | None:
    """What its place says of a run at work; None for another, and while the place does not answer."""
    from affouage.errors import AffouageError

    job = one.standing.job
    if job is None:
        return None
    try:
        return asyncio.run(here.training.workplace.trainer(one).look(job))
    except AffouageError:  # `affouage train stop`, which needs it, says what is wrong
        return None


def _begun(here: Here, name: str, site: str, place: Place, who: Member | None) -> Run:
    """Sent to a computer that is described, under the rule."""
    from affouage.training.site import read_site

    known, _ = read_site(here.settings.home, site)
    return _moved(here, name, place, who, known)


def _moved(
    here: Here,
    name: str,
    place: Place,
    who: Member | None,
    site: str = "",
    before: Callable[[Path], None] = lambda _folder: None,
) -> Run:
    """At its place, then started or resumed. ``before`` that: told the run's folder."""
    from affouage.adapters.trainers.elsewhere import send_to
    from affouage.training.runs import asking
    from affouage.training.runs.moving import move

    in_force = here.db.read_now(lambda connection: asking.rule(connection, here.clock.now_ms()))
    asking.permit(in_force, who)

    async def moved() -> Run:
        return await here.db.write(lambda connection: move(connection, name, place))

    one = run(moved())
    before(here.training.workplace.run_folder(one).path)
    if site:
        send_to(here.training.workplace.run_folder(one).path, site)
    if one.state in ("stopped", "failed"):
        return run(here.training.asking.resume(one.id, who))
    if one.state == "running" and place == "bundle":  # it is away already: the same bundle
        return one
    return run(here.training.asking.start(one.id, who))


def _copied(here: Here, one: Run, to: Path | None) -> dict[str, str | int]:
    import hashlib

    from affouage.adapters.trainers.elsewhere import WHERE, archive_of
    from affouage.errors import Conflict
    from affouage.training.bundle.manifest import KEPT

    folder = here.training.workplace.run_folder(one).path
    assert one.standing.job is not None, "a bundle that was written has its name"
    fingerprint = one.standing.job.rpartition("/")[2]
    path = archive_of(folder, fingerprint)
    if to is not None:
        if to.exists():
            raise Conflict(
                f"{to} exists already.", remedy="Give another name: nothing is written over.", code="bundle_target"
            )
        path = Path(shutil.copyfile(path, to))
    digest = hashlib.sha256((folder / KEPT / f"{fingerprint}.json").read_bytes()).hexdigest()
    site = (folder / WHERE).read_text(encoding="utf-8")
    return {"path": str(path), "sha256": digest, "bytes": path.stat().st_size, "site": site}
