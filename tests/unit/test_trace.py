"""What is not understood in a trace is refused, with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from affouage.errors import BadRequest
from affouage.pool.trace import EXAMPLE, read_trace


def trace_with(change: Callable[[Any], object]) -> bytes:
    said = msgspec.json.decode(EXAMPLE.encode())
    change(said)
    return msgspec.json.encode(said)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda one: one.update(version=2), "$.version"),
        (lambda one: one.pop("until_s"), "$.until_s"),
        (lambda one: one.update(until_s=0), "$.until_s"),
        (lambda one: one.update(slots=0), "$.slots"),
        (lambda one: one.update(slots=2_000), "$.slots"),
        (lambda one: one.update(slots=True), "$.slots"),
        (lambda one: one.update(tokens_per_s=0), "$.tokens_per_s"),
        (lambda one: one.update(tokens_per_s="20"), "$.tokens_per_s"),
        (lambda one: one.update(tokens_per_second=20), "$.tokens_per_second"),
        (lambda one: one.update(prompt_weight=0), "$.prompt_weight"),
        (lambda one: one.update(decode_weight=-2), "$.decode_weight"),
        (lambda one: one.update(unit="euros"), "$.unit"),
        (lambda one: one.update(unit="joules"), "$.slot_watts"),
        (lambda one: one.update(floors={"desk": 50, "school": 31}), "$.floors"),
        (lambda one: one.update(members={"c": {"weight_percent": 0}}), "$.members[...].weight_percent"),
        (lambda one: one.update(members={"c": {"weight_percent": -100}}), "$.members[...].weight_percent"),
        (lambda one: one.update(stations=[{"name": "a"}, {"name": "a"}]), "$.stations[1].name"),
        (lambda one: one.update(stations=[{"name": str(n), "slots": 1_024} for n in range(2)]), "$.stations"),
        (lambda one: one["requests"][2].update(at_s=-1), "$.requests[2].at_s"),
        (lambda one: one["requests"][2].update(id="a1"), "$.requests[2].id"),
        (lambda one: one["requests"][2].update(cached_tokens=301), "$.requests[2].cached_tokens"),
        (lambda one: one["requests"][4].update(cancel_at_s=1), "$.requests[4].cancel_at_s"),
        (lambda one: one["requests"][2].update(reach=4), "$.requests[2].reach"),
        (lambda one: one["requests"][2].update(output_tokens=1.5), "$.requests[2].output_tokens"),
        (lambda one: one["requests"][2].pop("member"), "$.requests[2].member"),
        (lambda one: one["requests"].append(3), "$.requests[9]"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(change: Callable[[Any], object], place: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_trace(trace_with(change))
    assert refused.value.param == place
    assert refused.value.message.startswith(place)
    assert refused.value.remedy
    assert "audit" not in refused.value.remedy


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b'{"version": NaN}', b"[" * 100_000])
def test_what_is_no_trace_at_all_is_refused(text: bytes) -> None:
    with pytest.raises(BadRequest):
        read_trace(text)
