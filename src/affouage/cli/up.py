"""``affouage up``: the main job. Serve the commons on this machine, having answered one real question."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import signal
import socket
import sys
from collections.abc import Coroutine
from dataclasses import replace
from importlib import resources
from typing import Any

import click

from affouage import __version__
from affouage.asgi.commons import Commons
from affouage.asgi.server import bind, listening, url_of
from affouage.chat import ChatRequest, Delta, Message, delta_text
from affouage.cli.console import fail
from affouage.cli.language import spoken
from affouage.cli.log_lines import write_log
from affouage.cli.sentences import loading, told
from affouage.errors import AffouageError, EngineLoading, SettingsError
from affouage.inference.answer import ExactPrompt
from affouage.inference.attempt import Asking
from affouage.ledger.receipt import Receipt
from affouage.settings import PoolSettings, Settings, read
from affouage.storage.home import forget_address, note_address


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (8420); the next free one if taken.")
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--no-question", is_flag=True, help="Do not ask the first question.")
@click.option("--offline", is_flag=True, help="Fetch nothing: serve with the models that are here.")
@click.option("--pool", is_flag=True, help="Open a pool too: start a broker that machines of members connect to.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    metavar="N",
    help="Serve with N processes, on PostgreSQL; this machine is then a node of a pool, opened if there is none.",
)
def up(port: int | None, host: str | None, no_question: bool, offline: bool, pool: bool, workers: int) -> None:
    """Serve the commons on this machine and ask it one question.

    The first time, the starter model (1.1 GB) is fetched; stopped half-way, it goes on where it was. Ctrl-C stops.
    State lives in AFFOUAGE_HOME (~/.local/share/affouage by default) and nowhere else.

    \b
    Examples:
      affouage up
      AFFOUAGE_HOME=/srv/commons affouage up --port 9000
      affouage up --offline --no-question
      affouage up --pool                   then: affouage node invite
      affouage up --workers 4              see docs/how-to/run-several-gateways.md
    """
    try:
        settings = read()
        write_log(settings.log)
        server = replace(settings.server, port=port or settings.server.port, host=host or settings.server.host)
        settings = replace(settings, server=server)
        if workers > 1:
            from affouage.cli.up_workers import serve_workers

            run_on_uvloop(serve_workers(settings, workers, ask=not no_question, offline=offline))
        else:
            run_on_uvloop(_serve(settings, ask=not no_question, offline=offline, pool=pool))
    except AffouageError as error:
        fail(error)


def run_on_uvloop(serving: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop
    except ImportError:  # Windows has none
        asyncio.run(serving)
    else:
        uvloop.run(serving)


async def _serve(settings: Settings, *, ask: bool, offline: bool, pool: bool = False) -> None:
    from affouage.app import build_asgi, open_commons

    _ = spoken().gettext
    leaving = on_signals()
    async with open_commons(settings, own_broker=pool) as commons:
        await check_exposure(commons)
        listener = bind(settings.server.host, settings.server.port)
        url = settings.server.public_url or url_of(listener)
        async with listening(build_asgi(commons), listener, settings.server):
            note_address(settings.home, url_of(listener))
            gc.freeze()  # what is loaded stays: walking through it again stopped everybody for some 60 ms now and then
            try:
                say_serving(settings, listener, commons.settings.pool)
                async with asyncio.TaskGroup() as tasks:
                    first = tasks.create_task(first_steps(commons, url, ask=ask, offline=offline), name="first steps")
                    await leaving.wait()
                    say(_("Stopping: answers under way are settled."))
                    first.cancel()
            finally:
                forget_address(settings.home)
                commons.inference.cancel_all()
    say(_("Stopped."))


def say_serving(settings: Settings, listener: socket.socket, pool: PoolSettings) -> None:
    """Where the commons is served, and where machines of members connect (no ``pool.url``: nowhere)."""
    _, wanted, got = spoken().gettext, settings.server.port, listener.getsockname()[1]
    if got != wanted:
        say(_("Port {wanted} is taken; using {got}.").format(wanted=wanted, got=got))
    said = _("affouage {version} is serving on {url}   (state in {home})")
    say(said.format(version=__version__, url=settings.server.public_url or url_of(listener), home=settings.home))
    if pool.url:
        where = pool.public_url or pool.url
        say(_("Machines of members connect to {url}; invite one: affouage node invite").format(url=where))


def on_signals() -> asyncio.Event:
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(one, leaving.set)
    return leaving


async def check_exposure(commons: Commons) -> None:
    """Beyond this machine only behind TLS and with an administrator. Raises SettingsError."""
    settings = commons.settings.server
    if settings.host == "localhost" or _loopback(settings.host):
        return
    if not settings.public_url.startswith("https://") or await commons.accounts.first_administrator_link() is not None:
        raise SettingsError(
            f"Listening on {settings.host} would open this commons to the network.",
            remedy="First create the administrator on 127.0.0.1, put a TLS proxy in front and set server.public_url"
            " to its https:// address.",
            code="exposed",
            host=settings.host,
        )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def first_steps(commons: Commons, url: str, *, ask: bool, offline: bool) -> None:
    """The model, the question, the addresses. What fails here is said; the pages are served all the same."""
    language = spoken()
    _ = language.gettext
    try:
        await _have_model(commons, offline=offline)
        if ask:
            await _ask_first_question(commons)
    except AffouageError as error:
        reason, *others = told(error, language)
        say("\n" + _("No answer yet: {reason}").format(reason=reason))
        say("\n".join(f"  {line}" for line in others))
    link = await commons.accounts.first_administrator_link()
    say("\n" + _("Open {url}").format(url=url))
    if link is not None:
        say(_("First administrator (works once, 24 hours): {url}").format(url=f"{url}{link.path}"))
    say(_("Ctrl-C to stop."))


async def _have_model(commons: Commons, *, offline: bool) -> None:
    model_id = commons.default_model
    there = commons.pool.engines() if commons.several else commons.node.engines()
    if any(engine.model_id == model_id for engine in there):
        return
    from affouage.catalogue.pull import pull
    from affouage.cli.pull_display import PullDisplay

    card = commons.cards().get(model_id)
    if card is None:
        raise SettingsError(
            f"engine.default_model names {model_id!r}, which has no card.",
            remedy="See `affouage models list`.",
            code="no_card",
            model=model_id,
        )
    say(spoken().gettext("The model {name} is not here yet; fetching it (once).").format(name=card.name))
    display = PullDisplay()
    try:
        await pull(card, commons.store, hub_url=commons.settings.hub_url, on_progress=display, offline=offline)
    finally:
        display.end()


async def _ask_first_question(commons: Commons) -> None:
    language, here = commons.settings.commons.language, spoken()
    question = (
        resources.files("affouage.cli").joinpath(f"first_question.{language}.md").read_text(encoding="utf-8").strip()
    )
    title = here.gettext("A first question, by the same way as everybody's:")
    say(f"\n{title}\n\n{_quoted(question)}\n")
    asking = Asking(member_id=(await commons.accounts.commons()).id, door="start-up", language=language)
    request = ChatRequest(
        model=commons.default_model,
        messages=(Message("user", question),),
        max_tokens=160,
        options={"temperature": 0.0, "seed": 1},
    )
    while True:
        try:
            answer = await commons.inference.ask(asking, request)
            break
        except EngineLoading as waking:
            say(loading(waking, here))
            await asyncio.sleep(waking.retry_after_s)
    exact: str | None = None
    async for event in answer.events():
        if isinstance(event, Delta):
            click.echo(delta_text(event), nl=False)
            sys.stdout.flush()
        elif isinstance(event, ExactPrompt):
            exact = event.text
    assert answer.receipt is not None
    _show(answer.receipt, exact)


def _show(receipt: Receipt, exact: str | None) -> None:
    from affouage.cli.receipts import in_words

    language = spoken()
    click.echo("\n")
    if exact is not None:
        title = language.gettext("The exact text the model saw:")
        say(f"{title}\n\n{_quoted(exact)}\n")
    say(in_words(receipt, language))


def _quoted(text: str) -> str:
    return "\n".join(f"  | {line}" for line in text.splitlines())


def say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()
