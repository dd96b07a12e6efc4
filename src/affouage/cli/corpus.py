"""``affouage corpus``: texts for training, from a recipe to a corpus whose every document has a licence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click

from affouage import settings as settings_of
from affouage.cli.console import echo_json, telling
from affouage.cli.corpus_display import BuildDisplay
from affouage.cli.corpus_reading import licence, show, verify
from affouage.cli.corpus_words import build_lines, withdrawn_lines
from affouage.cli.language import spoken
from affouage.clock import SystemClock
from affouage.errors import BadRequest
from affouage.sheets.age import today_utc
from affouage.storage.home import prepare
from affouage.training.corpus.place import Slurm
from affouage.training.corpus.recipe import Consent, Source
from affouage.training.corpus.store import Corpora, builds_with

if TYPE_CHECKING:
    from affouage.training.corpus.building import Built, Submitted

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group()
def corpus() -> None:
    """Texts for training, each with its licence: new, add, build, show, licence, withdraw, verify.

    A recipe says which texts, and what is done to them.

    They live in corpora/ of the home. What may not be used is refused and counted: licences that do not permit it,
    sites that reserve their texts, members who took their consent back.

    \b
    Examples:
      affouage corpus new council
      affouage corpus add council ~/Documents/council --licence etalab-2.0
      affouage corpus add council crawl.warc.gz --licence LicenseRef-tdm-exception
      affouage corpus build council
      affouage corpus show council --removed
    """


for _command in (show, licence, verify):
    corpus.add_command(_command)


@contextmanager
def _home() -> Iterator[Path]:
    with telling():
        home = settings_of.read().home
        prepare(home)
        yield home


@corpus.command()
@click.argument("name")
@_json
def new(name: str, as_json: bool) -> None:
    """Write a recipe called NAME, with comments, to be completed.

    \b
    --json prints: {"name", "recipe": path of the file}
    """
    with _home() as home:
        language = spoken()
        file = resources.files("affouage.cli").joinpath(f"corpus_recipe.{language.code}.toml")
        path = Corpora(home).create(name, file.read_text(encoding="utf-8"))
        if as_json:
            echo_json({"name": name, "recipe": str(path)})
            return
        click.echo(language.gettext("Its recipe is {path}").format(path=path))
        told = language.gettext("Now add texts: affouage corpus add {name} SOURCE --licence LICENCE")
        click.echo(told.format(name=name))


@corpus.command()
@click.argument("name")
@click.argument("at", metavar="SOURCE")
@click.option("--licence", "stated", default="", metavar="LICENCE", help="SPDX name, of documents that state none.")
@click.option("--name", "called", metavar="NAME", help="What the source is called; made of SOURCE if unsaid.")
@click.option(
    "--kind",
    type=click.Choice(["folder", "sheets", "warc", "jsonl", "parquet", "text"]),
    help="What it is; seen from its name if unsaid.",
)
@click.option("--attribution", default="", metavar="TEXT", help="Whom the licence asks to name.")
@click.option("--day", metavar="YYYY-MM-DD", help="Day of documents that tell none.")
@click.option("--member", metavar="NAME", help="A member whose own texts these are, who consents.")
@click.option("--consent-day", metavar="YYYY-MM-DD", help="Since when they consent; today if unsaid.")
@click.option("--segments", is_flag=True, help="SOURCE is a list of files, one a line (Common Crawl's warc.paths.gz).")
@click.option("--base", default="", metavar="ADDRESS", help="Address or folder that the list's names are under.")
@click.option("--most-segments", type=click.IntRange(min=1), metavar="N", help="Take the first N of the list alone.")
@click.option("--robots", multiple=True, metavar="WARC", help="More WARC files, read for their robots.txt alone.")
@click.option("--text", default="text", metavar="COLUMN", help="Where the text is (jsonl, parquet).")
@_json
def add(
    name: str,
    at: str,
    stated: str,
    called: str | None,
    kind: str | None,
    attribution: str,
    day: str | None,
    member: str | None,
    consent_day: str | None,
    segments: bool,
    base: str,
    most_segments: int | None,
    robots: tuple[str, ...],
    text: str,
    as_json: bool,
) -> None:
    """Add SOURCE to the recipe of NAME: a file, a folder, an https address, or collection:ID of the library.

    Folders of documents (PDF, ODT, DOCX, HTML, text), archives of official sheets, WARC and WET files, shards in
    jsonl (.gz, .zst, .xz) or Parquet, plain text and tars of it. Nothing is read before the build.

    \b
    --json prints: the source, as the recipe has it

    \b
    Examples:
      affouage corpus add council collection:particuliers --licence etalab-2.0
      affouage corpus add novels texts.tar.xz --licence LicenseRef-public-domain
      affouage corpus add web warc.paths.gz --segments --base https://data.commoncrawl.org/ --most-segments 2 \\
        --licence LicenseRef-tdm-exception
      affouage corpus add council ~/letters --member "Jeanne Moreau"
    """
    with _home() as home:
        corpora = Corpora(home)
        source = _source(
            corpora,
            name,
            at,
            called,
            kind,
            {
                "licence": stated,
                "attribution": attribution,
                "day": day,
                "segments": segments,
                "base": base,
                "most_segments": most_segments,
                "robots": robots,
                "text": text,
                "consent": _consent(member, consent_day),
            },
        )
        corpora.add(name, source)
        if as_json:
            echo_json(source)
        else:
            _ = spoken().gettext
            told = _("{source} ({kind}) is in the recipe of {name}.")
            click.echo(told.format(source=source.name, kind=source.kind, name=name))
            if not source.licence and not source.consent and not at.startswith("collection:"):
                click.echo(_("It states no licence: documents that state none of their own will be refused."))


def _consent(member: str | None, day: str | None) -> Consent | None:
    today = today_utc(SystemClock().now_ms()).isoformat()
    return Consent(member=member, day=day or today) if member else None


def _source(
    corpora: Corpora, name: str, at: str, called: str | None, kind: str | None, more: dict[str, object]
) -> Source:
    import msgspec

    from affouage.training.corpus.planning import COLLECTION, is_address, kind_of

    plain = not is_address(at) and not at.startswith(COLLECTION)
    place = str(Path(at).expanduser().absolute()) if plain else at
    if plain and not Path(place).exists():
        raise BadRequest(
            f"There is no {place}.",
            remedy="Give a file, a folder or an address.",
            code="corpus_no_such_file",
            path=place,
        )
    known = {one.name for one in corpora.recipe(name).source}
    fields = {
        "name": called or _free(_slug(at), known),
        "kind": kind or ("warc" if more["segments"] else kind_of(place)),
        "at": place,
        **{key: value for key, value in more.items() if value is not None},
    }
    try:
        return msgspec.convert(fields, Source)
    except msgspec.ValidationError as wrong:
        raise BadRequest(
            f"This is no source: {wrong}.",
            remedy="See: affouage corpus add --help",
            code="corpus_source_wrong",
            why=str(wrong),
        ) from wrong


def _slug(at: str) -> str:
    last = at.rstrip("/").rpartition("/")[2].removeprefix("collection:").split(".")[0].lower()
    return re.sub(r"[^a-z0-9]+", "-", last).strip("-")[:34] or "source"


def _free(name: str, known: set[str]) -> str:
    others = (f"{name}-{number}" for number in range(2, 10_000))
    return name if name not in known else next(one for one in others if one not in known)


@corpus.command()
@click.argument("name")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes; all cores but one if unsaid.")
@click.option("--slurm", is_flag=True, help="Have it built by Slurm's machines, which share this disk.")
@click.option("--account", default="", metavar="NAME", help="Whom Slurm counts it to.")
@click.option("--partition", default="", metavar="NAME", help="Where Slurm runs it.")
@click.option("--time", "time_", default="01:00:00", metavar="HH:MM:SS", help="What each of its jobs may take.")
@click.option("--memory", default="2G", metavar="2G", help="Memory of each of its tasks.")
@_json
def build(
    name: str,
    workers: int | None,
    slurm: bool,
    account: str,
    partition: str,
    time_: str,
    memory: str,
    as_json: bool,
) -> None:
    """Build the corpus NAME by its recipe. What it was before stays until the new one is whole.

    Broken off, it goes on with the same command from the files that were read. With --slurm, jobs are submitted; the
    same command tells, later, how they do, and takes the result. Addresses are fetched here, before.

    \b
    --json prints: {"build": {"path", "manifest"}, "again", "resumed"}, or {"jobs", "work"} with --slurm

    \b
    Examples:
      affouage corpus build council
      affouage corpus build web --slurm --account abc@cpu --partition cpu_p1 --time 02:00:00
    """
    from affouage.training.corpus.building import Builder, Submitted

    display = BuildDisplay()
    with _home() as home:
        builder = Builder(
            home,
            name,
            SystemClock(),
            local_hosts=settings_of.read().outward.hosts,
            on_bytes=display.downloaded,
            on_progress=display.built,
        )
        try:
            if slurm:
                if not partition:
                    raise BadRequest(
                        "Slurm is told where to run it.", remedy="Add --partition.", code="corpus_partition"
                    )
                asked = Slurm(partition=partition, time=time_, account=account, memory=memory)
                done: Built | Submitted = builder.on_slurm(asked)
            else:
                done = builder.here(workers=workers or 0)
        except KeyboardInterrupt:
            display.end()
            told = spoken().gettext("Stopped. What was read is kept: the same command goes on from there.")
            click.echo(told, err=True)
            raise SystemExit(130) from None
        finally:
            display.end()
        if isinstance(done, Submitted):
            _tell_submitted(done, as_json)
        elif as_json:
            row = {"path": str(done.build.path), "manifest": done.build.manifest}
            echo_json({"build": row, "again": done.again, "resumed": done.resumed})
        else:
            click.echo("\n".join(build_lines(done.build, spoken(), again=done.again)))


def _tell_submitted(done: Submitted, as_json: bool) -> None:
    if as_json:
        echo_json({"jobs": done.jobs, "work": str(done.work)})
        return
    told = spoken().gettext("With Slurm: jobs {jobs}. The same command tells how they do.")
    click.echo(told.format(jobs=", ".join(done.jobs)))


@corpus.command()
@click.argument("name")
@click.argument("member")
@click.option("--day", metavar="YYYY-MM-DD", help="Day on which they took it back; today if unsaid.")
@click.option("--erase", is_flag=True, help="Delete the texts of the builds of NAME that hold them.")
@_json
def withdraw(name: str, member: str, day: str | None, erase: bool, as_json: bool) -> None:
    """Note that MEMBER takes back the consent for their texts in NAME: no later build holds them.

    Builds that hold them stay as they are, for runs refer to them; they are listed. With --erase their texts are
    deleted, all of them, and what is known of them stays: manifests, lists of documents.

    \b
    --json prints: {"member", "day", "builds": [{"corpus", "sha256", "documents", "current", "erased"}, ...]}
    """
    with _home() as home:
        now_ms = SystemClock().now_ms()
        noted = day or today_utc(now_ms).isoformat()
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", noted):
            raise BadRequest(f"“{noted}” is no day.", remedy="Write it YYYY-MM-DD.", code="corpus_day", day=noted)
        corpora = Corpora(home)
        corpora.withdraw(name, member, day=noted, now_ms=now_ms)
        for one in builds_with(home, member) if erase else ():
            if one.corpus == name and not one.erased:
                corpora.erase(name, one.sha256, member=member, now_ms=now_ms)
        found = builds_with(home, member)
        if as_json:
            echo_json({"member": member, "day": noted, "builds": found})
        else:
            click.echo("\n".join(withdrawn_lines(name, member, noted, found, spoken())))
