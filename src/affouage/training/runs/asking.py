"""What people do with a run: plan it, start it, stop it, go on with it, give it up. Each act asks the rule."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection

from affouage.assembly import ruled
from affouage.assembly.member import Member, Role
from affouage.errors import BadRequest, Conflict, NotAllowed
from affouage.training.folder import BASE, CORPUS, SETTINGS
from affouage.training.runs import store
from affouage.training.runs.corpora import CorpusFacts, taken_back
from affouage.training.runs.plan import Plan, fits
from affouage.training.runs.rules import NAME, TRAINING, TrainingRules, kwh_allowed, least_role, needs_vote, rounded_up
from affouage.training.runs.states import AT_WORK
from affouage.training.runs.store import Run
from affouage.training.runs.trainer import Place
from affouage.training.runs.workplace import Workplace
from affouage.training.settings import RunSettings


class Ruled(msgspec.Struct, frozen=True, kw_only=True):
    """The rule of training as it stands. ``facts``: its name, and the vote's; ``words``: the same in a sentence."""

    value: TrainingRules
    facts: dict[str, Any]
    words: str


def rule(connection: Connection, now_ms: int) -> Ruled:
    value, facts, words = ruled.named(connection, TRAINING, now_ms)
    return Ruled(value=value, facts=facts, words=words)


def check_name(name: str) -> str:
    """Raises BadRequest ``training_name``."""
    if not NAME.match(name):
        raise BadRequest(
            f"{name!r:.60} is no name for a run.",
            remedy="Small letters, digits and hyphens, 40 at most: it becomes the model's name (mairie-2026).",
            code="training_name",
            param="name",
        )
    return name


def new_id() -> str:
    return f"trn_{secrets.token_hex(8)}"


