"""A count explained step by step, in words for whoever votes once a year. Pure: an outcome in, text out.

Its figures as a table, and all of it as plain text: ``count_table``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from affouage.assembly.tally import GRADES, NONE, Outcome, Step
from affouage.web import format as wording
from affouage.web.language import N_, Language

OUTCOMES = {
    "adopted": N_("Adopted."),
    "rejected": N_("Rejected."),
    "tie_rejected": N_("Tie: not adopted."),
    "none_rejected": N_("“None of these” comes first: nothing is adopted."),
    "objection": N_("There is an objection: it goes to a vote."),
    "no_quorum": N_("The quorum is not reached: nothing is decided."),
    "empty_electorate": N_("Nobody could vote: nothing is decided."),
}

_GRADE_WORDS = (
    N_("to reject"),
    N_("passable"),
    N_("fairly good"),
    N_("good"),
    N_("very good"),
    N_("excellent"),
)
assert len(_GRADE_WORDS) == GRADES

_CHOICES = {
    "for": N_("for"),
    "against": N_("against"),
    "consent": N_("consent"),
    "object": N_("objection"),
}

_PARTS = {
    "1/2": N_("half"),
    "2/3": N_("two thirds"),
    "3/4": N_("three quarters"),
    "3/5": N_("three fifths"),
    "4/5": N_("four fifths"),
    "1/1": N_("the whole"),
}


@dataclass(frozen=True)
class Names:
    """How options and colleges are called, by their ids, and grades, from the worst; what is not said is told as is."""

    options: Mapping[str, str] = field(default_factory=dict)
    colleges: Mapping[str, str] = field(default_factory=dict)
    grades: tuple[str, ...] = ()


def outcome_words(outcome: Outcome, language: Language, names: Names | None = None) -> str:
    """The result in one sentence."""
    if outcome.winner is not None:
        return language.gettext("Adopted: {option}.").format(
            option=Teller(outcome, language, names).option(outcome.winner)
        )
    return language.gettext(OUTCOMES[outcome.outcome])


def grade_words(outcome: Outcome, language: Language, names: Names | None = None) -> tuple[str, ...]:
    """The names of the grades, from the worst to the best; by their numbers when nobody named them."""
    number = len(outcome.merits[0].counts) if outcome.merits else GRADES
    if names is not None and len(names.grades) == number:
        return names.grades
    if number == GRADES:
        return grades(language)
    return tuple(language.gettext("grade {number}").format(number=one + 1) for one in range(number))


def grades(language: Language) -> tuple[str, ...]:
    """The names of the six grades, from the worst to the best."""
    return tuple(language.gettext(word) for word in _GRADE_WORDS)


def sentences(outcome: Outcome, language: Language, names: Names | None = None) -> tuple[str, ...]:
    """The count from who could vote to the result, a sentence for each step. What is not known here is left out."""
    teller = Teller(outcome, language, names)
    told = (teller.tell(step) for step in outcome.steps)
    return tuple(language.typeset(one) for one in told if one)


class Teller:
    """Tells steps of one outcome in one language."""

    def __init__(self, outcome: Outcome, language: Language, names: Names | None) -> None:
        self.outcome = outcome
        self.language = language
        self.names = names or Names()
        self.grades = grade_words(outcome, language, names)

    def tell(self, step: Step) -> str:
        tell: Callable[[Step], str] | None = getattr(self, f"_{step.code}", None)
        return tell(step) if tell else ""

    def option(self, option: str) -> str:
        return self.language.gettext("none of these") if option == NONE else self.names.options.get(option, option)

    def options(self, options: str) -> str:
        return ", ".join(self.option(one) for one in options.split("\n"))

    def college(self, college: str) -> str:
        return self.names.colleges.get(college, college)

    def choice(self, choice: str) -> str:
        return self.language.gettext(_CHOICES[choice]) if choice in _CHOICES else self.option(choice)

    def number(self, step: Step, name: str) -> str:
        return wording.whole(int(step.facts[name]), self.language)

    def share(self, step: Step, name: str = "share", beside: str = "") -> str:
        return percent(Fraction(str(step.facts[name])), self.language, Fraction(beside) if beside else None)

    def part(self, written: str) -> str:
        return self.language.gettext(_PARTS[written]) if written in _PARTS else written

    def _ended(self) -> str:
        words = OUTCOMES[self.outcome.outcome]
        return self.language.gettext(words)

    # -- who voted ---------------------------------------------------------------------------------------------------

    def _electors(self, step: Step) -> str:
        ngettext = self.language.ngettext
        electors, ballots, abstained = (int(step.facts[name]) for name in ("electors", "ballots", "abstained"))
        told = [
            (ngettext("{count} person could vote.", "{count} persons could vote.", electors), electors),
            (ngettext("{count} has voted.", "{count} have voted.", ballots), ballots),
        ]
        if abstained:
            blank = ngettext(
                "{count} of them abstained, or voted blank.", "{count} of them abstained, or voted blank.", abstained
            )
            told.append((blank, abstained))
        return " ".join(words.format(count=wording.whole(number, self.language)) for words, number in told)

    def _empty_electorate(self, step: Step) -> str:
        return self._ended()

    def _no_quorum_asked(self, step: Step) -> str:
        return self.language.gettext("No minimum number of voters was asked for.")

    def _quorum_reached(self, step: Step) -> str:
        return self._quorum(step, self.language.gettext("The quorum is reached."))

    def _quorum_missed(self, step: Step) -> str:
        return self._quorum(step, self.language.gettext("The quorum is not reached."))

    def _quorum(self, step: Step, verdict: str) -> str:
        _ = self.language.gettext
        sentence = {
            "members": _("At least {needed} had to vote, {percent} of those who could; {counted} have."),
            "present": _(
                "At least {needed} had to be present or represented, {percent} of those who could; {counted} were."
            ),
            "expressed": _("At least {needed} had to express a choice, {percent} of those who could; {counted} have."),
        }[str(step.facts["base"])]
        share = percent(Fraction(int(step.facts["percent"]), 100), self.language)
        told = sentence.format(needed=self.number(step, "needed"), counted=self.number(step, "counted"), percent=share)
        return f"{told} {verdict}"

    def _no_quorum(self, step: Step) -> str:
        return self.language.gettext("So the ballots decide nothing, whatever they say.")

    def _nothing_expressed(self, step: Step) -> str:
        return self.language.gettext("Nobody expressed a choice: nothing is adopted.")

    # -- one question ------------------------------------------------------------------------------------------------

    def _college_yes_no(self, step: Step) -> str:
        sentence = self.language.gettext(
            "College {college}: {favour} for, {against} against, so {share} for; it counts for {weight} of the result."
        )
        return sentence.format(
            college=self.college(str(step.facts["college"])),
            favour=self.number(step, "for"),
            against=self.number(step, "against"),
            share=self.share(step),
            weight=self._weight(step),
        )

    def _college(self, step: Step) -> str:
        sentence = self.language.gettext("College {college}: its ballots count together for {weight} of the result.")
        return sentence.format(college=self.college(str(step.facts["college"])), weight=self._weight(step))

    def _weight(self, step: Step) -> str:
        return percent(Fraction(str(step.facts["weight"])) / 100, self.language)

    def _college_silent(self, step: Step) -> str:
        sentence = self.language.gettext(
            "College {college}: nobody there expressed a choice. Its {percent} is shared out among the other colleges."
        )
        share = percent(Fraction(int(step.facts["percent"]), 100), self.language)
        return sentence.format(college=self.college(str(step.facts["college"])), percent=share)

    def _share(self, step: Step) -> str:
        _ = self.language.gettext
        totals, threshold = self.outcome.totals, str(step.facts["threshold"])
        favour, against = (wording.whole(totals[word], self.language) for word in ("for", "against"))
        share = self.share(step, beside=threshold)
        if self.outcome.colleges:
            told = _("All colleges together, weighed: {share} for.").format(share=share)
        else:
            told = _("{favour} for, {against} against: {share} for. Abstentions do not count here.").format(
                favour=favour, against=against, share=share
            )
        needed = (
            _("At least {part} was needed.")
            if step.facts["method"] == "supermajority"
            else _("More than {part} was needed.")
        )
        return f"{told} {needed.format(part=self.part(threshold))}"

    def _tie(self, step: Step) -> str:
        return self.language.gettext("As many for as against: what is not wanted by more is not adopted.")

    def _adopted(self, step: Step) -> str:
        return self.language.gettext("It is adopted.")

    def _rejected(self, step: Step) -> str:
        return self.language.gettext("It is rejected.")

    def _objection(self, step: Step) -> str:
        return self.language.gettext("Somebody objects and says why: it is not adopted by consent, and goes to a vote.")

    def _no_objection(self, step: Step) -> str:
        return self.language.gettext("Nobody objected.")

    # -- one among several -------------------------------------------------------------------------------------------

    def _merit(self, step: Step) -> str:
        _ = self.language.gettext
        sentence = _("{option}: at least half of the voters find it “{grade}” or better.")
        if not step.facts["grade"]:
            sentence = _("{option}: at least half of the voters find it “{grade}”.")
        return sentence.format(
            option=self.option(str(step.facts["option"])), grade=self.grades[int(step.facts["grade"])]
        )

    def _gauge(self, step: Step) -> str:
        sentence = self.language.gettext(
            "{option} and {other} have the same grade. Those who find better or worse than it decide: {better} find "
            "{option} better, {worse} worse; {other_better} find {other} better, {other_worse} worse. So {option} "
            "comes first."
        )
        return self._versus(sentence, step)

    def _medians_removed(self, step: Step) -> str:
        sentence = self.language.gettext(
            "{option} and {other} have the same grade, and as many who find better or worse. The grades further from "
            "the middle decide: {option} comes first."
        )
        return self._versus(sentence, step)

    def _versus(self, sentence: str, step: Step) -> str:
        shares = {name: self.share(step, name) for name in ("better", "worse", "other_better", "other_worse")}
        option, other = (self.option(str(step.facts[name])) for name in ("option", "other"))
        return sentence.format(option=option, other=other, **shares)

    def _score(self, step: Step) -> str:
        option = self.option(str(step.facts["option"]))
        if "votes" not in step.facts:
            return self.language.gettext("{option}: {share}.").format(option=option, share=self.share(step))
        number = int(step.facts["votes"])
        words = self.language.ngettext("{count} vote", "{count} votes", number)
        votes = words.format(count=wording.whole(number, self.language))
        sentence = self.language.gettext("{option}: {votes}, {share}.")
        return sentence.format(option=option, votes=votes, share=self.share(step))

    def _round(self, step: Step) -> str:
        return self.language.gettext("Round {number}:").format(number=self.number(step, "number"))

    def _eliminated(self, step: Step) -> str:
        sentence = self.language.gettext(
            "Fewest first choices, out: {options}. Those ballots pass to their next choice."
        )
        return sentence.format(options=self.options(str(step.facts["options"])))

    def _duel(self, step: Step) -> str:
        sentence = self.language.gettext("{option} rather than {other}: {share} against {other_share}.")
        return self._compared(sentence, step)

    def _duel_even(self, step: Step) -> str:
        return self._compared(self.language.gettext("{option} and {other}: as many prefer the one as the other."), step)

    def _compared(self, sentence: str, step: Step) -> str:
        option, other = (self.option(str(step.facts[name])) for name in ("option", "other"))
        return sentence.format(
            option=option, other=other, share=self.share(step), other_share=self.share(step, "other_share")
        )

    def _beats_all(self, step: Step) -> str:
        sentence = self.language.gettext("{option} is preferred to each of the others.")
        return sentence.format(option=self.option(str(step.facts["option"])))

    def _chains(self, step: Step) -> str:
        return self.language.gettext(
            "None is preferred to each of the others: the strongest chains of preferences from one to another decide."
        )

    def _tie_first(self, step: Step) -> str:
        sentence = self.language.gettext("Nothing tells them apart: {options}. None of them is adopted.")
        return sentence.format(options=self.options(str(step.facts["options"])))

    def _none_first(self, step: Step) -> str:
        return self._ended()

    def _winner(self, step: Step) -> str:
        return self.language.gettext("Adopted: {option}.").format(option=self.option(str(step.facts["option"])))


def percent(share: Fraction, language: Language, beside: Fraction | None = None) -> str:
    """To a tenth of a percent; finer where it would be read as ``beside``, which it is not."""
    digits = 1
    while beside is not None and share != beside and _rounded(share, digits) == _rounded(beside, digits) and digits < 6:
        digits += 1
    tenths = _rounded(share, digits)
    whole, rest = divmod(tenths, 10**digits)
    figures = wording.whole(whole, language)
    if rest:
        mark = "," if language.code == "fr" else "."
        figures += mark + f"{rest:0{digits}d}".rstrip("0")
    return language.typeset(f"{figures} %") if language.code == "fr" else f"{figures}%"


def _rounded(share: Fraction, digits: int) -> int:
    """In units of the last digit of a percentage, halves up."""
    return int(share * 100 * 10**digits + Fraction(1, 2))
