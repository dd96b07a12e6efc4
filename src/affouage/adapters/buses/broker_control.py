"""What the commons asks of its broker, and what the broker tells it: keys taken back at once, connections that end.

It goes through the broker's own account (``$SYS``), with a connection apart, as a user made for this start.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec

from affouage.adapters.buses.address import Address
from affouage.adapters.buses.nats import GATEWAY_PACE, NatsBus, Pass, ended, open_bus
from affouage.clock import Clock
from affouage.errors import AffouageError, Unavailable
from affouage.pool.nodes import nkey
from affouage.pool.nodes.bus import BusDown
from affouage.pool.nodes.commons_keys import CommonsKeys
from affouage.pool.nodes.credentials import account_jwt, observer_jwt
from affouage.pool.nodes.revoked import read_revoked, write_revoked

_UPDATE = "$SYS.REQ.CLAIMS.UPDATE"
_ANSWER_S = 2.0
_AGAIN_S = 0.5
_DONE = 200

_log = logging.getLogger("affouage.broker")

OnGone = Callable[[str], None]
"""Told the public key (U...) of a user whose last connection has ended, on the event loop; must return at once."""


class _Client(msgspec.Struct, frozen=True):
    id: int = 0
    user: str = ""


class _Server(msgspec.Struct, frozen=True):
    id: str = ""


class _Event(msgspec.Struct, frozen=True):
    client: _Client = _Client()
    server: _Server = _Server()


class _Data(msgspec.Struct, frozen=True):
    code: int = 0


class _Answer(msgspec.Struct, frozen=True):
    data: _Data = _Data()


_event = msgspec.json.Decoder(_Event).decode
_answer = msgspec.json.Decoder(_Answer).decode


class BrokerControl:
    """Opened by :func:`open_control`; whoever opens it closes it."""

    def __init__(self, bus: NatsBus, keys: CommonsKeys, home: Path, clock: Clock) -> None:
        self._bus = bus
        self._keys = keys
        self._home = home
        self._clock = clock
        self._watchers: list[OnGone] = []
        self._there: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
        self._due = asyncio.Event()
        self._told = asyncio.Event()
        self._telling: asyncio.Task[None] | None = None

    async def start(self) -> None:
        account = self._keys.account.public
        await self._bus.subscribe(f"$SYS.ACCOUNT.{account}.CONNECT", self._on_connect)
        await self._bus.subscribe(f"$SYS.ACCOUNT.{account}.DISCONNECT", self._on_disconnect)
        self._bus.on_change(self._on_change)
        self._due.set()
        self._telling = asyncio.create_task(self._tell(), name="account of the pool")

    @property
    def connected(self) -> bool:
        return self._bus.connected

    def on_gone(self, told: OnGone) -> None:
        """A hint, faster than any timeout: a machine that was cut may also go without a word."""
        self._watchers.append(told)

    async def revoke(self, public_key: str) -> bool:
        """Take a key back, for good: its connections end and no other begins. Returns whether the broker has said so.

        Otherwise it is kept, and the broker is told as soon as it can be reached. Raises BadKey for what is no user's
        key, HomeReadOnly when it cannot be kept.
        """
        nkey.public_bytes(public_key, "user")
        write_revoked(self._home, public_key, self._clock.now_ms() // 1000)
        self._told.clear()
        self._due.set()
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._told.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        telling, self._telling = self._telling, None
        await ended(telling)
        await self._bus.close()

    async def _tell(self) -> None:
        """Give the broker the pool's account as it is now, each time it is due, until it says it has it."""
        said = ""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await self._give_account()
            except AffouageError as refused:
                if refused.message != said and not isinstance(refused, BusDown):
                    _log.error("the broker cannot be told who was revoked: %s", refused)
                said = refused.message
                await asyncio.sleep(_AGAIN_S)
                self._due.set()
            else:
                said = ""
                if not self._due.is_set():
                    self._told.set()

    async def _give_account(self) -> None:
        """Raises BusDown, Unavailable when the broker says no, SettingsError when the list is damaged."""
        account = account_jwt(self._keys, self._clock.now_ms() // 1000, read_revoked(self._home))
        answer = await self._bus.request(_UPDATE, account.encode(), _ANSWER_S)
        try:
            code = _answer(answer).data.code
        except (msgspec.DecodeError, UnicodeDecodeError):
            code = 0
        if code != _DONE:
            raise Unavailable(
                "The broker refuses the account of this commons.", remedy="Print its configuration again."
            )

    def _on_change(self, connected: bool) -> None:
        self._there.clear()
        if connected:  # it may have been restarted with an older configuration
            self._due.set()

    def _on_connect(self, _subject: str, payload: bytes) -> None:
        user, connection = _who(payload)
        if user:
            self._there[user].add(connection)

    def _on_disconnect(self, _subject: str, payload: bytes) -> None:
        user, connection = _who(payload)
        if not user:
            return
        self._there[user].discard(connection)
        if not self._there[user]:  # else it has come back already, and this is the old connection's end
            del self._there[user]
            for told in self._watchers:
                told(user)


def _who(payload: bytes) -> tuple[str, tuple[str, int]]:
    try:
        event = _event(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", ("", 0)
    return event.client.user, (event.server.id, event.client.id)


async def open_control(address: Address, keys: CommonsKeys, home: Path, clock: Clock) -> BrokerControl:
    """It connects by itself, and never raises for a broker that is not there."""
    user = nkey.new_key("user")
    held = Pass(lambda: observer_jwt(keys, user, clock.now_ms() // 1000), user.seed)
    control = BrokerControl(open_bus(address, held, GATEWAY_PACE, "commons"), keys, home, clock)
    await control.start()
    return control