def lay_out(folder: Path, settings: RunSettings, corpus: Path, base: Path | None) -> None:
    """A run's folder before its start: settings, corpus, base. Over what is there: for other settings."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / SETTINGS).write_bytes(msgspec.json.format(msgspec.json.encode(settings), indent=2))
    for name, target in ((CORPUS, corpus), (BASE, base)):
        link = folder / name
        if target is None or link.exists():
            continue
        link.unlink(missing_ok=True)  # a link to what is gone
        link.symlink_to(target.resolve())


class Asking:
    """Use from a command or a page. ``who``: a member; None: whoever runs commands on this machine."""

    def __init__(self, workplace: Workplace) -> None:
        self._here = workplace

    async def planned(
        self,
        *,
        run_id: str,
        name: str,
        who_id: str,
        place: Place,
        settings: RunSettings,
        corpus: CorpusFacts,
        plan: Plan,
        licence: str = "",
    ) -> Run:
        """Keep a plan under its name. Raises Conflict ``run_name``."""
        now_ms = self._here.clock.now_ms()
        run = Run(
            id=run_id,
            name=check_name(name),
            created_ms=now_ms,
            member_id=who_id,
            place=place,
            state="planned",
            touched_ms=now_ms,
            settings=settings,
            corpus_sha256=corpus.sha256,
            plan=plan,
        )

        def change(connection: Connection) -> Run:
            store.add(connection, run, who_id, {"licence": licence} if licence else None)
            return store.find(connection, run.id)

        return await self._here.db.write(change)

    async def start(self, name: str, who: Member | None) -> Run:
        """Have it start: now, in its turn, or once a vote admits it.

        Raises NotFound, NotAllowed ``training_role``, Conflict: ``run_state``, ``training_memory``,
        ``training_consent``.
        """
        now_ms, total_bytes = self._here.clock.now_ms(), self._here.hardware().memory_bytes
        await self._consented(name)

        def change(connection: Connection) -> Run:
            run, in_force = store.find(connection, name), rule(connection, now_ms)
            permit(in_force, who)
            if run.state in ("asked", "ready", *AT_WORK):
                return run  # somebody started it already
            if run.place == "here" and fits(run.plan, total_bytes) is False:
                raise _too_large(run, total_bytes)
            _admit(connection, run, in_force, now_ms, None if who is None else who.id)
            return store.find(connection, run.id)

        return await self._here.db.write(change)

    async def resume(self, name: str, who: Member | None) -> Run:
        """Go on from the last checkpoint, under the rule as it is now. Raises as :meth:`start`."""
        now_ms = self._here.clock.now_ms()
        await self._consented(name)

        def change(connection: Connection) -> Run:
            run, in_force = store.find(connection, name), rule(connection, now_ms)
            permit(in_force, who)
            if needs_vote(in_force.value, run.name, run.plan.kwh_high):
                raise NotAllowed(
                    f"{run.name} may no longer use what its plan says ({in_force.words}).",
                    remedy=how_to_admit(run, in_force),
                    code="training_vote",
                    name=run.name,
                    **in_force.facts,
                )
            _room(connection, in_force)
            who_id = None if who is None else who.id
            store.append(connection, run.id, "queued", now_ms, who_id, rule=in_force.facts["rule"])
            return store.find(connection, run.id)

        return await self._here.db.write(change)

    async def _consented(self, name: str) -> None:
        """Raises Conflict ``training_consent``: somebody took back texts that its corpus holds."""
        run = await self._here.db.read(lambda connection: store.find(connection, name))
        withdrawn = await asyncio.to_thread(taken_back, self._here.home, run.corpus_sha256)
        if withdrawn:
            raise Conflict(
                f"The corpus of {run.name} holds texts that {', '.join(withdrawn)} took back.",
                remedy="Build it again (affouage corpus build), without them, and plan another run.",
                code="training_consent",
                name=run.name,
            )

    async def stop(self, name: str, who: Member | None) -> Run:
        """Ask it to write a checkpoint and end. Raises NotFound, NotAllowed, Conflict ``run_state``."""
        now_ms = self._here.clock.now_ms()

        def change(connection: Connection) -> Run:
            run = store.find(connection, name)
            if who is None or who.id != run.member_id:  # who asked for it may always stop it
                permit(rule(connection, now_ms), who)
            who_id = None if who is None else who.id
            if run.state == "queued":
                store.append(connection, run.id, "stopped", now_ms, who_id, {"reason": "stopped"})
            else:
                store.append(connection, run.id, "stop_asked", now_ms, who_id)
            return store.find(connection, run.id)

        return await self._here.db.write(change)

    async def give_up(self, name: str, who: Member | None) -> Run:
        """Close a run that is not at work, for good: its checkpoints are deleted. Raises as :meth:`stop`."""
        now_ms = self._here.clock.now_ms()

        def change(connection: Connection) -> Run:
            run = store.find(connection, name)
            if who is None or who.id != run.member_id:
                permit(rule(connection, now_ms), who)
            store.append(connection, run.id, "given_up", now_ms, None if who is None else who.id)
            return store.find(connection, run.id)

        run = await self._here.db.write(change)
        shutil.rmtree(self._here.run_folder(run).checkpoints, ignore_errors=True)
        return run


def permit(in_force: Ruled, who: Member | None) -> None:
    """Raises NotAllowed ``training_role``."""
    least = Role(least_role(in_force.value))
    if who is None or (who.active and who.role.at_least(least)):
        return
    raise NotAllowed(
        f"Your role does not let you train models: so the members decided ({in_force.words}).",
        remedy=f"Ask a {least.value}, or propose to change the rule of training.",
        code="training_role",
        role=least.value,
        **in_force.facts,
    )


def how_to_admit(run: Run, in_force: Ruled) -> str:
    """What would work, word for word."""
    allowed, line, before = to_admit(run, in_force)
    return (
        f"Up to {allowed:g} kWh takes no vote: plan a smaller run, or have it admitted: {line} (before any: {before})"
    )


def to_admit(run: Run, in_force: Ruled) -> tuple[float, str, str]:
    """What takes no vote in kWh, the line that proposes one, the line before the founding."""
    kwh = rounded_up(run.plan.kwh_high)
    line = f"affouage assembly propose training admitted/{run.name}={kwh:g} --title ... --reason ..."
    before = f"affouage train rule set --admit {run.name}={kwh:g} --reason ..."
    return kwh_allowed(in_force.value, run.name), line, before


def _admit(connection: Connection, run: Run, in_force: Ruled, now_ms: int, who_id: str | None) -> None:
    named = in_force.facts["rule"]
    if needs_vote(in_force.value, run.name, run.plan.kwh_high):
        body = {"kwh_high": run.plan.kwh_high, "allowed_kwh": kwh_allowed(in_force.value, run.name), "rule": named}
        store.append(connection, run.id, "asked", now_ms, who_id, body)
        return
    store.append(connection, run.id, "admitted", now_ms, who_id, dict(in_force.facts), rule=named)
    if store.at_work(connection, AT_WORK) < in_force.value.at_once:
        store.append(connection, run.id, "queued", now_ms, who_id)


def _room(connection: Connection, in_force: Ruled) -> None:
    if store.at_work(connection, AT_WORK) >= in_force.value.at_once:
        raise Conflict(
            f"{in_force.value.at_once} at once is the most ({in_force.words}).",
            remedy="Wait for its end, or stop another run: affouage train list",
            code="training_at_once",
            most=in_force.value.at_once,
            **in_force.facts,
        )


def _too_large(run: Run, total_bytes: int | None) -> Conflict:
    need = run.plan.memory_bytes.central / 1e9
    return Conflict(
        f"{run.name} needs {need:.1f} GB of memory; this machine has {(total_bytes or 0) / 1e9:.1f} GB.",
        remedy="Plan it with fewer --sequences, a shorter --context or a smaller base.",
        code="training_memory",
        need_bytes=int(run.plan.memory_bytes.central),
        total_bytes=total_bytes,
    )


def decided(connection: Connection, run: Run) -> dict[str, Any]:
    """Under which rule, and which vote, it was last admitted."""
    facts = [one.body for one in store.events(connection, run.id) if one.kind == "admitted"]
    return dict(facts[-1]) if facts else {}
