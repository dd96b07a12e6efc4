"""Periods and their closing, in words for whoever sits at the machine: (what is wrong, what would work) by code."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "bad_period": (
        N_("“{period}” is not a period."),
        N_("Write a year (2026), a month (2026-11) or a day (2026-11-22)."),
    ),
    "not_a_month": (
        N_("{period} is not a month: the books are closed month by month."),
        N_("Write a month, for instance 2026-11."),
    ),
    "period_open": (N_("{period} is not over."), N_("A month can be closed from the first day after it.")),
    "period_not_closed": (
        N_("No month of {period} is closed."),
        N_("Close it first: affouage footprint close 2026-11"),
    ),
    "residual": (
        N_("{period} does not close: its parts differ from the meter by {microjoules} microjoules."),
        N_("To see where: affouage audit period {period}"),
    ),
    "closed_otherwise": (
        N_("{period} is closed, with other figures than would be found now ({fields})."),
        N_("What is closed is not rewritten. To see why: affouage audit period {period}"),
    ),
    "bad_bill": (N_("This is not a bill."), N_("Give the kWh of this machine on the bill, more than 0.")),
    "already_restated": (
        N_("{period} was already counted again with the set {set}."),
        N_("It stands in the report of that period."),
    ),
    "restatement_day": (N_("{period} is a day: whole months are counted again."), N_("Write a month or a year.")),
    "country_unset": (
        N_("No country is set, so there are no factors to count with."),
        N_("Set footprint.country in settings.toml (FRA for France)."),
    ),
    "model_size": (
        N_("“{size}” is no size of a model."),
        N_("Give one of {known}, billions of parameters (70), or active/total (41/675)."),
    ),
    "one_form": (N_("--json and --csv are two forms of the same report."), N_("Choose one of them.")),
}
