"""A LoRA adapter as llama.cpp loads it beside its base; or laid into the base, as one file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import gguf
import numpy as np

from affouage.training.learning.gguf_out.base import Base, copy_with, mismatch
from affouage.training.learning.gguf_out.file import Stored, tensor, write
from affouage.training.learning.gguf_out.names import Array


class Factors(NamedTuple):
    """What is added to one matrix is ``b @ a`` times alpha / rank: ``a`` [rank, in], ``b`` [out, rank]."""

    a: Array
    b: Array


def write_adapter(path: Path, base: Base, factors: Mapping[str, Factors], *, name: str, alpha: float) -> Path:
    """``factors`` by transformers' names of the matrices. Raises OSError; RunEnds("base_mismatch")."""
    tensors = []
    for theirs, one in _placed(base, factors).items():
        for part, values in (("lora_a", one.a), ("lora_b", one.b)):
            tensors.append(tensor(f"{theirs}.{part}", values.shape, "f32", _given(values)))

    def describe(writer: Any) -> None:
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_name(name)
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", alpha)
        writer.add_base_model_count(1)
        writer.add_base_model_name(0, base.name)

    return write(path, base.architecture, describe, tensors)


def write_merged(
    path: Path, base: Base, factors: Mapping[str, Factors], *, name: str, alpha: float, stored: Stored = "q8_0"
) -> Path:
    """The base with the adapter in it, at scale 1. Raises OSError; RunEnds("base_mismatch")."""
    changed = {theirs: _added(one, alpha) for theirs, one in _placed(base, factors).items()}
    return copy_with(base, path, changed, name=name, stored=stored)


def read_adapter(path: Path) -> tuple[str, float, dict[str, Factors]]:
    """Architecture, alpha and factors by llama.cpp's names. Raises RunEnds("base_mismatch"): it is not an adapter."""
    try:
        reader = gguf.GGUFReader(path)
        if reader.fields["adapter.type"].contents() != "lora":
            raise ValueError("not a LoRA")
        parts = {one.name: np.asarray(one.data, np.float32) for one in reader.tensors}
        names = {name.rpartition(".")[0] for name in parts}
        found = {name: Factors(parts[f"{name}.lora_a"], parts[f"{name}.lora_b"]) for name in sorted(names)}
        keys = [reader.fields[key].contents() for key in ("general.architecture", "adapter.lora.alpha")]
    except (ValueError, KeyError, IndexError, OSError) as wrong:
        raise mismatch(f"{path.name} is not an adapter ({wrong})") from wrong
    return str(keys[0]), float(keys[1]), found


def merge_files(adapter: Path, base: Base, path: Path, *, name: str, stored: Stored = "q8_0") -> Path:
    """An adapter's file laid into its base's. Raises OSError; RunEnds("base_mismatch")."""
    architecture, alpha, factors = read_adapter(adapter)
    if architecture != base.architecture:
        raise mismatch(f"one is for {architecture}, the other is {base.architecture}")
    for theirs, one in factors.items():
        _check(base, theirs, one)
    changed = {theirs: _added(one, alpha) for theirs, one in factors.items()}
    return copy_with(base, path, changed, name=name, stored=stored)


def _placed(base: Base, factors: Mapping[str, Factors]) -> dict[str, Factors]:
    """By llama.cpp's names and in its layout."""
    names, placed = base.names, {}
    for ours, one in factors.items():
        theirs = names.of(ours)
        if theirs is None:
            raise mismatch(f"{ours} has no counterpart in the base")
        laid = Factors(np.asarray(one.a, np.float32), np.asarray(names.laid_out(theirs, one.b), np.float32))
        _check(base, theirs, laid)
        placed[theirs] = laid
    return placed


def _check(base: Base, theirs: str, one: Factors) -> None:
    wanted, found = base.shapes.get(theirs), (one.b.shape[0], one.a.shape[-1])
    if wanted is None:
        raise mismatch(f"the base has no {theirs}")
    if wanted != found or one.a.shape[0] != one.b.shape[1]:
        raise mismatch(f"{theirs} is {wanted} in the base and {found} in the adapter")


def _given(values: Array) -> Callable[[], Array]:
    return lambda: values


def _added(one: Factors, alpha: float) -> Callable[[Array], Array]:
    scale = alpha / one.a.shape[0]
    return lambda old: old + scale * (one.b @ one.a)  # type: ignore[operator]
