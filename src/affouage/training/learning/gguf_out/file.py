"""One GGUF file, tensor after tensor: no more than one of them is in memory. Written aside, then renamed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import gguf
import numpy as np

from affouage.training.learning.gguf_out.names import Array

Stored = Literal["f32", "f16", "q8_0"]
FILE_TYPES = {
    "f32": gguf.LlamaFileType.ALL_F32,
    "f16": gguf.LlamaFileType.MOSTLY_F16,
    "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
}
_TYPES = {
    "f32": gguf.GGMLQuantizationType.F32,
    "f16": gguf.GGMLQuantizationType.F16,
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
}
Q8_BLOCK = 32
F16_MOST = 65_504.0


class Tensor(NamedTuple):
    """``shape``: of its numbers, rows first; ``type``: how they are stored; ``bytes_``: makes them, once."""

    name: str
    shape: tuple[int, ...]
    type: Any
    bytes_: Callable[[], Array]


def tensor(name: str, shape: tuple[int, ...], stored: Stored, values: Callable[[], Array]) -> Tensor:
    """Vectors (norms, biases) stay in 32 bits, as the engine wants them; rows that 32 does not divide, in 16."""
    if len(shape) < 2:
        stored = "f32"
    elif stored == "q8_0" and shape[-1] % Q8_BLOCK:
        stored = "f16"
    chosen = _TYPES[stored]

    def made() -> Array:
        full = np.ascontiguousarray(values(), dtype=np.float32)
        if stored == "f16":
            full = np.clip(full, -F16_MOST, F16_MOST)
        return np.asarray(gguf.quantize(full, chosen))

    return Tensor(name, shape, chosen, made)


def write(path: Path, architecture: str, describe: Callable[[Any], None], tensors: Iterable[Tensor]) -> Path:
    """``describe``: adds the keys to a GGUFWriter. Raises OSError; then nothing stands at ``path`` that did not."""
    tensors = list(tensors)
    aside = path.with_name(path.name + ".partial")
    writer = gguf.GGUFWriter(aside, architecture)
    try:
        describe(writer)
        for one in tensors:
            block, size = gguf.GGML_QUANT_SIZES[one.type]
            byte_shape = (*one.shape[:-1], one.shape[-1] // block * size)
            quantised = one.type not in (gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16)
            shape, dtype = (byte_shape, np.dtype(np.uint8)) if quantised else (one.shape, _dtype(one.type))
            writer.add_tensor_info(one.name, shape, dtype, int(np.prod(byte_shape)), raw_dtype=one.type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for one in tensors:
            writer.write_tensor_data(one.bytes_())
        for file in writer.fout or ():
            file.flush()
            os.fsync(file.fileno())
        writer.close()
        aside.replace(path)
    except BaseException:
        for file in writer.fout or ():
            file.close()
        aside.unlink(missing_ok=True)
        raise
    return path


def _dtype(kind: Any) -> Any:
    return np.dtype(np.float16 if kind == gguf.GGMLQuantizationType.F16 else np.float32)
