"""The only text the software adds: first, once, unchanged; and a hash that lets a member's copy be checked."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.chat import ChatRequest, Message
from affouage.inference.prompt import LANGUAGES, Prefix, commitment, compose, read_prefixes, text_of

PREFIX = Prefix("1", "fr", "Tu es là.")
contents = st.text(max_size=40)
messages = st.lists(
    st.builds(Message, role=st.sampled_from(["system", "developer", "user", "assistant", "tool"]), content=contents),
    min_size=1,
    max_size=8,
).map(tuple)


@given(messages=messages)
def test_the_prefix_stands_first_and_nothing_else_changes(messages: tuple[Message, ...]) -> None:
    request = ChatRequest(model="m", messages=messages, options={"temperature": 0.5})
    composed = compose(request, PREFIX)
    head = composed.messages[0]
    assert head.role == "system"
    own = messages[0].role in ("system", "developer")
    assert head.content == (f"{PREFIX.text}\n\n{messages[0].content}" if own else PREFIX.text)
    assert composed.messages[1:] == (messages[1:] if own else messages)
    assert msgspec.structs.replace(composed, messages=()) == msgspec.structs.replace(request, messages=())


@given(one=messages, other=messages)
def test_its_first_bytes_never_change(one: tuple[Message, ...], other: tuple[Message, ...]) -> None:
    """So that an engine can keep them in its cache."""
    heads = [str(compose(ChatRequest(model="m", messages=given), PREFIX).messages[0].content) for given in (one, other)]
    assert all(head.startswith(PREFIX.text) for head in heads)


@pytest.mark.parametrize(
    "request_",
    [
        ChatRequest(kind="completion", model="m", prompt="Il était une fois"),
        ChatRequest(kind="infill", model="m", prompt="def f(", suffix="return 1"),
        ChatRequest(kind="embedding", model="m", inputs=("a", "b")),
    ],
)
def test_a_text_to_go_on_with_gets_none(request_: ChatRequest) -> None:
    assert compose(request_, PREFIX) is request_


def test_the_shipped_texts_are_there_in_both_languages_and_short() -> None:
    prefixes = read_prefixes()
    assert set(prefixes) == set(LANGUAGES)
    for language, prefix in prefixes.items():
        assert prefix.language == language
        assert prefix.text == prefix.text.strip() != ""
        assert len(prefix.text) < 600
        assert prefix.sha256 == hashlib.sha256(prefix.text.encode()).hexdigest() == prefix.stamp().sha256


def test_texts_of_parts_one_under_the_other() -> None:
    assert text_of([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]) == "a\nb"
    assert text_of(None) == ""


@given(salt=st.binary(min_size=16, max_size=16), text=st.text(max_size=50), other=st.text(max_size=50))
def test_the_commitment_opens_with_this_text_and_no_other(salt: bytes, text: str, other: str) -> None:
    committed = commitment(salt, text)
    assert committed == commitment(salt, text)
    assert (committed == commitment(salt, other)) == (text == other)
    assert commitment(bytes(16) if salt != bytes(16) else bytes([1]) * 16, text) != committed


def test_the_commitment_is_plain_sha256() -> None:
    """What `(xxd -r -p salt; cat prompt) | sha256sum` gives: docs/reference/ledger-and-receipt.md."""
    assert commitment(b"0123456789abcdef", "é") == hashlib.sha256(b"0123456789abcdef" + "é".encode()).hexdigest()


def test_a_lone_surrogate_does_not_break_it() -> None:
    assert len(commitment(bytes(16), "\ud800")) == 64
