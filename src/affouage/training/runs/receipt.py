"""The receipt of a run: what was learnt from what, with what, by which rule, and what it took. Pure.

Canonical JSON (RFC 8785), so that anybody computes its hash again; the hash is a leaf of the public log. Nobody is
named in it: who asked is the opaque id of the roll. Unknown is null.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from affouage import __version__
from affouage.footprint.costs import electricity_eur
from affouage.footprint.factors import GridFactors, Site
from affouage.footprint.impact import assess
from affouage.journal import canonical
from affouage.ledger.receipt import Energy, Impacts
from affouage.training.runs.booked import together
from affouage.training.runs.corpora import CorpusFacts
from affouage.training.runs.plan import Plan, Rates, making
from affouage.training.runs.store import Run
from affouage.training.runs.story import Story, thinned
from affouage.units import Interval

VERSION = 1
LEAF = "training_receipt"
BY_PLAN = "training_plan_watts"
"""How the energy is known of what no meter was looking at: processor time x the watts seen at the calibration."""


class Base(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    sha256: str
    licence: str | None = None


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    """``machine``: its name in the books. Bytes; None: the system does not tell."""

    machine: str
    processor: str
    processors: int
    memory_bytes: int | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """All that a receipt is made of. ``booked``: energies of the stretches under the meter, with the processor time of
    the program in them; ``decided``: the facts that name the rule (``rule``, ``proposal``, ``decided_on``)."""

    run: Run
    story: Story
    corpus: CorpusFacts
    base: Base | None
    hardware: Hardware
    decided: dict[str, Any]
    booked: list[tuple[Energy, int]]
    site_counter: Energy | None = None
    grid: GridFactors | None = None
    site: Site | None = None
    rates: Rates = Rates()


def energy(made: Made) -> tuple[Energy, int]:
    """What the run used, and how much processor time of it no meter was looking at.

    A place's own counter stands for the whole job. Otherwise: the stretches in the books, and an estimate for the rest.
    """
    if made.site_counter is not None:
        return made.site_counter, 0
    unseen_us = max(0, made.story.cpu_us - sum(cpu_us for _, cpu_us in made.booked))
    energies = [one for one, _ in made.booked]
    if unseen_us > made.story.cpu_us // 100:  # the last hundredth: between the last look and the end
        energies.append(by_plan(made.run.plan, unseen_us))
    return together(energies), unseen_us


def by_plan(planned: Plan, cpu_us: int) -> Energy:
    """Energy of so much processor time at the power seen at the calibration: estimated, within the meter's range."""
    seen = planned.calibrated
    learning_s = seen.tokens / seen.tokens_per_s if seen.tokens_per_s else 0.0
    if planned.watts.interval is None or not seen.cpu_us or not learning_s:
        return Energy()
    work_us = cpu_us * learning_s * 1e6 / seen.cpu_us  # by the wall: several processors work at once
    interval = planned.watts.interval.scaled(work_us).outwards()
    return Energy(
        interval_uj=interval,
        quality="estimated",
        method=BY_PLAN,
        facts=planned.watts.facts,
        machine_share_us=round(work_us),
    )


def receipt(made: Made) -> dict[str, Any]:
    """The receipt, ready for canonical JSON."""
    run, story, settings = made.run, made.story, made.run.settings
    used, unseen_us = energy(made)
    hours = None if not used.machine_share_us else used.machine_share_us / 3.6e9
    weighs = Impacts() if hours is None else making(made.rates, Interval(hours, hours, hours))
    return _plain(
        {
            "v": VERSION,
            "run": run.id,
            "name": run.name,
            "kind": settings.kind,
            "state": run.state,
            "asked_by": run.member_id,
            "asked_ms": run.created_ms,
            "decided": made.decided,
            "corpus": {
                "name": made.corpus.name,
                "sha256": made.corpus.sha256,
                "manifest_sha256": made.corpus.manifest_sha256,
                "documents": made.corpus.documents,
                "licences": made.corpus.licences,
            },
            "base": made.base,
            "code": {"affouage": __version__, "packages": story.began.packages if story.began else {}},
            "settings": settings,
            "hardware": {
                **msgspec.to_builtins(made.hardware),
                "device": story.began.device if story.began else None,
                "threads": story.began.threads if story.began else None,
            },
            "work": {
                "began_ms": story.first_ms,
                "ended_ms": story.last_ms,
                "lives": story.lives,
                "steps": story.step,
                "tokens": story.tokens,
                "parameters": story.began.parameters if story.began else None,
                "trained": story.began.trained if story.began else None,
                "cpu_us": story.cpu_us,
                "cpu_us_no_meter": unseen_us,
                "end": None if story.end is None else story.end.reason,
            },
            "energy": {**msgspec.to_builtins(used), "stretches": len(made.booked)},
            "impacts": assess(used, made.grid, made.site),
            "making": weighs,
            "money_eur": electricity_eur(used.interval_uj, made.rates.eur_per_kwh),
            "planned": {"hours": run.plan.hours, "kwh": run.plan.kwh, "eur": run.plan.eur, "tokens": run.plan.tokens},
            "curves": {"train": thinned(story.train), "held_out": thinned(story.held_out)},
            "evaluation": _without_time(story.evaluated),
            "out": [{"name": one.name, "bytes": one.bytes, "sha256": one.sha256} for one in story.exported],
        }
    )


def _without_time(evaluated: Any) -> Any:
    if evaluated is None:
        return None
    return {key: said for key, said in msgspec.to_builtins(evaluated).items() if key not in ("at_ms", "type")}


def _plain(value: Any) -> dict[str, Any]:
    """JSON's own types alone; no NaN: a loss that was none is null."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return plain


def written(content: dict[str, Any]) -> tuple[str, str]:
    """(canonical JSON, hexadecimal sha256). Raises canonical.NotCanonical."""
    text = canonical.write(content)
    return text, hashlib.sha256(text.encode()).hexdigest()


def leaf(content: dict[str, Any], sha256: str) -> dict[str, Any]:
    """What the public log says of it: no name of anybody, no word of the corpus."""
    used = content["energy"]["interval_uj"]
    return {
        "run": content["run"],
        "kind": content["kind"],
        "state": content["state"],
        "receipt_sha256": sha256,
        "corpus_sha256": content["corpus"]["sha256"],
        "base_sha256": None if content["base"] is None else content["base"]["sha256"],
        "out_sha256": [one["sha256"] for one in content["out"]],
        "energy_uj": None if used is None else [used["low"], used["central"], used["high"]],
        "rule": content["decided"].get("rule"),
        "proposal": content["decided"].get("proposal"),
    }
