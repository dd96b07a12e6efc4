"""API keys of members: made, listed, revoked. Functions of a connection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from affouage.assembly import credentials
from affouage.assembly.access import ALL_SCOPES, DEFAULT_KEY_SCOPES
from affouage.assembly.sessions import DAY_MS, one_line
from affouage.errors import BadRequest, Conflict
from affouage.storage.tables import api_key

LABEL_MAX = 60
KEYS_MAX = 50
"""Keys in use per member at most."""
DAYS_MAX = 3650


@dataclass(frozen=True)
class ApiKey:
    """A key as its owner sees it; its secret is known to nobody here. Times in milliseconds UTC, None: never."""

    id: str
    member_id: str
    label: str
    scopes: frozenset[str]
    created_ms: int
    expires_ms: int | None = None
    revoked_ms: int | None = None

    def usable(self, now_ms: int) -> bool:
        return self.revoked_ms is None and (self.expires_ms is None or now_ms < self.expires_ms)


def check_scopes(scopes: Iterable[str] | None) -> frozenset[str]:
    """The scopes of a new key; None gives ``inference receipts``. Raises BadRequest for an unknown one, or for none."""
    wanted = DEFAULT_KEY_SCOPES if scopes is None else frozenset(str(one) for one in scopes)
    if not wanted or not wanted <= ALL_SCOPES:
        raise BadRequest(
            "A key needs one or several known scopes.",
            remedy=f"Choose among: {', '.join(sorted(ALL_SCOPES))}.",
            param="scopes",
            code="unknown_scope",
        )
    return wanted


def check_days(days: int | None) -> int | None:
    """Days a new key lasts, 1 to 3650, None for ever. Raises BadRequest."""
    if days is not None and not 1 <= days <= DAYS_MAX:
        raise BadRequest(
            f"A key lasts from 1 to {DAYS_MAX} days.",
            remedy="Give a number of days in that range, or none for a key without end.",
            param="expires_days",
            code="invalid_expiry",
        )
    return days


def make(
    connection: Connection, member_id: str, label: str, scopes: frozenset[str], days: int | None, now_ms: int
) -> tuple[ApiKey, str]:
    """(key, text); the text is not kept. Raises Conflict beyond 50 keys in use."""
    usable = api_key.c.revoked_ms.is_(None) & (api_key.c.expires_ms.is_(None) | (api_key.c.expires_ms > now_ms))
    held = connection.scalar(select(func.count()).select_from(api_key).where(usable, api_key.c.member_id == member_id))
    if (held or 0) >= KEYS_MAX:
        raise Conflict(
            f"There are already {KEYS_MAX} keys in use.",
            remedy="Revoke those not needed any more.",
            code="too_many_keys",
        )
    key_id, secret, text = credentials.new_api_key()
    expires_ms = None if days is None else now_ms + days * DAY_MS
    key = ApiKey(key_id, member_id, one_line(label, LABEL_MAX), scopes, now_ms, expires_ms)
    connection.execute(
        insert(api_key).values(
            id=key.id,
            secret_sha256=credentials.digest(secret),
            member_id=member_id,
            label=key.label,
            scopes=" ".join(sorted(scopes)),
            created_ms=now_ms,
            expires_ms=expires_ms,
        )
    )
    return key, text


def of_member(connection: Connection, member_id: str) -> list[ApiKey]:
    """All of them, revoked and expired ones too, newest first."""
    query = select(api_key).where(api_key.c.member_id == member_id)
    rows = connection.execute(query.order_by(api_key.c.created_ms.desc(), api_key.c.id)).mappings()
    return [_read(row) for row in rows]


def revoke(connection: Connection, key_id: str, now_ms: int, *, member_id: str | None = None) -> bool:
    """Revoke one, of that member only when given; False when there is none to revoke."""
    if not credentials.is_id(key_id):
        return False
    which = (api_key.c.id == key_id) & api_key.c.revoked_ms.is_(None)
    if member_id is not None:
        which &= api_key.c.member_id == member_id
    return connection.execute(update(api_key).where(which).values(revoked_ms=now_ms)).rowcount > 0


def _read(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        member_id=row["member_id"],
        label=row["label"],
        scopes=frozenset(row["scopes"].split()),
        created_ms=row["created_ms"],
        expires_ms=row["expires_ms"],
        revoked_ms=row["revoked_ms"],
    )
