"""A machine that is lent, in words for its owner: what it lends, does, served. Figures, never content."""

from __future__ import annotations

from typing import Any

from affouage.pool.nodes.node_state import Ended, NodeState, Tally
from affouage.pool.nodes.policy import hours_text
from affouage.pool.nodes.policy_file import KeptPolicy
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web.language import N_, Language

CLOSED: dict[str, str] = {
    "": N_("open to others"),
    "paused": N_("paused: it serves nobody but you"),
    "hours": N_("outside your hours: it serves nobody but you"),
    "power": N_("above your power cap: it serves nobody but you"),
    "owner": N_("your own question waits: nothing new is taken"),
    "draining": N_("stopping: nothing new is taken"),
}

_PROBLEMS: dict[str, str] = {
    "cancelled": N_("nobody wanted it any more"),
    "lease_lost": N_("the commons was not heard any more"),
    "node_stopped": N_("stopped with the machine"),
}
_FAILED = N_("it failed")


def lent_in_words(kept: KeptPolicy, language: Language) -> list[tuple[str, str]]:
    """What is lent: (name, value) by line."""
    policy = kept.policy
    _ = language.gettext
    cap = policy.power_cap_w
    return [
        (_("lent to others"), _("no: paused") if policy.paused else _("yes")),
        (_("you pass first"), _("yes") if policy.owner_first else _("no")),
        (_("hours"), hours_text(policy.hours).replace(",", ", ") or _("at any hour")),
        (
            _("power cap"),
            _("none") if cap is None else f"{wording.figures(cap, language, digits=4)}{wording.NO_BREAK}W",
        ),
        (_("models"), ", ".join(policy.models) or _("all it has")),
        (_("share"), wording.percent(policy.max_share_percent / 100, language)),
        (_("for training"), _("yes") if kept.training else _("no")),
    ]


def lent_shape(kept: KeptPolicy) -> dict[str, Any]:
    """The same for programs."""
    policy = kept.policy
    return {
        "paused": policy.paused,
        "owner_first": policy.owner_first,
        "hours": [list(one) for one in policy.hours],
        "power_cap_w": policy.power_cap_w,
        "models": list(policy.models),
        "max_share_percent": policy.max_share_percent,
        "training": kept.training,
    }


def state_in_words(state: NodeState, language: Language) -> list[tuple[str, str]]:
    _ = language.gettext
    rows = [
        (_("commons"), _("connected") if state.connected else _("cannot be reached: {why}").format(why=state.problem)),
        (_("state"), _(CLOSED[state.closed])),
        (_("answers with"), ", ".join(state.models) or _("no model yet")),
        (_("at work for"), wording.whole(state.running, language)),
        (_("draws now"), _("unknown") if state.watts is None else f"{state.watts:.0f}{wording.NO_BREAK}W"),
        (_("since it started"), served(state.since_start, language)),
    ]
    if state.learning:
        rows.append((_("learns"), _("a run of training of the commons is here")))
    if state.waiting_blocks:
        rows.append((_("readings to send"), wording.whole(state.waiting_blocks, language)))
    return rows


def served(tally: Tally, language: Language) -> str:
    """``12 requests (3 yours), 4 210 word-tokens, 3,2 Wh``."""
    asked = language.ngettext("{n} request", "{n} requests", tally.requests)
    words = language.ngettext("{n} token written", "{n} tokens written", tally.decoded_tokens)
    parts = [asked.format(n=wording.whole(tally.requests, language))]
    if tally.own:
        parts.append(language.gettext("{n} of them yours").format(n=wording.whole(tally.own, language)))
    parts.append(words.format(n=wording.whole(tally.decoded_tokens, language)))
    return ", ".join([*parts, _energy(tally.energy_uj, language)])


def ended_in_words(ended: Ended, language: Language) -> str:
    """A line for a request that was served."""
    _ = language.gettext
    count = ended.decoded_tokens or 0
    words = language.ngettext("{n} token written", "{n} tokens written", count)
    parts = [
        ended.model_id,
        words.format(n=wording.whole(count, language)),
        _("energy unknown") if ended.energy_uj is None else _energy(ended.energy_uj, language),
        wording.duration(max(0, ended.total_ms), language),
    ]
    if ended.own:
        parts.append(_("yours"))
    if ended.problem:
        parts.append(_(_PROBLEMS.get(ended.problem, _FAILED)))
    return ", ".join(parts)


def ended_shape(ended: Ended) -> dict[str, Any]:
    return {
        "event": "served",
        "model": ended.model_id,
        "own": ended.own,
        "problem": ended.problem or None,
        "prompt_tokens": ended.prompt_tokens,
        "decoded_tokens": ended.decoded_tokens,
        "energy_wh": _wh(ended.energy_uj),
        "ms": ended.total_ms,
    }


def state_shape(state: NodeState) -> dict[str, Any]:
    return {
        "connected": state.connected,
        "closed": state.closed or None,
        "running": state.running,
        "watts": state.watts,
        "models": list(state.models),
        "waiting_blocks": state.waiting_blocks,
        "learning": state.learning,
    }


def tally_shape(tally: Tally) -> dict[str, Any]:
    return {
        "requests": tally.requests,
        "own": tally.own,
        "failed": tally.failed,
        "decoded_tokens": tally.decoded_tokens,
        "energy_wh": _wh(tally.energy_uj),
    }


def _wh(energy_uj: int | None) -> float | None:
    return None if energy_uj is None else energy_uj / wording.MICROJOULES_PER_WH


def _energy(energy_uj: int, language: Language) -> str:
    """In the unit that shows it without a row of zeros."""
    return wording.energy(Interval(energy_uj, energy_uj, energy_uj), language)[0]
