"""What was settled since the server started, counted for whoever watches it: by model, of no member."""

from __future__ import annotations

from collections import Counter

from affouage.ledger.receipt import Receipt


class Counted:
    """``answers``: by model and outcome. ``tokens``: by model and kind (prompt, cached, decoded).

    ``energy_uj``: by model and quality, central figures; ``energy_unknown``: by model, answers that have none.
    """

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str]] = Counter()
        self.tokens: Counter[tuple[str, str]] = Counter()
        self.energy_uj: Counter[tuple[str, str]] = Counter()
        self.energy_unknown: Counter[str] = Counter()

    def add(self, receipt: Receipt) -> None:
        model, energy = receipt.model.id, receipt.energy
        self.answers[model, receipt.outcome] += 1
        counts = {"prompt": receipt.tokens.prompt, "cached": receipt.tokens.cached, "decoded": receipt.tokens.decoded}
        for kind, count in counts.items():
            if count is not None:
                self.tokens[model, kind] += count
        if energy.interval_uj is not None:
            self.energy_uj[model, energy.quality] += round(energy.interval_uj.central)
        elif receipt.outcome != "refused":
            self.energy_unknown[model] += 1
