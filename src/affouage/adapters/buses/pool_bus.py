"""The ends of the pool's bus, as the commons and its machines open them. Cheap to import without the extra ``pool``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from affouage.clock import Clock
from affouage.errors import SetUpError
from affouage.settings import Settings
from affouage.storage.home import text_of

if TYPE_CHECKING:
    from affouage.adapters.buses.address import Address
    from affouage.adapters.buses.broker_control import BrokerControl
    from affouage.adapters.buses.nats import NatsBus
    from affouage.pool.nodes.commons_keys import CommonsKeys
    from affouage.pool.nodes.identity import Enrolled

_EXTRA = ("nats", "nacl", "cryptography")


class PoolLink(msgspec.Struct, frozen=True):
    """The commons on its broker. ``settings``: with ``pool.url`` and the rest filled in, when the broker is our own."""

    settings: Settings
    keys: CommonsKeys
    bus: NatsBus
    control: BrokerControl


def need_extra() -> None:
    """Raises SetUpError when the packages of the pool are not installed."""
    if any(find_spec(name) is None for name in _EXTRA):
        raise SetUpError(
            "Machines together need packages that are not installed.",
            remedy="Install them: make pool, in the folder of affouage (or pip install 'affouage[pool]')",
            code="pool_extra",
        )


@asynccontextmanager
async def open_pool(settings: Settings, clock: Clock, *, own_broker: bool = False) -> AsyncIterator[PoolLink]:
    """The commons' connections to the broker of ``pool.url``, or to one started here; they mend themselves.

    A broker elsewhere that cannot be reached is no error: the link connects when it comes. Raises SetUpError for
    settings that cannot work, packages that miss, keys that are damaged, a broker here that does not start.
    """
    need_extra()
    from affouage.adapters.buses import own_broker as own
    from affouage.adapters.buses.broker_control import open_control
    from affouage.pool.nodes.commons_keys import commons_keys

    async with AsyncExitStack() as stack:
        keys = commons_keys(settings.home)
        if own_broker:
            settings = own.with_own_broker(settings)
            await stack.enter_async_context(own.own_broker(settings, keys, clock))
        address = read_address_of(settings)
        control = await open_control(address, keys, settings.home, clock)
        stack.push_async_callback(control.close)
        bus = open_gateway_bus(settings, keys, clock)
        stack.push_async_callback(bus.close)
        yield PoolLink(settings, keys, bus, control)


def open_gateway_bus(settings: Settings, keys: CommonsKeys, clock: Clock) -> NatsBus:
    """The commons' own end. Raises SettingsError."""
    from affouage.adapters.buses.nats import GATEWAY_PACE, Pass, open_bus
    from affouage.pool.nodes.credentials import gateway_jwt

    user = Pass(lambda: gateway_jwt(keys, clock.now_ms() // 1000), keys.gateway.seed)
    return open_bus(read_address_of(settings), user, GATEWAY_PACE, "gateway")


def open_node_bus(enrolled: Callable[[], Enrolled]) -> NatsBus:
    """A machine's end. ``enrolled``: what it holds now, asked again at each connection, for credentials are renewed.

    Raises SettingsError when the address or the authority it was given cannot be used.
    """
    from affouage.adapters.buses.address import read_address
    from affouage.adapters.buses.nats import NODE_PACE, Pass, open_bus

    held = enrolled()
    address = read_address(held.bus_url, held.ca_pem, key="The broker's address")
    return open_bus(address, Pass(lambda: enrolled().jwt, held.seed), NODE_PACE, held.node_id)


def read_address_of(settings: Settings) -> Address:
    """Where the settings say the broker is, as the commons reaches it. Raises SettingsError."""
    from affouage.adapters.buses.address import read_address

    ca_file = settings.pool.ca_file
    return read_address(settings.pool.url, text_of(Path(ca_file).expanduser()) if ca_file else "")
