"""How many turns are given a second: in memory, and through PostgreSQL by 1, 2 and 4 gateways, each a process.

    python -m tests.bench.turns

Every gateway has 8 requests asked all the time, of 26 members, each for one of 64 slots that it gives back at once; so
there is always a free one, and what is measured is the price of a turn (arrive, begin, charge, finish). Then the same
with 4 slots and a line that never empties. The durations are wall time on the machine as it is: see its load.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from statistics import median

from tests.integration.turns_seen import Process, Taken, end, processes
from tests.integration.turns_taken import Plan, take_turns
from tests.postgres import running_server

FOR_S = 6.0
ROUNDS = 3
ASKED = 8


def plan(url: str, place: int, slots: int) -> Plan:
    askers = [(f"m{(place * ASKED + one) % 26:02d}", 1) for one in range(ASKED)]
    return Plan(url=url, gateway_id=f"g{place}", askers=askers, slots=[slots], ms_per_token=0.0, seed=place)


def in_memory(slots: int) -> tuple[float, float]:
    """(turns a second, ms of processor for each)."""
    taken = Taken()

    async def tale() -> None:
        begin = asyncio.Event()
        begin.set()
        await take_turns(plan("", 0, slots), taken.note, begin.wait(), asyncio.sleep(FOR_S))

    began_s, worked_s = time.monotonic(), time.process_time()
    asyncio.run(tale())
    count = len(taken.ended)
    return count / (time.monotonic() - began_s), 1000 * (time.process_time() - worked_s) / count


def shared(url: str, many: int, slots: int) -> tuple[float, float]:
    """(turns a second in all, ms of processor of the gateways for each)."""
    with processes([plan(url, place, slots) for place in range(many)]) as started:
        before, worked_s, began_s = _count(started), _worked_s(started), time.monotonic()
        time.sleep(FOR_S)
        count, lasted_s = _count(started) - before, time.monotonic() - began_s
        worked_s = _worked_s(started) - worked_s
        end(started)
    return count / lasted_s, 1000 * worked_s / count


def _count(started: list[Process]) -> int:
    return sum(len(one.taken.ended) for one in started)


def _worked_s(started: list[Process]) -> float:
    ticks = 0
    for one in started:
        fields = Path(f"/proc/{one.popen.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main() -> None:
    with running_server(durable=True) as server:
        for slots in (64, 4):
            found: dict[str, list[tuple[float, float]]] = {}
            for number in range(ROUNDS):
                found.setdefault("memory", []).append(in_memory(slots))
                for many in (1, 2, 4):
                    url = server.fresh(f"turns_{slots}_{many}_{number}")
                    found.setdefault(f"postgresql x{many}", []).append(shared(url, many, slots))
            for name, rounds in found.items():
                row = {
                    "queues": name,
                    "slots": slots,
                    "turns_per_s": round(median(one for one, _ in rounds)),
                    "cpu_ms_per_turn": round(median(ms for _, ms in rounds), 2),
                    "load_1m": round(os.getloadavg()[0], 1),
                }
                print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
