"""What the desk's pages say, from codes: states, flags, events, why there is no draft. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from affouage.web.explain.words import MASKED
from affouage.web.language import N_, Language

LISTS = (
    ("open", N_("To answer")),
    ("mine", N_("Taken by me")),
    ("to_call", N_("To tell by hand")),
    ("closed", N_("Answered")),
)

STATES = {
    "waiting": N_("waits"),
    "taken": N_("taken by {name}"),
    "closed": N_("answered"),
    "disputed": N_("found wrong: to read again"),
    "retaken": N_("found wrong: read again by {name}"),
}

FLAGS = {
    "personal_data": N_("the question held personal data, which were masked"),
    "unsupported": N_("a sentence of the draft is in no sheet"),
    "old_sheet": N_("a sheet is old or has no date"),
    "out_of_scope": N_("no sheet seems to answer"),
    "quantities": N_("numbers, dates or deadlines to check"),
    "other_language": N_("the question is not in French"),
}

KINDS = {
    "sent_as_is": N_("Draft sent as it was"),
    "sent_edited": N_("Draft sent, mended"),
    "sent_own": N_("Answer written by a person"),
    "referred": N_("Where to turn instead"),
    "refused": N_("Not answered, and why"),
    "corrected": N_("Correction"),
    "maintained": N_("Read again: the answer stands"),
}
"""What left, for who is at the desk."""

PUBLIC_KINDS = {
    **dict.fromkeys(("sent_as_is", "sent_edited", "sent_own"), N_("The answer")),
    "referred": N_("Where to turn"),
    "refused": N_("Why there is no answer"),
    "corrected": N_("Correction: this replaces the answer below"),
    "maintained": N_("Somebody read the answer below again: it stands"),
}

EVENTS = {
    **KINDS,
    "received": N_("Question received"),
    "drafted": N_("Draft made"),
    "not_drafted": N_("No draft made"),
    "complaint": N_("Somebody says that it is wrong"),
    "taken": N_("Taken"),
    "released": N_("Put back"),
    "called": N_("The person was told"),
    "opened": N_("Passage opened"),
    "wrote": N_("Own answer written first"),
    "shown": N_("Draft shown"),
}

DRAFT_STATES = {
    "wanted": N_("The draft is being made."),
    "held_back": N_("Write your own answer first: the draft is shown afterwards."),
    "no_evidence": N_("No draft: nothing was found that may answer. Nothing is made up."),
    "stopped": N_("No draft: the tool is stopped. Answer by hand."),
    "failed": N_("The draft could not be made."),
}


def state(code: str, name: str, language: Language) -> str:
    """``name``: of whoever holds it."""
    return language.gettext(STATES[code]).format(name=name)


def flags(codes: Iterable[str], language: Language) -> tuple[str, ...]:
    return tuple(language.gettext(FLAGS[one]) for one in codes if one in FLAGS)


def kind(code: str, language: Language, *, public: bool) -> str:
    return language.gettext((PUBLIC_KINDS if public else KINDS)[code])


def event(code: str, language: Language) -> str:
    return language.gettext(EVENTS.get(code, code))


def masked(kinds: Iterable[str], language: Language) -> str:
    """One sentence about what was taken out of a question, "" for nothing."""
    _ = language.gettext
    found = [_(MASKED[one]) if one in MASKED else _("something personal") for one in dict.fromkeys(kinds)]
    told = _("The question held {what}: it was masked before anything was kept.")
    return told.format(what=", ".join(found)) if found else ""
