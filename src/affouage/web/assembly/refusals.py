"""What the assembly refuses, in words: (what happened, what would work) by code. Braces hold the error's facts."""

from __future__ import annotations

from affouage.web.language import N_

_SEE = N_("See the page “The assembly”.")
_STANDS = N_("See where the proposal stands.")
_OUT = N_("This number is out of its bounds.")
_BOUNDS = N_("Give a whole number from {least} to {most}.")
_SHORT_NAME = N_("A short name, in small letters without accents.")

SENTENCES: dict[str, tuple[str, str]] = {
    # founding
    "founded_already": (N_("The assembly was founded already."), N_("Change its rules by a vote.")),
    "not_founded": (N_("The assembly is not founded yet: nobody can vote."), N_("An operator founds it.")),
    # proposals
    "proposal_not_found": (N_("There is no such proposal."), _SEE),
    "unknown_area": (N_("There is no such rule."), _SEE),
    "nothing_changes": (N_("Nothing would change: the rule says this already."), N_("Change at least one thing.")),
    "not_in_force": (N_("Only what is in force can be taken back."), _SEE),
    "repeal_changed_since": (
        N_("The same places were changed again since."),
        N_("Propose the rule you want instead."),
    ),
    "too_many_proposals": (N_("You have as many open proposals as one may have."), N_("Withdraw one first.")),
    "not_a_draft": (N_("This proposal is no draft any more."), N_("Propose another wording, or withdraw it.")),
    "cosigned_already": (N_("You support it already."), _STANDS),
    "enough_said": (N_("Enough has been said on this proposal."), N_("The vote decides.")),
    "too_few_for_secrecy": (
        N_("This is voted on in secret, which takes {fewest} voters at least."),
        N_("Propose first that votes on persons be open (“The votes”), or wait until there are more of you."),
    ),
    "not_amendable": (N_("Only a change of a rule can get another wording."), N_("Propose something else.")),
    "no_amendment": (N_("There is no such wording to answer."), _STANDS),
    "contested_already": (N_("You contest it already."), N_("Others can too.")),
    "not_proposer": (N_("To propose this takes a mandate you do not hold."), N_("Ask who holds it to propose it.")),
    "not_author": (N_("Only its author can do this."), N_("Propose another wording, or something else.")),
    "wrong_state": (N_("It is too late, or too early, for this."), _STANDS),
    "needs_rebase": (
        N_("The rule was changed meanwhile, in the same place."),
        N_("Start again from the rule of today."),
    ),
    "not_confirmed": (N_("This was not confirmed."), N_("Tick the box first.")),
    "invalid_title": (N_("The title is empty or too long."), N_("1 to 120 characters.")),
    "invalid_reason": (N_("The reason is empty or too long."), N_("1 to 2000 characters.")),
    "invalid_text": (N_("The text is empty or too long."), N_("1 to 2000 characters.")),
    "invalid_side": (N_("Say what it is."), N_("An argument for, an argument against, or a question.")),
    "invalid_answers": (N_("There is no such question."), _STANDS),
    "invalid_effective": (
        N_("A rule cannot come into force in the past."),
        N_("Leave the date out, or choose another."),
    ),
    "invalid_patch": (N_("This is the proposal as it stands."), N_("Change at least one thing.")),
    "invalid_amendment": (N_("With this wording nothing would change."), N_("Withdraw the proposal instead.")),
    "invalid_options": (
        N_("The options do not make a choice."),
        N_("From 2 to 12, all different, one a line, at most 120 characters each."),
    ),
    "invalid_days": (N_("This is no length for a mandate."), N_("Give a whole number of days within what is said.")),
    "invalid_mandate": (N_("There is no such mandate now."), _SEE),
    "mandate_over": (N_("That mandate is over."), _SEE),
    # votes
    "poll_not_found": (N_("There is no such vote."), _SEE),
    "poll_open": (N_("The vote is still open."), N_("Its result is shown when it closes.")),
    "poll_closed": (N_("This vote is over."), N_("Its result is on its page.")),
    "not_elector": (
        N_("Those vote, and contest, who were on the roll when the vote opened."),
        N_("You can vote in those that open from now on."),
    ),
    "vote_elsewhere": (N_("This vote is held in Belenios."), N_("Use the link you were sent.")),
    "voted_already": (N_("You have voted already."), N_("A secret ballot cannot be found again to be changed.")),
    "voted_in_person": (N_("That member voted in person."), N_("Their own vote counts.")),
    "no_proxy": (N_("You hold no proxy of that member for this vote."), N_("They can give you one.")),
    "invalid_ballot": (N_("This is no ballot of this vote."), N_("Choose among what is shown.")),
    "too_many_proxies": (N_("That member holds as many proxies as one may hold."), N_("Choose another member.")),
    "invalid_holder": (N_("A proxy is given to another active member."), N_("Choose somebody else.")),
    "invalid_until": (N_("A proxy has an end, within a year."), N_("Choose a day to come.")),
    "bad_days": (N_("These days make no period."), N_("The first before the last, three years apart at most.")),
    # emergencies, mandates
    "not_yours": (N_("Only whoever holds it can do this."), _SEE),
    "no_emergency_mandate": (N_("This takes the mandate for emergencies."), N_("The members give it by a vote.")),
    "emergency_target": (
        N_("An emergency lowers a limit that stands; it neither makes nor raises one."),
        N_("Write it as commons-day-kwh=1, below the limit in force."),
    ),
    "emergency_measure": (N_("There is no such emergency measure."), N_("Choose one of those shown.")),
    "emergency_useless": (N_("The rule says so already."), N_("Nothing has to be suspended.")),
    "emergency_renewal": (
        N_("You took this measure before: it is not renewed without a vote."),
        N_("Propose it as a rule, or ask another holder of the mandate."),
    ),
    # rules that cannot be
    "patch_path": (N_("This change reaches nothing of the rule."), N_("Start again from its form.")),
    "governance_amount": (_OUT, _BOUNDS),
    "governance_threshold": (N_("This is no share of the votes."), N_("Choose from one half to all.")),
    "governance_entrenched": (
        N_("How we vote changes by a reinforced majority only."),
        N_("Keep “reinforced majority” for that kind of vote."),
    ),
    "governance_second": (
        N_("The quorum of a second vote cannot be above that of the first."),
        N_("Lower it, or give −1: no second vote."),
    ),
    "governance_secrecy": (
        N_("An objection is reasoned, so consent is asked openly."),
        N_("Choose open ballots, or another way of counting."),
    ),
    "governance_college": (
        N_("These colleges cannot be: each weighs from 1 to 50 %, and 100 % together."),
        _SHORT_NAME,
    ),
    "retention_days": (
        N_("This cannot be kept so many days."),
        N_("Give a whole number of days from {least} to {most}."),
    ),
    "retention_idle": (
        N_("A sign-in cannot idle for longer than it lasts."),
        N_("Lower the days of those that nobody uses."),
    ),
    "uses_amount": (_OUT, _BOUNDS),
    "uses_many": (N_("The charter has too many lines."), N_("Keep it at 20.")),
    "uses_id": (N_("Two lines have the same name, or one has none that is short."), _SHORT_NAME),
    "uses_workshop": (N_("This names no workshop."), _SHORT_NAME),
    "uses_sentence": (
        N_("A sentence of the charter is empty or too long."),
        N_("In French and in English, at least 10 characters each."),
    ),
    "uses_unseen": (N_("A sentence holds a character that a reader does not see."), N_("Write it again by hand.")),
    "uses_long": (N_("The charter is too long: nobody would read it."), N_("Two minutes of reading: 500 words.")),
    "uses_scale": (N_("A scale of sanctions begins with a warning."), N_("From 1 to 10 steps, the first a warning.")),
    "uses_order": (N_("A scale goes from the mildest to the hardest."), N_("Put its steps in order.")),
    "uses_panel": (N_("A panel of even number may be divided in half."), N_("Choose 3, 5 or 7.")),
    "models_many": (N_("This list names too many models."), N_("Name 200 at most.")),
    "models_twice": (N_("A model is named twice."), N_("Name each one once.")),
    "models_name": (N_("This names no model."), N_("Choose in the list, or give the fingerprint of the file.")),
    "models_unknown": (
        N_("No model of the catalogue is called {name}."),
        N_("See the page of the models, or give the fingerprint of the file."),
    ),
    "models_both": (N_("{name} is admitted and refused."), N_("Keep it in one of the two lists.")),
    "models_guard": (N_("{name} is refused: it cannot be the guard."), N_("Name another guard, or none.")),
    "prefixes_long": (N_("A text has too many characters."), N_("Give 2000 at most.")),
    "prefixes_many": (N_("Too many workshops have a text."), N_("Give 40 at most.")),
    "prefixes_name": (N_("This names no workshop."), _SHORT_NAME),
    "prefixes_shape": (N_("A text is written in an unusual way."), N_("Write it again rather than paste it.")),
    "prefixes_unseen": (
        N_("A text holds a character that a reader does not see."),
        N_("Write it again by hand: a public text hides nothing."),
    ),
    "rule_shape": (N_("The rule could not be read from this form."), N_("Check each field.")),
    "rule_past": (N_("A rule cannot come into force in the past."), N_("Leave the date out, or choose another.")),
    "rule_reason": (N_("A rule is kept with its reason, at most 500 characters."), N_("Shorten it.")),
    "budget_zero": (
        N_("A limit of zero would refuse every question."),
        N_("Give a number above zero; to take no questions, change the opening hours."),
    ),
    "budget_amount": (N_("A limit is a number above zero."), N_("Write it as 2.5 or 2,5.")),
    "budget_factor": (
        N_("A limit in grams cannot be kept here: how much carbon a kWh costs is not known."),
        N_("Give it in kWh, or ask an operator to set the country."),
    ),
    "budget_price": (
        N_("A limit in euros cannot be kept here: the price of a kWh is not known."),
        N_("Give it in kWh, or ask an operator to set the price."),
    ),
    "budget_notice": (N_("The notice would come never, or always."), N_("From 1 to 99 %.")),
    "budget_sober_model": (
        N_("A more sober model is to answer, and none is named."),
        N_("Name one that is installed, or choose to refuse."),
    ),
    "budget_use": (N_("This names no use."), _SHORT_NAME),
    "budget_twice": (N_("The same limit is there twice."), N_("Keep one of the two.")),
    "budget_key": (N_("Only a workshop may have a limit of its own."), N_("Leave its name out.")),
    "budget_no_such_limit": (N_("There is no such limit."), N_("Choose one of those shown.")),
    "hours_time": (N_("This is no time of day."), N_("Write it as 23:00.")),
    "hours_half": (N_("Closing takes a beginning and an end."), N_("Give both hours, or empty both.")),
    "hours_same": (N_("It would never open, or never close."), N_("Give two different hours.")),
    "share_weight": (N_("Under 1 %, somebody would never be served."), N_("Give 1 or more: 100 is the usual weight.")),
    "share_floors": (
        N_("Together these promise {promised} % of the service."),
        N_("Promise {most} % at most: something has to be left for everybody else."),
    ),
    "share_amount": (_OUT, N_("See the bounds that are said.")),
    "share_name": (N_("This names no role, use or workshop."), _SHORT_NAME),
    "share_hours_many": (N_("There are too many spans of hours."), N_("Eight at most.")),
    "share_hours_same": (N_("These hours would never begin, or never end."), N_("Write them as 22:00-06:00.")),
    "reach_default": (
        N_("What is chosen for everybody cannot go further than what anybody may choose."),
        N_("Narrow the first, or widen the second."),
    ),
}
