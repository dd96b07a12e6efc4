"""Sessions of people who signed in: opaque, kept on this side, ended from here. Functions of a connection."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select, update

from affouage.assembly import credentials
from affouage.storage.tables import session

DAY_MS = 24 * 3_600_000
IDLE_MS = 14 * DAY_MS
"""A session nobody uses for so long is over."""
ABSOLUTE_MS = 90 * DAY_MS
"""A session is over then, used or not."""
SEEN_STEP_MS = 3_600_000
"""The last use is written at most once in so long: reading a page must not cost a write."""
AGENT_MAX = 120


@dataclass(frozen=True)
class SessionToken:
    """A session just opened: the only time its secret is known. ``text`` goes into the cookie, until ``expires_ms``."""

    id: str
    text: str = field(repr=False)
    expires_ms: int


@dataclass(frozen=True)
class Session:
    """An open session, as its owner sees it. ``expires_ms``: when it ends if it is not used again."""

    id: str
    agent: str
    created_ms: int
    seen_ms: int
    expires_ms: int


def open_session(connection: Connection, member_id: str, agent: str, now_ms: int) -> SessionToken:
    token = SessionToken(credentials.new_id(), credentials.new_session_secret(), now_ms + ABSOLUTE_MS)
    connection.execute(
        insert(session).values(
            id=token.id,
            secret_sha256=credentials.digest(token.text),
            member_id=member_id,
            agent=one_line(agent, AGENT_MAX),
            created_ms=now_ms,
            seen_ms=now_ms,
            expires_ms=token.expires_ms,
        )
    )
    return token


def over(seen_ms: int, expires_ms: int, now_ms: int) -> bool:
    """Whether idle or absolute expiry has passed. Pure."""
    return now_ms >= min(expires_ms, seen_ms + IDLE_MS)


def open_sessions(connection: Connection, member_id: str, now_ms: int) -> list[Session]:
    """Those still open, last used first."""
    mine = (session.c.member_id == member_id) & session.c.revoked_ms.is_(None)
    rows = connection.execute(select(session).where(mine).order_by(session.c.seen_ms.desc(), session.c.id))
    return [
        Session(row.id, row.agent, row.created_ms, row.seen_ms, min(row.expires_ms, row.seen_ms + IDLE_MS))
        for row in rows
        if not over(row.seen_ms, row.expires_ms, now_ms)
    ]


def end(connection: Connection, session_id: str, now_ms: int, *, member_id: str | None = None) -> bool:
    """End one, of that member only when given; False when there is none to end."""
    if not credentials.is_id(session_id):
        return False
    which = (session.c.id == session_id) & session.c.revoked_ms.is_(None)
    if member_id is not None:
        which &= session.c.member_id == member_id
    return connection.execute(update(session).where(which).values(revoked_ms=now_ms)).rowcount > 0


def end_all(connection: Connection, member_id: str, now_ms: int, *, but: str = "") -> None:
    """Of that member; ``but``: the id of one that stays, "" for none."""
    which = (session.c.member_id == member_id) & session.c.revoked_ms.is_(None) & (session.c.id != but)
    connection.execute(update(session).where(which).values(revoked_ms=now_ms))


def seen(connection: Connection, session_id: str, now_ms: int) -> None:
    connection.execute(update(session).where(session.c.id == session_id).values(seen_ms=now_ms))


def forget_over(connection: Connection, now_ms: int) -> int:
    """Delete the rows of sessions that are over: they say when somebody was there, and serve nobody any more."""
    which = (
        session.c.revoked_ms.is_not(None) | (session.c.expires_ms <= now_ms) | (session.c.seen_ms <= now_ms - IDLE_MS)
    )
    return connection.execute(delete(session).where(which)).rowcount


def one_line(text: str, most: int) -> str:
    """``text`` as one printable line of at most ``most`` characters, whatever came in. Pure."""
    plain = text[: 4 * most].encode("utf-8", "replace").decode("utf-8")
    return " ".join("".join(one if one.isprintable() else " " for one in plain).split())[:most]
