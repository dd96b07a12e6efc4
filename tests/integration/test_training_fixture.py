"""The recipe of the tests' tiny model, its first steps: ``python -m tests.training_fixture`` makes the whole."""

from __future__ import annotations

import msgspec
import pytest

pytest.importorskip("torch", reason="the extra training")

from affouage.catalogue.gguf import read_header
from affouage.training.folder import Evaluated, Exported, HeldOut, RunFolder
from tests.integration import learning_runs as runs
from tests.training_fixture import documents, lay_out, model, recipe


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> list[RunFolder]:
    """Twice, in folders of other names."""
    settings = msgspec.structs.replace(recipe(), steps=20, evaluate_every_steps=20, threads=1)
    both = [lay_out(tmp_path_factory.mktemp("essai") / name, settings) for name in ("un", "deux")]
    assert [runs.start(run).reason for run in both] == ["done", "done"]
    return both


def test_it_is_made_twice_alike(begun: list[RunFolder]) -> None:
    one, two = ({event.name: event.sha256 for event in runs.told(run, Exported)} for run in begun)
    assert one == two
    losses = [event.loss for event in runs.told(begun[0], HeldOut)]
    assert losses[-1] < losses[0] - 0.5
    assert runs.told(begun[0], Evaluated)[0].recited == 0


def test_the_engine_takes_it_and_speaks_in_turns(begun: list[RunFolder]) -> None:
    path = model(begun[0])
    assert 3_000_000 < path.stat().st_size < 8_000_000
    assert read_header(path).context_tokens == 4_096
    with runs.llama_cpp(path, context_tokens=256) as engine:
        prompt = engine.tokens(engine.prompt("Qui possède la forêt ?"))
        assert engine.goes_on(prompt, 8) == engine.goes_on(prompt, 8) != []


def test_its_texts_are_paragraphs_and_turns() -> None:
    found = documents()
    turns = [one for one in found if one.startswith("<|im_start|>user\n")]
    assert len(turns) > 60
    assert all(one.count("<|im_end|>\n") == 2 for one in turns)
    assert sum(map(len, found)) > 60_000
