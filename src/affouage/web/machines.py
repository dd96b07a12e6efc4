"""*Les machines*: who answers for this commons, and for each owner what his machine lends, does and brings him."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.assembly.access import Policy as Access
from affouage.assembly.member import Member, Role
from affouage.errors import BadRequest, NotAllowed, NotFound
from affouage.pool.contribution import contribution_h, node_served, served_range
from affouage.pool.nodes.joining import fingerprint
from affouage.pool.nodes.policy import with_changes
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.wire import Policy
from affouage.web import format as wording
from affouage.web import machine_form
from affouage.web.door import Door, Visit
from affouage.web.language import Language
from affouage.web.machine_form import LendForm
from affouage.web.machine_now import known_now, nothing_heard, own_name, own_now
from affouage.web.machine_rows import (
    TRUSTS,
    MachinePage,
    MachineRow,
    Machines,
    Names,
    Now,
    RevokePage,
    Served,
    machine_row,
    own_row,
    pending_row,
    served_row,
    trust_choices,
)
from affouage.web.machine_words import bonus_words
from affouage.web.site import see_other


def open_door(door: Door) -> None:
    door.page("/machines", everyone, Access.MEMBER)
    door.page("/machines/{id}", one, Access.MEMBER)
    door.page("/machines/{id}", lend, Access.MEMBER, post=True)
    door.page("/machines/{id}/pause", pause, Access.MEMBER, post=True)
    door.page("/machines/{id}/revoke", ask_revoke, Access.MEMBER)
    door.page("/machines/{id}/revoke", revoke, Access.MEMBER, post=True)
    door.page("/machines/{id}/approve", approve, Access.STEWARD, post=True)
    door.page("/machines/{id}/refuse", refuse, Access.STEWARD, post=True)


def _me(visit: Visit) -> Member:
    return identity_of(visit.request.scope).member


def _steward(visit: Visit) -> bool:
    return _me(visit).role.at_least(Role.STEWARD)


# --- all of them ------------------------------------------------------------------------------------------------------


async def everyone(visit: Visit) -> Response:
    commons, language = visit.commons, visit.language
    names = await names_known(commons)
    now = known_now(commons)
    records = commons.enrolment.records().values()
    serving = sorted((one for one in records if one.serves), key=lambda one: (one.trust, one.name.casefold()))
    own = own_row(own_name(commons, language), own_now(commons), names, language)
    page = Machines(
        rows=(*(() if commons.several else (own,)), *(_row(visit, one, now, names) for one in serving)),
        pending=tuple(pending_row(one, names, language) for one in records if one.state == "pending")
        if _steward(visit)
        else (),
        pool=commons.dispatcher is not None,
        notice=_notice(visit.query("done"), language),
    )
    return visit.site.page(visit.request.scope, page)


def _row(visit: Visit, record: NodeRecord, now: dict[str, tuple[Now, int | None]], names: Names) -> MachineRow:
    known, seen_ms = now.get(record.id) or nothing_heard(record)
    zone_name = visit.commons.settings.commons.time_zone
    zone = ZoneInfo(zone_name) if zone_name else None
    return machine_row(
        record,
        known,
        seen_ms=seen_ms,
        names=names,
        reader_id=_me(visit).id,
        steward=_steward(visit),
        language=visit.language,
        moment=lambda time_ms: wording.moment(time_ms, visit.language, zone),
    )


async def names_known(commons: Commons) -> Names:
    members = {one.id: one.name for one in await commons.accounts.members()}
    cards = await asyncio.to_thread(commons.cards)
    return Names(members, {card.id: card.name for card in cards.values()})


def _notice(done: str, language: Language) -> str:
    _ = language.gettext
    return {
        "approved": _("The machine is approved: it may serve as soon as it is here."),
        "refused": _("The machine is refused. It can ask again with a new invitation."),
        "revoked": _("The machine is revoked: it serves no more."),
        "trust": _("How far it is trusted is changed."),
        "saved": _("Saved: the machine is being told."),
        "kept": _("Saved. The machine is away: the change will be sent to it when it is back."),
    }.get(done, "")


# --- one of them ------------------------------------------------------------------------------------------------------


async def one(visit: Visit) -> Response:
    return await _page(visit, _open_to(visit))


def _open_to(visit: Visit) -> NodeRecord:
    """The machine, for its owner and for stewards. Raises NotFound, also to everybody else: whose it is is on the list.

    One that was refused or revoked is no longer shown.
    """
    record = visit.commons.enrolment.records().get(visit.part("id"))
    if record is None or record.state != "approved" or not (_owns(visit, record) or _steward(visit)):
        raise NotFound("There is no such machine.", remedy="See the page of the machines.", code="node_not_found")
    return record


def _owns(visit: Visit, record: NodeRecord) -> bool:
    return record.owned_by == "member" and record.owner_id == _me(visit).id


async def _page(visit: Visit, record: NodeRecord, typed: LendForm | None = None) -> Response:
    commons, language = visit.commons, visit.language
    names, now = await names_known(commons), known_now(commons)
    known, _ = now.get(record.id) or nothing_heard(record)
    owns, here = _owns(visit, record), known.policy is not None
    form = typed or machine_form.filled(record.policy, [one.id for one in known.models], names.models, language)
    page = MachinePage(
        row=_row(visit, record, now, names),
        form=form if owns else None,
        paused=record.policy.paused,
        here=here,
        unsent=here and known.policy != record.policy and not visit.query("done"),
        served=await _served(visit, record),
        bonus=await _bonus(visit) if owns else None,
        trusts=trust_choices(record, language),
        revocable=owns or _steward(visit),
        fingerprint=fingerprint(record.public_key, record.box_key),
        notice=_notice(visit.query("done"), language),
    )
    return visit.site.page(visit.request.scope, page, status=400 if form.problems else 200)


async def _served(visit: Visit, record: NodeRecord) -> tuple[Served, ...]:
    """Today, and the days that count for its owner's contribution."""
    commons, language = visit.commons, visit.language
    days = commons.charter.in_force("share").value.contribution_days
    title = language.ngettext("The last {count} day", "The last {count} days", days).format(count=days)
    return (
        await _span(visit, record, language.gettext("Today"), 1),
        await _span(visit, record, title, days),
    )


