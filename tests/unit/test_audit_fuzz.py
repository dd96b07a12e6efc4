"""Whatever is written, ``affouage audit`` answers or refuses with a place and a remedy; nothing else ever happens."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.footprint.audit import SUBJECTS, replay
from tests.unit.audit_words import FACTOR, G7, I200, REQUEST

_words = st.sampled_from(
    [
        *(
            "windows",
            "readings",
            "requests",
            "spans",
            "id",
            "energy_j",
            "energy_uj",
            "length_s",
            "t0_s",
            "t1_s",
            "p0_w",
        ),
        *(
            "start_s",
            "end_s",
            "at_s",
            "decoded_tokens",
            "kappa",
            "foreign_share",
            "method",
            "billions",
            "factors",
            "gwp",
        ),
        *("value", "unit", "source", "pue", "country", "parts", "kind", "gwp_kg", "planned_years", "rule", "members"),
        *("dynamic_j", "machine_s", "counters_uj", "max_energy_range_uj", "day", "model", "count", "note"),
    ]
)
_leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["a", "equal", "ecologits", "FRA", "g/kWh", "gpu", "2026-01-01", 0, 1, 10, 0.5])
)
_json = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_words | st.text(max_size=4), inner, max_size=8),
)


@rules(max_examples=400)
@given(st.sampled_from(SUBJECTS), _json)
def test_any_document_is_answered_or_refused(subject: str, said: Any) -> None:
    _never_breaks(subject, json.dumps(said).encode())


@rules(max_examples=300)
@given(st.sampled_from(SUBJECTS), st.binary(max_size=200))
def test_any_bytes_are_answered_or_refused(subject: str, text: bytes) -> None:
    _never_breaks(subject, text)


_SEEDS = [
    ("allocate", G7),
    ("allocate", {"readings": [{"at_s": 0, "energy_j": 1}, {"at_s": 1, "energy_j": 2, "requests": [REQUEST]}]}),
    ("impact", {"energy_kwh": 1, "pue": [1, 1.2, 1.3], "factors": {"gwp": FACTOR}}),
    ("impact", {"method": "ecologits", "decoded_tokens": 400, "billions": 8, "latency_s": 3}),
    ("embodied", {**I200, "acquired": "2024-01-01", "day": "2025-01-01", "requests": [{"id": "a", "machine_s": 1}]}),
    ("embodied", {"parts": [{"kind": "gpu", "die_mm2": 471, "vram_gb": 11, "vram_chips": 11, "board_cm2": 9}]}),
    ("close", {"rule": "pro_rata", "idle_j": 5, "members": [{"id": "a", "dynamic_j": 3}]}),
]  # fmt: skip


def _spots(said: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    return [path, *(spot for key, value in inner for spot in _spots(value, (*path, key)))]


def _put(said: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(said) if isinstance(said, dict) else list(said)
    copy[path[0]] = _put(said[path[0]], path[1:], value)
    return copy


@rules(max_examples=600)
@given(st.sampled_from(_SEEDS), st.data())
def test_a_good_document_with_something_odd_in_it(seed: tuple[str, Any], data: st.DataObject) -> None:
    subject, said = seed
    said = _put(said, data.draw(st.sampled_from(_spots(said))), data.draw(_leaves | _json))
    _never_breaks(subject, json.dumps(said).encode())


def _never_breaks(subject: str, text: bytes) -> None:
    refused = None
    try:
        found = replay(subject, text)  # type: ignore[arg-type]
    except BadRequest as wrong:
        refused = wrong
    if refused is not None:
        assert refused.param
        assert refused.param.startswith("$")
        assert refused.remedy
        return
    again = json.loads(msgspec.json.encode(found))
    assert again.get("residual_uj") in (0, None) or subject == "close"
