from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from affouage.catalogue.card import load_cards
from affouage.catalogue.store import ModelStore, sha256_of
from affouage.errors import AffouageError, Conflict, ModelFileRefused, NotFound
from tests.unit.catalogue_files import a_card, changed, sha256, write_gguf


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "home" / "models")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_gguf(tmp_path / "tiny.gguf")


def test_an_imported_file_is_found_and_costs_no_second_copy(store: ModelStore, file: Path) -> None:
    assert store.installed() == []
    told: list[tuple[int, int]] = []
    model = store.import_file(file, a_card(), lambda done, total: told.append((done, total)))
    assert store.find("tiny") == model
    assert store.installed() == [model]
    assert model.path.samefile(file)
    assert (model.sha256, model.size_bytes, model.source) == (sha256_of(file), file.stat().st_size, "import")
    assert model.header.context_tokens == 2048
    assert told[-1] == (file.stat().st_size, file.stat().st_size)
    assert store.import_file(file, a_card()).sha256 == model.sha256


def test_a_file_of_another_digest_than_the_card_is_refused(store: ModelStore, file: Path) -> None:
    with pytest.raises(ModelFileRefused) as refused:
        store.import_file(file, a_card(sha256="0" * 64))
    assert sha256_of(file) in refused.value.message
    assert "0" * 64 in refused.value.message
    assert store.installed() == []


def test_truncated_and_foreign_files_are_refused_at_import(store: ModelStore, file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    (tmp_path / "cut.gguf").write_bytes(content[:-10])
    (tmp_path / "zip.gguf").write_bytes(b"PK\x03\x04" + content)
    for name, why in (("cut.gguf", "truncated"), ("zip.gguf", "not a GGUF")):
        with pytest.raises(ModelFileRefused, match=why):
            store.import_file(tmp_path / name, a_card())
    assert store.installed() == []


def test_a_file_touched_since_is_no_longer_found_until_verified(store: ModelStore, file: Path) -> None:
    model = store.import_file(file, a_card())
    os.utime(model.path, ns=(1, 1))
    assert store.find("tiny") is None
    assert store.verify("tiny").sha256 == model.sha256
    assert store.find("tiny") is not None


def test_an_altered_file_is_refused_even_when_size_and_time_are_kept(store: ModelStore, file: Path) -> None:
    model = store.import_file(file, a_card())
    before = model.path.stat()
    content = bytearray(model.path.read_bytes())
    content[-1] ^= 1
    model.path.write_bytes(bytes(content))
    os.utime(model.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ModelFileRefused, match="no longer the file"):
        store.verify("tiny")


def test_a_shorter_file_is_not_found(store: ModelStore, file: Path) -> None:
    model = store.import_file(file, a_card())
    with model.path.open("rb+") as opened:
        opened.truncate(100)
    assert store.find("tiny") is None


def test_half_a_record_is_no_record(store: ModelStore, file: Path) -> None:
    store.import_file(file, a_card())
    (store.folder("tiny") / "installed.json").write_text('{"file": "ti', encoding="utf-8")
    assert store.find("tiny") is None
    with pytest.raises(NotFound):
        store.verify("tiny")


def test_remove_frees_everything_but_the_card_and_the_original(store: ModelStore, file: Path) -> None:
    store.import_file(file, a_card())
    (store.folder("tiny") / "tiny.gguf.part").write_bytes(bytes(10))
    assert store.part_bytes("tiny") == 10
    assert store.remove("tiny") >= file.stat().st_size
    assert not store.folder("tiny").exists()
    assert file.exists()
    for name in ("tiny", "", ".", "..", "../cards"):
        with pytest.raises(NotFound):
            store.remove(name)


def test_two_programs_do_not_install_the_same_model_at_once(store: ModelStore, file: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from affouage.catalogue.store import ModelStore\n"
            "with ModelStore(Path(sys.argv[1])).locked('tiny'):\n"
            "    print('held', flush=True); sys.stdin.read()",
            str(store.models_dir),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Conflict, match=f"process {holder.pid}"):
            store.import_file(file, a_card())
        assert store.import_file(file, changed(a_card(), id="other"))
    finally:
        holder.communicate("")
    assert store.import_file(file, a_card())


def test_cards_of_the_collective_are_written_once(store: ModelStore, tmp_path: Path) -> None:
    store.add_card(a_card())
    assert load_cards(tmp_path / "home")["tiny"] == a_card()
    with pytest.raises(Conflict, match=r"tiny\.toml"):
        store.add_card(a_card(name="Other"))


def test_a_home_that_cannot_be_written_says_so(file: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # Root may write anywhere but below /proc.
        store = ModelStore(Path("/proc/1/models"))
    else:
        (tmp_path / "locked").mkdir(mode=0o500)
        store = ModelStore(tmp_path / "locked" / "models")
    with pytest.raises(AffouageError, match="cannot be written") as refused:
        store.import_file(file, a_card())
    assert refused.value.remedy


def test_a_copy_to_another_disk_is_whole(file: Path) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == file.stat().st_dev:
        pytest.skip("no second disk here")
    folder = shared / f"affouage-test-{os.getpid()}"
    store = ModelStore(folder / "models")
    try:
        model = store.import_file(file, a_card())
        assert sha256(model.path.read_bytes()) == sha256_of(file)
        assert not model.path.samefile(file)
    finally:
        store.remove("tiny")
        (folder / "models").rmdir()
        folder.rmdir()
