"""What an auditor writes: the same in any form, refused when it has no meaning, never passed over, never a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.footprint.allocation import Presence, Window, allocate
from affouage.footprint.audit import SUBJECTS
from tests.unit.audit_words import G7, REQUEST, SECOND, ask, refused


def _parts(found: Any) -> dict[str, tuple[int, int]]:
    return {one.id: (one.static_uj, one.dynamic_uj) for one in found.requests}


ANSWER = {"r1": (675 * SECOND, 2800 * SECOND), "r2": (225 * SECOND, 1400 * SECOND)}


def _with(**more: Any) -> dict[str, Any]:
    return {**{key: value for key, value in G7.items() if more.get(key, 0) != "-"}, **_kept(more)}


def _kept(more: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in more.items() if value != "-"}


# allocate: the same thing said in other ways


@pytest.mark.parametrize(
    "said",
    [
        G7,
        [G7],
        {"windows": [G7]},
        _with(energy_j="-", energy_uj=5_100_000_000),
        _with(energy_j="-", energy_wh=5100 / 3600),
        _with(energy_j=5.1e3),
        _with(p0_w="-", p0_mw=90_000.0),
        _with(p0_w="-", p0_uw=90_000_000),
        _with(length_s="-", t0_s=0, t1_s=10),
        _with(length_s="-", t1_ms=10_000),
        _with(length_s="-", t0_ns=0, t1_ns=10_000_000_000),
        _with(t0_us=0, t1_us=10_000_000),
        {"p0_w": 90, "windows": [_with(p0_w="-")]},
        {"p0_w": 5, "windows": [G7]},
        {**_with(requests="-"), "requests": [*reversed(G7["requests"])]},
        {"windows": [_with(requests="-")], "requests": G7["requests"]},
        {
            "p0_w": 90,
            "requests": G7["requests"],
            "readings": [{"at_s": 0, "energy_j": 7}, {"at_s": 10, "energy_j": 5107}],
        },
        {
            "p0_w": 90,
            "requests": G7["requests"],
            "efficiency": 0.5,
            "readings": [
                {"at_ns": 0, "counters_uj": {"a": 5, "b": 0}},
                {"at_ns": 10**10, "counters_uj": {"a": 5, "b": 2_550_000_000}},
            ],
        },
        {
            "p0_w": 90,
            "requests": G7["requests"],
            "readings": [
                {"at_s": 0, "energy_j": 0},
                {"at_s": 4, "energy_j": None},
                {"at_s": 10, "energy_j": 5100},
            ],
        },
    ],
    ids=lambda said: json.dumps(said)[:60],
)
def test_one_window_said_in_many_ways(said: Any) -> None:
    found = ask("allocate", said)
    assert _parts(found) == ANSWER
    assert (found.idle_uj, found.unattributed_uj, found.contended_uj, found.residual_uj) == (0, 0, 0, 0)
    assert found.sum_uj == found.meter_uj == 5_100_000_000


def test_a_byte_order_mark_and_other_encodings_are_read() -> None:
    text = json.dumps(G7)
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert _parts(ask("allocate", text.encode(encoding))) == ANSWER


def test_unknown_is_a_lower_bound_never_a_zero() -> None:
    found = ask("allocate", {"windows": [G7, {**G7, "t0_s": 10, "energy_j": None, "requests": [{"id": "r1"}]}]})
    assert found.at_least
    assert found.gap_us == 10 * SECOND
    assert [one.at_least for one in found.requests] == [True, False]
    assert found.windows[1].meter_uj is None
    assert found.windows[1].static_uj is None
    assert found.windows[1].flags == ["gap"]
    assert (found.meter_uj, found.sum_uj, found.residual_uj) == (5_100_000_000, 5_100_000_000, 0)


@pytest.mark.parametrize(
    ("second", "more", "flags"),
    [
        ({"at_s": 1, "energy_uj": 5}, {}, ["gap", "reset"]),
        ({"at_s": 1, "energy_uj": 5}, {"max_energy_range_uj": 15}, ["wrap"]),
        ({"at_s": 1, "energy_uj": 50, "epoch": "b"}, {}, ["gap", "reset"]),
        ({"at_s": 1, "energy_uj": 10**13}, {}, ["gap", "jump"]),
        ({"at_s": 1, "energy_uj": 10**13}, {"max_watts": 10**8}, []),
        ({"at_s": 1, "energy_uj": 50, "gap": True}, {}, ["gap"]),
        ({"at_s": 1, "energy_uj": 50, "contended": True}, {"p0_w": 0}, ["contended"]),
    ],
)
def test_what_happens_to_counters(second: dict[str, Any], more: dict[str, Any], flags: list[str]) -> None:
    said = {"readings": [{"at_s": 0, "energy_uj": 10}, {**second, "requests": [{"id": "r"}]}], **more}
    found = ask("allocate", said)
    assert found.flags == flags
    known = "reset" not in flags and "jump" not in flags
    assert (found.windows[0].meter_uj is not None) == known
    assert found.requests[0].at_least == (not known)
    assert found.residual_uj == 0


def test_nothing_assumed_goes_unsaid() -> None:
    said = {"length_ns": 1_500, "energy_j": 1, "requests": [{"id": "r", "prompt_tokens": 3}]}
    notes = " ".join(ask("allocate", said).notes)
    assert "kappa" in notes
    assert "p0" in notes
    assert "microsecond" in notes
    assert ask("allocate", G7).notes == []


amounts = st.integers(0, 10**9)


@st.composite
def _windows(draw: st.DrawFn) -> dict[str, Any]:
    t0 = draw(st.integers(-(10**6), 10**6))
    length = draw(st.integers(1, 10**6))
    requests = [
        {
            "id": one,
            "start_us": t0 + draw(st.integers(0, length)),
            "end_us": t0 + length + draw(st.integers(0, 10)),
            "prompt_tokens": draw(st.integers(5, 99)),
            "cached_tokens": draw(st.integers(0, 5)),
            "decoded_tokens": draw(st.integers(0, 99)),
            "weight": draw(st.sampled_from([0.1, 1, 2.5])),
        }
        for one in draw(st.lists(st.sampled_from("abcd"), unique=True))
    ]
    return {
        "t0_us": t0,
        "t1_us": t0 + length,
        "energy_uj": draw(amounts),
        "p0_uw": draw(amounts),
        "kappa": draw(st.sampled_from([0, 0.1, 0.25, 3])),
        "foreign_ppm": draw(st.sampled_from([0, 333_333])),
        "requests": requests,
    }


@given(st.lists(_windows(), min_size=1, max_size=4))
def test_the_answer_is_production_s_own(said: list[dict[str, Any]]) -> None:
    found = ask("allocate", said)
    total: dict[str, int] = {}
    for one, row in zip(said, found.windows, strict=True):
        alone = allocate(
            Window(
                t0_us=one["t0_us"],
                t1_us=one["t1_us"],
                energy_uj=one["energy_uj"],
                p0_uw=one["p0_uw"],
                foreign_ppm=one["foreign_ppm"],
                requests=tuple(
                    Presence(
                        request_id=two["id"],
                        start_us=two["start_us"],
                        end_us=two["end_us"],
                        prompt_tokens=two["prompt_tokens"] - two["cached_tokens"],
                        decoded_tokens=two["decoded_tokens"],
                        kappa=float(one["kappa"]),
                        weight=float(two["weight"]),
                    )
                    for two in one["requests"]
                ),
            )
        )
        assert {part.id: part.total_uj for part in row.requests} == {k: v.energy_uj for k, v in alone.parts.items()}
        assert row.sum_uj == row.meter_uj == one["energy_uj"]
        assert row.static_uj + row.dynamic_uj == row.meter_uj
        for name, part in alone.parts.items():
            total[name] = total.get(name, 0) + part.energy_uj
    assert {part.id: part.total_uj for part in found.requests} == total
    assert (found.residual_uj, found.sum_uj) == (0, sum(one["energy_uj"] for one in said))


# allocate: refused

EMPTY = _with(requests="-")


@pytest.mark.parametrize(
    ("said", "place", "words"),
    [
        ([], "$", "no window"),
        ({}, "$", "no length"),
        ({"length_s": 1}, "$", "energy is missing"),
        ({"windows": []}, "$.windows", "length >= 1"),
        (_with(energy="5"), "$.energy", "Perhaps: energy_"),
        (_with(energy_uj=1), "$", "energy_uj and energy_j are both written"),
        (_with(energy_j="5"), "$.energy_j", "got str"),
        (_with(energy_j=True), "$.energy_j", "got bool"),
        (_with(energy_j=-1), "$.energy_j", ">= 0"),
        (_with(energy_j=10**400), "$.energy_j", "too large"),
        (_with(energy_j=1e300), "$.energy_j", "too large"),
        (_with(length_s=0), "$", "ends before it starts"),
        (_with(length_s=-1), "$", "ends before it starts"),
        (_with(length_s="-"), "$", "no length"),
        (_with(t1_s=9), "$", "do not say the same end"),
        (_with(p0_w=-90), "$.p0_w", ">= 0"),
        (_with(p0_mw=90), "$", "both written"),
        (_with(kappa=-0.1), "$.kappa", ">= 0"),
        (_with(foreign_share=1.1), "$.foreign_share", "at most 1"),
        (_with(foreign_ppm=1_000_001), "$.foreign_ppm", "1000000"),
        (_with(foreign_ppm=1, contended=True), "$", "both written"),
        (_with(requests=[{}]), "$.requests[0].id", "missing"),
        (_with(requests=[{"id": ""}]), "$.requests[0].id", "length >= 1"),
        (_with(requests=[{"id": 1}]), "$.requests[0].id", "got int"),
        (_with(requests=[REQUEST, REQUEST]), "$.requests[1].id", "twice"),
        (_with(requests=[{**REQUEST, "tokens": 3}]), "$.requests[0].tokens", "not known"),
        (_with(requests=[{**REQUEST, "start_s": 3}]), "$.requests[0]", "go together"),
        (_with(requests=[{**REQUEST, "start_s": 3, "end_s": 2}]), "$.requests[0]", "ends before it starts"),
        (_with(requests=[{**REQUEST, "start_s": 11, "end_s": 12}]), "$.requests[0]", "not there in this window"),
        (_with(requests=[{**REQUEST, "spans": []}]), "$.requests[0].spans", "no span"),
        (_with(requests=[{**REQUEST, "spans": [{}]}]), "$.requests[0].spans[0]", "times are missing"),
        (_with(requests=[{**REQUEST, "decoded_tokens": 1.5}]), "$.requests[0].decoded_tokens", "got float"),
        (_with(requests=[{**REQUEST, "decoded_tokens": None}]), "$.requests[0].decoded_tokens", "got null"),
        (_with(requests=[{**REQUEST, "decoded_tokens": -1}]), "$.requests[0].decoded_tokens", ">= 0"),
        (_with(requests=[{**REQUEST, "decoded_tokens": 10**30}]), "$.requests[0].decoded_tokens", "too large"),
        (_with(requests=[{**REQUEST, "cached_tokens": 1}]), "$.requests[0].cached_tokens", "more tokens cached"),
        (_with(requests=[{**REQUEST, "discarded_tokens": 1}]), "$.requests[0].discarded_tokens", "more tokens"),
        ({"windows": [G7, {**G7, "requests": [{"id": "a", "cached_tokens": 2}]}]},
         "$.windows[1].requests[0].cached_tokens", "more tokens cached"),
        ({"windows": [EMPTY, {**EMPTY, "t0_s": 10}], "requests": [{**REQUEST, "decoded_tokens": 1}]},
         "$.requests[0]", "lasts several windows"),
        ({"windows": [_with(requests="-")], "requests": [{"id": "a", "start_s": 50, "end_s": 60}]},
         "$.requests[0]", "in no window"),
        ({"readings": [{"at_s": 0, "energy_j": 1}]}, "$.readings", "length >= 2"),
        ({"readings": [{"at_s": 0, "energy_j": 1}, {"at_s": 1, "energy_j": None}]}, "$.readings", "two readings"),
        ({"readings": [{"at_s": 0, "energy_j": 1}, {"at_s": 0, "energy_j": 2}]}, "$.readings[1]", "order of time"),
        ({"readings": [{"at_s": 0, "energy_j": 1}, {"energy_j": 2}]}, "$.readings[1]", "time is missing"),
        ({"readings": [{"at_s": 0, "energy_j": 1}, {"at_s": 1}]}, "$.readings[1]", "one of them"),
        ({"readings": [{"at_s": 0, "energy_j": 1, "requests": [REQUEST]}, {"at_s": 1, "energy_j": 2}]},
         "$.readings[0].requests", "before the first reading"),
        ({"readings": [{"at_s": 0, "energy_j": 1}, {"at_s": 1, "energy_j": 2}], "efficiency": 1.2},
         "$.efficiency", "at most"),
        ({"readings": [{"at_s": 0, "energy_j": 1}, {"at_s": 1, "energy_j": 2}], "max_energy_range_uj": {"dram": 5}},
         "$.max_energy_range_uj.dram", "no reading has"),
        (7, "$", "Expected object"),
        ("text", "$", "Expected object"),
        (None, "$", "Expected object"),
    ],
    ids=lambda said: json.dumps(said)[:70] if not isinstance(said, str) else said[:40],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_with_its_place(said: Any, place: str, words: str) -> None:
    refused("allocate", said, place, words)


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b'{"energy_j": NaN}', "NaN is not a number"),
        (b'{"energy_j": -Infinity}', "-Infinity is not a number"),
        (b'{"energy_j": 1e999}', "too large"),
        (b'{"a": 1, "a": 2}', "'a' is written twice"),
        (b'{"energy_j": ' + b"9" * 5000 + b"}", "too large"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"requests":' * 50_000 + b"1" + b"}" * 50_000, "nested too deeply"),
        (b"\xff\xfe\x00", "not"),
        (b'{"note": "\\ud800"}', "half a character"),
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_is_no_document(subject: str, text: bytes, words: str) -> None:
    refused(subject, text, "$", words)


@pytest.mark.parametrize(
    ("said", "place", "remedy"),
    [
        ({**G7, "requests": [{"id": "a", "t0_s": 1}]}, "$.requests[0].t0_s", "start_..., end_..."),
        ({"windows": [{**G7, "duration_s": 1}]}, "$.windows[0].duration_s", "length_..."),
        ([{**G7, "energy_J": 1}], "$[0].energy_J", "Perhaps: energy_j,"),
    ],
)
def test_a_field_that_is_not_known_names_those_of_its_own_object(said: Any, place: str, remedy: str) -> None:
    with pytest.raises(BadRequest) as error:
        ask("allocate", said)
    assert error.value.param == place
    assert remedy in error.value.remedy
    assert "t0_s," not in error.value.remedy
