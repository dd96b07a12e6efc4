"""Rules that cannot be applied, in words for whoever sits at the machine: (what is wrong, what would work) by code."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "budget_zero": (
        N_("An allowance of zero would refuse every question without saying when it opens again."),
        N_(
            "To take no questions, close the hours instead: affouage footprint budget hours 0:00 23:59. To have no "
            "limit, remove it."
        ),
    ),
    "budget_amount": (N_("This is no amount for a limit."), N_("Give a number above zero, for instance 2.5.")),
    "budget_factor": (
        N_("A limit in grams cannot be applied here: the carbon of the electricity is not known."),
        N_("Set footprint.country in settings.toml (FRA for France), or give the limit in kWh."),
    ),
    "budget_price": (
        N_("A limit in euros cannot be applied here: the price of a kWh was not told."),
        N_("Set footprint.price_eur_per_kwh in settings.toml, or give the limit in kWh."),
    ),
    "budget_notice": (N_("This notice would come never, or always."), N_("Give a whole number from 1 to 99.")),
    "budget_sober_model": (N_("No sober model is named."), N_("Name one that is installed: --sober-model NAME")),
    "budget_use": (
        N_("This cannot name a use."),
        N_("Small letters, digits, - and _ only, for instance: accessibility, emergency."),
    ),
    "budget_twice": (N_("The same limit is given twice."), N_("Give each limit once.")),
    "budget_key": (
        N_("Only workshops are given limits of their own."),
        N_("Leave the name out: the limit is the same for each."),
    ),
    "budget_nothing": (N_("There is nothing to change."), N_("Examples: affouage footprint budget --help")),
    "budget_no_such_limit": (N_("No limit is called {name}."), N_("Limits in force: {known}.")),
    "hours_time": (N_("{time} is no time of day."), N_("Write it as 23:00 or 6:00 (from 0:00 to 23:59).")),
    "hours_half": (
        N_("Closing hours have a beginning and an end."),
        N_("Give both, for instance 23:00 6:00, or --always-open."),
    ),
    "hours_same": (
        N_("These hours would never open, or never close."),
        N_("Give two different times; to close for good, stop the server."),
    ),
    "share_weight": (
        N_("A weight below 1 % would never be served."),
        N_("Give 1 or more: 100 is the usual weight. To take a name out: NAME=none"),
    ),
    "share_floors": (
        N_("Together, {promised} % of the service would be promised."),
        N_("Promise {most} % at most, so that something is left for everybody else."),
    ),
    "share_amount": (N_("{field} cannot be {value}."), N_("Give a whole number from {least} to {most}.")),
    "share_name": (N_("This cannot name a role, a use or a workshop."), N_("Small letters, digits, - and _ only.")),
    "share_hours_many": (N_("There are too many periods."), N_("Give eight at most.")),
    "share_hours_same": (
        N_("These hours would never begin, or never end."),
        N_("Give two different times, for instance 22:00-06:00; none for no such hours."),
    ),
    "reach_default": (
        N_("What is chosen for everybody cannot be wider than what anybody may choose."),
        N_("From the narrowest: local, collective, trusted, everyone."),
    ),
    "rule_nothing": (N_("There is nothing to change."), N_("Examples: add --help to the command.")),
    "rule_pair": (N_("“{text}” is not NAME=VALUE."), N_("For instance desk=200; desk=none to take it out.")),
    "rule_percent": (N_("“{text}” is no percentage."), N_("Give a whole number: 100 is the usual weight.")),
    "rule_period": (N_("“{text}” is no period of the day."), N_("Write it as 22:00-06:00, or none.")),
    "rule_reach": (N_("“{text}” is no class of who may read."), N_("Choose among: {known}.")),
    "rule_role": (N_("There is no role “{text}”."), N_("Choose among: {known}.")),
    "rule_past": (
        N_("A rule cannot come into force in the past: what was done then stays under the rule of then."),
        N_("Leave --from out, or give a day to come."),
    ),
    "rule_reason": (
        N_("A rule is kept with who decided it and why."),
        N_("Say both, in 1 to 500 characters: they are public."),
    ),
    "rule_no_reason": (N_("A rule is kept with its reason."), N_('Add --reason "…".')),
    "assembly_decides": (
        N_("The members decide now: this rule changes by a vote ({name})."),
        N_("Propose it: affouage assembly propose. What would change: {changes}."),
    ),
    "rule_day": (N_("{day} is no day."), N_("Write it as 2026-12-01.")),
}
