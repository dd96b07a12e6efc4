"""Previews of the models admitted, of who may read a question, and of the texts that stand before it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from affouage.catalogue.openness import AXES, Axis, Openness
from affouage.catalogue.rules import Candidate, ModelRules, judge
from affouage.footprint.budget import MICROJOULES_PER_KWH
from affouage.footprint.weights import DEFAULT_KAPPA
from affouage.inference.prefix_rules import PrefixRules
from affouage.inference.prompt import BYTES_PER_TOKEN, LANGUAGES
from affouage.pool.reach import ConfidentialityRules, allowed, number
from affouage.pool.station import REACHES
from affouage.previews.shapes import WINDOW_DAYS, Asked, Facts, Number, Preview, nothing_known, people


def models(before: ModelRules, after: ModelRules, facts: Facts) -> list[Preview]:
    """Requests to models no longer admitted, by how many, and what of what is installed would remain."""
    told = nothing_known(facts)
    if not told:
        known = {one.id: one for one in facts.installed or ()}
        lost = [one for one in facts.asked if _lost(before, after, _candidate(one, known))]
        whose = people({one.member_id for one in lost}, facts)
        numbers = {"refused": len(lost), "requests": len(facts.asked), "members": whose}
        names = ", ".join(sorted({one.model_id for one in lost}))
        told.append(Preview("models_refused", {**numbers, "models": names}))
    return [*told, *_installed(before, after, facts.installed)]


def _installed(before: ModelRules, after: ModelRules, installed: tuple[Candidate, ...] | None) -> Iterator[Preview]:
    if installed is None:
        yield Preview("models_installed_unknown")
        return
    left = sorted(one.id for one in installed if judge(after, one).admitted)
    more = sorted(one.id for one in installed if judge(after, one).admitted and not judge(before, one).admitted)
    if installed and not left:
        yield Preview("models_none_left", {"installed": len(installed)})
    elif installed:
        yield Preview("models_left", {"left": len(left), "installed": len(installed), "models": ", ".join(left)})
    if more:
        yield Preview("models_more", {"models": ", ".join(more)})


def _lost(before: ModelRules, after: ModelRules, model: Candidate) -> bool:
    return judge(before, model).admitted and not judge(after, model).admitted


def _candidate(one: Asked, known: dict[str, Candidate]) -> Candidate:
    """As its receipt had it; what the catalogue says of the same model now counts for its openness."""
    now = known.get(one.model_id)
    openness = _openness(one.openness) if now is None else now.openness
    return Candidate(one.model_id, one.sha256, openness, None if now is None else now.base)


def _openness(levels: Any) -> Openness | None:
    axes: dict[str, Axis] = {}
    for name in AXES:
        level = levels.get(name, "unknown")
        if level != "unknown":
            axes[name] = Axis(level, "reçu", "receipt", "receipt")
    return Openness(**axes) if axes else None


def confidentiality(before: ConfidentialityRules, after: ConfidentialityRules, facts: Facts) -> list[Preview]:
    """Requests that were allowed to go further than the rule would let them, and those that really did."""
    told = [one for one in facts.asked if one.reach in REACHES]
    if not told:
        return nothing_known(facts) or [Preview("reach_unknown", {"requests": len(facts.asked)})]
    further = [one for one in told if number(one.reach) > _cap(after, one)]
    really = [one for one in further if one.trust is not None and one.trust > _cap(after, one)]
    whose = people({one.member_id for one in further}, facts)
    numbers = {"further": len(further), "really": len(really), "requests": len(told), "members": whose}
    found = [Preview("reach_further", {**numbers, "most": after.most})]
    if number(after.default) != number(before.default):
        found.append(Preview("reach_default", {"before": before.default, "after": after.default}))
    if number(after.most) > number(before.most):
        found.append(Preview("reach_wider", {"before": before.most, "after": after.most}))
    return found


def _cap(rules: ConfidentialityRules, one: Asked) -> int:
    return len(allowed(rules, one.workshop)) - 1


def prefixes(before: PrefixRules, after: PrefixRules, facts: Facts) -> list[Preview]:
    """Characters before each question, tokens more to read, and what they would take of energy in a month."""
    told = []
    for name in ("", *sorted({*before.workshops, *after.workshops})):
        for language in LANGUAGES:
            old, new = (_text(rules, language, name, facts) for rules in (before, after))
            if old != new:
                numbers: dict[str, Number] = {
                    "workshop": name,
                    "language": language,
                    "before": len(old),
                    "after": len(new),
                }
                told.append(Preview("prefix_length", {**numbers, "tokens": _tokens(new) - _tokens(old)}))
    return [*told, *_cost(before, after, facts)]


def _text(rules: PrefixRules, language: str, workshop: str, facts: Facts) -> str:
    shipped = facts.shipped.get(f"{workshop}/{language}") or facts.shipped.get(language, "")
    return rules.text(language, workshop) or shipped


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def _cost(before: PrefixRules, after: PrefixRules, facts: Facts) -> Iterator[Preview]:
    asked = Counter((one.language, one.workshop) for one in facts.asked if one.language)
    if not asked:
        yield from nothing_known(facts) or [Preview("prefix_none_seen", {"requests": len(facts.asked)})]
        return
    more = sum(
        times * (_tokens(_text(after, language, workshop, facts)) - _tokens(_text(before, language, workshop, facts)))
        for (language, workshop), times in asked.items()
    )
    energy = _per_prompt_token_uj(facts)
    kwh = None if energy is None else more * energy / MICROJOULES_PER_KWH
    yield Preview("prefix_tokens", {"requests": asked.total(), "tokens": more, "kwh": kwh, "days": WINDOW_DAYS})


def _per_prompt_token_uj(facts: Facts) -> float | None:
    """Of the answers whose energy is known; None when none is, or none has tokens."""
    known = [one for one in facts.asked if one.energy_uj is not None]
    weighed = sum(DEFAULT_KAPPA * one.prompt_tokens + one.decoded_tokens for one in known)
    return DEFAULT_KAPPA * sum(one.energy_uj or 0 for one in known) / weighed if weighed else None
