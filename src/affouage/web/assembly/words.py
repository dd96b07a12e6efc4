"""The words of the assembly: states, delays, thresholds, mandates, measures, for whoever votes once a year. Pure."""

from __future__ import annotations

from fractions import Fraction

from affouage.assembly.rules.governance import Profile
from affouage.web import format as wording
from affouage.web.language import N_, Language
from affouage.web.machine_words import listed

MS_PER_MIN = 60_000
MIN_PER_HOUR = 60
MIN_PER_DAY = 24 * 60

STATES = {
    "draft": N_("Draft"),
    "support": N_("Looking for support"),
    "deliberation": N_("Under discussion"),
    "frozen": N_("Text settled, vote to come"),
    "voting": N_("Vote open"),
    "no_quorum": N_("Too few voted"),
    "adopted": N_("Adopted, can still be contested"),
    "needs_rebase": N_("To be put right by its author"),
    "scheduled": N_("Adopted, takes effect later"),
    "in_force": N_("In force"),
    "rejected": N_("Rejected"),
    "withdrawn": N_("Withdrawn by its author"),
    "lapsed": N_("Lapsed"),
    "superseded": N_("Replaced since"),
    "repealed": N_("Repealed since"),
}
"""Where a proposal stands."""

STATES_MEAN = {
    "draft": N_("Only its author works on it."),
    "support": N_("It needs other members to sign it before it is discussed."),
    "deliberation": N_("Members give arguments, ask questions and can propose another wording."),
    "frozen": N_("Nothing can be changed any more: the vote opens soon."),
    "voting": N_("Members vote."),
    "no_quorum": N_("The vote had too few voters to count."),
    "adopted": N_("Members have a few days to contest before it takes effect."),
    "needs_rebase": N_("The rule changed meanwhile in the same place."),
    "scheduled": N_("It is decided and waits for its day."),
}
"""The same in a sentence, for those that are still moving."""

_CAUSES = {
    "supported": N_("It has the support it needs: the discussion begins."),
    "no_support": N_("Too few members supported it in time."),
    "time": N_("Nobody touched it for a year."),
    "deliberated": N_("The discussion is over: the text is settled."),
    "contested": N_("Contested by enough members: it goes to the vote once more."),
    "objection": N_("Somebody objects, with a reason: it goes to a vote by majority."),
    "rebased": N_("Put on the rule of today by its author: the text is settled anew."),
    "another_won": N_("Another proposal of the same vote was preferred."),
    "too_few_for_secrecy": N_("Fewer than five ballots: published, they would not be secret. They were destroyed."),
    "no_electors": N_("Nobody could vote on it."),
    "needs_rebase": N_("The rule was changed meanwhile in the same place: its author has to put it right."),
    "tie_rejected": N_("As many for as against: it is rejected."),
    "none_rejected": N_("“None of these” came first: nothing is adopted."),
    "enacted": N_("The time to contest is over: the change is written."),
    "its_day": N_("Its day has come: it applies."),
    "author": N_("Its author withdrew it."),
}

_PASSED = {
    "draft": N_("Written."),
    "support": N_("Submitted: it looks for support."),
    "deliberation": N_("The discussion begins."),
    "frozen": N_("The text is settled."),
    "voting": N_("The vote opens."),
    "no_quorum": N_("Too few voted."),
    "adopted": N_("Adopted by the vote."),
    "needs_rebase": N_("It could not be applied as it stands: its author has to put it right."),
    "scheduled": N_("The change is written and waits for its day."),
    "in_force": N_("It has its effect."),
    "rejected": N_("Rejected by the vote."),
    "withdrawn": N_("Withdrawn."),
    "lapsed": N_("Lapsed."),
    "superseded": N_("Another decision replaced it."),
    "repealed": N_("Another decision took it back."),
}

SCOPES = {
    "moderator": N_("moderator: decides on reports of refused uses"),
    "operator": N_("operator: looks after the machine, the models and the roles"),
    "steward": N_("steward: invites members and closes their accounts"),
    "treasurer": N_("treasurer: proposes the budgets"),
    "emergency": N_("emergencies: may suspend something for a few days"),
    "witness": N_("witness: keeps copies of the public log"),
    "trustee": N_("trustee: holds a part of the key of secret elections"),
    "clerk": N_("clerk: answers the public at the desk"),
}
"""What each mandate is for."""

