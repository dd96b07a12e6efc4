"""Pulling from registry packages: real wheels, a real pip, and a folder of the test as the only place it looks."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from affouage.catalogue.card import Card, Parts
from affouage.catalogue.progress import PullProgress
from affouage.catalogue.pull import pull
from affouage.catalogue.store import InstalledModel, ModelStore
from affouage.errors import ModelFileRefused, PullFailed
from tests.unit.catalogue_files import a_card, changed, sha256, write_gguf

PARTS = 11
"""More than nine: part10 must come after part9, not after part1."""

NOBODY = "http://127.0.0.1:9"


def write_wheel(folder: Path, number: int, content: bytes, *, member: str = "") -> Path:
    """A wheel as the ones the starter model is cut into."""
    name = f"affouage_test_part{number}"
    member = member or f"{name}/data/part{number:02d}.bin"
    info = f"{name}-1.0.dist-info"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{name}/__init__.py", "")
        wheel.writestr(member, content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: affouage-test-part{number}\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "x.gguf", values=30_000).read_bytes()


@pytest.fixture(scope="module")
def part_bytes(content: bytes) -> int:
    return -(-len(content) // PARTS)


@pytest.fixture
def wheels(tmp_path: Path, content: bytes, part_bytes: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder pip looks in."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for number in range(1, PARTS + 1):
        write_wheel(folder, number, content[(number - 1) * part_bytes : number * part_bytes])
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def card(content: bytes, part_bytes: int) -> Card:
    return a_card(
        file="tiny.gguf",
        sha256=sha256(content),
        size_bytes=len(content),
        parts=Parts(package="affouage-test-part{n}", version="1.0", count=PARTS, part_bytes=part_bytes),
    )


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "home" / "models")


def get(card: Card, store: ModelStore, told: list[PullProgress] | None = None) -> InstalledModel:
    events = [] if told is None else told
    return asyncio.run(pull(card, store, hub_url=NOBODY, on_progress=events.append))


def test_the_parts_are_put_together_in_numeric_order_when_nobody_answers_at_the_hub(
    card: Card, store: ModelStore, wheels: Path, content: bytes, tmp_path: Path
) -> None:
    told: list[PullProgress] = []
    model = get(changed(card, repo="somebody/tiny-GGUF", revision="5" * 40), store, told)
    assert model.path.read_bytes() == content
    assert model.source == "registry"
    notes = [one.note for one in told if one.note]
    assert any("cannot be reached" in note and "registry packages" in note for note in notes)
    downloading = [one.done_bytes for one in told if one.stage == "downloading"]
    assert downloading[-1] == len(content)
    # Nothing is left behind, in the home or beside it.
    assert sorted(one.name for one in store.folder("tiny").iterdir()) == [".lock", "installed.json", "tiny.gguf"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["home", "wheels"]


def test_packages_that_come_later_complete_what_is_kept(
    card: Card, store: ModelStore, wheels: Path, content: bytes, part_bytes: int
) -> None:
    late = wheels / "affouage_test_part5-1.0-py3-none-any.whl"
    late.rename(wheels / "later")
    with pytest.raises(PullFailed) as failed:
        get(card, store)
    assert "affouage-test-part5" in failed.value.message
    assert store.part_bytes("tiny") == 4 * part_bytes
    (wheels / "later").rename(late)
    for number in range(1, 5):
        (wheels / f"affouage_test_part{number}-1.0-py3-none-any.whl").unlink()  # not asked for again
    assert get(card, store).sha256 == sha256(content)


def test_a_part_left_by_a_cut_download_of_the_hub_is_gone_on_with(
    card: Card, store: ModelStore, wheels: Path, content: bytes, part_bytes: int
) -> None:
    store.folder("tiny").mkdir(parents=True)
    (store.folder("tiny") / "tiny.gguf.part").write_bytes(content[: 2 * part_bytes + 17])
    (store.folder("tiny") / "tiny.gguf.part.json").write_text(f'{{"sha256": "{card.sha256}", "etag": "\\"x\\""}}')
    for number in (1, 2):
        (wheels / f"affouage_test_part{number}-1.0-py3-none-any.whl").unlink()
    assert get(card, store).sha256 == sha256(content)


def test_altered_packages_make_a_file_that_is_refused(
    card: Card, store: ModelStore, wheels: Path, content: bytes, part_bytes: int
) -> None:
    write_wheel(wheels, 7, bytes(part_bytes))
    with pytest.raises(ModelFileRefused) as refused:
        get(card, store)
    assert str(card.sha256) in refused.value.message
    assert store.installed() == []
    assert store.part_bytes("tiny") is None
    write_wheel(wheels, 7, content[6 * part_bytes : 7 * part_bytes])
    assert get(card, store).sha256 == sha256(content)


@pytest.mark.parametrize("wrong", ["longer", "shorter", "another member", "not a zip"])
def test_a_package_that_does_not_hold_its_part_is_refused(
    card: Card, store: ModelStore, wheels: Path, content: bytes, part_bytes: int, wrong: str
) -> None:
    right = content[part_bytes : 2 * part_bytes]
    if wrong == "longer":
        write_wheel(wheels, 2, right + b"x")
    elif wrong == "shorter":
        write_wheel(wheels, 2, right[:-1])
    elif wrong == "another member":
        write_wheel(wheels, 2, right, member="affouage_test_part2/data/part12.bin")
    else:
        (wheels / "affouage_test_part2-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04" + right)
    with pytest.raises((ModelFileRefused, PullFailed)) as refused:
        get(card, store)
    assert "part2" in refused.value.message
    assert store.part_bytes("tiny") == part_bytes


def test_pip_speaks_in_our_error_without_a_mirror_s_password(
    card: Card, store: ModelStore, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://somebody:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    (wheels / "affouage_test_part1-1.0-py3-none-any.whl").unlink()
    with pytest.raises(PullFailed) as failed:
        get(card, store)
    assert "pip could not download affouage-test-part1==1.0" in failed.value.message
    assert "secret" not in str(failed.value)


@pytest.fixture
def silent_index() -> Iterator[str]:
    """A server that accepts and never answers."""
    listening = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                taken.append(listening.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/simple"
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)
    for one in taken:
        one.close()


def test_cancelling_ends_pip(
    card: Card, store: ModelStore, wheels: Path, silent_index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", silent_index)

    def pips() -> list[psutil.Process]:
        return [one for one in psutil.Process().children(recursive=True) if "pip" in one.cmdline()]

    async def cancelled() -> None:
        pulling = asyncio.create_task(pull(card, store, hub_url=NOBODY, on_progress=lambda _: None))
        async with asyncio.timeout(60):
            while len(pips()) < 2:  # noqa: ASYNC110  another process tells nobody
                await asyncio.sleep(0.05)
        pulling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pulling

    asyncio.run(cancelled())
    assert pips() == []
    assert not list(store.folder("tiny").glob("parts-tmp/tmp-*"))
