"""A lesson given for real: a text, a tiny model, a page. It is stopped on the way; looking at it moves no weight."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="the extra training")

from affouage.cli import main
from affouage.training.demo.tales import tales
from affouage.training.folder import Began, End, Exported, HeldOut, Progress, RunFolder
from affouage.training.looks import WATCH, Cut, Look, Watch, looks
from tests.integration import learning_runs as runs
from tests.integration.conftest import until


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AFFOUAGE_")}
    return {**kept, "AFFOUAGE_HOME": str(home), "OMP_NUM_THREADS": "1", "AFFOUAGE_LANG": "fr"}


def demo(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "affouage", "train", "demo", *arguments],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=150,
    )


def refused_or_not(home: Path, *arguments: str) -> tuple[int, str]:
    """(status, what was said), in English, by the command within this process: nothing is to be learnt."""
    environ = {"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "en"}
    done = CliRunner().invoke(main, ["train", "demo", *arguments], env=environ)
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some forty small tales: a short text, as a class may write one."""
    path = tmp_path_factory.mktemp("texte") / "contes de la classe.txt"
    path.write_text("\n\n".join(tales(40, seed=3)), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Given:
    """A lesson that was stopped by Ctrl-C, then given again. ``stopped``: (status, what was said)."""

    folder: Path
    home: Path
    stopped: tuple[int, str]
    again: subprocess.CompletedProcess[str]

    @property
    def run(self) -> RunFolder:
        return RunFolder(self.folder / "run")


@pytest.fixture(scope="module")
def given(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Given:
    home = tmp_path_factory.mktemp("lesson")
    folder = home / "out"
    arguments = (str(book), "--steps", "40", "--output", str(folder))
    began = subprocess.Popen(
        [sys.executable, "-m", "affouage", "train", "demo", *arguments],
        env=environment(home),
        stderr=subprocess.PIPE,
        text=True,
    )
    run = RunFolder(folder / "run")
    until(lambda: sum(isinstance(one, Progress) for one, _ in run.events()) > 2, timeout_s=150)
    began.send_signal(signal.SIGINT)
    _, said = began.communicate(timeout=150)
    return Given(folder, home, (began.returncode, said), demo(home, *arguments))


def test_stopped_by_ctrl_c_it_writes_a_checkpoint_and_the_same_command_goes_on(given: Given) -> None:
    status, said = given.stopped
    assert status == 130, said
    assert "La même commande reprend" in said
    ends = [one for one, _ in given.run.events() if isinstance(one, End)]
    assert [one.reason for one in ends] == ["stopped", "done"]
    began = [one.step for one, _ in given.run.events() if isinstance(one, Began)]
    assert began == [0, ends[0].step], "it went on from its checkpoint"
    steps = [one.step for one in looks(given.run.path) if isinstance(one, Look)]
    assert steps == [0, 2, 10, 20, 40], "nothing was looked at twice, nor missed"
    spent = msgspec.json.decode((given.folder / "lesson.json").read_bytes())["spent"]
    assert spent["wall_ms"] > 1000
    assert spent["counted_uj"] > 0


def test_a_text_becomes_a_model_and_a_page(given: Given) -> None:
    done = given.again
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("page.html")
    assert "il écrit : " in done.stderr.replace("\u202f", " ")
    told = [one for one, _ in given.run.events()]
    losses = [one.loss for one in told if isinstance(one, HeldOut)]
    assert losses[-1] < losses[0] - 0.5, "it learnt something"
    assert any(isinstance(one, Exported) and one.name == "model.gguf" for one in told)
    (cut,) = [one for one in looks(given.run.path) if isinstance(one, Cut)]
    apart = (given.run.corpus / "splits" / "held_out.jsonl").read_text("utf-8")
    assert "".join(cut.pieces) in apart
    assert {one.name for one in given.folder.iterdir()} == {"run", "page.html", "lesson.json"}


def test_the_page_says_what_the_run_says(given: Given) -> None:
    folder = given.folder
    html = (folder / "page.html").read_text(encoding="utf-8")
    told = re.sub(r"<[^>]+>", " ", html).replace("\u202f", " ").replace("\xa0", " ")
    assert "contes de la classe.txt" in told
    assert "Il a fait 40 pas" in told
    assert re.search(r"≈ [\d,]+ m?Wh \(de [\d,]+ à [\d,]+\), estimé", told)
    last = [one for one in looks(folder / "run") if isinstance(one, Look)][-1]
    guess = last.guesses[0]
    assert guess.given in told
    assert abs(sum(chance for _, chance in guess.likely)) <= 1
    assert "affouage train demo 'contes de la classe.txt' --steps 40" in html.replace("&#39;", "'")
    assert html.count("<svg") == 1 + 3 * len(last.guesses)


def test_given_again_it_only_writes_the_page_again_in_the_language_asked_for(given: Given, book: Path) -> None:
    before = given.run.events_path.read_bytes()
    status, said = refused_or_not(given.home, str(book), "--output", str(given.folder))
    assert status == 0, said
    assert given.run.events_path.read_bytes() == before
    assert "How a machine learns to write" in (given.folder / "page.html").read_text(encoding="utf-8")


def test_another_text_or_a_folder_in_use_is_refused_with_what_would_work(
    given: Given, book: Path, tmp_path: Path
) -> None:
    for arguments in ((), (str(book), "--seed", "4"), (str(book), "--steps", "30")):
        status, said = refused_or_not(given.home, *arguments, "--output", str(given.folder))
        assert (status, "--output" in said) == (2, True), said
    (tmp_path / "mine.txt").write_text("à moi", encoding="utf-8")
    status, said = refused_or_not(given.home, str(book), "--output", str(tmp_path))
    assert (status, "holds something else" in said) == (2, True)
    status, said = refused_or_not(given.home, str(tmp_path / "mine.txt"), "--output", str(tmp_path / "new"))
    assert (status, "needs 4000" in said) == (2, True)
    assert not (tmp_path / "new").exists()


def test_looking_moves_no_weight(tmp_path: Path) -> None:
    """The same run, alone and looked at, gives the same file to the byte."""
    from affouage.testing import ManualClock
    from affouage.training.learning.watched import Watched

    made: Callable[..., RunFolder] = runs.folder
    alone, seen = made(tmp_path / "one" / "essai", runs.SCRATCH), made(tmp_path / "two" / "essai", runs.SCRATCH)
    assert runs.start(alone).reason == "done"
    watch = Watch(shown="La commune", given=(("La commune", " partage"),), begun=("Le garde",), pieces=12, at=(8, 16))
    (seen.path / WATCH).write_bytes(msgspec.json.encode(watch))
    assert Watched(seen, ManualClock(), lambda: False).whole().reason == "done"
    assert [one.step for one in looks(seen.path) if isinstance(one, Look)] == [0, 8, 16, 24]
    assert (alone.out / "model.gguf").read_bytes() == (seen.out / "model.gguf").read_bytes()
