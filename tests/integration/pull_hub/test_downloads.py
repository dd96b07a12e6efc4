"""A model arrives whole from a hub, whatever happens to the connection."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from affouage.catalogue.card import Card
from affouage.catalogue.hub import Policy
from affouage.catalogue.progress import PullProgress
from affouage.catalogue.pull import pull
from affouage.catalogue.store import InstalledModel, ModelStore
from affouage.errors import Conflict
from tests.integration.hub_server import HubServer
from tests.integration.pull_hub.kit import FAST, NOBODY, failing, get, part_of
from tests.unit.catalogue_files import changed, sha256, write_gguf


def test_a_model_arrives_whole_by_way_of_redirects(
    card: Card, store: ModelStore, hub: HubServer, content: bytes
) -> None:
    hub.redirects = 3
    told: list[PullProgress] = []
    model = get(card, store, hub.url, told)
    assert model.path.read_bytes() == content
    assert (model.sha256, model.source) == (sha256(content), "hub")
    assert store.find("tiny") == model
    assert hub.downloads() == [None]
    # A card that knows everything asks the hub for nothing but the file.
    assert not [path for path, _ in hub.seen if "/api/" in path]
    assert told[-1].stage == "installed"
    downloading = [one.done_bytes for one in told if one.stage == "downloading"]
    assert downloading == sorted(downloading)
    assert downloading[-1] == len(content)
    assert sorted(one.name for one in store.folder("tiny").iterdir()) == [".lock", "installed.json", "tiny.gguf"]


def test_pulling_again_asks_nobody(card: Card, store: ModelStore, hub: HubServer) -> None:
    first = get(card, store, hub.url)
    asked = len(hub.seen)
    told: list[PullProgress] = []
    assert get(card, store, hub.url, told) == first
    assert len(hub.seen) == asked
    assert [one.stage for one in told] == ["present"]


def test_a_cut_connection_goes_on_where_it_stopped(
    card: Card, store: ModelStore, hub: HubServer, content: bytes
) -> None:
    hub.cut_after = [1_200_000, 500_000]
    assert get(card, store, hub.url).sha256 == sha256(content)
    first, second, third = hub.downloads()
    assert first is None
    assert second is not None
    assert 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= 1_200_000
    assert third is not None
    assert int(third.removeprefix("bytes=").removesuffix("-")) > int(second.removeprefix("bytes=").removesuffix("-"))


def test_a_hub_that_always_breaks_is_given_up_and_the_part_kept_for_the_next_pull(
    card: Card, store: ModelStore, hub: HubServer, content: bytes
) -> None:
    hub.cut_after = [700_000, 0, 0, 0, 0]
    failed = failing(card, store, hub.url)
    assert "4 times in a row" in failed.message
    kept = part_of(store).stat().st_size
    assert 0 < kept <= 700_000
    hub.cut_after = []
    told: list[tuple[str, str]] = []
    model = asyncio.run(
        pull(
            card,
            store,
            hub_url=hub.url,
            on_progress=lambda event: told.append((event.stage, threading.current_thread().name)),
        )
    )
    assert model.sha256 == sha256(content)
    assert hub.downloads()[-1] == f"bytes={kept}-"
    # What was kept is hashed in a thread; listeners are called in theirs all the same.
    assert told[0][0] == "looking"
    assert "checking" in {stage for stage, _ in told}
    assert {thread for _, thread in told} == {threading.current_thread().name}


def test_a_stalled_answer_is_tried_again_as_long_as_bytes_come(
    card: Card, store: ModelStore, hub: HubServer, content: bytes
) -> None:
    hub.pause_after = 900_000
    assert get(card, store, hub.url).sha256 == sha256(content)
    assert len(hub.downloads()) == 4


def test_a_hub_that_says_nothing_more_is_given_up(card: Card, store: ModelStore, hub: HubServer) -> None:
    hub.pause_after = 0
    assert "no answer in time" in failing(card, store, hub.url).message


def test_a_hub_without_ranges_gives_it_all_again(card: Card, store: ModelStore, hub: HubServer, content: bytes) -> None:
    hub.ranges = False
    hub.cut_after = [1_500_000]
    assert get(card, store, hub.url).path.read_bytes() == content


def test_a_file_changed_between_two_pulls_is_not_glued_to_the_old_part(
    card: Card, store: ModelStore, hub: HubServer, content: bytes, tmp_path: Path
) -> None:
    other = write_gguf(tmp_path / "other.gguf", values=800_000, seed=8).read_bytes()
    assert len(other) == len(content)
    hub.files["tiny.gguf"] = other
    hub.cut_after = [900_000, 0, 0, 0]
    failing(card, store, hub.url)
    hub.files["tiny.gguf"], hub.cut_after = content, []
    assert get(card, store, hub.url).sha256 == sha256(content)


def test_a_part_kept_for_another_digest_is_dropped(
    card: Card, store: ModelStore, hub: HubServer, content: bytes
) -> None:
    hub.cut_after = [900_000, 0, 0, 0]
    failing(changed(card, sha256="1" * 64), store, hub.url)
    assert get(card, store, hub.url).sha256 == sha256(content)
    assert hub.downloads()[-1] is None


def test_a_wrong_content_range_starts_over(card: Card, store: ModelStore, hub: HubServer, content: bytes) -> None:
    hub.cut_after = [900_000]
    hub.content_range = f"bytes 5-{len(content) - 1}/{len(content)}"
    assert get(card, store, hub.url).sha256 == sha256(content)
    assert hub.downloads()[-1] is None


def test_a_part_longer_than_the_file_starts_over(card: Card, store: ModelStore, hub: HubServer, content: bytes) -> None:
    unsized = changed(card, size_bytes=None)
    hub.cut_after = [900_000, 0, 0, 0]
    failing(unsized, store, hub.url)
    with part_of(store).open("ab") as file:
        file.write(bytes(len(content)))
    assert get(unsized, store, hub.url).sha256 == sha256(content)


def test_a_file_put_there_by_hand_is_verified_and_kept(
    card: Card, store: ModelStore, hub: HubServer, content: bytes
) -> None:
    store.folder("tiny").mkdir(parents=True)
    (store.folder("tiny") / "tiny.gguf").write_bytes(content)
    assert get(card, store, hub.url).source == "found"
    assert hub.seen == []
    # And a wrong one of the same size is replaced.
    (store.folder("tiny") / "installed.json").unlink()
    (store.folder("tiny") / "tiny.gguf").write_bytes(b"GGUF" + bytes(len(content) - 4))
    assert get(card, store, hub.url).source == "hub"
    assert (store.folder("tiny") / "tiny.gguf").read_bytes() == content


def test_a_restored_backup_is_verified_without_the_network(card: Card, store: ModelStore, hub: HubServer) -> None:
    model = get(card, store, hub.url)
    os.utime(model.path, ns=(5, 5))
    assert store.find("tiny") is None
    assert get(card, store, NOBODY).sha256 == model.sha256
    assert store.find("tiny") is not None


def test_two_pulls_of_one_model_at_once(card: Card, store: ModelStore, hub: HubServer) -> None:
    async def both() -> list[object]:
        pulls = [pull(card, store, hub_url=hub.url, on_progress=lambda _: None, policy=FAST) for _ in range(2)]
        return await asyncio.gather(*pulls, return_exceptions=True)

    first, second = asyncio.run(both())
    assert isinstance(first, InstalledModel)
    assert isinstance(second, Conflict)
    assert "already installing tiny" in second.message


def test_cancelling_keeps_the_part_and_the_next_pull_goes_on(
    card: Card, store: ModelStore, hub: HubServer, content: bytes
) -> None:
    hub.pause_after = 2_500_000
    patient = Policy(stall_ms=60_000)

    async def cancelled() -> None:
        pulling = asyncio.create_task(pull(card, store, hub_url=hub.url, on_progress=lambda _: None, policy=patient))
        async with asyncio.timeout(20):
            while (store.part_bytes("tiny") or 0) <= 1_000_000:  # noqa: ASYNC110  a file tells nobody
                await asyncio.sleep(0.02)
        pulling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pulling

    asyncio.run(cancelled())
    kept = part_of(store).stat().st_size
    assert kept > 1_000_000
    assert part_of(store).read_bytes() == content[:kept]
    hub.pause_after = None
    assert get(card, store, hub.url).sha256 == sha256(content)
    assert hub.downloads()[-1] == f"bytes={kept}-"
