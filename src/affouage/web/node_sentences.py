"""What cannot be done with a machine of members, in words: (what happened, what would work) by code."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "node_not_found": (N_("There is no such machine."), N_("Those there are stand on the page of the machines.")),
    "node_approved": (N_("This machine is approved already."), N_("To shut it out, revoke it.")),
    "node_closed": (
        N_("This machine was refused or revoked: its keys may be anywhere."),
        N_("It can come back by a new invitation."),
    ),
    "node_trust": (
        N_("A member's machine is not the collective's: whoever asks is told whose it is."),
        N_("Choose another confidence, or invite it again as the collective's own."),
    ),
    "node_hours": (N_("An invitation cannot last that long."), N_("Give 1 to 720 hours.")),
    "node_watts": (
        N_("That is not what a machine can draw."),
        N_("Give watts, above 0: the figure stands on the power supply."),
    ),
    "invalid_node_name": (
        N_("This name cannot be a machine's."),
        N_("Give one of 1 to 40 characters that can be seen."),
    ),
    "node_name_taken": (N_("A machine of this commons already has that name."), N_("Choose another name.")),
    "no_pool": (
        N_("This commons has no pool: no machine can join it."),
        N_("Tell an operator."),
    ),
    "pool_extra": (N_("The part of the program for machines together is not installed."), N_("Tell an operator.")),
    # asked of machines
    "node_lost": (
        N_("The machine that was answering was lost on the way."),
        N_("Ask again: another machine will answer, if there is one."),
    ),
    "unknown_reach": (N_("There is no such choice of who may read a question."), N_("Choose one from the list.")),
    "reach_capped": (
        N_("The members decided that questions go no further than that."),
        N_("Choose one of the machines nearer by."),
    ),
}
