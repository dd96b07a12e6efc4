"""Recognising tool calls in text: never an exception, never a change to a text without a call."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.gateway.tools import Call, find_calls, may_become_call

NAMES = frozenset({"get_weather", "add"})
CALL = '{"name": "get_weather", "arguments": {"city": "Paris"}}'
PARIS = Call("get_weather", '{"city": "Paris"}')

pieces = st.sampled_from(
    [
        "```",
        "json",
        "\n",
        " ",
        "{",
        "}",
        "[",
        "]",
        '"',
        "<tool_call>",
        "</tool_call>",
        CALL,
        '{"name"',
        ":",
        ",",
        "é",
        "\ud800",
    ]
)
texts = st.text() | st.lists(pieces).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "written",
    [
        CALL,
        f"  \n{CALL}\n",
        f"```json\n{CALL}\n```",
        f"```\n{CALL}\n```",
        f"```json\n{CALL}",
        f"```tool_call\n{CALL}\n```\n",
        f"<tool_call>\n{CALL}\n</tool_call>",
        f"<tool_call>{CALL}",
        f"[{CALL}]",
        f"{{{CALL}}}",
        f"```json\n{{{CALL}}}\n```",
        f"<tool_call>\n{{{CALL}}}\n</tool_call>",
        f"{{{CALL}",
        '{"name": "get_weather", "parameters": {"city": "Paris"}}',
        '{"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}',
        '{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}}',
    ],
)
def test_one_call_however_it_is_written(written: str) -> None:
    found = find_calls(written, NAMES)
    assert found is not None
    assert found.calls == (PARIS,)
    assert found.content is None


@pytest.mark.parametrize(
    "written",
    [
        f"```json\n[{CALL}, {CALL}]\n```",
        f"```json\n{CALL}\n{CALL}\n```",
        f"```json\n{CALL}\n```\n```json\n{CALL}\n```",
        f"<tool_call>{CALL}</tool_call>\n<tool_call>{CALL}</tool_call>",
        f"{CALL}\n{CALL}",
        f"{CALL}, {CALL}",
    ],
)
def test_several_calls(written: str) -> None:
    found = find_calls(written, NAMES)
    assert found is not None
    assert found.calls == (PARIS, PARIS)
    assert found.content is None
    first = find_calls(written, NAMES, most=1)
    assert first is not None
    assert first.calls == (PARIS,)


def test_what_comes_after_the_call_is_kept() -> None:
    found = find_calls(f"```json\n{CALL}\n```\nJe regarde la météo.", NAMES)
    assert found is not None
    assert found.content == "Je regarde la météo."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Bonjour",
        f"Voici : {CALL}",
        '{"name": "unknown_tool", "arguments": {}}',
        '{"name": "add", "arguments": [1, 2]}',
        '{"name": "add", "arguments": 3}',
        '{"name": "add"}',
        '{"name": "add", "arguments": {"a": NaN}}',
        '{"name": "add", "arguments": {"a": "\\ud800"}}',
        '{"city": "Paris"}',
        "```python\nprint(1)\n```",
        f"```json\n{CALL}\nand so on\n```",
        f"[{CALL}, 3]",
        "<b>bold</b>",
        '{"name": "add", "arguments": ' + "[" * 100_000,
    ],
)
def test_anything_else_stays_text(text: str) -> None:
    assert find_calls(text, NAMES) is None


@given(texts)
def test_no_text_raises(text: str) -> None:
    find_calls(text, NAMES)
    may_become_call(text)


@given(texts)
def test_nothing_is_called_that_was_not_offered(text: str) -> None:
    assert find_calls(text, frozenset()) is None


@given(
    st.dictionaries(st.text(), values, max_size=3),
    st.sampled_from(["{}", "```json\n{}\n```", "<tool_call>{}</tool_call>"]),
)
def test_arguments_come_through_whole(arguments: dict[str, object], frame: str) -> None:
    written = json.dumps({"name": "add", "arguments": arguments})
    found = find_calls(frame.replace("{}", written), NAMES)
    try:
        json.dumps(arguments, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        assert found is None
        return
    assert found is not None
    assert found.calls[0].name == "add"
    assert json.loads(found.calls[0].arguments) == arguments


@given(texts)
def test_text_is_let_go_only_when_it_can_no_longer_be_a_call(text: str) -> None:
    if find_calls(text, NAMES) is not None:
        assert all(may_become_call(text[:length]) for length in range(len(text) + 1))


@pytest.mark.parametrize(
    "text", ["Bonjour", "`code`", "<b>", "```python\np", "{x", "{{x", "[1", " 3", "``` not a language, prose"]
)
def test_ordinary_text_streams_at_once(text: str) -> None:
    assert not may_become_call(text)
