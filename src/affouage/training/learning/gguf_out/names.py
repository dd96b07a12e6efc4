"""Names and layouts: transformers' tensors as llama.cpp calls and lays them out, for the architectures known here."""

from __future__ import annotations

import gguf
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]

ARCHITECTURES = {"llama": gguf.MODEL_ARCH.LLAMA, "qwen2": gguf.MODEL_ARCH.QWEN2}
"""Those whose every tensor has one counterpart. Others would be written wrong, so they are refused."""


class Names:
    """Of one model. ``heads`` and ``kv_heads`` decide how rows of queries and keys are interleaved for llama."""

    def __init__(self, architecture: str, layers: int, heads: int, kv_heads: int) -> None:
        self._map = gguf.get_tensor_name_map(ARCHITECTURES[architecture], layers)
        self._heads = {"attn_q.": heads, "attn_k.": kv_heads} if architecture == "llama" else {}

    def of(self, name: str) -> str | None:
        """llama.cpp's name of transformers' ``model.layers.0.self_attn.q_proj.weight``; None: it has none."""
        found = self._map.get_name(name, try_suffixes=(".weight", ".bias"))
        return None if found is None else str(found)

    def laid_out(self, written: str, rows: Array) -> Array:
        """The rows in llama.cpp's order: its rotary pairs are neighbours, transformers' are half a head apart."""
        for part, heads in self._heads.items():
            if part in written:
                return (
                    rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:])
                    .swapaxes(1, 2)
                    .reshape(rows.shape)
                )
        return rows
