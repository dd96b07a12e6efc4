"""``affouage node``: machines of members. On the commons: who may join. On a machine: joining, and what is lent."""

from __future__ import annotations

import importlib
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import click

from affouage.assembly.accounts import Accounts
from affouage.assembly.held import iso_utc
from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken
from affouage.cli.members import as_json
from affouage.cli.node_words import STATES, TRUST_WORDS, TRUSTS, in_words, when
from affouage.clock import SystemClock
from affouage.errors import BadRequest, SettingsError
from affouage.pool.nodes.enrolment import Enrolment
from affouage.pool.nodes.joining import JOIN_PATH, fingerprint, is_loopback, write_token
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.station import REACHES
from affouage.settings import Settings
from affouage.storage.home import in_use, running_address

ELSEWHERE = {
    **dict.fromkeys(("give", "given"), "affouage.cli.node_files"),
    "join": "affouage.cli.node_join",
    "leave": "affouage.cli.node_join",
    **dict.fromkeys(("run", "status", "pause", "resume", "set"), "affouage.cli.node_owner"),
}
"""Commands that stand in modules of their own: models for machines, and what is done on the machine that is lent."""


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *ELSEWHERE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module(ELSEWHERE[cmd_name])
        command: click.Command = getattr(module, "set_" if cmd_name == "set" else cmd_name)
        return command


@dataclass(frozen=True)
class _House:
    """The commons of this home, as its command line decides in it."""

    settings: Settings
    accounts: Accounts
    enrolment: Enrolment

    async def owners(self) -> dict[str, str]:
        return {one.id: one.name for one in await self.accounts.members()}


@contextmanager
def _open_house() -> Iterator[_House]:
    with telling(), open_home() as (settings, database):
        clock = SystemClock()
        enrolment = Enrolment(database, clock, invitation_hours=settings.pool.invitation_hours)
        yield _House(settings, Accounts(database, clock), enrolment)


@click.group(cls=_Group)
def node() -> None:
    """Machines of members: invite, approve, revoke; and on such a machine: join, run, pause.

    \b
    Examples, on the commons:
      affouage node invite --for "Jeanne Moreau"
      affouage node list
      affouage node approve atelier
      affouage node revoke atelier
    Examples, on the machine to lend:
      affouage node join "https://commons.example/nodes/join#..."
      affouage node run
    """


@node.command()
@click.option("--for", "member", metavar="MEMBER", help="Whose machine it is.")
@click.option("--collective", is_flag=True, help="It is the collective's own, as when no member is named.")
@click.option("--hours", type=int, help="Hours it may be used; pool.invitation_hours if not said.")
@as_json
def invite(member: str | None, collective: bool, hours: int | None, as_json: bool) -> None:
    """Print an invitation for one machine: one line, used once, to be given on that machine.

    Whoever holds it can only ask: the machine serves nobody before it is approved.

    \b
    --json prints: {"invitation", "owner", "owned_by", "expires"}
    "owner" is a member's name, null for the collective's own; "expires" is a date in UTC.

    \b
    Examples:
      affouage node invite                        for a machine of the collective
      affouage node invite --for "Jeanne Moreau"
      affouage node invite --collective --hours 4
    """
    with _open_house() as house:
        if member is not None and collective:
            raise BadRequest(
                "An invitation is for the machine of one member, or for one of the collective's own.",
                remedy="Say one of them: --for MEMBER, or --collective.",
                code="node_owner_twice",
            )
        address = _address(house.settings)
        name, secret, expires_ms = run(_invited(house, member, hours))
        token = write_token(address, secret)
        if as_json:
            owned_by = "collective" if name is None else "member"
            echo_json({"invitation": token, "owner": name, "owned_by": owned_by, "expires": iso_utc(expires_ms)})
            return
        _echo_invitation(token, name, expires_ms, address)


async def _invited(house: _House, member: str | None, hours: int | None) -> tuple[str | None, str, int]:
    owner = None if member is None else await house.accounts.find(member)
    made = await house.enrolment.invite(None, owner, hours)
    return None if owner is None else owner.name, made.secret, made.expires_ms


def _echo_invitation(token: str, owner: str | None, expires_ms: int, address: str) -> None:
    language = spoken()
    _ = language.gettext
    said = _("Invitation for a machine of {name}, one use, until {date}. On that machine:")
    if owner is None:
        said = _("Invitation for a machine of the collective, one use, until {date}. On that machine:")
    click.echo(said.format(name=owner, date=when(expires_ms, language)))
    click.echo(f'\n  affouage node join "{token}"\n')
    click.echo(_("Then, here: affouage node list, and affouage node approve NAME"))
    if urlsplit(address).scheme == "http":
        said = _(
            "This address is of this machine only. For others, see docs/how-to/open-a-pool.md (server.public_url)."
        )
        click.echo(said, err=True)


def _address(settings: Settings) -> str:
    """Where machines find this commons, which has a pool. Raises SettingsError."""
    running = running_address(settings.home) if in_use(settings.home) else None
    address = settings.server.public_url or running
    if not settings.pool.url and not (running and _has_pool(running)):
        raise SettingsError(
            "This commons has no pool: no machine could join.",
            remedy="Start it with `affouage up --pool`, or set pool.url in settings.toml and start it again.",
            code="no_pool",
        )
    if not address:
        raise SettingsError(
            "The address of this commons is not known: it does not run, and server.public_url is not set.",
            remedy="Start it with `affouage up`, or set server.public_url in settings.toml.",
            code="node_no_address",
        )
    return address


