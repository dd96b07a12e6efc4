"""``affouage node join`` and ``leave``: on the machine that is lent."""

from __future__ import annotations

import asyncio
import platform
import sys
from pathlib import Path

import click

from affouage import settings as settings_of
from affouage.adapters.buses.pool_bus import need_extra
from affouage.catalogue.machine import machine_id
from affouage.cli.console import run as run_async
from affouage.cli.console import telling
from affouage.cli.language import spoken
from affouage.cli.sentences import told
from affouage.clock import SystemClock
from affouage.errors import AffouageError, Conflict, NotFound, Unavailable
from affouage.pool.nodes.identity import Enrolled, forget_identity, read_identity, write_identity
from affouage.pool.nodes.joining import Token, check_node_name, fingerprint, name_for, read_token
from affouage.storage.home import prepare

LOOK_S = 2.0
"""Between two looks whether a steward has decided."""

REMINDER_S = 60.0


@click.command()
@click.argument("invitation", required=False)
@click.option("--name", help="What the members will call this machine; its network name if not said.")
@click.option("--max-watts", type=click.FloatRange(0, 100_000, min_open=True), help="The most it can draw, in watts.")
@click.option("--no-run", is_flag=True, help="Once approved, stop there.")
@click.pass_context
def join(ctx: click.Context, invitation: str | None, name: str | None, max_watts: float | None, no_run: bool) -> None:
    """Join the commons that made INVITATION, wait for a steward's approval, and serve.

    Ctrl-C loses nothing: the same command without INVITATION goes on waiting. This machine only opens connections
    outwards; nobody can open one to it. Its keys stay in its home (AFFOUAGE_HOME), in node/identity.json.

    \b
    Examples:
      affouage node join "https://commons.example/nodes/join#..." --name atelier --max-watts 350
      affouage node join
    """
    with telling():
        need_extra()
        home = settings_of.read().home
        prepare(home)
        asked = None if invitation is None else read_token(invitation)
        chosen = None if name is None else check_node_name(name)
    try:
        run_async(_join(home, asked, chosen, max_watts))
    except KeyboardInterrupt:
        _say("\n" + spoken().gettext("The request stays. To go on waiting: affouage node join"))
        raise SystemExit(130) from None
    if no_run:
        _say(spoken().gettext("To serve: affouage node run"))
        return
    from affouage.cli.node import node

    serve = node.get_command(ctx, "run")
    assert serve is not None
    ctx.invoke(serve)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def leave(yes: bool) -> None:
    """Forget the commons this machine joined, and its keys. To serve it again takes a new invitation.

    The members still see the machine in their list, until a steward revokes it.
    """
    with telling():
        home = settings_of.read().home
        kept = read_identity(home)
        if kept is None:
            raise _not_joined()
    _ = spoken().gettext
    question = _("Forget {url} and the keys of this machine?").format(url=kept.commons_url)
    if not yes and not click.confirm(question):
        return
    forget_identity(home)
    _say(_("Forgotten. This machine serves no commons."))


async def _join(home: Path, asked: Token | None, name: str | None, max_watts: float | None) -> Enrolled:
    kept = read_identity(home)
    if kept is not None:
        kept = await _still_known(home, kept, asked)
    if kept is None:
        if asked is None:
            raise _not_joined()
        kept = await _ask(home, asked, name, max_watts)
    elif kept.state == "approved":
        _say(_filled(spoken().gettext("This machine belongs to {commons} already, as {name}."), kept))
        return kept
    _say_fingerprint(kept)
    return kept if kept.state == "approved" else await _approved(home, kept)


async def _still_known(home: Path, kept: Enrolled, asked: Token | None) -> Enrolled | None:
    """What the machine kept, as the commons sees it today; None when these keys are worth nothing to it any more.

    Without an invitation to go on with, why they are worth nothing is told. Raises Conflict ``node_elsewhere`` when the
    invitation is of another commons than the one it belongs to.
    """
    from affouage.adapters import joining

    elsewhere = asked is not None and asked.url != kept.commons_url
    try:
        now = await joining.renewed(kept, SystemClock())
    except AffouageError as no:
        gone = no.code in joining.GONE
        if asked is not None and (gone or (elsewhere and kept.state == "asked")):
            return None
        if elsewhere:
            raise _elsewhere(kept) from None
        if gone:
            forget_identity(home)
        if no.code == "node_not_found":  # the request never came there
            raise _not_joined() from None
        raise
    if elsewhere:
        raise _elsewhere(kept)
    write_identity(home, now)
    return now


async def _ask(home: Path, asked: Token, name: str | None, max_watts: float | None) -> Enrolled:
    """Keys first, then the request: whatever happens on the way, asking again is asking as the same machine."""
    from affouage.adapters import joining

    new = joining.new_machine(asked.url, name or name_for(platform.node()), machine_id())
    write_identity(home, new)
    try:
        now = await joining.ask(new, asked.secret, SystemClock(), max_watts)
    except AffouageError as no:
        if not isinstance(no, Unavailable):
            forget_identity(home)  # the commons said no: there is nothing to come back to
        raise
    write_identity(home, now)
    return now


async def _approved(home: Path, kept: Enrolled) -> Enrolled:
    """Look until a steward has decided. Raises NotAllowed when the answer is no; then the keys are forgotten."""
    from affouage.adapters import joining

    _ = spoken().gettext
    _say(_("Waiting for a steward's approval… (Ctrl-C: you can come back)"))
    clock, away = SystemClock(), False
    reminded_us = clock.monotonic_us()
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            now = await joining.renewed(kept, clock)
        except Unavailable as gone:
            if not away:
                _say(" ".join(told(gone, spoken())))
            away = True
            continue
        except AffouageError as no:
            if no.code in joining.GONE:
                forget_identity(home)
            raise
        away = False
        if now.state == "approved":
            write_identity(home, now)
            _say(_filled(_("Approved: this machine now belongs to {commons}, as {name}."), now))
            return now
        if clock.monotonic_us() - reminded_us > REMINDER_S * 1_000_000:
            reminded_us = clock.monotonic_us()
            _say(
                _("Still waiting. A steward can approve it on the page of the machines, or with: affouage node approve")
            )


def _say_fingerprint(kept: Enrolled) -> None:
    from affouage.adapters.joining import box_public

    said = spoken().gettext(
        "{name} asks to join {commons}. Fingerprint of this machine, which the steward must see too:"
    )
    _say(_filled(said, kept))
    _say(f"\n    {fingerprint(kept.public_key, box_public(kept))}\n")


def _filled(sentence: str, enrolled: Enrolled) -> str:
    return sentence.format(name=enrolled.name, commons=enrolled.commons_name or enrolled.commons_url)


def _not_joined() -> NotFound:
    return NotFound(
        "This machine has not asked to join any commons.",
        remedy='Ask a steward for an invitation, then: affouage node join "INVITATION"',
        code="node_no_invitation",
    )


def _elsewhere(kept: Enrolled) -> Conflict:
    return Conflict(
        f"This machine already belongs to another commons: {kept.commons_url}.",
        remedy="To leave that one: affouage node leave. To belong to both, give this one a home of its own with"
        " AFFOUAGE_HOME.",
        code="node_elsewhere",
        url=kept.commons_url,
    )


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()
