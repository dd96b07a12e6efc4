"""What a change would have done, in a sentence: every number with what it was counted on. Pure.

The codes and numbers are those of ``affouage.previews``. A number of people below five is told as such, and what is not
known is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from affouage.previews.shapes import FEW, Preview
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web.language import N_, Language
from affouage.web.machine_words import listed

UJ_PER_KWH = 3.6e12

SENTENCES = {
    "no_requests": N_("No question was answered here in the last {days} days: there is nothing to count on."),
    "nothing_changes_now": N_("Nothing of what is here today would change."),
    # energy
    "budget_refused": N_(
        "Questions it would have refused in the last 30 days: {refused} of {requests} (the rule in force: {before}). "
        "Days: {days}. Members: {members}."
    ),
    "budget_sober": N_("Questions that the small model {model} would have answered: {sober} (the rule now: {before})."),
    "budget_busiest_day": N_("The busiest of these days used {kwh}; the limit would be {limit_kwh}."),
    "budget_busiest_month": N_("The busiest of these months used {kwh} until now; the limit would be {limit_kwh}."),
    "budget_assumed": N_("Questions whose energy is not known, counted as much as the others on average: {unknown}."),
    "budget_no_energy": N_("Questions answered: {requests}. The energy of none is known: nothing can be counted."),
    "budget_uncountable": N_("A limit in {unit} cannot be counted here: its factor or its price is not known."),
    "hours_closed": N_(
        "Questions asked in these hours in the last 30 days: {closed} of {requests} (the closed hours of now: "
        "{before}). Members: {members}."
    ),
    "hours_open": N_("The commons would never close. Questions asked in the closed hours of now: {before}."),
    "pot_kept": N_("What keeps the machines on ({kwh} in 30 days) would stay in the common pot."),
    "pot_pro_rata": N_("What keeps the machines on ({kwh} in 30 days) would be borne by each as they use."),
    "pot_equal": N_("What keeps the machines on ({kwh} in 30 days) would be borne alike: {each_kwh} each."),
    "pot_unknown": N_("What keeps the machines on is not known: no meter told it in the last 30 days."),
    # answers
    "models_refused": N_(
        "Questions asked in the last 30 days to models no longer admitted: {refused} of {requests}. Members: {members}."
    ),
    "models_left": N_("Models of this machine that stay admitted: {left} of {installed} ({models})."),
    "models_none_left": N_("None of the models of this machine ({installed}) would be admitted: nothing could answer."),
    "models_more": N_("Admitted besides: {models}."),
    "models_installed_unknown": N_("Which models are here is not known: what remains cannot be told."),
    "reach_further": N_(
        "Questions of the last 30 days that were allowed to go further than “{most}”, or than their workshop allows: "
        "{further} of {requests}. Answered by such a machine: {really}. Members: {members}."
    ),
    "reach_default": N_("Who chooses nothing: “{before}” now, “{after}” then."),
    "reach_wider": N_("Questions could go further than now: “{after}” instead of “{before}”."),
    "reach_unknown": N_("How far the questions of the last 30 days were allowed to go is not known ({requests})."),
    "prefix_length": N_("Text before a question ({language}{workshop}): {before} characters now, {after} then."),
    "prefix_tokens": N_(
        "On the questions of the last {days} days ({requests}), word-pieces more to read, at most: {tokens}; about "
        "{kwh}."
    ),
    "prefix_none_seen": N_("None of the {requests} questions of the last 30 days had such a text before it."),
    # turns, machines
    "share_class": N_("“{name}”: weight {before} now, {after} then. Members: {members}. Their questions: {requests}."),
    "share_use": N_("“{name}”: weight {before} now, {after} then. Members: {members}. Questions: {requests}."),
    "share_floor": N_("“{name}”: promised {before} of the service now, {after} then. Questions: {requests}."),
    "share_contribution": N_("Lending a machine: {before} more weight at most now, {after} then. Owners: {members}."),
    "share_unit": N_("What is counted changes: “{before}” now, “{after}” then."),
    "share_waited": N_("Questions that waited for their turn in the last 30 days: {waited} of {requests}."),
    "machines_invitations": N_("Invitations of machines that could not be used any more: {refused} of {pending}."),
    "machines_unapproved": N_("Machines that wait for approval and would serve without it: {waiting}."),
    "machines_over": N_("Machines beyond {most} for one member: {machines}. Members: {members}."),
    "machines_wider": N_("Machines trusted further than “{most}”: {machines}."),
    # the house
    "retention_deleted": N_("{what}: deleted after {after} instead of {before}. That would delete {deleted} pieces."),
    "retention_owners": N_("Members whose conversations these are: {members}."),
    "retention_longer": N_("{what}: kept {after} instead of {before}."),
    "retention_unknown": N_("{what}: {after} instead of {before}. How much that deletes is not known."),
    "membership_invitations": N_("Invitations that could not be used any more: {refused} of {pending}."),
    "membership_full": N_("There are {members} members for {most} places: nobody new could come in."),
    "membership_places": N_("There are {members} members for {most} places: {places} would be left."),
    "membership_electors": N_("Who could vote today: {after} of {members} members (now: {before})."),
    "membership_exclusion": N_("An account could be closed against somebody’s will without a vote."),
    "mandates_days": N_(
        "Mandate “{scope}”: {after} at most instead of {before}. Mandates of today given for longer, which last until "
        "their end: {longer}."
    ),
    "mandates_voted": N_(
        "The role “{role}” would be given by a vote alone. Who has it today: {members}; by a mandate that was voted: "
        "{held}."
    ),
    "mandates_unvoted": N_("The role “{role}” could be given without a vote."),
    "uses_lines": N_("Lines of the charter: {lines} ({added} new, {removed} gone)."),
    "uses_reports": N_("Reports under the lines that would go: {reports}."),
    "uses_words": N_("The charter ({language}): {after} words instead of {before}, read in {seconds}."),
    "uses_moderators": N_("Seats of moderators: {seats}. Held today: {held}."),
    "uses_scale": N_("Steps of the scale of sanctions: {after} instead of {before}."),
    # the desk
    "desk_clerks": N_("Members who could answer at the desk today: {after} (now: {before})."),
    "desk_blind": N_(
        "Questions written before a draft is seen: {after} % instead of {before} %. Questions in the last 30 days: "
        "{questions}."
    ),
    "desk_hour": N_("Answers of one person in an hour: {after} at most instead of {before}."),
    "desk_opened": N_("Anybody could write to the desk, without an account."),
    "desk_shut": N_("The public could not write to the desk any more; answers that wait could still be picked up."),
    # training
    "training_ask": N_("Members who could ask for a run today: {after} (now: {before})."),
    "training_free": N_("A run could start without a vote up to {after} kWh (now: {before} kWh)."),
    "training_at_once": N_("Runs at the same time: {after} at most instead of {before}."),
    "training_admitted": N_("The run “{run}” could use {kwh} kWh in all."),
    "training_taken_back": N_("The run “{run}” would be admitted no more: at work, it would be stopped."),
    # votes
    "governance_no_votes": N_("No vote is over yet: there is nothing to count again."),
    "governance_recounted": N_(
        "Votes counted again by the new thresholds: {votes}. Ending otherwise: {changed}. Not to be told from their "
        "count: {unknown}."
    ),
    "governance_vote": N_("Proposal n° {proposal}: “{after}” instead of “{before}”."),
    "governance_delay": N_("{profile}: at least {after_min} from the proposal to its effect, instead of {before_min}."),
}

RETENTION = {
    "conversations": N_("Kept conversations"),
    "sessions": N_("Sessions"),
    "idle_sessions": N_("Sessions nobody uses"),
    "sign_in_attempts": N_("Failed sign-ins"),
    "invitations": N_("Links that are over"),
    "reports": N_("Decided reports"),
    "meter_readings": N_("Readings of the meter"),
    "receipt_salts": N_("Proofs of the text of receipts"),
    "ballots": N_("Who voted what, in open votes"),
    "desk": N_("Questions of the desk"),
}
PROFILES = {
    "ordinary": N_("Ordinary decisions"),
    "reinforced": N_("Decisions that take something away"),
    "entrenched": N_("Changing how we vote"),
    "persons": N_("Decisions about persons"),
}
_REACHES = {
    "local": N_("the machine of the commons alone"),
    "collective": N_("the machines of the collective"),
    "trusted": N_("the machines of the collective and of trusted members"),
    "everyone": N_("the machines of the collective and of any member"),
}
_UNITS = {"g": N_("grams"), "eur": N_("euros"), "kwh": "kWh"}
_COUNTED = {"tokens": N_("word-pieces"), "engine_seconds": N_("machine time"), "joules": N_("energy")}
_ROLES = {"member": N_("members"), "steward": N_("stewards"), "operator": N_("operators"), "commons": N_("the commons")}
_OUTCOMES = {
    "adopted": N_("Adopted"),
    "rejected": N_("Rejected"),
    "objection": N_("Not adopted by consent: somebody objects"),
    "no_quorum": N_("Not valid: too few voted"),
}
_SCOPES = {
    "moderator": N_("Moderator"),
    "operator": N_("Operator"),
    "steward": N_("Steward"),
    "treasurer": N_("Treasurer"),
    "emergency": N_("Emergencies"),
    "witness": N_("Witness of the log"),
    "trustee": N_("Trustee of elections"),
    "clerk": N_("Clerk of the desk"),
}
_LANGUAGES = {"fr": N_("in French"), "en": N_("in English")}

Tell = Callable[[Any, Language], str]


def preview_words(one: Preview, language: Language) -> str:
    """A preview in a sentence; a code this version does not know is told as it is, with its numbers."""
    numbers = {name: told(one.code, name, value, language) for name, value in one.numbers.items()}
    if one.code not in SENTENCES:
        return " ".join([one.code, *(f"{name}={value}" for name, value in numbers.items())])
    return language.typeset(language.gettext(SENTENCES[one.code]).format(**numbers))


def told(code: str, name: str, value: Any, language: Language) -> str:
    """One number, or name, of a preview. People below five and what is unknown are words."""
    _ = language.gettext
    if value is None:
        return _("a number that is not told (fewer than 5 people)") if code in _UNTOLD else _("an unknown amount")
    if value == FEW:
        return _("fewer than 5")
    tell = _TELL.get((code, name)) or _TELL.get((_family(code), name)) or _TELL.get(("", name))
    return tell(value, language) if tell is not None else _plain(value, language)


_UNTOLD = {"share_class", "share_use", "share_floor", "uses_reports"}


def _family(code: str) -> str:
    return code.partition("_")[0]


def _plain(value: Any, language: Language) -> str:
    return wording.whole(value, language) if isinstance(value, int) else str(value)


def _kwh(value: float, language: Language) -> str:
    less = value < 0
    size = Interval(*[abs(value) * UJ_PER_KWH] * 3)
    return ("−" if less else "") + wording.energy(size, language)[0]


def _percent(value: int, language: Language) -> str:
    return wording.percent(value / 100, language)


def _days(value: int, language: Language) -> str:
    return language.ngettext("{count} day", "{count} days", value).format(count=wording.whole(value, language))


def _minutes(value: int, language: Language) -> str:
    """``7 jours``, ``1 jour et 2 heures``."""
    days, rest = divmod(value, 24 * 60)
    parts = (
        (days, language.ngettext("{count} day", "{count} days", days)),
        (rest // 60, language.ngettext("{count} hour", "{count} hours", rest // 60)),
        (rest % 60, language.ngettext("{count} minute", "{count} minutes", rest % 60)),
    )
    said = [words.format(count=wording.whole(number, language)) for number, words in parts if number]
    return listed(said, language) if said else language.gettext("no time at all")


def _use(value: str, language: Language) -> str:
    """A declared use, a door, or a workshop by its own name."""
    if value in wording.USES:
        return language.gettext(wording.USES[value])
    return wording.doors(language).get(value, value)


def _word(table: Mapping[str, str]) -> Tell:
    return lambda value, language: language.gettext(table[value]) if value in table else str(value)


_outcome = _word(_OUTCOMES)
_retention = _word(RETENTION)
_reach = _word(_REACHES)
_scope = _word(_SCOPES)

_TELL: dict[tuple[str, str], Tell] = {
    ("", "kwh"): _kwh,
    ("", "limit_kwh"): _kwh,
    ("", "each_kwh"): _kwh,
    ("budget", "unit"): _word(_UNITS),
    ("reach", "most"): _reach,
    ("reach", "before"): _reach,
    ("reach", "after"): _reach,
    ("machines_wider", "most"): _reach,
    ("prefix", "language"): _word(_LANGUAGES),
    ("prefix", "workshop"): lambda value, language: f", {value}" if value else "",
    ("share_class", "name"): _word(_ROLES),
    ("share_use", "name"): _use,
    ("share_floor", "name"): _use,
    ("share", "before"): _percent,
    ("share", "after"): _percent,
    ("share_unit", "before"): _word(_COUNTED),
    ("share_unit", "after"): _word(_COUNTED),
    ("retention", "what"): _retention,
    ("retention", "before"): _days,
    ("retention", "after"): _days,
    ("mandates", "scope"): _scope,
    ("mandates", "role"): _scope,
    ("mandates", "before"): _days,
    ("mandates", "after"): _days,
    ("uses", "language"): _word(_LANGUAGES),
    ("uses", "seconds"): lambda value, language: wording.duration(1000 * value, language),
    ("governance", "profile"): _word(PROFILES),
    ("governance_vote", "before"): _outcome,
    ("governance_vote", "after"): _outcome,
    ("governance", "before_min"): _minutes,
    ("governance", "after_min"): _minutes,
}
"""How a number is written: by code, else by what stands before its first underscore, else anywhere."""
