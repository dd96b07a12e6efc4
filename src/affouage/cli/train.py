"""``affouage train``: runs of training, planned, started, followed, told."""

from __future__ import annotations

import click

from affouage.cli.train_acting import give_up, resume, start, stop
from affouage.cli.train_bundle import back_here, bundle, import_, sites, slurm
from affouage.cli.train_demo import demo
from affouage.cli.train_node import node
from affouage.cli.train_planning import plan
from affouage.cli.train_reading import compare, export, list_, receipt, status
from affouage.cli.train_rule import rule


@click.group()
def train() -> None:
    """Train a model on a corpus of your own: plan, start, status, stop, resume, compare, receipt, export.

    They live in training/ of the home. A serving commons drives and meters them; without one, the command does, and
    their energy is an estimate. A run goes on when a command or the commons ends.

    \b
    Examples:
      affouage train plan mairie-1 --corpus mairie --layers 4
      affouage train start mairie-1
      affouage train status mairie-1 --svg courbes.svg
      affouage train stop mairie-1
      affouage train resume mairie-1
      affouage train compare mairie-1 mairie-2
      affouage train receipt mairie-1
    """


for _command in (
    demo,
    plan,
    start,
    stop,
    resume,
    give_up,
    list_,
    status,
    compare,
    receipt,
    export,
    rule,
    sites,
    slurm,
    node,
    bundle,
    import_,
    back_here,
):
    train.add_command(_command)
