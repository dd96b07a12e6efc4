"""What the doors open onto: everything the gateway and the pages may use, handed over by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affouage.asgi.limits import Limits
from affouage.assembly.accounts import Accounts
from affouage.assembly.assembly import Assembly
from affouage.assembly.charter import Charter
from affouage.assembly.conversations import Conversations
from affouage.assembly.purging import Purging
from affouage.assembly.refused_uses.reports import Reports
from affouage.assembly.rules.retention import RetentionRules
from affouage.catalogue.card import Card
from affouage.catalogue.store import ModelStore
from affouage.clock import Clock
from affouage.footprint.books import Books
from affouage.footprint.factors import GridFactors, Site
from affouage.footprint.machine import Machine
from affouage.footprint.period import Calendar
from affouage.inference.allowance import Allowance
from affouage.inference.citing import Citing
from affouage.inference.prompt import Prefixes
from affouage.inference.serve import Inference
from affouage.journal.public_log import PublicLog
from affouage.ledger.ledger import Ledger
from affouage.pool.metering import Metering
from affouage.pool.node import Node
from affouage.pool.nodes.enrolment import Enrolment
from affouage.pool.pool import Pool
from affouage.previews.previews import Previews
from affouage.settings import Settings
from affouage.sheets.library import Library
from affouage.storage import Database
from affouage.training.runs.device import Training
from affouage.workers.gateways import Gateways
from affouage.workshops.blind.blind import Blind
from affouage.workshops.desk.desk import Desk
from affouage.workshops.easy_read.easy_read import EasyRead
from affouage.workshops.explain.explain import Explain
from affouage.workshops.work.ledger import WorkLedger

if TYPE_CHECKING:
    from affouage.pool.nodes.dispatch import Dispatcher


@dataclass(frozen=True)
class Commons:
    """One running commons. ``cards`` reads the catalogue anew: a card or a model may arrive while it runs. ``keeping``:
    days each kind of data is kept now, by the rule as the configuration file may shorten it."""

    settings: Settings
    clock: Clock
    db: Database
    gateways: Gateways | None
    log: PublicLog
    accounts: Accounts
    limits: Limits
    reports: Reports
    conversations: Conversations
    ledger: Ledger
    inference: Inference
    library: Library
    explain: Explain
    easy_read: EasyRead
    desk: Desk
    work: WorkLedger
    blind: Blind
    training: Training
    node: Node
    pool: Pool
    enrolment: Enrolment
    dispatcher: Dispatcher | None
    metering: Metering
    charter: Charter
    previews: Previews
    purging: Purging
    assembly: Assembly
    cite: Citing
    keeping: Callable[[], RetentionRules]
    allowance: Allowance
    calendar: Calendar
    books: Books
    machine: Machine | None
    grid: GridFactors | None
    site: Site
    prefixes: Prefixes
    store: ModelStore
    cards: Callable[[], Mapping[str, Card]]

    @property
    def several(self) -> bool:
        """Do several processes serve it? The machine is then a node like the others, and has no engine here."""
        return self.gateways is not None and self.gateways.several

    @property
    def default_model(self) -> str:
        return self.settings.engine.default_model
