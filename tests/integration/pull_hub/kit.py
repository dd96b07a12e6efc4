"""What the tests of pulling from a hub share: one pull, its failure, its part."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from affouage.catalogue.card import Card
from affouage.catalogue.hub import Policy
from affouage.catalogue.progress import PullProgress
from affouage.catalogue.pull import pull
from affouage.catalogue.store import InstalledModel, ModelStore
from affouage.errors import AffouageError, ModelFileRefused, PullFailed

FAST = Policy(attempts=4, first_wait_ms=5, most_wait_ms=20, connect_ms=2000, stall_ms=400, most_retry_after_ms=3000)
NOBODY = "http://127.0.0.1:9"


def get(card: Card, store: ModelStore, hub_url: str, told: list[PullProgress] | None = None) -> InstalledModel:
    events = [] if told is None else told
    return asyncio.run(pull(card, store, hub_url=hub_url, on_progress=events.append, policy=FAST))


def failing(card: Card, store: ModelStore, hub_url: str) -> AffouageError:
    with pytest.raises((PullFailed, ModelFileRefused)) as failed:
        get(card, store, hub_url)
    assert failed.value.remedy
    return failed.value


def part_of(store: ModelStore) -> Path:
    return store.folder("tiny") / "tiny.gguf.part"
