"""Runs of training told on the command line: plans, where they are, comparisons."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from affouage.footprint.impact import MICROJOULES_PER_KWH
from affouage.ledger.receipt import Energy, Impacts
from affouage.training.recipe import explained
from affouage.training.runs.asking import Ruled, to_admit
from affouage.training.runs.store import Run
from affouage.training.runs.story import Story, left_s
from affouage.training.settings import RunSettings
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web.language import N_, Language
from affouage.web.training.words import ending, french, kind, state

SETTINGS = {
    "layers": N_("layers"),
    "width": N_("width"),
    "heads": N_("heads"),
    "feed-forward": N_("feed-forward"),
    "vocabulary": N_("vocabulary"),
    "parameters": N_("parameters"),
    "rank": N_("rank"),
    "scale": N_("scale"),
    "context": N_("context"),
    "step": N_("one step"),
    "steps": N_("steps"),
    "learning rate": N_("learning rate"),
}
_WIDTH = 16


def labelled(label: str, words: str, language: Language) -> str:
    return language.typeset(f"{label:<{_WIDTH}} {words}")


def unknown(language: Language) -> str:
    return language.gettext("unknown")


def with_range(told: tuple[str, str]) -> str:
    central, spread = told
    return f"≈ {central} ({spread})"


def hours_words(hours: Interval, language: Language) -> str:
    """``≈ 12 min (de 9 min à 20 min)``."""
    low, central, high = (
        wording.duration(round(one * 3.6e6), language) for one in (hours.low, hours.central, hours.high)
    )
    spread = language.gettext("{low} to {high}").format(low=low, high=high)
    return f"≈ {central} ({spread})"


def bytes_words(interval: Interval, language: Language) -> str:
    low, high = (wording.size(round(one), language) for one in (interval.low, interval.high))
    return language.gettext("{low} to {high}").format(low=low, high=high)


def energy_words(interval_uj: Interval | None, quality: str, language: Language) -> str:
    """``≈ 4,2 Wh (de 1,4 à 13), estimé``."""
    if interval_uj is None:
        return unknown(language)
    qualities = {"measured": N_("measured"), "declared": N_("declared"), "estimated": N_("estimated")}
    said = language.gettext(qualities.get(quality, N_("at least")))
    return f"{with_range(wording.energy(interval_uj, language))}, {said}"


def plan_lines(made: Mapping[str, Any], settings: RunSettings, language: Language) -> Iterator[str]:
    """A plan, before anything starts. ``made``: as ``train plan --json`` prints it."""
    from affouage.training.runs.plan import Plan

    _ = language.gettext
    plan = msgspec.convert(made["plan"], Plan)
    yield language.typeset(
        f"{made['name']} : {kind(settings.kind, language)}" + (f" ({settings.base})" if settings.base else "")
    )
    for line in explained(settings):
        because = f"  ({line.because})" if language.code == "en" else ""  # the sums are told in English alone
        value = _setting_words(line.value, language)
        yield labelled(_(SETTINGS.get(line.name, line.name)), f"{value}{because}", language)
    yield ""
    yield from foreseen_lines(plan, language)
    for one in made["allowance"]:
        yield labelled(_("Allowance"), _allowance_words(one, language), language)
    if made["fits"] is False:
        yield _("This machine has less memory than that: fewer --sequences, a shorter --context or a smaller base.")
    yield ""
    if made["needs_vote"]:
        yield language.typeset(_("A vote is needed (rule {rule}):").format(rule=made["rule"]["rule"]))
        yield f"  {made['how']}"
    else:
        yield language.typeset(_("No vote is needed (rule {rule}).").format(rule=made["rule"]["rule"]))
    yield language.typeset(_("Start it: {command}").format(command=f"affouage train start {made['name']}"))


def _setting_words(value: str, language: Language) -> str:
    """``2, of keys 1``, ``2048 pieces``, ``128 tokens``, ``0.003``: as they are written in this language."""
    _ = language.gettext
    if keyed := re.fullmatch(r"(\d+), of keys (\d+)", value):
        return _("{heads}, of keys {keys}").format(heads=keyed[1], keys=keyed[2])
    if counted := re.fullmatch(r"(\d+)( pieces| tokens|)", value):
        told = {" pieces": _("{count} pieces"), " tokens": _("{count} tokens"), "": "{count}"}[counted[2]]
        return told.format(count=wording.whole(int(counted[1]), language))
    return value.replace(".", ",") if language.code == "fr" else value


def how_words(run: Run, in_force: Ruled, language: Language) -> str:
    """What would admit a run that takes a vote, with the line to type."""
    allowed, line, before = to_admit(run, in_force)
    told = language.gettext(
        "Up to {allowed} kWh takes no vote: plan a smaller run, or have it admitted: {line} (before any: {before})"
    )
    return told.format(allowed=wording.figures(allowed, language), line=line, before=before)


def _allowance_words(one: Mapping[str, Any], language: Language) -> str:
    """A limit that the run counts in: from a part of it on, the run stands still."""
    _ = language.gettext
    limit = one["limit"]
    told = _("at most {percent} % of {amount} {unit} a {span}; near the limit it stands still")
    spans = {"day": _("day"), "month": _("month"), "year": _("year")}
    units = {"kwh": "kWh", "g": "g CO2e", "eur": "€"}
    percent, amount = math.ceil(100 * one["part"]), wording.figures(limit["amount"], language)
    return told.format(percent=percent, amount=amount, unit=units[limit["unit"]], span=spans[limit["span"]])


def foreseen_lines(plan: Any, language: Language) -> Iterator[str]:
    """What it will take, each with its range."""
    _ = language.gettext
    yield labelled(_("Steps"), f"{wording.whole(plan.steps, language)}", language)
    yield labelled(_("Tokens"), f"{wording.whole(plan.tokens, language)}", language)
    trained = _("{trained} of {all} parameters learn").format(
        trained=wording.whole(plan.trained, language), all=wording.whole(plan.parameters, language)
    )
    yield labelled(_("Model"), trained, language)
    speed = _("{tokens} tokens a second here").format(tokens=wording.figures(plan.calibrated.tokens_per_s, language))
    yield labelled(_("Time"), f"{hours_words(plan.hours, language)}, {speed}", language)
    uj = None if plan.kwh is None else plan.kwh.scaled(MICROJOULES_PER_KWH)
    yield labelled(_("Energy"), energy_words(uj, plan.watts.quality, language), language)
    if plan.watts.interval is not None:
        yield labelled(_("Power"), with_range(wording.ratio(plan.watts.interval, "W", language)), language)
    yield from impact_lines(plan.impacts, language)
    yield labelled(
        _("Cost"), unknown(language) if plan.eur is None else with_range(wording.euros(plan.eur, language)), language
    )
    yield labelled(_("Memory"), bytes_words(plan.memory_bytes, language), language)
    yield labelled(_("Disk"), wording.size(plan.disk_bytes, language), language)


def impact_lines(impacts: Impacts, language: Language) -> Iterator[str]:
    _ = language.gettext
    for label, interval, write in (
        (_("Carbon (CO2e)"), impacts.gwp_g, wording.mass),
        (_("Water"), impacts.water_l, wording.volume),
        (_("Minerals (Sb)"), impacts.adpe_g_sb, wording.mass),
    ):
        yield labelled(
            label, unknown(language) if interval is None else with_range(write(interval, language)), language
        )


def run_line(run: Run, story: Story, language: Language) -> str:
    """One line of the list."""
    step = f"{story.step}/{run.settings.steps}" if story.lives else f"0/{run.settings.steps}"
    loss = (
        ""
        if story.best is None
        else language.gettext("held-out {loss}").format(loss=loss_words(story.best[1], language))
    )
    what = kind(run.settings.kind, language)
    return "  ".join(one for one in (f"{run.name:<20}", state(run.state, language), what, step, loss) if one)


def loss_words(loss: float, language: Language) -> str:
    return wording.figures(loss, language, digits=4)


def progress_line(run: Run, story: Story, watts: float | None, aside: bool, language: Language) -> str:
    """``step 120/400  loss 3.21  held-out 3.4 (step 100)  2,100 tokens/s  31 W  2 min left``."""
    _ = language.gettext
    parts = [_("step {step}/{steps}").format(step=story.step, steps=run.settings.steps)]
    if story.train:
        parts.append(_("loss {loss}").format(loss=loss_words(story.train[-1][1], language)))
    if story.held_out:
        step, loss = story.held_out[-1]
        parts.append(_("held-out {loss} (step {step})").format(loss=loss_words(loss, language), step=step))
    if aside:
        parts.append(_("stands still: answers come first"))
    elif story.tokens_per_s:
        parts.append(_("{tokens} tokens/s").format(tokens=wording.figures(story.tokens_per_s, language)))
    if watts is not None:
        parts.append(f"≈ {wording.figures(watts, language)} W")
    seconds = left_s(story, run.settings)
    if seconds is not None:
        parts.append(_("{time} left").format(time=wording.duration(round(seconds) * 1000, language)))
    return language.typeset("  ".join(parts))


def ending_lines(run: Run, language: Language) -> Iterator[str]:
    """Why it is as it is, and what would go on from there."""
    _ = language.gettext
    standing = run.standing
    yield labelled(_("State"), state(run.state, language), language)
    if not standing.told and not standing.reason:
        return
    if language.code == "en":
        yield labelled(_("Why"), standing.told or standing.reason, language)
        if standing.remedy:
            yield labelled(_("What helps"), standing.remedy, language)
        return
    yield labelled(_("Why"), ending(standing.reason, language), language)
    if run.state == "failed":
        text = f"{standing.told} {standing.remedy}".strip()
        yield _("In detail, in English: {text}").format(text=text)


def status_lines(
    run: Run, story: Story, used: Energy, withdrawn: list[str], how: str, language: Language
) -> Iterator[str]:
    _ = language.gettext
    yield language.typeset(f"{run.name} ({run.id}) : {kind(run.settings.kind, language)}")
    yield from ending_lines(run, language)
    if how:
        yield f"  {how}"
    if run.rule:
        yield labelled(_("Rule"), run.rule, language)
    yield labelled(_("Steps"), f"{story.step}/{run.settings.steps}", language)
    if story.tokens:
        yield labelled(_("Tokens"), wording.whole(story.tokens, language), language)
    yield from loss_lines(story, language)
    if story.lives:
        yield labelled(_("Energy"), energy_words(used.interval_uj, used.quality, language), language)
    for member in withdrawn:
        told = _("holds texts that {member} has taken back: build the corpus again, and plan another run")
        yield labelled(_("Consent"), told.format(member=member), language)


def loss_lines(story: Story, language: Language) -> Iterator[str]:
    _ = language.gettext
    if story.train:
        first, last = story.train[0][1], story.train[-1][1]
        told = _("{first} at first, {last} now").format(
            first=loss_words(first, language), last=loss_words(last, language)
        )
        yield labelled(_("Loss"), told, language)
    if story.best is not None:
        told = _("{first} at first, {best} at best (step {step})").format(
            first=loss_words(story.held_out[0][1], language),
            best=loss_words(story.best[1], language),
            step=story.best[0],
        )
        yield labelled(_("Held-out loss"), told, language)
    seen = story.evaluated
    if seen is None:
        return
    if seen.perplexity is not None:
        told = wording.figures(seen.perplexity, language, digits=3)
        if seen.base_perplexity is not None:
            base = wording.figures(seen.base_perplexity, language, digits=3)
            told = _("{now} (its base: {base})").format(now=told, base=base)
        yield labelled(_("Perplexity"), told, language)
    if seen.recited is not None:
        told = _("{recited} of {of} training passages word for word").format(recited=seen.recited, of=seen.recited_of)
        yield labelled(_("Recites"), told, language)
    if seen.french is not None and seen.french_of is not None:
        yield labelled(_("Its French"), french(seen.french, seen.french_of, seen.base_french, language), language)


def compared_lines(rows: list[dict[str, Any]], language: Language) -> Iterator[str]:
    """Two runs side by side, a line for what they differ in and for each figure."""
    left, right = rows
    yield f"{'':<26} {left['name']:>20} {right['name']:>20}"
    for label, key in _COMPARED:
        said = [_figure(one.get(key), key, language) for one in rows]
        yield language.typeset(f"{language.gettext(label):<26} {said[0]:>20} {said[1]:>20}")
    for name in sorted({*left["settings"], *right["settings"]}):
        one, other = left["settings"].get(name), right["settings"].get(name)
        if one != other:
            yield f"{name:<26} {one!s:>20.20} {other!s:>20.20}"


_COMPARED = (
    (N_("State"), "state"),
    (N_("Steps"), "step"),
    (N_("Tokens"), "tokens"),
    (N_("Held-out loss"), "held_out"),
    (N_("Perplexity"), "perplexity"),
    (N_("Recites"), "recited"),
    (N_("Its French"), "french"),
    (N_("Energy"), "energy_uj"),
    (N_("Processor time"), "cpu_us"),
)


def _figure(value: Any, key: str, language: Language) -> str:
    if value is None:
        return "?"
    if key == "state":
        return state(value, language)
    if key == "energy_uj":
        return wording.energy(msgspec.convert(value, Interval), language)[0]
    if key == "cpu_us":
        return wording.duration(value // 1000, language)
    return wording.figures(value, language, digits=4) if isinstance(value, float) else wording.whole(value, language)
