"""The gate of a commons, made of its rules, its catalogue and its machines."""

from __future__ import annotations

import asyncio

from affouage.assembly.charter import Charter
from affouage.assembly.refused_uses.sanctions import Active, find_active
from affouage.catalogue.card import load_cards
from affouage.catalogue.fit import recommend
from affouage.catalogue.machine import memory
from affouage.catalogue.store import ModelStore
from affouage.clock import Clock
from affouage.inference.admission import Admission, FindSanction, Suggest, Test
from affouage.inference.citing import Citing
from affouage.inference.prompt import Prefixes
from affouage.pool.pool import Pool
from affouage.settings import Settings
from affouage.storage import Database


def open_admission(
    settings: Settings,
    db: Database,
    clock: Clock,
    charter: Charter,
    prefixes: Prefixes,
    cite: Citing,
    pool: Pool,
    store: ModelStore,
) -> Admission:
    return Admission(
        clock,
        charter.in_force,
        prefixes=prefixes,
        cite=cite,
        cards=lambda: load_cards(settings.home),
        stations=pool.stations,
        served=lambda kind: _served(pool, settings, store, kind),
        default_model=settings.engine.default_model,
        also_refused=settings.safety.refused,
        sanction=_sanction_finder(db, clock),
        suggest=_suggester(settings),
    )


def _served(pool: Pool, settings: Settings, store: ModelStore, kind: str) -> list[str]:
    """Ids of what can answer that kind of request now.

    What has no card and never says how much text it holds makes embeddings; other servers do not say it either.
    """
    grades = {one: card.grade for one, card in load_cards(settings.home).items()}
    writes = {*(row.id for row in settings.upstreams), *(one.id for one in store.installed())}
    found = [one for one in pool.engines() if grades.get(one.model_id) != "fixture"]
    embeds = {
        one.model_id
        for one in found
        if grades.get(one.model_id) == "embedding" or (one.context_tokens is None and one.model_id not in writes)
    }
    return [one.model_id for one in found if (one.model_id in embeds) == (kind == "embedding")]


def _sanction_finder(db: Database, clock: Clock) -> FindSanction:
    async def find(member_id: str) -> Active | None:
        return await find_active(db, member_id, clock.now_ms())

    return find


def _suggester(settings: Settings) -> Suggest:
    """A model of the catalogue that fits this machine, to fetch when none that is admitted is here."""

    def best(admitted: Test) -> str:
        machine, engine = memory(), settings.engine
        found = recommend(
            load_cards(settings.home).values(),
            machine.total_bytes,
            machine.available_bytes,
            admitted=lambda card: admitted(card.id, card.sha256),
            context_tokens=engine.context_tokens,
            slots=engine.slots,
        )
        return "" if found is None else found.id

    async def suggest(admitted: Test) -> str:
        return await asyncio.to_thread(best, admitted)

    return suggest
