"""A run taken elsewhere by a person: written, checked, run by its own script; the job that waits for its results."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from affouage import errors
from affouage.adapters.trainers.elsewhere import BundleTrainer, archive_of
from affouage.testing import ManualClock
from affouage.training.bundle import Imported, import_results, write_bundle
from affouage.training.bundle.code import code_of, locked
from affouage.training.bundle.manifest import Manifest
from affouage.training.folder import Began, RunFolder
from affouage.training.runs.trainer import JobLook
from affouage.training.site import Site
from tests.conftest import ROOT
from tests.integration.bundle_away import (  # noqa: F401  # fixtures
    SITE,
    TINY,
    away_of,
    done_of,
    environment,
    losses,
    made_once,
    quick_python,
    shell,
    write_run,
)
from tests.slurm import Slurm

# -- what leaves -------------------------------------------------------------------------------------------------------


def test_what_is_in_it(away: tuple[Path, Path]) -> None:
    _, there = away
    manifest = msgspec.json.decode((there / "manifest.json").read_bytes(), type=Manifest)
    files = {file.relative_to(there).as_posix() for file in there.rglob("*") if file.is_file()}
    assert files - manifest.files.keys() == {"manifest.json", "SHA256SUMS"}
    for path, file in manifest.files.items():
        assert hashlib.sha256((there / path).read_bytes()).hexdigest() == file.sha256
    assert not any(file.is_symlink() for file in there.rglob("*"))
    assert not any("notes-privees" in path for path in files)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=there, check=True)
    job = (there / "soumettre.slurm").read_text()
    for line in (
        "--account=abc@v100",
        "--constraint=v100-32g",
        "--hint=nomultithread",
        "--time=20:00:00",
        "--signal=B:USR2@120",
        "--requeue",
    ):
        assert f"#SBATCH {line}\n" in job
    assert "    module purge\n    module load pytorch-gpu/2.6\n" in job
    for script in ("soumettre.slurm", "rapporter.sh"):
        subprocess.run(["bash", "-n", script], cwd=there, check=True)
        assert not {"ssh", "curl", "wget", "scp", "rsync"} & set(re.findall(r"\w+", (there / script).read_text()))
    notice = (there / "LISEZMOI.md").read_text()
    for word in ("sbatch soumettre.slurm", "bash rapporter.sh", "affouage train import mairie-1", "abc@v100"):
        assert word in notice
    assert "fichier\trun/settings.json\tsha256 " in (there / "hors-ligne.txt").read_text()


def test_the_code_that_leaves_is_what_learns_and_no_more() -> None:
    code = code_of()
    assert "affouage/training/learning/__main__.py" in code.files
    assert not any(path.startswith(("affouage/web", "affouage/cli", "affouage/adapters")) for path in code.files)
    assert "torch" in code.imports
    lock = locked(code.imports)
    assert "--hash=sha256:" in lock.text
    assert {"msgspec", "transformers", "tokenizers", "safetensors", "numpy"} <= lock.versions.keys()
    assert lock.by_the_site.keys() == {"torch"}
    assert "torch==" not in lock.text
    assert "starlette" not in lock.versions


def test_two_archives_of_one_run_are_the_same_bytes(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "mairie-1")
    for ending in (".tar.gz", ".tar.zst"):
        one, two = (
            write_bundle(folder, SITE, tmp_path / f"{name}{ending}", run="mairie-1", clock=ManualClock())
            for name in ("one", "two")
        )
        assert one.path.read_bytes() == two.path.read_bytes()
        assert one.sha256 == two.sha256


def test_what_cannot_leave(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "mairie-1")
    (tmp_path / "taken").mkdir()
    with pytest.raises(errors.Conflict) as taken:
        write_bundle(folder, SITE, tmp_path / "taken")
    assert taken.value.code == "bundle_target"
    (folder / "settings.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(TINY, kind="lora", base="x")))
    with pytest.raises(errors.BadRequest) as baseless:
        write_bundle(folder, SITE, tmp_path / "b")
    assert baseless.value.details["lacking"] == "base.gguf"
    (folder / "base.gguf").symlink_to(tmp_path / "gone.gguf")
    with pytest.raises(errors.BadRequest):
        write_bundle(folder, SITE, tmp_path / "b")
    (tmp_path / "gone.gguf").write_bytes(b"GGUF")
    write_bundle(folder, SITE, tmp_path / "b")
    assert (tmp_path / "b" / "run" / "base.gguf").read_bytes() == b"GGUF"
    (folder / "settings.json").write_text("{")
    with pytest.raises(errors.BadRequest):
        write_bundle(folder, SITE, tmp_path / "c")
    with pytest.raises(errors.SettingsError):
        write_bundle(folder, Site(account="a b"), tmp_path / "c")
    assert not (tmp_path / "c").exists()
    assert not list(tmp_path.glob(".bundle-*"))


# -- there -------------------------------------------------------------------------------------------------------------


def test_it_does_not_begin_when_a_file_was_changed(away: tuple[Path, Path], tmp_path: Path) -> None:
    _, there = away
    (there / "run" / "corpus" / "splits" / "train.jsonl").write_text('{"text": "autre chose"}\n')
    ran = shell(there, "soumettre.slurm", quick_python(tmp_path))
    assert ran.returncode == 9
    assert not (there / "run" / "events.jsonl").exists()


def test_it_says_which_packages_are_missing(away: tuple[Path, Path], tmp_path: Path) -> None:
    _, there = away
    bare = tmp_path / "python-bare"
    bare.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -S -I "$@"\n', encoding="utf-8")
    bare.chmod(0o755)
    ran = shell(there, "soumettre.slurm", str(bare))
    assert ran.returncode == 8
    assert "paquets/requirements.txt" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (there / "run" / "events.jsonl").exists()


def test_stopped_there_it_comes_back_and_goes_on_here(away: tuple[Path, Path], tmp_path: Path) -> None:
    folder, there = away
    (there / "run" / "pace").write_text("100")
    job = subprocess.Popen(["bash", "soumettre.slurm"], cwd=there, env=environment(quick_python(tmp_path)))
    events = there / "run" / "events.jsonl"
    _wait(lambda: events.exists() and b'"progress"' in events.read_bytes())
    job.send_signal(signal.SIGTERM)
    assert job.wait(30) == 0
    (there / "run" / "pace").unlink()
    assert shell(there, "rapporter.sh").returncode == 0
    found = import_results(there / "retour-mairie-1.tar.gz", folder)
    assert not found.whole
    assert found.end is not None
    assert found.end.reason == "stopped"
    assert found.checkpoint == found.end.step == found.step < 6
    again = write_bundle(folder, SITE, tmp_path / "again", run="mairie-1")
    assert shell(again.path, "soumettre.slurm", quick_python(tmp_path)).returncode == 0
    assert import_results(again.path, folder).whole
    began = [event.step for event, _ in RunFolder(folder).events() if isinstance(event, Began)]
    assert began == [0, found.step]
    straight = write_run(tmp_path / "straight")
    subprocess.run([sys.executable, "-m", "tests.learner", str(straight)], cwd=ROOT, check=True)
    assert losses(folder) == losses(straight)


def _wait(true: Callable[[], bool], within_s: float = 30) -> None:
    async def waiting() -> None:
        async with asyncio.timeout(within_s):
            while not true():  # noqa: ASYNC110 - another program's doing
                await asyncio.sleep(0.02)

    asyncio.run(waiting())


def test_submitted_by_hand_to_a_real_slurm_it_comes_back_into_the_queue(on_slurm: Slurm, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "mairie-1")
    write_bundle(folder, Site(time_minutes=5, cpus=1), tmp_path / "away", run="mairie-1", site_name="essai")
    there = tmp_path / "away"
    (there / "run" / "pace").write_text("200")
    handed = subprocess.run(
        ["sbatch", "--parsable", "soumettre.slurm"],
        cwd=there,
        env={**os.environ, "AFFOUAGE_PYTHON": quick_python(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    job, events = handed.stdout.strip(), there / "run" / "events.jsonl"
    _wait(lambda: events.exists() and b'"progress"' in events.read_bytes())
    on_slurm.command("scancel", "--batch", "--signal=USR2", job)  # what Slurm sends before the time limit
    _wait(lambda: b'"stopped"' in events.read_bytes())
    (there / "run" / "pace").unlink()
    _wait(lambda: b'"done"' in events.read_bytes(), 60)
    _wait(lambda: "COMPLETED" in on_slurm.command("squeue", "-h", "--states=all", "-j", job, "-o", "%T"), 60)
    assert shell(there, "rapporter.sh").returncode == 0
    found = import_results(there / "retour-mairie-1.tar.gz", folder)
    assert found.whole
    assert found.goes == 2
    assert (folder / "site" / f"journal-{job}.txt").is_file()


# -- the place ---------------------------------------------------------------------------------------------------------


def test_a_bundle_is_a_job_that_waits_for_its_results(tmp_path: Path) -> None:
    home, runs = tmp_path / "home", tmp_path / "home" / "runs"
    (home / "sites").mkdir(parents=True)
    (home / "sites" / "jean-zay.toml").write_text('account = "abc@v100"\n')
    runs.mkdir()
    folder = write_run(runs / "trn_1")

    async def main() -> None:
        place = BundleTrainer(home, runs)
        job = await place.start(folder)
        assert await BundleTrainer(home, runs).start(folder) == job  # away already
        assert (await place.look(job)).state == "waiting"
        archive = archive_of(folder, job.partition("/")[2])
        shutil.unpack_archive(archive, tmp_path)
        there = tmp_path / "affouage-trn_1"
        assert shell(there, "soumettre.slurm", quick_python(tmp_path)).returncode == 0
        assert isinstance(import_results(there, folder), Imported)
        assert await place.look(job) == JobLook(state="gone")
        await place.stop(job)
        other = await place.start(folder)
        assert other != job
        await place.kill(other)
        assert "withdrawn" in (await place.look(other)).why
        with pytest.raises(errors.BadRequest):
            await place.look("../../etc/passwd")

    asyncio.run(main())
