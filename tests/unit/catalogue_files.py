"""Small GGUF files and cards for the tests of the catalogue."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import gguf
import msgspec
import numpy

from affouage.catalogue.card import Card, Licence
from affouage.catalogue.openness import Say

TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"


def write_gguf(path: Path, *, values: int = 1024, tokens: int = 300, seed: int = 7) -> Path:
    """A well-formed GGUF of about ``4 x values`` bytes, the same for the same arguments."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("Tiny for tests")
    writer.add_license("CC0-1.0")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(2048)
    writer.add_block_count(3)
    writer.add_embedding_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_chat_template(TEMPLATE)
    writer.add_token_list([f"word{number}" for number in range(tokens)])
    writer.add_token_scores([float(number) for number in range(tokens)])
    random = numpy.random.default_rng(seed)
    writer.add_tensor("token_embd.weight", random.standard_normal((values // 32, 32)).astype(numpy.float32))
    writer.add_tensor("output_norm.weight", random.standard_normal(32).astype(numpy.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def a_card(**facts: Any) -> Card:
    """A valid card; ``facts`` replace or add keys."""
    usual: dict[str, Any] = {
        "id": "tiny",
        "name": "Tiny",
        "publisher": "Somebody",
        "licence": Licence("CC0-1.0"),
        "grade": "fixture",
        "good_at": (Say("Rien.", "Nothing."),),
        "bad_at": (Say("Tout.", "Everything."),),
    }
    return Card(**{**usual, **facts})


def changed(card: Card, **facts: Any) -> Card:
    return msgspec.structs.replace(card, **facts)
