"""The encoder port: what turns texts into vectors. Real adapters live in ``affouage.adapters.encoders``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
"""One row of length 1 per text."""


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """How the cosines of an encoder are to be read, in French, between a question and the head of a sheet.

    ``middle``, ``spread``: mean and standard deviation over the sheets that do not answer. ``weight``: how much it
    counts beside other encoders. ``mapped``: questions are turned into the manner of descriptions first, by the linear
    map of :mod:`affouage.sheets.search.manner`. ``paraphrased``: it is cheap enough to also encode the question said in
    the sheets' own words.
    """

    middle: float
    spread: float
    weight: float
    mapped: bool = False
    paraphrased: bool = False


class Encoder(Protocol):
    """All methods may be called concurrently, and never hold the event loop while they compute."""

    @property
    def name(self) -> str:
        """By which its vectors are kept: another name, other vectors."""
        ...

    @property
    def traits(self) -> Traits: ...

    async def encode(self, texts: Sequence[str], *, questions: bool, behind: bool = False) -> Matrix:
        """``questions``: the texts ask, rather than tell. ``behind``: nobody waits for it: it is done when nothing else
        needs the processor. Raises EngineFailed, EngineLoading."""
        ...

    async def close(self) -> None: ...
