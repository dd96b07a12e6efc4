"""``affouage node run``, ``status``, ``pause``, ``resume``, ``set``: what the owner does on the machine he lends."""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
from typing import Any

import click
import msgspec

from affouage import settings as settings_of
from affouage.adapters.buses.pool_bus import need_extra
from affouage.cli import owner_words
from affouage.cli.console import echo_json, telling
from affouage.cli.console import run as run_async
from affouage.cli.language import spoken
from affouage.cli.log_lines import write_log
from affouage.cli.members import as_json
from affouage.errors import BadRequest
from affouage.pool.nodes.identity import Enrolled, read_identity
from affouage.pool.nodes.node_state import Ended, Tally, read_state
from affouage.pool.nodes.policy import read_hours, read_models, with_changes
from affouage.pool.nodes.policy_file import KeptPolicy, PolicyFile
from affouage.storage.home import in_use


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each event, for programs.")
def run(as_json: bool) -> None:
    """Serve the commons this machine joined, within what you lend. Ctrl-C finishes what runs; twice stops at once.

    It opens connections outwards only; nobody can open one to it. Each request it served is a line: how much, never
    what. What you lend is set meanwhile, from another terminal, with `affouage node set`, `pause` and `resume`.

    \b
    --json prints lines: {"event": "started" | "connected" | "cut" | "served" | "stopping" | "stopped", ...}

    \b
    Examples:
      affouage node run
      affouage node run --json >> served.jsonl
    """
    with telling():
        need_extra()
        settings = settings_of.read()
        write_log(settings.log)
    owner: _Terminal = _Lines() if as_json else _Terminal()
    try:
        run_async(_serve(settings, owner))
    except (KeyboardInterrupt, asyncio.CancelledError):
        owner.stopped()
        raise SystemExit(130) from None
    owner.stopped()


async def _serve(settings: settings_of.Settings, owner: _Terminal) -> None:
    from affouage.node_app import serve_node

    leaving, loop, work = asyncio.Event(), asyncio.get_running_loop(), asyncio.current_task()

    def stop(signal_number: signal.Signals) -> None:
        if not leaving.is_set():
            leaving.set()
        elif signal_number == signal.SIGINT and work is not None:  # asked twice
            loop.remove_signal_handler(signal.SIGINT)
            work.cancel()

    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(one, stop, one)
    await serve_node(settings, owner, leaving)


class _Terminal:
    """What the owner reads while his machine serves."""

    def starts(self, enrolled: Enrolled, models: tuple[str, ...]) -> None:
        _ = spoken().gettext
        said = _("{name} serves {commons}. It lends: {models}")
        commons = enrolled.commons_name or enrolled.commons_url
        _say(said.format(name=enrolled.name, commons=commons, models=", ".join(models) or _("no model yet")))
        if not models:
            _say(
                _(
                    "It can answer nothing yet. To fetch a model: affouage models pull MODEL. Or a steward sends one,"
                    " from the commons: affouage node give {name} MODEL"
                ).format(name=shlex.quote(enrolled.name))
            )
        _say(_("Ctrl-C to stop."))

    def link(self, connected: bool, problem: str) -> None:
        _ = spoken().gettext
        if connected:
            _say(_("Connected to the commons."))
        else:
            _say(_("The commons cannot be reached; trying again… ({why})").format(why=problem))

    def ended(self, ended: Ended) -> None:
        _say(owner_words.ended_in_words(ended, spoken()))

    def leaves(self, running: int) -> None:
        if not running:
            return
        said = spoken().ngettext(
            "Stopping: {n} request is finished first. Ctrl-C again stops at once.",
            "Stopping: {n} requests are finished first. Ctrl-C again stops at once.",
            running,
        )
        _say(said.format(n=running))

    def stopped(self) -> None:
        _say(spoken().gettext("Stopped."))


class _Lines(_Terminal):
    """The same for programs, a line each."""

    def starts(self, enrolled: Enrolled, models: tuple[str, ...]) -> None:
        _line("started", node=enrolled.node_id, name=enrolled.name, commons=enrolled.commons_url, models=list(models))

    def link(self, connected: bool, problem: str) -> None:
        _line("connected") if connected else _line("cut", problem=problem)

    def ended(self, ended: Ended) -> None:
        _say(msgspec.json.encode(owner_words.ended_shape(ended)).decode())

    def leaves(self, running: int) -> None:
        _line("stopping", running=running)

    def stopped(self) -> None:
        _line("stopped")


