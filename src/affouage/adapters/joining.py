"""A machine's side of joining: its keys, and what it asks of the commons over HTTP. Needs the extra ``pool``."""

from __future__ import annotations

import re
import secrets
import ssl
from typing import Any

import aiohttp
import msgspec

from affouage import __version__, errors
from affouage.clock import Clock
from affouage.pool.nodes import nkey, sealing
from affouage.pool.nodes.identity import Enrolled
from affouage.pool.nodes.joining import (
    JOIN_PATH,
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    JoinAnswer,
    JoinRequest,
    check_address,
    node_id_of,
    signed_text,
)

TIMEOUT_S = 20
ANSWER_MAX_BYTES = 200_000
"""A credential and a certificate of authority are a few thousand."""

GONE = frozenset({"node_not_found", "node_refused", "node_revoked"})
"""Codes by which a commons says that these keys are worth nothing to it, and never will be."""

_KINDS: dict[str, type[errors.AffouageError]] = {
    "node_not_found": errors.NotFound,
    "node_refused": errors.NotAllowed,
    "node_revoked": errors.NotAllowed,
}
_MACHINE_ID = re.compile(r"[^A-Za-z0-9._-]+")
_read = msgspec.json.Decoder(JoinAnswer).decode


def new_machine(commons_url: str, name: str, machine_id: str) -> Enrolled:
    """Keys that nobody else ever has, for one commons. ``machine_id``: what this machine is called in the books."""
    key = nkey.new_key("user")
    return Enrolled(
        node_id=node_id_of(key.public),
        name=name,
        machine_id=_MACHINE_ID.sub("-", machine_id).strip("-._")[:80] or "machine",
        commons_url=commons_url,
        public_key=key.public,
        seed=key.seed,
        box_private=sealing.new_key().hex(),
    )


def box_public(enrolled: Enrolled) -> bytes:
    """What the commons seals for, 32 bytes."""
    return sealing.public_of(bytes.fromhex(enrolled.box_private))


async def ask(enrolled: Enrolled, secret: str, clock: Clock, max_watts: float | None = None) -> Enrolled:
    """Use the invitation. Raises AffouageError with the code the commons gave, Unavailable when it is not reached."""
    asked = JoinRequest(
        secret=secret,
        name=enrolled.name,
        public_key=enrolled.public_key,
        box_key=box_public(enrolled).hex(),
        machine_id=enrolled.machine_id,
        max_watts=max_watts,
        affouage=__version__,
    )
    return granted(enrolled, await _signed(enrolled, "POST", JOIN_PATH, clock, msgspec.json.encode(asked)))


async def renewed(enrolled: Enrolled, clock: Clock) -> Enrolled:
    """The machine as the commons now sees it, with a new credential once approved; to be asked every day.

    Raises NotAllowed (``node_refused``, ``node_revoked``), NotFound (``node_not_found``), Unavailable.
    """
    return granted(enrolled, await _signed(enrolled, "GET", f"{JOIN_PATH}/{enrolled.node_id}", clock))


def granted(enrolled: Enrolled, answer: JoinAnswer) -> Enrolled:
    """The identity with what the commons answered. Pure. Raises Unavailable for an answer about another machine."""
    if answer.node_id != enrolled.node_id:
        raise _no_commons(enrolled.commons_url)
    return msgspec.structs.replace(
        enrolled,
        state="asked" if answer.state == "pending" else "approved",
        name=_seen(answer.name),
        machine_id=answer.machine_id,
        commons_name=_seen(answer.commons_name),
        bus_url=answer.bus_url,
        ca_pem=answer.ca_pem,
        jwt=answer.jwt,
        jwt_expires_ms=answer.jwt_expires_ms,
        commons_box_key=answer.commons_box_key,
    )


async def _signed(enrolled: Enrolled, method: str, path: str, clock: Clock, body: bytes = b"") -> JoinAnswer:
    """Signed with the machine's own clock; a commons that finds it wrong says what time it is."""
    check_address(enrolled.commons_url)
    try:
        return await _request(enrolled, method, path, clock.now_ms(), body)
    except errors.AffouageError as no:
        now_ms = no.details.get("now_ms")
        if no.code != "node_clock" or not isinstance(now_ms, int) or not 0 <= now_ms < 10**15:
            raise
    return await _request(enrolled, method, path, now_ms, body)


async def _request(enrolled: Enrolled, method: str, path: str, time_ms: int, body: bytes) -> JoinAnswer:
    nonce, url = secrets.token_hex(16), enrolled.commons_url
    text = signed_text(method, path, time_ms, nonce, body)
    headers = {
        TIME_HEADER: str(time_ms),
        NONCE_HEADER: nonce,
        SIGNATURE_HEADER: nkey.from_seed(enrolled.seed, "user").sign(text).hex(),
        "content-type": "application/json",
    }
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as http,
            http.request(method, url + path, data=body, headers=headers, allow_redirects=False) as response,
        ):
            told, status = await _bounded(response), response.status
    except (aiohttp.ClientConnectorCertificateError, ssl.SSLError):
        raise errors.Unavailable(
            f"The certificate of {url} is not one this machine trusts.",
            remedy="Check the address and this machine's clock. For an authority of your own, put its certificate in a"
            " file named by SSL_CERT_FILE.",
            code="node_certificate",
            url=url,
        ) from None
    except (aiohttp.ClientError, TimeoutError, ValueError):
        raise errors.Unavailable(
            f"{url} cannot be reached from here.",
            remedy="Look whether this machine is on line and the address right; then the same command again.",
            code="node_unreachable",
            url=url,
        ) from None
    return _understood(status, told, url)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """The body, or its beginning when it is far too long: then it is no answer of a commons."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_chunked(65_536):
        parts.append(part)
        size += len(part)
        if size > ANSWER_MAX_BYTES:
            break
    return b"".join(parts)


def _understood(status: int, told: bytes, url: str) -> JoinAnswer:
    try:
        if status in (200, 202):
            return _read(told)
        error = msgspec.json.decode(told, type=dict[str, Any])["error"]
        code, message, facts = str(error["code"]), _seen(str(error["message"])), error.get("affouage")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
        raise _no_commons(url) from None
    kind = _KINDS.get(code, errors.AffouageError)
    raised = kind(message, code=code if re.fullmatch(r"[a-z_]{1,40}", code) else "error")
    raised.details.update({str(name): value for name, value in (facts if isinstance(facts, dict) else {}).items()})
    raise raised


def _no_commons(url: str) -> errors.Unavailable:
    return errors.Unavailable(
        f"What answers at {url} is not a commons that takes machines.",
        remedy="Check the address with whoever gave you the invitation.",
        code="node_no_commons",
        url=url,
    )


def _seen(text: str) -> str:
    """What may be shown on a terminal, whatever was sent."""
    return "".join(one for one in text[:500] if one.isprintable())
