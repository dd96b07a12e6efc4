"""``affouage train node``: a run that learns on a machine of the pool, lent for it by its owner."""

from __future__ import annotations

import click

from affouage.cli.language import spoken
from affouage.cli.reading import reader_key
from affouage.cli.train_acting import follow
from affouage.cli.train_bundle import _moved
from affouage.cli.train_home import json_option, opened
from affouage.errors import Conflict


@click.command()
@click.argument("name")
@click.argument("machine")
@click.option("--detach", is_flag=True, help="Do not follow it: it goes on by itself.")
@reader_key
@json_option
def node(name: str, machine: str, detach: bool, key: str | None, as_json: bool) -> None:
    """Have the run NAME learn on MACHINE, a machine of the pool whose owner lends it for training.

    Settings, texts and a base go there sealed; the machine learns with its own program, after everybody it answers.
    What it made comes back, is checked, and is deleted there. Whoever looks after that machine can read the texts.
    The commons must serve (affouage up). The rule and its vote hold as on this machine.

    \b
    --json prints: {"run", "name", "state", "why", "how"}

    \b
    Examples:
      affouage train node mairie-1 atelier
      affouage train node mairie-1 "PC of the library" --detach
    """
    from affouage.adapters.trainers.lent import send_to_machine
    from affouage.pool.nodes import decisions
    from affouage.storage.home import in_use

    with opened() as here:
        record = here.db.read_now(lambda connection: decisions.find(connection, machine))
        if not record.serves:
            raise Conflict(
                f"{record.name} is {record.state}: it serves nobody.",
                remedy="Choose another: affouage node list",
                code="training_machine",
                name=record.name,
            )
        one, who = here.find(name), here.who(key)
        begun = _moved(here, name, "node", who, before=lambda folder: send_to_machine(folder, record.id))
        if not in_use(here.settings.home) and not as_json:
            click.echo(spoken().gettext("It leaves once the commons serves: affouage up"), err=True)
            detach = True
        follow(here, begun, detach or one.state == "running", as_json)
