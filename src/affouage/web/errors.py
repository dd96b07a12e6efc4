"""Saying no as a page, in the reader's language, with what would work."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response
from starlette.types import Scope

from affouage.asgi.commons import Commons
from affouage.asgi.guard import SAFE_METHODS, csrf_token, maybe_identity
from affouage.asgi.statuses import retry_after_of, status_of
from affouage.assembly.access import credentials_of
from affouage.errors import AffouageError, NotSignedIn
from affouage.web import sentences
from affouage.web.pages import Problem
from affouage.web.site import Site, local_path, see_other


async def _recognise(commons: Commons, scope: Scope) -> None:
    """Note who asks where no guard let them through, so that the page still has their name and their rooms."""
    try:
        credential = credentials_of(scope["headers"])
        scope["affouage.identity"] = await commons.accounts.identify(credential)
        scope["affouage.csrf"] = csrf_token(credential)
    except AffouageError:
        scope["affouage.identity"] = None


async def refuse_on(site: Site, scope: Scope, error: AffouageError) -> Response:
    """A stranger who reads is sent to sign in and comes back; any other refusal is a page."""
    if (
        isinstance(error, NotSignedIn)
        and scope["method"] in SAFE_METHODS
        and error.code in ("missing", "session_expired")
    ):
        return see_other(f"/sign-in?next={quote(_where(scope), safe='')}")
    if site.commons is not None and "affouage.identity" not in scope:
        await _recognise(site.commons, scope)
    language = site.language(scope)
    status = status_of(error)
    message, remedy = sentences.explain(error, language)
    retry_after_s = retry_after_of(error)
    page = Problem(
        status=status,
        title=sentences.title_of(error, status, language),
        message=message,
        remedy=remedy,
        sign_in=isinstance(error, NotSignedIn) or maybe_identity(scope) is None,
        retry_after_s=retry_after_s,
    )
    headers = {"retry-after": str(retry_after_s)} if retry_after_s else {}
    if "allow" in error.details:
        headers["allow"] = error.details["allow"]
    return site.page(scope, page, status=status, headers=headers)


def _where(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    path = quote(scope.get("path", "/"))
    return local_path(f"{path}?{query}" if query else path) or "/"
