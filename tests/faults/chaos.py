"""Everything that a commons is made of, killed at random under load, again and again; what must hold is looked at.

``python -m tests.faults.chaos --minutes 10 --seed 3``. Real programs only: `affouage up --pool`, its broker, its
llama.cpp, a machine that is lent. After each round, when all has come back:

- every answer that came whole is in the ledger as completed, every answer that began is in it; every argument that was
  acknowledged is on its page;
- no stream ended without an end, an error or a broken connection, and none that was told to be whole lacks a word;
- ledger, public log and decisions verify; receipts and common lines add up to the blocks of the meters;
- nobody used more than their limit by more than what runs between two looks.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import psutil

from affouage.assembly.rules.governance import GovernanceRules
from affouage.footprint.budget import BudgetRules, Limit
from affouage.ledger.allowance import sums
from affouage.ledger.ledger import find_receipt
from affouage.storage.tables import member
from tests.faults.books import opened, verified
from tests.faults.chaos_clients import Client, Gate, Witness
from tests.soak.commons import NAMES, Founded, Running, furnish
from tests.soak.people import Seen, Someone
from tests.soak.watching import watched

LIMIT_J, LIMIT_J_PER_MIN = 4000, 400
"""Of each member, for the whole run: in a long one, those who ask all the time come to its end. Less would refuse a
model that nobody has seen to be frugal yet."""
BETWEEN_LOOKS_J = 250
"""A limit is passed by what two answers of one member use in a window of the meter, at 90 W, and until they stop."""
BACK_S = 60.0
UJ_PER_KWH = 3.6e12


class Victim(msgspec.Struct, frozen=True):
    """Something that can die. ``strike``: was it there to be killed? ``back``: starts it, where nobody else does."""

    name: str
    strike: Callable[[], bool]
    back: Callable[[], Awaitable[None]]


class Round(msgspec.Struct):
    killed: list[str]
    back_s: float
    """From the last kill until an answer came whole."""


class Report(msgspec.Struct):
    rounds: list[Round] = []
    seen: dict[str, int] = {}
    refusals: dict[str, int] = {}
    wrong: list[str] = []


def victims_of(running: Running) -> list[Victim]:
    """Another part that can die is one more of these."""

    async def nothing() -> None:
        """Its owner sees that it died."""

    async def gateway_back() -> None:
        assert running.server is not None
        running.server.wait()
        await running.start_server()

    async def node_back() -> None:
        assert running.node is not None
        running.node.wait()
        running.start_node()

    def child(words: str) -> Callable[[], bool]:
        return lambda: _kill_child(running, words)

    return [
        Victim("gateway", lambda: _kill(running.server), gateway_back),
        Victim("engine", child("llama_child"), nothing),
        Victim("node", lambda: _kill(running.node), node_back),
        Victim("broker", child("nats-server"), nothing),
    ]


def _kill(process: object) -> bool:
    assert hasattr(process, "pid")
    os.kill(process.pid, signal.SIGKILL)
    return True


def _kill_child(running: Running, words: str) -> bool:
    """The child of the server whose command holds these words; False when there is none, or no server."""
    assert running.server is not None
    try:
        for one in psutil.Process(running.server.pid).children(recursive=True):
            command = one.cmdline()
            if words in " ".join(command) and "keeper" not in command:
                one.kill()
                return True
    except psutil.NoSuchProcess:
        pass
    return False


class Chaos:
    def __init__(self, running: Running, founded: Founded, seed: int, limit_j: float) -> None:
        self.running = running
        self.report = Report()
        self._chance = random.Random(seed)
        self._victims = victims_of(running)
        self._witness = Witness()
        self._gate = Gate()
        self._limit_j = limit_j
        self._known = 0
        self._watch_key = founded.watch_key
        people = founded.people
        greedy = [people[0]] * 2
        self._clients = [
            Client(running.url, one, self._witness, random.Random(self._chance.random()))
            for one in [*greedy, *people[1:4]]
        ]
        self._proposer = Someone(running.url, people[4], Seen(), self._chance)
        self._speaker = Client(running.url, people[5], self._witness, self._chance)
        self._path = ""

    async def run(self, minutes: float) -> Report:
        """So long, and until each victim has had its turn as often as the others."""
        ends_s = time.monotonic() + minutes * 60
        await self._proposer.sign_in()
        self._path = await self._proposer.propose(1)
        await self._speaker.sign_in()
        tasks = [asyncio.create_task(one.ask_until(self._gate)) for one in self._clients]
        tasks.append(asyncio.create_task(self._speaker.argue_until(self._gate, self._path)))
        try:
            left: list[Victim] = []
            while (left or time.monotonic() < ends_s or not self.report.rounds) and not self.report.wrong:
                left = left or self._chance.sample(self._victims, len(self._victims))
                together = 1 if self._chance.random() < 0.6 else 2
                now, left = left[:together], left[together:]
                await self._round(now)
        finally:
            self._gate.over = True
            self._gate.open()
            await asyncio.wait(tasks, timeout=BACK_S)
            for client in (*self._clients, self._speaker, self._proposer):
                await client.close()
        for task in tasks:
            task.result()
        self.report.seen, self.report.refusals = dict(self._witness.seen), dict(self._witness.refusals)
        return self.report

    async def _round(self, victims: list[Victim]) -> None:
        self._gate.open()
        await asyncio.sleep(self._chance.uniform(1, 4))
        killed = []
        for victim in victims:
            if victim.strike():
                killed.append(victim)
            await asyncio.sleep(self._chance.uniform(0, 0.5))
        began_s = time.monotonic()
        await asyncio.gather(*(one.back() for one in killed))
        await self._answers_again()
        self.report.rounds.append(Round([one.name for one in killed], round(time.monotonic() - began_s, 2)))
        await self._gate.quiet()
        self.report.wrong += await self._problems()

    async def _answers_again(self) -> None:
        """Somebody gets an answer, and the machine that is lent is there."""
        deadline_s = time.monotonic() + BACK_S
        told, here = "", False
        while not (told == "whole" and here):
            if time.monotonic() > deadline_s:
                raise AssertionError(f"after {BACK_S:.0f} s: {told=}, {here=}, server: {self.running.said('server')}")
            await asyncio.sleep(0.1)
            told = told if told == "whole" else await self._speaker.ask(20)
            here = await self._node_is_here()

    async def _node_is_here(self) -> bool:
        """As Prometheus would see it."""
        told = await watched(self.running.url, self._watch_key)
        return re.search(r'^affouage_nodes\{state="here"\} 1', told, re.MULTILINE) is not None

    async def _problems(self) -> list[str]:
        """Nobody asks meanwhile."""
        witness, running = self._witness, self.running
        wrong = [f"cut without a word: {one}" for one in witness.cut] + witness.false
        page = await self._speaker.page(self._path)
        wrong += [f"lost: {one}" for one in witness.arguments if one not in page]
        return wrong + await asyncio.to_thread(problems_of, running, witness, self._limit_j)


def problems_of(running: Running, witness: Witness, limit_j: float) -> list[str]:
    """What does not hold in the books and in the log, read while the server runs and nobody asks."""
    with opened(running.home) as db:
        wrong = verified(db)
        outcomes = db.read_now(lambda c: {one: find_receipt(c, one, None).outcome for one in witness.begun})
        used = db.read_now(
            lambda c: {row.name: sums(c, "member", row.id, "0000", "9999") for row in c.execute(member.select())}
        )
    wrong += [f"{one} came whole: {outcomes[one]}" for one in witness.whole if outcomes[one] != "completed"]
    for name in NAMES:
        spent_j = sum(used[name]) / 1e6
        if spent_j > limit_j + BETWEEN_LOOKS_J:
            wrong.append(f"{name} used {spent_j:.0f} J of {limit_j:.0f}")
        if used[name][1]:
            wrong.append(f"{name} is promised {used[name][1]} uJ, and nobody asks")
    return wrong


async def chaos(folder: Path, minutes: float, seed: int) -> Report:
    """Raises AssertionError or TimeoutError when something does not come back."""
    limit_j = LIMIT_J + LIMIT_J_PER_MIN * minutes
    a_day = Limit(scope="member", span="day", unit="kwh", amount=limit_j * 1e6 / UJ_PER_KWH)
    founded = await asyncio.to_thread(
        furnish, folder / "home", budget=BudgetRules(limits=(a_day,)), governance=GovernanceRules()
    )
    running = Running(folder, pool=True)
    with running.package.drawing():
        try:
            await running.start()
            report = await Chaos(running, founded, seed, limit_j).run(minutes)
        finally:
            stopped = await asyncio.to_thread(running.stop)
    # A program that is killed in the middle of others writes what it saw; the last one ends in order.
    report.wrong += [one for one in stopped if "wrote" not in one or "Traceback" in one]
    return report


def main() -> None:
    words = argparse.ArgumentParser(description="Kill everything at random, under load, and look whether all holds.")
    words.add_argument("--minutes", type=float, default=10)
    words.add_argument("--seed", type=int, default=1)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="affouage-chaos-") as folder:
        report = asyncio.run(chaos(Path(folder), asked.minutes, asked.seed))
    for one in report.rounds:
        print(f"{one.back_s:6.2f} s  {', '.join(one.killed)}")
    print(msgspec.json.format(msgspec.json.encode([report.seen, report.refusals])).decode())
    print("\n".join(["WRONG:", *report.wrong]) if report.wrong else "All held.")
    sys.exit(bool(report.wrong))


if __name__ == "__main__":
    main()
