"""The same recipe on a real Slurm: an array that reads, a job that finishes, and what the queue refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from affouage.errors import AffouageError, SetUpError
from affouage.testing import ManualClock
from affouage.training.corpus.building import Builder, Built, Submitted
from affouage.training.corpus.place import Slurm
from affouage.training.corpus.store import Corpora
from affouage.training.corpus.verifying import verify
from tests.integration.corpus_made import DAY_MS, STEPS, built, jsonl_of, source, until
from tests.slurm import Slurm as Cluster

pytest.importorskip("datatrove")


def recipe_of(tmp_path: Path) -> str:
    for n in range(2):
        path = jsonl_of(tmp_path / f"{n}.jsonl", range(n * 10, n * 10 + 12))
        with path.open("ab") as padding:
            padding.write(b" " * 8_000_000 + b"\n")  # a task each
    return "".join(source(f"s{n}", "jsonl", tmp_path / f"{n}.jsonl") for n in range(2)) + STEPS


def test_the_same_corpus_as_on_one_machine(on_slurm: Cluster, tmp_path: Path) -> None:
    home = tmp_path / "home"
    recipe = recipe_of(tmp_path)
    Corpora(home).create("essai", recipe)
    builder = Builder(home, "essai", ManualClock(DAY_MS))
    asked = Slurm(partition="debug", time="00:05:00", memory="100M")
    sent = builder.on_slurm(asked)
    assert isinstance(sent, Submitted)
    assert len(sent.jobs) == 2
    until(lambda: (sent.work / "built").exists())
    done = builder.on_slurm(asked)
    assert isinstance(done, Built)
    assert done.build.manifest.where == "slurm"
    assert verify(done.build) == ()
    here = built(tmp_path / "other", recipe)
    assert here.manifest.sha256 == done.build.manifest.sha256


def test_what_slurm_refuses_is_told(on_slurm: Cluster, tmp_path: Path) -> None:
    home = tmp_path / "home"
    Corpora(home).create("essai", recipe_of(tmp_path))
    builder = Builder(home, "essai", ManualClock(DAY_MS))
    with pytest.raises(SetUpError, match="Slurm refused the jobs") as refused:
        builder.on_slurm(Slurm(partition="nowhere", time="00:05:00", memory="100M"))
    assert "partition" in refused.value.message.lower()


def test_jobs_that_were_cancelled_are_told_then_sent_again(on_slurm: Cluster, tmp_path: Path) -> None:
    home = tmp_path / "home"
    Corpora(home).create("essai", recipe_of(tmp_path))
    builder = Builder(home, "essai", ManualClock(DAY_MS))
    asked = Slurm(partition="closed", time="00:05:00", memory="100M")  # it waits there
    sent = builder.on_slurm(asked)
    assert isinstance(sent, Submitted)
    assert builder.on_slurm(asked) == sent
    on_slurm.command("scancel", sent.jobs[0])
    until(lambda: not on_slurm.command("squeue", "-h", "-j", ",".join(sent.jobs)).strip())
    with pytest.raises(AffouageError, match="ended before it was whole"):
        builder.on_slurm(asked)
    again = builder.on_slurm(asked)
    assert isinstance(again, Submitted)
    assert again.jobs != sent.jobs
    on_slurm.command("scancel", *again.jobs)


def test_without_slurm_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    Corpora(home).create("essai", recipe_of(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetUpError, match="no Slurm on this machine"):
        Builder(home, "essai", ManualClock(DAY_MS)).on_slurm(Slurm(partition="debug", time="00:05:00"))
