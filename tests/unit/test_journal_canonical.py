"""Canonical JSON: the examples of RFC 8785, what is refused, and one text for one value."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.journal import canonical
from affouage.journal.canonical import LARGEST, NotCanonical

# RFC 8785, appendix B.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize("bits", NUMBERS)
def test_numbers_as_ecmascript_writes_them(bits: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical.write(value) == NUMBERS[bits]


def test_the_example_of_the_rfc() -> None:
    value = json.loads(
        r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"""
    )
    assert canonical.write(value) == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_are_sorted_by_utf_16() -> None:
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    told = canonical.write(dict.fromkeys(names, 0))
    assert list(json.loads(told)) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        LARGEST + 1,
        -LARGEST - 1,
        10**50,
        "\ud800",
        {"\udfff": 1},
        {1: 1},
        {"a", "b"},
        b"bytes",
        object(),
        {"a": [{"b": float("nan")}]},
    ],
)
def test_what_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical) as refused:
        canonical.write(value)
    assert refused.value.remedy


def test_too_deep_is_refused() -> None:
    deep: Any = 0
    for _ in range(canonical.DEEPEST):
        deep = [deep]
    assert canonical.read(canonical.write(deep)) == deep
    with pytest.raises(NotCanonical):
        canonical.write([deep])
    with pytest.raises(NotCanonical):
        canonical.read("[" * 100_000)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"b":1,"a":1}',
        '{"a": 1}',
        "1.0",
        "-0",
        "1e400",
        "NaN",
        "Infinity",
        '"\\u0041"',
        '"\\ud800"',
        "",
        "{",
        "01",
        "9007199254740993",
        "9" * 5000,
        "[1] ",
        "\ufeff1",
        '{"a":{"b":1,"b":2}}',
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(NotCanonical):
        canonical.read(text)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_one_text_for_one_value(value: Any) -> None:
    text = canonical.write(value)
    assert canonical.read(text) == value
    json.loads(text)
    assert canonical.write(canonical.read(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_read_back_the_same(value: float) -> None:
    assert float(canonical.number(value)) == value


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = canonical.read(text)
    except NotCanonical:
        return
    assert canonical.write(value) == text
