"""What several kinds of tests share. Nothing here imitates a component that can be run."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import hypothesis
import pytest

# The same examples for everybody, on a machine as slow as it likes.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
ON_CI = os.environ.get("CI") == "true"


def missing(what: str) -> None:
    """Skip where something is absent; on CI that is an error."""
    if ON_CI:
        pytest.fail(f"missing on CI: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")


@pytest.fixture(autouse=True)
def english_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line speaks French unless asked; tests that read its sentences read the English ones."""
    monkeypatch.setenv("AFFOUAGE_LANG", "en")


ORDER = ("unit", "docs", "contracts", "integration", "journeys", "faults", "pages")
"""Fast ones first; pages last, because the browser's driver keeps an event loop in this thread until the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        return ORDER.index(folder) if folder in ORDER else 0

    items.sort(key=rank)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A fresh, empty home."""
    return tmp_path / "home"


@pytest.fixture(scope="session")
def starter_model() -> Path:
    """The starter model's file, pulled once by the product's own code into ``.cache/`` of the project."""
    from affouage.catalogue.card import load_cards
    from affouage.catalogue.pull import pull
    from affouage.catalogue.store import ModelStore
    from affouage.errors import AffouageError
    from affouage.settings import read

    settings = read({}, home=CACHE)
    store = ModelStore(CACHE / "models")
    card = load_cards(None)[settings.engine.default_model]
    try:
        model = asyncio.run(pull(card, store, hub_url=settings.hub_url, on_progress=lambda _progress: None))
    except AffouageError as refused:
        missing(f"the starter model ({refused})")
        raise
    return model.path


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few hundred kilobytes of deterministic model, written by the tests themselves."""
    from tests.contracts.tiny_gguf import write_tiny_model

    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


@pytest.fixture
def starter_home(home: Path, starter_model: Path) -> Path:
    """A home where the starter model is already installed (hard-linked)."""
    from affouage.catalogue.card import load_cards
    from affouage.catalogue.store import ModelStore
    from affouage.settings import read

    card = load_cards(None)[read({}, home=home).engine.default_model]
    ModelStore(home / "models").import_file(starter_model, card)
    return home
