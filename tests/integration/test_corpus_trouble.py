"""Bad shards, a full disk, a build broken off: told, and nothing else is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from affouage.errors import AffouageError, BadRequest, Conflict, SetUpError
from affouage.testing import ManualClock
from affouage.training.corpus.building import Builder
from affouage.training.corpus.store import Corpora, open_build
from tests.integration.corpus_made import (
    DAY_MS,
    built,
    french,
    jsonl_of,
    source,
    until,
    written,
)

pytest.importorskip("datatrove")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


# --- What goes wrong --------------------------------------------------------------------------------------------------


def test_bad_shards_are_told_and_the_others_are_read(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    jsonl_of(folder / "good.jsonl", range(4))
    (folder / "empty.jsonl").write_bytes(b"")
    (folder / "noise.jsonl.gz").write_bytes(os.urandom(3_000))
    (folder / "broken.jsonl").write_bytes(b'{"text": "\xff"}\n{"te\n')
    build = built(home, source("s", "jsonl", folder))
    assert build.manifest.documents == 4
    assert {one.reason for one in build.removed()} == {"not_utf8", "line_damaged", "shard_damaged"}


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ("", "names no source"),
        ('[[source]]\nname = "a"\nkind = "jsonl"\nat = "/nowhere/a.jsonl"', "there is no"),
        ('[[source]]\nname = "a"\nkind = "folder"\nat = "/nowhere"', "no folder"),
    ],
)
def test_a_source_that_is_not_there_is_told_before_anything_starts(home: Path, recipe: str, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        built(home, recipe)
    assert not (home / "corpora" / "essai" / "work").exists()


def test_a_full_disk_is_told_and_the_build_goes_on_afterwards(home: Path, tmp_path: Path) -> None:
    jsonl_of(tmp_path / "a.jsonl", range(600))
    Corpora(home).create("essai", source("a", "jsonl", tmp_path / "a.jsonl"))
    builder = Builder(home, "essai", ManualClock(DAY_MS))
    work, _ = builder._planned("local")
    (work / "read").mkdir()
    (work / "read" / "00000.text.jsonl").symlink_to("/dev/full")  # every write to it says that the disk is full
    with pytest.raises(SetUpError, match="disk is full"):
        builder.here(workers=1)
    assert list((home / "corpora" / "essai").glob("builds/*")) == []
    (work / "read" / "00000.text.jsonl").unlink()
    assert builder.here(workers=1).build.manifest.documents == 600


def test_a_corpus_of_which_nothing_is_left_takes_no_place(home: Path, tmp_path: Path) -> None:
    jsonl_of(tmp_path / "a.jsonl", range(3))
    good = written(home, source("a", "jsonl", tmp_path / "a.jsonl")).here(workers=1).build
    with pytest.raises(BadRequest, match="No document of essai is left: length too_short 3"):
        written(
            home, source("a", "jsonl", tmp_path / "a.jsonl") + '[[step]]\nuse = "length"\nleast_words = 9999'
        ).here()
    assert open_build(home, "essai").path == good.path


def test_two_builds_of_one_corpus_at_once_are_one_too_many(home: Path, tmp_path: Path) -> None:
    jsonl_of(tmp_path / "a.jsonl", range(3))
    Corpora(home).create("essai", source("a", "jsonl", tmp_path / "a.jsonl"))
    with Corpora(home).alone("essai"), pytest.raises(Conflict, match="another command"):
        Builder(home, "essai", ManualClock(DAY_MS)).here(workers=1)


def test_without_the_packages_the_remedy_is_named(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from affouage.training.corpus import packages

    monkeypatch.setattr(packages.util, "find_spec", lambda name: None if name == "datatrove" else object())
    jsonl_of(tmp_path / "a.jsonl", range(3))
    with pytest.raises(SetUpError, match="make training"):
        built(home, source("a", "jsonl", tmp_path / "a.jsonl"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_broken_off_it_goes_on_from_the_shards_that_were_read(home: Path, tmp_path: Path, number: int) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    jsonl_of(folder / "0.jsonl", range(20))
    with (folder / "0.jsonl").open("ab") as padding:
        padding.write(b" " * 8_000_000 + b"\n")  # a task of its own
    os.mkfifo(folder / "1.jsonl")  # nothing comes: the second task waits
    jsonl_of(folder / "2.jsonl", range(50, 60))
    listed = tmp_path / "list.txt"
    listed.write_text("0.jsonl\n1.jsonl\n2.jsonl\n", encoding="utf-8")
    more = f'licence = "CC0-1.0"\nsegments = true\nbase = "{folder}"'
    Corpora(home).create("essai", source("s", "jsonl", listed, more))
    command = [sys.executable, "-m", "affouage", "corpus", "build", "essai", "--workers", "1"]
    env = {**os.environ, "AFFOUAGE_HOME": str(home)}
    child = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    work = home / "corpora" / "essai" / "work"
    until(lambda: (work / "read" / "00001.docs.jsonl").exists())
    assert (work / "read" / "00000.done.json").exists()
    first_done = (work / "read" / "00000.done.json").stat().st_mtime_ns
    workers = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit() and _is_of(one, str(work))]
    assert workers
    child.send_signal(number)
    told = child.communicate(timeout=30)[1]
    assert child.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert number == signal.SIGKILL or "goes on from there" in told
    until(lambda: not any(_is_of(Path(f"/proc/{one}"), str(work)) for one in workers))
    assert not (home / "corpora" / "essai" / "current").exists()
    assert (work / "read" / "00000.done.json").stat().st_mtime_ns == first_done

    again = subprocess.Popen([*command, "--json"], env=env, stdout=subprocess.PIPE, text=True)
    with (folder / "1.jsonl").open("wb") as pipe:  # once the second task reads it
        pipe.write(msgspec.json.encode({"text": french(30)}) + b"\n")
    told = msgspec.json.decode(again.communicate(timeout=60)[0])
    assert (told["resumed"], told["build"]["manifest"]["documents"]) == (1, 20 + 1 + 10)


def _is_of(process: Path, work: str) -> bool:
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        return work in (process / "cmdline").read_bytes().decode("utf-8", "replace") and state != "Z"
    except OSError:
        return False


def test_tasks_that_were_over_are_not_done_again(home: Path, tmp_path: Path) -> None:
    for n in range(3):
        path = jsonl_of(tmp_path / f"{n}.jsonl", range(n * 10, n * 10 + 10))
        with path.open("ab") as padding:
            padding.write(b" " * 8_000_000 + b"\n")
    Corpora(home).create("essai", "".join(source(f"s{n}", "jsonl", tmp_path / f"{n}.jsonl") for n in range(3)))
    builder = Builder(home, "essai", ManualClock(DAY_MS))
    work, plan = builder._planned("local")
    assert len(plan.tasks) == 3
    (work / "read").mkdir()
    (work / "read" / "00001.docs.jsonl").mkdir()  # the second task cannot write
    with pytest.raises(AffouageError, match="failed"):
        builder.here(workers=1)
    marked = (work / "read" / "00000.done.json").stat().st_mtime_ns
    (work / "read" / "00001.docs.jsonl").rmdir()
    kept = []
    builder._on_progress = lambda one: kept.append(
        (work / "read" / "00000.done.json").stat().st_mtime_ns if (work / "read").exists() else marked
    )
    done = builder.here(workers=1)
    assert done.resumed == 1
    assert done.build.manifest.documents == 30
    assert set(kept) == {marked}


def test_what_is_asked_otherwise_begins_anew(home: Path, tmp_path: Path) -> None:
    jsonl_of(tmp_path / "a.jsonl", range(3))
    Corpora(home).create("essai", source("a", "jsonl", tmp_path / "a.jsonl"))
    builder = Builder(home, "essai", ManualClock(DAY_MS))
    _, before = builder._planned("local")
    assert builder._planned("local")[1].key == before.key
    jsonl_of(tmp_path / "a.jsonl", range(4))
    assert builder._planned("local")[1].key != before.key
