"""What goes wrong in ``affouage assembly``, in words for whoever types: (what is wrong, what would work) by code."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    # who acts
    "whose": (
        N_("Nobody is named: in whose name is this done?"),
        N_("Add --as NAME, or set AFFOUAGE_KEY to a key of that member with the scope account."),
    ),
    "proof_needed": (
        N_("Acting as {name} takes their own proof: nobody votes for others from the machine."),
        N_(
            "They set AFFOUAGE_KEY or --key-file to a key of theirs with the scope account (made in their account), or "
            "type their password at a terminal."
        ),
    ),
    "key_scope": (
        N_("This key was not given the scope account: it may ask questions, and decide nothing."),
        N_("The member makes one with that scope, in their account."),
    ),
    "key_of_another": (N_("This key is not of {name}."), N_("Use a key of theirs, or leave --as out.")),
    # what was typed
    "assembly_pair": (
        N_("“{text}” is not of the form PATH=VALUE."),
        N_("Write it as ordinary/quorum_percent=40. The places: affouage assembly areas {area}"),
    ),
    "assembly_path": (
        N_("This rule has nothing called {path}."),
        N_("See what it has: affouage assembly areas {area}"),
    ),
    "assembly_value": (N_("{path} cannot be “{text}”."), N_("What may stand there: {expected}")),
    "assembly_nothing": (
        N_("Say what would change."),
        N_("Give PATH=VALUE, or --json-document FILE. The places: affouage assembly areas {area}"),
    ),
    "assembly_said": (N_("A proposal has a title and a reason."), N_('Add --title "…" --reason "…".')),
    "assembly_json": (
        N_("{file} is not a JSON object."),
        N_("Begin with what is printed by: affouage assembly areas AREA --json"),
    ),
    "assembly_file": (N_("{file} cannot be written."), N_("Give another file.")),
    "assembly_days": (N_("The last day comes before the first."), N_("Turn them round.")),
    "assembly_preset": (N_("There is no such preset."), N_("Choose among: {known}.")),
    "assembly_choice": (N_("Say one of the choices of this vote."), N_("Choose among: {known}.")),
    "assembly_grades": (
        N_("Grade each option of this vote, from 0, to reject, to 5, excellent."),
        N_("Write --grade OPTION=GRADE for each of: {options}."),
    ),
    "assembly_grade": (
        N_("“{text}” is not an option of this vote with its grade."),
        N_("Write --grade OPTION=GRADE, from 0 to 5. Options: {options}."),
    ),
}