SCOPES_SHORT = {
    "moderator": N_("Moderator"),
    "operator": N_("Operator"),
    "steward": N_("Steward"),
    "treasurer": N_("Treasurer"),
    "emergency": N_("Emergencies"),
    "witness": N_("Witness of the log"),
    "trustee": N_("Trustee of elections"),
    "clerk": N_("Clerk of the desk"),
}

ENDS = {
    "expired": N_("came to its end"),
    "revoked": N_("revoked by a vote"),
    "resigned": N_("the holder resigned"),
    "left": N_("the holder left"),
    "renewed": N_("a new mandate followed"),
}
"""Why a mandate is over."""

MEASURES = {
    "refuse_model": N_("a model is refused"),
    "local_only": N_("no question leaves the machine of the commons"),
    "no_new_machines": N_("no new machine may join"),
    "no_new_members": N_("nobody may be invited"),
    "lower_limit": N_("a limit of the energy allowance is lowered"),
}
"""Emergency measures."""

LIFTED = {
    "ratified": N_("confirmed by a vote: it became the rule"),
    "rejected": N_("rejected by a vote: it ended at once"),
    "lifted": N_("lifted by who took it"),
}

METHODS = {
    "majority": N_("Vote for or against"),
    "supermajority": N_("Vote for or against, by a larger majority"),
    "consent": N_("Consent: adopted unless somebody objects with a reason"),
    "majority_judgment": N_("One among several: each option gets a grade"),
}

SECRECY = {
    "open": N_("The ballots are open: once the vote is over, members see how each one voted. Nothing shows before."),
    "detached": N_(
        "The ballots are secret: nothing links a ballot to its voter. It therefore cannot be changed once cast. "
        "Keep the receipt: it lets you find your ballot in the published list. You trust the people who look after the "
        "machine not to watch it while you vote."
    ),
    "belenios": N_(
        "The vote is held in Belenios, a system for secret elections that anybody can verify. You vote there with the "
        "link and the code that were sent to you; the result is verified and entered here."
    ),
}

SECRECY_SHORT = {
    "open": N_("Open ballots."),
    "detached": N_("Secret ballots."),
    "belenios": N_("Secret ballots, in Belenios."),
}

OUTCOMES = {
    "adopted": N_("Adopted"),
    "rejected": N_("Rejected"),
    "tie_rejected": N_("Rejected: as many for as against"),
    "none_rejected": N_("Rejected: “none of these” came first"),
    "objection": N_("Not adopted by consent: somebody objects"),
    "no_quorum": N_("Not valid: too few voted"),
    "empty_electorate": N_("Not valid: nobody could vote"),
    "too_few_for_secrecy": N_("Not counted: fewer than five secret ballots"),
}

CHOICES = {
    "for": N_("For"),
    "against": N_("Against"),
    "abstain": N_("Abstain"),
    "consent": N_("I consent"),
    "object": N_("I object"),
    "none": N_("None of these"),
}
"""Of a ballot."""

_SHARES = {
    Fraction(1, 2): N_("half"),
    Fraction(2, 3): N_("two thirds"),
    Fraction(3, 4): N_("three quarters"),
    Fraction(3, 5): N_("three fifths"),
    Fraction(4, 5): N_("four fifths"),
    Fraction(1): N_("all"),
}

_WHY = {
    "ordinary": N_("It is an ordinary decision."),
    "reinforced": N_(
        "It takes more than a simple majority because it takes something away from somebody, or touches what protects "
        "them."
    ),
    "entrenched": N_(
        "It takes the largest majority because it changes how we vote: it is counted by the rule that stands, not by "
        "the new one."
    ),
    "persons": N_("It is about a person: the vote is held as such votes are."),
}


def say(table: dict[str, str], code: str, language: Language) -> str:
    """The word of a code; the code itself where there is none."""
    return language.gettext(table[code]) if code in table else code


def cause(state: str, why: str, language: Language) -> str:
    """What happened when a proposal passed to a state."""
    _ = language.gettext
    kind, _sep, number = why.partition(":")
    if kind == "proposal" and state == "superseded":
        return _("Proposal n° {number} replaced it.").format(number=number)
    if kind == "proposal":
        return _("Proposal n° {number} took it back.").format(number=number)
    if kind in _CAUSES and (state, kind) != ("in_force", "enacted"):
        return _(_CAUSES[kind])
    return say(_PASSED, state, language)


