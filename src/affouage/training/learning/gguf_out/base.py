"""The GGUF file of a model that is adapted: what it is, whether it may be, and copies of it with other weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import msgspec
import numpy as np

from affouage.training.learning.ending import RunEnds
from affouage.training.learning.gguf_out.file import FILE_TYPES, Stored, Tensor, tensor, write
from affouage.training.learning.gguf_out.names import ARCHITECTURES, Array, Names

_KNOWN = ", ".join(sorted(ARCHITECTURES))
_OTHER = f"Choose a base of one of these architectures: {_KNOWN}, whose file is whole."


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """``shapes``: of its tensors, by llama.cpp's names. ``parameters``: numbers in all of them.
    ``pieces``, ``cut``: how its tokenizer is made, and how it cuts words."""

    path: Path
    architecture: str
    name: str
    layers: int
    heads: int
    kv_heads: int
    context_tokens: int
    add_bos: bool
    pieces: str | None
    cut: str | None
    shapes: dict[str, tuple[int, ...]]

    @property
    def parameters(self) -> int:
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    @property
    def names(self) -> Names:
        return Names(self.architecture, self.layers, self.heads, self.kv_heads)


def read_base(path: Path) -> Base:
    """Raises RunEnds("base_unknown"): no such file, not GGUF, or an architecture that would be learnt wrongly."""
    if not path.exists():
        raise RunEnds("base_unknown", "The base model's file is not in the run's folder.", "Start the run again.")
    try:
        reader = gguf.GGUFReader(path)
        architecture = str(_value(reader, "general.architecture"))
    except (ValueError, KeyError, IndexError, OSError) as wrong:
        raise RunEnds("base_unknown", f"The base model's file cannot be read: {wrong}.", _OTHER) from wrong
    if architecture not in ARCHITECTURES:
        told = f"The base is of the architecture {architecture}, which is not known here."
        raise RunEnds("base_unknown", told, _OTHER)
    if _value(reader, f"{architecture}.rope.scaling.type") not in (None, "none") or any(
        one.name == "rope_freqs.weight" for one in reader.tensors
    ):
        raise RunEnds(
            "base_unknown", "The base stretches its positions (rope scaling), which is not known here.", _OTHER
        )

    def number(key: str) -> int:
        return int(_value(reader, f"{architecture}.{key}"))

    return Base(
        path=path,
        architecture=architecture,
        name=str(_value(reader, "general.name") or path.stem),
        layers=number("block_count"),
        heads=number("attention.head_count"),
        kv_heads=int(_value(reader, f"{architecture}.attention.head_count_kv") or number("attention.head_count")),
        context_tokens=number("context_length"),
        pieces=_value(reader, "tokenizer.ggml.model"),
        cut=_value(reader, "tokenizer.ggml.pre"),
        add_bos=bool(_value(reader, "tokenizer.ggml.add_bos_token")),
        shapes={one.name: tuple(int(side) for side in reversed(one.shape)) for one in reader.tensors},
    )


def _value(reader: Any, key: str) -> Any:
    field = reader.fields.get(key)
    return None if field is None else field.contents()


def copy_with(
    base: Base, path: Path, changed: Mapping[str, Callable[[Array], Array]], *, name: str, stored: Stored
) -> Path:
    """The base with some tensors made anew from their old values (in 32 bits, llama.cpp's layout), the rest as it was.

    Raises OSError; RunEnds("base_mismatch"): a tensor that the base does not have.
    """
    if missing := sorted(set(changed) - set(base.shapes)):
        raise mismatch(f"the base has no {missing[0]}")
    reader = gguf.GGUFReader(base.path)
    tensors = []
    for one in reader.tensors:
        if one.name in changed:
            tensors.append(tensor(one.name, base.shapes[one.name], stored, _made(one, changed[one.name])))
        else:
            tensors.append(Tensor(one.name, base.shapes[one.name], one.tensor_type, _as_it_was(one)))

    def describe(writer: Any) -> None:
        for field in reader.fields.values():
            if field.name.startswith("GGUF.") or field.name in _REPLACED:
                continue
            inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), field.types[0], inner)
        writer.add_name(name)
        writer.add_file_type(FILE_TYPES[stored])

    return write(path, base.architecture, describe, tensors)


_REPLACED = {"general.architecture", "general.name", "general.file_type"}


def _made(one: Any, make: Callable[[Array], Array]) -> Callable[[], Array]:
    shape = tuple(int(side) for side in reversed(one.shape))
    return lambda: make(np.asarray(gguf.dequantize(one.data, one.tensor_type), np.float32).reshape(shape))


def _as_it_was(one: Any) -> Callable[[], Array]:
    return lambda: np.asarray(one.data)


def mismatch(why: str) -> RunEnds:
    return RunEnds(
        "base_mismatch",
        f"The adapter and the base do not match: {why}.",
        "Take the base that the adapter was learnt on.",
    )
