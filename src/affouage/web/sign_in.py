"""The way in: welcome, sign-in, sign-out, and the links that let somebody join or choose a new password."""

from __future__ import annotations

from starlette.responses import Response

from affouage.asgi.guard import identity_of, maybe_identity
from affouage.assembly.access import SECURE_SESSION_COOKIE, SESSION_COOKIE, Policy
from affouage.assembly.passwords import PASSWORD_MIN
from affouage.assembly.sessions import SessionToken
from affouage.errors import BadRequest, Conflict, NotSignedIn, TooMuch
from affouage.web import format as wording
from affouage.web import sentences
from affouage.web.door import Door, Visit
from affouage.web.forms import Form
from affouage.web.language import COOKIE
from affouage.web.pages import Join, SignIn, Welcome
from affouage.web.site import header, local_path, see_other


def open_door(door: Door) -> None:
    door.page("/", home, Policy.PUBLIC)
    door.page("/sign-in", ask_name, Policy.PUBLIC)
    door.page("/sign-in", sign_in, Policy.PUBLIC, post=True, own_pages=True)
    door.page("/sign-out", sign_out, Policy.MEMBER, post=True)
    door.page("/join/{secret}", ask_to_join, Policy.PUBLIC)
    door.page("/join/{secret}", join, Policy.PUBLIC, post=True, own_pages=True)


async def home(visit: Visit) -> Response:
    if maybe_identity(visit.request.scope) is not None:
        return see_other("/chat")
    return visit.site.page(visit.request.scope, Welcome(unclaimed=not await visit.commons.accounts.administered()))


async def ask_name(visit: Visit) -> Response:
    after = local_path(visit.query("next"))
    if maybe_identity(visit.request.scope) is not None:
        return see_other(after or "/chat")
    _ = visit.language.gettext
    notices = {"signed-out": _("You are signed out."), "erased": _("Your account and what it held are erased.")}
    return visit.site.page(visit.request.scope, SignIn(next=after, notice=notices.get(visit.query("done"), "")))


async def sign_in(visit: Visit) -> Response:
    form = await visit.form()
    scope = visit.request.scope
    before = maybe_identity(scope)
    replaces = before.credential_id if before is not None and before.via == "session" else None
    try:
        _, token = await visit.commons.accounts.sign_in(
            form.one("name"), form.one("password"), agent_of(visit), address_of(visit), replaces=replaces
        )
    except (NotSignedIn, TooMuch, BadRequest) as no:
        page = SignIn(
            next=local_path(form.one("next")),
            name=form.one("name")[:200],
            problem=" ".join(sentences.explain(no, visit.language)),
        )
        return visit.site.refusal(scope, page, no)
    response = see_other(local_path(form.one("next")) or "/chat")
    set_session(visit, response, token)
    return response


async def sign_out(visit: Visit) -> Response:
    await visit.form()
    identity = identity_of(visit.request.scope)
    if identity.via == "session":
        await visit.commons.accounts.sign_out(identity.credential_id)
    response = see_other("/sign-in?done=signed-out")
    forget_session(visit, response)
    return response


async def ask_to_join(visit: Visit) -> Response:
    return visit.site.page(visit.request.scope, await _join_page(visit, None, {}))


async def join(visit: Visit) -> Response:
    form = await visit.form()
    _ = visit.language.gettext
    problems: dict[str, str] = {}
    if form.one("password") != form.one("again"):
        problems["again"] = _("The two passwords differ. Type the same one twice.")
    language = form.one("language") or visit.language.code
    offered = await visit.commons.accounts.invitation(visit.part("secret"))
    if not problems:
        try:
            _member, token = await visit.commons.accounts.accept(
                visit.part("secret"), form.one("name"), form.one("password"), language, agent_of(visit)
            )
        except (BadRequest, Conflict) as no:
            where = {"weak_password": "password", "invalid_name": "name", "name_taken": "name"}.get(no.code)
            if where is None:
                raise
            problems[where] = " ".join(sentences.explain(no, visit.language))
        else:
            response = see_other("/first-steps" if offered.kind == "first_administrator" else "/chat")
            set_session(visit, response, token)
            response.delete_cookie(COOKIE)  # from now on the member's own choice counts
            return response
    return visit.site.page(visit.request.scope, await _join_page(visit, form, problems), status=400)


async def _join_page(visit: Visit, form: Form | None, problems: dict[str, str]) -> Join:
    """Raises NotFound or Conflict for a link that cannot be used (any more)."""
    offered = await visit.commons.accounts.invitation(visit.part("secret"))
    return Join(
        kind=offered.kind,
        role=offered.role.value,
        password_min=PASSWORD_MIN,
        expires_ms=offered.expires_ms,
        member_name=offered.member_name,
        resets=offered.resets,
        name=form.one("name")[:200] if form else "",
        language=(form.one("language") if form else "") or visit.language.code,
        problems=problems,
    )


def agent_of(visit: Visit) -> str:
    return wording.browser(header(visit.request.scope, b"user-agent"))


def address_of(visit: Visit) -> str:
    client = visit.request.client
    return client.host if client else ""


def set_session(visit: Visit, response: Response, token: SessionToken) -> None:
    """Put the session into its cookie; over HTTPS under the name another site cannot plant."""
    https = visit.site.https
    response.set_cookie(
        SECURE_SESSION_COOKIE if https else SESSION_COOKIE,
        token.text,
        max_age=max(0, (token.expires_ms - visit.commons.clock.now_ms()) // 1000),
        path="/",
        secure=https,
        httponly=True,
        samesite="lax",
    )


def forget_session(visit: Visit, response: Response) -> None:
    https = visit.site.https
    name = SECURE_SESSION_COOKIE if https else SESSION_COOKIE
    response.delete_cookie(name, path="/", secure=https, httponly=True, samesite="lax")
