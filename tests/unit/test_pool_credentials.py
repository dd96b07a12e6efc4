"""Keys and credentials of the pool: their text forms, what they grant, and that nothing altered passes."""

from __future__ import annotations

import base64
import json
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from affouage.errors import SettingsError
from affouage.pool.nodes import jwt, nkey
from affouage.pool.nodes.commons_keys import commons_keys, pool_folder, write_once, write_over
from affouage.pool.nodes.credentials import account_jwt, gateway_jwt, node_jwt, operator_jwt
from affouage.pool.nodes.jwt import BadJwt
from affouage.pool.nodes.nkey import BadKey, Key
from affouage.pool.nodes.revoked import FILE, read_revoked, write_revoked

NOW_S = 1_790_000_000
KINDS = st.sampled_from(["operator", "account", "user"])
SEEDS = st.binary(min_size=32, max_size=32)

# --- keys -------------------------------------------------------------------------------------------------------------


def test_a_key_that_nats_publishes() -> None:
    """From the README of github.com/nats-io/nkeys: `nk -gen user` then `nk -inkey user.seed -pubout`."""
    key = nkey.from_seed("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY")
    assert key.kind == "user"
    assert key.public == "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"


@given(KINDS, SEEDS, st.binary(max_size=200))
def test_keys_go_to_text_and_back_and_sign(kind: nkey.Kind, raw: bytes, message: bytes) -> None:
    key = Key(kind, raw)
    again = nkey.from_seed(key.seed, kind)
    assert (again.public, again.seed, again.kind) == (key.public, key.seed, kind)
    assert key.public[0] == {"operator": "O", "account": "A", "user": "U"}[kind]
    assert key.seed[:2] == f"S{key.public[0]}"
    assert len(key.public) == 56
    assert nkey.is_public(key.public, kind)
    signature = key.sign(message)
    assert nkey.verify(key.public, message, signature)
    assert not nkey.verify(key.public, message + b".", signature)
    assert not nkey.verify(key.public, message, signature[:-1])
    assert key.seed not in repr(key)


@given(KINDS, SEEDS, st.integers(0, 57), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=abc "))
def test_a_letter_mistyped_is_seen(kind: nkey.Kind, raw: bytes, place: int, letter: str) -> None:
    key = Key(kind, raw)
    for text, read in ((key.public, nkey.public_bytes), (key.seed, nkey.from_seed)):
        altered = text[:place] + letter + text[place + 1 :]
        if altered != text:
            with pytest.raises(BadKey) as told:
                read(altered)
            assert altered not in str(told.value)


@given(SEEDS)
def test_one_kind_of_key_is_not_another(raw: bytes) -> None:
    user, account = Key("user", raw), Key("account", raw)
    with pytest.raises(BadKey):
        nkey.from_seed(user.seed, "account")
    with pytest.raises(BadKey):
        nkey.public_bytes(account.public, "user")
    with pytest.raises(BadKey):
        nkey.from_seed(user.public)
    with pytest.raises(BadKey):
        nkey.public_bytes(user.seed)


@given(st.text(max_size=120), st.binary(max_size=80), st.binary(max_size=80))
@example("A" * 56, b"", b"\0" * 64)
@example("é" * 56, b"", b"")
@example("", b"", b"")
def test_whatever_is_no_key_is_refused_and_verifies_nothing(text: str, message: bytes, signature: bytes) -> None:
    with pytest.raises(BadKey):
        nkey.from_seed(text)
    assert not nkey.verify(text, message, signature)


# --- tokens -----------------------------------------------------------------------------------------------------------

ACCOUNT = Key("account", b"a" * 32)
SUBJECT = Key("user", b"u" * 32).public
TOKEN = jwt.encode(ACCOUNT, SUBJECT, {"type": "user"}, name="n_a", now_s=NOW_S, expires_s=NOW_S + 100)


def test_a_token_says_what_was_granted_until_it_ends() -> None:
    claims = jwt.decode(TOKEN, issuer=ACCOUNT.public, now_s=NOW_S + 99)
    assert (claims.sub, claims.iss, claims.iat, claims.exp) == (SUBJECT, ACCOUNT.public, NOW_S, NOW_S + 100)
    assert claims.nats == {"type": "user", "version": 2}
    assert len(claims.jti) == 52
    for now_s, issuer, why in (
        (NOW_S + 100, ACCOUNT.public, "expired"),
        (NOW_S - 3600, ACCOUNT.public, "future"),
        (NOW_S, Key("account", b"b" * 32).public, "signed"),
        (NOW_S, "A", "signed"),
    ):
        with pytest.raises(BadJwt, match=why):
            jwt.decode(TOKEN, issuer=issuer, now_s=now_s)


@given(
    st.text(max_size=40),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.dictionaries(st.text(max_size=9), st.lists(st.text(max_size=9), max_size=3), max_size=4),
)
def test_tokens_go_round(name: str, now_s: int, expires_s: int, granted: dict[str, list[str]]) -> None:
    token = jwt.encode(ACCOUNT, SUBJECT, granted, name=name, now_s=now_s, expires_s=expires_s)
    if expires_s and expires_s <= now_s:
        with pytest.raises(BadJwt, match="expired"):
            jwt.decode(token, issuer=ACCOUNT.public, now_s=now_s)
        return
    claims = jwt.decode(token, issuer=ACCOUNT.public, now_s=now_s)
    assert (claims.name, claims.nats) == (name, {**granted, "version": 2})


@given(st.data())
def test_a_token_altered_anywhere_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(TOKEN) - 1))
    letter = data.draw(st.sampled_from("ABCYZabcxyz0189-_.="))
    altered = TOKEN[:place] + letter + TOKEN[place + 1 :]
    if altered != TOKEN:
        with pytest.raises(BadJwt):
            jwt.decode(altered, issuer=ACCOUNT.public, now_s=NOW_S)


