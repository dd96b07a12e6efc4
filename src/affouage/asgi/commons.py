"""What the doors open onto: everything the gateway and the pages may use, handed over by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affouage.assembly.accounts import Accounts
from affouage.assembly.charter import Charter
from affouage.assembly.conversations import Conversations
from affouage.catalogue.card import Card
from affouage.catalogue.store import ModelStore
from affouage.clock import Clock
from affouage.footprint.books import Books
from affouage.footprint.factors import GridFactors, Site
from affouage.footprint.machine import Machine
from affouage.footprint.period import Calendar
from affouage.inference.allowance import Allowance
from affouage.inference.prompt import Prefix
from affouage.inference.serve import Inference
from affouage.ledger.ledger import Ledger
from affouage.pool.metering import Metering
from affouage.pool.node import Node
from affouage.pool.nodes.enrolment import Enrolment
from affouage.pool.pool import Pool
from affouage.settings import Settings
from affouage.storage import Database

if TYPE_CHECKING:
    from affouage.pool.nodes.dispatch import Dispatcher


@dataclass(frozen=True)
class Commons:
    """One running commons. ``cards`` reads the catalogue anew: a card or a model may arrive while it runs."""

    settings: Settings
    clock: Clock
    db: Database
    accounts: Accounts
    conversations: Conversations
    ledger: Ledger
    inference: Inference
    node: Node
    pool: Pool
    enrolment: Enrolment
    dispatcher: Dispatcher | None
    metering: Metering
    charter: Charter
    allowance: Allowance
    calendar: Calendar
    books: Books
    machine: Machine | None
    grid: GridFactors | None
    site: Site
    prefixes: Mapping[str, Prefix]
    store: ModelStore
    cards: Callable[[], Mapping[str, Card]]

    @property
    def default_model(self) -> str:
        return self.settings.engine.default_model
