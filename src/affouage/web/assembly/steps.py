"""Where a proposal stands, as steps with their dates, and what comes next. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from affouage.assembly.decisions.agenda import MS_PER_DAY, MS_PER_MIN
from affouage.assembly.decisions.events import Ratification
from affouage.assembly.decisions.proposal import Proposal
from affouage.assembly.decisions.state import AssemblyState
from affouage.assembly.rules.governance import GovernanceRules, Profile, profile
from affouage.web.assembly import words
from affouage.web.language import Language


@dataclass(frozen=True)
class Step:
    """Something that happened: the state it led to, in words, and when. ``poll`` 0: no vote was opened by it."""

    name: str
    words: str
    at_ms: int
    poll: int
    now: bool


@dataclass(frozen=True)
class Next:
    """What comes next. ``at_ms`` None: it waits for people, not for a date."""

    words: str
    at_ms: int | None


def steps(one: Proposal, language: Language) -> tuple[Step, ...]:
    """Everything that happened to a proposal, oldest first."""
    passages = list(_telling(one.history))
    last = len(passages) - 1
    return tuple(
        Step(
            name=words.say(words.STATES, state, language),
            words=words.cause(state, cause, language),
            at_ms=at_ms,
            poll=int(cause.removeprefix("poll:")) if cause.startswith("poll:") else 0,
            now=place == last,
        )
        for place, (state, at_ms, cause) in enumerate(passages)
    )


def _telling(history: tuple[tuple[str, int, str], ...]) -> Iterator[tuple[str, int, str]]:
    """Without what was only passed through, in the same moment."""
    for passage, after in zip(history, (*history[1:], None), strict=True):
        if after is None or passage[1] != after[1] or passage[0] not in _PASSED_THROUGH:
            yield passage


_PASSED_THROUGH = ("draft", "support", "scheduled")


def asked_of(one: Proposal, state: AssemblyState, rules: GovernanceRules) -> Profile:
    """What its decision takes: the rule of its last vote, else the rule of now."""
    poll = state.poll_of(one)
    counted = one.state in ("voting", "no_quorum", "adopted", "scheduled", "in_force", "rejected")
    return poll.opened.profile if poll is not None and counted else profile(rules, one.profile)


def following(one: Proposal, state: AssemblyState, rules: GovernanceRules, language: Language) -> Next | None:
    """None for what is over."""
    _ = language.gettext
    asked = asked_of(one, state, rules)
    in_haste = isinstance(one.about, Ratification)
    poll = state.poll_of(one)

    def after(minutes: int) -> int:
        return one.since_ms + (0 if in_haste else minutes) * MS_PER_MIN

    match one.state:
        case "draft":
            return Next(_("Its author submits it when it is ready."), None)
        case "support":
            missing = max(0, asked.cosigners - len(one.cosigners))
            told = language.ngettext(
                "{count} signature is missing; without it the proposal lapses.",
                "{count} signatures are missing; without them the proposal lapses.",
                missing,
            )
            return Next(told.format(count=missing), one.since_ms + rules.support_days * MS_PER_DAY)
        case "deliberation":
            return Next(_("The discussion ends and the text is settled."), after(asked.deliberation_min))
        case "frozen":
            return Next(_("The vote opens."), after(asked.notice_min))
        case "voting" if poll is not None:
            return Next(_("The vote closes and is counted."), poll.opened.closes_ms)
        case "no_quorum" if poll is not None and poll.opened.round == 1 and asked.second_quorum_percent >= 0:
            return Next(_("A second vote opens."), after(asked.second_after_min))
        case "adopted":
            told = language.ngettext(
                "Unless {count} member contests it, it is put in force.",
                "Unless {count} members contest it, it is put in force.",
                rules.contest_members,
            )
            return Next(told.format(count=rules.contest_members), after(asked.contest_min))
        case "needs_rebase":
            return Next(_("Its author puts it right; it then goes to the vote."), None)
        case "scheduled":
            return Next(_("It applies."), one.in_force_ms)
        case _:
            return None
