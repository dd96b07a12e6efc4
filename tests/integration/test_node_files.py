"""Model files on their way to nodes: whole and verified at the end, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from affouage.catalogue.card import Card
from affouage.catalogue.progress import PullProgress
from affouage.catalogue.store import ModelStore, sha256_of
from affouage.clock import SystemClock
from affouage.pool.nodes import files, wire
from affouage.pool.nodes.file_window import PIECE_BYTES, WINDOW
from affouage.pool.nodes.gifts import Gifts
from affouage.pool.nodes.wire import FileOffer, FilePiece, FileState, FileWanted
from affouage.storage import open_database
from affouage.testing import InProcessBus
from tests.integration.file_ends import NODE, Ends, until
from tests.unit.catalogue_files import a_card, changed, write_gguf

replace = msgspec.structs.replace
VALUES = 640_000
"""2.5 MB: ten pieces and a bit."""


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOOK_S", 0.05)


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    database = open_database(tmp_path / "affouage.db")
    store = ModelStore(tmp_path / "commons" / "models")
    card = a_card()
    store.import_file(write_gguf(tmp_path / "tiny.gguf", values=VALUES), card)
    node_store = ModelStore(tmp_path / "node" / "models")
    yield Ends(Gifts(database, SystemClock()), store, node_store, {card.id: card})
    database.close()


def offer_of(ends: Ends) -> FileOffer:
    model = ends.store.find("tiny")
    assert model is not None
    return FileOffer(model_id="tiny", file_name="tiny.gguf", size_bytes=model.size_bytes, sha256=model.sha256)


def pieces(ends: Ends) -> list[FilePiece]:
    return [one for one in ends.sent if isinstance(one, FilePiece)]


def test_a_model_given_arrives_whole_and_is_installed(ends: Ends) -> None:
    told: list[PullProgress] = []

    async def story() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end(), on_progress=told.append):
            await ends.gifts.give(NODE, "tiny")
            assert (await ends.ended()).state == "kept"
        assert not any(b"Tiny for tests" in payload for _, payload in hub.passed), "the broker sees nothing of it"

    asyncio.run(story())
    here, there = ends.store.find("tiny"), ends.node_store.find("tiny")
    assert here is not None
    assert there is not None
    assert sha256_of(there.path) == here.sha256 == there.sha256
    assert there.source == "commons"
    assert ends.installed == ["tiny"]
    assert [one.stage for one in (told[0], told[-1])] == ["downloading", "installed"]
    assert told[-1].done_bytes == here.size_bytes
    assert len(pieces(ends)) == -(-here.size_bytes // PIECE_BYTES), "each piece once"


def test_what_is_there_already_is_not_sent(ends: Ends, tmp_path: Path) -> None:
    ends.node_store.import_file(tmp_path / "tiny.gguf", a_card())

    async def story() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end()):
            await ends.gifts.give(NODE, "tiny")
            assert (await ends.ended()).state == "kept"

    asyncio.run(story())
    assert pieces(ends) == []


def test_a_cut_link_delays_and_loses_nothing(ends: Ends) -> None:
    async def story() -> None:
        hub = InProcessBus()
        commons_end, node_end = hub.end(), hub.end()
        async with ends.commons(commons_end), ends.node(node_end):
            await ends.gifts.give(NODE, "tiny")
            for end in (node_end, commons_end):
                before = len(pieces(ends))
                await until(lambda before=before: len(pieces(ends)), lambda n, before=before: n > before)
                end.cut()
                await asyncio.sleep(0.3)
                end.mend()
            assert (await ends.ended()).state == "kept"

    ends.answering = True  # slower, so that the cuts fall in the middle
    asyncio.run(story())
    assert ends.node_store.verify("tiny").size_bytes == ends.store.verify("tiny").size_bytes


def test_a_node_that_stopped_goes_on_where_it_was(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both programs start again: the gift is still written down, and what arrived is not sent again."""
    monkeypatch.setattr(files, "OFFER_AGAIN_S", 0.1)

    async def first() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end()):
            await ends.gifts.give(NODE, "tiny")
            await until(lambda: len(pieces(ends)), lambda n: n > 6)

    async def second() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end()):
            assert (await ends.ended()).state == "kept"

    ends.answering = True
    asyncio.run(first())
    kept_bytes = ends.part.stat().st_size
    assert kept_bytes >= 2 * PIECE_BYTES
    ends.asked.clear()
    asyncio.run(second())
    assert min(one.offset for one in ends.asked if isinstance(one, FileWanted)) == kept_bytes
    assert ends.node_store.verify("tiny").sha256 == offer_of(ends).sha256


