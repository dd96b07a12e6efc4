"""Sign-in attempts, counted in the database so that restarting the server, or having two, forgives nothing.

An attempt is counted *before* the password is looked at: a thousand sent at once cannot all slip through. Names and
addresses are kept as digests. A name is counted whether or not it exists, so the refusal tells nothing.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from affouage.errors import TooMuch
from affouage.storage.tables import sign_in_attempt

WINDOW_MS = 15 * 60_000


@dataclass(frozen=True)
class Failures:
    """How many in 15 minutes. ``pair``: of one name from one address. ``wide``: of one name from anywhere, or from one
    address (a school, a library) under any name."""

    pair: int = 10
    wide: int = 50


DEFAULT = Failures()


def count(connection: Connection, name_key: str, address: str, now_ms: int, most: Failures = DEFAULT) -> None:
    """Count one attempt. Raises TooMuch (nothing counted) with the seconds to wait."""
    pair, name, place = _keys(name_key, address)
    for key, limit in ((pair, most.pair), (name, most.wide), (place, most.wide)):
        row = connection.execute(select(sign_in_attempt).where(sign_in_attempt.c.key == key)).mappings().first()
        if row is None:
            connection.execute(insert(sign_in_attempt).values(key=key, count=1, window_ms=now_ms))
        elif not row["window_ms"] <= now_ms < row["window_ms"] + WINDOW_MS:
            _set(connection, key, 1, now_ms)
        elif row["count"] >= limit:
            raise _too_many(row["window_ms"] + WINDOW_MS - now_ms)
        else:
            _set(connection, key, row["count"] + 1, row["window_ms"])


def count_one(connection: Connection, what: str, address: str, most: int, now_ms: int, refusal: TooMuch) -> None:
    """Count something else that strangers may do, ``most`` times from one address in 15 minutes.

    Raises ``refusal`` (nothing counted), its ``retry_after_s`` set.
    """
    key = _key(what, network_of(address))
    row = connection.execute(select(sign_in_attempt).where(sign_in_attempt.c.key == key)).mappings().first()
    if row is None:
        connection.execute(insert(sign_in_attempt).values(key=key, count=1, window_ms=now_ms))
    elif not row["window_ms"] <= now_ms < row["window_ms"] + WINDOW_MS:
        _set(connection, key, 1, now_ms)
    elif row["count"] >= most:
        refusal.retry_after_s = max(1, -(-(row["window_ms"] + WINDOW_MS - now_ms) // 1000))
        raise refusal
    else:
        _set(connection, key, row["count"] + 1, row["window_ms"])


def forgive(connection: Connection, name_key: str, address: str) -> None:
    """After a success: the name starts afresh, the address gets back this one attempt."""
    pair, name, place = _keys(name_key, address)
    connection.execute(delete(sign_in_attempt).where(sign_in_attempt.c.key.in_([pair, name])))
    connection.execute(
        update(sign_in_attempt)
        .where(sign_in_attempt.c.key == place, sign_in_attempt.c.count > 0)
        .values(count=sign_in_attempt.c.count - 1)
    )


def forget_name(connection: Connection, name_key: str) -> None:
    """Delete what is counted under a name, when its owner is erased."""
    connection.execute(delete(sign_in_attempt).where(sign_in_attempt.c.key == _key("name", name_key)))


def forget_old(connection: Connection, now_ms: int) -> int:
    """Delete windows that are over."""
    return connection.execute(delete(sign_in_attempt).where(sign_in_attempt.c.window_ms <= now_ms - WINDOW_MS)).rowcount


def _keys(name_key: str, address: str) -> tuple[str, str, str]:
    place = network_of(address)
    return _key("pair", name_key, place), _key("name", name_key), _key("address", place)


def network_of(address: str) -> str:
    """One subscriber: an IPv4 address, or the first 64 bits of an IPv6 one, of which everybody has plenty."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _set(connection: Connection, key: str, value: int, window_ms: int) -> None:
    connection.execute(
        update(sign_in_attempt).where(sign_in_attempt.c.key == key).values(count=value, window_ms=window_ms)
    )


def _too_many(left_ms: int) -> TooMuch:
    wait_s = max(1, -(-left_ms // 1000))
    return TooMuch(
        "Too many attempts to sign in.",
        remedy=f"Wait {-(-wait_s // 60)} min, then try again; an operator can give you a link to a new password.",
        retry_after_s=wait_s,
        code="too_many_attempts",
    )
