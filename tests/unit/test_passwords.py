"""Passwords: which are taken, and that checking one costs the same whether or not there is somebody."""

from __future__ import annotations

import time
import unicodedata
from statistics import median

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from affouage.assembly import passwords
from affouage.errors import BadRequest

GOOD = "quatre mots sans lien"


@pytest.mark.parametrize(
    "password",
    [GOOD, "Zx9!Zx9!kd2q", "un as du lac bleu", "#?!;:/§&é~{[|", "пароль из леса", "山田太郎は森で薪を割るのだ"],
)
def test_good_passwords(password: str) -> None:
    assert passwords.check_password(password, "Odile Bois") == password


@pytest.mark.parametrize(
    ("password", "name"),
    [
        ("", "Odile"),
        ("court", "Odile"),
        ("onzelettres", "Odile"),
        ("a" * 12, "Odile"),
        ("abababababab", "Odile"),
        ("azertyuiopqs", "Odile"),
        ("mlkjhgfdsqpo", "Odile"),
        ("123456789012", "Odile"),
        ("MotDePasse123", "Odile"),
        ("Odile Boisvert", "Odile Boisvert"),
        ("ODILEBOISVERT1", "Odile Boisvert"),
        ("odile-boisvért-2026", "Odile Boisvert"),
        ("quatre mots\0 sans", "Odile"),
        ("quatre mots \ud800 sans", "Odile"),
        ("quatre mots\nsans", "Odile"),
        ("a b" * 1000, "Odile"),
    ],
)
def test_refused_passwords_say_why_and_what_would_do(password: str, name: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        passwords.check_password(password, name)
    assert refusal.value.code == "weak_password"
    assert refusal.value.param == "password"
    assert refusal.value.remedy
    if password:
        assert password not in str(refusal.value)


def test_a_short_name_inside_a_long_password_is_no_matter() -> None:
    assert passwords.check_password("quatre mots sans lien avec odile", "Odile")


@seed(20261122)
@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(), max_size=60), st.text(max_size=20))
def test_any_text_is_taken_or_refused_and_never_breaks(password: str, name: str) -> None:
    try:
        taken = passwords.check_password(password, name)
    except BadRequest:
        return
    assert len(taken) >= passwords.PASSWORD_MIN
    taken.encode("utf-8")


def test_argon2id_with_the_profile_announced() -> None:
    made = passwords.make_hash(GOOD)
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert made != passwords.make_hash(GOOD), "salted"
    assert passwords.matches(made, GOOD)
    assert not passwords.matches(made, GOOD + " ")
    assert not passwords.outdated(made)
    assert passwords.outdated(made.replace("t=2", "t=1"))


def test_accents_typed_one_way_or_another_are_the_same() -> None:
    made = passwords.make_hash(passwords.check_password("forêt très âgée ici", "Odile"))
    assert passwords.matches(made, unicodedata.normalize("NFD", "forêt très âgée ici"))


@pytest.mark.parametrize("typed", ["", "\0", "\ud800", "x" * 1_000_000])
def test_strange_passwords_are_wrong_and_nothing_more(typed: str) -> None:
    assert not passwords.matches(passwords.make_hash(GOOD), typed)
    assert not passwords.matches(None, typed)
    assert not passwords.matches("not a hash", typed)


@pytest.mark.alone
def test_nobody_costs_as_much_as_somebody() -> None:
    made = passwords.make_hash(GOOD)

    def cost_s(known: str | None) -> float:
        times = []
        for _ in range(7):
            start = time.thread_time()
            passwords.matches(known, "something else entirely")
            times.append(time.thread_time() - start)
        return median(times)

    somebody_s, nobody_s = cost_s(made), cost_s(None)
    assert 0.5 < nobody_s / somebody_s < 2, f"{nobody_s * 1000:.1f} ms against {somebody_s * 1000:.1f} ms"
