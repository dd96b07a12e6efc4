"""Another wording of a proposal, by anybody; its change put on the rule of today, by its author. The same form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from affouage.assembly.access import Policy
from affouage.assembly.decisions import patches
from affouage.assembly.decisions.events import RuleChange
from affouage.assembly.decisions.proposal import Proposal
from affouage.assembly.drafting import TEXT_MOST, TITLE_MOST
from affouage.errors import AffouageError, BadRequest, Conflict, NotAllowed
from affouage.web.assembly import change_form
from affouage.web.assembly.change_form import Changing
from affouage.web.assembly.overview import me, number_of
from affouage.web.assembly.propose_pages import ProposeForm, Texts
from affouage.web.door import Door, Visit
from affouage.web.forms import Form
from affouage.web.site import see_other


def open_door(door: Door) -> None:
    door.page("/assembly/proposals/{n}/amend", amend, Policy.MEMBER)
    door.page("/assembly/proposals/{n}/amend", amended, Policy.MEMBER, post=True)
    door.page("/assembly/proposals/{n}/rebase", rebase, Policy.MEMBER)
    door.page("/assembly/proposals/{n}/rebase", rebased, Policy.MEMBER, post=True)


async def _amending(visit: Visit) -> tuple[Proposal, Changing]:
    """From the rule the proposal was written on, with its change made."""
    proposal = await visit.commons.assembly.proposal(number_of(visit.part("n")))
    about = _rule_of(proposal)
    changing = await change_form.starting(visit, about.area, str(about.base_version))
    document = patches.apply(changing.before, about.patch)
    return proposal, Changing(changing.area, changing.base, changing.before, document, changing.now)


async def _rebasing(visit: Visit) -> tuple[Proposal, Changing]:
    """From the rule of today; the author looks at what was wanted, beside it."""
    proposal = await visit.commons.assembly.proposal(number_of(visit.part("n")))
    return proposal, await change_form.starting(visit, _rule_of(proposal).area)


def _rule_of(proposal: Proposal) -> RuleChange:
    if not isinstance(proposal.about, RuleChange):
        raise Conflict("Only a change of a rule can be amended.", remedy="Propose another.", code="not_amendable")
    return proposal.about


async def amend(visit: Visit) -> Response:
    proposal, changing = await _amending(visit)
    return await _shown(visit, "amend", proposal, changing, changing.document, None, "")


async def amended(visit: Visit) -> Response:
    form = await visit.form()
    proposal, changing = await _amending(visit)
    document, problems = change_form.read(visit, changing, form)
    reason = form.one("reason")
    if not reason.strip():
        problems["reason"] = visit.language.gettext("Say why: it helps others to decide.")
    if problems:
        return await _shown(visit, "amend", proposal, changing, document, form, reason, problems)
    try:
        await visit.commons.assembly.amend(me(visit), proposal.id, document, reason)
    except (BadRequest, Conflict, NotAllowed) as refused:
        return await _shown(visit, "amend", proposal, changing, document, form, reason, refused=refused)
    return see_other(f"/assembly/proposals/{proposal.id}?done=amend#amendments")


async def rebase(visit: Visit) -> Response:
    proposal, changing = await _rebasing(visit)
    return await _shown(visit, "rebase", proposal, changing, changing.document, None, "")


async def rebased(visit: Visit) -> Response:
    form = await visit.form()
    proposal, changing = await _rebasing(visit)
    document, problems = change_form.read(visit, changing, form)
    if problems:
        return await _shown(visit, "rebase", proposal, changing, document, form, "", problems)
    try:
        await visit.commons.assembly.rebase(me(visit), proposal.id, document)
    except (BadRequest, Conflict, NotAllowed) as refused:
        return await _shown(visit, "rebase", proposal, changing, document, form, "", refused=refused)
    return see_other(f"/assembly/proposals/{proposal.id}?done=rebase")


async def _shown(
    visit: Visit,
    what: str,
    proposal: Proposal,
    changing: Changing,
    document: dict[str, Any],
    form: Form | None,
    reason: str,
    problems: Mapping[str, str] | None = None,
    refused: AffouageError | None = None,
) -> Response:
    _ = visit.language.gettext
    amending = what == "amend"
    found, trouble = change_form.troubles(visit, changing, problems or {}, refused)
    page = ProposeForm(
        heading=_("Another wording of n° {number}").format(number=proposal.id)
        if amending
        else _("Put n° {number} on the rule of today").format(number=proposal.id),
        about=_(
            "“{title}”. The form begins with the change as it stands; change what you would write otherwise."
        ).format(title=proposal.title)
        if amending
        else _(
            "The rule was changed meanwhile, in the same place. The form begins with the rule of today: make your "
            "change again. It then goes to the vote."
        ),
        back=f"/assembly/proposals/{proposal.id}",
        action=f"/assembly/proposals/{proposal.id}/{what}",
        hidden=(),
        sections=await change_form.sections(visit, changing, document, form, found),
        fields=None,
        asks=("reason",) if amending else (),
        texts=Texts(reason=reason),
        title_most=TITLE_MOST,
        text_most=TEXT_MOST,
        button=_("Send this wording") if amending else _("Put it on the rule of today"),
        problems=found,
        trouble=trouble,
    )
    return visit.site.page(visit.request.scope, page, status=400 if found or trouble else 200)
