"""What happens to runs by themselves: begun in their turn, looked at, ended, put in the catalogue, given their receipt.

One program at a time drives them (``workplace.turn``): a serving commons, else the command that looks. Every step reads
where the run stands and does the next thing; done twice, or after a kill anywhere, it comes to the same.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from sqlalchemy import Connection

from affouage.errors import AffouageError, Conflict
from affouage.ledger.receipt import Energy
from affouage.training.runs import asking, store
from affouage.training.runs.booked import BookedRuns
from affouage.training.runs.exporting import Exporting
from affouage.training.runs.rules import kwh_allowed, needs_vote
from affouage.training.runs.states import AT_WORK, Kind, overdue
from affouage.training.runs.store import Run
from affouage.training.runs.trainer import JobLook
from affouage.training.runs.workplace import Workplace

_log = logging.getLogger("affouage.training")

DONE = ("done", "early_stop")
UJ_PER_KWH = 3.6e12
USED_KEPT_MS = 30_000
LIVELY = (*AT_WORK, "asked", "ready", "done")


class Following:
    """``booked``: of a serving commons, whose meter is at work; None: nothing is metered."""

    def __init__(self, workplace: Workplace, booked: BookedRuns | None = None) -> None:
        self._here = workplace
        self._booked = booked
        self._exporting = Exporting(workplace)
        self.looks: dict[str, JobLook] = {}
        """What was last seen of each job at work, by run."""
        self._said: dict[str, str] = {}
        self._told_used: dict[str, tuple[int, Energy]] = {}
        self.jobs: dict[str, str] = {}
        """Names of those on this machine, by run: they give way to answers."""

    async def step_all(self) -> None:
        """One step of every run to which something may happen. A run that fails to be followed stops no other."""
        for run in await self._here.db.read(lambda connection: store.all_runs(connection, LIVELY)):
            try:
                await self.step(run)
                self._said.pop(run.id, None)
            except AffouageError as wrong:
                if self._said.get(run.id) != str(wrong):  # once, not at every look
                    _log.warning("the run %s cannot be followed now: %s", run.name, wrong)
                self._said[run.id] = str(wrong)

    async def step(self, run: Run) -> Run:
        """One step; the run after it."""
        late = overdue(run.standing, self._here.clock.now_ms())
        if late is not None:
            await self._too_late(run, late)
        elif run.state in ("asked", "ready"):
            await self._in_turn(run)
        elif run.state == "queued":
            await self._begin(run)
        elif run.state in ("running", "stopping"):
            await self._look(run)
        elif run.state == "done":
            await self._exporting.finish(run)
        return await self._here.db.read(lambda connection: store.find(connection, run.id))

    async def leave(self) -> None:
        """This program ends, the runs go on: what was metered so far is booked."""
        for run_id in list(self.looks):
            await self._close_stretch(run_id)

    # -- before it works -----------------------------------------------------------------------------------------------

    async def _too_late(self, run: Run, kind: Kind) -> None:
        await self._append(run, kind)
        if kind == "killed" and run.standing.job is not None:
            await self._here.trainer(run).kill(run.standing.job)

    async def _in_turn(self, run: Run) -> None:
        """A run that waits for a vote, or for another to end."""
        now_ms = self._here.clock.now_ms()

        def change(connection: Connection) -> None:
            in_force = asking.rule(connection, now_ms)
            shut = needs_vote(in_force.value, run.name, run.plan.kwh_high)
            if shut:
                if run.state == "ready":
                    store.append(connection, run.id, "asked", now_ms)
                return
            if run.state == "asked":
                body, named = dict(in_force.facts), in_force.facts["rule"]
                store.append(connection, run.id, "admitted", now_ms, None, body, rule=named)
            if store.at_work(connection, AT_WORK) < in_force.value.at_once:
                store.append(connection, run.id, "queued", now_ms)

        await self._here.db.write(change)

    async def _begin(self, run: Run) -> None:
        folder, trainer = self._here.run_folder(run), self._here.trainer(run)
        offset = await asyncio.to_thread(_size, folder.events_path)
        try:
            job = await trainer.start(folder.path)
        except AffouageError as refused:
            ended = {"reason": "failed", "told": refused.message, "remedy": refused.remedy}
            await self._append(run, "failed", ended)
            return
        try:
            await self._append(run, "started", {"job": job, "offset": offset})
        except Conflict:  # stopped meanwhile
            await trainer.stop(job)

    # -- at work -------------------------------------------------------------------------------------------------------

    async def _look(self, run: Run) -> None:
        job = run.standing.job
        assert job is not None, "a run at work has its job"
        look = await self._here.trainer(run).look(job)
        if look.state == "gone":
            await self._ended(run, look)
            return
        self.looks[run.id] = look
        if run.place == "here":
            self.jobs[run.id] = job
        if run.state == "stopping":
            await self._here.trainer(run).stop(job)
        elif await self._spent_too_much(run):
            await self._append(run, "stop_asked", {"reason": "allowance"})
        if look.state == "running":
            await self._meter(run, look)

    async def _meter(self, run: Run, look: JobLook) -> None:
        if self._booked is None or look.cpu_us is None or run.place != "here":
            return
        if self._booked.due(run.id):
            await self._close_stretch(run.id)
        if not self._booked.open(run.id):
            collective = await self._here.collective()
            await self._booked.begin(run.id, run.name, collective, look.cpu_us)
            if look.aside:
                self._booked.set_aside(run.id)
        self._booked.work_of(run.id, look.cpu_us)

    async def _close_stretch(self, run_id: str) -> None:
        if self._booked is None or not self._booked.open(run_id):
            return
        look = self.looks.get(run_id)
        done = await self._booked.end(run_id, None if look is None else look.cpu_us)
        if done is None:
            return
        body = {"attempt": done.attempt, "cpu_us": done.cpu_us, "began_ms": done.began_ms, "ended_ms": done.ended_ms}
        now_ms = self._here.clock.now_ms()
        await self._here.db.write(lambda connection: store.append(connection, run_id, "metered", now_ms, None, body))

    async def _spent_too_much(self, run: Run) -> bool:
        """Whether it used all that the rule lets it use: the middle of what is known of it.

        The stretch that is open is in it by its processor time; where that tells no energy, by its meter.
        """
        used, now_ms = await self._used(run), self._here.clock.now_ms()
        open_uj = 0 if self._booked is None else self._booked.spent_uj(run.id)
        spent_uj = max(open_uj, 0.0 if used.interval_uj is None else used.interval_uj.central)
        in_force = await self._here.db.read(lambda connection: asking.rule(connection, now_ms))
        return spent_uj / UJ_PER_KWH > kwh_allowed(in_force.value, run.name)

    async def _used(self, run: Run) -> Energy:
        """What it used, as of half a minute ago at most: reading all that was told of it takes a while."""
        now_ms = self._here.clock.now_ms()
        at_ms, used = self._told_used.get(run.id, (None, Energy()))
        if at_ms is None or not 0 <= now_ms - at_ms < USED_KEPT_MS:
            used = await self._exporting.used_so_far(run)
            self._told_used[run.id] = (now_ms, used)
        return used

    # -- its end -------------------------------------------------------------------------------------------------------

    async def _ended(self, run: Run, look: JobLook) -> None:
        await self._close_stretch(run.id)
        self.looks.pop(run.id, None)
        self.jobs.pop(run.id, None)
        self._told_used.pop(run.id, None)
        kind, body = await asyncio.to_thread(self._how, run, look)
        if look.energy_uj is not None:
            body |= {"energy_uj": look.energy_uj, "energy_source": look.energy_source}
        await self._append(run, kind, body)

    def _how(self, run: Run, look: JobLook) -> tuple[Kind, dict[str, Any]]:
        """How the life that began at its offset ended: by its own words, else by those of the place."""
        folder, story = self._here.run_folder(run), self._here.story(run)
        end = story.end
        if end is None or not _told_since(run, folder):
            unheard = run.state == "stopping" and not run.standing.killed
            if unheard and not _told_since(run, folder):  # it waited in a queue, say
                return "stopped", {"reason": "stopped", "told": "It was stopped before it began.", "remedy": ""}
            if run.standing.killed:
                told = "It did not stop when asked, and was ended."
            else:
                told = f"Its program ended without a word{f' ({look.why})' if look.why else ''}."
            checkpoint = "" if story.checkpoint_step is None else f" from step {story.checkpoint_step}"
            remedy = f"affouage train resume {run.name} goes on{checkpoint}. If it ends so again, take less memory."
            return ("stopped" if run.standing.killed else "failed"), {"reason": "lost", "told": told, "remedy": remedy}
        body = {"reason": end.reason, "told": end.told, "remedy": end.remedy, "step": end.step}
        if end.reason in DONE and not story.exported:
            return "failed", {**body, "reason": "failed", "told": "It learnt, but wrote no model."}
        kind: Kind = "done" if end.reason in DONE else "stopped" if end.reason == "stopped" else "failed"
        return kind, body

    async def _append(self, run: Run, kind: Kind, body: dict[str, Any] | None = None) -> None:
        now_ms = self._here.clock.now_ms()
        await self._here.db.write(lambda connection: store.append(connection, run.id, kind, now_ms, None, body))


def _size(path: Any) -> int:
    try:
        return int(path.stat().st_size)
    except OSError:
        return 0


def _told_since(run: Run, folder: Any) -> bool:
    """Whether this life told anything: an end that a former one told is not its own."""
    return any(True for _ in folder.events(run.standing.offset))
