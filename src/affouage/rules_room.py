"""What a commons decides by: the rules in force and all that is built on them. For the composition root."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from affouage.assembly.assembly import Assembly
from affouage.assembly.charter import Charter, stamp
from affouage.assembly.purging import Purging
from affouage.assembly.refused_uses.reports import Reports, months_of, open_reports
from affouage.assembly.rules.retention import RetentionRules, lowered
from affouage.catalogue.card import load_cards
from affouage.catalogue.rules import Candidate
from affouage.catalogue.store import ModelStore
from affouage.clock import Clock
from affouage.footprint.budget import Rates
from affouage.footprint.period import Calendar
from affouage.inference.admission import Admission
from affouage.inference.citing import Citing
from affouage.inference.prompt import Prefixes, read_prefixes
from affouage.pool.pool import Pool
from affouage.previews.previews import Previews
from affouage.rulebook import open_charter
from affouage.rulebook.gate import open_admission
from affouage.rulebook.served import KnownModels
from affouage.settings import Settings
from affouage.storage import Database
from affouage.workers.gateways import Once
from affouage.workshops.easy_read.prompts import easy_read_prompts
from affouage.workshops.explain.prompts import shipped_prompts


@dataclass(frozen=True)
class Decisions:
    """``keeping``: the days of retention in force, lowered where the settings do."""

    charter: Charter
    assembly: Assembly
    prefixes: Prefixes
    cite: Citing
    admission: Admission
    reports: Reports
    previews: Previews
    purging: Purging
    keeping: Callable[[], RetentionRules]


@asynccontextmanager
async def open_decisions(
    settings: Settings,
    db: Database,
    clock: Clock,
    calendar: Calendar,
    rates: Rates,
    pool: Pool,
    store: ModelStore,
    once: Once,
) -> AsyncIterator[Decisions]:
    """While open, what falls due in the assembly is brought about, and what is too old is deleted."""
    charter = open_charter(db, clock, rates, _known_models(settings, store, pool))
    assembly = Assembly(db, clock, charter, charter.areas)
    shipped = read_prefixes().with_workshops({**shipped_prompts(), "easy_read": easy_read_prompts()})
    prefixes = shipped.under(lambda: charter.in_force("prefixes"))
    cite = Citing(db, charter, calendar.day)
    reports = open_reports(db, clock, charter, months_of(calendar))

    def keeping() -> RetentionRules:
        shorter = settings.commons.keep_days, settings.safety.keep_days
        return lowered(charter.in_force("retention").value, *shorter)

    purging = Purging(
        db,
        clock,
        keeping,
        lambda: stamp("retention", charter.in_force("retention")),
        lambda: charter.in_force("uses").value.memory_days,
        also=reports.tidy,
    )
    previews = Previews(
        db,
        clock,
        charter,
        calendar,
        rates,
        installed=lambda: installed(settings, store),
        shipped=shipped.shipped(),
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(once(assembly.running))
        await stack.enter_async_context(once(purging.running))
        yield Decisions(
            charter=charter,
            assembly=assembly,
            prefixes=prefixes,
            cite=cite,
            admission=open_admission(settings, db, clock, charter, prefixes, cite, pool, store),
            reports=reports,
            previews=previews,
            purging=purging,
            keeping=keeping,
        )


def installed(settings: Settings, store: ModelStore) -> list[Candidate]:
    """The models of this machine, as the rule of models judges them."""
    cards, files = load_cards(settings.home), {one.id: one.sha256 for one in store.installed()}

    def candidate(model_id: str) -> Candidate:
        card = cards.get(model_id)
        base = None if card is None or card.base is None else candidate(card.base)
        return Candidate(model_id, files.get(model_id), None if card is None else card.openness, base)

    return [candidate(model_id) for model_id in files]


def _known_models(settings: Settings, store: ModelStore, pool: Pool) -> KnownModels:
    """Ids that a rule of models may name: of the catalogue, of the files that are here, of whatever can answer."""

    def known() -> set[str]:
        there = (*(one.id for one in store.installed()), *(one.model_id for one in pool.engines()))
        return {*load_cards(settings.home), *there}

    return known
