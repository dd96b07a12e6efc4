"""Which HTTP status each error of the tree is. The only place that knows."""

from __future__ import annotations

from affouage import errors
from affouage.asgi.body import BodyEncoded, BodyTooLarge, BodyTooSlow

_STATUS_OF_CODE = {"bad_method": 405}
"""What only HTTP knows of has no class of its own in the tree."""

_STATUS: tuple[tuple[type[errors.AffouageError], int], ...] = (
    (BodyTooLarge, 413),
    (BodyTooSlow, 408),
    (BodyEncoded, 415),
    (errors.BadRequest, 400),
    (errors.NotSignedIn, 401),
    (errors.NotAllowed, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.TooMuch, 429),
    (errors.Unavailable, 503),
)


def status_of(error: errors.AffouageError) -> int:
    """400-503; 500 for what should not have reached a client."""
    if error.code in _STATUS_OF_CODE:
        return _STATUS_OF_CODE[error.code]
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def retry_after_of(error: errors.AffouageError) -> int | None:
    """Seconds for the ``Retry-After`` header, for the errors that pass."""
    if isinstance(error, (errors.TooMuch, errors.Unavailable)):
        return error.retry_after_s
    return None
