"""What learns: a model from nothing, all of a base, or an adapter beside one; and how its texts are cut into tokens."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import torch
import transformers
from tokenizers import Tokenizer

from affouage.training.folder import RunFolder
from affouage.training.learning import pieces
from affouage.training.learning.ending import RunEnds
from affouage.training.learning.gguf_out.base import Base, read_base
from affouage.training.learning.place import Card, Place, choose, needed_bytes, step_bytes
from affouage.training.learning.texts import Marks
from affouage.training.learning.words import cutting
from affouage.training.settings import RunSettings, Shape

ROPE_THETA = 10_000.0
NORM_EPSILON = 1e-5
PIECES_ARE = f"A vocabulary has at least {pieces.LEAST} pieces: the bytes and the marks."


class Subject(msgspec.Struct, kw_only=True):
    """``base`` and ``spoken`` (transformers' tokenizer, for its export): None for a model from scratch."""

    model: Any
    place: Place
    base: Base | None = None
    tokenizer: Tokenizer | None = None
    spoken: Any = None

    @property
    def parameters(self) -> int:
        return sum(one.numel() for one in self.model.parameters())

    @property
    def moving(self) -> dict[str, Any]:
        """What is learnt, by name."""
        return {name: one for name, one in self.model.named_parameters() if one.requires_grad}

    @property
    def trained(self) -> int:
        return sum(one.numel() for one in self.moving.values())

    @property
    def cutter(self) -> Tokenizer:
        """Its tokenizer. Raises RunEnds("failed"): a model that is only measured has none."""
        if self.tokenizer is None:
            raise RunEnds("failed", "There is no tokenizer.")
        return self.tokenizer

    def marks(self) -> Marks:
        """A document ends as texts do for this model, not as turns do."""
        end = self.cutter.token_to_id(pieces.END_OF_TEXT)
        if end is None:
            end = self.spoken.eos_token_id
        begin = self.spoken.bos_token_id if self.base is not None and self.base.add_bos else None
        return Marks(end=end, begin=begin)

    @contextlib.contextmanager
    def untouched(self) -> Iterator[None]:
        """The base as it was, for a moment: only an adapter can be set aside."""
        with self.model.disable_adapter():
            yield


def from_nothing(settings: RunSettings, vocabulary: int, cards: Callable[[], list[Card]]) -> Subject:
    """Raises RunEnds("failed"): a shape that no model has."""
    shape = _shape(settings)
    config = transformers.LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.feed_forward,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=shape.context_tokens,
        rms_norm_eps=NORM_EPSILON,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=0,
        attn_implementation="sdpa",
    )
    torch.manual_seed(settings.seed)
    model = transformers.LlamaForCausalLM(config)
    count = sum(one.numel() for one in model.parameters())
    place = _place(settings, config, count, count, cards())
    return Subject(model=model.to(place.device).train(), place=place)


def _shape(settings: RunSettings) -> Shape:
    shape = settings.shape
    if shape is None:
        raise RunEnds("failed", "A model from scratch needs a shape.", "Give its number of layers.")
    if shape.vocabulary < pieces.LEAST:
        raise RunEnds("failed", PIECES_ARE, f"vocabulary {pieces.LEAST} or more.")
    if min(shape.layers, shape.width, shape.feed_forward, shape.heads, shape.kv_heads) < 1:
        raise RunEnds("failed", "Every number of a shape is at least 1.", "Give its number of layers.")
    if shape.width % (2 * shape.heads) or shape.heads % shape.kv_heads:
        told = f"{shape.heads} heads divide a width of {shape.width} into even parts; kv_heads divides heads."
        raise RunEnds("failed", told, "Give its number of layers, the rest follows.")
    if settings.context_tokens > shape.context_tokens:
        told = f"Sequences of {settings.context_tokens} tokens do not fit a context of {shape.context_tokens}."
        raise RunEnds("failed", told, f"context_tokens {shape.context_tokens} at most.")
    return shape


def from_base(settings: RunSettings, folder: RunFolder, cards: Callable[[], list[Card]]) -> Subject:
    """The base in 32 bits (a frozen one in bfloat16 if asked). Raises RunEnds: base_unknown, base_mismatch."""
    base = read_base(folder.base)
    cut = cutting(base.pieces, base.cut)
    if settings.context_tokens > base.context_tokens:
        told = f"Sequences of {settings.context_tokens} tokens do not fit the base's context of {base.context_tokens}."
        raise RunEnds("base_mismatch", told, f"context_tokens {base.context_tokens} at most.")
    place_of: dict[str, Any] = {"gguf_file": folder.base.name, "local_files_only": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = transformers.AutoConfig.from_pretrained(folder.path, **place_of)
        place = _place(settings, config, base.parameters, _will_move(settings, base), cards())
        frozen_half = settings.kind == "lora" and settings.precision == "bfloat16"
        more: dict[str, Any] = {
            "dtype": torch.bfloat16 if frozen_half else torch.float32,
            "attn_implementation": "sdpa",
        }
        if place.split is not None:
            more |= {"device_map": "balanced", "max_memory": place.split}
        model = transformers.AutoModelForCausalLM.from_pretrained(folder.path, **place_of, **more)
        model.name_or_path = model.config._name_or_path = settings.base or base.name  # not this machine's folder
        spoken = transformers.AutoTokenizer.from_pretrained(folder.path, **place_of)
        spoken.backend_tokenizer.pre_tokenizer = cut  # transformers goes by the architecture
    if place.split is None:
        model = model.to(place.device)
    if settings.kind == "lora":
        model = _adapted(model, settings, base)
    return Subject(model=model.train(), place=place, base=base, tokenizer=spoken.backend_tokenizer, spoken=spoken)


def _adapted(model: Any, settings: RunSettings, base: Base) -> Any:
    import peft

    wanted = settings.adapter
    if wanted is None:
        raise RunEnds("failed", "An adapter needs its rank.", "adapter: {rank: 8, alpha: 16}.")
    found = {name.rpartition(".")[2] for name, one in model.named_modules() if isinstance(one, torch.nn.Linear)}
    if missing := sorted(set(wanted.targets) - found) or (not wanted.targets and ["(none)"]):
        told = f"The adapter wants projections that the base does not have: {', '.join(missing)}."
        raise RunEnds("base_mismatch", told, f"Its projections are: {', '.join(sorted(found - {'lm_head'}))}.")
    torch.manual_seed(settings.seed)
    return peft.get_peft_model(
        model,
        peft.LoraConfig(
            r=wanted.rank,
            lora_alpha=wanted.alpha,
            lora_dropout=wanted.dropout,
            target_modules=sorted(wanted.targets),
            task_type="CAUSAL_LM",
            base_model_name_or_path=settings.base,
        ),
    )


def _will_move(settings: RunSettings, base: Base) -> int:
    if settings.kind != "lora" or settings.adapter is None:
        return base.parameters
    matrices = [shape for shape in base.shapes.values() if len(shape) == 2]
    return sum(settings.adapter.rank * (rows + columns) for rows, columns in matrices)


def _place(settings: RunSettings, config: Any, parameters: int, trained: int, cards: list[Card]) -> Place:
    one_pass = step_bytes(
        settings.sequences * settings.context_tokens,
        config.num_hidden_layers,
        config.hidden_size,
        config.intermediate_size,
        config.vocab_size,
    )
    needed = needed_bytes(parameters, trained, settings.kind, settings.precision, one_pass)
    return choose(cards, needed, settings.precision)
