"""The public log in words: what was found of it, and what can go wrong, by code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affouage.web.language import N_, Language

SENTENCES: dict[str, tuple[str, str]] = {
    "log_key_missing": (
        N_("The key of the public log is missing in this home, or it is another one."),
        N_("Put the file journal/key back from a copy. If it is lost: affouage journal restart --reason TEXT"),
    ),
    "log_key_other": (
        N_("The key of this home is not the one of the public log."),
        N_("Put the file journal/key back from a copy. If it is lost: affouage journal restart --reason TEXT"),
    ),
    "log_key_open": (
        N_("Others may read the key of the public log."),
        N_("chmod 600 on the file journal/key; if somebody may have read it: affouage journal rotate-key"),
    ),
    "log_rolled_back": (
        N_("The public log has fewer entries than were signed: it was rolled back."),
        N_("Put back a whole copy of the database. If there is none: affouage journal restart --reason TEXT"),
    ),
    "log_forked": (
        N_("The public log is not the one that was signed: it forked."),
        N_("Keep both copies, and tell the members. See: affouage journal verify"),
    ),
    "log_spoilt": (
        N_("An entry of the public log that names its key was changed: nothing can be signed."),
        N_("Put back a copy of the database. See: affouage journal verify"),
    ),
    "log_sound": (
        N_("The public log holds, and its key is here: it need not start anew."),
        N_("For a new key: affouage journal rotate-key"),
    ),
    "no_such_entry": (N_("The public log has no entry of that number."), N_("See: affouage journal show")),
    "no_such_size": (N_("The public log does not have that many entries."), N_("See: affouage journal show")),
    "key_malformed": (
        N_("This is no key of a log: a part is missing or mistyped."),
        N_("It is printed by: affouage journal show --key"),
    ),
    "note_malformed": (N_("This is no signed checkpoint."), N_("It is printed by: affouage journal checkpoint")),
    "signature_missing": (
        N_("This checkpoint is not signed by the key that was given."),
        N_("Ask whoever keeps that log for its key; if it was changed, its log says so."),
    ),
    "signature_wrong": (N_("The signature of this checkpoint does not hold."), N_("Somebody changed it on the way.")),
    "other_log": (N_("This checkpoint is of another log."), N_("Give the key of that log.")),
    "witness_known": (N_("There is a witness of that name already."), N_("See: affouage journal witness list")),
    "witness_forked": (
        N_("That log FORKED: its key signed two histories."),
        N_("Both signed checkpoints are in our own log: show them to its members."),
    ),
    "witness_rolled_back": (
        N_("That log was ROLLED BACK: it shows fewer entries than it had signed."),
        N_("Ask whoever keeps it. What was seen before stays the measure."),
    ),
    "witness_unreachable": (N_("That log cannot be read at the moment."), N_("Try again later.")),
    "not_cosigned": (
        N_("This is no cosignature of our log by the key that was given."),
        N_("The witness makes it with: affouage journal witness check"),
    ),
}


def told_problems(found: Mapping[str, Any], language: Language) -> str:
    """What ``affouage journal verify`` found."""
    _ = language.gettext
    unknown = _("unknown")
    rows = [
        (_("entries"), unknown if found["entries"] is None else found["entries"]),
        (_("root"), found["root"] or unknown),
        (_("key"), found["key"] or unknown),
        *((_("problem"), problem) for problem in found["problems"]),
    ]
    lines = [f"{name:<22} {value}" for name, value in rows]
    if found["problems"]:
        lines.append(_("The public log does NOT hold. Keep this copy, compare it with others, and tell the members."))
    else:
        lines.append(_("The public log holds."))
    return "\n".join(lines)
