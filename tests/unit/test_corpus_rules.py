"""What may be used, and how a corpus is called: licences, what sites reserve, recipes, splits, digests."""

from __future__ import annotations

import hashlib
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.training.corpus import licences, reservations
from affouage.training.corpus.finishing import _place, _split, split_all
from affouage.training.corpus.manifest import SPLITS, digest
from affouage.training.corpus.recipe import Consent, Source, Splits, read_recipe
from affouage.training.corpus.store import Withdrawal, is_withdrawn, toml_of

IDS = st.lists(st.text("abcdef0123456789", min_size=4, max_size=16), unique=True, max_size=60)


# --- Licences ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("Licence Ouverte 2.0", "etalab-2.0"),
        ("ETALAB-2.0", "etalab-2.0"),
        ("https://creativecommons.org/licenses/by-sa/4.0/deed.fr", "CC-BY-SA-4.0"),
        ("http://creativecommons.org/licenses/by-nc/4.0/legalcode", "CC-BY-NC-4.0"),
        ("domaine public", "LicenseRef-public-domain"),
        ("LicenseRef-mairie", "LicenseRef-mairie"),
        ("https://example.org/terms", "https://example.org/terms"),
        ("", ""),
    ],
)
def test_a_licence_is_known_by_its_names_and_addresses(stated: str, expected: str) -> None:
    assert licences.identified(stated) == expected


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("etalab-2.0", "yes"),
        ("CC-BY-NC-4.0", "no"),
        ("CC-BY-ND-4.0", "no"),
        ("LicenseRef-mairie", "unknown"),
        ("CC-BY-4.0 AND CC-BY-NC-4.0", "no"),
        ("CC-BY-4.0 AND LicenseRef-mairie", "unknown"),
        ("CC-BY-NC-4.0 OR CC-BY-4.0", "yes"),
        ("CC-BY-NC-4.0 OR CC-BY-ND-4.0", "no"),
    ],
)
def test_permission_of_a_licence_and_of_an_expression(licence: str, expected: str) -> None:
    assert licences.permission(licence) == expected


def test_every_licence_of_the_table_has_its_reason_and_names_of_its_own() -> None:
    names = [licences._flat(name) for one in licences.table() for name in (one.id, *one.names)]
    assert all(one.because.strip() for one in licences.table())
    assert len({licences.identified(name) for name in names}) == len(licences.table())
    assert len(licences._by_name()) == len(set(names))


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b'<a class=x rel="license" href="https://creativecommons.org/licenses/by/4.0/">CC</a>', "CC-BY-4.0"),
        (b"<link href='https://creativecommons.org/licenses/by-nd/4.0/' rel='license nofollow'>", "CC-BY-ND-4.0"),
        (b'<a rel="next" href="https://creativecommons.org/licenses/by/4.0/">', ""),
        (b"<a rel=license>", ""),
    ],
)
def test_a_page_states_its_licence(page: bytes, expected: str) -> None:
    assert licences.of_page(page) == expected


# --- Reservations -----------------------------------------------------------------------------------------------------

ROBOTS = """
User-agent: Googlebot
Disallow: /

User-agent: *
Disallow: /prive/
Allow: /prive/ouvert
Disallow: /*.pdf$

User-agent: GPTBot
User-agent: CCBot/2.0
Disallow: /articles/
"""


@pytest.mark.parametrize(
    ("path", "closed"),
    [
        ("/", False),
        ("/prive/dossier", True),
        ("/prive/ouvert/page", False),
        ("/texte.pdf", True),
        ("/texte.pdf?page=2", False),
        ("/articles/2026", True),  # to those who train, and to nobody else
    ],
)
def test_robots_of_everybody_and_of_those_who_train(path: str, closed: bool) -> None:
    site = reservations.read_robots("example.org", ROBOTS)
    assert site.reserves(f"https://example.org{path}") == ("robots" if closed else "")


def test_a_robots_file_about_other_robots_closes_nothing() -> None:
    assert reservations.read_robots("a", "User-agent: Googlebot\nDisallow: /").reserves("https://a/") == ""
    assert reservations.read_robots("a", "User-agent: *\nDisallow:").reserves("https://a/") == ""


def test_content_signals_and_tdmrep() -> None:
    signal = "User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /"
    assert reservations.read_robots("a", signal).reserves("https://a/x") == "robots"
    assert reservations.read_robots("a", signal.replace("=no", "=yes")).reserves("https://a/x") == ""
    told = b'[{"location": "/", "tdm-reservation": 1}, {"location": "/libre/*", "tdm-reservation": 0}]'
    site = reservations.read_tdmrep("a", told)
    assert site.reserves("https://a/page") == "tdm_reservation"
    assert site.reserves("https://a/libre/page") == ""
    assert reservations.read_tdmrep("a", b"{broken").reserves("https://a/") == ""


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-robots-tag": "noai, noimageai"}, "noai"),
        ({"x-robots-tag": "googlebot: noindex"}, ""),
        ({"x-robots-tag": "gptbot: noindex"}, "noindex"),
        ({"x-robots-tag": "unavailable_after: 25 Jun 2030 15:00:00 PST, noai"}, "noai"),
        ({"tdm-reservation": "1"}, "tdm_reservation"),
        ({"tdm-reservation": "0"}, ""),
        ({"content-usage": "train-ai=n"}, "noai"),
        ({}, ""),
    ],
)
def test_what_headers_reserve(headers: dict[str, str], expected: str) -> None:
    assert reservations.of_headers(headers) == expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b'<meta name="robots" content="noindex"><meta content="noai" name=robots>', "noai"),
        (b"<meta name='tdm-reservation' content='1'>", "tdm_reservation"),
        (b'<meta name="description" content="noai">', ""),
        (b"<META NAME=ROBOTS CONTENT=NOINDEX>", "noindex"),
    ],
)
def test_what_a_page_reserves(page: bytes, expected: str) -> None:
    assert reservations.of_page(page) == expected


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_robots_file_can_be_read(text: str, path: str) -> None:
    assert reservations.read_robots("a", text).reserves(f"https://a/{path}") in ("", "robots")


