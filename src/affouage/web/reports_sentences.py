"""What reports refuse, in words for people, by the code of the error: see ``sentences``."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "report_receipt": (
        N_("Without an account, a report names the receipt it is about."),
        N_("Copy the number of the receipt: it begins with rcp_."),
    ),
    "reported_receipt": (
        N_("No answer here has that receipt."),
        N_("Copy its number again: it begins with rcp_. Signed in, you may leave it empty."),
    ),
    "report_line": (N_("No line of the charter is chosen."), N_("Choose the one this goes against.")),
    "report_words": (N_("Nothing says what is wrong."), N_("A sentence is enough; {most} characters at most.")),
    "report_content": (
        N_("The text shown is too long."),
        N_("Show only the part that goes against the charter: {most} characters at most."),
    ),
    "report_no_content": (
        N_("You chose to show the text, but there is none."),
        N_("Paste it, or untick the box."),
    ),
    "report_not_found": (
        N_("There is no such report."),
        N_("It may be closed and deleted. Those that concern you are listed under “Reports”."),
    ),
    "report_state": (N_("This can no longer happen to that report."), N_("Reload the page to see where it stands.")),
    "no_mandate": (
        N_("Only members who hold the mandate of moderator may do this."),
        N_("The assembly gives it by a vote; anybody may be proposed."),
    ),
    "judge_and_party": (
        N_("You made this report, or it concerns you: somebody else decides."),
        N_("Leave it to another moderator."),
    ),
    "not_concerned": (
        N_("Only the person concerned may appeal."),
        N_("What concerns you is listed under “Reports”."),
    ),
    "no_seat": (N_("You have no seat on this panel."), N_("Only who was drawn by lot gives an opinion.")),
    "read_first": (
        N_("You have not read this report yet."),
        N_("Say why you read it, read it, then decide."),
    ),
    "opinion_given": (N_("You gave your opinion already."), N_("It cannot be changed.")),
    "opinion_refused": (N_("No opinion is chosen."), N_("Choose one of the two.")),
    "outcome_refused": (
        N_("That cannot be decided here: the voted scale does not go so far."),
        N_("Choose one from the list."),
    ),
    "reason_required": (
        N_("A reason is required."),
        N_("From {least} to {most} characters: say in a sentence or two why."),
    ),
    "reading_reason": (
        N_("Reading what is about somebody demands a reason."),
        N_("From {least} to {most} characters: the person concerned will read it."),
    ),
    "too_many_reports": (N_("Too many reports in a short time."), N_("Try again in {wait}.")),
    "guard_not_admitted": (
        N_("No rule admits this guard model."),
        N_("Members admit one by a vote; it may then flag, never decide."),
    ),
}