def test_a_gateway_that_starts_again_goes_on(ends: Ends) -> None:
    async def story() -> None:
        hub = InProcessBus()
        async with ends.node(hub.end()):
            async with ends.commons(hub.end()):
                await ends.gifts.give(NODE, "tiny")
                await until(lambda: len(pieces(ends)), lambda n: n > 4)
            async with ends.commons(hub.end()):
                assert (await ends.ended()).state == "kept"

    ends.answering = True
    asyncio.run(story())


@pytest.mark.parametrize(
    ("of_the_node", "problem"),
    [
        ({}, "model_not_found"),
        ({"tiny": a_card(sha256="0" * 64)}, "model_file_refused"),
        ({"tiny": a_card(size_bytes=12)}, "model_file_refused"),
    ],
    ids=["unknown to its catalogue", "another digest", "another size"],
)
def test_a_node_takes_only_what_its_own_catalogue_knows(ends: Ends, of_the_node: dict[str, Card], problem: str) -> None:
    async def story() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end()):
            await ends.gifts.give(NODE, "tiny")
            gift = await ends.ended()
            assert (gift.state, gift.problem) == ("refused", problem)

    ends.cards = of_the_node
    asyncio.run(story())
    assert not list(ends.node_store.models_dir.rglob("*.gguf*"))
    assert pieces(ends) == []


@pytest.mark.parametrize(
    ("more", "problem"),
    [({"lends": lambda _model_id: False}, "not_lent"), ({"keep_free_bytes": 1 << 60}, "pull_failed")],
    ids=["not lent", "no room"],
)
def test_the_owner_s_disk_is_his(ends: Ends, more: dict[str, Any], problem: str) -> None:
    async def story() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end(), **more):
            await ends.gifts.give(NODE, "tiny")
            gift = await ends.ended()
            assert (gift.state, gift.problem) == ("refused", problem)

    asyncio.run(story())
    assert pieces(ends) == []


def test_an_altered_piece_is_found_deleted_and_told(ends: Ends) -> None:
    def alter(message: Any) -> Any:
        if isinstance(message, FilePiece) and message.offset == 3 * PIECE_BYTES:
            return replace(message, data=b"\xff" + message.data[1:])
        return message

    async def story() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end()):
            await ends.gifts.give(NODE, "tiny")
            gift = await ends.ended()
            assert (gift.state, gift.problem) == ("refused", "model_file_refused")
            ends.change = lambda message: message
            await ends.gifts.give(NODE, "tiny")
            assert (await ends.ended()).state == "kept", "given again, it comes from the first byte"

    ends.change = alter
    asyncio.run(story())
    assert [one.name for one in ends.node_store.folder("tiny").iterdir() if "part" in one.name] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"offset": 7},
        {"offset": 10**13},
        {"data": b""},
        {"data": bytes(PIECE_BYTES + 1)},
        {"data": bytes(10)},
        {"model_id": "another"},
    ],
    ids=str,
)
def test_a_piece_nobody_asked_for_is_dropped(ends: Ends, wrong: dict[str, Any]) -> None:
    async def story() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end()) as fetch:
            await ends.gifts.give(NODE, "tiny")
            await until(lambda: len(pieces(ends)), lambda n: n > 2)
            for _ in range(100):
                fetch.on_piece(replace(pieces(ends)[0], **wrong))
            assert (await ends.ended()).state == "kept"

    ends.answering = True
    asyncio.run(story())


def test_a_node_has_only_what_it_was_given(ends: Ends, tmp_path: Path) -> None:
    """Neither another model, nor more than the file holds, nor the same bytes for ever."""
    secret = a_card(id="secret")
    ends.store.import_file(write_gguf(tmp_path / "secret.gguf", values=2048, seed=1), secret)
    size_bytes = offer_of(ends).size_bytes

    async def story() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()) as source:
            source.on_wanted(NODE, FileWanted(model_id="tiny", offset=0))
            await ends.gifts.give("n_somebodyelse", "secret")
            await ends.gifts.give(NODE, "tiny")
            await until(lambda: ends.sent, bool)
            for model_id, offset in (("secret", 0), ("tiny", size_bytes), ("tiny", 10**13), ("../../etc", 0)):
                source.on_wanted(NODE, FileWanted(model_id=model_id, offset=offset))
            source.on_state(NODE, FileState(model_id="secret", state="kept"))
            await asyncio.sleep(0.2)
            assert pieces(ends) == []
            for _ in range(20):
                for offset in range(0, 3 * size_bytes, PIECE_BYTES):
                    source.on_wanted(NODE, FileWanted(model_id="tiny", offset=offset))
                await asyncio.sleep(0.02)
            assert 0 < len(pieces(ends)) <= 20 * WINDOW, "what comes faster than it is sent is dropped"
            while (before := len(pieces(ends))) * PIECE_BYTES < 20 * size_bytes:
                for offset in range(0, WINDOW * PIECE_BYTES, PIECE_BYTES):
                    source.on_wanted(NODE, FileWanted(model_id="tiny", offset=offset))
                await asyncio.sleep(0.05)
                if len(pieces(ends)) == before:
                    break
            sent_bytes = sum(len(one.data) for one in pieces(ends))
            assert sent_bytes <= files.MOST_TIMES * size_bytes + PIECE_BYTES
            states = {one.model_id: one.state for one in await ends.gifts.all()}
            assert states == {"secret": "given", "tiny": "given"}

    asyncio.run(story())


