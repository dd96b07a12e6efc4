"""Previews of the rules of the workshops: who could answer at the desk, what would be written first, who could ask for
a run of training and with how much electricity. Pure."""

from __future__ import annotations

from affouage.previews.shapes import Facts, Number, Preview, few
from affouage.training.runs.rules import TrainingRules, least_role
from affouage.workshops.desk.rules import DeskRules


def desk(before: DeskRules, after: DeskRules, facts: Facts) -> list[Preview]:
    """Members who could answer today, questions of the window that would be written before a draft is seen."""
    told = []
    if before.clerks != after.clerks:
        was, would = (_at_desk(rules, facts) for rules in (before, after))
        told.append(Preview("desk_clerks", {"before": few(was), "after": few(would)}))
    if before.blind_percent != after.blind_percent:
        told.append(_change("desk_blind", before.blind_percent, after.blind_percent, questions=facts.desk_questions))
    if before.items_per_hour != after.items_per_hour:
        told.append(_change("desk_hour", before.items_per_hour, after.items_per_hour))
    if before.public_open != after.public_open:
        told.append(Preview("desk_opened" if after.public_open else "desk_shut"))
    return told or [Preview("nothing_changes_now")]


def _change(code: str, before: int, after: int, **more: Number) -> Preview:
    return Preview(code, {"before": before, "after": after, **more})


def _at_desk(rules: DeskRules, facts: Facts) -> int:
    """How many, as far as numbers tell: somebody with a mandate who is a steward too counts twice."""
    active = [one for one in facts.people if one.active and one.role != "commons"]
    if rules.clerks == "members":
        return len(active)
    mandated = sum(1 for one in facts.held if one.scope == "clerk")
    stewards = sum(1 for one in active if one.role in ("steward", "operator"))
    return min(len(active), mandated + (stewards if rules.clerks == "stewards" else 0))


def training(before: TrainingRules, after: TrainingRules, facts: Facts) -> list[Preview]:
    """Members who could ask for a run, what starts without a vote, runs admitted, runs taken back."""
    told = []
    if before.ask != after.ask:
        was, would = (_may_train(rules, facts) for rules in (before, after))
        told.append(Preview("training_ask", {"before": few(was), "after": few(would)}))
    if before.without_vote_kwh != after.without_vote_kwh:
        told.append(Preview("training_free", {"before": before.without_vote_kwh, "after": after.without_vote_kwh}))
    if before.at_once != after.at_once:
        told.append(_change("training_at_once", before.at_once, after.at_once))
    for name in sorted({*before.admitted, *after.admitted}):
        was_kwh, kwh = before.admitted.get(name), after.admitted.get(name)
        if kwh is not None and kwh != was_kwh:
            told.append(Preview("training_admitted", {"run": name, "kwh": kwh}))
        elif kwh is None:
            told.append(Preview("training_taken_back", {"run": name}))
    return told or [Preview("nothing_changes_now")]


def _may_train(rules: TrainingRules, facts: Facts) -> int:
    order = ("member", "steward", "operator")
    least = order.index(least_role(rules))
    return sum(1 for one in facts.people if one.active and one.role in order and order.index(one.role) >= least)
