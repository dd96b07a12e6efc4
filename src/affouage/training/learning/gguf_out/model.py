"""A Llama model with its own tokenizer (byte-level BPE) as one GGUF file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import msgspec

from affouage.training.learning.gguf_out.file import FILE_TYPES, Stored, tensor, write
from affouage.training.learning.gguf_out.names import Array, Names
from affouage.training.settings import Shape


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """``pieces`` in the order of their ids, in the byte alphabet; ``merges`` in that of their learning."""

    pieces: list[str]
    merges: list[str]
    specials: frozenset[str]
    end_of_text: str
    end_of_turn: str
    chat_template: str

    def id(self, piece: str) -> int:
        return self.pieces.index(piece)


def write_model(
    path: Path,
    *,
    name: str,
    shape: Shape,
    rope_theta: float,
    norm_epsilon: float,
    vocabulary: Vocabulary,
    weights: Mapping[str, Callable[[], Array]],
    shapes: Mapping[str, tuple[int, ...]],
    stored: Stored = "f16",
) -> Path:
    """``weights`` by transformers' names, made when they are written; a tied output is not among them.

    The same weights give the same bytes. Raises OSError.
    """

    def describe(writer: Any) -> None:
        writer.add_type(gguf.GGUFType.MODEL)
        writer.add_name(name)
        writer.add_file_type(FILE_TYPES[stored])
        writer.add_context_length(shape.context_tokens)
        writer.add_embedding_length(shape.width)
        writer.add_block_count(shape.layers)
        writer.add_feed_forward_length(shape.feed_forward)
        writer.add_head_count(shape.heads)
        writer.add_head_count_kv(shape.kv_heads)
        writer.add_rope_dimension_count(shape.width // shape.heads)
        writer.add_rope_freq_base(rope_theta)
        writer.add_layer_norm_rms_eps(norm_epsilon)
        _tokenizer(writer, vocabulary)

    names = Names("llama", shape.layers, shape.heads, shape.kv_heads)
    tensors = []
    for ours, values in weights.items():
        theirs = names.of(ours)
        if theirs is None:
            raise ValueError(f"{ours} has no name in llama.cpp")
        laid_out = _laid_out(names, theirs, values)
        tensors.append(tensor(theirs, shapes[ours], stored, laid_out))
    return write(path, "llama", describe, tensors)


def _laid_out(names: Names, theirs: str, values: Callable[[], Array]) -> Callable[[], Array]:
    return lambda: names.laid_out(theirs, values())


def _tokenizer(writer: Any, of: Vocabulary) -> None:
    kinds = [gguf.TokenType.CONTROL if one in of.specials else gguf.TokenType.NORMAL for one in of.pieces]
    writer.add_vocab_size(len(of.pieces))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(of.pieces)
    writer.add_token_types(kinds)
    writer.add_token_merges(of.merges or [f"{of.pieces[-1]} {of.pieces[-1]}"])  # one is required; that never applies
    writer.add_bos_token_id(of.id(of.end_of_text))
    writer.add_eos_token_id(of.id(of.end_of_turn))
    writer.add_pad_token_id(of.id(of.end_of_text))
    writer.add_add_bos_token(False)
    writer.add_chat_template(of.chat_template)
