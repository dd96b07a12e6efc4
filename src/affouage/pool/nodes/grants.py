"""What an approved machine is given, and how it shows that it is that machine. Needs the extra ``pool``."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from affouage.clock import Clock
from affouage.errors import BadRequest, NotAllowed, NotSignedIn
from affouage.pool.nodes import nkey
from affouage.pool.nodes.commons_keys import commons_keys
from affouage.pool.nodes.credentials import node_jwt
from affouage.pool.nodes.joining import (
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    JoinAnswer,
    JoinRequest,
    signed_text,
)
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.sealing import Seal
from affouage.settings import Settings
from affouage.storage.home import text_of

JWT_DAYS = 7
"""A credential ends then unless renewed; machines ask for a new one every day."""

SIGNED_MS = 120_000
"""A signature counts for that long, once."""

_TIME = re.compile(r"[0-9]{1,15}")
_NONCE = re.compile(r"[0-9a-f]{32}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_DAY_MS = 86_400_000


class Grants:
    """``settings``: where machines reach the broker. Raises SetUpError for keys or certificates that cannot be read."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._keys = commons_keys(settings.home)
        self._commons_name = settings.commons.name
        self._bus_url = settings.pool.public_url or settings.pool.url
        self._own_bus_url = settings.pool.url
        self._ca_pem = text_of(Path(settings.pool.ca_file).expanduser()) if settings.pool.ca_file else ""
        self._seen: OrderedDict[tuple[str, str], int] = OrderedDict()

    def check(self, public_key: str, headers: Mapping[str, str], method: str, path: str, body: bytes = b"") -> None:
        """The request was signed just now by the holder of ``public_key``, and comes for the first time.

        Raises NotSignedIn: ``node_signature``; ``node_clock`` with ``now_ms``, the time to sign with.
        """
        time, nonce, signature = (headers.get(name, "") for name in (TIME_HEADER, NONCE_HEADER, SIGNATURE_HEADER))
        if not (_TIME.fullmatch(time) and _NONCE.fullmatch(nonce) and _SIGNATURE.fullmatch(signature)):
            raise _unsigned()
        text = signed_text(method, path, int(time), nonce, body)
        if not nkey.is_public(public_key, "user") or not nkey.verify(public_key, text, bytes.fromhex(signature)):
            raise _unsigned()
        now_ms = self._clock.now_ms()
        if abs(int(time) - now_ms) > SIGNED_MS:
            raise NotSignedIn(
                "The clock of this machine is wrong.",
                remedy="Sign with the time given here.",
                code="node_clock",
                now_ms=now_ms,
            )
        self._only_once(public_key, nonce, now_ms)

    def _only_once(self, public_key: str, nonce: str, now_ms: int) -> None:
        while self._seen and next(iter(self._seen.values())) <= now_ms - 2 * SIGNED_MS:
            self._seen.popitem(last=False)
        if (public_key, nonce) in self._seen:
            raise _unsigned()
        self._seen[public_key, nonce] = now_ms

    def check_keys(self, request: JoinRequest) -> None:
        """Raises BadRequest for keys that are none: nothing could ever be sealed for them."""
        try:
            nkey.public_bytes(request.public_key, "user")
            Seal(self._keys.box, bytes.fromhex(request.box_key))
        except Exception:  # PyNaCl has several ways to say so
            raise BadRequest(
                "These are not keys of a machine.", remedy="Join with a recent affouage.", code="node_keys"
            ) from None

    def answer(self, record: NodeRecord) -> JoinAnswer:
        """Where the machine stands; approved, all it needs. Raises NotAllowed: ``node_refused``, ``node_revoked``."""
        if record.state == "refused":
            raise NotAllowed(
                "A steward refused this machine.",
                remedy="Ask them why; it takes a new invitation.",
                code="node_refused",
            )
        if record.state == "revoked":
            raise NotAllowed(
                "This machine was revoked: it serves this commons no more.",
                remedy="Ask a steward; it takes a new invitation.",
                code="node_revoked",
            )
        if record.state == "pending":
            return JoinAnswer(
                state="pending",
                node_id=record.id,
                name=record.name,
                machine_id=record.machine_id,
                commons_name=self._commons_name,
            )
        return self._granted(record)

    def _granted(self, record: NodeRecord) -> JoinAnswer:
        now_ms = self._clock.now_ms()
        return JoinAnswer(
            state="approved",
            node_id=record.id,
            name=record.name,
            machine_id=record.machine_id,
            commons_name=self._commons_name,
            bus_url=self._own_bus_url if record.trust == 0 else self._bus_url,
            ca_pem=self._ca_pem,
            jwt=node_jwt(self._keys, record.id, record.public_key, now_ms // 1000, JWT_DAYS),
            jwt_expires_ms=now_ms + JWT_DAYS * _DAY_MS,
            commons_box_key=self._keys.box_public.hex(),
        )


def _unsigned() -> NotSignedIn:
    return NotSignedIn(
        "This request is not signed by the machine it names.",
        remedy="Join again with a new invitation.",
        code="node_signature",
    )
