"""Reading a form, with the limits and the check every form of ours passes."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from affouage.asgi.body import read_body
from affouage.asgi.guard import check_csrf
from affouage.errors import BadRequest
from affouage.settings import ServerSettings
from affouage.web.site import header

FIELDS_MAX = 5000


class Form:
    """Fields as they were typed: line ends are ``\\n`` again (browsers send ``\\r\\n``), NUL is replaced."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = [(name, _clean(value)) for name, value in pairs]

    def one(self, name: str) -> str:
        """The first value, empty when there is none."""
        return next((value for key, value in self._pairs if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]

    def ticked(self, name: str) -> bool:
        return bool(self.one(name))


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "\ufffd")


async def read_form(scope: Scope, receive: Receive, limits: ServerSettings) -> Form:
    """The posted form, its token checked. Raises BadRequest, NotAllowed, BodyTooLarge, BodyTooSlow."""
    media_type = header(scope, b"content-type").partition(";")[0].strip().lower()
    body = await read_body(scope, receive, max_bytes=limits.max_body_bytes, timeout_ms=limits.read_timeout_ms)
    if body and media_type != "application/x-www-form-urlencoded":
        raise BadRequest("A form is expected here.", remedy="Send it as application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, errors="replace", max_num_fields=FIELDS_MAX)
    except ValueError:
        raise BadRequest(f"The form has more than {FIELDS_MAX} fields.", remedy="Start a new conversation.") from None
    form = Form(pairs)
    check_csrf(scope, form.one("csrf"))
    return form
