"""A run that has learnt: its file put in the catalogue under its card, its receipt told to the public log."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection

from affouage.catalogue.card import Card, as_toml
from affouage.catalogue.gguf import read_header
from affouage.errors import AffouageError, BadRequest, Conflict
from affouage.journal import log
from affouage.ledger.receipt import Energy
from affouage.training.folder import ADAPTER, MODEL, Exported, RunFolder
from affouage.training.runs import asking, cards, receipt, store
from affouage.training.runs.booked import booked_energy
from affouage.training.runs.corpora import CorpusFacts, corpus_facts
from affouage.training.runs.receipt import Base, Made
from affouage.training.runs.store import Run
from affouage.training.runs.workplace import Workplace
from affouage.units import Interval

COUNTER_FACTOR = 0.1
"""Of a site's own counter: plus or minus, unless it says better."""


class Exporting:
    """Use from whoever drives the runs; each act comes to the same when done again."""

    def __init__(self, workplace: Workplace) -> None:
        self._here = workplace

    async def finish(self, run: Run) -> Run:
        """Into the catalogue, with its receipt. Raises what the store of models raises: then it stays ``done``."""
        await asyncio.to_thread(self._install, run)
        return await self._over(run, "exported")

    async def close(self, run: Run) -> Run:
        """The receipt of a run that was given up: what it used is told all the same. Nothing when it never worked."""
        if run.receipt is not None or not run.standing.lives:
            return run
        return await self._over(run, None)

    async def used_so_far(self, run: Run) -> Energy:
        """Energy of the stretches in the books, and of the work no meter saw."""
        made = await self._made(run)
        return receipt.energy(made)[0]

    async def content(self, run: Run) -> dict[str, Any]:
        """The receipt as it would be now."""
        return receipt.receipt(await self._made(run))

    async def copy_to(self, run: Run, target: Path) -> list[Path]:
        """Everything that came out, with its receipt and card, into a folder that does not exist yet.

        Raises Conflict ``run_state``, BadRequest ``training_target``.
        """
        if run.state not in ("done", "exported") or run.receipt is None:
            raise Conflict(
                f"{run.name} is {run.state}: nothing has come out of it yet.",
                remedy=f"affouage train status {run.name}",
                code="training_not_over",
            )
        return await asyncio.to_thread(self._copy, run, target)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _copy(self, run: Run, target: Path) -> list[Path]:
        try:
            shutil.copytree(self._here.run_folder(run).out, target)
        except FileExistsError as there:
            raise BadRequest(
                f"{target} is there already.", remedy="Give a folder that does not exist yet.", code="training_target"
            ) from there
        except OSError as refused:
            raise BadRequest(
                f"{target} cannot be written: {refused.strerror or refused}.",
                remedy="Give another folder.",
                code="training_target",
            ) from refused
        (target / "receipt.json").write_text(run.receipt or "", encoding="utf-8")
        made = self._here.cards().get(run.name)
        if made is not None:
            (target / f"{run.name}.toml").write_text(as_toml(made), encoding="utf-8")
        return sorted(one for one in target.rglob("*") if one.is_file())

    def _install(self, run: Run) -> None:
        folder = self._here.run_folder(run)
        path, out = _what_came_out(run, folder, self._here.story(run).exported)
        described = self._card(run, folder, path, out)
        known = self._here.cards().get(described.id)
        if known is not None and known.sha256 != described.sha256:
            raise Conflict(
                f"The catalogue already has a model {described.id}, and it is another file.",
                remedy=f"Take its card away (cards/{described.id}.toml), then: affouage train export {run.name}",
                code="training_card",
            )
        self._here.store.import_file(path, described)
        if known is None:
            self._here.store.add_card(described)

    def _card(self, run: Run, folder: RunFolder, path: Path, out: Exported) -> Card:
        base = None if run.settings.base is None else self._here.cards().get(run.settings.base)
        header = None if run.settings.kind == "lora" else read_header(path)
        licence = self._here.db.read_now(lambda connection: _licence(connection, run.id))
        return cards.card(run, corpus_facts(folder.corpus), out, header, base, licence)

    async def _over(self, run: Run, kind: Any) -> Run:
        made, now_ms = await self._made(run), self._here.clock.now_ms()

        def change(connection: Connection) -> Run:
            if kind is not None:
                store.append(connection, run.id, kind, now_ms)
            content = receipt.receipt(msgspec.structs.replace(made, run=store.find(connection, run.id)))
            text, sha256 = receipt.written(content)
            store.keep_receipt(connection, run.id, text)
            private, persons = {"member_id": run.member_id}, (run.member_id,)
            seq = log.append(
                connection, receipt.LEAF, receipt.leaf(content, sha256), now_ms, private=private, persons=persons
            )
            store.append(connection, run.id, "receipt", now_ms, None, {"sha256": sha256, "leaf": seq})
            return store.find(connection, run.id)

        return await self._here.db.write(change)

    async def _made(self, run: Run) -> Made:
        story = await asyncio.to_thread(self._here.story, run)
        folder = self._here.run_folder(run)
        corpus = await asyncio.to_thread(_corpus, run, folder)
        base = None
        if run.settings.base is not None:
            base = await asyncio.to_thread(self._base, run.settings.base)

        def read(connection: Connection) -> tuple[dict[str, Any], list[tuple[Energy, int]], Energy | None]:
            events = store.events(connection, run.id)
            seen = {one.body["attempt"]: int(one.body["cpu_us"]) for one in events if one.kind == "metered"}
            stretches = booked_energy(connection, run.id)
            # One that a stopped server left open is in the books as a lower bound: here it is estimated with the rest.
            booked = [(one.energy, seen[one.attempt]) for one in stretches if one.attempt in seen]
            return asking.decided(connection, run), booked, _site_counter(events)

        decided, booked, counter = await self._here.db.read(read)
        return Made(
            run=run,
            story=story,
            corpus=corpus,
            base=base,
            hardware=self._here.hardware(run),
            decided=decided,
            booked=booked,
            site_counter=counter,
            grid=self._here.grid,
            site=self._here.site,
            rates=self._here.rates(),
        )

    def _base(self, model_id: str) -> Base:
        card, there = self._here.cards().get(model_id), self._here.store.find(model_id)
        sha256 = there.sha256 if there is not None else (card.sha256 if card is not None else None)
        return Base(id=model_id, sha256=sha256 or "", licence=None if card is None else card.licence.id)


