"""``affouage node give`` and ``affouage node given``: models of the commons to machines of members."""

from __future__ import annotations

from typing import Any

import click

from affouage.assembly.held import iso_utc
from affouage.catalogue.store import ModelStore
from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.errors import Conflict, NotFound, UnknownModel
from affouage.pool.nodes import decisions
from affouage.pool.nodes.gifts import Gift, Gifts
from affouage.settings import Settings
from affouage.storage import Database
from affouage.web.format import size
from affouage.web.language import N_, Language

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")

_STATES = {"given": N_("to be sent"), "coming": N_("on its way"), "kept": N_("arrived"), "refused": N_("not taken")}

_PROBLEMS = {
    "model_not_found": N_("its catalogue, or this commons, has no such model"),
    "model_file_refused": N_("not the file that its catalogue knows; what had arrived was deleted"),
    "not_lent": N_("its owner does not lend this model"),
    "owner_stopped": N_("stopped by its owner; what had arrived is kept"),
    "pull_failed": N_("its disk has no room for it"),
    "home_read_only": N_("its disk cannot be written"),
    "conflict": N_("another program there is getting the same model"),
}


@click.command()
@click.argument("name")
@click.argument("model")
@click.option("--stop", is_flag=True, help="Send it no more; what has arrived stays there.")
@as_json
def give(name: str, model: str, stop: bool, as_json: bool) -> None:
    """Send the file of MODEL, installed here, to the machine NAME.

    It goes through the pool, sealed, while the server runs and the machine is there; a cut or a stop on either side
    delays it and loses nothing. The machine takes it only if its own catalogue knows the model, checks the whole file
    before using it, and refuses it if its owner does not lend that model or its disk is too full.

    \b
    Examples:
      affouage node give "PC of the library" smollm3-3b
      affouage node give n_abcdefgh2345 smollm3-3b --json
      affouage node give "PC of the library" smollm3-3b --stop
    \b
    --json prints: {"node_id", "node", "model_id", "given"}
    """
    with telling(), open_home() as (settings, database):
        node = database.read_now(lambda c: decisions.find(c, name))
        gifts = Gifts(database, SystemClock())
        if stop:
            _take_back(gifts, node.id, model)
        else:
            if node.state in ("refused", "revoked"):
                raise Conflict(
                    "This machine was refused or revoked: nothing is sent to it.",
                    remedy="Invite it again: affouage node invite",
                    code="node_closed",
                )
            _check_installed(settings, model)
            run(gifts.give(node.id, model))
    if as_json:
        echo_json({"node_id": node.id, "node": node.name, "model_id": model, "given": not stop})
        return
    _ = spoken().gettext
    said = _("{model} will no longer be sent to {node}.") if stop else _("{model} will be sent to {node}.")
    click.echo(said.format(model=model, node=node.name))
    if not stop:
        click.echo(_("To see how far it is: affouage node given"))


def _check_installed(settings: Settings, model_id: str) -> None:
    if ModelStore(settings.models_dir).find(model_id) is None:
        raise UnknownModel(
            f"The model {model_id!r:.80} is not installed on this machine.",
            remedy=f"affouage models pull {model_id:.80}",
            model=model_id[:80],
        )


def _take_back(gifts: Gifts, node_id: str, model_id: str) -> None:
    if not run(gifts.take_back(node_id, model_id)):
        raise NotFound("This model was not given to this machine.", remedy="affouage node given shows what was.")


@click.command()
@as_json
def given(as_json: bool) -> None:
    """List the models that were given to machines, and how far each is.

    \b
    Examples:
      affouage node given
      affouage node given --json
    \b
    --json prints: [{"node_id", "node", "model_id", "state", "done_bytes", "size_bytes", "problem", "given",
    "changed"}, ...]
    "state": given (to be sent), coming, kept, refused. "size_bytes" is null when the model is no longer here.
    """
    with telling(), open_home() as (settings, database):
        rows = [_shape(one, settings, database) for one in run(Gifts(database, SystemClock()).all())]
    if as_json:
        echo_json(rows)
        return
    language = spoken()
    if not rows:
        click.echo(language.gettext("No model was given to any machine. To give one: affouage node give NAME MODEL"))
    for row in rows:
        click.echo(_in_words(row, language))


def _shape(gift: Gift, settings: Settings, database: Database) -> dict[str, Any]:
    model = ModelStore(settings.models_dir).find(gift.model_id)
    return {
        "node_id": gift.node_id,
        "node": database.read_now(lambda c: decisions.by_id(c, gift.node_id)).name,
        "model_id": gift.model_id,
        "state": gift.state,
        "done_bytes": gift.done_bytes,
        "size_bytes": model.size_bytes if model else None,
        "problem": gift.problem,
        "given": iso_utc(gift.given_ms),
        "changed": iso_utc(gift.changed_ms),
    }


def _in_words(row: dict[str, Any], language: Language) -> str:
    _ = language.gettext
    how = _(_STATES[row["state"]])
    if row["problem"]:
        reason = _PROBLEMS.get(row["problem"])
        how += f" ({_(reason) if reason else row['problem']})"
    elif row["state"] == "coming" and row["size_bytes"]:
        so_far = _("{done} of {whole}")
        how += (
            " (" + so_far.format(done=size(row["done_bytes"], language), whole=size(row["size_bytes"], language)) + ")"
        )
    return f"{row['node']}  {row['model_id']}  {how}"
