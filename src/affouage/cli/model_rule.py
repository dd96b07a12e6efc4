"""Which models the rule in force admits, for the commands about models. They also work where there is no home yet."""

from __future__ import annotations

from dataclasses import dataclass

from affouage.catalogue.card import Card
from affouage.catalogue.openness import lacking
from affouage.catalogue.rules import Candidate, Judgement, ModelRules, judge
from affouage.cli.console import open_home
from affouage.clock import SystemClock
from affouage.footprint.period import Calendar
from affouage.inference.citing import Citing
from affouage.inference.refusal import Cited
from affouage.rulebook import ANY_RATES, open_charter
from affouage.settings import Settings
from affouage.storage.database import begun


@dataclass(frozen=True)
class ModelRule:
    """``cited``: the version in force, with who decided it; None for the default."""

    rules: ModelRules
    cited: Cited | None
    also_refused: tuple[str, ...]

    def judge(self, card: Card, sha256: str | None = None) -> Judgement:
        """``sha256``: of the installed file; None: the one the card names."""
        return judge(self.rules, Candidate(card.id, sha256 or card.sha256, card.openness), self.also_refused)

    def words(self, card: Card, sha256: str | None = None) -> str:
        """Why it is not admitted; "" when it is."""
        found = self.judge(card, sha256)
        if found.admitted:
            return ""
        if found.by_settings:
            return "not admitted: setting safety.refused_models"
        lacks = "; ".join(one.en for one in lacking(card.openness, found.short))
        told = {"floor": f"less open than the members ask: {lacks}", "refused": "refused"}
        why = told.get(found.reason or "", "not in the list")
        return f"not admitted: {why} ({self.cited})"


def model_rule(settings: Settings) -> ModelRule:
    """The rule in force in this home; the default one where there is none yet. Raises SetUpError."""
    refused = settings.safety.refused
    if not begun(settings.database_place):
        return ModelRule(ModelRules(), None, refused)
    with open_home() as (_, db):
        charter = open_charter(db, SystemClock(), ANY_RATES)
        rules, version = charter.in_force("models")
        cite = Citing(db, charter, Calendar(settings.commons.time_zone).day)
        return ModelRule(rules, cite("models", version) if version else None, refused)
