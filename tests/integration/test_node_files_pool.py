"""A model file through both real ends of the pool while that very node answers: it arrives, and so do the answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from affouage.catalogue.store import ModelStore
from affouage.clock import SystemClock
from affouage.pool.nodes import files
from affouage.pool.nodes.files import FileFetch, FileSource
from affouage.pool.nodes.gifts import Gifts
from affouage.storage import open_database
from affouage.testing import EchoEngine, InProcessBus
from tests.integration.file_ends import owned, until
from tests.integration.pool_bench import House, Machine, chat, events_of, is_whole
from tests.unit.catalogue_files import a_card, write_gguf

NODE = "n_abcdefghijkl"


def test_a_model_arrives_while_the_node_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOOK_S", 0.05)
    store, card, clock = ModelStore(tmp_path / "commons" / "models"), a_card(), SystemClock()
    model = store.import_file(write_gguf(tmp_path / "tiny.gguf", values=1_280_000), card)
    there = ModelStore(tmp_path / "node" / "models")
    database = open_database(tmp_path / "affouage.db")
    gifts, installed = Gifts(database, clock), list[str]()

    async def story() -> None:
        hub, machine = InProcessBus(), Machine(NODE)
        house = House(hub, machine)
        dispatcher = house.dispatcher
        source = FileSource(store, gifts, dispatcher.send, clock, here=dispatcher.here, answering=lambda: True)
        dispatcher.on_file_wanted(source.on_wanted)
        dispatcher.on_file_state(source.on_state)
        async with dispatcher.running(), machine.at_work(tmp_path, hub.end(), EchoEngine("echo", word_ms=5)) as agent:
            fetch = agent.files = FileFetch(
                there, lambda: {card.id: card}, agent.send, clock, keep_free_bytes=0, on_installed=installed.append
            )
            async with owned(source.serve()), owned(fetch.serve()):
                engine = await house.engine("echo")
                await gifts.give(NODE, card.id)
                while not installed:
                    assert is_whole(await events_of(engine, chat("un deux trois quatre cinq")))
                (gift,) = await until(gifts.all, lambda found: found[0].state == "kept")
                assert gift.done_bytes == model.size_bytes

    asyncio.run(asyncio.wait_for(story(), 60))
    database.close()
    assert there.verify(card.id).sha256 == model.sha256
