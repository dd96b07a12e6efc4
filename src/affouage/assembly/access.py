"""Who asks, and whether they may. Pure: one rule for every channel a credential can come by.

A credential is either an API key (``Authorization: Bearer``, ``x-api-key``, ``api-key``) or a session (cookie).
:func:`credentials_of` finds it, ``Accounts.identify`` turns it into an :class:`Identity`, :func:`permit` decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Literal

from affouage.assembly.member import Member, Role
from affouage.errors import BadRequest, NotAllowed, NotSignedIn

SESSION_COOKIE = "affouage_session"
"""Cookie of a session over plain loopback HTTP."""

SECURE_SESSION_COOKIE = "__Host-affouage_session"
"""Cookie of a session over HTTPS; when both arrive this one counts: another site cannot plant it."""

KEY_HEADERS = (b"x-api-key", b"api-key")
"""Headers that hold a bare key; ``Authorization: Bearer`` holds one too."""


class Scope(StrEnum):
    """What a credential was given for."""

    INFERENCE = "inference"
    """Ask models."""
    RECEIPTS = "receipts"
    """Read one's own receipts."""
    METRICS = "metrics"
    """Read how busy the commons is, for a program that watches it; only an operator's key may."""
    ACCOUNT = "account"
    """Everything else: keys, sessions, conversations, and the mandates of the member's role."""


ALL_SCOPES: frozenset[str] = frozenset(scope.value for scope in Scope)
DEFAULT_KEY_SCOPES: frozenset[str] = frozenset({Scope.INFERENCE.value, Scope.RECEIPTS.value})


class Policy(Enum):
    """What a route asks of whoever comes. Every route declares one."""

    PUBLIC = "public"
    MEMBER = "member"
    STEWARD = "steward"
    OPERATOR = "operator"


_ROLE_OF = {Policy.MEMBER: Role.MEMBER, Policy.STEWARD: Role.STEWARD, Policy.OPERATOR: Role.OPERATOR}


@dataclass(frozen=True)
class Credential:
    """What was presented, not yet checked. ``text`` is a secret: it stays out of ``repr`` and of logs."""

    kind: Literal["key", "session"]
    text: str = field(repr=False)


@dataclass(frozen=True)
class Identity:
    """Somebody recognised. ``credential_id``: id of the key or session, empty for the machine itself."""

    member: Member
    via: Literal["key", "session", "machine"]
    credential_id: str
    scopes: frozenset[str]


def machine_identity(commons: Member) -> Identity:
    """The software itself, for the question asked at start-up; ``commons`` is ``Accounts.commons()``."""
    return Identity(commons, "machine", "", DEFAULT_KEY_SCOPES)


def permit(identity: Identity | None, policy: Policy, scope: str | None = None) -> None:
    """Let through, or raise NotSignedIn (nobody, code ``missing``) or NotAllowed (not for this).

    ``scope``: what the credential must have been given for. A steward's or operator's route asks for ``account`` even
    when it names no scope, so that a key made for asking models never administers.
    """
    if policy is Policy.PUBLIC:
        return
    if identity is None:
        raise missing()
    if scope is None and policy is not Policy.MEMBER:
        scope = Scope.ACCOUNT
    if scope is not None and scope not in identity.scopes:
        raise NotAllowed(
            f"This credential was not given the scope {scope}.",
            remedy="Create a key with that scope, or sign in.",
            code="insufficient_scope",
            scope=str(scope),
        )
    if identity.via == "machine" and policy is Policy.MEMBER:
        return
    if not identity.member.role.at_least(_ROLE_OF[policy]):
        raise NotAllowed(
            f"This needs the role {_ROLE_OF[policy]}.",
            remedy="Ask someone who has it, or ask the collective for that mandate.",
            code="insufficient_role",
            role=str(_ROLE_OF[policy]),
        )


def permit_governing(by: Member | None, target: Role, *, wanted: Role | None = None) -> None:
    """May ``by`` act on the account of somebody whose role is ``target``, or give the role ``wanted``?

    None is the machine's own command line: it may. An operator may act on anybody; a steward only on plain members,
    and gives no more than that. Nobody acts on the commons. Raises NotAllowed.
    """
    if target is Role.COMMONS or wanted is Role.COMMONS:
        raise NotAllowed(
            "The commons is the collective itself, not an account.", remedy="Choose a member.", code="commons_account"
        )
    if by is None or (by.active and by.role is Role.OPERATOR):
        return
    if by.active and by.role is Role.STEWARD and target is Role.MEMBER and wanted in (None, Role.MEMBER):
        return
    raise NotAllowed(
        "Your role does not let you do this to that account.", remedy="Ask an operator.", code="insufficient_role"
    )


def missing() -> NotSignedIn:
    """Nobody presented anything."""
    return NotSignedIn(
        "No API key and no session came with this request.",
        remedy="Send `Authorization: Bearer aff_...`, or sign in.",
        code="missing",
    )


def credentials_of(headers: Iterable[tuple[bytes, bytes]]) -> Credential | None:
    """The one credential of a request, from its raw headers (names in any case); None when there is none.

    An ``Authorization`` of another scheme than Bearer is somebody else's (a proxy's) and is not looked at. Raises
    BadRequest, code ``two_credentials``, when two different ones are presented: which one counts must not be a guess.
    """
    keys: set[bytes] = set()
    cookies: list[bytes] = []
    for raw_name, value in headers:
        name = raw_name.lower()
        if name in KEY_HEADERS:
            keys.add(value.strip())
        elif name == b"authorization":
            scheme, _, rest = value.strip().partition(b" ")
            if scheme.lower() == b"bearer":
                keys.add(rest.strip())
        elif name == b"cookie":
            cookies.append(value)
    session = _session_of(cookies) if cookies else None
    if len(keys) + (session is not None) > 1:
        raise BadRequest(
            "Two different credentials came with this request.",
            remedy="Send one only: a key in one header, or the session cookie.",
            code="two_credentials",
        )
    if keys:
        return Credential("key", keys.pop().decode("latin-1"))
    return None if session is None else Credential("session", session)


def _session_of(cookies: Iterable[bytes]) -> str | None:
    """The session in ``Cookie`` headers: the HTTPS name first, and of one name the first (the most specific path)."""
    found: dict[str, str] = {}
    for header in cookies:
        for pair in header.decode("latin-1").split(";"):
            name, sign, value = pair.partition("=")
            if sign and name.strip() in (SESSION_COOKIE, SECURE_SESSION_COOKIE):
                found.setdefault(name.strip(), value.strip().strip('"'))
    return found.get(SECURE_SESSION_COOKIE) or found.get(SESSION_COOKIE) or None
