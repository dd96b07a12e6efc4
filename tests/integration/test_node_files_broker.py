"""A model file to a node through a real broker that dies on the way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from affouage.catalogue.store import ModelStore
from affouage.clock import SystemClock
from affouage.pool.nodes import files
from affouage.pool.nodes.gifts import Gifts
from affouage.pool.nodes.wire import FilePiece
from affouage.storage import open_database
from tests.brokers import VERSIONS, running_broker
from tests.integration.file_ends import NODE, Ends, until
from tests.unit.catalogue_files import a_card, write_gguf

SECRET = b"Tiny for tests"
"""In the head of the file."""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_outlives_the_death_of_the_broker(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOOK_S", 0.05)
    store, card = ModelStore(tmp_path / "commons" / "models"), a_card()
    model = store.import_file(write_gguf(tmp_path / "tiny.gguf", values=2_560_000), card)
    assert SECRET in model.path.read_bytes()
    database = open_database(tmp_path / "affouage.db")
    ends = Ends(Gifts(database, SystemClock()), store, ModelStore(tmp_path / "node" / "models"), {card.id: card})
    ends.answering = True  # slower, so that the broker dies in the middle
    seen: list[bytes] = []

    async def story() -> None:
        async with running_broker(version, tmp_path) as broker:
            commons_bus, node_bus, listener = await broker.gateway(), await broker.node(NODE), await broker.gateway()
            await listener.subscribe(">", lambda _subject, payload: seen.append(payload))
            async with ends.commons(commons_bus), ends.node(node_bus):
                await ends.gifts.give(NODE, card.id)
                await until(lambda: sum(isinstance(one, FilePiece) for one in ends.sent), lambda n: n > 8)
                broker.kill()
                await asyncio.sleep(0.3)
                assert ends.installed == []
                await broker.start()
                assert (await ends.ended()).state == "kept"

    asyncio.run(story())
    database.close()
    assert ends.node_store.verify(card.id).sha256 == model.sha256
    assert sum(map(len, seen)) > model.size_bytes / 2
    assert not any(SECRET in payload for payload in seen), "the broker carries it sealed"