def delay(minutes: int, language: Language) -> str:
    """``7 jours``, ``1 jour et 2 heures``, ``30 minutes``."""
    days, rest = divmod(minutes, MIN_PER_DAY)
    hours, left = divmod(rest, MIN_PER_HOUR)
    say_number = language.ngettext
    parts = (
        (days, say_number("{count} day", "{count} days", days)),
        (hours, say_number("{count} hour", "{count} hours", hours)),
        (left, say_number("{count} minute", "{count} minutes", left)),
    )
    told = [words.format(count=wording.whole(number, language)) for number, words in parts if number]
    return listed(told, language) if told else language.gettext("no time at all")


def left(ms: int, language: Language) -> str:
    """How long is left, in the largest unit that says something: ``encore 3 jours``, ``encore 20 minutes``."""
    _ = language.gettext
    minutes = max(0, ms) // MS_PER_MIN
    if minutes < 1:
        return _("less than a minute left")
    if minutes >= 2 * MIN_PER_DAY:
        minutes -= minutes % MIN_PER_DAY
    elif minutes >= 2 * MIN_PER_HOUR:
        minutes -= minutes % MIN_PER_HOUR
    return _("{time} left").format(time=delay(minutes, language))


def share_name(threshold: str, language: Language) -> str:
    """``2/3`` -> ``deux tiers``; a fraction without a name as it is."""
    try:
        known = _SHARES.get(Fraction(threshold))
    except (ValueError, ZeroDivisionError):
        known = None
    return language.gettext(known) if known else threshold


def majority(profile: Profile, language: Language) -> str:
    """What a vote takes to adopt."""
    _ = language.gettext
    share = share_name(profile.threshold, language)
    if profile.method == "consent":
        return _("Adopted when the vote closes, unless a member objects and says why: then it is voted for or against.")
    if profile.method == "supermajority":
        return _("Adopted if those for are at least {share} of those who say for or against.").format(share=share)
    return _("Adopted if those for are more than {share} of those who say for or against.").format(share=share)


def quorum(percent: int, base: str, language: Language) -> str:
    """How many have to vote."""
    _ = language.gettext
    if percent <= 0:
        return _("Valid whatever the number of voters.")
    sentence = {
        "members": _("Valid if at least {share} of those who may vote do so, abstentions included."),
        "present": _("Valid if at least {share} of those who may vote are present or represented."),
        "expressed": _("Valid if at least {share} of those who may vote do so, abstentions not counted."),
    }[base]
    return sentence.format(share=wording.percent(percent / 100, language))


def second(profile: Profile, language: Language) -> str:
    """What follows when too few voted."""
    _ = language.gettext
    if profile.quorum_percent <= 0:
        return ""
    if profile.second_quorum_percent < 0:
        return _("If too few vote, it is rejected.")
    if profile.second_after_min:
        again = _("If too few vote, a second vote opens {delay} later; {quorum}")
    else:
        again = _("If too few vote, a second vote opens at once; {quorum}")
    told = quorum(profile.second_quorum_percent, profile.quorum_base, language)
    return again.format(delay=delay(profile.second_after_min, language), quorum=told[:1].lower() + told[1:])


def stages(profile: Profile, language: Language) -> tuple[str, ...]:
    """The way of a proposal through its delays."""
    _ = language.gettext
    told = []
    if profile.cosigners:
        signed = language.ngettext(
            "{count} other member has to sign it first.", "{count} other members have to sign it first.",
            profile.cosigners,
        )  # fmt: skip
        told.append(signed.format(count=profile.cosigners))
    steps = (
        (profile.deliberation_min, _("Discussion: {delay}.")),
        (profile.notice_min, _("Then the text is settled, and everybody has {delay} to read it.")),
        (profile.voting_min, _("Vote: {delay}.")),
        (profile.contest_min, _("If adopted, {delay} to contest, then it takes effect.")),
    )
    told += [sentence.format(delay=delay(minutes, language)) for minutes, sentence in steps if minutes]
    return tuple(told)


def decided_by(name: str, profile: Profile, language: Language) -> tuple[str, ...]:
    """By which vote something is decided, and why by that one."""
    told = [
        majority(profile, language),
        say(_WHY, name, language),
        quorum(profile.quorum_percent, profile.quorum_base, language),
        second(profile, language),
        *stages(profile, language),
        language.gettext(SECRECY[profile.secrecy]),
    ]
    return tuple(one for one in told if one)
