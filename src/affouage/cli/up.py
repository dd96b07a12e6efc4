"""``affouage up``: the main job. Serve the commons on this machine, having answered one real question."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import signal
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
from affouage.settings import Settings, read
from affouage.storage.home import forget_address, note_address


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (8420); the next free one if taken.")
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--no-question", is_flag=True, help="Do not ask the first question.")
@click.option("--offline", is_flag=True, help="Fetch nothing: serve with the models that are here.")
@click.option("--pool", is_flag=True, help="Open a pool too: start a broker that machines of members connect to.")
def up(port: int | None, host: str | None, no_question: bool, offline: bool, pool: bool) -> None:
    """Serve the commons on this machine and ask it one question.

    The first time, the starter model (1.1 GB) is fetched; stopped half-way, it goes on where it was. Ctrl-C stops.
    State lives in AFFOUAGE_HOME (~/.local/share/affouage by default) and nowhere else.

    \b
    Examples:
      affouage up
      AFFOUAGE_HOME=/srv/commons affouage up --port 9000
      affouage up --offline --no-question
      affouage up --pool                   then: affouage node invite
    """
    try:
        settings = read()
        write_log(settings.log)
        server = replace(settings.server, port=port or settings.server.port, host=host or settings.server.host)
        _run_on_uvloop(_serve(replace(settings, server=server), ask=not no_question, offline=offline, pool=pool))
    except AffouageError as error:
        fail(error)


def _run_on_uvloop(serving: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop
    except ImportError:  # Windows has none
        asyncio.run(serving)
    else:
        uvloop.run(serving)


async def _serve(settings: Settings, *, ask: bool, offline: bool, pool: bool = False) -> None:
    from affouage.app import build_asgi, open_commons

    _ = spoken().gettext
    leaving = _on_signals()
    async with open_commons(settings, own_broker=pool) as commons:
        await _check_exposure(commons)
        listener = bind(settings.server.host, settings.server.port)
        url = settings.server.public_url or url_of(listener)
        async with listening(build_asgi(commons), listener, settings.server):
            note_address(settings.home, url_of(listener))
            gc.freeze()  # what is loaded stays: walking through it again stopped everybody for some 60 ms now and then
            try:
                wanted, got = settings.server.port, listener.getsockname()[1]
                if got != wanted:
                    _say(_("Port {wanted} is taken; using {got}.").format(wanted=wanted, got=got))
                said = _("affouage {version} is serving on {url}   (state in {home})")
                _say(said.format(version=__version__, url=url, home=settings.home))
                if commons.dispatcher is not None:
                    where = commons.settings.pool.public_url or commons.settings.pool.url
                    _say(_("Machines of members connect to {url}; invite one: affouage node invite").format(url=where))
                async with asyncio.TaskGroup() as tasks:
                    first = tasks.create_task(_first_steps(commons, url, ask=ask, offline=offline), name="first steps")
                    await leaving.wait()
                    _say(_("Stopping: answers under way are settled."))
                    first.cancel()
            finally:
                forget_address(settings.home)
                commons.inference.cancel_all()
    _say(_("Stopped."))


def _on_signals() -> asyncio.Event:
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(one, leaving.set)
    return leaving


async def _check_exposure(commons: Commons) -> None:
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


async def _first_steps(commons: Commons, url: str, *, ask: bool, offline: bool) -> None:
    """The model, the question, the addresses. What fails here is said; the pages are served all the same."""
    language = spoken()
    _ = language.gettext
    try:
        await _have_model(commons, offline=offline)
        if ask:
            await _ask_first_question(commons)
    except AffouageError as error:
        reason, *others = told(error, language)
        _say("\n" + _("No answer yet: {reason}").format(reason=reason))
        _say("\n".join(f"  {line}" for line in others))
    link = await commons.accounts.first_administrator_link()
    _say("\n" + _("Open {url}").format(url=url))
    if link is not None:
        _say(_("First administrator (works once, 24 hours): {url}").format(url=f"{url}{link.path}"))
    _say(_("Ctrl-C to stop."))


async def _have_model(commons: Commons, *, offline: bool) -> None:
    model_id = commons.default_model
    if any(engine.model_id == model_id for engine in commons.node.engines()):
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
    _say(spoken().gettext("The model {name} is not here yet; fetching it (once).").format(name=card.name))
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
    _say(f"\n{title}\n\n{_quoted(question)}\n")
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
            _say(loading(waking, here))
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
        _say(f"{title}\n\n{_quoted(exact)}\n")
    _say(in_words(receipt, language))


def _quoted(text: str) -> str:
    return "\n".join(f"  | {line}" for line in text.splitlines())


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()
