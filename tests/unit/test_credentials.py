"""API keys, links, sessions: their form, and that nothing that comes in can break the reading of them."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from affouage.assembly import credentials

HOSTILE = [
    "",
    "aff",
    "aff__",
    "aff_" + "a" * 65,
    "\0" * 69,
    "aff_\0" + "a" * 64,
    "\ud800" * 69,
    "aff_" + "\ud800" * 12 + "_" + "a" * 52,
    "ａff_" + "a" * 12 + "_" + "a" * 52,  # a full-width letter
    "aff_" + "٢" * 12 + "_" + "a" * 52,  # Arabic digits
    "aff_" + "l" * 12 + "_" + "a" * 52,  # a letter we do not use
    "a" * 10_000_000,
    "aff_" + "a" * 12 + "_" + "a" * 52 + "\n",
    " aff_" + "a" * 12 + "_" + "a" * 52,
    "AFF_" + "a" * 12 + "_" + "a" * 52,
    "' OR 1=1 --",
]


def test_a_new_key_is_read_back_as_it_was_made() -> None:
    for _ in range(200):
        key_id, secret, text = credentials.new_api_key()
        assert text == f"aff_{key_id}_{secret}"
        assert credentials.parse_api_key(text) == (key_id, secret)


def test_secrets_have_at_least_256_bits_and_do_not_repeat() -> None:
    import math

    secrets = [credentials.new_api_key()[1] for _ in range(500)]
    secrets += [credentials.new_link_secret() for _ in range(500)]
    secrets += [credentials.new_session_secret() for _ in range(500)]
    assert len(set(secrets)) == 1500
    assert all(len(one) * math.log2(len(credentials.ALPHABET)) >= 256 for one in secrets)
    assert set("".join(secrets)) == set(credentials.ALPHABET), "every letter serves"
    assert not set("0o1l_") & set(credentials.ALPHABET)


@pytest.mark.incident("key-injection")
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_garbled_keys_are_no_keys(text: str) -> None:
    assert credentials.parse_api_key(text) is None
    assert credentials.is_secret(text) is False
    assert credentials.is_id(text) is False


@pytest.mark.incident("key-injection")
@seed(20261122)
@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(st.characters(), max_size=100), st.binary(max_size=100), st.none(), st.integers()))
def test_reading_a_key_never_raises(anything: object) -> None:
    found = credentials.parse_api_key(anything)  # type: ignore[arg-type]
    assert found is None or f"aff_{found[0]}_{found[1]}" == anything
    assert credentials.is_secret(anything) in (True, False)  # type: ignore[arg-type]
    assert credentials.is_id(anything) in (True, False)  # type: ignore[arg-type]


@seed(20261122)
@settings(max_examples=300, deadline=None)
@given(st.integers(0, 68), st.characters())
def test_one_letter_changed_makes_another_key_or_none(place: int, letter: str) -> None:
    _, secret, text = credentials.new_api_key()
    altered = text[:place] + letter + text[place + 1 :]
    found = credentials.parse_api_key(altered)
    if altered == text:
        return
    assert found is None or found != credentials.parse_api_key(text)
    if found is not None and found[1] != secret:
        assert not credentials.same(credentials.digest(found[1]), credentials.digest(secret))


def test_only_a_digest_is_kept() -> None:
    secret = credentials.new_link_secret()
    assert credentials.digest(secret) == hashlib.sha256(secret.encode()).digest()
    assert credentials.same(credentials.digest(secret), credentials.digest(secret))
    assert not credentials.same(credentials.digest(secret), credentials.digest(credentials.new_link_secret()))
