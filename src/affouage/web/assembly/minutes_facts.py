"""What happened in the assembly in a period: the matter of its minutes. How many voted, never who voted what. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from affouage.assembly.decisions.state import AssemblyState, Poll
from affouage.assembly.poll_count import outcome_of
from affouage.web import count_words
from affouage.web.assembly import results, subjects, words
from affouage.web.assembly.names import Names
from affouage.web.assembly.overview import poll_title
from affouage.web.language import Language

Within = Callable[[int | None], bool]


@dataclass(frozen=True)
class Decided:
    """A vote that closed. ``steps``: the count in sentences; ``voters``: how many of the ``electors``."""

    poll: int
    numbers: tuple[int, ...]
    title: str
    about: tuple[str, ...]
    reason: str
    outcome: str
    closed_ms: int
    voters: int | None
    electors: int
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Happening:
    """Something else, at its moment."""

    at_ms: int
    words: str


@dataclass(frozen=True)
class Facts:
    """``proposed``: (number, title); ``in_force``: what began to have effect."""

    votes: tuple[Decided, ...]
    proposed: tuple[tuple[int, str], ...]
    in_force: tuple[Happening, ...]
    mandates: tuple[Happening, ...]
    emergencies: tuple[Happening, ...]

    @property
    def nothing(self) -> bool:
        return not any((self.votes, self.proposed, self.in_force, self.mandates, self.emergencies))


def facts(state: AssemblyState, from_ms: int, until_ms: int, known: Names, language: Language) -> Facts:
    """From ``from_ms`` until before ``until_ms``."""

    def within(at_ms: int | None) -> bool:
        return at_ms is not None and from_ms <= at_ms < until_ms

    closed = sorted((one for one in state.polls.values() if within(one.closed_ms)), key=lambda one: one.closed_ms or 0)
    return Facts(
        votes=tuple(_decided(one, state, known, language) for one in closed),
        proposed=tuple(
            (one.id, subjects.title_of(one, language))
            for one in state.proposals.values()
            if within(_submitted_ms(one.history))
        ),
        in_force=tuple(_in_force(state, within, language)),
        mandates=tuple(_mandates(state, within, known, language)),
        emergencies=tuple(_emergencies(state, within, language)),
    )


def _submitted_ms(history: tuple[tuple[str, int, str], ...]) -> int | None:
    return next((at_ms for state, at_ms, _ in history if state == "support"), None)


def _decided(poll: Poll, state: AssemblyState, known: Names, language: Language) -> Decided:
    assert poll.closed is not None
    outcome = outcome_of(poll.closed.count) if poll.closed.count else None
    labels = results.option_labels(poll, state, language)
    proposals = [state.proposals[number] for number in poll.opened.proposals]
    return Decided(
        poll=poll.id,
        numbers=poll.opened.proposals,
        title=poll_title(poll, state, language),
        about=tuple(subjects.about_words(one.about, state, known, language) for one in proposals),
        reason=proposals[0].reason if len(proposals) == 1 else "",
        outcome=results.result_words(poll, labels, language),
        closed_ms=poll.closed_ms or 0,
        voters=None if outcome is None else outcome.ballots,
        electors=sum(poll.opened.electors.values()),
        steps=() if outcome is None else count_words.sentences(outcome, language, count_words.Names(options=labels)),
    )


def _in_force(state: AssemblyState, within: Within, language: Language) -> list[Happening]:
    told = language.gettext("Proposal n° {number}, “{title}”, has its effect.")
    found = []
    for one in state.proposals.values():
        for name, at_ms, _cause in one.history:
            if name == "in_force" and within(at_ms):
                found.append(Happening(at_ms, told.format(number=one.id, title=subjects.title_of(one, language))))
    return sorted(found, key=lambda one: one.at_ms)


def _mandates(state: AssemblyState, within: Within, known: Names, language: Language) -> list[Happening]:
    _ = language.gettext
    found = []
    for one in state.mandates.values():
        scope = words.say(words.SCOPES_SHORT, one.scope, language)
        if within(one.from_ms):
            found.append(Happening(one.from_ms, _("{name}: {scope}, begins.").format(
                name=known.of(one.member_id), scope=scope)))  # fmt: skip
        if one.ended_ms is not None and within(one.ended_ms):
            why = words.say(words.ENDS, one.why, language)
            found.append(Happening(one.ended_ms, _("{name}: {scope}, ends: {why}.").format(
                name=known.of(one.member_id), scope=scope, why=why)))  # fmt: skip
    return sorted(found, key=lambda one: one.at_ms)


def _emergencies(state: AssemblyState, within: Within, language: Language) -> list[Happening]:
    _ = language.gettext
    found = []
    for number, one in state.emergencies.items():
        what = words.say(words.MEASURES, one.event.measure, language)
        if within(one.event.from_ms):
            told = _("Measure n° {number}: {what}. Reason: {reason}")
            found.append(Happening(one.event.from_ms, told.format(number=number, what=what, reason=one.event.reason)))
        if one.lifted_ms is not None and within(one.lifted_ms):
            why = words.say(words.LIFTED, one.why, language)
            found.append(Happening(one.lifted_ms, _("Measure n° {number}: {why}.").format(number=number, why=why)))
    return sorted(found, key=lambda one: one.at_ms)
