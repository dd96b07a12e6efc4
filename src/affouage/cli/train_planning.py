"""``affouage train plan``: what a run will take, from a short calibration on this machine."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from affouage.cli.console import echo_json, run
from affouage.cli.language import spoken
from affouage.cli.reading import reader_key
from affouage.cli.train_home import Here, json_option, opened, plain
from affouage.cli.train_words import how_words, plan_lines
from affouage.errors import BadRequest, NotFound
from affouage.training.settings import RunSettings

if TYPE_CHECKING:
    from affouage.training.runs.corpora import CorpusFacts
    from affouage.training.runs.plan import Plan

CALIBRATION_S = 10.0


@click.command()
@click.argument("name")
@click.option("--corpus", required=True, metavar="CORPUS", help="Name of a built corpus, or its folder.")
@click.option("--layers", type=int, metavar="N", help="A small model from nothing, of N layers: the one dial.")
@click.option("--lora", metavar="MODEL", help="An adapter on this model of the catalogue.")
@click.option("--continue", "continued", metavar="MODEL", help="All the weights of this model go on learning.")
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), help="Every setting, in a JSON file.")
@click.option("--rank", type=int, default=8, show_default=True, metavar="N", help="Of an adapter: its width.")
@click.option("--epochs", type=float, metavar="N", help="How often the corpus is read.")
@click.option("--steps", type=int, metavar="N", help="Instead of what follows from the corpus.")
@click.option("--sequences", type=int, metavar="N", help="In a pass: fewer take less memory.")
@click.option("--accumulate", type=int, metavar="N", help="Passes in a step: more of them with fewer sequences.")
@click.option("--context", "context_tokens", type=int, metavar="TOKENS", help="Of a sequence.")
@click.option("--rate", "learning_rate", type=float, metavar="RATE", help="Highest learning rate.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="The same seed, the same model.")
@click.option("--threads", type=int, default=0, metavar="N", help="Processors; all but one if unsaid.")
@click.option("--licence", default="", metavar="SPDX", help="Of the model that comes out, by your choice.")
@click.option("--seconds", type=float, default=CALIBRATION_S, show_default=True, help="How long to calibrate.")
@reader_key
@json_option
def plan(
    name: str,
    corpus: str,
    layers: int | None,
    lora: str | None,
    continued: str | None,
    settings_file: Path | None,
    rank: int,
    epochs: float | None,
    seed: int,
    threads: int,
    licence: str,
    seconds: float,
    key: str | None,
    as_json: bool,
    **changed: Any,
) -> None:
    """Plan a run named NAME: steps, hours, kWh, carbon, euros, memory, each with its range, before anything starts.

    It calibrates on this machine for some seconds, on the run's own shapes, then says whether a vote is needed.
    Nothing learns until: affouage train start NAME.

    \b
    --json prints: {"run", "plan", "settings", "needs_vote", "how", "fits", "allowance": [{"limit", "part"}], ...}

    \b
    Examples:
      affouage train plan mairie-1 --corpus mairie --layers 4
      affouage train plan accueil --corpus mairie --lora qwen2.5-coder-1.5b-instruct --epochs 2
      affouage train plan petit --corpus ./build --layers 2 --steps 200 --context 64 --json
    """
    from affouage.training.runs.corpora import corpus_facts

    with opened() as here:
        facts = corpus_facts(corpus_path(here, corpus))
        settings = _settings(facts, layers, lora, continued, settings_file, rank, epochs, seed, threads)
        settings = _changed(settings, {key: said for key, said in changed.items() if said is not None})
        made = run(_planned(here, name, settings, facts, licence, seconds, key))
    if as_json:
        echo_json(made)
    else:
        click.echo("\n".join(plan_lines(made, settings, spoken())))


def corpus_path(here: Here, corpus: str) -> Path:
    """A folder that holds a build, or the last build of a corpus by its name. Raises NotFound."""
    folder = Path(corpus)
    if (folder / "manifest.json").is_file():
        return folder
    from affouage.training.corpus.store import open_build

    return open_build(here.settings.home, corpus).path


def _settings(
    facts: CorpusFacts,
    layers: int | None,
    lora: str | None,
    continued: str | None,
    file: Path | None,
    rank: int,
    epochs: float | None,
    seed: int,
    threads: int,
) -> RunSettings:
    from affouage.training import recipe

    if sum(one is not None for one in (layers, lora, continued, file)) != 1:
        raise BadRequest(
            "Say what is to be trained.",
            remedy="One of: --layers N (from nothing), --lora MODEL (an adapter), --continue MODEL, --settings FILE.",
            code="training_what",
        )
    if layers is not None:
        often = recipe.EPOCHS_WORTH_IT if epochs is None else epochs
        return recipe.derive(layers, corpus_bytes=facts.train_bytes, epochs=often, seed=seed, threads=threads)
    if file is not None:
        return _read_settings(file)
    often = 2.0 if epochs is None else epochs
    base = lora or continued or ""
    adapted = recipe.adapt(base, corpus_bytes=facts.train_bytes, rank=rank, epochs=often, seed=seed, threads=threads)
    if lora is not None:
        return adapted
    return msgspec.structs.replace(adapted, kind="continued", adapter=None, learning_rate=adapted.learning_rate / 10)


def _read_settings(file: Path) -> RunSettings:
    try:
        return msgspec.json.decode(file.read_bytes(), type=RunSettings)
    except (OSError, msgspec.MsgspecError) as wrong:
        raise BadRequest(
            f"{file} holds no settings of a run: {wrong}.", remedy="See docs/reference/training.md.", param="settings"
        ) from wrong


def _changed(settings: RunSettings, changes: dict[str, Any]) -> RunSettings:
    """With what was said on the command line. Raises BadRequest for a figure that cannot be."""
    for field in ("steps", "sequences", "accumulate", "context_tokens", "learning_rate"):
        if field in changes and not changes[field] > 0:
            raise BadRequest(f"{field} cannot be {changes[field]}.", remedy="Give more than 0.", param=field)
    if "steps" in changes:
        steps = changes["steps"]
        changes |= {
            "warmup_steps": min(settings.warmup_steps, max(1, steps // 5)),
            "evaluate_every_steps": max(1, min(settings.evaluate_every_steps, steps // 2 or 1)),
            "checkpoint_every_steps": max(1, min(settings.checkpoint_every_steps, steps // 2 or 1)),
        }
    if "context_tokens" in changes and settings.shape is not None:
        longest = max(settings.shape.context_tokens, changes["context_tokens"])
        changes["shape"] = msgspec.structs.replace(settings.shape, context_tokens=longest)
    return msgspec.structs.replace(settings, **changes)


async def _planned(
    here: Here, name: str, settings: RunSettings, facts: CorpusFacts, licence: str, seconds: float, key: str | None
) -> dict[str, Any]:
    from affouage.training.runs import asking, store
    from affouage.training.runs.plan import fits
    from affouage.training.runs.rules import needs_vote

    place, who = here.training.workplace, await asyncio.to_thread(here.who, key)
    asking.check_name(name)
    await here.db.read(lambda connection: store.check_free(connection, name))
    run_id, base = asking.new_id(), _base_path(here, settings)
    folder = place.folder / run_id
    asking.lay_out(folder, settings, facts.path, base)
    try:
        planned = await _calibrated(here, folder, settings, facts, seconds)
        kept = await here.training.asking.planned(
            run_id=run_id,
            name=name,
            who_id=(await place.collective()) if who is None else who.id,
            place="here",
            settings=settings,
            corpus=facts,
            plan=planned,
            licence=licence,
        )
    except BaseException:  # Ctrl-C among them: a plan that was not kept leaves nothing
        shutil.rmtree(folder, ignore_errors=True)
        raise
    in_force = await here.db.read(lambda connection: asking.rule(connection, here.clock.now_ms()))
    vote = needs_vote(in_force.value, name, planned.kwh_high)
    return {
        "run": kept.id,
        "name": name,
        "corpus": {"name": facts.name, "sha256": facts.sha256, "licences": facts.licences},
        "plan": plain(planned),
        "settings": plain(settings),
        "rule": in_force.facts,
        "needs_vote": vote,
        "allowance": await asyncio.to_thread(_parts_of_allowance, here, planned),
        "how": how_words(kept, in_force, spoken()) if vote else "",
        "fits": fits(planned, place.hardware().memory_bytes),
    }


async def _calibrated(here: Here, folder: Path, settings: RunSettings, facts: CorpusFacts, seconds: float) -> Plan:
    from affouage.adapters.meters.choose import open_meter
    from affouage.adapters.meters.processors import own_programs_us
    from affouage.adapters.trainers.calibrating import calibrate
    from affouage.training.runs.plan import plan as made

    click.echo(
        spoken()
        .gettext("Calibrating on this machine ({seconds} s; some minutes with a large base) ...")
        .format(seconds=f"{seconds:g}"),
        err=True,
    )
    meter = open_meter(here.settings, here.clock, own_programs_us)
    try:
        seen, watts, start_s = await calibrate(folder, seconds, meter)
    finally:
        await meter.close()
    rates, now_ms = here.training.workplace.rates(), here.clock.now_ms()
    return made(settings, seen, watts, rates, held_out_bytes=facts.held_out_bytes, made_ms=now_ms, start_s=start_s)


def _parts_of_allowance(here: Here, planned: Plan) -> list[dict[str, Any]]:
    """Of each limit that a run counts in, the part it would take at the top of its range; none when nobody knows."""
    from affouage.footprint.budget import applying, limit_uj
    from affouage.footprint.impact import MICROJOULES_PER_KWH
    from affouage.footprint.rules import rates_of
    from affouage.ledger.receipt import TRAINING
    from affouage.rulebook import ANY_RATES, open_charter

    if planned.kwh_high is None:
        return []
    rules = open_charter(here.db, here.clock, ANY_RATES).in_force("budget").value
    rates, found = rates_of(here.settings.footprint, here.training.workplace.grid), []
    for limit, _key in applying(rules, member_id=None, workshop=TRAINING):
        most_uj = limit_uj(limit, rates)
        if most_uj:
            part = planned.kwh_high * MICROJOULES_PER_KWH / most_uj
            found.append({"limit": plain(limit), "part": part})
    return found


def _base_path(here: Here, settings: RunSettings) -> Path | None:
    """Raises NotFound ``training_base``."""
    if settings.base is None:
        return None
    there = here.training.workplace.store.find(settings.base)
    if there is None:
        raise NotFound(
            f"The model {settings.base} is not on this machine.",
            remedy=f"affouage models pull {settings.base}",
            code="training_base",
            base=settings.base,
        )
    return there.path
