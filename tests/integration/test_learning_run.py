"""A run from its folder to what it gives: the same twice, the same when it is stopped or killed, told when it fails."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("torch", reason="the extra training")

from affouage.training import calibration
from affouage.training.folder import Began, Checkpoint, End, Evaluated, Exported, HeldOut, Progress, RunFolder
from affouage.training.learning.calibrate import calibrate
from affouage.training.settings import RunSettings
from tests.conftest import ROOT
from tests.integration import learning_runs as runs

replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = runs.folder(tmp_path_factory.mktemp("whole") / "essai", runs.SCRATCH)
    assert runs.start(run).reason == "done"
    return run


def losses(run: RunFolder) -> dict[int, float]:
    return {event.step: event.loss for event in runs.told(run, Progress)}


def digests(run: RunFolder) -> dict[str, str]:
    return {event.name: event.sha256 for event in runs.told(run, Exported)}


def at(look: int) -> Callable[[], bool]:
    """Asked to stop from the n-th time that the run looks."""
    looks = iter(range(1, 1 << 30))
    return lambda: next(looks) >= look


def program(run: RunFolder, *options: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "affouage.training.learning", str(run.path), *options]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_it_learns_and_tells_all_of_it(whole: RunFolder) -> None:
    (began,) = runs.told(whole, Began)
    assert (began.step, began.device, began.threads, began.trained) == (0, "cpu", 1, began.parameters)
    assert began.packages["torch"]
    seen = runs.told(whole, Progress)
    assert [one.step for one in seen] == list(range(1, 25))
    assert [one.tokens for one in seen] == [192 * step for step in range(1, 25)]
    assert seen[-1].loss < seen[0].loss - 1
    held_out = runs.told(whole, HeldOut)
    assert [one.step for one in held_out] == [0, 8, 16, 24]
    assert held_out[-1].loss < held_out[0].loss - 1
    assert [one.step for one in runs.told(whole, Checkpoint)] == [8, 16, 24]
    assert sorted(one.name for one in whole.checkpoints.iterdir()) == ["step-000016", "step-000024"]
    (looked,) = runs.told(whole, Evaluated)
    assert 1 < looked.perplexity < 200
    assert (looked.base_perplexity, looked.recited_of) == (None, 20)
    assert runs.told(whole, End)[0].reason == "done"


def test_the_same_settings_and_texts_give_the_same_bytes(whole: RunFolder, tmp_path: Path) -> None:
    again = runs.folder(tmp_path / "essai", runs.SCRATCH)
    assert runs.start(again).reason == "done"
    assert losses(again) == losses(whole)
    assert digests(again) == digests(whole)
    other = runs.folder(tmp_path / "other" / "essai", replace(runs.SCRATCH, seed=8))
    runs.start(other)
    assert losses(other) != losses(whole)


@pytest.mark.parametrize("look", [1, 2, 9, 13, 24, 26, 28, 30])
def test_stopped_at_any_moment_it_goes_on_as_if_it_had_not_been(whole: RunFolder, tmp_path: Path, look: int) -> None:
    run = runs.folder(tmp_path / "essai", runs.SCRATCH)
    stopped = runs.start(run, at(look))
    assert stopped.reason == "stopped"
    assert stopped.remedy
    kept = [one.step for one in runs.told(run, Checkpoint)]
    assert (kept or [0])[-1] == stopped.step, "what was learnt before the stop is in a checkpoint"
    assert runs.start(run).reason == "done"
    assert runs.told(run, Began)[-1].step == stopped.step
    assert losses(run) == losses(whole)
    assert digests(run) == digests(whole)


def test_stopped_between_two_passes_with_chance_in_it_it_goes_on_the_same(whole: RunFolder, tmp_path: Path) -> None:
    """Dropout draws numbers in each pass: those of the step that was given up are given back."""
    adapter = msgspec.structs.replace(runs.LORA.adapter, dropout=0.2)
    settings = replace(runs.LORA, accumulate=3, steps=6, checkpoint_every_steps=4, adapter=adapter)
    told = []
    for name, look in (("whole", 1 << 20), ("stopped", 9)):
        run = runs.folder(tmp_path / name / "voix", settings, base=whole.out / "model.gguf")
        if runs.start(run, at(look)).reason == "stopped":
            assert [one.step for one in runs.told(run, Checkpoint)] == [2]
            assert runs.start(run).reason == "done"
        told.append((losses(run), digests(run)))
    assert told[0] == told[1]


def test_killed_at_any_moment_it_goes_on_to_the_same_end(tmp_path: Path) -> None:
    """To the same loss of every step within 1e-6, in fact to the same bytes."""
    command = [sys.executable, "-m", "tests.integration.learning_kills", str(tmp_path), "5"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found = json.loads(done.stdout)
    assert found["moments"] > 50
    for moment, one in found["tried"].items():
        assert one["losses"] == pytest.approx(found["whole"]["losses"], abs=1e-6), moment
        assert one == found["whole"], moment


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR2])
def test_a_signal_ends_it_with_a_checkpoint(tmp_path: Path, number: signal.Signals) -> None:
    run = runs.folder(tmp_path / "essai", replace(runs.SCRATCH, steps=100_000, warmup_steps=100))
    process = program(run)
    while not runs.told(run, Progress):
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    (end,) = runs.told(run, End)
    assert (end.reason, end.step) == ("stopped", runs.told(run, Checkpoint)[-1].step)
    assert end.cpu_us > 0
    assert b"stopped" in said


def test_a_torn_checkpoint_is_passed_over_for_the_one_before(whole: RunFolder, tmp_path: Path) -> None:
    run = runs.folder(tmp_path / "essai", runs.SCRATCH)
    runs.start(run, at(22))
    newest = sorted(run.checkpoints.iterdir())[-1] / "state.pt"
    newest.write_bytes(newest.read_bytes()[:-1000])
    assert runs.start(run).reason == "done"
    assert runs.told(run, Began)[-1].step == 16
    assert digests(run) == digests(whole)


def test_it_stops_early_and_gives_what_it_was_at_its_best(tmp_path: Path) -> None:
    settings = replace(
        runs.SCRATCH, steps=400, learning_rate=1e-2, evaluate_every_steps=10, checkpoint_every_steps=50, patience=2
    )
    run = runs.folder(tmp_path / "essai", settings, documents=16)
    end = runs.start(run)
    assert end.reason == "early_stop", end
    held_out = runs.told(run, HeldOut)
    best = min(held_out, key=lambda one: one.loss)
    assert [one.step for one in held_out if one.best][-1] == best.step == end.step - 20
    again = runs.folder(tmp_path / "until_best" / "essai", replace(settings, patience=0), documents=16)
    assert runs.start(again, at(best.step + 1)).reason == "stopped"
    assert runs.start(again, only_export=True).reason == "stopped", "it may still go on"
    weights = "safetensors/model.safetensors"  # the name in the other file is that of its settings
    assert digests(again)[weights] == digests(run)[weights]


def test_text_it_has_read_often_is_recited_and_that_is_told(tmp_path: Path) -> None:
    settings = replace(runs.SCRATCH, steps=300, learning_rate=1e-2, evaluate_every_steps=300, sequences=3)
    run = runs.folder(tmp_path / "essai", settings, documents=8)
    assert runs.start(run).reason == "done"
    (looked,) = runs.told(run, Evaluated)
    assert looked.recited == looked.recited_of > 2


def test_an_adapter_tells_the_perplexity_of_its_base_too(whole: RunFolder, tmp_path: Path) -> None:
    found = {}
    for settings in (runs.LORA, runs.CONTINUED):
        run = runs.folder(tmp_path / settings.kind, settings, base=whole.out / "model.gguf", made=runs.upside_down)
        assert runs.start(run).reason == "done"
        (looked,), (began,) = runs.told(run, Evaluated), runs.told(run, Began)
        assert looked.perplexity < looked.base_perplexity
        found[settings.kind] = (looked.base_perplexity, began)
    assert found["lora"][0] == pytest.approx(found["continued"][0], rel=1e-5)
    assert found["continued"][1].trained == found["continued"][1].parameters > 10 * found["lora"][1].trained


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number_ends_it_with_the_last_good_checkpoint(tmp_path: Path) -> None:
    good = runs.folder(tmp_path / "good" / "essai", runs.SCRATCH)
    runs.start(good, at(9))
    run = runs.folder(tmp_path / "bad" / "essai", replace(runs.SCRATCH, learning_rate=1e30, checkpoint_every_steps=1))
    end = runs.start(run)
    assert (end.reason, end.step) == ("loss_not_finite", runs.told(run, Checkpoint)[-1].step)
    assert "learning_rate" in end.remedy
    assert not run.out.exists()
    assert runs.start(run).reason == "loss_not_finite", "asked again, it says it again"


@contextmanager
def limited(what: int, most: int) -> Iterator[None]:
    """This process may not have more, for a moment."""
    before = resource.getrlimit(what)
    resource.setrlimit(what, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)


def test_too_little_memory_is_told_with_the_setting_to_change(tmp_path: Path) -> None:
    shape = msgspec.structs.replace(runs.SHAPE, width=16_384)  # its matrices have a gigabyte each
    run = runs.folder(tmp_path / "essai", replace(runs.SCRATCH, shape=shape))
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    with limited(resource.RLIMIT_AS, held + 400_000_000):
        end = runs.start(run)
    assert end.reason == "out_of_memory"
    assert end.remedy == "sequences 2 and accumulate 2 instead of 4 and 1."


def test_a_full_disk_at_a_checkpoint_keeps_the_one_before(whole: RunFolder, tmp_path: Path) -> None:
    run = runs.folder(tmp_path / "essai", runs.SCRATCH)
    runs.start(run, at(9))
    (kept,) = run.checkpoints.iterdir()
    with limited(resource.RLIMIT_FSIZE, (kept / "state.pt").stat().st_size // 2):
        end = runs.start(run)
    assert (end.reason, end.step) == ("disk_full", 16)
    assert [one.name for one in run.checkpoints.iterdir()] == [kept.name]
    assert runs.start(run).reason == "done"
    assert digests(run) == digests(whole)


def change(**changes: object) -> Callable[[RunFolder, Path], None]:
    def changed(run: RunFolder, _tiny: Path) -> None:
        run.settings_path.write_bytes(msgspec.json.encode(replace(run.settings(), **changes)))

    return changed


def other_base(run: RunFolder, tiny: Path) -> None:
    run.base.unlink()
    run.base.symlink_to(tiny)


def other_texts(run: RunFolder, _tiny: Path) -> None:
    with (run.corpus / "splits" / "train.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"id": "more", "text": "Encore un texte."}) + "\n")


@pytest.mark.parametrize(
    ("changed", "reason", "told"),
    [
        (change(learning_rate=1e-5), "failed", "settings are not those"),
        (other_base, "base_mismatch", "base in the folder is not the one"),
        (other_texts, "failed", "corpus is not the one"),
        (change(threads=0), "done", "12 steps"),
    ],
    ids=["settings", "base", "texts", "threads"],
)
def test_a_checkpoint_goes_on_only_with_what_it_began_with(
    whole: RunFolder,
    tmp_path: Path,
    changed: Callable[[RunFolder, Path], None],
    reason: str,
    told: str,
) -> None:
    run = runs.folder(tmp_path / "voix", runs.LORA, base=whole.out / "model.gguf")
    runs.start(run, at(8))
    other = runs.folder(tmp_path / "other" / "essai", replace(runs.SCRATCH, seed=99, steps=1))
    runs.start(other)
    changed(run, other.out / "model.gguf")
    end = runs.start(run)
    assert (end.reason, told in end.told) == (reason, True), end


def _adapter(*targets: str) -> RunSettings:
    return replace(runs.LORA, adapter=msgspec.structs.replace(runs.LORA.adapter, targets=targets))


@pytest.mark.parametrize(
    ("settings", "documents", "reason", "told"),
    [
        (runs.SCRATCH, 2, "corpus_too_small", "one step reads 192"),
        (runs.SCRATCH, 0, "corpus_too_small", "has 0 tokens"),
        (replace(runs.SCRATCH, shape=None), 4, "failed", "needs a shape"),
        (replace(runs.SCRATCH, steps=0), 4, "failed", "steps is 0"),
        (replace(runs.SCRATCH, learning_rate=0.0), 4, "failed", "learning_rate"),
        (replace(runs.SCRATCH, context_tokens=4_096), 4, "failed", "do not fit a context of 128"),
        (replace(runs.SCRATCH, shape=msgspec.structs.replace(runs.SHAPE, heads=5)), 4, "failed", "5 heads"),
        (replace(runs.SCRATCH, shape=msgspec.structs.replace(runs.SHAPE, vocabulary=100)), 4, "failed", "259 pieces"),
        (runs.LORA, 4, "base_unknown", "not in the run's folder"),
    ],
    ids=["small", "empty", "shape", "steps", "rate", "context", "heads", "pieces", "base"],
)
def test_what_cannot_be_learnt_is_told(
    tmp_path: Path, settings: RunSettings, documents: int, reason: str, told: str
) -> None:
    run = runs.folder(tmp_path / "essai", settings, documents=documents)
    end = runs.start(run)
    assert (end.reason, told in end.told) == (reason, True), end
    assert end.remedy
    assert not run.out.exists()


@pytest.mark.parametrize(
    ("settings", "reason", "told"),
    [
        (_adapter("c_attn"), "base_mismatch", "c_attn"),
        (_adapter(), "base_mismatch", "(none)"),
        (replace(runs.LORA, context_tokens=129), "base_mismatch", "context of 128"),
        (replace(runs.LORA, adapter=None), "failed", "rank"),
    ],
    ids=["targets", "no target", "context", "no adapter"],
)
def test_an_adapter_that_does_not_fit_its_base_is_told(
    whole: RunFolder, tmp_path: Path, settings: RunSettings, reason: str, told: str
) -> None:
    end = runs.start(runs.folder(tmp_path / "voix", settings, base=whole.out / "model.gguf"))
    assert (end.reason, told in end.told) == (reason, True), end
    assert end.remedy


def _foreign(path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, "mamba")
    writer.add_block_count(1)
    for step in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file, writer.close):
        step()


def _no_gguf(path: Path) -> None:
    path.write_bytes(b"GGUF" + bytes(200))


def _cut(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("write", "told"),
    [(_foreign, "architecture mamba"), (_no_gguf, "cannot be read"), (_cut, "cannot be read")],
    ids=["foreign", "not gguf", "empty"],
)
def test_a_base_nobody_knows_is_told(tmp_path: Path, write: Callable[[Path], None], told: str) -> None:
    write(tmp_path / "base.gguf")
    end = runs.start(runs.folder(tmp_path / "voix", runs.LORA, base=tmp_path / "base.gguf"))
    assert (end.reason, told in end.told) == ("base_unknown", True), end


def test_a_line_of_the_corpus_that_is_no_document_is_named(tmp_path: Path) -> None:
    run = runs.folder(tmp_path / "essai", runs.SCRATCH)
    (run.corpus / "splits" / "held_out.jsonl").write_bytes(b'{"id": "1", "text": "bien"}\n{"id": "2"\n')
    end = runs.start(run)
    assert end.reason == "failed"
    assert "Line 2 of the corpus' held_out split" in end.told


def test_without_settings_it_says_so(tmp_path: Path) -> None:
    run = runs.folder(tmp_path / "essai", runs.SCRATCH)
    run.settings_path.write_bytes(b'{"kind": "scratch", "surprise": 1}')
    assert runs.start(run).reason == "failed"


# -- calibration -------------------------------------------------------------------------------------------------------


def test_calibrating_measures_and_changes_nothing(whole: RunFolder, tmp_path: Path) -> None:
    run = runs.folder(tmp_path / "voix", runs.LORA, base=whole.out / "model.gguf")
    before = sorted(run.path.rglob("*"))
    line, _ = program(run, "--calibrate", "0.2").communicate(timeout=120)
    told = calibration.read(line)
    assert isinstance(told, calibration.Calibrated), told
    assert told.passes >= 2
    assert told.tokens == told.passes * 96
    assert told.tokens_per_s_low <= told.tokens_per_s <= told.tokens_per_s_high
    assert told.memory_bytes > 50_000_000
    assert told.trained < told.parameters
    runs.start(run)
    assert told.checkpoint_bytes == pytest.approx(runs.told(run, Checkpoint)[-1].bytes, rel=0.25)
    assert [one for one in before if one.exists()] == before
    run.base.unlink()
    refused = calibrate(run, 0.2)
    assert isinstance(refused, calibration.CalibrationRefused)
    assert refused.reason == "base_unknown"
