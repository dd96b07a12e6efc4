"""My account: keys, sessions, password, name, language, and everything that is held about me."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from affouage.asgi.guard import identity_of
from affouage.assembly.access import DEFAULT_KEY_SCOPES, Policy, Scope
from affouage.assembly.member import Member, fold_name
from affouage.assembly.passwords import PASSWORD_MIN
from affouage.errors import AffouageError, BadRequest, Conflict, NotSignedIn, TooMuch
from affouage.web import sentences
from affouage.web.door import Door, Room, Visit
from affouage.web.language import COOKIE, Language
from affouage.web.pages import Account, Erase, KeyCreated
from affouage.web.receipts import download
from affouage.web.sign_in import agent_of, forget_session, set_session
from affouage.web.site import see_other

RECEIPTS_EXPORTED = 100_000


def open_door(door: Door) -> None:
    def post(path: str, room: Room) -> None:
        door.page(path, room, Policy.MEMBER, scope=Scope.ACCOUNT, post=True)

    door.page("/account", account, Policy.MEMBER, scope=Scope.ACCOUNT)
    post("/account/keys", create_key)
    post("/account/keys/{id}/revoke", revoke_key)
    post("/account/sessions/{id}/revoke", revoke_session)
    post("/account/sessions/revoke-others", revoke_other_sessions)
    post("/account/password", change_password)
    post("/account/name", rename)
    post("/account/language", set_language)
    door.page("/account/export", export, Policy.MEMBER, scope=Scope.ACCOUNT)
    post("/account/conversations/delete", delete_conversations)
    door.page("/account/erase", ask_to_erase, Policy.MEMBER, scope=Scope.ACCOUNT)
    post("/account/erase", erase)


def _me(visit: Visit) -> Member:
    return identity_of(visit.request.scope).member


async def account(visit: Visit) -> Response:
    page = await _page(visit, {}, _notice(visit.query("done"), visit.language))
    return visit.site.page(visit.request.scope, page)


def _notice(done: str, language: Language) -> str:
    _ = language.gettext
    return {
        "key-revoked": _("The key is revoked: it no longer opens anything."),
        "session-revoked": _("The session is closed."),
        "sessions-revoked": _("Your other sessions are closed."),
        "password": _("Your password is changed. Your other sessions are closed."),
        "name": _("Your name is changed."),
        "language": _("Your language is changed."),
        "conversations-deleted": _("Your kept conversations are deleted."),
    }.get(done, "")


async def _page(visit: Visit, problems: dict[str, str], notice: str = "") -> Account:
    accounts, me = visit.commons.accounts, _me(visit)
    return Account(
        member=me,
        keys=tuple(await accounts.keys(me)),
        sessions=tuple(await accounts.sessions(me)),
        this_session=identity_of(visit.request.scope).credential_id,
        kept_count=len(await visit.commons.conversations.list_of(me)),
        now_ms=visit.commons.clock.now_ms(),
        password_min=PASSWORD_MIN,
        readings=tuple(await visit.commons.reports.readings_of(me)),
        reports_waiting=await visit.commons.reports.waiting_for(me),
        notice=notice,
        problems=problems,
    )


async def _again(visit: Visit, where: str, no: AffouageError) -> Response:
    """The page once more, with what is wrong beside the field."""
    problems = {where: " ".join(sentences.explain(no, visit.language))}
    return visit.site.refusal(visit.request.scope, await _page(visit, problems), no)


async def create_key(visit: Visit) -> Response:
    form = await visit.form()
    days = form.one("days").strip()
    try:
        if days and not days.isdecimal():
            raise BadRequest("Not a number of days.", code="invalid_expiry")
        scopes = DEFAULT_KEY_SCOPES | ({Scope.ACCOUNT} if form.ticked("account") else set())
        key, text = await visit.commons.accounts.create_key(
            _me(visit), form.one("label"), scopes, int(days[:9]) if days else None
        )
    except (BadRequest, Conflict) as no:
        return await _again(visit, "key", no)
    scope = visit.request.scope
    return visit.site.page(scope, KeyCreated(key, text, visit.site.base_url(scope), visit.commons.default_model))


async def revoke_key(visit: Visit) -> Response:
    await visit.form()
    await visit.commons.accounts.revoke_key(_me(visit), visit.part("id"))
    return see_other("/account?done=key-revoked#keys")


async def revoke_session(visit: Visit) -> Response:
    await visit.form()
    await visit.commons.accounts.revoke_session(_me(visit), visit.part("id"))
    return see_other("/account?done=session-revoked#sessions")


async def revoke_other_sessions(visit: Visit) -> Response:
    await visit.form()
    identity = identity_of(visit.request.scope)
    await visit.commons.accounts.revoke_sessions(identity.member, but=identity.credential_id)
    return see_other("/account?done=sessions-revoked#sessions")


async def change_password(visit: Visit) -> Response:
    form = await visit.form()
    try:
        token = await visit.commons.accounts.change_password(
            _me(visit), form.one("old"), form.one("new"), agent_of(visit)
        )
    except NotSignedIn as no:
        wrong = visit.language.gettext("This is not your present password.")
        return visit.site.refusal(visit.request.scope, await _page(visit, {"old": wrong}), no)
    except (BadRequest, TooMuch) as no:
        return await _again(visit, "new" if isinstance(no, BadRequest) else "old", no)
    response = see_other("/account?done=password#password")
    set_session(visit, response, token)
    return response


async def rename(visit: Visit) -> Response:
    form = await visit.form()
    try:
        await visit.commons.accounts.rename(_me(visit), form.one("name"))
    except (BadRequest, Conflict) as no:
        return await _again(visit, "name", no)
    return see_other("/account?done=name#me")


async def set_language(visit: Visit) -> Response:
    form = await visit.form()
    await visit.commons.accounts.set_language(_me(visit), form.one("language"))
    response = see_other("/account?done=language#me")
    response.delete_cookie(COOKIE)  # the member's choice counts in every browser; the cookie would hide it in this one
    return response


async def export(visit: Visit) -> Response:
    me = _me(visit)
    held = await visit.commons.accounts.export(me)
    receipts = await visit.commons.ledger.receipts(me.id, limit=RECEIPTS_EXPORTED)
    body = held | {"receipts": msgspec.to_builtins(receipts)}
    return download(msgspec.json.format(msgspec.json.encode(body), indent=2), "affouage-export.json")


async def delete_conversations(visit: Visit) -> Response:
    await visit.form()
    await visit.commons.conversations.delete_all(_me(visit))
    return see_other("/account?done=conversations-deleted#held")


async def ask_to_erase(visit: Visit) -> Response:
    return visit.site.page(visit.request.scope, await _erase_page(visit, ""))


async def _erase_page(visit: Visit, problem: str) -> Erase:
    me = _me(visit)
    return Erase(me.name, len(await visit.commons.conversations.list_of(me)), problem)


async def erase(visit: Visit) -> Response:
    form = await visit.form()
    me = _me(visit)
    if fold_name(form.one("name")[:1000]) != fold_name(me.name):
        problem = visit.language.gettext("Type your name exactly as it is written above.")
        return visit.site.page(visit.request.scope, await _erase_page(visit, problem), status=400)
    try:
        await visit.commons.accounts.erase(me)
    except Conflict as no:
        page = await _erase_page(visit, " ".join(sentences.explain(no, visit.language)))
        return visit.site.refusal(visit.request.scope, page, no)
    response = see_other("/sign-in?done=erased")
    forget_session(visit, response)
    return response
