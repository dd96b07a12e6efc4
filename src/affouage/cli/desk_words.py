"""The desk told on the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from affouage.cli.language import zone_here
from affouage.web import format as wording
from affouage.web.desk import words
from affouage.web.language import N_, Language
from affouage.workshops.desk.shapes import Queued, Seen, Sent, Switch, Waiting

QUESTION_WIDTH = 70

COUNTS = {
    "received_public": N_("Questions from the public"),
    "received_clerk": N_("Questions typed at the desk"),
    "drafted": N_("Drafts made by a model"),
    "sent_as_is": N_("Drafts sent as they were"),
    "sent_edited": N_("Drafts sent, mended"),
    "sent_own": N_("Answers written by a person"),
    "referred": N_("Told whom to turn to"),
    "refused": N_("Not answered, with the reason"),
    "quick": N_("Sent in less time than reading takes"),
    "errors_public": N_("Errors told by the public"),
    "errors_clerk": N_("Errors found at the desk"),
    "corrected": N_("Answers corrected"),
    "maintained": N_("Answers read again, that stand"),
}


def queue_line(one: Queued, names: Mapping[str, str], language: Language) -> str:
    _ = language.gettext
    question = " ".join(one.question.split())
    parts = [one.id, _moment(one.created_ms, language), words.state(one.state, _name(one.holder_id, names), language)]
    parts += [_("late")] if one.late else []
    parts += [_("to be told by hand")] if one.to_call else []
    parts += [_("written first, then the draft")] if one.arm == "blind" else []
    return "  ".join([*parts, question if len(question) <= QUESTION_WIDTH else f"{question[: QUESTION_WIDTH - 1]}…"])


def item_lines(seen: Seen, names: Mapping[str, str], language: Language) -> Iterator[str]:
    _ = language.gettext
    one = seen.item
    yield queue_line(one, names, language)
    yield ""
    yield one.question
    for flag in words.flags(one.flags, language):
        yield f"- {flag}"
    if seen.contact:
        yield labelled(_("To call back"), seen.contact, language)
    if seen.found is not None:
        yield ""
        for hit in seen.found.hits:
            yield f"{hit.sheet.title}  {hit.sheet.day or '?'}  {hit.sheet.url}"
    if seen.draft is not None:
        yield ""
        yield labelled(_("Draft"), seen.draft.text, language)
    elif not seen.sent:
        yield _(words.DRAFT_STATES[one.draft_state]) if one.draft_state in words.DRAFT_STATES else _("No draft here.")
    for letter in seen.sent:
        yield ""
        yield from _letter_lines(letter, language)
    yield ""
    for event in seen.events:
        who = f"  {_name(event.actor_id, names)}" if event.actor_id else ""
        yield f"{_moment(event.at_ms, language)}  {words.event(event.kind, language)}{who}"


def _letter_lines(sent: Sent, language: Language) -> Iterator[str]:
    yield f"{_moment(sent.at_ms, language)}  {words.kind(sent.kind, language, public=False)}"
    yield sent.letter.text
    for source in sent.letter.sources:
        yield f"  {source.title}  {source.day or '?'}  {source.url}"


def count_lines(counts: Mapping[str, int], language: Language) -> Iterator[str]:
    for name, label in COUNTS.items():
        yield labelled(language.gettext(label), str(counts[name]), language)


def waiting_line(waiting: Waiting, language: Language) -> str:
    told = language.gettext("Waiting: {waiting}; taken: {taken}; found wrong: {disputed}; late: {late}.")
    return language.typeset(
        told.format(waiting=waiting.waiting, taken=waiting.taken, disputed=waiting.disputed, late=waiting.late)
    )


def switch_line(switch: Switch, names: Mapping[str, str], language: Language) -> str:
    """Who and why only for who is told the ``names``."""
    _ = language.gettext
    if not switch.stopped:
        return _("The tool runs: drafts are made, and read before anything leaves.")
    when = "" if switch.at_ms is None else _moment(switch.at_ms, language)
    told = language.typeset(_("The tool is stopped since {when}: questions are answered by hand.").format(when=when))
    if not names:
        return told
    return f"{told} ({labelled(_name(switch.by, names) or _('the command line'), switch.reason, language)})"


def _name(member_id: str | None, names: Mapping[str, str]) -> str:
    return names.get(member_id or "", "")


def labelled(label: str, value: str, language: Language) -> str:
    return language.typeset(f"{label} :" if language.code == "fr" else f"{label}:") + f" {value}"


def _moment(at_ms: int, language: Language) -> str:
    return wording.moment(at_ms, language, zone_here())
