"""``affouage train start|stop|resume|give-up``: what is done with a run, and following it while it learns."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from affouage.cli.console import echo_json, run
from affouage.cli.language import spoken
from affouage.cli.reading import reader_key
from affouage.cli.train_display import RunDisplay
from affouage.cli.train_home import Here, driven, json_option, looked, opened, plain
from affouage.cli.train_words import ending_lines, how_words

if TYPE_CHECKING:
    from affouage.training.runs.store import Run

_detach = click.option("--detach", is_flag=True, help="Do not follow it: it goes on by itself.")
_END = ("asked", "ready", "stopped", "failed", "exported", "given_up", "planned")
"""States in which following a run has nothing more to show."""


@click.command()
@click.argument("name")
@_detach
@reader_key
@json_option
def start(name: str, detach: bool, key: str | None, as_json: bool) -> None:
    """Start the run NAME: now, in its turn, or once a vote admits it. Then follow it; Ctrl-C leaves it at work.

    It learns after everybody else on this machine, and stands still while somebody is answered. It outlives this
    command and the commons. Without a serving commons nothing is metered: its energy is then an estimate.

    \b
    --json prints: {"run", "name", "state", "why", "how"}

    \b
    Examples:
      affouage train start mairie-1
      affouage train start mairie-1 --detach
    """
    with opened() as here:
        who = here.who(key)
        begun = run(here.training.asking.start(name, who))
        follow(here, begun, detach, as_json)


@click.command()
@click.argument("name")
@_detach
@reader_key
@json_option
def resume(name: str, detach: bool, key: str | None, as_json: bool) -> None:
    """Go on with a run that was stopped, that failed or whose machine went off: from its last checkpoint.

    \b
    --json prints: {"run", "name", "state", "why", "how"}

    \b
    Examples:
      affouage train resume mairie-1
    """
    with opened() as here:
        who = here.who(key)
        follow(here, run(here.training.asking.resume(name, who)), detach, as_json)


@click.command()
@click.argument("name")
@reader_key
@json_option
def stop(name: str, key: str | None, as_json: bool) -> None:
    """Stop the run NAME: it writes a checkpoint first. Whoever asked for it may, and who may ask for runs.

    \b
    --json prints: {"run", "name", "state", "why", "how"}

    \b
    Examples:
      affouage train stop mairie-1
    """
    with opened() as here:
        who = here.who(key)
        asked = run(here.training.asking.stop(name, who))
        follow(here, asked, detach=False, as_json=as_json)


@click.command("give-up")
@click.argument("name")
@reader_key
@json_option
def give_up(name: str, key: str | None, as_json: bool) -> None:
    """Close a run for good: its checkpoints are deleted. What it used is told by its receipt all the same.

    \b
    --json prints: {"run", "name", "state", "why", "how"}

    \b
    Examples:
      affouage train give-up essai-3
    """
    with opened() as here:
        who = here.who(key)
        run(looked(here))
        closed = run(here.training.asking.give_up(name, who))
        run(here.training.exporting.close(closed))
        tell(here, here.find(name), as_json)


def follow(here: Here, begun: Run, detach: bool, as_json: bool) -> None:
    """Until there is nothing more to show; on Ctrl-C it goes on without us."""
    display = RunDisplay()
    try:
        if detach:
            run(launched(here, begun))
        else:
            run(_followed(here, begun, display))
    except KeyboardInterrupt:
        display.end()
        said = spoken().gettext("It goes on by itself: affouage train status {name}, affouage train stop {name}")
        click.echo(said.format(name=begun.name), err=True)
        raise SystemExit(130) from None
    finally:
        display.end()
    tell(here, here.find(begun.id), as_json)


async def launched(here: Here, begun: Run) -> None:
    """Until it works, or cannot."""

    async def begins() -> bool:
        return (await asyncio.to_thread(here.find, begun.id)).state != "queued"

    await driven(here, begins)


async def _followed(here: Here, begun: Run, display: RunDisplay) -> None:
    place = here.training.workplace

    async def over() -> bool:
        now = await asyncio.to_thread(here.find, begun.id)
        look = here.training.following.looks.get(begun.id)
        if look is None and now.standing.job is not None:  # a commons drives it
            look = await place.trainer(now).look(now.standing.job)
        story = await asyncio.to_thread(place.story, now)
        display.show(now, story, _watts(now), look is not None and look.aside)
        return now.state in _END

    await driven(here, over)


def _watts(one: Run) -> float | None:
    """As seen at the calibration."""
    seen = one.plan.watts.interval
    return None if seen is None else float(seen.central)


def tell(here: Here, one: Run, as_json: bool) -> None:
    from affouage.training.runs import asking

    in_force = here.db.read_now(lambda connection: asking.rule(connection, here.clock.now_ms()))
    how = how_words(one, in_force, spoken()) if one.state == "asked" else ""
    if as_json:
        told = plain(one.standing)
        echo_json({"run": one.id, "name": one.name, "state": one.state, "why": told, "how": how})
    else:
        click.echo("\n".join([*ending_lines(one, spoken()), *([f"  {how}"] if how else [])]))
    if one.state == "failed":
        raise SystemExit(2)