@given(st.text("ab*$/", max_size=12), st.text("ab/", max_size=20))
def test_patterns_match_as_expressions_would(pattern: str, path: str) -> None:
    bare = pattern.removesuffix("$")
    if "$" in bare:  # in the middle it stands for itself
        return
    expression = ".*".join(map(re.escape, bare.split("*"))) + (r"\Z" if pattern.endswith("$") else "")
    assert reservations._matches(pattern, path) == (re.match(expression, path) is not None)


# --- Recipes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[source]]\nname = ", "end of document"),
        ('[[step]]\nuse = "dream"', "dream"),
        ('[[source]]\nname = "a"\nkind = "video"\nat = "x"', "video"),
        ('[[source]]\nname = "A b"\nkind = "text"\nat = "x"', "name"),
        ('[[source]]\nname = "a"\nkind = "text"\nat = "x"\n' * 2, "two sources"),
        ('[[override]]\nwhat = "licence"\nsource = "a"\nwho = "Odile"\nreason = "because I say so"', "there is not"),
        ('[[override]]\nwhat = "licence"\nsource = "a"\nwho = "Odile"\nreason = "no"', "reason"),
        ("[splits]\nheld_out = 0.5\ntest = 0.5", "nothing to train on"),
        ('[[step]]\nuse = "duplicates"\n' * 2, "twice"),
        ('[[step]]\nuse = "language"\nkeeps = ["fr"]', "keeps"),
    ],
)
def test_a_recipe_that_is_not_in_order_says_where(text: str, told: str) -> None:
    with pytest.raises(BadRequest) as wrong:
        read_recipe(text)
    assert told in wrong.value.message
    assert wrong.value.remedy


WORDS = st.text(min_size=1, max_size=80).filter(lambda one: "\x00" not in one)


@given(
    st.builds(
        Source,
        name=st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True),
        kind=st.sampled_from(["text", "jsonl", "warc"]),
        at=WORDS,
        licence=WORDS,
        segments=st.booleans(),
        robots=st.lists(WORDS, max_size=2).map(tuple),
        consent=st.none() | st.builds(Consent, member=WORDS, day=st.just("2026-11-20")),
    )
)
def test_a_source_is_read_as_it_was_written(source: Source) -> None:
    assert read_recipe(toml_of(source)).source == (source,)


# --- Consent ----------------------------------------------------------------------------------------------------------


def test_a_consent_holds_until_it_is_taken_back_and_again_when_given_later() -> None:
    taken = (Withdrawal(member="Jeanne  moreau", day="2026-11-10", at_ms=0),)
    assert is_withdrawn(taken, "Jeanne Moreau", "2026-11-01")
    assert is_withdrawn(taken, "Jeanne Moreau", "2026-11-10")
    assert not is_withdrawn(taken, "Jeanne Moreau", "2026-11-11")
    assert not is_withdrawn(taken, "Jean Moreau", "2026-11-01")


# --- Splits and digests -----------------------------------------------------------------------------------------------


@given(IDS, st.integers(0, 3))
def test_a_document_is_in_the_split_of_its_hash_but_for_one_where_a_split_is_empty(ids: list[str], seed: int) -> None:
    splits = Splits(held_out=0.2, test=0.2, seed=seed)
    by_hash = [_split(_place(one, seed), splits) for one in ids]  # of each alone: whatever comes in or goes
    found = split_all(ids, splits)
    moved = [(before, after) for before, after in zip(by_hash, found, strict=True) if before != after]
    assert all(before == "train" and after not in by_hash for before, after in moved)
    assert len(moved) == len({after for _, after in moved})
    if {"held_out", "test"} <= set(by_hash):
        assert not moved


@given(IDS.filter(lambda ids: len(ids) >= 3))
def test_no_split_that_is_asked_for_is_empty(ids: list[str]) -> None:
    assert set(split_all(ids, Splits())) == set(SPLITS)
    assert set(split_all(ids, Splits(held_out=0, test=0))) == {"train"}


def test_shares_are_near_what_is_asked() -> None:
    found = split_all([f"document-{n}" for n in range(4_000)], Splits(held_out=0.1, test=0.05))
    assert 320 < found.count("held_out") < 480
    assert 140 < found.count("test") < 260


@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda one: b"\n" not in one), max_size=8, unique=True))
def test_the_digest_depends_on_the_lines_and_not_on_their_order(lines: list[bytes]) -> None:
    hashes = dict.fromkeys(SPLITS, "0" * 64)
    assert digest(lines, hashes) == digest(reversed(lines), hashes)
    assert digest([*lines, b"\x00more"], hashes) != digest(lines, hashes)
    assert digest(lines, {**hashes, "test": "1" * 64}) != digest(lines, hashes)


def test_the_digest_is_the_one_that_is_documented() -> None:
    hashes = {"train": "a" * 64, "held_out": "b" * 64, "test": "c" * 64}
    told = b'{"id":"x"}\n{"id":"y"}\n' + b"".join(f"{s} {hashes[s]}\n".encode() for s in SPLITS)
    assert digest([b'{"id":"y"}\n', b'{"id":"x"}\n'], msgspec.convert(hashes, dict)) == hashlib.sha256(told).hexdigest()
