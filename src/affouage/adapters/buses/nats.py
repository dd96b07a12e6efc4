"""The bus over a NATS broker. One connection, made again for ever when it is lost; nobody waits for it.

nats-py is asked for single connections only: its own reconnection gives up on what a broker may well say in passing (an
expired pass, a full house, a proxy's 502), and sends late what its caller was told had been lost.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import random
import re
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from affouage.adapters.buses.address import Address
from affouage.pool.nodes import nkey
from affouage.pool.nodes.bus import MAX_PAYLOAD_BYTES, BusDown, OnMessage

_log = logging.getLogger("affouage.bus")

PING_INTERVAL_S = 2
PINGS_UNANSWERED = 2
_CONNECT_S = 3
_CLOSING_S = 2.0
_CANCELLED_S = 0.5
_UNSENT_BYTES = 8_000_000
_UNREAD_MESSAGES = 65_536
_UNREAD_BYTES = 64_000_000
_REFUSED_WAIT_S = 0.5
_REFUSED_WAIT_MOST_S = 10.0
_WORDS_KEPT = 8
_SUBJECT = re.compile(r"[!-)+-=?-~]+")
_PATTERN = re.compile(r"[!-~]+")


class Pace(msgspec.Struct, frozen=True):
    """How long before another attempt: ``wait_s`` plus up to ``jitter_s``, drawn anew each time."""

    wait_s: float
    jitter_s: float = 0.0

    def draw(self) -> float:
        return self.wait_s + random.uniform(0, self.jitter_s)  # noqa: S311 - no secret


GATEWAY_PACE = Pace(0.1)
"""Shorter than the nodes': whoever listens should be back before whoever speaks."""
NODE_PACE = Pace(0.25, 0.25)


class Pass(msgspec.Struct, frozen=True):
    """Who connects: ``jwt`` gives the credential in force (asked at each connection), ``seed`` (SU...) proves it."""

    jwt: Callable[[], str]
    seed: str

    def __repr__(self) -> str:
        return "Pass()"

    def options(self) -> dict[str, Any]:
        key = nkey.from_seed(self.seed, "user")
        return {
            "user_jwt_cb": lambda: self.jwt().encode(),
            "signature_cb": lambda nonce: base64.b64encode(key.sign(nonce.encode())),
        }


