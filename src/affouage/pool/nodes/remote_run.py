"""One run on a node, as the commons hears it: put in order, asked for again where it has holes, ended in some way.

Nothing here waits or sends: :mod:`.link` brings what was heard and looks at the time, :mod:`.remote_engine` takes the
events. A run ends with its Done, with the error the node tells, or with :class:`NodeLost`; never by falling silent.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Literal

import msgspec

from affouage.errors import (
    AffouageError,
    BadRequest,
    ContextExceeded,
    EngineLoading,
    NodeLost,
    UnsupportedParameter,
)
from affouage.pool.nodes.wire import Chunk, Done, Event, Exact, Fin, Piece, Progress, Vectors

Work = Literal["render", "generate", "embed"]

AHEAD = 1024
"""Messages kept while an earlier one is missing; those behind are asked for again."""
FAR = 100_000
"""No honest node is so far ahead of what was received."""
ASK_AGAIN_US = 500_000
COUNT_AGAIN_US = 2_500_000
"""Its count comes a little after its last word: a meter needs the end of a window."""
DIGESTS = 65_536


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Microseconds of silence after which a node counts as lost.

    ``chunk_us``: of a run that has begun to speak; a node at work says something at least every second. ``alone_us``:
    the same when no other machine could take over: a link that comes back in time saves the answer. ``first_us``:
    before its first word. ``mute_us``: it says that it lives, and nothing else. ``gap_us``: what was asked for again
    does not come. ``fin_us``: how long a settlement waits for the node's own count.
    """

    chunk_us: int = 2_000_000
    alone_us: int = 4_000_000
    first_us: int = 10_000_000
    mute_us: int = 300_000_000
    gap_us: int = 2_000_000
    fin_us: int = 8_000_000


REFUSED = "refused:"
"""Before the code of a node that did not begin."""
_REASONS = ("node_closed", "node_busy", "node_stopped", "unknown_model", "unknown_run", "lease_lost", "no_room")
"""Of an end that is told to nobody but those who look after the machine; another one may do better."""


class NodeLied(NodeLost):
    """What came contradicts itself or breaks the protocol: the machine is not believed."""


class Limits(msgspec.Struct, frozen=True):
    """The most an honest answer to this request can hold: ``pieces`` and characters of text."""

    pieces: int
    characters: int


