"""What a run of training is asked to do, as it is frozen before it starts. Pure: no torch.

The same settings, corpus and base give the same model on the same machine.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["scratch", "continued", "lora"]
"""scratch: a small model from nothing, with its own tokenizer; continued: all weights of a base; lora: an adapter."""
Precision = Literal["float32", "bfloat16"]


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of a Llama-architecture model. ``heads`` read ``kv_heads`` keys (grouped queries); embeddings are tied."""

    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    vocabulary: int
    context_tokens: int


class Adapter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """LoRA: ``rank`` of the two factors, ``alpha`` / ``rank`` their scale, on these projections of every layer."""

    rank: int = 8
    alpha: int = 16
    dropout: float = 0.0
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class RunSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``shape``: of a model from scratch; ``base``: id of the model that is adapted; ``adapter``: of kind lora.

    ``sequences`` of ``context_tokens`` make one micro-batch, ``accumulate`` of them one step. ``learning_rate`` is the
    highest; it warms up over ``warmup_steps`` and falls along a cosine to a tenth at ``steps``. ``patience``: held-out
    evaluations without progress before it stops early, 0 never. ``threads`` 0: physical cores less one.
    """

    kind: Kind
    steps: int
    sequences: int
    context_tokens: int
    learning_rate: float
    accumulate: int = 1
    warmup_steps: int = 20
    weight_decay: float = 0.1
    clip_norm: float = 1.0
    evaluate_every_steps: int = 50
    checkpoint_every_steps: int = 100
    patience: int = 0
    precision: Precision = "float32"
    seed: int = 0
    threads: int = 0
    shape: Shape | None = None
    base: str | None = None
    adapter: Adapter | None = None

    @property
    def step_tokens(self) -> int:
        return self.sequences * self.context_tokens * self.accumulate