def _has_pool(running: str) -> bool:
    """Ask the running server, which may have started a broker of its own."""
    if not is_loopback(urlsplit(running).hostname or ""):
        return False
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with straight.open(f"{running.rstrip('/')}{JOIN_PATH}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


@node.command(name="list")
@as_json
def list_(as_json: bool) -> None:
    """Every machine that ever asked to join, oldest first.

    \b
    --json prints: [{"id", "name", "state", "owner", "owned_by", "trust", "fingerprint", "machine_id", "max_watts",
      "created", "decided", "revoked", "seen"}, ...]
    "state": pending, approved, refused or revoked. "trust": whose questions it may read: collective, trusted, everyone;
    local for the machine that the commons itself runs on, where several processes share it.
    "owner": a member's name, null for the collective's own. Dates are in UTC, null when there is none.
    """
    with _open_house() as house:
        owners = run(house.owners())
        records = list(house.enrolment.records().values())
        if as_json:
            echo_json([_shape(one, owners) for one in records])
            return
        language = spoken()
        _ = language.gettext
        if not records:
            click.echo(_("No machine yet. Invite one: affouage node invite --for MEMBER"))
        wide = max((len(one.name) for one in records), default=0)
        for one in records:
            whose = owners.get(one.owner_id) or _("the collective")
            click.echo(f"{one.name:<{wide}}  {_(STATES[one.state]):<10}  {whose}  {_detail(one)}".rstrip())
        if any(one.state == "pending" for one in records):
            click.echo(_("To let one in, once its fingerprint is checked: affouage node approve NAME"))


def _detail(one: NodeRecord) -> str:
    """What helps to decide: the fingerprint of who waits, the trust in who serves."""
    if one.state == "pending":
        return fingerprint(one.public_key, one.box_key)
    return spoken().gettext(TRUST_WORDS[REACHES[one.trust]]) if one.state == "approved" else ""


@node.command()
@click.argument("name")
@as_json
def show(name: str, as_json: bool) -> None:
    """What is known of the machine NAME (or of that number).

    \b
    --json prints: {"id", "name", "state", "owner", "owned_by", "trust", "fingerprint", "machine_id", "max_watts",
      "created", "decided", "revoked", "seen"}
    """
    with _open_house() as house:
        record, owners = run(house.enrolment.find(name)), run(house.owners())
        _echo(record, owners, as_json)


@node.command()
@click.argument("name")
@click.option(
    "--trust",
    type=click.Choice(TRUSTS),
    help="Whose it counts as for members who choose where their questions go: trusted if not said (collective for the"
    " collective's own).",
)
@as_json
def approve(name: str, trust: str | None, as_json: bool) -> None:
    """Let the machine NAME serve. First compare its fingerprint with the one its owner sees.

    Whoever looks after a machine can read the questions it answers. Members choose how far theirs go: to the
    collective's machines, to those of members approved as trusted, or to everyone's.

    \b
    --json prints: {"id", "name", "state", "owner", "owned_by", "trust", "fingerprint", "machine_id", "max_watts",
      "created", "decided", "revoked", "seen"}

    \b
    Examples:
      affouage node approve atelier
      affouage node approve "PC de Zoé" --trust everyone
    """
    wanted: Any = None if trust is None else TRUSTS.index(trust) + 1
    _decide(name, lambda enrolment, node_id: enrolment.approve(None, node_id, wanted), as_json)


@node.command()
@click.argument("name")
@as_json
def refuse(name: str, as_json: bool) -> None:
    """Refuse the machine NAME, which waits. It would need a new invitation to ask again.

    \b
    --json prints: {"id", "name", "state", ...} as `affouage node show`
    """
    _decide(name, lambda enrolment, node_id: enrolment.refuse(None, node_id), as_json)


@node.command()
@click.argument("name")
@as_json
def revoke(name: str, as_json: bool) -> None:
    """Shut out the machine NAME, for good and within a second: what it was answering is taken up by others.

    \b
    --json prints: {"id", "name", "state", ...} as `affouage node show`
    """
    _decide(name, lambda enrolment, node_id: enrolment.revoke(None, node_id), as_json)


def _decide(name: str, decide: Callable[[Enrolment, str], Awaitable[NodeRecord]], as_json: bool) -> None:
    async def find_and_decide(house: _House) -> tuple[NodeRecord, dict[str, str]]:
        found = await house.enrolment.find(name)
        return await decide(house.enrolment, found.id), await house.owners()

    with _open_house() as house:
        record, owners = run(find_and_decide(house))
        _echo(record, owners, as_json)


def _echo(record: NodeRecord, owners: dict[str, str], as_json: bool) -> None:
    shape = _shape(record, owners)
    if as_json:
        echo_json(shape)
    else:
        click.echo(in_words(record, shape, spoken()))


def _shape(one: NodeRecord, owners: dict[str, str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "state": one.state,
        "owner": owners.get(one.owner_id),
        "owned_by": one.owned_by,
        "trust": REACHES[one.trust],
        "fingerprint": fingerprint(one.public_key, one.box_key),
        "machine_id": one.machine_id,
        "max_watts": one.max_watts,
        "created": iso_utc(one.created_ms),
        "decided": iso_utc(one.decided_ms),
        "revoked": iso_utc(one.revoked_ms),
        "seen": iso_utc(one.seen_ms),
    }
