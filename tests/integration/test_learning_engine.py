"""What was learnt says in llama.cpp what it says in transformers: the same greedy tokens, adapters included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import msgspec
import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra training")

import torch
import transformers

from affouage.training.folder import Exported, RunFolder
from affouage.training.learning import export
from affouage.training.learning.ending import RunEnds
from affouage.training.learning.gguf_out.adapter import merge_files, read_adapter
from affouage.training.learning.gguf_out.base import read_base
from affouage.training.learning.gguf_out.file import Tensor, tensor, write
from affouage.training.learning.gguf_out.names import Names
from affouage.training.learning.place import steady
from affouage.training.learning.subject import from_base
from affouage.training.learning.words import WAYS
from tests.integration import learning_runs as runs

WORDS = 24
ODD = (
    "<|im_start|>user\nL'an 2026 : 1234567 kWh, 3,5 €/m².<|im_end|>\n<|im_start|>assistant\n",
    "  deux espaces\n\n\tune tabulation  et la fin   ",
    "aujourd'hui, l’été ; N'EST-CE PAS ? I'LL, qu'il s'agit… 🌲🌲 ½ 12e",
)
PROMPTS = ("La commune partage", "le bois garde L'assemblée", "Une habitante vote la règle à l'été, 12 € — voilà !")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = runs.folder(tmp_path_factory.mktemp("scratch") / "essai", msgspec.structs.replace(runs.SCRATCH, steps=40))
    assert runs.start(run).reason == "done"
    return run


@pytest.fixture(scope="module", params=["llama", "qwen2"])
def base(request: pytest.FixtureRequest, scratch: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of each architecture."""
    path = tmp_path_factory.mktemp("base") / "base.gguf"
    if request.param == "qwen2":
        settings = msgspec.structs.replace(runs.CONTINUED, steps=40, learning_rate=5e-3)
        run = runs.folder(path.parent / "qwen2", settings, base=write_qwen2(path, scratch))
        assert runs.start(run).reason == "done"
        return run.out / "model.gguf"  # drawn by chance alone, its words would be near a tie
    model = transformers.AutoModelForCausalLM.from_pretrained(scratch.out / "safetensors")
    return export.scratch(_subject(model, scratch), scratch.settings(), path, "base", "f32")


