"""What several kinds of tests share. Nothing here imitates a component that can be run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from tests.postgres import Elsewhere, Server
    from tests.slurm import Slurm

# The same examples for everybody, on a machine as slow as it likes; `many` looks for others, for hours if it must:
# HYPOTHESIS_PROFILE=many.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.register_profile("many", deadline=None, max_examples=1_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))

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


ORDER = ("unit", "docs", "contracts", "integration", "doors", "journeys", "interop", "faults", "pages")
"""Fast ones first; pages last, because the browser's driver keeps an event loop in this thread until the end."""


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        return ORDER.index(folder) if folder in ORDER else 0

    items.sort(key=rank)
    for item in items:
        if item.get_closest_marker("starter"):  # it keeps every processor busy
            item.add_marker("alone")
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    """What one worker runs in its order: a file; of pages that are looked at in several ways, one way; all that needs
    Slurm, which is started once."""
    if {"slurm", "on_slurm"} & set(getattr(item, "fixturenames", ())) or item.path.name == "test_trainer.py":
        return "slurm"
    way = getattr(item, "callspec", None) and item.callspec.params.get("way")  # type: ignore[attr-defined]
    return f"{item.path.relative_to(ROOT)}{f' {way}' if isinstance(way, str) else ''}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names of the tests that failed, a line each, for scripts/run_tests.sh."""
    to_file = os.environ.get("FAILED_TESTS_FILE")
    failed = [*terminalreporter.stats.get("failed", ()), *terminalreporter.stats.get("error", ())]
    if to_file and failed:
        names = dict.fromkeys(_without_group(report.nodeid) for report in failed)
        Path(to_file).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _without_group(name: str) -> str:
    """xdist adds the group of a test to its name."""
    test, _, group = name.rpartition("@")
    return test if test and group.startswith(("tests/", "slurm")) else name


ON_POSTGRESQL = os.environ.get("AFFOUAGE_TEST_DATABASE") == "postgresql"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real server of PostgreSQL; see tests/postgres.py."""
    from tests.postgres import running_server

    with running_server() as server:
        yield server


@pytest.fixture
def pg_url(postgres: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database with the tables of the commons, empty; dropped after the test."""
    name = f"p{os.getpid()}_{id(request.node)}"
    yield postgres.fresh(name)
    postgres.drop(name)


@pytest.fixture(scope="session", autouse=True)
def books_elsewhere(request: pytest.FixtureRequest) -> Iterator[Elsewhere | None]:
    """With AFFOUAGE_TEST_DATABASE=postgresql, every home has its books on that server instead of in a file."""
    if not ON_POSTGRESQL:
        yield None
        return
    from tests import databases
    from tests.postgres import Elsewhere

    with pytest.MonkeyPatch.context() as patch:
        databases.elsewhere.append(Elsewhere(request.getfixturevalue("postgres"), patch))
        yield databases.elsewhere[0]
        databases.elsewhere.clear()


@pytest.fixture(autouse=True)
def fitting_database(request: pytest.FixtureRequest, books_elsewhere: Elsewhere | None) -> Iterator[None]:
    """What is about the file itself is not tried on a server; what a test leaves there is dropped."""
    if books_elsewhere is None:
        yield
        return
    if request.node.get_closest_marker("sqlite_only"):
        pytest.skip("about the file of SQLite")
    before = len(books_elsewhere)
    yield
    books_elsewhere.forget(before)


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


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A real one, on loopback; see tests/slurm.py."""
    from tests.slurm import running_slurm

    with running_slurm(tmp_path_factory.mktemp("slurm") / "slurm") as running:
        yield running


@pytest.fixture
def on_slurm(slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> Slurm:
    """This process is on a machine of that Slurm, as a commons on a login node is."""
    for name in ("PATH", "SLURM_CONF"):
        monkeypatch.setenv(name, slurm.environment[name])
    return slurm