class RemoteRun:
    """``ask_from(seq)``: have everything from there sent again. All times are the commons' monotonic microseconds."""

    def __init__(
        self,
        rid: str,
        *,
        work: Work,
        model_id: str,
        node_name: str,
        limits: Limits,
        patience: Patience,
        ask_from: Callable[[int], None],
        on_lie: Callable[[], None] = lambda: None,
        now_us: int,
    ) -> None:
        self.rid = rid
        self.attempt = 1
        """A rid is new for each run, so there is but one: a chunk that says another is not of this run."""
        self.work = work
        self.model_id = model_id
        self.sent_us = now_us
        self.spent_uj = 0
        self.fin: Fin | None = None
        self.over = asyncio.Event()
        """The Fin has come whole, or it will not come."""
        self.problem: AffouageError | None = None
        self.wanted = True
        """Somebody still reads the answer."""
        self._beats = 0
        """Heartbeats since it was sent that do not name it."""
        self._node_name = node_name
        self._limits = limits
        self._patience = patience
        self._ask_from = ask_from
        self._on_lie = on_lie
        self._next = 0
        self._ahead: dict[int, Chunk] = {}
        self._digests: list[int | None] = []
        self._gap_us: int | None = None
        self._asked_us = 0
        self._heard_us = self._said_us = now_us
        self._spoke = False
        self._sha256 = hashlib.sha256()
        self._pieces = self._characters = 0
        self.complete = False
        """All that was asked for has come; only the count of it is awaited."""
        self._pending_fin: Fin | None = None
        self._events: deque[Event] = deque()
        self._wake = asyncio.Event()

    # --- read by the engine -----------------------------------------------------------------------------------------

    async def events(self) -> AsyncGenerator[Event, None]:
        """In order, ending after Done or Exact. Raises what ended it otherwise."""
        while True:
            while self._events:
                event = self._events.popleft()
                yield event
                if isinstance(event, (Done, Exact)):
                    return
            if self.problem is not None:
                raise self.problem
            self._wake.clear()
            await self._wake.wait()

    @property
    def next_seq(self) -> int:
        return self._next

    @property
    def begun(self) -> bool:
        return self._next > 0 or bool(self._ahead)

    # --- heard ------------------------------------------------------------------------------------------------------

    def chunk(self, chunk: Chunk, digest: int, now_us: int) -> bool:
        """``digest`` of its bytes: the same number with other bytes is no repetition. False: of no use, dropped."""
        if self.over.is_set() or chunk.attempt != self.attempt:
            return False
        self._heard_us = now_us
        if not self.wanted:
            self._next = max(self._next, chunk.seq + 1)
            self.spent_uj = max(self.spent_uj, chunk.spent_uj)
            return True
        if not self._is_new(chunk.seq, digest):
            return False
        last = self._pending_fin
        if chunk.seq > self._next + FAR or (last is not None and chunk.seq >= last.seq):
            self.lied("It numbers its answer wrongly.")
            return False
        if chunk.seq != self._next:
            return self._put_aside(chunk, digest, now_us)
        self._remember(chunk.seq, digest)
        self._take(chunk, now_us)
        while (following := self._ahead.pop(self._next, None)) is not None:
            self._take(following, now_us)
        self._gap_us = now_us if self._ahead else None
        self._try_fin()
        return True

    def _put_aside(self, chunk: Chunk, digest: int, now_us: int) -> bool:
        self._note_gap(now_us)
        if len(self._ahead) >= AHEAD:
            return False
        self._remember(chunk.seq, digest)
        self._ahead[chunk.seq] = chunk
        return True

    def end(self, fin: Fin, now_us: int) -> bool:
        """The last message of the run."""
        if self.over.is_set() or fin.attempt != self.attempt:
            return False
        self._heard_us = now_us
        if self._pending_fin is not None:
            return False
        if fin.problem.startswith(REFUSED):  # it knows nothing of this run: nothing to be put in order
            self.fin = fin
            self._fail(self._problem_of(fin))
            self.over.set()
            return True
        if fin.seq != fin.count or fin.seq < self._next or any(seq >= fin.seq for seq in self._ahead):
            self.lied("It miscounts its answer.")
            return False
        self._pending_fin = fin
        if self.wanted and self._next < fin.seq:
            self._note_gap(now_us)
        self._try_fin()
        return True

    def _is_new(self, seq: int, digest: int) -> bool:
        known = self._digests[seq] if seq < len(self._digests) else None
        if known is not None and known != digest:
            self.lied("Two different answers came under one number.")
        return known is None and seq >= self._next and seq not in self._ahead

    def _remember(self, seq: int, digest: int) -> None:
        if seq < DIGESTS:
            self._digests.extend([None] * (seq + 1 - len(self._digests)))
            self._digests[seq] = digest

    def _note_gap(self, now_us: int) -> None:
        if self._gap_us is None:
            self._gap_us = now_us
            self._ask(now_us)

    def _ask(self, now_us: int) -> None:
        self._asked_us = now_us
        self._ask_from(self._next)

    def _take(self, chunk: Chunk, now_us: int) -> None:
        self._next = chunk.seq + 1
        self.spent_uj = max(self.spent_uj, chunk.spent_uj)
        if not self.wanted:
            return
        for event in chunk.events:
            self._said_us = now_us
            if self.complete or self.problem is not None:
                self.lied("It went on after its end.")
                return
            if not self._fits(event):
                self.lied("It answers what was not asked.")
                return
            self._note(event)
            if self.problem is not None:
                return  # nothing of a lie is shown
            self._events.append(event)
        if chunk.events:
            self._wake.set()

    def _fits(self, event: Event) -> bool:
        if isinstance(event, (Progress, Piece)):
            return self.work == "generate"
        if isinstance(event, Exact):
            return self.work == "render"
        return self.work == "embed" or isinstance(event, Done)

    def _note(self, event: Event) -> None:
        if isinstance(event, Piece):
            self._spoke = True
            self._pieces += 1
            for text in (event.text, event.reasoning):
                self._characters += len(text or "")
            if event.text:
                self._sha256.update(event.text.encode())
            if self._pieces > self._limits.pieces or self._characters > self._limits.characters:
                self.lied("Its answer is longer than can be.")
        elif isinstance(event, Vectors):
            self._pieces += len(event.vectors)
            if self._pieces > self._limits.pieces:
                self.lied("It gives more than was asked.")
        elif isinstance(event, (Done, Exact)):
            self.complete = True

    def _try_fin(self) -> None:
        fin = self._pending_fin
        if fin is None or (self.wanted and self._next < fin.seq):
            return
        if (self.wanted or self.complete) and fin.sha256 != self._sha256.hexdigest():
            self.lied("What came is not what it says it sent.")
            return
        self.fin = fin
        if fin.problem and not self.complete:
            self._fail(self._problem_of(fin))
        elif self.wanted and not self.complete:
            self._fail(self.lost("engine"))
        self.over.set()

    # --- ended ------------------------------------------------------------------------------------------------------

    def fail(self, reason: str) -> None:
        """The machine is lost: nothing more is expected of this run."""
        self._fail(self.lost(reason))
        self.over.set()

    def lied(self, why: str) -> None:
        """What came cannot be."""
        if self.problem is None:
            self._on_lie()
            self._fail(self.lost("lied", NodeLied, why))
        self.over.set()

    def leave(self) -> None:
        """Nobody reads the answer any more; what it used is still to be told."""
        self.wanted = False
        self._events.clear()
        self._ahead.clear()
        self._try_fin()

    def lost(self, reason: str, kind: type[NodeLost] = NodeLost, why: str = "") -> NodeLost:
        return kind(
            f"The machine {self._node_name} was lost while it answered. {why}".rstrip(),
            remedy="Ask again: another machine will answer, if there is one.",
            lost=True,
            shown=self._spoke,
            reason=reason,
            machine=self._node_name,
        )

    def _fail(self, problem: AffouageError) -> None:
        if self.problem is None:
            self.problem = problem
            self._wake.set()

    def _problem_of(self, fin: Fin) -> AffouageError:
        """In our own words: a node chooses a code, never a sentence."""
        code, numbers = fin.problem.removeprefix(REFUSED), fin.numbers
        if code == ContextExceeded.code and {"prompt_tokens", "context_tokens"} <= numbers.keys():
            return ContextExceeded(numbers["prompt_tokens"], numbers["context_tokens"])
        if code == UnsupportedParameter.code:
            return UnsupportedParameter("The machine that has this model cannot do that.", remedy="Ask without it.")
        if code == BadRequest.code:
            return BadRequest("The machine that has this model refused the request.", remedy="Change what it asks for.")
        if code == EngineLoading.code and not self._spoke:
            wait_s = min(600, max(1, numbers.get("retry_after_s", 5)))
            return EngineLoading(self.model_id, progress=None, retry_after_s=wait_s)
        return self.lost(code if code in _REASONS else "engine")

    # --- time -------------------------------------------------------------------------------------------------------

    def look(self, now_us: int, *, alone: Callable[[RemoteRun], bool]) -> None:
        """Has it been silent too long? What is missing is asked for again. ``alone``: could nobody take over?"""
        if self.over.is_set():
            return
        patience = self._patience
        if self._gap_us is not None:
            self._ask_again(now_us, ASK_AGAIN_US)
        elif (self.complete or not self.wanted) and self._pending_fin is None:
            self._ask_again(now_us, COUNT_AGAIN_US)
        if self.complete or not self.wanted:
            return  # the answer is whole; whoever waits for the count has his own patience
        if self._gap_us is not None and now_us - self._gap_us > patience.gap_us:
            self.fail("gap")
        elif self._silent(now_us - self._heard_us, alone):
            self.fail("silent")
        elif now_us - self._said_us > patience.mute_us:
            self.fail("mute")

    def _ask_again(self, now_us: int, every_us: int) -> None:
        self._asked_us = self._asked_us or now_us
        if now_us - self._asked_us >= every_us:
            self._ask(now_us)

    def _silent(self, silent_us: int, alone: Callable[[RemoteRun], bool]) -> bool:
        patience = self._patience
        if not self._spoke:
            return silent_us > patience.first_us
        return silent_us > patience.chunk_us and (silent_us > patience.alone_us or not alone(self))

    def unnamed(self) -> None:
        """A heartbeat does not name it. A run that never arrived will not begin."""
        self._beats += 1
        if self._beats >= 4 and not self.begun and self._pending_fin is None:
            self.fail("never_began")

    def named(self) -> None:
        """The node says that it works for it."""
        self._beats = 0

    def reconnected(self, now_us: int) -> None:
        """Our own link came back: what was said meanwhile is asked for at once."""
        if not self.over.is_set():
            self.forgive(now_us)
            self._ask(now_us)

    def forgive(self, now_us: int) -> None:
        """We could not listen: its silence counts from now on."""
        self._heard_us = now_us
        if self._gap_us is not None:
            self._gap_us = now_us
