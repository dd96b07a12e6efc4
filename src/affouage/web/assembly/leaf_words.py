"""Entries of the public log in words, by kind. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affouage.web.assembly import words
from affouage.web.assembly.subjects import area_name
from affouage.web.language import N_, Language
from affouage.web.reports_words import outcome_words

KINDS = {
    "log_key": N_("Key of the log"),
    "key_rotated": N_("New key of the log"),
    "log_restarted": N_("Log begun anew"),
    "checkpoint": N_("Checkpoint"),
    "witness": N_("Witness"),
    "witness_fork": N_("Two histories found"),
    "rule": N_("Rule"),
    "ballot": N_("Open ballot"),
    "ledger_day": N_("The ledger of a day"),
    "period_closed": N_("Month closed"),
    "purged": N_("Data deleted"),
    "account_closed": N_("Account closed"),
    "account_link": N_("Link to a new password made"),
    "sensitive_reading": N_("Reading of a sensitive record"),
    "moderation_decision": N_("Decision on a refused use"),
    "moderation_counts": N_("Counts of refused uses"),
    "panel_draw": N_("Panel drawn by lot"),
    "work_heavier": N_("On the agenda: the tool makes work heavier"),
    "desk_stopped": N_("The tool of the desk stopped"),
    "desk_resumed": N_("The tool of the desk started again"),
    "training_receipt": N_("Receipt of a training run"),
    "assembly_founded": N_("Founding"),
    "assembly_drafted": N_("Proposal written"),
    "assembly_submitted": N_("Proposal submitted"),
    "assembly_cosigned": N_("Proposal supported"),
    "assembly_argued": N_("Argument"),
    "assembly_amended": N_("Other wording"),
    "assembly_amendment_answered": N_("Answer to a wording"),
    "assembly_advanced": N_("Proposal goes on"),
    "assembly_rebased": N_("Proposal put right"),
    "assembly_poll_opened": N_("Vote opened"),
    "assembly_poll_closed": N_("Vote counted"),
    "assembly_contested": N_("Adoption contested"),
    "assembly_enacted": N_("Change written"),
    "assembly_mandate_granted": N_("Mandate begins"),
    "assembly_mandate_ended": N_("Mandate ends"),
    "assembly_excluded": N_("Exclusion"),
    "assembly_emergency": N_("Emergency measure"),
    "assembly_emergency_lifted": N_("Emergency measure ends"),
    "assembly_proxy_given": N_("Proxy given"),
    "assembly_proxy_revoked": N_("Proxy revoked"),
    "assembly_standing_set": N_("Standing of a member"),
    "assembly_forgotten": N_("Person erased"),
}


def kind_words(kind: str, language: Language) -> str:
    """The kind of an entry; one that is not known here by its name."""
    return words.say(KINDS, kind, language)


def told(kind: str, public: Mapping[str, Any], language: Language) -> str:
    """What an entry says, in short; "" when its kind says it all. Names of people are in none."""
    _ = language.gettext
    number = public.get("id")
    match kind:
        case "rule":
            sentence = _("“{rule}”, version {version}")
            return sentence.format(rule=area_name(str(public.get("area")), language), version=public.get("version"))
        case "assembly_advanced":
            state = words.say(words.STATES, str(public.get("to")), language)
            return _("Proposal n° {number}: {state}").format(number=number, state=state)
        case "assembly_poll_opened":
            proposals = ", ".join(f"n° {one}" for one in public.get("proposals", ()))
            return _("Vote n° {number} on {proposals}").format(number=number, proposals=proposals)
        case "assembly_poll_closed":
            outcome = words.say(words.OUTCOMES, str(public.get("outcome")), language)
            return _("Vote n° {number}: {outcome}").format(number=number, outcome=outcome)
        case "assembly_enacted":
            sentence = _("Proposal n° {number}: “{rule}”, version {version}")
            rule = area_name(str(public.get("area")), language)
            return sentence.format(number=number, rule=rule, version=public.get("version"))
        case "assembly_emergency":
            return words.say(words.MEASURES, str(public.get("measure")), language)
        case "assembly_emergency_lifted":
            return words.say(words.LIFTED, str(public.get("why")), language)
        case "assembly_mandate_granted":
            return words.say(words.SCOPES_SHORT, str(public.get("scope")), language)
        case "assembly_mandate_ended":
            return words.say(words.ENDS, str(public.get("why")), language)
        case "moderation_decision":
            return outcome_words(str(public.get("outcome")), language)
        case "work_heavier":
            return _("Month {month}").format(month=public.get("month"))
        case "ballot":
            return _("Vote n° {number}").format(number=public.get("poll"))
        case _ if kind.startswith("assembly_") and isinstance(number, int):
            return _("Proposal n° {number}").format(number=number)
        case _:
            return ""
