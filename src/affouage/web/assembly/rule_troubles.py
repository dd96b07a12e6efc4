"""What the database says of a rule and the public log does not, in words: somebody wrote there by hand. Pure."""

from __future__ import annotations

from affouage.ledger.rule_rows import RuleProblem
from affouage.web.assembly.subjects import area_name
from affouage.web.language import N_, Language

_WHAT = {
    "not_in_log": N_("version {version} is not in the public log"),
    "altered": N_("version {version} is not what the public log says"),
    "removed": N_("version {version} was taken out of the database"),
    "leaf_altered": N_("the entry of version {version} in the public log was changed"),
    "twice": N_("version {version} is there twice"),
    "no_enactment": N_("no vote enacted version {version}"),
    "after_founding": N_("version {version} was written without a vote"),
    "emergency_not_in_log": N_("emergency measure n° {version} is not in the public log"),
    "emergency_not_applicable": N_("emergency measure n° {version} cannot be applied"),
}


def trouble_words(one: RuleProblem, language: Language) -> str:
    """One problem, and whether the rule counts all the same."""
    _ = language.gettext
    what = _(_WHAT[one.what]).format(version=one.version)
    told = _("Somebody may have written in the database. “{rule}”: {what}.").format(
        rule=area_name(one.area, language), what=what
    )
    counts = _("It is applied as the public log has it.") if one.applied else _("It is not applied.")
    return f"{told} {counts}"
