"""What went wrong with a blind comparison, in words for people. See ``affouage.web.sentences``."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "blind_over": (
        N_("This comparison is over: it is held for half an hour, in memory alone, and for whoever asked."),
        N_("Begin another one."),
    ),
    "blind_one_model": (
        N_("It takes two models, and fewer can answer here."),
        N_("An operator can install another one: see the models."),
    ),
    "blind_not_there": (N_("One of these models cannot answer here."), N_("Choose another one.")),
    "blind_same": (N_("A model cannot be compared with itself."), N_("Choose another second model.")),
    "blind_choice": (N_("Nothing was chosen."), N_("Choose one of the four buttons.")),
    "blind_not_yet": (N_("It is too early for that."), N_("First read both answers, then choose without the names.")),
    "blind_stopped": (N_("An answer was stopped: there is nothing to compare."), N_("Begin again.")),
    "blind_stood_in": (
        N_("The energy allowance had the sober model answer in the place of one of the two."),
        N_("Compare again when the allowance is no longer short: see “La coupe”."),
    ),
    "blind_nothing": (N_("One of the models answered nothing at all."), N_("Ask in other words.")),
}
