"""From runs to what their pages show. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from affouage.footprint.impact import assess
from affouage.ledger.receipt import Energy
from affouage.rulebook import AREAS
from affouage.rulebook import words as rule_words
from affouage.training.runs.rules import TrainingRules, rounded_up
from affouage.training.runs.states import Event
from affouage.training.runs.store import Run
from affouage.training.runs.story import Story, left_s
from affouage.training.runs.workplace import Workplace
from affouage.web import format as wording
from affouage.web.language import Language
from affouage.web.training import words
from affouage.web.training.curves import curves
from affouage.web.training.pages import RunPage, RunRow, RunsPage

POINTS_SHOWN = 12


def row(run: Run, story: Story, language: Language) -> RunRow:
    return RunRow(
        name=run.name,
        kind=words.kind(run.settings.kind, language),
        state=words.state(run.state, language),
        step=story.step,
        steps=run.settings.steps,
        loss="" if story.best is None else loss(story.best[1], language),
    )


def loss(value: float, language: Language) -> str:
    return wording.figures(value, language, digits=4)


def runs(found: Sequence[tuple[Run, Story]], rule: TrainingRules, language: Language) -> RunsPage:
    return RunsPage(rows=tuple(row(run, story, language) for run, story in found), rule=tuple(_rule(rule, language)))


def _rule(rule: TrainingRules, language: Language) -> list[tuple[str, str]]:
    told = []
    for field in AREAS["training"].fields:
        if field.open:
            continue
        said: Any = getattr(rule, field.path)
        if field.choices:
            said = rule_words.said(rule_words.of_field("training", field).choices[said], language.code)
        else:
            unit = rule_words.unit(field.unit, language.code)
            said = f"{wording.figures(float(said), language)} {unit}".strip()
        told.append((rule_words.label("training", field, language.code), said))
    return told


def run(
    one: Run,
    story: Story,
    used: Energy,
    events: Sequence[Event],
    place: Workplace,
    content: dict[str, Any],
    language: Language,
) -> RunPage:
    told = [seen.body for seen in events if seen.kind == "receipt"]
    return RunPage(
        name=one.name,
        kind=words.kind(one.settings.kind, language),
        state=words.state(one.state, language),
        ending=words.ending(one.standing.reason, language),
        kwh=wording.figures(rounded_up(one.plan.kwh_high), language) if one.state == "asked" else "",
        facts=tuple(_facts(one, story, content, language)),
        energy=used,
        impacts=assess(used, place.grid, place.site),
        plot=curves([(one, story)], language) if story.train else None,
        points=tuple((step, loss(value, language)) for step, value in story.held_out[-POINTS_SHOWN:]),
        sha256="" if one.receipt is None else hashlib.sha256(one.receipt.encode()).hexdigest(),
        leaf=told[-1]["leaf"] if told else None,
        model=one.name if one.state == "exported" else "",
        unmetered=content["work"]["cpu_us_no_meter"] > 0,
    )


def _facts(one: Run, story: Story, content: dict[str, Any], language: Language) -> list[tuple[str, str]]:
    _ = language.gettext
    corpus = content["corpus"]
    licences = ", ".join(
        f"{name} ({wording.whole(many, language)})" for name, many in (corpus["licences"] or {}).items()
    )
    told = [
        (_("Corpus"), corpus["name"] or corpus["sha256"][:12]),
        (_("Licences of its texts"), licences or _("unknown")),
    ]
    if one.settings.base is not None:
        told.append((_("Base"), one.settings.base))
    if one.rule:
        told.append((_("Rule"), one.rule))
    told.append((_("Steps"), f"{wording.whole(story.step, language)} / {wording.whole(one.settings.steps, language)}"))
    told.append((_("Tokens"), wording.whole(story.tokens, language)))
    seconds = left_s(story, one.settings)
    if seconds is not None:
        told.append((_("Time left"), wording.duration(round(seconds) * 1000, language)))
    if story.cpu_us:
        told.append((_("Processor time"), wording.duration(story.cpu_us // 1000, language)))
    seen = story.evaluated
    if seen is not None and seen.perplexity is not None:
        value = wording.figures(seen.perplexity, language, digits=3)
        if seen.base_perplexity is not None:
            base = wording.figures(seen.base_perplexity, language, digits=3)
            value = _("{now} (its base: {base})").format(now=value, base=base)
        told.append((_("Perplexity"), value))
    if seen is not None and seen.recited is not None:
        recites = _("{recited} of {of} training passages word for word").format(
            recited=seen.recited, of=seen.recited_of
        )
        told.append((_("Recites"), recites))
    if seen is not None and seen.french is not None and seen.french_of is not None:
        told.append((_("Its French"), words.french(seen.french, seen.french_of, seen.base_french, language)))
    return told
