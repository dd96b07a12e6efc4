"""A machine in words: how it is, how far it is trusted, what its owner lends and gets for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from affouage.pool.nodes.wire import Policy
from affouage.pool.share_rules import ShareRules
from affouage.pool.station import Trust
from affouage.web import format as wording
from affouage.web.language import N_, Language

Health = Literal["here", "late", "absent", "never", "paused", "hours", "power", "busy", "leaving", "duplicate"]
"""How a machine is now. ``busy``: what it takes is full, or its owner's own requests come first just now; which of the
two is nobody's business."""

KINDS: Mapping[Trust, str] = {
    0: N_("machine of the collective, where the commons itself runs"),
    1: N_("machine of the collective"),
    2: N_("machine of a trusted member"),
    3: N_("machine of a member"),
}

_HEALTH: Mapping[Health, str] = {
    "here": N_("here, it answers"),
    "late": N_("late: nothing was heard of it for some seconds, so nothing new is given to it"),
    "never": N_("never heard of yet"),
    "paused": N_("here, but its owner has paused it: it answers nobody else"),
    "hours": N_("here, but these are not the hours when it is lent"),
    "power": N_("here, but it draws as many watts as its owner allows"),
    "busy": N_("here, but it takes no more questions at this moment"),
    "leaving": N_("stopping: it ends what it began and takes nothing new"),
    "duplicate": N_("shut out: two machines speak under this name, so neither is believed"),
}

CLOSED: Mapping[str, Health] = {
    "": "here",
    "paused": "paused",
    "hours": "hours",
    "power": "power",
    "draining": "leaving",
    "owner": "busy",
}
"""Why a node is closed to others, as it says it, by what is told of it here."""


def health_words(health: Health, since: str, language: Language) -> str:
    """``since``: when it was last heard of, in words; it matters for one that is away."""
    _ = language.gettext
    if health == "absent":
        return _("away: last heard of on {moment}").format(moment=since) if since else _("away")
    return _(_HEALTH[health])


def load_words(used: int, slots: int, language: Language) -> str:
    """``1 place taken of 2``."""
    told = language.ngettext("{used} place taken of {slots}", "{used} places taken of {slots}", used)
    return told.format(used=wording.whole(used, language), slots=wording.whole(slots, language))


def watts_words(watts: float | None, language: Language) -> str:
    """``≈ 45 W``; empty when it is not known: the page says so, and never 0."""
    if watts is None:
        return ""
    if watts < 1:
        return language.gettext("less than {limit}").format(limit=f"1{wording.NO_BREAK}W")
    return f"≈{wording.NO_BREAK}{wording.figures(watts, language)}{wording.NO_BREAK}W"


def joined_words(owner: str, approved_by: str, day: str, language: Language) -> str:
    """``owner``: "" for the collective's; ``approved_by``: "" for the command line; ``day``: in words."""
    _ = language.gettext
    who = approved_by or _("whoever looks after the commons")
    if owner:
        return _("brought by {owner}, approved by {who} on {day}").format(owner=owner, who=who, day=day)
    return _("approved by {who} on {day}").format(who=who, day=day)


def lent_words(policy: Policy, names: Mapping[str, str], language: Language) -> tuple[str, ...]:
    """What the owner lends, a sentence each. ``names``: of the models, by id."""
    _ = language.gettext
    told = []
    if policy.paused:
        told.append(_("Paused: lent to nobody for now."))
    spans = [_("from {start} to {end}").format(start=start, end=end) for start, end in policy.hours]
    told.append(
        _("Lent {spans}, by its own clock.").format(spans=listed(spans, language)) if spans else _("Lent at any hour.")
    )
    if policy.models:
        lent = listed([names.get(one, one) for one in policy.models], language)
        told.append(_("For these models: {models}.").format(models=lent))
    if 0 < policy.max_share_percent < 100:
        share = wording.percent(policy.max_share_percent / 100, language)
        told.append(_("At most {share} of its places at once.").format(share=share))
    if policy.max_share_percent == 0:
        told.append(_("None of its places is lent."))
    if policy.power_cap_w is not None:
        watts = f"{wording.figures(policy.power_cap_w, language, digits=4)}{wording.NO_BREAK}W"
        told.append(_("Nothing new above {watts}.").format(watts=watts))
    if policy.owner_first:
        told.append(_("Its owner’s own questions come first on it."))
    return tuple(told)


def bonus_words(rules: ShareRules, contribution_h: float, language: Language) -> tuple[str, str]:
    """What lending brings its owner now, and how the rule counts it. ``contribution_h``: of all the owner's machines,
    over the days of the rule."""
    _ = language.gettext
    days = language.ngettext("{count} day", "{count} days", rules.contribution_days).format(
        count=rules.contribution_days
    )
    if not rules.contribution_most_percent:
        return _("The rules of this commons give no weight for a machine lent."), ""
    bonus = weight_bonus(rules, contribution_h)
    if bonus:
        now = _("Your questions weigh {times} times as much in the queue; what was lent more than {days} ago is lost.")
        told = now.format(times=times_words(100 + bonus, language), days=days)
    else:
        told = _("Your questions weigh as much as everybody’s: what your machines lent counts for {days}.").format(
            days=days
        )
    full = language.ngettext("{count} hour", "{count} hours", rules.contribution_full_h).format(
        count=rules.contribution_full_h
    )
    most = times_words(100 + rules.contribution_most_percent, language)
    rule = _(
        "It grows with the hours your machines worked for others in the last {days}: {full} bring the most, "
        "{most} times. More hours bring no more, and nothing can be saved up."
    )
    return told, rule.format(days=days, full=full, most=most)


def weight_bonus(rules: ShareRules, contribution_h: float) -> int:
    """Percent added to the weight of who lent for so many hours, as ``share_rules.weight_percent`` adds it."""
    return int(rules.contribution_most_percent * min(1.0, max(0.0, contribution_h) / rules.contribution_full_h))


def times_words(percent: int, language: Language) -> str:
    """``140`` -> ``1,4``."""
    return wording.figures(percent / 100, language, digits=3)


def hours_words(hours: float, language: Language) -> str:
    """``1 h 20 min``; machine time shared out is counted finely, and nothing at all is ``0 h``."""
    return wording.duration(round(hours * 3_600_000), language) if hours else f"0{wording.NO_BREAK}h"


def listed(words: Sequence[str], language: Language) -> str:
    """``a, b et c``."""
    if len(words) < 2:
        return "".join(words)
    return language.gettext("{first} and {last}").format(first=", ".join(words[:-1]), last=words[-1])
