"""What can go wrong on a machine that is lent, in words, by code."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "node_not_approved": (
        N_("No steward has approved this machine yet."),
        N_("To wait for it: affouage node join"),
    ),
    "lent_hours": (
        N_("These are no hours."),
        N_("Write from-to on the 24-hour clock: 20:00-07:00, or several with commas between."),
    ),
    "lent_models": (
        N_("That is no name of a model."),
        N_("They are all in: affouage models list. Write them with commas between."),
    ),
    "lent_policy": (
        N_("A machine cannot be lent so."),
        N_("Give watts above 0, a share from 0 to 100, hours like 20:00-07:00."),
    ),
    "lent_nothing_said": (
        N_("There is nothing to change."),
        N_("Say what: affouage node set --help"),
    ),
    "lent_file": (
        N_("What this machine keeps of what you lend cannot be understood ({path})."),
        N_("Mend that file, or remove it and set what you lend again: affouage node set"),
    ),
}
