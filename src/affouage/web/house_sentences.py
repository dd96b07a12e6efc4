"""What the rules of the house refuse, in words: (what happened, what would work) by code. ``{rule}``: with its vote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affouage.web.language import N_, Language
from affouage.web.rule_names import rule_named

_AMOUNT = N_("{field} cannot be {value}.")
_BOUNDS = N_("Give a whole number from {least} to {most}.")
_PROPOSE = N_("Any member may propose to change this rule.")

SENTENCES: dict[str, tuple[str, str]] = {
    # rules
    "assembly_decides": (
        N_("The members decide now: this rule changes by a vote."),
        N_("Propose the change on the page “The assembly”."),
    ),
    "rule_path": (N_("This rule has no such part: {path}."), N_("Start again from the form of the rule.")),
    "rule_field": (N_("{path} cannot be that."), N_("What may stand there: {bounds}.")),
    # who is in
    "invite_closed": (N_("Nobody comes in at present: so the members decided ({rule})."), _PROPOSE),
    "invite_role": (
        N_("Your role does not let you invite: so the members decided ({rule})."),
        N_("Ask a steward or an operator of the collective."),
    ),
    "members_full": (N_("The collective has all the members it wants: {most} ({rule})."), _PROPOSE),
    "membership_amount": (_AMOUNT, _BOUNDS),
    "membership_voters": (N_("There is no such role, or it stands there twice."), N_("Choose among the roles shown.")),
    "membership_nobody": (
        N_("An assembly in which members do not vote is none."),
        N_("Keep members among those who vote."),
    ),
    "exclusion_by_vote": (
        N_("Making somebody leave takes a vote, in which they are heard ({rule})."),
        N_("Propose it to the assembly. If they asked to leave, say so."),
    ),
    "excluded_by_vote": (
        N_("The members voted that this person leaves: nobody opens the account again alone."),
        N_("They may come in again by an invitation, as the rule of membership says."),
    ),
    # mandates
    "mandate_by_vote": (
        N_("The members give this mandate and take it back by a vote ({rule})."),
        N_("Propose it to the assembly."),
    ),
    "mandate_not_found": (N_("There is no such mandate."), N_("See who holds one on the page “The assembly”.")),
    "mandates_scope": (N_("There is no such mandate."), N_("Choose one of those shown.")),
    "mandates_voted": (
        N_("Only the roles of steward and of operator are given by a mandate."),
        N_("Choose among the roles shown."),
    ),
    "mandates_amount": (_AMOUNT, _BOUNDS),
    # the desk
    "desk_amount": (_AMOUNT, _BOUNDS),
    # machines
    "enrol_closed": (N_("No machine joins at present: so the members decided ({rule})."), _PROPOSE),
    "machines_full": (N_("A member lends {most} machines at most ({rule})."), N_("Take one back first.")),
    "trust_capped": (
        N_("The members decided how far machines are trusted, and it is no further than that ({rule})."),
        N_("Approve it for fewer questions."),
    ),
    "machines_amount": (_AMOUNT, _BOUNDS),
}


def rule_fact(details: Mapping[str, Any], language: Language) -> str:
    """The rule that an error names, with the vote that decided it; "" for none."""
    if not isinstance(details.get("rule"), str):
        return ""
    return rule_named(
        details["rule"],
        language,
        details.get("decided_on") or "",
        details.get("proposal"),
        details.get("emergency"),
    )
