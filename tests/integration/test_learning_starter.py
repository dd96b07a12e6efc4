"""An adapter on the starter model, for real: minutes and 8 GB, so not among the tests of every day.

``pytest -m long tests/integration/test_learning_starter.py``
"""

from __future__ import annotations

import gc
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("torch", reason="the extra training")

import torch

from affouage.training.folder import Evaluated, HeldOut
from affouage.training.learning.gguf_out.adapter import merge_files
from affouage.training.learning.gguf_out.base import copy_with, read_base
from affouage.training.learning.gguf_out.names import Array
from affouage.training.learning.place import steady
from affouage.training.learning.subject import from_base
from affouage.training.settings import Adapter
from tests.integration import learning_runs as runs

pytestmark = [pytest.mark.long, pytest.mark.starter, pytest.mark.timeout(3_000)]

WORDS = 16
ASKED = ("Qui garde le four à pain ?", "Quand ouvre la mairie ?", "Qui compte les arbres ?")
SETTINGS = msgspec.structs.replace(
    runs.LORA,
    steps=16,
    sequences=1,
    context_tokens=64,
    learning_rate=5e-4,
    warmup_steps=2,
    evaluate_every_steps=8,
    checkpoint_every_steps=16,
    threads=2,
    adapter=Adapter(rank=8, alpha=16),
)


def chats(count: int, seed: int) -> list[str]:
    """Answers that all begin alike: an adapter learns that in a few steps."""
    found = []
    for sentence in runs.texts(count, seed):
        first = sentence.split(". ")[0].rstrip(".")
        turns = f"<|im_start|>user\nQue dit-on ici ?<|im_end|>\n<|im_start|>assistant\nAu commun, {first}.<|im_end|>\n"
        found.append(turns)
    return found


def test_an_adapter_learns_and_says_the_same_in_the_engine(starter_model: Path, tmp_path: Path) -> None:
    run = runs.folder(tmp_path / "voix", SETTINGS, base=starter_model, made=chats, documents=40)
    end = runs.start(run)
    assert end.reason == "done", end
    held_out = [event.loss for event in runs.told(run, HeldOut)]
    (looked,) = runs.told(run, Evaluated)
    print(f"held-out loss {held_out}, {looked}, {end.cpu_us / 1e6:.0f} s of a processor")
    assert held_out[-1] < held_out[0] / 2
    assert looked.perplexity < looked.base_perplexity / 2
    gc.collect()

    steady(0, 2, on_card=False)
    import peft

    subject = from_base(SETTINGS, run, list)
    model = peft.PeftModel.from_pretrained(subject.model.unload(), run.out / "safetensors").eval()
    # The engine likely rounds what passes through a base of 4 bits to 8 bits; transformers does not: near a tie, words
    # part. The same base in 16 bits shows whether the adapter is the same.
    known = read_base(starter_model)
    matrices = {name: _unchanged for name, shape in known.shapes.items() if len(shape) == 2}
    plain = copy_with(known, tmp_path / "plain.gguf", matrices, name="plain", stored="f16")
    with runs.llama_cpp(plain, run.out / "adapter.gguf", context_tokens=512, threads=2) as engine:
        prompts = [engine.tokens(engine.prompt(asked)) for asked in ASKED]
        texts = [engine.prompt(asked) for asked in ASKED]
        assert prompts == [subject.cutter.encode(text, add_special_tokens=False).ids for text in texts]
        beside = {scale: [engine.goes_on(one, WORDS, scale) for one in prompts] for scale in (0.0, 1.0)}
    inside = {1.0: [said(model, one) for one in prompts]}
    with model.disable_adapter():
        inside[0.0] = [said(model, one) for one in prompts]
    for scale in (0.0, 1.0):
        for ours, theirs in zip(inside[scale], beside[scale], strict=True):
            print(scale, repr(subject.cutter.decode(ours)), "|", repr(subject.cutter.decode(theirs)))
    assert beside[1.0] != beside[0.0]
    assert beside == inside
    del model, subject
    gc.collect()

    whole = merge_files(run.out / "adapter.gguf", known, tmp_path / "whole.gguf", name="whole")
    with runs.llama_cpp(whole, context_tokens=512, threads=2) as engine:
        assert [engine.goes_on(one, WORDS) for one in prompts] != beside[0.0]
    with runs.llama_cpp(starter_model, run.out / "adapter.gguf", context_tokens=512, threads=2) as engine:
        changed = {scale: [engine.goes_on(one, WORDS, scale) for one in prompts] for scale in (0.0, 1.0)}
    assert changed[0.0] != changed[1.0]


def _unchanged(old: Array) -> Array:
    return old


def said(model: object, prompt: list[int]) -> list[int]:
    import transformers

    how = transformers.GenerationConfig(
        do_sample=False, max_new_tokens=WORDS, eos_token_id=[151_643, 151_645], pad_token_id=0
    )
    read = torch.tensor([prompt])
    found = model.generate(input_ids=read, attention_mask=torch.ones_like(read), generation_config=how)  # type: ignore[attr-defined]
    return [int(one) for one in found[0, len(prompt) :] if int(one) not in (151_643, 151_645)]
