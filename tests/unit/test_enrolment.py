"""What is decided without any key or connection: invitations, names, fingerprints; and the file of an identity."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly import credentials
from affouage.errors import BadRequest, HomeReadOnly, SettingsError
from affouage.pool.nodes.identity import FILE, Enrolled, forget_identity, read_identity, write_identity
from affouage.pool.nodes.joining import (
    NAME_MAX,
    JoinRequest,
    check_node_name,
    fingerprint,
    is_node_id,
    name_for,
    node_id_of,
    read_token,
    signed_text,
    write_token,
)

KEY = "U" + "A" * 55
SECRET = credentials.new_link_secret()


def refusal(text: str) -> str:
    with pytest.raises(BadRequest) as no:
        read_token(text)
    assert no.value.remedy
    assert SECRET not in str(no.value), "an error ends in a log"
    return no.value.code


@pytest.mark.parametrize(
    "url", ["https://bois.example", "https://bois.example/affouage", "http://127.0.0.1:8420", "http://[::1]:8420"]
)
def test_an_invitation_is_read_back_however_it_was_pasted(url: str) -> None:
    token = write_token(f"{url}/", SECRET)
    assert token.startswith(f"{url}/nodes/join#{SECRET}")
    for pasted in (token, f"  {token}\n", f"'{token}'", f"<{token}>"):
        read = read_token(pasted)
        assert (read.url, read.secret) == (url, SECRET)
        assert SECRET not in repr(read)


@given(st.integers(0, 200), st.sampled_from("abxyz29#/:"))
def test_a_letter_changed_or_lost_is_noticed_on_the_spot(place: int, letter: str) -> None:
    token = write_token("https://bois.example", SECRET)
    place %= len(token)
    for wrong in (token[:place] + token[place + 1 :], token[:place] + letter + token[place + 1 :]):
        if wrong != token:
            assert refusal(wrong) in ("node_token", "node_address")


@pytest.mark.parametrize("text", ["", "#", "https://bois.example", "https://bois.example/nodes/join#", "x" * 100_000])
def test_what_is_no_invitation(text: str) -> None:
    assert refusal(text) == "node_token"


@pytest.mark.parametrize(
    "url",
    [
        *("http://bois.example", "http://192.168.1.4:8420", "http://localhost.bois.example", "https://", "ftp://x"),
        *("https://user:secret@bois.example", "https://bois.example?x=1", "https://bois.example:99999", "http://[::2]"),
    ],
)
def test_no_secret_travels_where_it_can_be_read(url: str) -> None:
    with pytest.raises(BadRequest) as no:
        write_token(url, SECRET)
    assert no.value.code == "node_address"
    assert "https" in no.value.remedy


def test_an_invitation_made_by_another_hand_is_checked_too() -> None:
    from affouage.pool.nodes.joining import _check_of

    url = "http://bois.example"
    assert refusal(f"{url}/nodes/join#{SECRET}{_check_of(url, SECRET)}") == "node_address"


def test_a_node_has_the_id_of_its_key_and_a_fingerprint_of_both() -> None:
    other = "U" + "B" * 55
    assert is_node_id(node_id_of(KEY))
    assert node_id_of(KEY) != node_id_of(other)
    shown = {fingerprint(key, box) for key in (KEY, other) for box in (bytes(32), b"\1" * 32)}
    assert len(shown) == 4
    assert all(len(one) == 9 and one[4] == "-" for one in shown)


@pytest.mark.parametrize("name", ["atelier", "PC de Zoé", "日本", "x" * NAME_MAX, " salle   2 "])
def test_names_that_can_be_read(name: str) -> None:
    assert check_node_name(name) == " ".join(name.split())


@pytest.mark.parametrize(
    "name",
    [
        *("", "   ", "a\tb", "a\nb", "\x1b[31mrouge", "\u202eeg", "a\u200bb", "\u2066x\u2069", "\udcff", "x" * 41),
        *("x" * 10_000, node_id_of(KEY), "...", "commons"),
    ],
)
def test_names_that_would_mislead(name: str) -> None:
    with pytest.raises(BadRequest) as no:
        check_node_name(name)
    assert no.value.remedy


@given(st.text(max_size=100))
def test_any_network_name_gives_a_name(text: str) -> None:
    assert check_node_name(name_for(text))


def test_a_network_name_is_kept_when_it_can_be() -> None:
    assert name_for("atelier.lan") == "atelier.lan"
    assert name_for("a\tb\x1b") == "a b"
    assert name_for("commons") == name_for("\u202e") == name_for("") == "machine"


def test_a_signature_covers_every_part() -> None:
    parts = [("GET", "/a", 1, "n", b""), ("POST", "/a", 1, "n", b""), ("GET", "/b", 1, "n", b"")]
    parts += [("GET", "/a", 2, "n", b""), ("GET", "/a", 1, "m", b""), ("GET", "/a", 1, "n", b"x")]
    assert len({signed_text(*one) for one in parts}) == len(parts)


@pytest.mark.parametrize(
    "change",
    [
        {"public_key": "U"},
        {"public_key": "S" + "A" * 55},
        {"box_key": "00"},
        {"box_key": "Z" * 64},
        {"machine_id": "../../etc"},
        {"machine_id": ""},
        {"max_watts": -1},
        {"max_watts": 1e9},
        {"name": "x" * 401},
        {"secret": "x" * 101},
        {"template": "{{ 7*7 }}"},
    ],
    ids=str,
)
def test_only_data_of_the_right_form_is_read(change: dict[str, object]) -> None:
    right = {"secret": SECRET, "name": "atelier", "public_key": KEY, "box_key": "0" * 64, "machine_id": "vm"}
    read = msgspec.json.Decoder(JoinRequest).decode
    assert SECRET not in repr(read(msgspec.json.encode(right)))
    with pytest.raises(msgspec.ValidationError):
        read(msgspec.json.encode(right | change))


def identity(**more: str) -> Enrolled:
    return Enrolled(
        **{
            "node_id": node_id_of(KEY),
            "name": "atelier",
            "machine_id": "vm",
            "commons_url": "https://bois.example",
            "public_key": KEY,
            "seed": "SUSECRET",
            "box_private": "0f" * 32,
            **more,
        }
    )


def test_an_identity_is_kept_for_this_user_alone_and_replaced_whole(tmp_path: Path) -> None:
    assert read_identity(tmp_path) is None
    write_identity(tmp_path, identity())
    write_identity(tmp_path, identity(name="grenier"))
    kept = read_identity(tmp_path)
    assert kept == identity(name="grenier")
    assert "SUSECRET" not in repr(kept)
    assert "0f0f" not in repr(kept)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / FILE).parent.stat().st_mode) == 0o700
    assert [one.name for one in (tmp_path / "node").iterdir()] == ["identity.json"]
    forget_identity(tmp_path)
    forget_identity(tmp_path)
    assert read_identity(tmp_path) is None


def test_a_damaged_identity_is_told_and_never_quoted(tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / FILE).write_text('{"seed": "SUSECRET"')
    with pytest.raises(SettingsError) as no:
        read_identity(tmp_path)
    assert no.value.code == "identity_unreadable"
    assert "SUSECRET" not in str(no.value)
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeReadOnly):
        write_identity(tmp_path / "file", identity())