def test_a_token_of_another_kind_is_refused() -> None:
    body = TOKEN.split(".")[1]
    for header in ({"typ": "JWT", "alg": "none"}, {"typ": "JWT", "alg": "HS256"}, [], {"alg": "ed25519-nkey"}):
        text = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
        with pytest.raises(BadJwt):
            jwt.decode(f"{text}.{body}.", issuer=ACCOUNT.public, now_s=NOW_S)


@given(st.one_of(st.text(max_size=300), st.lists(st.binary(max_size=90), min_size=3, max_size=3)))
@example("..")
@example(f"{TOKEN}.")
@example([b"[" * 90, b"[" * 90, b""])
@example([b'{"typ":"JWT","alg":"ed25519-nkey"}', b'{"sub":1}', b""])
@example([b'{"typ":"JWT","alg":"ed25519-nkey"}', b"\xff\xfe", b""])
def test_whatever_is_no_token_is_refused_in_the_same_way(parts: str | list[bytes]) -> None:
    text = parts if isinstance(parts, str) else ".".join(_b64(part) for part in parts)
    with pytest.raises(BadJwt):
        jwt.decode(text, issuer=ACCOUNT.public, now_s=NOW_S)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


# --- what each is granted ---------------------------------------------------------------------------------------------


def test_a_node_is_granted_its_own_subjects_and_no_other(home: Path) -> None:
    keys = commons_keys(home)
    claims = jwt.decode(node_jwt(keys, "n_abc", SUBJECT, NOW_S, 7), issuer=keys.account.public, now_s=NOW_S)
    assert claims.exp == NOW_S + 7 * 86_400
    assert claims.nats["pub"]["allow"] == ["hb.n_abc", "out.n_abc.>"]
    assert claims.nats["sub"]["allow"] == ["node.n_abc.>"]
    assert "_INBOX.>" in claims.nats["pub"]["deny"] + claims.nats["sub"]["deny"]
    for wrong in ("", "n.b", "*", ">", "n b", "N_A", "n_" + "a" * 63, "n\n"):
        with pytest.raises(ValueError, match="no node id"):
            node_jwt(keys, wrong, SUBJECT, NOW_S, 7)
    with pytest.raises(BadKey):
        node_jwt(keys, "n_abc", keys.account.public, NOW_S, 7)


