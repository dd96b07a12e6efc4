"""``affouage keys``: API keys of members, from the machine itself. Works whether or not a server runs on this home."""

from __future__ import annotations

from typing import Any

import click

from affouage.assembly.access import ALL_SCOPES, Scope
from affouage.assembly.accounts import Accounts
from affouage.assembly.charter import founded
from affouage.assembly.held import iso_utc
from affouage.assembly.keys import DAYS_MAX, ApiKey
from affouage.assembly.member import Member
from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken, zone_here
from affouage.cli.members import as_json, open_accounts
from affouage.cli.reading import note_reading, with_reason
from affouage.clock import SystemClock
from affouage.errors import NotAllowed
from affouage.web.language import Language


@click.group()
def keys() -> None:
    """API keys by which programs ask in a member's name.

    \b
    Examples:
      affouage keys create Ali --label laptop
      affouage keys create Ali --days 90 --scope inference --json
      affouage keys list Ali --reason "He lost his laptop, to revoke its key"
      affouage keys revoke k3v9x2m7qp4t
    """


@keys.command()
@click.argument("name")
@click.option("--label", default="", help="A few words to recognise it by.")
@click.option("--days", type=click.IntRange(1, DAYS_MAX), help="Days until it expires; never if not said.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(sorted(ALL_SCOPES)),
    help="What it may be used for, as often as needed; inference and receipts if not said.",
)
@as_json
def create(name: str, label: str, days: int | None, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make a key for the member NAME and print it: it is shown this once and kept nowhere.

    \b
    --json prints: {"id", "key", "member", "label", "scopes", "expires"}
    "expires" is a date in UTC, null for never.
    """
    with telling(), open_home() as (_, database):
        accounts = Accounts(database, SystemClock())
        if Scope.ACCOUNT.value in scopes and database.read_now(founded):
            raise NotAllowed(
                "A key with the scope account votes in its member's name: only they make it, since the assembly is "
                "founded.",
                remedy="They make it on their account page, or use a key without that scope.",
                code="key_votes",
            )
        who, key, text = run(_create(accounts, name, label, scopes, days))
        if as_json:
            echo_json(
                {
                    "id": key.id,
                    "key": text,
                    "member": who.name,
                    "label": key.label,
                    "scopes": sorted(key.scopes),
                    "expires": iso_utc(key.expires_ms),
                }
            )
            return
        said = spoken().gettext("Key of {name}, for {scopes}. Copy it now, it is not shown again:")
        click.echo(said.format(name=who.name, scopes=" ".join(sorted(key.scopes))))
        click.echo(text)


@keys.command(name="list")
@click.argument("name")
@with_reason
@as_json
def list_(name: str, reason: str | None, key: str | None, as_json: bool) -> None:
    """The keys of the member NAME, newest first; never the keys' own text.

    It takes a --reason, which is logged and which they will see; not one's own (--key).

    \b
    --json prints: [{"id", "member", "label", "scopes", "created", "expires", "revoked"}, ...]
    """
    with telling(), open_home() as (_, database):
        accounts = Accounts(database, SystemClock())
        who = run(accounts.find(name))
        note_reading(database, who.id, "keys", reason, key)
        held = run(accounts.keys(who))
        if as_json:
            echo_json([_shape(who, one) for one in held])
            return
        if not held:
            said = spoken().gettext("{name} has no key. Make one: affouage keys create NAME")
            click.echo(said.format(name=who.name))
        for one in held:
            click.echo(_line(one, spoken()))


@keys.command()
@click.argument("key_id", metavar="ID")
@as_json
def revoke(key_id: str, as_json: bool) -> None:
    """Revoke the key ID (the part after aff_). A running server refuses it from then on.

    \b
    --json prints: {"id", "revoked": true}
    """
    with open_accounts() as (_, accounts):
        run(accounts.revoke_key(None, key_id))
        if as_json:
            echo_json({"id": key_id, "revoked": True})
            return
        click.echo(spoken().gettext("{id} is revoked.").format(id=key_id))


async def _create(
    accounts: Accounts, name: str, label: str, scopes: tuple[str, ...], days: int | None
) -> tuple[Member, ApiKey, str]:
    who = await accounts.find(name)
    key, text = await accounts.create_key(who, label, scopes or None, days)
    return who, key, text


def _line(key: ApiKey, language: Language) -> str:
    _ = language.gettext
    usable = key.usable(SystemClock().now_ms())
    state = _("revoked") if key.revoked_ms else _("in use") if usable else _("expired")
    if key.expires_ms is None:
        until = _("never expires")
    else:
        from affouage.web import format as wording

        until = _("expires {date}").format(date=wording.moment(key.expires_ms, language, zone_here()))
    return f"{key.id}  {state:<10}  {until}  {' '.join(sorted(key.scopes))}  {key.label}".rstrip()


def _shape(who: Member, key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "member": who.name,
        "label": key.label,
        "scopes": sorted(key.scopes),
        "created": iso_utc(key.created_ms),
        "expires": iso_utc(key.expires_ms),
        "revoked": iso_utc(key.revoked_ms),
    }
