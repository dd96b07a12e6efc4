"""What leaves for a machine of the pool and comes back: data of a run alone, believed as far as its fingerprints go."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.adapters.trainers.drawn import Drawn
from affouage.errors import BadRequest
from affouage.testing import ManualClock
from affouage.training.bundle import import_results
from affouage.training.bundle.parcel import Parcel, append_told, lines_to_tell, open_parcel, write_parcel, write_return
from affouage.training.folder import Checkpoint, End, Exported, Progress, RunFolder
from tests.integration.bundle_away import TINY, write_run


def step(number: int, steps: int = TINY.steps) -> Progress:
    return Progress(at_ms=number, step=number, steps=steps, tokens=number, loss=1.0, learning_rate=0.1)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "r1")


def sent(run: Path) -> tuple[Parcel, Path]:
    archive = run.parent / "sent.tar.gz"
    return write_parcel(run, archive, run="r1", machine="n_a", now_ms=1), archive


def names(archive: Path) -> set[str]:
    with tarfile.open(archive) as tar:
        return {one.name.partition("/")[2] for one in tar}


def changed(archive: Path, name: str, content: bytes) -> None:
    """The archive with one file more, or another in its place."""
    with tarfile.open(archive) as tar:
        files = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    first = next(iter(files)).partition("/")[0]
    with tarfile.open(archive, "w:gz") as tar:
        for path, inside in (files | {f"{first}/{name}": content}).items():
            member = tarfile.TarInfo(path)
            member.size = len(inside)
            tar.addfile(member, io.BytesIO(inside))


def test_only_data_leaves_and_what_learning_needs_of_the_corpus(run: Path) -> None:
    _, archive = sent(run)
    corpus = {
        f"run/corpus/{one}" for one in ("manifest.json", *(f"splits/{s}.jsonl" for s in ("train", "held_out", "test")))
    }
    assert names(archive) == {"manifest.json", "run/settings.json"} | corpus


def test_it_opens_there_as_it_left(run: Path, tmp_path: Path) -> None:
    made, archive = sent(run)
    open_parcel(archive, tmp_path / "there", made.job)
    assert RunFolder(tmp_path / "there").settings() == TINY
    assert (tmp_path / "there" / "corpus" / "splits" / "train.jsonl").read_bytes() == (
        run / "corpus" / "splits" / "train.jsonl"
    ).read_bytes()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("source/affouage/__init__.py", b"import os"),
        ("soumettre.slurm", b"#!/bin/bash"),
        ("run/corpus/splits/train.jsonl", b"{}"),
        ("run/out/model.gguf", b"GGUF"),
        ("run/settings.json", b'{"program": "rm"}'),
        ("run/../../escaped", b"x"),
    ],
)
def test_code_commands_and_changed_files_are_refused_there(
    name: str, content: bytes, run: Path, tmp_path: Path
) -> None:
    made, archive = sent(run)
    changed(archive, name, content)
    with pytest.raises(BadRequest) as refused:
        open_parcel(archive, tmp_path / "there", made.job)
    assert refused.value.code == "bundle_results"
    assert not (tmp_path / "there").exists()
    assert not (tmp_path / "escaped").exists()


def test_another_run_than_announced_is_refused(run: Path, tmp_path: Path) -> None:
    _, archive = sent(run)
    with pytest.raises(BadRequest):
        open_parcel(archive, tmp_path / "there", "0" * 16)


def test_there_and_back_with_a_checkpoint_and_told_meanwhile(run: Path, tmp_path: Path) -> None:
    made, archive = sent(run)
    there = RunFolder(tmp_path / "there")
    open_parcel(archive, there.path, made.job)
    for event in (step(1), Checkpoint(at_ms=1, step=1, bytes=2), step(2)):
        there.tell(event)
    (there.checkpoints / "step-000001").mkdir(parents=True)
    (there.checkpoints / "step-000001" / "state.json").write_text("{}")
    lines = lines_to_tell(there.path, 0)
    assert append_told(run, 0, lines) == len(lines)
    assert append_told(run, 0, lines) == len(lines), "told again, it changes nothing"
    there.tell(End(at_ms=3, step=2, reason="stopped"))
    assert lines_to_tell(there.path, len(lines)) == b"", "the end comes with the results"
    write_return(there.path, tmp_path / "back.tar.gz", made.job)
    found = import_results(tmp_path / "back.tar.gz", run)
    assert (found.checkpoint, found.step, found.end) == (1, 2, End(at_ms=3, step=2, reason="stopped"))
    assert (run / "checkpoints" / "step-000001" / "state.json").read_text() == "{}"


def test_a_model_that_is_not_the_one_told_does_not_come_in(run: Path, tmp_path: Path) -> None:
    made, archive = sent(run)
    there = RunFolder(tmp_path / "there")
    open_parcel(archive, there.path, made.job)
    there.out.mkdir()
    (there.out / "model.gguf").write_bytes(b"another")
    there.tell(Exported(at_ms=1, name="model.gguf", bytes=7, sha256="0" * 64))
    there.tell(End(at_ms=3, step=2, reason="done"))
    write_return(there.path, tmp_path / "back.tar.gz", made.job)
    with pytest.raises(BadRequest, match="not the one"):
        import_results(tmp_path / "back.tar.gz", run)
    assert not (run / "out").exists()


@pytest.mark.parametrize(
    "lines",
    [
        b'{"type": "progress"}\n',
        msgspec.json.encode(step(1)),
        msgspec.json.encode(step(1, steps=99)) + b"\n",
        msgspec.json.encode(End(at_ms=1, step=1, reason="done")) + b"\n",
        json.dumps(msgspec.to_builtins(Exported(at_ms=1, name="m", bytes=1, sha256="0"))).encode() + b"\n",
    ],
)
def test_what_no_run_tells_is_not_written_down(lines: bytes, run: Path) -> None:
    with pytest.raises(BadRequest):
        append_told(run, 0, lines)
    assert not (run / "events.jsonl").exists()


@given(st.lists(st.tuples(st.integers(0, 2_000_000), st.integers(0, 4_000_000)), min_size=1, max_size=20))
def test_a_program_never_draws_more_than_the_machine(looks: list[tuple[int, int]]) -> None:
    clock, busy, work = ManualClock(), 0, 0
    drawn = Drawn(lambda: 50.0, clock, busy=lambda: busy)
    drawn.look(0)
    for mine, others in looks:
        clock.advance(ms=1000)
        work, busy = work + mine, busy + mine + others
        drawn.look(work)
    assert drawn.cpu_us == work
    if work:
        assert drawn.energy_uj is not None
        assert 0 < drawn.energy_uj <= 50.0 * 1e6 * len(looks) + 1


def test_energy_is_unknown_when_the_meter_was_silent_or_its_beginning_was_not_seen() -> None:
    clock = ManualClock()
    silent = Drawn(lambda: None, clock, busy=lambda: 0)
    late = Drawn(lambda: 50.0, clock, busy=lambda: 0, whole=False)
    for at in range(5):
        clock.advance(ms=1000)
        silent.look(at * 900_000)
        late.look(at * 900_000)
    assert (silent.energy_uj, late.energy_uj) == (None, None)
