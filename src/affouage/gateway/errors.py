"""Errors in OpenAI's shape, for every route under ``/v1`` whoever raises them."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Scope

from affouage import errors
from affouage.asgi.body import BodyEncoded, BodyTooLarge, BodyTooSlow
from affouage.asgi.statuses import retry_after_of, status_of
from affouage.gateway.elsewhere import remedy_for

_encode = msgspec.json.encode

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def type_of(error: errors.AffouageError) -> str:
    """OpenAI's ``type``. What does not exist is an invalid request there."""
    status = status_of(error)
    return _TYPES.get(status) or ("invalid_request_error" if status < 500 else "server_error")


def error_object(error: errors.AffouageError) -> dict[str, Any]:
    """``{"message", "type", "param", "code"}``, and under ``affouage`` the facts a program may want."""
    details = dict(error.details)
    told: dict[str, Any] = {
        "message": str(error),
        "type": type_of(error),
        "param": details.pop("param", None) or getattr(error, "param", None),
        "code": error.code,
    }
    if details:
        told["affouage"] = details
    return told


def error_body(error: errors.AffouageError, affouage: dict[str, Any] | None = None) -> bytes:
    """The JSON of an error; ``affouage`` is the receipt's member when there is a receipt."""
    body: dict[str, Any] = {"error": error_object(error)}
    if affouage is not None:
        body["affouage"] = affouage
    return _encode(body)


def error_response(
    error: errors.AffouageError, receipt_id: str | None = None, affouage: dict[str, Any] | None = None
) -> Response:
    """The whole response, with ``Retry-After`` for what passes and the receipt's number when there is one."""
    headers = {"cache-control": "no-store"}
    wait_s = retry_after_of(error)
    if wait_s is not None:
        headers["retry-after"] = str(wait_s)
    if receipt_id is not None:
        headers["x-affouage-receipt"] = receipt_id
    if isinstance(error, errors.NotSignedIn):
        headers["www-authenticate"] = 'Bearer realm="affouage"'
    if "allow" in error.details:
        headers["allow"] = error.details["allow"]
    if isinstance(error, BodyEncoded):
        headers["accept-encoding"] = "identity"
    if isinstance(error, (BodyTooLarge, BodyTooSlow)):
        headers["connection"] = "close"  # what is left of the body is not worth reading
    return Response(error_body(error, affouage), status_of(error), headers, "application/json")


async def refuse(scope: Scope, error: errors.AffouageError) -> Response:
    """Say no in OpenAI's shape, and where to turn to when the route is one of OpenAI's that is not kept here."""
    if isinstance(error, errors.NotFound) and (remedy := remedy_for(scope["path"])):
        error = errors.NotFound(error.message, remedy=remedy)
    return error_response(error)
