"""A run, its bundle as it left, and as its own script left it, for tests of what is carried by a person."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from affouage.testing import ManualClock
from affouage.training.bundle import write_bundle
from affouage.training.folder import Progress, RunFolder
from affouage.training.settings import RunSettings, Shape
from affouage.training.site import Site
from tests.conftest import ROOT

SITE = Site(account="abc@v100", constraint="v100-32g", gpus=1, cpus=10, time_minutes=1200, modules=("pytorch-gpu/2.6",))
TINY = RunSettings(
    kind="scratch",
    steps=6,
    sequences=2,
    context_tokens=32,
    learning_rate=1e-3,
    threads=1,
    evaluate_every_steps=6,
    checkpoint_every_steps=3,
    shape=Shape(layers=1, width=32, feed_forward=64, heads=2, kv_heads=1, vocabulary=300, context_tokens=32),
)


def write_run(folder: Path, settings: RunSettings = TINY) -> Path:
    """Its corpus is elsewhere, behind a link, as in a home."""
    corpus = folder.parent / "corpora" / folder.name
    (corpus / "splits").mkdir(parents=True)
    folder.mkdir()
    for split, many in (("train", 60), ("held_out", 12), ("test", 12)):
        text = "Le conseil numéro {0} se réunit mardi à {0} heures pour parler du bois de la commune."
        lines = [json.dumps({"id": f"{split}-{at}", "text": text.format(at)}) for at in range(many)]
        (corpus / "splits" / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    (corpus / "manifest.json").write_text('{"licences": {"etalab-2.0": 84}}')
    (corpus / "notes-privees.txt").write_text("ne part pas")
    (folder / "corpus").symlink_to(corpus)
    (folder / "settings.json").write_bytes(msgspec.json.encode(settings))
    return folder


def losses(folder: Path) -> dict[int, float]:
    return {event.step: event.loss for event, _ in RunFolder(folder).events() if isinstance(event, Progress)}


def quick_python(folder: Path) -> str:
    """Stands for the site's Python: runs the tests' small learner where the real one is asked for."""
    program = folder / "python"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec "{sys.executable}" --version\n'
        '[ "$1" = -c ] && exit 0  # are the packages there?\n'
        '[ "$2" = affouage.training.learning ] || exit 97\n'
        f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m tests.learner "$3"\n'
    )
    program.chmod(0o755)
    return str(program)


def environment(python: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "AFFOUAGE_PYTHON": python}


def shell(there: Path, script: str, python: str = "python") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", script], cwd=there, env=environment(python), capture_output=True, text=True, check=False, timeout=90
    )


@pytest.fixture(scope="module", name="made")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written and run once: ``home``, ``away`` as it left, ``done`` as its own script left it."""
    place = tmp_path_factory.mktemp("made")
    folder = write_run(place / "home")
    write_bundle(folder, SITE, place / "away", run="mairie-1", site_name="jean-zay", clock=ManualClock())
    shutil.copytree(place / "away", place / "done")
    ran = shell(place / "done", "soumettre.slurm", quick_python(place))
    assert ran.returncode == 0, ran.stderr
    return place


@pytest.fixture(name="away")
def away_of(made: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A run at home, and its bundle as a folder elsewhere."""
    shutil.copytree(made / "home", tmp_path / "mairie-1", symlinks=True)
    return tmp_path / "mairie-1", Path(shutil.copytree(made / "away", tmp_path / "away"))


@pytest.fixture(name="done")
def done_of(made: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The same, run to its end by its own script."""
    shutil.copytree(made / "home", tmp_path / "mairie-1", symlinks=True)
    return tmp_path / "mairie-1", Path(shutil.copytree(made / "done", tmp_path / "done"))
