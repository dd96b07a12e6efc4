"""Who acts: on the machine's own command line, voting in somebody's name takes that person's own proof.

Whoever may run commands here could otherwise vote for all the others. The proof is an API key made for the scope
``account``, or the password typed at a terminal; reading what every member may read, and founding, take none.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from affouage.assembly.access import Credential, Scope
from affouage.assembly.member import Member, fold_name
from affouage.cli.assembly_home import Seat
from affouage.cli.console import read_document
from affouage.errors import BadRequest, NotAllowed

KEY = "AFFOUAGE_KEY"
LARGEST_KEY_BYTES = 4096
_HERE = "command line"
"""Session and address of a password typed here; failures are counted as everywhere."""


def in_name(command: Any) -> Any:
    """Options of every command that acts for a person."""
    command = click.option(
        "--key-file", metavar="FILE", help=f'File of an API key with the scope account ("-": input); or {KEY}.'
    )(command)
    return click.option(
        "--as", "as_name", metavar="NAME", help="Act as this member; asks for their password unless a key says it."
    )(command)


def proven(seat: Seat, as_name: str | None, key_file: str | None) -> Member:
    """The member who acts, proven. Raises BadRequest (``proof_needed``, ``whose``), NotAllowed (``key_scope``,
    ``key_of_another``), NotSignedIn, TooMuch, NotFound."""
    key = _key(key_file)
    if key:
        return _by_key(seat, key, as_name)
    if not as_name:
        raise BadRequest(
            "Nobody is named: in whose name is this done?",
            remedy=f"Add --as NAME, or set {KEY} to an API key of that member with the scope account.",
            code="whose",
            param="as",
        )
    who = seat.member(as_name)
    if not sys.stdin.isatty():
        raise BadRequest(
            f"Acting as {who.name} takes their own proof: nobody votes for others from the machine.",
            remedy=f"They set {KEY} or --key-file to a key of theirs with the scope account (made in their account), "
            "or type their password at a terminal.",
            code="proof_needed",
            param="as",
            name=who.name,
        )
    return _by_password(seat, who)


def _key(key_file: str | None) -> str:
    if key_file is not None:
        return read_document(key_file, LARGEST_KEY_BYTES).decode("utf-8", "replace").strip()
    return os.environ.get(KEY, "").strip()


def _by_key(seat: Seat, key: str, as_name: str | None) -> Member:
    identity = seat.run(seat.accounts.identify(Credential("key", key)))
    if Scope.ACCOUNT not in identity.scopes:
        raise NotAllowed(
            "This key was not given the scope account: it may ask questions, and decide nothing.",
            remedy="The member makes one with that scope, in their account.",
            code="key_scope",
        )
    if as_name and fold_name(as_name) != fold_name(identity.member.name):
        raise NotAllowed(
            f"This key is not of {as_name:.60}.",
            remedy="Use a key of theirs, or leave --as out.",
            code="key_of_another",
            name=as_name[:60],
        )
    return identity.member


def _by_password(seat: Seat, who: Member) -> Member:
    asked = seat.language.gettext("Password of {name}").format(name=who.name)
    password: str = click.prompt(asked, hide_input=True, err=True)
    member, session = seat.run(seat.accounts.sign_in(who.name, password, _HERE, _HERE))
    seat.run(seat.accounts.sign_out(session.id))
    return member
