"""From what was presented to who it is: one indexed query, no cache, so a revocation counts at once everywhere.

What was wrong with a credential is told only to whoever holds its secret; to anybody else an unknown key and a wrong
secret are the same refusal.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from affouage.assembly import credentials, sessions
from affouage.assembly.access import ALL_SCOPES, DEFAULT_KEY_SCOPES, Credential, Identity
from affouage.assembly.member import Member, Role
from affouage.assembly.roll import read_member
from affouage.errors import NotSignedIn
from affouage.storage import Database
from affouage.storage.look import Look
from affouage.storage.tables import api_key, member, session

_NO_DIGEST = bytes(32)

_BY_KEY = Look(
    select(member, api_key.c.secret_sha256, api_key.c.scopes, api_key.c.expires_ms, api_key.c.revoked_ms)
    .select_from(api_key.join(member, api_key.c.member_id == member.c.id))
    .where(api_key.c.id == bindparam("key_id"))
)
_BY_SESSION = Look(
    select(
        member,
        session.c.id.label("session_id"),
        session.c.secret_sha256,
        session.c.seen_ms,
        session.c.expires_ms,
        session.c.revoked_ms,
    )
    .select_from(session.join(member, session.c.member_id == member.c.id))
    .where(session.c.secret_sha256 == bindparam("secret_sha256"))
)


async def of_key(db: Database, credential: Credential, now_ms: int) -> Identity:
    """Raises NotSignedIn: ``invalid_api_key``, ``key_revoked``, ``key_expired``, ``member_deactivated``."""
    parts = credentials.parse_api_key(credential.text)
    key_id, secret = parts or ("", "")
    row = await _BY_KEY.first(db, key_id=key_id)
    known = _NO_DIGEST if row is None else row.secret_sha256
    if not credentials.same(known, credentials.digest(secret)) or row is None or parts is None:
        raise NotSignedIn(
            "This API key is not valid.",
            remedy="Check that it was copied whole (aff_..._...), or create another in your account.",
            code="invalid_api_key",
        )
    if row.revoked_ms is not None:
        raise NotSignedIn("This API key was revoked.", remedy="Create another in your account.", code="key_revoked")
    if row.expires_ms is not None and row.expires_ms <= now_ms:
        raise NotSignedIn("This API key has expired.", remedy="Create another in your account.", code="key_expired")
    who = read_member(row)
    if who.role is Role.COMMONS:  # made by the machine's own command line, for as long as one question
        return Identity(who, "machine", key_id, frozenset(row.scopes.split()) & DEFAULT_KEY_SCOPES)
    return Identity(_active(who), "key", key_id, frozenset(row.scopes.split()))


async def of_session(db: Database, credential: Credential, now_ms: int) -> tuple[Identity, int]:
    """(identity, when last seen). Raises NotSignedIn: ``session_expired``, ``member_deactivated``."""
    row: Any = None
    if credentials.is_secret(credential.text):
        wanted = credentials.digest(credential.text)
        row = await _BY_SESSION.first(db, secret_sha256=wanted)
    if row is None or row.revoked_ms is not None or sessions.over(row.seen_ms, row.expires_ms, now_ms):
        raise NotSignedIn("This session is over.", remedy="Sign in again.", code="session_expired")
    return Identity(_active(read_member(row)), "session", row.session_id, ALL_SCOPES), row.seen_ms


def _active(found: Member) -> Member:
    if not found.active or found.role is Role.COMMONS:
        raise NotSignedIn(
            "This account is deactivated.", remedy="Ask a steward of the collective.", code="member_deactivated"
        )
    return found
