"""What suites of contracts start once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from affouage.pool.shared_queues import SharedQueues
from affouage.testing import ManualClock
from tests.integration.gateways_played import Played
from tests.unit.queue_house import House

if TYPE_CHECKING:
    from tests.postgres import Server


@pytest.fixture(scope="module")
def turns_url(postgres: Server) -> Iterator[str]:
    name = "contract_of_turns"
    yield postgres.fresh(name)
    postgres.drop(name)


@pytest.fixture(params=["memory", "postgresql"])
def each_keeper(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every house keeps its queues in memory, then in a database, where it is one gateway among others."""
    if request.param == "memory":
        yield
        return
    played = Played(request.getfixturevalue("turns_url"))
    played.begin_anew("ours")

    def make(clock: ManualClock) -> SharedQueues:
        return SharedQueues(played.url, "ours", clock, b"key")

    monkeypatch.setattr(House, "make_queues", staticmethod(make))
    yield
    played.close()