async def _span(visit: Visit, record: NodeRecord, title: str, days: int) -> Served:
    commons = visit.commons
    today = commons.calendar.day(commons.clock.now_ms())
    price = commons.settings.footprint.price_eur_per_kwh or None
    done = await commons.db.read(lambda c: node_served(c, record.id, today, days, price))
    energy, partly = await commons.db.read(lambda c: served_range(c, record.machine_id, today, days))
    return served_row(title, done, energy, price, visit.language, at_least=partly)


async def _bonus(visit: Visit) -> tuple[str, str]:
    commons, me = visit.commons, _me(visit)
    rules = commons.charter.in_force("share").value
    today = commons.calendar.day(commons.clock.now_ms())
    hours = await commons.db.read(lambda c: contribution_h(c, me.id, today, rules.contribution_days))
    return bonus_words(rules, hours, visit.language)


# --- what the owner decides -------------------------------------------------------------------------------------------


async def lend(visit: Visit) -> Response:
    sent = await visit.form()
    record = _owned(visit)
    names = await names_known(visit.commons)
    known, _ = known_now(visit.commons).get(record.id) or nothing_heard(record)
    there = [one.id for one in known.models]
    policy, typed = machine_form.read(sent, record.policy, there, names.models, visit.language)
    if typed.problems:
        return await _page(visit, record, typed)
    return await _set(visit, record, policy)


async def pause(visit: Visit) -> Response:
    sent = await visit.form()
    record = _owned(visit)
    return await _set(visit, record, with_changes(record.policy, paused=sent.ticked("paused")))


def _owned(visit: Visit) -> NodeRecord:
    """Raises NotFound, NotAllowed: what is lent is the owner's alone to say."""
    record = _open_to(visit)
    if not _owns(visit, record):
        raise NotAllowed("Only its owner may do this.", remedy="Ask the owner.", code="insufficient_role")
    return record


async def _set(visit: Visit, record: NodeRecord, policy: Policy) -> Response:
    """Write down what is wished, and tell the machine: it keeps and applies it. One that is away is told later."""
    commons, serial = visit.commons, record.policy_serial + 1
    await commons.enrolment.note_policy(record.id, policy, serial)
    told = commons.dispatcher is not None and commons.dispatcher.set_policy(record.id, policy, serial)
    return see_other(f"/machines/{record.id}?done={'saved' if told else 'kept'}")


# --- its place in the commons -----------------------------------------------------------------------------------------


async def approve(visit: Visit) -> Response:
    form = await visit.form()
    wanted = form.one("trust")
    if wanted not in TRUSTS:
        raise BadRequest("There is no such trust.", remedy="Choose one from the list.", code="node_trust")
    before = visit.commons.enrolment.records().get(visit.part("id"))
    await visit.commons.enrolment.approve(_me(visit), visit.part("id"), TRUSTS[wanted][0])
    if before is not None and before.serves:
        return see_other(f"/machines/{before.id}?done=trust")
    return see_other("/machines?done=approved")


async def refuse(visit: Visit) -> Response:
    await visit.form()
    await visit.commons.enrolment.refuse(_me(visit), visit.part("id"))
    return see_other("/machines?done=refused")


async def ask_revoke(visit: Visit) -> Response:
    record = _open_to(visit)
    names = await names_known(visit.commons)
    owner = names.members.get(record.owner_id, "") if record.owned_by == "member" else ""
    return visit.site.page(visit.request.scope, RevokePage(record.id, record.name, owner))


async def revoke(visit: Visit) -> Response:
    await visit.form()
    await visit.commons.enrolment.revoke(_me(visit), visit.part("id"))
    return see_other("/machines?done=revoked")
