"""Every rule that the members decide, in one place: what it holds, within which bounds, by which vote, in which words.

A new one is an ``Area`` in the list of its floor, and a file of words: see docs/how-to/add-a-votable-rule.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from affouage.assembly.area import Area
from affouage.assembly.charter import Charter
from affouage.assembly.rules.areas import GOVERNANCE, MANDATES, MEMBERSHIP
from affouage.clock import Clock
from affouage.footprint.budget import Rates
from affouage.rulebook import energy, served, sharing, workshops
from affouage.rulebook.lowerings import LOWERABLE, Lowering, lowerings
from affouage.rulebook.served import KnownModels
from affouage.storage import Database

__all__ = ["AREAS", "LOWERABLE", "Lowering", "areas", "lowerings", "open_charter"]

ANY_RATES = Rates(gwp_g_per_kwh=1.0, price_eur_per_kwh=1.0)
"""With which every limit can be applied: for what is read and drawn, never for what is enacted."""


def areas(rates: Rates = ANY_RATES, known_models: KnownModels | None = None) -> Mapping[str, Area]:
    """Every area by name, with what may be enacted here."""
    house = (MEMBERSHIP, MANDATES, GOVERNANCE)
    every = (*served.areas(known_models), *energy.areas(rates), *sharing.areas(), *workshops.areas(), *house)
    return {one.name: one for one in every}


AREAS: Mapping[str, Area] = areas()
"""Every area, for whoever asks what there is. What may be enacted in a commons is ``Charter.areas``."""


def open_charter(db: Database, clock: Clock, rates: Rates, known_models: KnownModels | None = None) -> Charter:
    """The rules of a commons. Raises DatabaseUnusable."""
    return Charter(db, clock, areas(rates, known_models))
