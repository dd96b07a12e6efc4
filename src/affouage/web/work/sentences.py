"""What the work ledger refuses, in words. See ``sentences``."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "work_said": (N_("No answer was chosen."), N_("Choose one of the three.")),
    "work_words": (N_("That is {length} characters."), N_("Write {most} at most.")),
    "work_scales": (
        N_("Each of the six takes a whole number from 0 to {most}."),
        N_("Fill in the six, or none of them."),
    ),
    "work_answered": (N_("You have answered already this week."), N_("There is another question next week.")),
    "work_not_worked": (
        N_("This is asked of those who worked with the tool this week."),
        N_("Answer in a week in which you did."),
    ),
    "work_not_asked": (N_("This was not asked of you this week."), N_("Answer when it is.")),
    "work_month": (N_("{period} is not a month."), N_("Write a month, for instance 2026-11.")),
}
