"""An engine whose every word says its number and when it was said, by the machine's monotonic clock: "7:123456789 ".

``python -m tests.bench.stamping MODEL_ID SLOTS``: a machine of a pool that has it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator

from affouage.chat import ChatRequest, EngineEvent, Final, PromptProgress, Timings, Usage
from affouage.testing import EchoEngine

WORD_MS = 20.0


class StampingEngine(EchoEngine):
    """``max_tokens`` words, one every 20 ms by the clock: a late one does not delay those that follow."""

    def __init__(self, model_id: str, *, slots: int) -> None:
        super().__init__(model_id, slots=slots, context_tokens=20_000)

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        read, words = len(self._render(request).split()), request.max_tokens or 100
        self.in_flight += 1
        began = time.monotonic()
        try:
            yield PromptProgress(read, 0, read)
            for number in range(words):
                if number:
                    await asyncio.sleep(began + number * WORD_MS / 1000 - time.monotonic())
                self._cpu_us += 1000
                yield self._delta(request, f"{number}:{time.monotonic_ns()} ", None)
            yield self._delta(request, "", "length")
            yield Final(Usage(read, 0, words), Timings(1.0, words * WORD_MS))
        finally:
            self.in_flight -= 1


if __name__ == "__main__":
    from tests.faults.counting_node import work

    asyncio.run(work([StampingEngine(sys.argv[1], slots=int(sys.argv[2]))]))
