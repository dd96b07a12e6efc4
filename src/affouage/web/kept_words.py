"""Kinds of data and how many days each is kept, in words. Pure."""

from __future__ import annotations

from affouage.assembly.rules.retention import CLASSES, RetentionRules
from affouage.web.language import N_, Language

NAMES = {
    "conversations": N_("Conversations you choose to keep"),
    "sessions": N_("A session, used or not"),
    "idle_sessions": N_("A session that is not used"),
    "sign_in_attempts": N_("Counts of failed sign-ins, after a quarter of an hour"),
    "invitations": N_("Links that can no longer be used"),
    "reports": N_("Reports of refused uses, once closed"),
    "meter_readings": N_("Energy of each second"),
    "receipt_salts": N_("What lets you check the text of a receipt"),
    "ballots": N_("Who voted what in an open vote, after its closing"),
    "desk": N_("Questions at the desk, with drafts and answers, after the last act"),
}


def kept_words(rules: RetentionRules, language: Language) -> tuple[tuple[str, int], ...]:
    """(kind of data, days), in the order of the rule."""
    return tuple((language.gettext(NAMES[name]), getattr(rules, name)) for name in CLASSES)
