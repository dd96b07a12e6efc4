"""Proposals that change no rule: a mandate given or ended, an exclusion, a choice, a decision taken back."""

from __future__ import annotations

from dataclasses import dataclass

from affouage.assembly.decisions import events as ev
from affouage.assembly.decisions.events import AnySubject
from affouage.assembly.drafting import OPTIONS_MOST, repeal
from affouage.assembly.rules.mandates import SCOPES, days_of
from affouage.errors import BadRequest, NotFound
from affouage.web import format as wording
from affouage.web.assembly import subjects, words
from affouage.web.assembly.names import names
from affouage.web.assembly.overview import number_of
from affouage.web.door import Visit
from affouage.web.forms import Form
from affouage.web.language import Language

KINDS = ("mandate", "revocation", "exclusion", "choice", "repeal")
MEMBERS_LISTED = 300
"""Above, a name is typed rather than chosen in a list."""
_TEXT_MOST = 4000

FIELD_OF = {
    "member_not_found": "member",
    "member_deactivated": "member",
    "mandates_scope": "scope",
    "mandates_amount": "days",
    "mandates_days": "days",
    "invalid_days": "days",
    "invalid_options": "options",
    "invalid_mandate": "all",
}
"""Which field a refusal is about."""


@dataclass(frozen=True)
class SubjectFields:
    """What the form of one kind holds. ``scopes``: (code, words, longest in words); ``members``: names to choose among,
    none: a name is typed; ``about``: what is ended or taken back, in a sentence."""

    kind: str
    of: str
    about: str
    title: str
    member: str
    members: tuple[str, ...]
    scope: str
    scopes: tuple[tuple[str, str, str], ...]
    days: str
    options_text: str

    @property
    def options(self) -> tuple[str, ...]:
        lines = (" ".join(line.split()) for line in self.options_text.splitlines())
        return tuple(line for line in lines if line)


def heading(kind: str, language: Language) -> str:
    _ = language.gettext
    return {
        "mandate": _("Give somebody a mandate"),
        "revocation": _("End a mandate"),
        "exclusion": _("Exclude somebody"),
        "choice": _("Choose one among several"),
        "repeal": _("Take back a decision"),
    }[kind]


async def starting(visit: Visit, kind: str, of: str, form: Form | None = None) -> SubjectFields:
    """The fields as they begin, or as they were typed. Raises NotFound for what there is not."""
    if kind not in KINDS:
        raise NotFound("There is no such kind of proposal.", remedy="Start from the page of proposals.")
    commons, language = visit.commons, visit.language
    known = await names(commons, language)
    about, title = await _taken_back(visit, kind, of)
    rules = commons.charter.in_force("mandates").value
    typed = form or Form(())
    people = tuple(one.name for one in known.active()) if kind in ("mandate", "exclusion") else ()
    return SubjectFields(
        kind=kind,
        of=of if kind in ("revocation", "repeal") else "",
        about=about,
        title=title,
        member=typed.one("member")[:200],
        members=people if len(people) <= MEMBERS_LISTED else (),
        scope=typed.one("scope"),
        scopes=tuple(
            (
                scope,
                words.say(words.SCOPES, scope, language),
                words.delay(days_of(rules, scope) * words.MIN_PER_DAY, language),
            )
            for scope in SCOPES
        ),
        days=typed.one("days")[:20],
        options_text=typed.one("options")[:_TEXT_MOST],
    )


async def _taken_back(visit: Visit, kind: str, of: str) -> tuple[str, str]:
    """(what it is, in a sentence; a title to begin with)."""
    _ = visit.language.gettext
    state = await visit.commons.assembly.state()
    number = number_of(of)
    if kind == "revocation":
        if number not in state.mandates:
            raise NotFound("There is no such mandate.", remedy="See who holds one.", code="mandate_over")
        known = await names(visit.commons, visit.language)
        return subjects.about_words(ev.MandateTaken(mandate=number), state, known, visit.language), ""
    if kind == "repeal":
        one = await visit.commons.assembly.proposal(number)
        told = _("Proposal n° {number}, “{title}”: what it changed would be as before, and nothing else.")
        title = _("Take back n° {number}").format(number=number)
        return told.format(number=number, title=one.title), title
    return "", ""


async def about(visit: Visit, kind: str, fields: SubjectFields) -> AnySubject:
    """The subject itself. Raises NotFound, BadRequest, Conflict, RuleRefused."""
    match kind:
        case "mandate":
            member = await visit.commons.accounts.find(fields.member)
            return ev.MandateGiven(member_id=member.id, scope=fields.scope, days=_days(fields.days))
        case "revocation":
            return ev.MandateTaken(mandate=number_of(fields.of))
        case "exclusion":
            return ev.Exclusion(member_id=(await visit.commons.accounts.find(fields.member)).id)
        case "choice":
            if not 2 <= len(fields.options) <= OPTIONS_MOST or len(set(fields.options)) < len(fields.options):
                raise BadRequest(
                    "A choice is among 2 to 12 different options.",
                    remedy="One a line.",
                    param="options",
                    code="invalid_options",
                )
            return ev.Choice(options=fields.options)
        case _:
            one = await visit.commons.assembly.proposal(number_of(fields.of))
            return await visit.commons.assembly.look(lambda house: repeal(house, one))


def _days(text: str) -> int:
    number = text.strip().replace(wording.NO_BREAK, "")
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 6 and int(number)):
        raise BadRequest(
            "A mandate lasts a whole number of days.", remedy="For instance 365.", param="days", code="invalid_days"
        )
    return int(number)


def carried(fields: SubjectFields) -> tuple[tuple[str, str], ...]:
    """What the preview goes on holding."""
    held = (
        ("of", fields.of),
        ("member", fields.member),
        ("scope", fields.scope),
        ("days", fields.days),
        ("options", fields.options_text),
    )
    return tuple((name, value) for name, value in held if value)
