from __future__ import annotations

import contextlib
import functools
import hashlib
import struct
import tempfile
import tracemalloc
from pathlib import Path

import gguf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.catalogue import gguf as reader
from affouage.catalogue.gguf import Header, read_header
from affouage.errors import ModelFileRefused
from tests.unit.catalogue_files import TEMPLATE, write_gguf

MOST_MEMORY = 4 << 20


@functools.cache
def whole() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_gguf(Path(folder) / "whole.gguf").read_bytes()


@functools.cache
def one_file() -> Path:
    return Path(tempfile.mkdtemp(prefix="affouage-gguf-")) / "x.gguf"


def read(content: bytes) -> Header:
    """Read ``content``, which must never take more than a few megabytes however large the numbers in it."""
    one_file().write_bytes(content)
    tracemalloc.start()
    try:
        return read_header(one_file())
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MOST_MEMORY + len(content)


def test_the_header_says_what_the_writer_wrote() -> None:
    header = read(whole())
    assert header == Header(
        version=3,
        tensors=2,
        least_bytes=header.least_bytes,
        architecture="llama",
        name="Tiny for tests",
        licence="CC0-1.0",
        file_type=0,
        quantisation="F32",
        context_tokens=2048,
        kv_bytes_per_token=3 * 2 * (16 + 16) * 2,
        chat_template_sha256=hashlib.sha256(TEMPLATE.encode()).hexdigest(),
    )


def test_the_least_size_is_where_the_last_tensor_ends(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "x.gguf")
    tensors = gguf.GGUFReader(str(path)).tensors
    assert read_header(path).least_bytes == max(int(one.data_offset) + int(one.n_bytes) for one in tensors)


def test_the_tables_are_those_of_the_reference_implementation() -> None:
    assert {int(kind): sizes for kind, sizes in gguf.GGML_QUANT_SIZES.items()} == reader._BLOCKS
    names = {int(one): one.name.removeprefix("ALL_").removeprefix("MOSTLY_") for one in gguf.LlamaFileType}
    assert all(names[number] == name for number, name in reader._FILE_TYPES.items())


@pytest.mark.starter
def test_the_starter_model_is_what_its_card_says(starter_model: Path) -> None:
    path = starter_model
    header = read_header(path)
    assert (header.file_type, header.quantisation, header.tensors) == (15, "Q4_K_M", 339)
    assert (header.architecture, header.context_tokens) == ("qwen2", 32768)
    assert header.least_bytes == path.stat().st_size == 1_117_320_768
    assert header.kv_bytes_per_token == 28_672


@pytest.mark.incident("model-file")
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_cut_anywhere_is_refused_with_both_sizes(data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, read(whole()).least_bytes - 1))
    with pytest.raises(ModelFileRefused) as refused:
        read(whole()[:cut])
    if cut >= 4:
        assert f"has {cut} bytes" in refused.value.message
        assert refused.value.details["least_bytes"] > cut
    assert refused.value.remedy


@pytest.mark.incident("model-file")
@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=12))
def test_a_file_altered_anywhere_is_read_or_refused_and_nothing_else(changes: list[tuple[int, int]]) -> None:
    content = bytearray(whole())
    for position, value in changes:
        content[position % len(content)] = value
    with contextlib.suppress(ModelFileRefused):
        assert read(bytes(content)).least_bytes <= len(content)


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 3), st.binary(max_size=600))
def test_any_bytes_after_the_magic_are_read_or_refused_and_nothing_else(version: int, rest: bytes) -> None:
    with pytest.raises(ModelFileRefused):
        read(b"GGUF" + struct.pack("<I", version) + struct.pack("<QQ", 3, 5) + rest)


def header(tensors: int, keys: int, body: bytes = b"", version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + body


def string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


ABSURD = [
    (b"", "not a GGUF"),
    (b"GGML" + bytes(60), "not a GGUF"),
    (b"PK\x03\x04" + bytes(60), "not a GGUF"),
    (header(0, 0, version=1), "version 1"),
    (header(0, 0, version=4), "version 4"),
    (b"GGUF" + struct.pack(">IQQ", 3, 1, 1), "version 50331648"),
    (header(2**60, 1), "which no model has"),
    (header(1, 2**63), "which no model has"),
    (header(0, 1, struct.pack("<Q", 2**63)), "a key of 9223372036854775808 bytes"),
    (header(0, 1, string(b"k") + struct.pack("<IQ", 8, 2**40)), "of 1099511627776 bytes"),
    (header(0, 1, string(b"k") + struct.pack("<I", 99)), "unknown type 99"),
    (header(0, 1, string(b"k") + struct.pack("<IIQ", 9, 8, 2**50)), "announces 1125899906842624 strings"),
    (header(0, 1, string(b"k") + struct.pack("<IIQ", 9, 4, 2**50)), "announces 1125899906842624 items"),
    (header(0, 1, string(b"k") + struct.pack("<IIQ", 9, 9, 1)), "array of the unknown type 9"),
    (header(0, 1, string(b"k") + struct.pack("<IIQ", 9, 4, 1_000_000)), "truncated"),
    (header(0, 1, string(b"k") + struct.pack("<IIQ", 9, 8, 1_000_000)), "truncated"),
    (header(0, 1, string(b"k") + struct.pack("<IIQQ", 9, 8, 1, 2**61)), "a string of 2305843009213693952 bytes"),
    (header(0, 1, string(b"general.alignment") + struct.pack("<II", 4, 0)), "alignment"),
    (header(0, 1, string(b"general.alignment") + struct.pack("<IQ", 8, 9)), "truncated"),
    (header(1, 0, string(b"t") + struct.pack("<I", 5)), "5 dimensions"),
    (header(1, 0, string(b"t") + struct.pack("<IQQIQ", 2, 2**40, 2**40, 0, 0)), "truncated"),
    (header(1, 0, string(b"t") + struct.pack("<IQIQ", 1, 32, 0, 2**62)), "truncated"),
    (header(100_000, 0), "truncated"),
]


@pytest.mark.incident("model-file")
@pytest.mark.parametrize(("content", "why"), ABSURD, ids=[why for _, why in ABSURD])
def test_absurd_headers_are_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(ModelFileRefused) as refused:
        read(content)
    assert why in refused.value.message


def test_figures_that_make_no_sense_are_unknown() -> None:
    body = string(b"general.architecture") + struct.pack("<I", 8) + string(b"llama")
    body += string(b"llama.context_length") + struct.pack("<IQ", 10, 2**63)
    body += string(b"llama.block_count") + struct.pack("<IQ", 10, 2**63)
    found = read(header(0, 3, body))
    assert (found.context_tokens, found.kv_bytes_per_token, found.name) == (None, None, None)


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.gguf", tmp_path):
        with pytest.raises(ModelFileRefused, match="cannot be read"):
            read_header(path)