@click.command()
@as_json
def status(as_json: bool) -> None:
    """What this machine lends, whether it serves now, and what it has served.

    \b
    --json prints: {"name", "commons", "running", "lent": {"paused", "owner_first", "hours", "power_cap_w", "models",
      "max_share_percent", "training"}, "now": {"connected", "closed", "running", "watts", "models",
      "waiting_blocks", "learning"} or null,
      "since_start": {"requests", "own", "failed", "decoded_tokens", "energy_wh"} or null, "in_all": {...}}

    \b
    Examples:
      affouage node status
      affouage node status --json
    """
    with telling():
        home = settings_of.read().home
        enrolled, kept, state = read_identity(home), PolicyFile(home).now(), read_state(home)
    serving = in_use(home) and state is not None
    now = state if serving else None
    in_all = Tally() if state is None else state.in_all
    if as_json:
        echo_json(
            {
                "name": None if enrolled is None else enrolled.name,
                "commons": None if enrolled is None else enrolled.commons_url,
                "running": serving,
                "lent": owner_words.lent_shape(kept),
                "now": None if now is None else owner_words.state_shape(now),
                "since_start": None if now is None else owner_words.tally_shape(now.since_start),
                "in_all": owner_words.tally_shape(in_all),
            }
        )
        return
    language = spoken()
    _ = language.gettext
    if enrolled is None:
        click.echo(_("This machine has not joined any commons: affouage node join INVITATION"))
    else:
        commons = enrolled.commons_name or enrolled.commons_url
        said = _("{name}, lent to {commons}") if enrolled.state == "approved" else _("{name} asks to join {commons}")
        click.echo(said.format(name=enrolled.name, commons=commons))
    if enrolled is not None and enrolled.state != "approved":
        click.echo(_("No steward has approved it yet. To wait for it: affouage node join"))
    elif enrolled is not None and now is None:
        click.echo(_("It does not serve now. To serve: affouage node run"))
    rows = [] if now is None else owner_words.state_in_words(now, language)
    rows.append((_("in all"), owner_words.served(in_all, language)))
    _echo_rows([*rows, *owner_words.lent_in_words(kept, language)])


@click.command()
@as_json
def pause(as_json: bool) -> None:
    """Serve nobody but yourself from now on. What runs is finished.

    \b
    --json prints: {"paused", "owner_first", "hours", "power_cap_w", "models", "max_share_percent",
      "training"}

    \b
    Examples:
      affouage node pause
    """
    _change({"paused": True}, as_json)


@click.command()
@as_json
def resume(as_json: bool) -> None:
    """Serve others again, within your hours and your power cap.

    \b
    --json prints: {"paused", "owner_first", "hours", "power_cap_w", "models", "max_share_percent",
      "training"}

    \b
    Examples:
      affouage node resume
    """
    _change({"paused": False}, as_json)


@click.command(name="set")
@click.option("--hours", help="When it serves others: 20:00-07:00, several with commas; always for no limit.")
@click.option("--power-cap", metavar="WATTS|none", help="No new request of others above these watts; none for no cap.")
@click.option("--models", help="Only these, with commas between; all for all it has.")
@click.option("--max-share", type=int, metavar="PERCENT", help="How much of it may serve others at once, 0 to 100.")
@click.option("--owner-first/--no-owner-first", default=None, help="Your own requests pass before all others on it.")
@click.option("--training", type=click.Choice(["on", "off"]), help="Lend it for runs of training too; off by default.")
@as_json
def set_(
    hours: str | None,
    power_cap: str | None,
    models: str | None,
    max_share: int | None,
    owner_first: bool | None,
    training: str | None,
    as_json: bool,
) -> None:
    """Set what you lend; what is not said stays as it is. A machine at work obeys within a second.

    \b
    --json prints: {"paused", "owner_first", "hours", "power_cap_w", "models", "max_share_percent",
      "training"}

    \b
    Examples:
      affouage node set --hours 20:00-07:00 --power-cap 120
      affouage node set --models qwen2.5-coder-1.5b-instruct --max-share 50
      affouage node set --hours always --power-cap none --models all
      affouage node set --training on
    """
    with telling():
        given: dict[str, object] = {}
        if hours is not None:
            given["hours"] = read_hours(hours)
        if power_cap is not None:
            given["power_cap_w"] = _watts(power_cap)
        if models is not None:
            given["models"] = read_models(models)
        if max_share is not None:
            given["max_share_percent"] = max_share
        if owner_first is not None:
            given["owner_first"] = owner_first
        if not given and training is None:
            raise BadRequest(
                "There is nothing to change.",
                remedy="Say what: affouage node set --help",
                code="lent_nothing_said",
            )
    _change(given, as_json, None if training is None else training == "on")


def _watts(text: str) -> float | None:
    if text.strip().lower() in ("none", "aucun", ""):
        return None
    try:
        return float(text.strip().lower().removesuffix("w").strip().replace(",", "."))
    except ValueError:
        raise BadRequest(
            f"{text!r:.40} is no number of watts.", remedy="Write a number: 120. For no cap: none.", code="lent_policy"
        ) from None


def _change(given: dict[str, object], as_json: bool, training: bool | None = None) -> None:
    def changed(kept: KeptPolicy) -> KeptPolicy:
        policy = with_changes(kept.policy, **given)
        return msgspec.structs.replace(kept, policy=policy, training=kept.training if training is None else training)

    with telling():
        home = settings_of.read().home
        kept = PolicyFile(home).change(changed)
    if as_json:
        echo_json(owner_words.lent_shape(kept))
        return
    language = spoken()
    _echo_rows(owner_words.lent_in_words(kept, language))
    if not in_use(home):
        click.echo(language.gettext("Kept for when this machine serves: affouage node run"))


def _echo_rows(rows: list[tuple[str, str]]) -> None:
    wide = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{wide}}  {value}")


def _line(event: str, **more: Any) -> None:
    _say(msgspec.json.encode({"event": event, **more}).decode())


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()
