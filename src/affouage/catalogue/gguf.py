"""A small bounded reader of GGUF headers: what a file says of itself, and whether it is whole.

The file is a stranger's: every count and length is checked against a limit and against the size of the file before
anything is read, arrays are walked without being kept, and whatever is wrong ends in ModelFileRefused. The engine has
its own reader, in C++ and in another process; this one keeps truncated and absurd files away from it.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from affouage.errors import ModelFileRefused

_T = TypeVar("_T")

MOST_KEYS = 4_096
MOST_TENSORS = 100_000
MOST_NAME_BYTES = 512
MOST_STRING_BYTES = 1 << 20
MOST_ARRAY_ITEMS = 16_000_000
MOST_ARRAY_STRINGS = 2_000_000
MOST_DIMENSIONS = 4
MOST_PER_LAYER = 1_024

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_ARCHITECTURE = "general.architecture"

_BLOCKS: dict[int, tuple[int, int]] = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66),
    17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54),
    35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip
"""Tensor type -> (values per block, bytes per block)."""

_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS",
    20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
    28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE",
}  # fmt: skip


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a GGUF file says of itself. None: it does not say.

    ``least_bytes``: the file cannot be whole below this size. ``kv_bytes_per_token``: key-value cache of one token
    of context, 16-bit values. ``kind``: model, adapter ...; ``adapter``: which kind of one (lora).
    """

    version: int
    tensors: int
    least_bytes: int
    architecture: str | None = None
    name: str | None = None
    licence: str | None = None
    file_type: int | None = None
    quantisation: str | None = None
    context_tokens: int | None = None
    kv_bytes_per_token: int | None = None
    chat_template_sha256: str | None = None
    kind: str | None = None
    adapter: str | None = None


Shapes = dict[str, tuple[int, ...]]
"""Of the tensors, by name; the first figure is how many values one reads, as llama.cpp writes it."""


class _Source:
    """Reads forward in a file of known size and never past its end."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self.file, self.size, self.name, self.at = file, size, name, 0

    def need(self, count: int) -> None:
        if self.at + count > self.size:
            raise self.truncated(self.at + count)

    def truncated(self, least: int) -> ModelFileRefused:
        return ModelFileRefused(
            f"{self.name} is truncated: it has {self.size} bytes and needs at least {least}.",
            remedy="Pull it again, or copy it again from where it came.",
            size_bytes=self.size,
            least_bytes=least,
        )

    def refuse(self, why: str) -> ModelFileRefused:
        return ModelFileRefused(f"{self.name}: {why}.", remedy="Get the file again from its publisher.")

    def read(self, count: int) -> bytes:
        self.need(count)
        data = self.file.read(count)
        if len(data) != count:
            raise self.truncated(self.at + count)
        self.at += count
        return data

    def skip(self, count: int) -> None:
        self.need(count)
        self.file.seek(count, os.SEEK_CUR)
        self.at += count

    def number(self, layout: str) -> Any:
        return struct.unpack(layout, self.read(struct.calcsize(layout)))[0]

    def text(self, most: int, what: str) -> str:
        length = self.number("<Q")
        if length > most:
            raise self.refuse(f"{what} of {length} bytes, more than the {most} accepted")
        return self.read(length).decode("utf-8", errors="replace")


def read_header(path: Path) -> Header:
    """Read the header of ``path``. Raises ModelFileRefused with the reason: not GGUF, truncated (both sizes), absurd.

    Reads only the header (a few MB of seeks for a large vocabulary) and keeps a few MB at most.
    """
    return read_tensors(path)[0]


def read_tensors(path: Path) -> tuple[Header, Shapes]:
    """The header, and the shape of each tensor. Raises as :func:`read_header` does."""
    try:
        with path.open("rb") as file:
            return _read(_Source(file, os.fstat(file.fileno()).st_size, path.name))
    except OSError as wrong:
        raise ModelFileRefused(
            f"{path} cannot be read: {wrong.strerror}.", remedy="Check its name and rights."
        ) from wrong


def _read(source: _Source) -> tuple[Header, Shapes]:
    if source.size < 4 or source.read(4) != b"GGUF":
        raise source.refuse("not a GGUF file")
    version = source.number("<I")
    if version not in (2, 3):
        raise source.refuse(f"GGUF version {version} is not supported (2 and 3 are)")
    tensors, keys = source.number("<Q"), source.number("<Q")
    if tensors > MOST_TENSORS or keys > MOST_KEYS:
        raise source.refuse(f"{tensors} tensors and {keys} keys are announced, which no model has")
    values: dict[str, Any] = {}
    for _ in range(keys):
        key, value = _key_value(source)
        if not isinstance(value, list) or key == f"{values.get(_ARCHITECTURE)}.attention.head_count_kv":
            values[key] = value
    shapes: Shapes = {}
    end: int | None = None
    for _ in range(tensors):
        name, shape, ends = _tensor(source)
        shapes[name] = shape
        end = max(ends, end or 0)
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or isinstance(alignment, bool) or not 1 <= alignment <= 1 << 20:
        raise source.refuse("its alignment makes no sense")
    start = math.ceil(source.at / alignment) * alignment
    least = source.at if end is None else start + end
    if least > source.size:
        raise source.truncated(least)
    return _header(values, version, tensors, least), shapes


def _key_value(source: _Source) -> tuple[str, Any]:
    key = source.text(MOST_NAME_BYTES, "a key")
    kind = source.number("<I")
    if kind == _STRING:
        text = source.text(MOST_STRING_BYTES, f"the value of {key[:80]!r}")
        # Of long texts only the template matters, by its digest.
        return key, hashlib.sha256(text.encode()).hexdigest() if key == "tokenizer.chat_template" else text[:200]
    if kind == _ARRAY:
        return key, _array(source, key)
    if kind not in _SCALARS:
        raise source.refuse(f"the value of {key[:80]!r} has the unknown type {kind}")
    return key, source.number(_SCALARS[kind])


def _array(source: _Source, key: str) -> list[int] | None:
    """Walk an array; keep it only when it is a short one of integers (per-layer figures)."""
    kind, count = source.number("<I"), source.number("<Q")
    if kind == _STRING:
        if count > MOST_ARRAY_STRINGS:
            raise source.refuse(f"{key[:80]!r} announces {count} strings, more than the {MOST_ARRAY_STRINGS} accepted")
        _skip_strings(source, count, key)
        return None
    if kind not in _SCALARS:
        raise source.refuse(f"{key[:80]!r} is an array of the unknown type {kind}")
    if count > MOST_ARRAY_ITEMS:
        raise source.refuse(f"{key[:80]!r} announces {count} items, more than the {MOST_ARRAY_ITEMS} accepted")
    width = struct.calcsize(_SCALARS[kind])
    if count <= MOST_PER_LAYER and kind in (4, 5, 10, 11):
        return [value for (value,) in struct.iter_unpack(_SCALARS[kind], source.read(count * width))]
    source.skip(count * width)
    return None


def _skip_strings(source: _Source, count: int, key: str) -> None:
    source.need(count * 8)
    for _ in range(count):
        length = source.number("<Q")
        if length > MOST_STRING_BYTES:
            raise source.refuse(
                f"a string of {length} bytes in {key[:80]!r}, more than the {MOST_STRING_BYTES} accepted"
            )
        if length <= 256:
            source.read(length)  # cheaper than a seek, which would throw the read-ahead buffer away
        else:
            source.skip(length)


def _tensor(source: _Source) -> tuple[str, tuple[int, ...], int]:
    """A tensor's name, its shape, and where it ends, counted from the start of the data."""
    name = source.text(MOST_NAME_BYTES, "the name of a tensor")
    dimensions = source.number("<I")
    if not 0 <= dimensions <= MOST_DIMENSIONS:
        raise source.refuse(f"tensor {name[:80]!r} has {dimensions} dimensions")
    shape = tuple(source.number("<Q") for _ in range(dimensions))
    items = math.prod(shape)
    kind, offset = source.number("<I"), source.number("<Q")
    per_block, block_bytes = _BLOCKS.get(kind, (1, 0))  # a type newer than this table: only its start is checked
    end: int = offset + math.ceil(items / per_block) * block_bytes if items < 1 << 60 else 1 << 62
    return name, shape, end


