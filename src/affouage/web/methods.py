"""How an energy is known, in one or two plain sentences: by the code of the method, with the facts of that meter. Pure.

The codes are ``footprint.meter.METHODS``. Sentences need facts; where a receipt lacks one, a shorter sentence is told.
"""

from __future__ import annotations

from collections.abc import Mapping

from affouage.web import format as wording
from affouage.web.language import N_, Language

Facts = Mapping[str, str | int | float]

TITLES = {
    "plug": N_("Plug with a meter"),
    "counter": N_("Counter of the machine, read by another program"),
    "hwmon": N_("Power sensor inside the machine"),
    "parts": N_("Counters of the parts, added up"),
    "powercap": N_("Counter of the processor alone"),
    "nvml": N_("Counter of the graphics cards alone"),
    "declared": N_("Declared watts"),
    "half_declared": N_("Declared watts, at full load only"),
    "estimate": N_("Estimate without any sensor"),
}

_SENTENCES = {
    "plug": N_("A plug meters everything the machine takes from the wall, give or take {uncertainty_percent} %."),
    "counter": N_(
        "Another program of the machine counts what the whole machine takes, give or take {uncertainty_percent} %."
    ),
    "hwmon": N_("A power sensor inside the machine ({sensor}) is read, give or take {uncertainty_percent} %."),
    "parts": N_(
        "The parts' own counters are added up, then divided by the efficiency of the power supply "
        "({psu_low} to {psu_high}), which is not measured."
    ),
    "powercap": N_("The processor's own counter is read. The power supply and the rest of the machine are not in it."),
    "nvml": N_("The graphics cards' own counter is read. The power supply and the rest of the machine are not in it."),
    "declared": N_(
        "No sensor. The owner declares {idle_watts} W when the machine does nothing and {full_watts} W at full load; "
        "the load of the processors says where between the two. Give or take {uncertainty_percent} %."
    ),
    "half_declared": N_(
        "No sensor. The owner declares {full_watts} W at full load; {idle_watts} W are assumed when the machine does "
        "nothing; the load of the processors says where between the two."
    ),
    "estimate": N_(
        "No sensor, and nobody declared the watts of this machine. {idle_watts} W are assumed all the time, plus "
        "{watts_per_processor} W for each processor that works for the commons. The truth lies between {spread} times "
        "less and {spread} times more."
    ),
}
"""With every blank filled from the facts."""

_PLAIN = {
    "plug": N_("A plug meters everything the machine takes from the wall. The surest way there is here."),
    "counter": N_("Another program of the machine (IPMI, Slurm) counts what the whole machine takes."),
    "hwmon": N_("A power sensor inside the machine is read. What it covers depends on the machine."),
    "parts": N_(
        "The own counters of processor, memory and cards are added up, with the watts declared for the rest, then "
        "divided by the efficiency of the power supply, which is not measured."
    ),
    "powercap": _SENTENCES["powercap"],
    "nvml": _SENTENCES["nvml"],
    "declared": N_(
        "No sensor: the owner declares the watts of the machine, idle and at full load; the load of the processors "
        "says where between the two."
    ),
    "half_declared": N_(
        "No sensor: the owner declares the watts at full load only; those of the idle machine are assumed."
    ),
    "estimate": N_(
        "No sensor and nothing declared: ordinary watts are assumed. The range is wide on purpose, for nobody knows "
        "better."
    ),
}
"""For a meter that is not here, or a receipt without the facts."""

_PARTS = {
    "processors": N_("processors"),
    "memory": N_("memory"),
    "cards": N_("graphics cards"),
    "base": N_("a declared base"),
    "machine": N_("the whole machine"),
    "sensor": N_("what that sensor covers"),
    "power supply": N_("power supply"),
}


def sentence(code: str, facts: Facts, language: Language) -> tuple[str, str]:
    """How an energy was found -> (sentence, its language). A code nobody knows is shown as it is: it was English."""
    if code not in TITLES:
        return code, "en"
    told = _filled(_SENTENCES[code], facts, language) or language.gettext(_PLAIN[code])
    return " ".join(part for part in (told, *_covered(facts, language)) if part), language.code


def plain(code: str, language: Language) -> str:
    """The method in general, whatever the machine."""
    return language.gettext(_PLAIN[code])


def title(code: str, language: Language) -> str:
    return language.gettext(TITLES[code]) if code in TITLES else code


def _covered(facts: Facts, language: Language) -> list[str]:
    _ = language.gettext
    included, left_out = _parts(facts.get("includes"), language), _parts(facts.get("left_out"), language)
    told = [_("Counted: {parts}.").format(parts=included)] if included and facts.get("includes") != "machine" else []
    if facts.get("base_watts"):
        watts = wording.figures(float(facts["base_watts"]), language)
        told.append(_("Declared for the rest of the machine: {watts} W.").format(watts=watts))
    return [*told, _("Not counted: {parts}.").format(parts=left_out)] if left_out else told


def _parts(words: str | int | float | None, language: Language) -> str:
    if not isinstance(words, str):
        return ""
    known = [name for name in _PARTS if name in words]
    return ", ".join(language.gettext(_PARTS[name]) for name in known)


def _filled(text: str, facts: Facts, language: Language) -> str:
    """The sentence with its blanks filled; empty when a fact is missing."""
    told = {
        name: fact if isinstance(fact, str) else wording.figures(fact, language, digits=3)
        for name, fact in facts.items()
    }
    try:
        return language.typeset(language.gettext(text).format_map(told))
    except KeyError:
        return ""
