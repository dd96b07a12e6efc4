"""A hub on loopback, a card of one of its files, an empty store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from affouage.catalogue.card import Card
from affouage.catalogue.store import ModelStore
from tests.integration.hub_server import COMMIT, HubServer, hub_server
from tests.unit.catalogue_files import a_card, sha256, write_gguf


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "x.gguf", values=800_000).read_bytes()


@pytest.fixture
def hub(content: bytes) -> Iterator[HubServer]:
    with hub_server(files={"tiny.gguf": content}) as server:
        yield server


@pytest.fixture
def card(content: bytes) -> Card:
    """A card that knows everything."""
    return a_card(
        repo="somebody/tiny-GGUF",
        revision=COMMIT,
        file="tiny.gguf",
        sha256=sha256(content),
        size_bytes=len(content),
    )


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "home" / "models")