@pytest.fixture(scope="module")
def adapted(base: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = runs.folder(tmp_path_factory.mktemp("lora") / "voix", runs.LORA, base=base, made=runs.upside_down)
    end = runs.start(run)
    assert end.reason == "done", end
    return run


def _subject(model: Any, run: RunFolder) -> Any:
    from tokenizers import Tokenizer

    from affouage.training.learning.place import Place
    from affouage.training.learning.subject import Subject

    tokenizer = Tokenizer.from_file(str(run.out / "tokenizer.json"))
    return Subject(model=model, place=Place(device="cpu"), tokenizer=tokenizer)


def write_qwen2(path: Path, words_of: RunFolder) -> Path:
    """A Qwen2 model drawn by chance, with the tokenizer of another run."""
    torch.manual_seed(5)
    reader, names = gguf.GGUFReader(words_of.out / "model.gguf"), Names("qwen2", 2, 4, 2)
    config = transformers.Qwen2Config(
        vocab_size=len(reader.fields["tokenizer.ggml.tokens"].data),
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        tie_word_embeddings=False,
    )
    model = transformers.Qwen2ForCausalLM(config)
    weights = dict(model.named_parameters())

    def describe(writer: Any) -> None:
        writer.add_name("qwen d'essai")
        for add, value in (
            (writer.add_context_length, 128),
            (writer.add_embedding_length, 64),
            (writer.add_block_count, 2),
            (writer.add_feed_forward_length, 192),
            (writer.add_head_count, 4),
            (writer.add_head_count_kv, 2),
            (writer.add_rope_freq_base, 10_000.0),
            (writer.add_layer_norm_rms_eps, 1e-6),
        ):
            add(value)
        for field in reader.fields.values():
            if field.name.startswith("tokenizer.") and field.name != "tokenizer.ggml.pre":
                _copy(writer, field)
        writer.add_tokenizer_pre("qwen2")

    tensors = [
        tensor(str(names.of(name)), tuple(one.shape), "f32", lambda one=one: one.detach().numpy())
        for name, one in weights.items()
    ]
    return write(path, "qwen2", describe, tensors)


def _copy(writer: Any, field: Any) -> None:
    inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
    writer.add_key_value(field.name, field.contents(), field.types[0], inner)


def greedy(model: Any, prompt: list[int], count: int, ends: set[int]) -> list[int]:
    read, said = torch.tensor([prompt]), list[int]()
    with torch.no_grad():
        while len(said) < count and (not said or said[-1] not in ends):
            best = model(input_ids=read).logits[:, -1].argmax(-1, keepdim=True)
            said.append(int(best))
            read = torch.cat([read, best], dim=1)
    return [one for one in said if one not in ends]


def same(engine: runs.LlamaCpp, model: Any, tokenizer: Any, scale: float | None = None) -> None:
    """Its words cut alike, and the same words after them."""
    for text in PROMPTS:
        prompt = tokenizer.encode(text, add_special_tokens=False)
        prompt = getattr(prompt, "ids", prompt)
        assert engine.tokens(text) == prompt
        said = [one for one in engine.goes_on(prompt, WORDS, scale) if one not in (0, 2)]
        assert said == greedy(model, prompt, WORDS, {0, 2})


@pytest.mark.parametrize("way", WAYS)
def test_words_are_cut_as_the_engine_cuts_them(scratch: RunFolder, tmp_path: Path, way: str) -> None:
    reader = gguf.GGUFReader(scratch.out / "model.gguf")

    def describe(writer: Any) -> None:
        for field in reader.fields.values():
            if field.name not in ("general.architecture", "tokenizer.ggml.pre") and not field.name.startswith("GGUF."):
                _copy(writer, field)
        writer.add_tokenizer_pre(way)

    known = read_base(scratch.out / "model.gguf")
    tensors = [
        Tensor(one.name, known.shapes[one.name], one.tensor_type, lambda one=one: one.data) for one in reader.tensors
    ]
    run = runs.folder(tmp_path / "run", runs.LORA, base=write(tmp_path / "base.gguf", "llama", describe, tensors))
    subject = from_base(runs.LORA, run, list)
    with runs.llama_cpp(tmp_path / "base.gguf") as engine:
        for text in (*PROMPTS, *ODD):
            assert engine.tokens(text) == subject.cutter.encode(text, add_special_tokens=False).ids, text


def test_a_model_from_nothing_says_the_same_in_both(scratch: RunFolder) -> None:
    steady(0, 1, on_card=False)
    model = transformers.AutoModelForCausalLM.from_pretrained(scratch.out / "safetensors").eval()
    spoken = transformers.AutoTokenizer.from_pretrained(scratch.out / "safetensors")
    with runs.llama_cpp(scratch.out / "model.gguf") as engine:
        same(engine, model, spoken)
        said = spoken.apply_chat_template(
            [{"role": "user", "content": "Qui partage le bois ?"}], tokenize=False, add_generation_prompt=True
        )
        assert engine.prompt("Qui partage le bois ?") == said == (
            "<|im_start|>user\nQui partage le bois ?<|im_end|>\n<|im_start|>assistant\n"
        )  # fmt: skip
        assert engine.tokens("<|im_end|>") == [2]
    header = gguf.GGUFReader(scratch.out / "model.gguf")
    assert "output.weight" not in [one.name for one in header.tensors], "tied: it stands once"


def test_the_product_s_own_reader_takes_what_was_written(scratch: RunFolder, adapted: RunFolder) -> None:
    from affouage.catalogue.gguf import read_header

    header = read_header(scratch.out / "model.gguf")
    assert (header.architecture, header.context_tokens, header.quantisation) == ("llama", 128, "F16")
    assert header.least_bytes == (scratch.out / "model.gguf").stat().st_size
    config = msgspec.json.decode((adapted.out / "safetensors" / "adapter_config.json").read_bytes())
    assert config["target_modules"] == sorted(runs.LORA.adapter.targets), "in no order of the day"
    assert str(adapted.path) not in msgspec.json.encode(config).decode(), "nor where it was made"
    for run in (scratch, adapted):
        names = {event.name for event in runs.told(run, Exported)}
        assert names == {one.relative_to(run.out).as_posix() for one in run.out.rglob("*") if one.is_file()}
        for event in runs.told(run, Exported):
            path = run.out / event.name
            assert (event.bytes, event.sha256) == (path.stat().st_size, export.digest(path))


def test_an_adapter_says_the_same_beside_its_base_and_within_it(adapted: RunFolder, tmp_path: Path) -> None:
    """At scale 1; at scale 0 the base speaks alone."""
    import peft

    steady(0, 1, on_card=False)
    known = read_base(adapted.base)
    whole = merge_files(adapted.out / "adapter.gguf", known, tmp_path / "whole.gguf", name="whole", stored="f32")
    subject = from_base(adapted.settings(), adapted, list)
    model = peft.PeftModel.from_pretrained(subject.model.unload(), adapted.out / "safetensors").eval()
    with runs.llama_cpp(adapted.base, adapted.out / "adapter.gguf") as engine:
        same(engine, model, subject.tokenizer, 1.0)
        with model.disable_adapter():
            same(engine, model, subject.tokenizer, 0.0)
        prompts = [subject.cutter.encode(text).ids for text in PROMPTS]
        beside = [engine.goes_on(prompt, WORDS, 1.0) for prompt in prompts]
        assert beside != [engine.goes_on(prompt, WORDS, 0.0) for prompt in prompts], "it learnt something"
    with runs.llama_cpp(whole) as engine:
        assert [engine.goes_on(prompt, WORDS) for prompt in prompts] == beside


def test_a_merged_file_changes_only_what_the_adapter_touches(adapted: RunFolder, tmp_path: Path) -> None:
    known = read_base(adapted.base)
    _architecture, alpha, factors = read_adapter(adapted.out / "adapter.gguf")
    merge_files(adapted.out / "adapter.gguf", known, tmp_path / "q8.gguf", name="q8")
    before = {one.name: one for one in gguf.GGUFReader(adapted.base).tensors}
    after = {one.name: one for one in gguf.GGUFReader(tmp_path / "q8.gguf").tensors}
    assert before.keys() == after.keys()
    for name, one in after.items():
        if name not in factors:
            assert np.array_equal(one.data, before[name].data)
            assert one.tensor_type == before[name].tensor_type
            continue
        wanted = np.asarray(before[name].data) + alpha / 4 * (factors[name].b @ factors[name].a)
        found = gguf.dequantize(one.data, one.tensor_type)
        assert one.tensor_type == gguf.GGMLQuantizationType.Q8_0
        assert np.abs(found - wanted).max() <= np.abs(wanted).max() / 127


def test_all_weights_of_a_base_learn_on_and_speak(base: Path, tmp_path: Path) -> None:
    settings = runs.CONTINUED
    run = runs.folder(tmp_path / "suite", settings, base=base, made=runs.upside_down)
    assert runs.start(run).reason == "done"
    model = transformers.AutoModelForCausalLM.from_pretrained(run.out / "safetensors").eval()
    spoken = transformers.AutoTokenizer.from_pretrained(run.out / "safetensors")
    with runs.llama_cpp(run.out / "model.gguf") as engine:
        same(engine, model, spoken)


def test_an_adapter_of_another_base_is_refused(adapted: RunFolder, tmp_path: Path, tiny_model: Path) -> None:
    with pytest.raises(RunEnds, match="do not match") as refused:
        merge_files(adapted.out / "adapter.gguf", read_base(tiny_model), tmp_path / "no.gguf", name="no")
    assert refused.value.reason == "base_mismatch"
    with pytest.raises(RunEnds, match="is not an adapter"):
        merge_files(tiny_model, read_base(tiny_model), tmp_path / "no.gguf", name="no")
    assert list(tmp_path.iterdir()) == []
