"""``affouage train list|status|compare|receipt|export``: what runs are, and what came out of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from affouage.cli.console import echo_json, run
from affouage.cli.language import spoken
from affouage.cli.reading import reader_key
from affouage.cli.train_bundle import looked_at
from affouage.cli.train_bundle_words import look_lines
from affouage.cli.train_home import Here, json_option, looked, opened, plain
from affouage.cli.train_words import compared_lines, how_words, run_line, status_lines
from affouage.errors import BadRequest

if TYPE_CHECKING:
    from affouage.training.runs.store import Run

_svg = click.option("--svg", type=click.Path(path_type=Path), metavar="FILE", help="Also draw the curves into FILE.")


@click.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every run, the newest first.

    \b
    --json prints: [{"run", "name", "state", "kind", "created_ms", "steps", "step", "held_out"}, ...]

    \b
    Examples:
      affouage train list
    """
    from affouage.training.runs import store

    with opened() as here:
        run(looked(here))
        found = [(one, here.training.workplace.story(one)) for one in here.db.read_now(store.all_runs)]
    if as_json:
        echo_json([{**_figures(one, story), "created_ms": one.created_ms} for one, story in found])
        return
    language = spoken()
    for one, story in found:
        click.echo(run_line(one, story, language))
    if not found:
        click.echo(language.gettext("No run yet. Examples: affouage train plan --help"))


@click.command()
@click.argument("name")
@_svg
@json_option
def status(name: str, svg: Path | None, as_json: bool) -> None:
    """Where the run NAME is: its state and why, loss on training and on held-out text, energy so far, time left.

    It says which members have taken back texts that it holds.

    \b
    --json prints: {"run", "name", "state", "standing", "story", "plan", "energy", "left_s", "withdrawn", "how", "look"}
    "look": what its place says of the job now ("state", "why", ...); null when it is not at work.

    \b
    Examples:
      affouage train status mairie-1
      affouage train status mairie-1 --svg courbes.svg
    """
    from affouage.training.runs.story import left_s
    from affouage.web.training.curves import curves

    with opened() as here:
        run(looked(here))
        one = here.find(name)
        story, used = here.training.workplace.story(one), run(here.training.exporting.used_so_far(one))
        withdrawn, how, look = _withdrawn(here, one), _how(here, one), looked_at(here, one)
        if svg is not None:
            _write(svg, curves([(one, story)], spoken()))
    if as_json:
        told = {"run": one.id, "name": one.name, "state": one.state, "place": one.place, "rule": one.rule}
        more = {"standing": one.standing, "story": story, "plan": one.plan, "energy": used}
        echo_json(
            {
                **told,
                **plain(more),
                "look": plain(look),
                "left_s": left_s(story, one.settings),
                "withdrawn": withdrawn,
                "how": how,
            }
        )
    else:
        lines = [*status_lines(one, story, used, withdrawn, how, spoken()), *look_lines(look, spoken())]
        click.echo("\n".join(lines))


@click.command()
@click.argument("names", nargs=2, metavar="A B")
@_svg
@json_option
def compare(names: tuple[str, str], svg: Path | None, as_json: bool) -> None:
    """Two runs side by side: losses, perplexity, energy, and every setting in which they differ.

    \b
    --json prints: [{"run", "name", "state", "settings", "held_out", "perplexity", "energy_uj", "cpu_us", ...}, {...}]

    \b
    Examples:
      affouage train compare mairie-1 mairie-2
      affouage train compare mairie-1 mairie-2 --svg deux.svg
    """
    from affouage.web.training.curves import curves

    with opened() as here:
        run(looked(here))
        runs = [here.find(name) for name in names]
        stories = [here.training.workplace.story(one) for one in runs]
        rows = []
        for one, story in zip(runs, stories, strict=True):
            used = run(here.training.exporting.used_so_far(one))
            energy = {"energy_uj": plain(used.interval_uj), "energy_quality": used.quality}
            rows.append({**_figures(one, story), **energy, "settings": _flat(plain(one.settings))})
        if svg is not None:
            _write(svg, curves(list(zip(runs, stories, strict=True)), spoken()))
    if as_json:
        echo_json(rows)
    else:
        click.echo("\n".join(compared_lines(rows, spoken())))