@pytest.mark.parametrize("offset", [-1, -(2**63), 10**13 + 1, 2**64 - 1])
def test_an_absurd_offset_is_no_message(offset: int) -> None:
    payload = msgspec.msgpack.encode({"type": "FileWanted", "model_id": "tiny", "offset": offset})
    with pytest.raises(wire.Malformed):
        wire.from_node(payload)


def test_the_owner_may_stop_it_and_take_it_up_later(ends: Ends) -> None:
    async def story() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end()) as fetch:
            await ends.gifts.give(NODE, "tiny")
            await until(lambda: len(pieces(ends)), lambda n: n > 4)
            fetch.cancel("tiny")
            gift = await ends.ended()
            assert (gift.state, gift.problem) == ("refused", "owner_stopped")
            kept_bytes = ends.part.stat().st_size
            assert kept_bytes >= PIECE_BYTES
            ends.asked.clear()
            await ends.gifts.give(NODE, "tiny")
            assert (await ends.ended()).state == "kept"
            assert min(one.offset for one in ends.asked if isinstance(one, FileWanted)) == kept_bytes

    ends.answering = True
    asyncio.run(story())


def test_a_commons_that_falls_silent_leaves_the_node_free_for_another_file(ends: Ends, tmp_path: Path) -> None:
    other = a_card(id="other")
    ends.store.import_file(write_gguf(tmp_path / "other.gguf", values=2048, seed=3), other)
    ends.cards = {**ends.cards, "other": changed(other, sha256=sha256_of(tmp_path / "other.gguf"))}

    def silent(message: Any) -> Any:
        mute = isinstance(message, FilePiece) and message.model_id == "tiny"
        return replace(message, offset=0, data=b"") if mute else message

    async def story() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end(), patience_s=0.5):
            await ends.gifts.give(NODE, "tiny")
            await ends.gifts.give(NODE, "other")
            await until(lambda: ends.installed, lambda names: names == ["other"])
            states = {one.model_id: one.state for one in await ends.gifts.all()}
            assert states["tiny"] in ("given", "coming"), "it will be offered again"

    ends.change = silent
    asyncio.run(story())


def test_a_model_the_commons_no_longer_has_is_told(ends: Ends) -> None:
    async def story() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()):
            await ends.gifts.give(NODE, "gone")
            gift = await ends.ended()
            assert (gift.state, gift.problem) == ("refused", "model_not_found")

    asyncio.run(story())


def test_a_gift_taken_back_is_no_longer_sent(ends: Ends) -> None:
    async def story() -> None:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end(), patience_s=0.3):
            await ends.gifts.give(NODE, "tiny")
            await until(lambda: len(pieces(ends)), lambda n: n > 2)
            assert await ends.gifts.take_back(NODE, "tiny")
            assert not await ends.gifts.take_back(NODE, "tiny")
            await asyncio.sleep(0.3)
            sent = len(pieces(ends))
            await asyncio.sleep(0.3)
            assert len(pieces(ends)) == sent

    ends.answering = True
    asyncio.run(story())
    assert ends.node_store.find("tiny") is None
    assert ends.part.exists()


def test_it_pauses_between_pieces_while_answers_are_given(ends: Ends) -> None:
    """Ten pieces take at least nine pauses."""

    async def seconds() -> float:
        hub = InProcessBus()
        async with ends.commons(hub.end()), ends.node(hub.end()):
            await ends.gifts.give(NODE, "tiny")
            await until(lambda: ends.sent, bool)
            began = asyncio.get_running_loop().time()
            await ends.ended()
            return asyncio.get_running_loop().time() - began

    ends.answering = True
    assert asyncio.run(seconds()) >= 9 * files.BUSY_PAUSE_S