def _header(values: dict[str, Any], version: int, tensors: int, least: int) -> Header:
    architecture = _of(values, _ARCHITECTURE, str)
    file_type = _of(values, "general.file_type", int)
    return Header(
        version=version,
        tensors=tensors,
        least_bytes=least,
        architecture=architecture,
        name=_of(values, "general.name", str),
        licence=_of(values, "general.license", str),
        file_type=file_type,
        quantisation=None if file_type is None else _FILE_TYPES.get(file_type),
        context_tokens=_positive(_of(values, f"{architecture}.context_length", int)),
        kv_bytes_per_token=_kv_bytes_per_token(lambda key: values.get(f"{architecture}.{key}")),
        chat_template_sha256=_of(values, "tokenizer.chat_template", str),
        kind=_of(values, "general.type", str),
        adapter=_of(values, "adapter.type", str),
    )


def _of(values: dict[str, Any], key: str, kind: type[_T]) -> _T | None:
    value = values.get(key)
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def _positive(value: int | None) -> int | None:
    return value if value is not None and 0 < value < 1 << 40 else None


def _kv_bytes_per_token(value: Callable[[str], Any]) -> int | None:
    """Layers x key-value heads x (key + value length) x 2 bytes; None when the file does not give the figures."""
    layers, heads, width = value("block_count"), value("attention.head_count"), value("embedding_length")
    kv_heads = value("attention.head_count_kv") or heads
    if not isinstance(layers, int) or not 0 < layers <= MOST_PER_LAYER:
        return None
    per_layer = kv_heads if isinstance(kv_heads, list) else [kv_heads] * layers
    if not all(isinstance(one, int) and 0 <= one <= 4096 for one in per_layer):
        return None
    usual = width // heads if isinstance(width, int) and isinstance(heads, int) and heads > 0 else None
    key_length = value("attention.key_length") or usual
    value_length = value("attention.value_length") or usual
    if not isinstance(key_length, int) or not isinstance(value_length, int):
        return None
    if not (0 < key_length <= 1 << 16 and 0 < value_length <= 1 << 16):
        return None
    return sum(per_layer) * (key_length + value_length) * 2 or None