class NatsBus:
    """See :class:`~affouage.pool.nodes.bus.Bus`. Made by :func:`open_bus`; whoever opens it closes it.

    ``problem``: why it is not connected, as the broker or the network said last; "" when it is.
    """

    def __init__(self, address: Address, user: Pass, pace: Pace, name: str) -> None:
        self.problem = "not connected yet"
        self._address = address
        self._pass = user
        self._pace = pace
        self._name = name
        self._link: _Link | None = None
        self._connected = asyncio.Event()
        self._subscriptions: list[tuple[str, OnMessage]] = []
        self._watchers: list[Callable[[bool], None]] = []
        self._unsent: deque[tuple[str, bytes]] = deque()
        self._unsent_bytes = 0
        self._to_send = asyncio.Event()
        self._life: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._life = asyncio.create_task(self._live(), name=f"bus of {self._name}")

    # --- the port -----------------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    def publish(self, subject: str, payload: bytes) -> None:
        if not _SUBJECT.fullmatch(subject):
            raise ValueError(f"{subject!r:.80} is no subject")
        link = self._link
        if len(payload) > MAX_PAYLOAD_BYTES or (link is not None and len(payload) > link.max_payload):
            raise BusDown("The message is too large for the broker.", remedy="Ask a shorter question.")
        if link is None or not self.connected:
            raise BusDown("The broker cannot be reached.", remedy="Try again in a moment.")
        if self._unsent_bytes + len(payload) > _UNSENT_BYTES:
            raise BusDown("The link to the broker is too slow for all that.", remedy="Try again in a moment.")
        self._unsent.append((subject, payload))
        self._unsent_bytes += len(payload)
        self._to_send.set()

    async def subscribe(self, subject: str, on_message: OnMessage) -> None:
        """Once it returns on a live connection, the broker knows of it."""
        if not _PATTERN.fullmatch(subject):
            raise ValueError(f"{subject!r:.80} is no subject")
        self._subscriptions.append((subject, on_message))
        link = self._link
        if link is not None and self.connected:
            with suppress(NatsError, OSError):  # lost meanwhile: the next connection subscribes to all
                await link.hear(subject, on_message)
                await link.settle()

    def on_change(self, told: Callable[[bool], None]) -> None:
        self._watchers.append(told)

    async def close(self) -> None:
        life, self._life = self._life, None
        if life is None:
            return
        self._watchers.clear()  # nobody has to be told of what he does himself
        link = self._link
        if link is not None and self.connected:
            with suppress(NatsError, OSError, TimeoutError):
                async with asyncio.timeout(_CLOSING_S):
                    while self._unsent:
                        await link.publish(*self._unsent.popleft())
                    await link.settle()
        await ended(life)

    # --- beyond the port ----------------------------------------------------------------------------------------------

    async def until_connected(self, timeout_s: float) -> None:
        """Raises BusDown, with what the broker said, after ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._connected.wait()
        except TimeoutError:
            raise BusDown(
                f"The broker at {self._address.url} cannot be reached: {self.problem}.",
                remedy="See whether it runs and whether this machine may connect to it.",
            ) from None

    async def request(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """One answer, by an inbox: for the commons alone, nodes have none. Raises BusDown."""
        link = self._link
        if link is None or not self.connected:
            raise BusDown("The broker cannot be reached.", remedy="Try again in a moment.")
        try:
            answer = await link.request(subject, payload, timeout=timeout_s)
        except (NatsError, OSError) as silent:
            raise BusDown(f"The broker does not answer ({silent}).", remedy="Try again in a moment.") from None
        return answer.data

    # --- one connection after the other -------------------------------------------------------------------------------

    async def _live(self) -> None:
        refusals = 0
        while True:
            refusals = refusals + 1 if await self._one_connection() else 0
            wait_s = self._pace.draw()
            if refusals:  # a broker that refuses this pass is not asked ten times a second
                wait_s = max(wait_s, min(_REFUSED_WAIT_MOST_S, _REFUSED_WAIT_S * 2 ** min(refusals, 10)))
            await asyncio.sleep(wait_s)

    async def _one_connection(self) -> bool:
        """Connect and stay until it is lost. Whether the broker refused us."""
        link, writer = _Link(self._address, self._name), None
        try:
            await link.make(self._pass, self._subscriptions)
            self._link = link
            writer = asyncio.create_task(self._write(link), name=f"writer of {self._name}")
            self._become(True, "")
            await link.lost.wait()
        except (NatsError, OSError, TimeoutError, ValueError) as problem:
            link.heard(problem)
        except Exception as problem:  # nats-py and aiohttp let others through: none may end the mending
            link.heard(problem)
            _log.debug("%s: the connection failed (%s)", self._name, type(problem).__name__)
        finally:
            self._link = None
            self._become(False, link.said[-1] if link.said else "the connection was lost")
            await ended(writer)
            await link.end()
        return any(_is_refusal(words) for words in link.said)

    async def _write(self, link: _Link) -> None:
        try:
            while True:
                await self._to_send.wait()
                self._to_send.clear()
                while self._unsent:
                    subject, payload = self._unsent.popleft()
                    self._unsent_bytes -= len(payload)
                    await link.publish(subject, payload)
        except (NatsError, OSError) as problem:
            link.heard(problem)
            link.lost.set()

    def _become(self, connected: bool, problem: str) -> None:
        changed = connected != self.connected
        self.problem = problem
        if not connected:
            self._connected.clear()
            self._unsent.clear()
            self._unsent_bytes = 0
        elif changed:
            self._connected.set()
        for told in self._watchers if changed else ():
            try:
                told(connected)
            except Exception:  # a bug of theirs is no reason to stop mending
                _log.exception("%s: whoever was told of the connection failed", self._name)


def open_bus(address: Address, user: Pass, pace: Pace, name: str) -> NatsBus:
    """A bus that is connecting; it never raises for a broker that is not there. ``name`` is seen by the broker."""
    if address.tls is not None:
        logging.getLogger("asyncio").addFilter(_HUSH)
    bus = NatsBus(address, user, pace, name)
    bus.start()
    return bus


class _Link(Client):
    """One connection, once. ``lost`` is set as soon as it is, before its socket has been closed; ``said``: last words
    of the broker or the network about it.

    Some things are mended here that nats-py has no setting for, hence its inner names.
    """

    def __init__(self, address: Address, name: str) -> None:
        super().__init__()
        self.lost = asyncio.Event()
        self.said: deque[str] = deque(maxlen=_WORDS_KEPT)
        self._address = address
        self._name = name

    async def make(self, user: Pass, subscriptions: list[tuple[str, OnMessage]]) -> None:
        async with asyncio.timeout(2 * _CONNECT_S):
            await self.connect(
                self._address.url,
                name=self._name,
                allow_reconnect=False,
                connect_timeout=_CONNECT_S,
                reconnect_time_wait=0,
                max_reconnect_attempts=1,
                ping_interval=PING_INTERVAL_S,
                max_outstanding_pings=PINGS_UNANSWERED,
                flush_timeout=_CLOSING_S,
                error_cb=self._on_error,
                tls=self._address.tls,
                **user.options(),
            )
            known = 0
            while known < len(subscriptions):  # more may come while the broker is told
                for subject, on_message in subscriptions[known:]:
                    await self.hear(subject, on_message)
                    known += 1
                await self.settle()

    async def hear(self, subject: str, on_message: OnMessage) -> None:
        async def passed_on(message: Msg) -> None:
            try:
                on_message(message.subject, message.data)
            except Exception:
                _log.exception("%s: a message could not be taken", self._name)

        await self.subscribe(
            subject, cb=passed_on, pending_msgs_limit=_UNREAD_MESSAGES, pending_bytes_limit=_UNREAD_BYTES
        )

    async def settle(self) -> None:
        """The broker has done all that it was told before."""
        await self._flush_pending(force_flush=True)  # flush() alone overtakes what still waits to be written
        await self.flush(timeout=_CONNECT_S)

    def heard(self, problem: Exception) -> None:
        self.said.append(_words(problem))

    async def end(self) -> None:
        """Let go of the socket: kindly for a connection that still works, at once otherwise."""
        if self.lost.is_set():
            self._abort()
        with suppress(Exception):  # half made or half lost: whatever it says now is of no use
            async with asyncio.timeout(_CLOSING_S):
                await self.close()
        self._abort()

    async def _on_error(self, problem: Exception) -> None:
        self.heard(problem)
        if "permissions violation" in self.said[-1].lower():
            _log.warning("%s: the broker refuses: %s", self._name, self.said[-1])

    def _connect_command(self) -> bytes:
        # It would go on in clear when the broker, or whoever sits in between, offers nothing better.
        if self._address.url.startswith("tls:") and not self._server_info.get("tls_required"):
            raise NatsError("it offers no TLS")
        return super()._connect_command()

    async def _close(self, status: int, do_cbs: bool = True) -> None:
        # Its own callbacks come after the socket's last word, which over a cut link takes minutes.
        if self.last_error is not None:
            self.heard(self.last_error)
        self.lost.set()
        await super()._close(status, do_cbs)

    def _abort(self) -> None:
        writer = getattr(self._transport, "_bare_io_writer", None)
        if writer is not None:
            writer.transport.abort()


async def ended(task: asyncio.Task[None] | None) -> None:
    """Again until it ends: nats-py takes a cancellation for itself where it closes or flushes, and goes on."""
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_CANCELLED_S)


_REFUSALS = ("authorization violation", "user authentication", "account authentication")


def _is_refusal(words: str) -> bool:
    return any(one in words.lower() for one in _REFUSALS)


def _words(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not one this machine trusts ({problem.verify_message})"
    return str(problem).removeprefix("nats: ").strip("'") or type(problem).__name__


class _Hush(logging.Filter):
    """asyncio warns at the end of each TLS connection made by nats-py, to no purpose."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "eof_received()" not in record.getMessage()


_HUSH = _Hush()