@click.command()
@click.argument("name")
@json_option
def receipt(name: str, as_json: bool) -> None:
    """The receipt of the run NAME: canonical JSON, whose sha256 is in the public log once the run is over.

    Before that, the receipt as it would be now. Check one: sha256sum of what stands between the braces, both included.

    \b
    --json prints: {"receipt", "sha256", "leaf", "final", "in_log": the entry of the public log says the same hash}

    \b
    Examples:
      affouage train receipt mairie-1
      affouage train receipt mairie-1 | sha256sum
    """
    from affouage.journal import log
    from affouage.training.runs import store
    from affouage.training.runs.receipt import written

    with opened() as here:
        run(looked(here))
        one = here.find(name)
        text = one.receipt or written(run(here.training.exporting.content(one)))[0]
        told = [seen.body for seen in here.db.read_now(lambda c: store.events(c, one.id)) if seen.kind == "receipt"]
        in_log = here.db.read_now(lambda c: log.leaf(c, told[-1]["leaf"]).public["receipt_sha256"]) if told else None
    if not as_json:
        click.echo(text, nl=False)
        return
    import hashlib

    import msgspec

    sha256 = hashlib.sha256(text.encode()).hexdigest()
    final, leaf = one.receipt is not None, told[-1]["leaf"] if told else None
    content = msgspec.json.decode(text)
    echo_json({"receipt": content, "sha256": sha256, "leaf": leaf, "final": final, "in_log": sha256 == in_log})


@click.command()
@click.argument("name")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@reader_key
@json_option
def export(name: str, folder: Path | None, key: str | None, as_json: bool) -> None:
    """Put what the run NAME made into the catalogue, with its receipt; and all of it into FOLDER when one is given.

    A run that ends by itself is put there by itself: this does it again, after what stood in the way. FOLDER gets the
    GGUF file, the safetensors, the tokenizer, the card and the receipt. Nothing is uploaded anywhere.

    \b
    --json prints: {"run", "name", "state", "model", "files": [...]}

    \b
    Examples:
      affouage train export mairie-1
      affouage train export mairie-1 ~/mairie-1
    """
    with opened() as here:
        here.who(key)
        run(looked(here))
        one = here.find(name)
        if one.state == "done":
            one = run(here.training.exporting.finish(one))
        files = run(here.training.exporting.copy_to(one, folder)) if folder is not None else []
    language = spoken()
    if as_json:
        told = {"run": one.id, "name": one.name, "state": one.state, "model": one.name}
        echo_json({**told, "files": [str(path) for path in files]})
        return
    if one.state != "exported":
        click.echo(language.gettext("Nothing has come out of this run yet."))
        raise SystemExit(2)
    click.echo(language.gettext("{name} is in the catalogue: affouage models show {name}").format(name=one.name))
    for path in files:
        click.echo(f"  {path}")


def _write(path: Path, drawing: str) -> None:
    """Raises BadRequest for a place that cannot be written."""
    try:
        path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{drawing}\n', encoding="utf-8")
    except OSError as refused:
        raise BadRequest(f"{path} cannot be written: {refused.strerror}.", remedy="Give another place.") from refused


def _figures(one: Run, story: Any) -> dict[str, Any]:
    seen = story.evaluated
    return {
        "run": one.id,
        "name": one.name,
        "state": one.state,
        "kind": one.settings.kind,
        "steps": one.settings.steps,
        "step": story.step,
        "tokens": story.tokens,
        "held_out": None if story.best is None else story.best[1],
        "perplexity": None if seen is None else seen.perplexity,
        "recited": None if seen is None else seen.recited,
        "french": None if seen is None else seen.french,
        "cpu_us": story.cpu_us,
    }


def _flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    """``{"shape": {"layers": 2}}`` -> ``{"shape.layers": 2}``."""
    found: dict[str, Any] = {}
    for name, said in value.items():
        if isinstance(said, dict):
            found |= _flat(said, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = said
    return found


def _how(here: Here, one: Run) -> str:
    """What would admit a run that waits for a vote."""
    from affouage.training.runs import asking

    if one.state != "asked":
        return ""
    in_force = here.db.read_now(lambda connection: asking.rule(connection, here.clock.now_ms()))
    return how_words(one, in_force, spoken())


def _withdrawn(here: Here, one: Run) -> list[str]:
    """Members who have taken back texts that this run's corpus holds; none where corpora are not kept here."""
    from affouage.training.runs.corpora import taken_back

    return asyncio.run(asyncio.to_thread(taken_back, here.settings.home, one.corpus_sha256))
