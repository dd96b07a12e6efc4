"""A machine that holds a valid pass and a valid box key, and does what it likes with them.

python -m tests.faults.hostile_node HOME        then, on its standard input, one JSON object a line:

    {"trick": "negative_seq"}                             from now on, how it answers (see TRICKS)
    {"forge": {"node": "n_...", "rid": "run_..."}}        answer at once for another machine's run
    {"flood": 20000}                                      so many messages, as fast as they go

Its standard output tells "asked RID" for each question, "did TRICK" once it has, and "link BOOL T" (T: seconds of the
machine's monotonic clock).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from affouage.adapters.buses.pool_bus import open_node_bus
from affouage.ledger.receipt import Block, Energy, MeterStamp
from affouage.pool.nodes.bus import BusDown, heartbeat_subject, out_subject, run_subject
from affouage.pool.nodes.identity import Enrolled, read_identity
from affouage.pool.nodes.options import request_of
from affouage.pool.nodes.sealing import Seal
from affouage.pool.nodes.signing import sign
from affouage.pool.nodes.wire import (
    Chunk,
    Done,
    Exact,
    Fin,
    Heartbeat,
    Piece,
    Run,
    Served,
    SignedBlock,
    encode,
    to_node,
)
from tests.faults.counting import FILE_SHA256, CountingEngine

DAY_MS = 86_400_000
SLOTS = 8
BEAT_S = 0.5
WORD_S = 0.02
EARLY = 5
"""It behaves for so many words before it does its worst."""


class Hostile:
    def __init__(self, held: Enrolled) -> None:
        self.held = held
        self.trick = "honest"
        self.bus = open_node_bus(lambda: held)
        self.seal = Seal(bytes.fromhex(held.box_private), bytes.fromhex(held.commons_box_key))
        self.engine = CountingEngine()
        self.asked: dict[str, Run] = {}
        self.sent: list[bytes] = []
        """The last answer, as it left: to be played again."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._run = f"r_{secrets.token_hex(8)}"

    async def start(self) -> None:
        self.bus.on_change(lambda connected: tell("link", connected, time.monotonic()))
        await self.bus.subscribe(run_subject(self.held.node_id), self._on_run)
        self.own(self._beat())

    def own(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_run(self, _subject: str, payload: bytes) -> None:
        run = to_node(self.seal.open(payload))
        if isinstance(run, Run):
            tell("asked", run.rid, run.work)
            self.asked[run.rid] = run
            self.own(self._answer(run))

    # --- what it sends ----------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            self._publish(heartbeat_subject(self.held.node_id), encode(self._heartbeat()))
            await asyncio.sleep(BEAT_S)

    def _heartbeat(self) -> Heartbeat:
        other = self.trick == "other_file"
        served = Served(
            model_id="counting",
            file_sha256="ee" * 32 if other else FILE_SHA256,
            engine="counting",
            slots=0 if self.trick == "no_place" else SLOTS,
            loaded=True,
            context_tokens=20_000,
            token_uj=1,
            token_ms=0.1,
        )
        off_ms = DAY_MS if self.trick == "clock" else 0
        return Heartbeat(
            run=self._run,
            at_ms=time.time_ns() // 1_000_000 + off_ms,
            machine_id=self.held.machine_id,
            models=(served,),
            running=tuple(self.asked),
        )

    def say(self, message: Chunk | Fin) -> None:
        self.raw(message.rid, encode(message))

    def raw(self, topic: str, content: bytes) -> None:
        self._publish(out_subject(self.held.node_id, topic), content)

    def _publish(self, subject: str, content: bytes) -> None:
        sealed = self.seal.close(content)
        self.sent.append(sealed)
        del self.sent[:-200]
        with suppress(BusDown):
            self.bus.publish(subject, sealed)

    # --- how it answers ---------------------------------------------------------------------------------------------

    async def _answer(self, run: Run) -> None:
        request = request_of(run)
        if run.work == "render":
            self.say(Chunk(rid=run.rid, attempt=1, seq=0, events=(Exact(self.engine._render(request)),)))
            self.say(Fin(rid=run.rid, attempt=1, seq=1, count=1, sha256=sha("")))
        else:
            words, reason = self.engine._speech(request)
            await TRICKS[self.trick](self, run, [w if i == 0 else f" {w}" for i, w in enumerate(words)], reason)
            tell("did", self.trick)
        self.asked.pop(run.rid, None)

    async def words(self, run: Run, words: list[str], *, word_s: float = WORD_S, times: int = 1) -> None:
        for seq, word in enumerate(words):
            await asyncio.sleep(word_s)
            for _ in range(times):
                self.say(Chunk(rid=run.rid, attempt=1, seq=seq, events=(Piece(text=word),)))

    def finish(self, run: Run, words: list[str], reason: str, *, text: str | None = None, **more: Any) -> None:
        end = (Piece(finish=reason), Done(prompt=10, cached=0, decoded=len(words)))
        self.say(Chunk(rid=run.rid, attempt=1, seq=len(words), events=end))
        count = len(words) + 1
        digest = sha("".join(words) if text is None else text)
        self.say(Fin(rid=run.rid, attempt=1, seq=count, count=count, sha256=digest, **more))


async def honest(node: Hostile, run: Run, words: list[str], reason: str) -> None:
    await node.words(run, words)
    node.finish(run, words, reason)


async def huge(node: Hostile, run: Run, words: list[str], reason: str) -> None:
    await node.words(run, words[:EARLY])
    for seq in range(EARLY, EARLY + 20):
        node.say(Chunk(rid=run.rid, attempt=1, seq=seq, events=(Piece(text="x" * 850_000),)))


async def malformed(node: Hostile, run: Run, words: list[str], reason: str) -> None:
    await node.words(run, words[:EARLY])
    for junk in (b"\xc1", b"", secrets.token_bytes(900_000), msgspec.msgpack.encode({"type": "Chunk", "path": "/etc"})):
        node.raw(run.rid, junk)


async def replayed(node: Hostile, run: Run, words: list[str], reason: str) -> None:
    """Its last answer again, as it was, and each message of this one three times."""
    for old in list(node.sent):
        with suppress(BusDown):
            node.bus.publish(out_subject(node.held.node_id, run.rid), old)
    await node.words(run, words, times=3)
    node.finish(run, words, reason)


async def negative_seq(node: Hostile, run: Run, words: list[str], reason: str) -> None:
    await node.words(run, words[:EARLY])
    chunk = {"type": "Chunk", "rid": run.rid, "attempt": 1, "seq": -1, "events": []}
    node.raw(run.rid, msgspec.msgpack.encode(chunk))


async def wrong_text_hash(node: Hostile, run: Run, words: list[str], reason: str) -> None:
    """The end is told before the answer is whole, of another text."""
    await node.words(run, words[:EARLY])
    node.say(Fin(rid=run.rid, attempt=1, seq=EARLY, count=EARLY, sha256=sha("autre chose")))


async def wrong_hash_late(node: Hostile, run: Run, words: list[str], reason: str) -> None:
    """The answer is whole; what is said of it afterwards is false."""
    await node.words(run, words)
    node.finish(run, words, reason, text="autre chose")


async def absurd_energy(node: Hostile, run: Run, words: list[str], reason: str) -> None:
    """A gigajoule for a few words, signed."""
    for seq, word in enumerate(words):
        node.say(Chunk(rid=run.rid, attempt=1, seq=seq, events=(Piece(text=word),), spent_uj=10**15))
        await asyncio.sleep(WORD_S)
    energy = Energy(static_uj=0, dynamic_uj=10**15, quality="measured", machine_share_us=10**6)
    node.finish(run, words, reason, energy=energy, blocks=(_block(node, run),))


def _block(node: Hostile, run: Run) -> SignedBlock:
    now_ms = time.time_ns() // 1_000_000
    meter = MeterStamp(id="x", kind="plug", quality="measured", low_factor=1.0, high_factor=1.0, method="plug")
    block = Block(
        id=f"blk_{secrets.token_hex(8)}",
        machine_id=node.held.machine_id,
        t0_ms=now_ms - 1000,
        t1_ms=now_ms,
        meter=meter,
        energy_uj=10**15,
        idle_uj=0,
        unattributed_uj=0,
        contended_uj=0,
        parts={run.rid: (0, 10**15, 10**6)},
        idle_us=0,
        known_us=10**6,
        windows=1,
        readings_sha256=sha(""),
    )
    return SignedBlock(block=sign(block, node.held.seed), body=b"\x78\x9c")


async def never_answers(node: Hostile, run: Run, words: list[str], reason: str) -> None:
    await asyncio.sleep(60)


async def slow(node: Hostile, run: Run, words: list[str], reason: str) -> None:
    """A hundredth of the speed it promises."""
    await node.words(run, words, word_s=0.2)
    node.finish(run, words, reason)


TRICKS: dict[str, Callable[[Hostile, Run, list[str], str], Awaitable[None]]] = {
    "honest": honest,
    "huge": huge,
    "malformed": malformed,
    "replayed": replayed,
    "negative_seq": negative_seq,
    "wrong_text_hash": wrong_text_hash,
    "wrong_hash_late": wrong_hash_late,
    "absurd_energy": absurd_energy,
    "never_answers": never_answers,
    "slow": slow,
    "clock": honest,
    "other_file": honest,
    "no_place": honest,
}


async def forge(node: Hostile, name: str, rid: str) -> None:
    """On the other's subject, which the broker forbids, and on its own, for a run that was never given to it."""
    run = Run(rid=rid, attempt=1, at_ms=0, work="generate", kind="chat", model_id="counting")
    for seq in range(200):
        fake = encode(Chunk(rid=rid, attempt=1, seq=seq, events=(Piece(text=" faux"), Piece(finish="stop"), Done())))
        node.raw(rid, fake)
        node._publish(out_subject(name, rid), fake)
        node._publish(heartbeat_subject(name), encode(node._heartbeat()))
    node.finish(run, [], "stop")
    tell("did", "forge")


async def flood(node: Hostile, count: int) -> None:
    for number in range(count):
        node.raw(f"run_{'a' * 32}", b"x" * 100)
        if number % 100 == 0:
            await asyncio.sleep(0)
    tell("did", "flood")


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def tell(*words: object) -> None:
    print(*words, flush=True)


async def main() -> None:
    held = read_identity(Path(sys.argv[1]))
    assert held is not None
    node = Hostile(held)
    await node.start()
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async for line in lines:
        told = json.loads(line)
        if "trick" in told:
            node.trick = told["trick"]
            tell("now", node.trick)
        elif "forge" in told:
            await forge(node, told["forge"]["node"], told["forge"]["rid"])
        else:
            await flood(node, told["flood"])
    await node.bus.close()


if __name__ == "__main__":
    asyncio.run(main())
