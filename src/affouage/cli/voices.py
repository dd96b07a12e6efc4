"""``affouage models add-voice``: an adapter of a model that is here becomes a model of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from affouage import settings as settings_of
from affouage.catalogue.card import MOST_SCALE, Licence
from affouage.catalogue.openness import Openness, Say
from affouage.catalogue.store import ModelStore
from affouage.catalogue.voice import Voice
from affouage.catalogue.voice import add_voice as add
from affouage.cli.console import echo_json, telling
from affouage.cli.language import spoken


@click.command("add-voice")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--base", required=True, metavar="ID", help="The installed model that it was trained on.")
@click.option("--id", "voice_id", required=True, metavar="ID", help="Its own id (lower-case words joined by -).")
@click.option("--name", required=True, metavar="NAME", help="The name people read.")
@click.option("--licence", required=True, metavar="SPDX", help="Its licence, an SPDX identifier.")
@click.option("--publisher", metavar="WHO", default="not stated", help="Who made it.")
@click.option(
    "--scale",
    type=click.FloatRange(0, MOST_SCALE),
    default=1.0,
    show_default=True,
    help="How strongly it changes its base, unless a request says otherwise.",
)
@click.option("--good-at", metavar="SENTENCE", help="What it is good at, in the language of the collective.")
@click.option("--bad-at", metavar="SENTENCE", help="What it is bad at.")
@click.option("--trained-by", metavar="RECEIPT", help="Receipt of the run that made it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
def add_voice(
    file: Path,
    base: str,
    voice_id: str,
    name: str,
    licence: str,
    publisher: str,
    scale: float,
    good_at: str | None,
    bad_at: str | None,
    trained_by: str | None,
    as_json: bool,
) -> None:
    """Add a voice: FILE is an adapter (LoRA, GGUF) of a model that is installed. It is checked against it first.

    Members then ask it under its own id, the assembly admits or refuses it as it does any model, and receipts name it
    with its scale and its base. A commons that runs loads it when its base is next idle.

    \b
    Examples:
      affouage models add-voice adapter.gguf --base smollm3-3b --id mairie --name "Voix de la mairie" --licence MIT
      affouage models add-voice adapter.gguf --base smollm3-3b --id mairie-douce --name "Voix douce" \\
        --licence MIT --scale 0.5
    """
    _ = spoken().gettext
    with telling():
        settings = settings_of.read()
        store = ModelStore(settings.models_dir, settings.home / "cards")
        voice = Voice(
            id=voice_id,
            name=name,
            base=base,
            licence=Licence(licence),
            publisher=publisher,
            scale=scale,
            openness=Openness(),
            good_at=(Say(good_at, good_at),) if good_at else (),
            bad_at=(Say(bad_at, bad_at),) if bad_at else (),
            trained_by=trained_by,
        )
        with click.progressbar(length=100, label=_("checking"), file=sys.stderr) as bar:
            there = add(
                settings.home,
                file,
                voice,
                store=store,
                on_bytes=lambda done, total: bar.update(100 * done // max(total, 1) - bar.pos),
            )
    if as_json:
        told = {"id": there.id, "base": base, "scale": scale, "path": str(there.path), "sha256": there.sha256}
        echo_json({**told, "size_bytes": there.size_bytes, "header": msgspec.to_builtins(there.header)})
        return
    click.echo(
        _("{id} is a voice of {base}, at scale {scale:g}: {path}").format(
            id=there.id, base=base, scale=scale, path=there.path
        )
    )
    click.echo(_("sha256 {sha256}, {size} bytes").format(sha256=there.sha256, size=there.size_bytes))
