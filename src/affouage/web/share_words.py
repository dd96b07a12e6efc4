"""The rules of sharing in words: whose turn it is, and whose machines may read a question. Pure.

Never who passes before whom: a rule speaks of roles and uses, not of persons.
"""

from __future__ import annotations

from collections.abc import Mapping

from affouage.pool.reach import ConfidentialityRules, number
from affouage.pool.share_rules import ShareRules
from affouage.web import format as wording
from affouage.web.language import N_, Language
from affouage.web.machine_words import listed
from affouage.web.reach import asked_words

_UNITS = {
    "tokens": N_(
        "Passes first who was served least. What is counted is word-pieces: one read counts {read}, one written "
        "{written}, and one the machine had read before counts nothing."
    ),
    "engine_seconds": N_("Passes first who was served least. What is counted is the time the machine worked."),
    "joules": N_("Passes first who was served least. What is counted is the energy that was used."),
}
_ROLES = {"member": N_("members"), "steward": N_("stewards"), "operator": N_("operators"), "commons": N_("the commons")}


def share_sentences(rules: ShareRules, language: Language) -> tuple[str, ...]:
    """Rule area "share"."""
    _ = language.gettext
    told = [_(_UNITS[rules.unit]).format(read=rules.prompt_weight, written=rules.decode_weight)]
    roles = {name: _(words) for name, words in _ROLES.items()}
    uses = {name: _(words) for name, words in wording.USES.items()} | wording.doors(language)
    for percents, names in ((rules.class_percent, roles), (rules.use_percent, uses)):
        if percents:
            said = _("Weight in the queue: {weights}. The usual one is {usual}.")
            told.append(said.format(weights=_shares(percents, names, language), usual=wording.percent(1, language)))
    if rules.floors:
        said = _("Of the service, at least, while they have something waiting: {floors}.")
        told.append(said.format(floors=_shares(rules.floors, uses, language)))
    return (*told, _no_hurry(rules, language), _lending(rules, language))


def confidentiality_sentences(rules: ConfidentialityRules, language: Language) -> tuple[str, ...]:
    """Rule area "confidentiality"."""
    _ = language.gettext
    usual = _("When nothing is chosen, a question may be read by {machines}.")
    most = _("Nobody may choose more than {machines}.")
    told = [usual.format(machines=asked_words(rules.default, language))]
    if rules.most == "everyone":
        told.append(_("Whoever asks may choose fewer machines, or more: up to those of any member."))
    elif number(rules.most) == 0:
        told.append(_("No question leaves the machine of the commons."))
    else:
        told.append(most.format(machines=asked_words(rules.most, language)))
    narrower = _("What comes by the workshop {name}: no more than {machines}.")
    told += [
        narrower.format(name=name, machines=asked_words(reach, language))
        for name, reach in sorted(rules.workshops.items())
    ]
    return tuple(told)


def _shares(percents: Mapping[str, int], names: Mapping[str, str], language: Language) -> str:
    """``stewards 150 %, desk 200 %``."""
    return listed(
        [
            f"{names.get(name, name)} {wording.percent(percent / 100, language)}"
            for name, percent in sorted(percents.items())
        ],
        language,
    )


def _no_hurry(rules: ShareRules, language: Language) -> str:
    _ = language.gettext
    latest = language.ngettext("{count} hour", "{count} hours", rules.batch_latest_h).format(count=rules.batch_latest_h)
    if not rules.batch_hours:
        return _("What does not press waits for machines that nobody needs, {latest} at most.").format(latest=latest)
    hours = [_("from {start} to {end}").format(start=start, end=end) for start, end in rules.batch_hours]
    said = _("What does not press waits for machines that nobody needs, or for the hours {hours}; {latest} at most.")
    return said.format(hours=listed(hours, language), latest=latest)


def _lending(rules: ShareRules, language: Language) -> str:
    _ = language.gettext
    if not rules.contribution_most_percent:
        return _("Lending a machine changes nothing to one’s turn.")
    said = _(
        "Who lends a machine weighs more, up to {more} more: all of it from {full} of work for others in the last "
        "{days}. What is older no longer counts."
    )
    full, days = rules.contribution_full_h, rules.contribution_days
    return said.format(
        more=wording.percent(rules.contribution_most_percent / 100, language),
        full=language.ngettext("{count} hour", "{count} hours", full).format(count=full),
        days=language.ngettext("{count} day", "{count} days", days).format(count=days),
    )