def test_revocations_are_in_the_account_for_a_day_to_come(home: Path) -> None:
    keys = commons_keys(home)
    claims = jwt.decode(account_jwt(keys, NOW_S, {SUBJECT: NOW_S}), issuer=keys.operator.public, now_s=NOW_S)
    assert claims.nats["revocations"] == {SUBJECT: NOW_S + 86_400}
    assert "revocations" not in jwt.decode(account_jwt(keys, NOW_S), issuer=keys.operator.public, now_s=NOW_S).nats
    assert jwt.decode(operator_jwt(keys, NOW_S), issuer=keys.operator.public, now_s=NOW_S).sub == keys.operator.public
    assert jwt.decode(gateway_jwt(keys, NOW_S), issuer=keys.account.public, now_s=NOW_S).exp == 0


# --- the keys on the disk ---------------------------------------------------------------------------------------------


def test_keys_are_made_once_for_this_user_alone(home: Path) -> None:
    old = os.umask(0)
    try:
        first, again = commons_keys(home), commons_keys(home)
    finally:
        os.umask(old)
    for name in ("operator", "account", "system", "gateway"):
        assert getattr(first, name).seed == getattr(again, name).seed
    assert (first.box, first.box_public) == (again.box, again.box_public)
    assert stat.S_IMODE((home / "pool").stat().st_mode) == 0o700
    files = sorted((home / "pool").iterdir())
    assert [file.name for file in files] == ["account.seed", "box.key", "gateway.seed", "operator.seed", "system.seed"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_keys_left_readable_to_others_are_closed_again(home: Path) -> None:
    commons_keys(home)
    (home / "pool").chmod(0o755)
    (home / "pool" / "box.key").chmod(0o644)
    commons_keys(home)
    assert stat.S_IMODE((home / "pool").stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "pool" / "box.key").stat().st_mode) == 0o600


def test_made_by_many_at_the_same_time_they_are_the_same(home: Path) -> None:
    made, gate = [], threading.Barrier(8)

    def make() -> None:
        gate.wait()
        keys = commons_keys(home)
        made.append((keys.operator.seed, keys.account.seed, keys.system.seed, keys.gateway.seed, keys.box))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1


def test_interrupted_half_way_the_rest_is_made_next_time(home: Path) -> None:
    first = commons_keys(home)
    for name in ("system.seed", "box.key"):
        (home / "pool" / name).unlink()
    (home / "pool" / ".box.key.1.00").write_text("ha")  # what a power cut left aside
    again = commons_keys(home)
    assert again.operator.seed == first.operator.seed
    assert again.system.seed != first.system.seed


@pytest.mark.parametrize("name", ["operator.seed", "account.seed", "box.key"])
@pytest.mark.parametrize(
    "damage", [b"", b"SO", b"\xff\xfe", b"00ff", b"SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDN"]
)
def test_a_damaged_key_is_said_and_never_made_anew(home: Path, name: str, damage: bytes) -> None:
    commons_keys(home)
    (home / "pool" / name).write_bytes(damage)
    with pytest.raises(SettingsError) as told:
        commons_keys(home)
    assert name in told.value.message
    assert told.value.remedy
    assert (home / "pool" / name).read_bytes() == damage


def test_files_are_written_whole_once_or_over(home: Path) -> None:
    path = pool_folder(home) / "file"
    write_once(path, "first")
    write_once(path, "second")
    assert path.read_text() == "first"
    write_over(path, "third")
    assert path.read_text() == "third"
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_what_was_revoked_is_kept_and_a_damaged_list_lets_nobody_in(home: Path) -> None:
    assert read_revoked(home) == {}
    write_revoked(home, SUBJECT, NOW_S)
    write_revoked(home, SUBJECT, NOW_S + 9)
    assert read_revoked(home) == {SUBJECT: NOW_S}
    (home / "pool" / FILE).write_text("{")
    with pytest.raises(SettingsError):
        read_revoked(home)
