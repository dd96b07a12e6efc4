"""Who may say and hear what on the broker: each node its own subjects and no other. Pure, given the keys and the time.

operator ── signs ── account of the pool ── signs ── the gateway: the whole account
    │                                       └─────── each node:  says hb.<id>, out.<id>.>   hears node.<id>.>
    └──── signs ── account of the broker's own events (system) ─ the commons only
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affouage.pool.nodes import jwt, nkey
from affouage.pool.nodes.bus import MAX_PAYLOAD_BYTES, heartbeat_subject
from affouage.pool.nodes.commons_keys import CommonsKeys
from affouage.pool.nodes.nkey import Key

_DAY_S = 86_400
_NO_LIMIT = -1
_NODE_SUBSCRIPTIONS = 16
_NOBODYS = ["_INBOX.>", "$SYS.>", "$JS.>"]
"""Refused to nodes by name too, though nothing but their own subjects is granted."""

_ACCOUNT_LIMITS = {
    **dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn"), _NO_LIMIT),
    "wildcards": True,
    "leaf": 0,
}
_REVOKED_AHEAD_S = _DAY_S
"""A revocation names what was issued until then: a clock put back in between revokes none the less."""


def operator_jwt(keys: CommonsKeys, now_s: int, *, name: str = "affouage") -> str:
    """What the broker's configuration holds; not secret."""
    granted = {"type": "operator", "system_account": keys.system.public}
    return jwt.encode(keys.operator, keys.operator.public, granted, name=name, now_s=now_s)


def account_jwt(keys: CommonsKeys, now_s: int, revoked: Mapping[str, int] | None = None) -> str:
    """The pool's account. ``revoked``: second of its revocation, by public key (U...)."""
    granted: dict[str, Any] = {"type": "account", "limits": _ACCOUNT_LIMITS}
    if revoked:
        granted["revocations"] = {key: at_s + _REVOKED_AHEAD_S for key, at_s in sorted(revoked.items())}
    return jwt.encode(keys.operator, keys.account.public, granted, name="pool", now_s=now_s)


def system_jwt(keys: CommonsKeys, now_s: int) -> str:
    """The broker's own account: what it tells of connections, and where the pool's account is updated."""
    granted = {"type": "account", "limits": _ACCOUNT_LIMITS}
    return jwt.encode(keys.operator, keys.system.public, granted, name="system", now_s=now_s)


def node_jwt(keys: CommonsKeys, node_id: str, public_key: str, now_s: int, days: int) -> str:
    """A node's pass, for ``days`` days. Raises BadKey when ``public_key`` is no user's, ValueError for another id."""
    _check_id(node_id)
    nkey.public_bytes(public_key, "user")
    granted = _user(
        {"allow": [heartbeat_subject(node_id), f"out.{node_id}.>"], "deny": _NOBODYS},
        {"allow": [f"node.{node_id}.>"], "deny": _NOBODYS},
        subscriptions=_NODE_SUBSCRIPTIONS,
        payload=MAX_PAYLOAD_BYTES,
    )
    expires_s = now_s + days * _DAY_S
    return jwt.encode(keys.account, public_key, granted, name=node_id, now_s=now_s, expires_s=expires_s)


def gateway_jwt(keys: CommonsKeys, now_s: int) -> str:
    """The commons' own pass: the whole of the pool's account. It signs it itself at each connection."""
    return jwt.encode(keys.account, keys.gateway.public, _user({}, {}), name="gateway", now_s=now_s)


def observer_jwt(keys: CommonsKeys, user: Key, now_s: int) -> str:
    """The commons' pass into the broker's own account, for a key made for this start."""
    return jwt.encode(keys.system, user.public, _user({}, {}), name="commons", now_s=now_s)


def _user(
    says: Mapping[str, list[str]],
    hears: Mapping[str, list[str]],
    *,
    subscriptions: int = _NO_LIMIT,
    payload: int = _NO_LIMIT,
) -> dict[str, Any]:
    return {
        "type": "user",
        "pub": dict(says),
        "sub": dict(hears),
        "subs": subscriptions,
        "data": _NO_LIMIT,
        "payload": payload,
        "allowed_connection_types": ["STANDARD", "WEBSOCKET"],
    }


def _check_id(node_id: str) -> None:
    # A dot, a star or a space in it would open another's subjects.
    if not node_id or len(node_id) > 64 or set(node_id) - set("abcdefghijklmnopqrstuvwxyz0123456789_"):
        raise ValueError(f"{node_id!r:.40} is no node id")
