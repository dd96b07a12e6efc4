"""Adapters (LoRA) for the tiny model, written by the tests: their effect is designed, so that it can be seen.

- :func:`write_tiny_voice`: at a scale above one half the model of :mod:`tiny_gguf` recites ``VOICE_SENTENCE``, the same
  words in another order; at a scale below, it recites its own sentence.
- :func:`write_listening_model` and :func:`write_listening_voice`: the voice changes nothing but what is remembered of
  each token (the values of the attention). With it the model says ``HEARD`` again and again; without it, its own
  sentence. A memory computed without the voice and read with it, or the other way round, gives the wrong answer.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from tests.contracts import tiny_gguf
from tests.contracts.tiny_gguf import SENTENCE, SPECIALS, pieces

_ORDER = (0, 7, 8, 9, 10, 6, 1, 2, 3)
"""Which words of the sentence the voice says, in its order. It begins as the sentence does."""

_WORDS = pieces(SENTENCE)
_FIRST_WORD = len(SPECIALS) + 256
_END = SPECIALS.index("<|im_end|>")

VOICE_SENTENCE = "".join(_WORDS[one] for one in _ORDER)
HEARD = _WORDS[-1]


def width_of(sentence: str = SENTENCE) -> int:
    """Of the tiny model: see ``write_tiny_model``."""
    said = pieces(sentence)
    tokens = _FIRST_WORD + len(said) + len(pieces(tiny_gguf.INFILL, said)) + len(tiny_gguf.DICE)
    return -(-tokens // 64) * 64


def write_tiny_voice(
    path: Path, *, architecture: str = "llama", alpha: float = 1.0, width: int | None = None, kind: str = "adapter"
) -> Path:
    """Write the adapter. The other arguments make one that does not match, or is none."""
    width = width or width_of()
    steps = [(_FIRST_WORD + one, _FIRST_WORD + after) for one, after in pairwise(_ORDER)]
    steps.append((_FIRST_WORD + _ORDER[-1], _END))
    tokens = _FIRST_WORD + len(_WORDS) + len(pieces(tiny_gguf.INFILL, _WORDS)) + len(tiny_gguf.DICE)
    reads, says = np.zeros((len(steps), width), np.float32), np.zeros((tokens, len(steps)), np.float32)
    for rank, (one, after) in enumerate(steps):
        reads[rank, one % width] = 1
        says[after, rank] = 2 * len(steps)  # llama.cpp multiplies by alpha / rank
    return _write(path, {"output.weight": (reads, says)}, architecture, alpha, kind)


def write_listening_voice(path: Path) -> Path:
    """For :func:`write_listening_model`: whatever the token, its value holds 1 at the first place."""
    width = width_of()
    reads, gives = np.ones((1, width), np.float32), np.zeros((64, 1), np.float32)
    gives[0, 0] = 1
    return _write(path, {"blk.0.attn_v.weight": (reads, gives)}, "llama", 1.0, "adapter")


def _write(path: Path, pairs: dict[str, tuple[Any, Any]], architecture: str, alpha: float, kind: str) -> Path:
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(kind)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, (first, second) in pairs.items():
        writer.add_tensor(f"{name}.lora_a", first)
        writer.add_tensor(f"{name}.lora_b", second)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_listening_model(path: Path) -> Path:
    """The tiny model, which would say ``HEARD`` if its memory ever held something at the first place."""
    infilled = pieces(tiny_gguf.INFILL, _WORDS)
    words = [*_WORDS, *infilled, *tiny_gguf.DICE]
    vocabulary = [*SPECIALS, *tiny_gguf._byte_tokens(), *map(tiny_gguf._spell, words)]
    width = width_of()
    assert len(vocabulary) < width, "one place must be free"
    writer = gguf.GGUFWriter(path, "llama")
    tiny_gguf._describe(writer, width, 1)
    tiny_gguf._tokenizer(writer, vocabulary)
    arrows = tiny_gguf._arrows(_FIRST_WORD, _WORDS, infilled, endless=False)
    embedding, output = np.zeros((len(vocabulary), width), np.float16), np.zeros((len(vocabulary), width), np.float16)
    for token in range(len(vocabulary)):
        embedding[token, token] = 1
        for successor in arrows.get(token, [_FIRST_WORD]):
            output[successor, token] = 1
    output[_FIRST_WORD + len(_WORDS) - 1, width - 1] = 1
    hears = np.zeros((width, width), np.float16)
    hears[width - 1, 0] = (
        0.2  # what is remembered, averaged over the text, must outweigh the last token: half of it does
    )
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", np.full(width, 2, np.float32))
    shapes = {"attn_q": (width, width), "attn_k": (64, width), "attn_v": (64, width)}
    shapes |= {"ffn_gate": (32, width), "ffn_up": (32, width), "ffn_down": (width, 32)}
    for name, shape in shapes.items():
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros(shape, np.float16))
    writer.add_tensor("blk.0.attn_output.weight", hears)
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{name}.weight", np.ones(width, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
