"""What went wrong with a question or a sheet, in words for people. See ``affouage.web.sentences``."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "question_empty": (N_("There is no question yet."), N_("Type it with your own words.")),
    "question_too_long": (
        N_("Your question has {given} characters; {most} at most are read."),
        N_("Keep what you want to know, in a few sentences."),
    ),
    "no_sheets": (N_("There is no such collection of sheets."), N_("See the list of sheets.")),
    "no_sheet": (
        N_("This sheet is not here, or is not for you."),
        N_("It may have been withdrawn. Look for it in the list of sheets."),
    ),
    "no_sheet_page": (N_("This sheet has fewer pages."), N_("Begin with its first page.")),
    "no_evaluation": (N_("There is no such measure."), N_("Open the page of measures: it lists them all.")),
}
