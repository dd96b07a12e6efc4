"""A run sent to another computer from the command line: by Slurm, by a person; and back, into the catalogue."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affouage.cli import main
from affouage.clock import SystemClock
from affouage.training_room import training_for_command
from tests.conftest import ROOT
from tests.integration import training_house as house
from tests.integration.training_house import LONG, TINY
from tests.slurm import Slurm


@pytest.fixture
def lived(home: Path, tmp_path: Path) -> Path:
    """A home with two runs planned and one computer described."""
    db = house.database(home)
    training = training_for_command(house.settings_of(home), db, SystemClock())
    texts = house.corpus(tmp_path / "mairie")

    async def put() -> None:
        await house.put(training, texts, "mairie-1", TINY)
        await house.put(training, texts, "mairie-2", LONG)

    asyncio.run(put())
    db.close()
    (home / "sites").mkdir()
    text = f'time_minutes = 5\ncpus = 1\nvariables = {{ PYTHONPATH = "{ROOT / "src"}", OMP_NUM_THREADS = "1" }}\n'
    (home / "sites" / "essai.toml").write_text(text)
    return home


def command(home: Path, *words: str, language: str = "en") -> Result:
    return CliRunner().invoke(main, ["train", *words], env={"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": language})


def told(ran: Result) -> Any:
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def test_carried_by_a_person_and_back_into_the_catalogue(lived: Path, tmp_path: Path) -> None:
    archive = tmp_path / "mairie-1.tar.gz"
    left = told(command(lived, "bundle", "mairie-1", "--to", str(archive), "--json"))
    assert (left["state"], left["site"], left["path"]) == ("running", "essai", str(archive))
    again = command(lived, "bundle", "mairie-1", language="fr")  # the same one, told to a person
    assert left["sha256"] in again.stdout
    assert "LISEZMOI.md" in again.stdout
    assert command(lived, "bundle", "mairie-1", "--to", str(archive)).exit_code == 2
    shutil.unpack_archive(archive, tmp_path)
    there = tmp_path / f"affouage-{left['run']}"
    environment = {"PATH": os.environ["PATH"], "AFFOUAGE_PYTHON": sys.executable}
    subprocess.run(["bash", "soumettre.slurm"], cwd=there, env=environment, check=True, capture_output=True, timeout=90)
    subprocess.run(["bash", "rapporter.sh"], cwd=there, env=environment, check=True, capture_output=True)
    (tmp_path / "bad.tar.gz").write_bytes(b"nothing")
    refused = command(lived, "import", "mairie-1", str(tmp_path / "bad.tar.gz"), language="fr")
    assert refused.exit_code == 2
    assert "Ces résultats sont refusés." in refused.stderr
    back = told(command(lived, "import", "mairie-1", str(there / f"retour-{left['run']}.tar.gz"), "--json"))
    assert (back["whole"], back["step"], back["energy_uj"]) == (True, TINY.steps, None)
    assert back["state"] == "exported"
    model = (lived / "training" / "runs" / left["run"] / "out" / "model.gguf").read_bytes()
    assert model.startswith(b"GGUF")
    status = told(command(lived, "status", "mairie-1", "--json"))
    assert (status["state"], status["place"]) == ("exported", "bundle")
    again = command(lived, "import", "mairie-1", str(there), language="fr")
    assert again.exit_code == 2
    assert "n’est pas parti" in again.stderr


def test_on_a_real_slurm_it_learns_and_enters_the_catalogue(lived: Path, on_slurm: Slurm) -> None:
    done = told(command(lived, "slurm", "mairie-1", "--site", "essai", "--json"))
    assert done["state"] == "exported"
    receipt = told(command(lived, "receipt", "mairie-1"))
    assert receipt["work"]["tokens"] == TINY.steps * TINY.step_tokens


def test_stopped_in_the_queue_it_is_stopped_and_not_lost(lived: Path, on_slurm: Slurm) -> None:
    (lived / "sites" / "essai.toml").write_text('partition = "closed"\ntime_minutes = 5\n')
    assert told(command(lived, "slurm", "mairie-2", "--detach", "--json"))["state"] == "running"
    assert told(command(lived, "status", "mairie-2", "--json"))["look"]["state"] == "waiting"
    assert "est fermée pour l’instant" in command(lived, "status", "mairie-2", language="fr").stdout
    stopped = told(command(lived, "stop", "mairie-2", "--json"))
    assert (stopped["state"], stopped["why"]["told"]) == ("stopped", "It was stopped before it began.")


def test_a_bundle_that_does_not_come_back_is_withdrawn_and_the_run_learns_here(lived: Path) -> None:
    assert told(command(lived, "bundle", "mairie-2", "--json"))["path"].endswith(".tar.gz")
    begun = told(command(lived, "start", "mairie-1", "--detach", "--json"))  # one away keeps no other from its turn
    assert begun["state"] == "running"
    command(lived, "stop", "mairie-1")
    moved = command(lived, "here", "mairie-2", "--json")  # somebody may be at it there
    assert moved.exit_code == 2
    assert "Stop it first" in moved.stderr
    assert told(command(lived, "stop", "mairie-2", "--json"))["state"] == "stopped"
    assert told(command(lived, "here", "mairie-2", "--detach", "--json"))["state"] == "running"
    assert told(command(lived, "status", "mairie-2", "--json"))["place"] == "here"
    command(lived, "stop", "mairie-2")


def test_refusals_of_a_place_are_told_and_leave_the_run_to_be_resumed(lived: Path, on_slurm: Slurm) -> None:
    (lived / "sites" / "essai.toml").write_text('partition = "nulle-part"\n')
    refused = command(lived, "slurm", "mairie-1", "--json")
    assert refused.exit_code == 2
    assert json.loads(refused.stdout)["state"] == "failed"
    assert "nulle-part" in refused.stdout
    (lived / "sites" / "essai.toml").write_text("partition = 3\n")
    wrong = command(lived, "slurm", "mairie-1", language="fr")
    assert wrong.exit_code == 2
    assert "partition" in wrong.stderr
    assert "Aucun ordinateur de ce nom" in command(lived, "slurm", "mairie-1", "--site", "autre", language="fr").stderr


def test_computers_are_listed(lived: Path, home: Path) -> None:
    assert told(command(lived, "sites", "--json"))[0]["name"] == "essai"
    assert "5 minutes par passage" in command(lived, "sites", language="fr").stdout
    shutil.rmtree(home / "sites")
    assert told(command(lived, "sites", "--json")) == []
    assert "train-on-slurm.md" in command(lived, "sites").stdout
