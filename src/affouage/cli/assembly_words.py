"""Proposals, votes and rules in lines for a terminal, and in JSON. Words are those of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from affouage.assembly.area import Area, Field
from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.patches import Patch
from affouage.assembly.decisions.proposal import Proposal
from affouage.assembly.decisions.state import Poll
from affouage.cli.assembly_home import Seat
from affouage.cli.assembly_values import expected_words
from affouage.web import format as wording


def known_names(seat: Seat) -> Any:
    """``web.assembly.names.Names`` of everybody."""
    from affouage.web.assembly.names import Names

    return Names(seat.people, seat.language.gettext("somebody who left"))


def state_words(seat: Seat, one: Proposal) -> str:
    """``Under discussion``."""
    from affouage.web.assembly import words

    return words.say(words.STATES, one.state, seat.language)


def headline(seat: Seat, one: Proposal) -> str:
    """A proposal in a line."""
    said = seat.language.gettext("n° {number}  {title}: {state}")
    return seat.language.typeset(said.format(number=one.id, title=one.title, state=state_words(seat, one)))


def next_words(seat: Seat, one: Proposal) -> str:
    """What comes next and when; "" for what is over."""
    from affouage.web.assembly.steps import following

    rules = seat.charter.in_force("governance").value
    coming = following(one, seat.state, rules, seat.language)
    if coming is None:
        return ""
    if coming.at_ms is None:
        return coming.words
    return seat.language.gettext("{what} ({moment})").format(what=coming.words, moment=seat.moment(coming.at_ms))


def about_words(seat: Seat, one: Proposal) -> str:
    """What it would do, in a sentence."""
    from affouage.web.assembly.subjects import about_words

    return about_words(one.about, seat.state, known_names(seat), seat.language)


def change_lines(seat: Seat, one: Proposal) -> Iterator[str]:
    """Each place that a change of a rule touches: before and after."""
    about = one.about
    if not isinstance(about, ev.RuleChange | ev.Ratification):
        return
    before = seat.db.read_now(lambda c: seat.assembly.on(c).document_of(about.area, about.base_version))
    yield from patch_lines(seat, seat.area(about.area), before, about.patch)


def patch_lines(seat: Seat, area: Area, before: dict[str, Any], patch: Patch) -> Iterator[str]:
    """The same for a patch on a document; an entry that comes or goes is told thing by thing."""
    after = patches.apply(before, patch)
    was, would = dict(patches.lines(before)), dict(patches.lines(after))
    for path in sorted({*was, *would}):
        if was.get(path) != would.get(path) and {} not in (was.get(path), would.get(path)):
            yield place_line(seat, area, path, was.get(path), would.get(path))


def place_line(seat: Seat, area: Area, path: str, before: Any, after: Any) -> str:
    """``Quorum: 50% → 40%  (ordinary/quorum_percent)``."""
    field = area.field_of(path)
    label = label_of(seat, area, path)
    was, would = (value_words(seat, area, field, value) for value in (before, after))
    said = seat.language.gettext("{label}: {before} → {after}  ({path})")
    return seat.language.typeset(said.format(label=label, before=was, after=would, path=path))


def label_of(seat: Seat, area: Area, path: str) -> str:
    from affouage.rulebook import words

    return words.of_path(area, path, seat.language.code)


def value_words(seat: Seat, area: Area, field: Field | None, value: Any) -> str:
    """A value for reading; one that no field describes as JSON."""
    from affouage.web.assembly import field_values
    from affouage.web.assembly.field_words import FieldWords

    if value is None:
        return seat.language.gettext("nothing")
    if field is None or isinstance(value, dict):
        return msgspec.json.encode(value, order="deterministic").decode()
    return field_values.words_of(field, value, FieldWords(seat.language), area.name, seat.language)


def rule_lines(seat: Seat, area: Area, value: Any) -> tuple[str, ...]:
    """What a rule says, in sentences."""
    from affouage.web.assembly.rule_sentences import rule_sentences

    return tuple(rule_sentences(area, value, seat.language))


def field_lines(seat: Seat, area: Area, document: dict[str, Any]) -> Iterator[str]:
    """Each thing of a rule that may be changed: its path, what it takes, what it is now."""
    from affouage.rulebook import words

    now = seat.language.gettext("now: {value}")
    for field in area.fields:
        yield f"{field.path}={expected_words(field)}"
        yield f"    {seat.language.typeset(words.label(area.name, field, seat.language.code))}"
        for path, value in standing(field, document):
            at_path = f"{path}: " if field.open else ""
            told = now.format(value=f"{at_path}{value_words(seat, area, field, value)}")
            yield f"    {seat.language.typeset(told)}"


def standing(field: Field, document: dict[str, Any]) -> list[tuple[str, Any]]:
    """The (path, value) that a document has where a field is."""
    return [(path, value) for path, value in patches.lines(document) if field.covers(path)]


def poll_words(seat: Seat, poll: Poll) -> str:
    """An open vote in a line: what it is on, how to answer, until when, how many have voted."""
    language = seat.language
    titles = ", ".join(f"n° {number} {seat.state.proposals[number].title}" for number in poll.opened.proposals)
    said = language.gettext("vote {number} on {titles}: until {moment}; {voted} of {electors} have voted")
    return language.typeset(
        said.format(
            number=poll.id,
            titles=titles,
            moment=seat.moment(poll.opened.closes_ms),
            voted=wording.whole(seat.run(seat.assembly.turnout(poll.id)), language),
            electors=wording.whole(sum(poll.opened.electors.values()), language),
        )
    )


def open_polls(seat: Seat) -> list[Poll]:
    now_ms = seat.now_ms
    return [one for one in seat.state.polls.values() if one.closed is None and now_ms < one.opened.closes_ms]


# -- JSON ------------------------------------------------------------------------------------------------------------


def proposal_shape(seat: Seat, one: Proposal) -> dict[str, Any]:
    """A proposal as JSON; members by name, moments in ISO 8601."""
    about = msgspec.to_builtins(one.about)
    if "member_id" in about:
        about["member"] = seat.name(about.pop("member_id"))
    return {
        "proposal": one.id,
        "title": one.title,
        "reason": one.reason,
        "author": seat.name(one.author),
        "state": one.state,
        "since": seat.machine_time(one.since_ms),
        "profile": one.profile,
        "about": about,
        "cosigners": [seat.name(member) for member in one.cosigners],
        "poll": one.poll_id,
        "version": one.version,
        "in_force": seat.machine_time(one.in_force_ms),
    }


def whole_shape(seat: Seat, one: Proposal) -> dict[str, Any]:
    """The same with its deliberation and its history."""
    return {
        **proposal_shape(seat, one),
        "arguments": [
            {
                "number": said.number,
                "side": said.side,
                "member": seat.name(said.member_id),
                "text": said.text,
                "answers": said.answers,
            }
            for said in one.arguments
        ],
        "amendments": [
            {
                "number": amended.number,
                "member": seat.name(amended.member_id),
                "reason": amended.reason,
                "patch": amended.patch,
                "accepted": amended.accepted,
            }
            for amended in one.amendments
        ],
        "contests": [{"member": seat.name(member), "reason": reason} for member, reason in one.contests],
        "history": [
            {"state": state, "at": seat.machine_time(at_ms), "cause": cause} for state, at_ms, cause in one.history
        ],
    }


def poll_shape(seat: Seat, poll: Poll) -> dict[str, Any]:
    """A vote as JSON; while it is open nothing of its count."""
    opened, closed = poll.opened, poll.closed
    return {
        "poll": poll.id,
        "proposals": opened.proposals,
        "method": opened.method,
        "options": opened.options,
        "secrecy": opened.secrecy,
        "round": opened.round,
        "opens": seat.machine_time(opened.opens_ms),
        "closes": seat.machine_time(opened.closes_ms),
        "electors": opened.electors,
        "electorate_sha256": opened.electorate_sha256,
        "voted": seat.run(seat.assembly.turnout(poll.id)),
        "closed": seat.machine_time(poll.closed_ms),
        "outcome": None if closed is None else closed.outcome,
        "winner": None if closed is None else closed.winner,
        "count": None if closed is None else closed.count,
        "ballots_sha256": None if closed is None else closed.ballots_sha256,
    }
