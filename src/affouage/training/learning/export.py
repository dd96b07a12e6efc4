"""What a run gives: GGUF for the engine, safetensors for everybody else. Upload to nobody."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import torch

from affouage.training.folder import ADAPTER, MODEL
from affouage.training.learning import pieces
from affouage.training.learning.ending import RunEnds
from affouage.training.learning.gguf_out.adapter import Factors, write_adapter, write_merged
from affouage.training.learning.gguf_out.base import Base, copy_with
from affouage.training.learning.gguf_out.file import Stored
from affouage.training.learning.gguf_out.model import write_model
from affouage.training.learning.gguf_out.names import Array, Names
from affouage.training.learning.subject import NORM_EPSILON, ROPE_THETA, Subject
from affouage.training.learning.texts import TOKENIZER
from affouage.training.settings import RunSettings, Shape

MERGED, SAFETENSORS = "merged.gguf", "safetensors"
_LORA_A, _LORA_B = ".lora_A.default.weight", ".lora_B.default.weight"


def export(subject: Subject, settings: RunSettings, out: Path, name: str, *, stored: Stored = "f16") -> list[Path]:
    """Writes ``out/`` anew: every file in it. Raises OSError, RunEnds."""
    out.mkdir(exist_ok=True)
    if subject.base is None:
        scratch(subject, settings, out / MODEL, name, stored)
    elif settings.kind == "lora":
        write_adapter(out / ADAPTER, subject.base, factors(subject), name=name, alpha=_alpha(settings))
    else:
        continued(subject, subject.base, out / MODEL, name, stored)
    _safetensors(subject, out / SAFETENSORS)
    if subject.tokenizer is not None:
        (out / TOKENIZER).write_text(subject.tokenizer.to_str(), encoding="utf-8")
    return sorted(one for one in out.rglob("*") if one.is_file())


def merged(subject: Subject, settings: RunSettings, out: Path, name: str, *, stored: Stored = "q8_0") -> Path:
    """The adapter laid into its base, as one file of its own. Raises OSError, RunEnds."""
    if subject.base is None or settings.kind != "lora":
        raise RunEnds("failed", "Only an adapter is merged with its base.", "The model is whole already.")
    out.mkdir(exist_ok=True)
    return write_merged(out / MERGED, subject.base, factors(subject), name=name, alpha=_alpha(settings), stored=stored)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def scratch(subject: Subject, settings: RunSettings, path: Path, name: str, stored: Stored) -> Path:
    config, tokenizer = subject.model.config, subject.tokenizer
    if tokenizer is None:
        raise RunEnds("failed", "There is no tokenizer to write.")
    shape = Shape(
        layers=config.num_hidden_layers,
        width=config.hidden_size,
        feed_forward=config.intermediate_size,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        vocabulary=config.vocab_size,
        context_tokens=config.max_position_embeddings,
    )
    weights = dict(subject.model.named_parameters())  # a tied output is the embedding, and stands once
    return write_model(
        path,
        name=name,
        shape=shape,
        rope_theta=ROPE_THETA,
        norm_epsilon=NORM_EPSILON,
        vocabulary=pieces.vocabulary(tokenizer),
        weights={name: _numbers(one) for name, one in weights.items()},
        shapes={name: tuple(one.shape) for name, one in weights.items()},
        stored=stored,
    )


def continued(subject: Subject, base: Base, path: Path, name: str, stored: Stored) -> Path:
    """Every weight of the base replaced by what it has become; its words and its keys are copied."""
    names, changed = base.names, {}
    for ours, one in subject.model.named_parameters():
        theirs = names.of(ours)
        if theirs is None:
            raise RunEnds("base_unknown", f"{ours} has no name in llama.cpp.")
        changed[theirs] = _instead(names, theirs, _numbers(one))
    return copy_with(base, path, changed, name=name, stored=stored)


def _instead(names: Names, theirs: str, made: Callable[[], Array]) -> Callable[[Array], Array]:
    return lambda _old: names.laid_out(theirs, made())


def factors(subject: Subject) -> dict[str, Factors]:
    """The adapter's two factors for each matrix, by the name the matrix has in the base."""
    weights = dict(subject.model.named_parameters())
    found = {}
    for name, first in weights.items():
        if name.endswith(_LORA_A):
            matrix = name.removesuffix(_LORA_A)
            second = weights[matrix + _LORA_B]
            found[matrix.removeprefix("base_model.model.") + ".weight"] = Factors(_numbers(first)(), _numbers(second)())
    return found


def _numbers(one: torch.Tensor) -> Callable[[], Array]:
    return lambda: one.detach().to("cpu", torch.float32).numpy()


def _alpha(settings: RunSettings) -> float:
    if settings.adapter is None:
        raise RunEnds("failed", "This run has no adapter.")
    return float(settings.adapter.alpha)


def _safetensors(subject: Subject, folder: Path) -> None:
    """As transformers and peft read them; written aside, then renamed."""
    aside = folder.with_name(folder.name + ".partial")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        model: Any = subject.model
        # A model read from GGUF believes itself quantised, and refuses to be written; its weights are whole here.
        for one in {id(part): part for part in (model, _whole(model))}.values():
            for left in ("hf_quantizer", "quantization_method"):
                vars(one).pop(left, None)
            one.is_quantized = False
            if getattr(one.config, "quantization_config", None) is not None:
                del one.config.quantization_config
        # Of an adapter, not the embeddings: nothing here changes them, and peft would ask a hub about them.
        model.save_pretrained(aside, **({"save_embedding_layers": False} if model is not _whole(model) else {}))
        _speaking(subject).save_pretrained(aside)
        (aside / "README.md").unlink(missing_ok=True)  # peft's is an empty form
        _sorted(aside / "adapter_config.json")
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def _sorted(path: Path) -> None:
    """peft writes a set in the order of the day: here, the same run writes the same bytes."""
    if path.exists():
        written = msgspec.json.decode(path.read_bytes())
        written["target_modules"] = sorted(written["target_modules"])
        path.write_bytes(msgspec.json.format(msgspec.json.encode(written, order="sorted")) + b"\n")


def _whole(model: Any) -> Any:
    """The model inside an adapter; itself where there is none."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _speaking(subject: Subject) -> Any:
    if subject.spoken is not None:
        return subject.spoken
    import transformers

    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=subject.tokenizer,
        bos_token=pieces.END_OF_TEXT,
        eos_token=pieces.END_OF_TURN,
        pad_token=pieces.END_OF_TEXT,
        chat_template=pieces.CHAT_TEMPLATE,
    )
