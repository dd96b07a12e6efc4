"""``affouage members``: the roll, from the machine itself. Works whether or not a server runs on this home."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from affouage.assembly.accounts import Accounts
from affouage.assembly.held import iso_utc
from affouage.assembly.invitations import InvitationLink
from affouage.assembly.member import LANGUAGES, PERSONS, Member, Role, read_role
from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken, zone_here
from affouage.clock import SystemClock
from affouage.settings import Settings
from affouage.storage.home import in_use, running_address
from affouage.web.language import N_, Language

_ROLE_NAMES = {"operator": N_("operator"), "steward": N_("steward"), "member": N_("member")}

ROLES = click.Choice([role.value for role in PERSONS])
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@contextmanager
def open_accounts() -> Iterator[tuple[Settings, Accounts]]:
    """The accounts of the home; what its user can mend ends with code 2."""
    with telling(), open_home() as (settings, database):
        yield settings, Accounts(database, SystemClock())


@click.group()
def members() -> None:
    """Who is in the collective: add, invite, list, give a role, close an account.

    \b
    Examples:
      affouage members add "Jeanne Moreau"
      affouage members add Ali --role steward --json
      affouage members invite
      affouage members list --json
      affouage members role Ali operator
      affouage members reset-link "Jeanne Moreau"
    """


@members.command()
@click.argument("name")
@click.option("--role", type=ROLES, default="member", show_default=True, help="What the member is mandated for.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Language of the pages; the commons' own if not said.")
@as_json
def add(name: str, role: str, language: str | None, as_json: bool) -> None:
    """Put NAME on the roll and print the link by which they choose a password (one use, 7 days).

    \b
    --json prints: {"id", "name", "role", "invitation_url", "expires"}
    "invitation_url" is a path without a host (/join/...) while no server runs; "expires" is a date in UTC.
    """
    with open_accounts() as (settings, accounts):
        new, link = run(accounts.add_member(name, read_role(role), language or settings.commons.language))
        url = invitation_url(settings, link)
        if as_json:
            echo_json(
                {
                    "id": new.id,
                    "name": new.name,
                    "role": new.role.value,
                    "invitation_url": url,
                    "expires": iso_utc(link.expires_ms),
                }
            )
            return
        here = spoken()
        said = here.gettext("{name} is on the roll ({role}).")
        click.echo(said.format(name=new.name, role=role_name(new.role, here)))
        _echo_link(url, link)


@members.command(name="list")
@as_json
def list_(as_json: bool) -> None:
    """Everyone on the roll, by name.

    \b
    --json prints: [{"id", "name", "role", "language", "created", "deactivated"}, ...]
    "deactivated" is null for an open account.
    """
    with open_accounts() as (_, accounts):
        everybody = run(accounts.members())
        if as_json:
            echo_json([_shape(one) for one in everybody])
            return
        language = spoken()
        _ = language.gettext
        if not everybody:
            click.echo(_("Nobody yet. Add somebody: affouage members add NAME"))
        wide = max((len(one.name) for one in everybody), default=0)
        roles = {role: role_name(role, language) for role in PERSONS}
        role_wide = max(map(len, roles.values()))
        for one in everybody:
            closed = "" if one.active else _("deactivated {date}").format(date=_when(one.deactivated_ms, language))
            click.echo(f"{one.name:<{wide}}  {roles.get(one.role, one.role):<{role_wide}}  {closed}".rstrip())


@members.command()
@click.option("--role", type=ROLES, default="member", show_default=True, help="Role of whoever uses the link.")
@as_json
def invite(role: str, as_json: bool) -> None:
    """Print a link by which somebody joins under a name of their choice (one use, 7 days).

    \b
    --json prints: {"id", "role", "invitation_url", "expires"}
    """
    with open_accounts() as (settings, accounts):
        link = run(accounts.invite(read_role(role), None))
        url = invitation_url(settings, link)
        if as_json:
            echo_json(
                {
                    "id": link.id,
                    "role": link.role.value,
                    "invitation_url": url,
                    "expires": iso_utc(link.expires_ms),
                }
            )
            return
        _echo_link(url, link)


@members.command()
@click.argument("name")
@click.argument("role", type=ROLES)
@as_json
def role(name: str, role: str, as_json: bool) -> None:
    """Give NAME the ROLE member, steward or operator. Their open sessions end.

    \b
    --json prints: {"id", "name", "role", "language", "created", "deactivated"}
    """
    wanted = read_role(role)
    _change(name, lambda accounts, who: accounts.set_role(None, who.id, wanted), as_json)


@members.command()
@click.argument("name")
@click.option("--asked", is_flag=True, help="They asked to leave; written in the public log, without a name.")
@as_json
def deactivate(name: str, asked: bool, as_json: bool) -> None:
    """Close the account of NAME: sessions end and keys are refused, at once. Nothing is deleted.

    Machines they lend are revoked, for good: to lend one again takes a new invitation. Once the assembly is founded,
    making somebody leave takes a vote, unless they asked (--asked) or the rule of membership says otherwise.

    \b
    --json prints: {"id", "name", "role", "language", "created", "deactivated"}
    """
    _change(name, lambda accounts, who: accounts.deactivate(None, who.id, asked=asked), as_json)


@members.command()
@click.argument("name")
@as_json
def reactivate(name: str, as_json: bool) -> None:
    """Open the account of NAME again. Keys not revoked work again; sessions have to be opened anew.

    Machines they lent stay revoked: invite them again.

    \b
    --json prints: {"id", "name", "role", "language", "created", "deactivated"}
    """
    _change(name, lambda accounts, who: accounts.reactivate(None, who.id), as_json)


@members.command(name="reset-link")
@click.argument("name")
@as_json
def reset_link(name: str, as_json: bool) -> None:
    """Print a link by which NAME chooses a new password (one use, 7 days).

    When it is used, their open sessions end and the conversations they kept are deleted: nobody who makes such a link
    can read what a member kept.

    \b
    --json prints: {"id", "name", "role", "invitation_url", "expires"}
    """
    with open_accounts() as (settings, accounts):
        who, link = run(_new_link(accounts, name))
        url = invitation_url(settings, link)
        if as_json:
            echo_json(
                {
                    "id": who.id,
                    "name": who.name,
                    "role": who.role.value,
                    "invitation_url": url,
                    "expires": iso_utc(link.expires_ms),
                }
            )
            return
        _echo_link(url, link)


def invitation_url(settings: Settings, link: InvitationLink) -> str:
    """The link as people type it; only its path while neither a public address nor a running server is known."""
    running = running_address(settings.home) if in_use(settings.home) else None
    return (settings.server.public_url or running or "").rstrip("/") + link.path


def _echo_link(url: str, link: InvitationLink) -> None:
    language = spoken()
    _ = language.gettext
    click.echo(_("Link, one use, until {date}:").format(date=_when(link.expires_ms, language)))
    click.echo(url)
    if url.startswith("/"):
        said = _("No server runs now: put its address before this path (start it with `affouage up`).")
        click.echo(said, err=True)


def role_name(role: Role, language: Language) -> str:
    return language.gettext(_ROLE_NAMES.get(role.value, role.value))


def _when(time_ms: int | None, language: Language) -> str:
    """A moment in words, with its hour; empty for none."""
    from affouage.web import format as wording

    return "" if time_ms is None else wording.moment(time_ms, language, zone_here())


def _change(name: str, change: Callable[[Accounts, Member], Awaitable[Member]], as_json: bool) -> None:
    async def find_and_change(accounts: Accounts) -> Member:
        return await change(accounts, await accounts.find(name))

    with open_accounts() as (_, accounts):
        now = run(find_and_change(accounts))
        if as_json:
            echo_json(_shape(now))
            return
        language = spoken()
        state = language.gettext("active") if now.active else language.gettext("deactivated")
        said = language.gettext("{name}: {role}, {state}.")
        click.echo(said.format(name=now.name, role=role_name(now.role, language), state=state))


async def _new_link(accounts: Accounts, name: str) -> tuple[Member, InvitationLink]:
    who = await accounts.find(name)
    return who, await accounts.reset_link(None, who.id)


def _shape(one: Member) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "role": one.role.value,
        "language": one.language,
        "created": iso_utc(one.created_ms),
        "deactivated": iso_utc(one.deactivated_ms),
    }
