"""An engine that counts, one word at a time: what is missing, repeated or out of order in an answer is plain to see."""

from __future__ import annotations

import re

from affouage.chat import ChatRequest
from affouage.pool.engine import EngineIdentity
from affouage.testing import EchoEngine

FILE_SHA256 = "c0" * 32


class CountingEngine(EchoEngine):
    """Asked "compte jusqu'à 40", says mot1 mot2 ... mot40; given the beginning of it as a text, goes on from there.

    ``word``: said instead of "mot".
    """

    def __init__(
        self,
        model_id: str = "counting",
        *,
        slots: int = 4,
        word_ms: float = 20,
        file: str = FILE_SHA256,
        word: str = "mot",
    ) -> None:
        super().__init__(model_id, slots=slots, word_ms=word_ms, context_tokens=20_000)
        self._file = file
        self._word = word

    def identity(self) -> EngineIdentity:
        return EngineIdentity("counting", "1", machine="a counting machine", file_sha256=self._file)

    def _speech(self, request: ChatRequest) -> tuple[list[str], str]:
        text = self._render(request)
        asked = re.findall(r"compte jusqu'à (\d+)", text)
        upto = int(asked[-1]) if asked else 10
        said = [int(one) for one in re.findall(rf"{self._word}(\d+)", text)]
        words = [f"{self._word}{one}" for one in range((said[-1] if said else 0) + 1, upto + 1)]
        if said and words:
            words[0] = f" {words[0]}"
        if request.max_tokens is not None and len(words) > request.max_tokens:
            return words[: request.max_tokens], "length"
        return words, "stop"


def counted(upto: int, word: str = "mot") -> str:
    """The whole answer."""
    return " ".join(f"{word}{one}" for one in range(1, upto + 1))
