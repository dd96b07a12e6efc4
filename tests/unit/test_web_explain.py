"""Pages of sheets: nothing of a sheet is lost or heavy, no address of it is trusted, ages and refusals are words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from affouage.asgi.readers import tags
from affouage.assembly.member import Member, Role
from affouage.sheets.finding import Header
from affouage.sheets.passages import passages_of
from affouage.sheets.search.keeping_up import Progress
from affouage.sheets.sheet import Block, Collection, Fact, Link, Sheet, may_read
from affouage.web.explain import words
from affouage.web.explain.evaluations import per_hundred, wilson
from affouage.web.explain.links import local_sheet, outside, site_name
from affouage.web.explain.sheet_parts import Heading, Run, html_bytes, parts_of
from affouage.web.explain.sheets import blocks_of
from affouage.web.explain.views import spans
from affouage.web.language import language
from affouage.workshops.explain.shapes import Quote

FRENCH, ENGLISH = language("fr"), language("en")
AT_MOST = 2_000

FEWER = hypothesis_settings(max_examples=40)

text = st.text(alphabet="abc d'é<&\n", min_size=1, max_size=400)
path = st.lists(st.sampled_from(["Cas général", "Vous êtes mineur", "À l'étranger", "<b>"]), max_size=4).map(tuple)
block = st.builds(Block, text=text, path=path, kind=st.sampled_from(["text", "item", "row", "box"]), name=st.just(""))
fact = st.builds(
    Fact, kind=st.sampled_from(["where", "form", "law", "amount"]), label=text, url=st.just("javascript:x")
)
sheets = st.builds(
    Sheet,
    id=st.just("F1"),
    title=st.just("Une fiche"),
    blocks=st.lists(block, max_size=40).map(tuple),
    facts=st.lists(fact, max_size=6).map(tuple),
    related=st.just((Link(title="Ailleurs", url="https://exemple.fr/x"),)),
)


def body_of(read: Sequence[Heading | Run]) -> list[str]:
    return [piece.text for one in read if isinstance(one, Run) for piece in one.pieces if piece.number is not None]


@FEWER
@given(sheets)
def test_no_word_of_a_sheet_is_lost_and_none_is_said_twice(sheet: Sheet) -> None:
    parts = parts_of(sheet, str, at_most_bytes=AT_MOST)
    told = [line for number in range(1, len(parts.parts) + 1) for line in body_of(parts.read(number))]
    assert "".join(told) == "".join(one.text for one in sheet.blocks)
    beside = [one for part in parts.parts for one in part if one.kind == "fact" and one.number is None]
    shown = {one for one in sheet.facts if one.kind != "amount"}
    assert len(beside) == len(shown) + 1
    assert {one.href for one in beside} <= {"", "https://exemple.fr/x"}


@FEWER
@given(sheets)
def test_every_piece_stands_under_its_whole_path_in_its_own_part(sheet: Sheet) -> None:
    """A condition is never lost, not even where a new page begins in the middle of a case."""
    parts = parts_of(sheet, str, at_most_bytes=AT_MOST)
    for number in range(1, len(parts.parts) + 1):
        stands: list[str] = []
        for one in parts.read(number):
            if isinstance(one, Heading):
                depth = one.level - 2
                stands = [*stands[:depth], one.text]
            else:
                assert all(list(piece.path) == stands[: len(piece.path)] for piece in one.pieces)
                assert len({piece.path for piece in one.pieces}) == 1


@FEWER
@given(sheets)
def test_a_part_is_light(sheet: Sheet) -> None:
    parts = parts_of(sheet, str, at_most_bytes=AT_MOST)
    for part in parts.parts:
        heaviest = max((one.weight_bytes for one in part), default=0)
        assert sum(one.weight_bytes for one in part) <= AT_MOST + heaviest


@FEWER
@given(sheets)
def test_the_contents_lead_to_headings_that_are_there(sheet: Sheet) -> None:
    parts = parts_of(sheet, str, at_most_bytes=AT_MOST)
    there = {
        (number, one.anchor): one.text
        for number in range(1, len(parts.parts) + 1)
        for one in parts.read(number)
        if isinstance(one, Heading) and one.anchor
    }
    assert all(there[one.part, one.anchor].startswith(one.title.rstrip("…")) for one in parts.contents)


def test_a_text_without_a_paragraph_is_cut_too() -> None:
    sheet = Sheet(id="long", title="Long", blocks=(Block(text="l'été " * 20_000),))
    parts = parts_of(sheet, str)
    assert all(sum(one.weight_bytes for one in part) < 40_000 for part in parts.parts)
    assert "".join(one.text for part in parts.parts for one in part) == sheet.blocks[0].text


@FEWER
@given(sheets)
def test_a_passage_leads_to_its_own_blocks(sheet: Sheet) -> None:
    for passage in passages_of(sheet, "c"):
        here = blocks_of(sheet, passage.number)
        assert all(sheet.blocks[number].path == passage.path for number in here)
        if passage.text.strip():
            assert here, passage
    assert blocks_of(sheet, 9_999) == ()


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "file:///etc/passwd", "//elsewhere.fr"),
        *("https://a:b@exemple.fr/", "https://", "ftp://exemple.fr", " https://exemple.fr", "https://exemple.fr/\n"),
        *('https://exemple.fr/"onclick=', "https://[", "", "/sheets", "https://exemple.fr/" + "x" * 3000),
    ],
)
def test_an_address_that_is_no_plain_web_address_is_no_link(url: str) -> None:
    assert outside(url) == ""
    assert site_name(url) == ""


@given(st.text(max_size=80))
def test_whatever_a_sheet_names_only_http_comes_out(url: str) -> None:
    kept = outside(url)
    assert kept in ("", url)
    if kept:
        assert urlsplit(kept).scheme.lower() in ("http", "https")
        assert not re.search(r"[\s\"'<>\\]", kept.replace("'", "")), kept


def test_plain_addresses_stay() -> None:
    url = "https://www.service-public.fr/particuliers/vosdroits/F1?x=1&y=é#haut"
    assert outside(url) == url
    assert site_name(url) == "service-public.fr"
    assert local_sheet("a/b", "F 1?") == "/sheets/a%2Fb/F%201%3F"


@pytest.mark.parametrize(
    ("days", "french", "english"),
    [
        (0, "aujourd’hui", "today"),
        (1, "hier", "yesterday"),
        (2, "il y a 2 jours", "2 days ago"),
        (90, "il y a 2 mois", "2 months ago"),
        (2209, "il y a 6 ans", "6 years ago"),
    ],
)
def test_age_in_words(days: int, french: str, english: str) -> None:
    assert words.age_words(days, FRENCH) == french
    assert words.age_words(days, ENGLISH) == english


def header(**values: object) -> Header:
    usual: dict[str, object] = {
        **{"collection_id": "c", "sheet_id": "F1", "title": "T", "description": "", "url": "https://www.exemple.fr/F1"},
        **{"day": "2020-11-12", "audience": "", "theme": (), "source": "S", "licence": "L", "age_days": 2209},
        **{"old": True, "archived": False},
    }
    return Header(**{**usual, **values})  # type: ignore[arg-type]


def test_an_old_sheet_says_so_with_its_date_and_where_to_check() -> None:
    told = words.dated(header(), FRENCH)
    assert told.warning.startswith("Cette fiche date du 12 novembre 2020, il y a 6 ans\u202f:")
    assert (told.check_href, told.check_name) == ("https://www.exemple.fr/F1", "exemple.fr")
    assert words.dated(header(old=False), FRENCH).warning == ""
    assert "pas de date" in words.dated(header(day=None, age_days=None, old=False), FRENCH).warning
    assert "retirée" in words.dated(header(archived=True), FRENCH).warning
    assert words.dated(header(url="javascript:alert(1)"), FRENCH).check_href == ""


def test_what_was_masked_is_told_once_and_nothing_else_is() -> None:
    told = words.masked_words(("personal_data:nir", "personal_data:iban", "personal_data:nir", "old_sheet"), FRENCH)
    assert told.count("sécurité sociale") == 1
    assert "compte bancaire" in told
    assert words.masked_words(("old_sheet",), FRENCH) == ""


def test_how_a_document_was_read_is_told_and_the_name_of_its_file_is_not() -> None:
    notes = (
        "file:a.pdf",
        "day:file",
        "licence:Licence Ouverte 2.0",
        "ocr:71",
        "doubtful:2,5",
        "unread:7",
        "odd",
        "x:1",
    )
    told = words.reading_notes(notes, FRENCH)
    assert len(told) == 5
    assert "jour où son fichier" in told[0]
    assert told[1].endswith("Licence Ouverte 2.0.")
    assert "71" in told[2]
    assert told[3] == "Le programme n’était pas sûr des pages 2, 5."
    assert told[4].startswith("La page 7 n’a pas pu être lue")
    assert words.reading_notes(("day:front matter",), FRENCH) == ()


def test_readers_are_told_in_words() -> None:
    told = words.readers(("public", "members", "role:steward", "college:agents", "member:abc"), FRENCH)
    assert told == "tout le monde, tous les membres, les intendants et les opérateurs, le collège\u202f: agents, " + (
        "un membre nommément"
    )


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ((200, 50, None), "par les mots, 25\u202f% des fiches pour le moment\u202f; la suite vient."),
        ((200, 200, None), "par les mots seulement\u202f: rien ici ne cherche par le sens."),
        ((200, 200, 0), "par les mots, toutes\u202f; par le sens, 0\u202f% pour le moment\u202f; la suite vient."),
        ((200, 200, 200), "par les mots et par le sens, toutes."),
    ],
)
def test_how_far_the_search_is(made: tuple[int, int, int | None], told: str) -> None:
    sheets, by_words, by_meaning = made
    progress = Progress(sheets=sheets, by_words=by_words, by_meaning=by_meaning)
    assert words.progress(progress, FRENCH) == told


def test_tags_open_collections_to_whom_they_are_for() -> None:
    def may(who: frozenset[str], *readers: str) -> bool:
        kept = {"id": "c", "name": "C", "kind": "folder", "source": "", "licence": "", "origin": ""}
        return may_read(Collection(**kept, readers=readers), who)

    karim = tags(Member("m1", "Karim", Role.MEMBER, "fr", 0), "agents")
    odile = tags(Member("m2", "Odile", Role.OPERATOR, "fr", 0), "")
    assert may(karim, "members")
    assert may(karim, "college:agents")
    assert may(karim, "member:m1")
    assert not may(karim, "role:steward", "college:", "member:m2")
    assert may(odile, "role:steward")
    assert not may(odile, "college:agents")


PASSAGE = "La carte est gratuite.\nElle coûte 12 € si vous êtes majeur.\nElle est refaite pour 3 €."


@given(st.lists(st.tuples(st.integers(0, len(PASSAGE)), st.integers(0, len(PASSAGE))), min_size=1, max_size=6))
def test_quotes_of_one_passage_are_told_once_each_word_for_word(pairs: list[tuple[int, int]]) -> None:
    quotes = [
        Quote(collection_id="c", sheet_id="F1", passage=1, start=a, end=b, text=PASSAGE[a:b])
        for a, b in (sorted(pair) for pair in pairs)
    ]
    told = spans(quotes)
    assert all(line in PASSAGE for line in told)
    covered = {place for one in quotes for place in range(one.start, one.end)}
    assert "".join(told) == "".join(PASSAGE[place] for place in sorted(covered)).replace("\n", "")


def test_an_apostrophe_weighs_five_bytes() -> None:
    assert html_bytes("l'é") == 1 + 5 + 2


def test_shares_brought_to_a_hundred_add_up_and_ranges_hold() -> None:
    assert per_hundred([1, 1, 1]) == [34, 33, 33]
    assert per_hundred([0, 0]) == [0, 0]
    assert all(sum(per_hundred([a, b, c])) == 100 for a in range(7) for b in range(7) for c in range(1, 5))
    low, high = wilson(0, 35)
    assert low == 0
    assert 0.09 < high < 0.11
    assert wilson(50, 100) == pytest.approx((0.404, 0.596), abs=0.001)
