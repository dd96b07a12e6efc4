"""When a machine is lost in the middle of an answer: whether another can take over, and what it is asked. Pure.

Nothing shown yet: the question is simply asked again elsewhere. Something shown: the answer goes on from there, on a
machine with the very same model file, from the exact text the first one saw followed by what was shown. What cannot be
continued so (tools, a format to keep to, a server that does not tell its exact text) ends in an error that says so.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from affouage.chat import ChatRequest
from affouage.errors import AffouageError
from affouage.pool.station import Station

MOST_TRIES = 3

_KEPT_OPTIONS = frozenset(
    {"temperature", "top_p", "top_k", "min_p", "seed", "stop", "presence_penalty", "frequency_penalty", "logit_bias"}
)
_NOT_CONTINUED = ("tools", "response_format", "logprobs")


class Shown(msgspec.Struct):
    """What the one who asked has received. ``more``: something besides text (a tool call, a thought)."""

    text: str = ""
    more: bool = False

    @property
    def anything(self) -> bool:
        return bool(self.text) or self.more


def lost(problem: AffouageError) -> bool:
    """Did the machine go, rather than the question be wrong?"""
    return bool(problem.details.get("lost"))


def may_continue(request: ChatRequest, shown: Shown, exact: str | None) -> bool:
    """Whether what was shown can be gone on from."""
    return (
        exact is not None
        and not shown.more
        and request.kind in ("chat", "completion")
        and not any(request.options.get(one) for one in _NOT_CONTINUED)
    )


def shut_out(
    stations: Sequence[Station], tried: frozenset[str], file_sha256: str | None, *, same_file: bool
) -> frozenset[str]:
    """Node ids that cannot take over: those already tried and, when it must be the ``same_file``, those of another."""
    if not same_file:
        return tried
    return tried | {one.node_id for one in stations if not file_sha256 or _file_of(one) != file_sha256}


def _file_of(station: Station) -> str | None:
    return station.engine.identity().file_sha256


def continued(request: ChatRequest, exact: str, shown: str, decoded: int) -> ChatRequest:
    """The request that goes on from ``shown``; ``decoded``: tokens already made of it."""
    left = None if request.max_tokens is None else max(1, request.max_tokens - decoded)
    return ChatRequest(
        kind="completion",
        model=request.model,
        prompt=exact + shown,
        max_tokens=left,
        options={key: value for key, value in request.options.items() if key in _KEPT_OPTIONS},
    )