def _what_came_out(run: Run, folder: RunFolder, exported: list[Exported]) -> tuple[Path, Exported]:
    """The file an engine takes. Raises AffouageError ``training_no_output``."""
    wanted = ADAPTER if run.settings.kind == "lora" else MODEL
    for one in exported:
        path = folder.out / Path(one.name).name
        if path.name == wanted and path.is_file():
            return path, one
    raise AffouageError(
        f"{folder.out / wanted} is not there.",
        remedy=f"affouage train resume {run.name} writes it again from the last checkpoint.",
        code="training_no_output",
    )


def _corpus(run: Run, folder: RunFolder) -> CorpusFacts:
    """As it is; as far as the row knows it when its folder is gone meanwhile."""
    try:
        return corpus_facts(folder.corpus)
    except BadRequest:
        return CorpusFacts(
            path=folder.corpus,
            name="",
            sha256=run.corpus_sha256,
            manifest_sha256="",
            documents=None,
            licences=None,
            train_bytes=0,
            held_out_bytes=0,
        )


def _site_counter(events: list[Any]) -> Energy | None:
    """What a site's own counter told of every life that ended; None as soon as one was not told."""
    ended = [one.body for one in events if one.kind in ("done", "stopped", "failed") and "step" in one.body]
    told = [one["energy_uj"] for one in ended if "energy_uj" in one]
    if not told or len(told) < len(ended):
        return None
    total = sum(told)
    sources = [str(one["energy_source"]) for one in ended if one["energy_uj"]]  # a life that did not begin tells none
    source = " + ".join(dict.fromkeys(sources or [str(one["energy_source"]) for one in ended]))
    spread = Interval(total * (1 - COUNTER_FACTOR), total, total * (1 + COUNTER_FACTOR)).outwards()
    return Energy(interval_uj=spread, quality="declared", method="site_counter", facts={"meter": source})


def _licence(connection: Connection, run_id: str) -> str | None:
    first = store.events(connection, run_id)[0]
    return first.body.get("licence") or None
