"""The JWT that NATS reads (version 2): who is who, and what each may say and hear. Pure: the time is given.

An operator signs accounts, an account signs its users. A broker that knows the operator's own needs nothing more.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from affouage.pool.nodes import nkey
from affouage.pool.nodes.nkey import Key

_HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}
_LONGEST = 256_000
_SKEW_S = 60
"""A commons and its broker may disagree so much about the time."""


class BadJwt(ValueError):
    """Malformed, not signed by whom it should, or past its time."""


class Claims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``sub``: the public key it is about; ``iss``: who signed; times in seconds, ``exp`` 0 for ever.

    ``nats``: what is granted, with its ``type`` (operator, account, user) and ``version``.
    """

    sub: str
    iss: str
    iat: int
    name: str = ""
    exp: int = 0
    jti: str = ""
    nats: dict[str, Any] = {}


def encode(signer: Key, subject: str, granted: Mapping[str, Any], *, name: str, now_s: int, expires_s: int = 0) -> str:
    """Signed by ``signer`` about the public key ``subject``. ``expires_s``: 0 for never; seconds since 1970."""
    claims = Claims(sub=subject, iss=signer.public, iat=now_s, name=name, exp=expires_s, nats={**granted, "version": 2})
    digest = hashlib.new("sha512_256", _json(claims)).digest()
    claims = msgspec.structs.replace(claims, jti=base64.b32encode(digest).decode().rstrip("="))
    signed = f"{_b64(msgspec.json.encode(_HEADER))}.{_b64(_json(claims))}"
    return f"{signed}.{_b64(signer.sign(signed.encode()))}"


def decode(token: str, *, issuer: str, now_s: int) -> Claims:
    """What ``token`` says, if ``issuer`` signed it and it is in force at ``now_s``. Raises BadJwt."""
    header, body, signature = _parts(token)
    try:
        if msgspec.json.decode(header) != _HEADER:
            raise BadJwt("another kind of token")
        claims = msgspec.json.decode(body, type=Claims)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadJwt("malformed") from None
    if claims.iss != issuer or not nkey.verify(issuer, token.rpartition(".")[0].encode(), signature):
        raise BadJwt("not signed by whom it should")
    if claims.exp and claims.exp <= now_s:
        raise BadJwt("expired")
    if claims.iat > now_s + _SKEW_S:
        raise BadJwt("from the future")
    return claims


def _parts(token: str) -> tuple[bytes, bytes, bytes]:
    if len(token) > _LONGEST or not token.isascii() or token.count(".") != 2:
        raise BadJwt("malformed")
    header, body, signature = (_unb64(part) for part in token.split("."))
    return header, body, signature


def _json(claims: Claims) -> bytes:
    return msgspec.json.encode(claims)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadJwt("malformed") from None
    if _b64(raw) != text:
        raise BadJwt("malformed")
    return raw
