"""What a program reads in French: sentences, figures, dates, negations, conditions, personal data, languages."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.french import personal
from affouage.french.conditions import allows, conditions, obliges
from affouage.french.dates import dates
from affouage.french.language import language_of
from affouage.french.negations import negations
from affouage.french.plain import alike, content_words, level, stem
from affouage.french.quantities import quantities
from affouage.french.sentences import sentences

anything = st.text(max_size=200)

# -- plain words and sentences -----------------------------------------------------------------------------------------


@given(anything)
def test_a_leveled_text_keeps_its_places(text: str) -> None:
    assert len(level(text)) == len(text)


@given(st.text(alphabet="aàeéE. !?\n-1,;:«»M", max_size=120))
def test_sentences_stand_in_order_and_lose_no_letter(text: str) -> None:
    found = sentences(text)
    assert all(text[one.start : one.end] == one.text == one.text.strip() for one in found)
    assert all(one.end <= following.start for one, following in itertools.pairwise(found))
    outside = set(range(len(text))) - {place for one in found for place in range(one.start, one.end)}
    left_out = "".join(text[place] for place in sorted(outside))
    # Nothing but blanks, marks, and the bullet or number before an item.
    assert sum(one.isalpha() for one in left_out) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("M. Dupont a payé 3.50 euros. Il part !", ["M. Dupont a payé 3.50 euros.", "Il part !"]),
        ("Voir l'art. 5 du code. Ensuite, www.service-public.fr.", None),
        ("- Une pièce\n- Une photo", ["Une pièce", "Une photo"]),
        ("1. Remplir.\n2. Envoyer.", ["Remplir.", "Envoyer."]),
        ("Vous avez droit à une aide, etc. Demandez-la.", ["Vous avez droit à une aide, etc.", "Demandez-la."]),
        ("See Mr. Smith. He knows.", ["See Mr. Smith.", "He knows."]),
        ("« Oui. » Il accepte…", ["« Oui. »", "Il accepte…"]),
        ("", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str] | None) -> None:
    expected = ["Voir l'art. 5 du code.", "Ensuite, www.service-public.fr."] if expected is None else expected
    assert [one.text for one in sentences(text)] == expected


def test_words_of_one_family_share_a_stem() -> None:
    assert len({stem(one) for one in ("demander", "demandez", "demande", "demandee")}) == 1
    assert alike(stem("age"), stem("agees"))
    assert not alike(stem("permis"), stem("personne"))
    assert content_words("L’ancienne carte d’identité") == content_words("les anciennes cartes d'identite")


# -- figures -----------------------------------------------------------------------------------------------------------

_SMALL = [
    "zéro",
    "un",
    "deux",
    "trois",
    "quatre",
    "cinq",
    "six",
    "sept",
    "huit",
    "neuf",
    "dix",
    "onze",
    "douze",
    "treize",
    "quatorze",
    "quinze",
    "seize",
    "dix-sept",
    "dix-huit",
    "dix-neuf",
]
_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante"}


def in_letters(number: int) -> str:
    """As a schoolbook writes it, up to 999,999."""
    if number < 20:
        return _SMALL[number]
    if number < 100:
        return _below_hundred(number)
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        head = "cent" if hundreds == 1 else f"{_SMALL[hundreds]} cent{'' if rest else 's'}"
        return f"{head} {in_letters(rest)}" if rest else head
    thousands, rest = divmod(number, 1000)
    head = "mille" if thousands == 1 else f"{in_letters(thousands).removesuffix('s')} mille"
    head = f"{in_letters(thousands)} mille" if thousands != 1 and not in_letters(thousands).endswith("cents") else head
    return f"{head} {in_letters(rest)}" if rest else head


def _below_hundred(number: int) -> str:
    tens, unit = number // 10 * 10, number % 10
    if tens in (70, 90):
        tens, unit = tens - 10, unit + 10
    if tens == 80:
        return f"quatre-vingt-{_SMALL[unit]}" if unit else "quatre-vingts"
    if not unit:
        return _TENS[tens]
    return f"{_TENS[tens]}{' et ' if unit in (1, 11) else '-'}{_SMALL[unit]}"


@given(st.integers(2, 999_999))
def test_a_number_is_the_same_in_digits_and_in_letters(number: int) -> None:
    spelt, written, spaced = f"{in_letters(number)} jours", f"{number} jours", f"{number:,} jours".replace(",", " ")
    keys = {tuple(one.key for one in quantities(text)) for text in (spelt, written, spaced)}
    assert keys == {(("day", Decimal(number)),)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("un an", "12 mois"),
        ("un an et demi", "18 mois"),
        ("1 200,50 €", "1200,50 euros"),
        ("11 euros 52", "11,52 €"),
        ("cinq pour cent", "5 %"),
        ("1,5 million d'euros", "1 500 000 €"),
        ("50 centimes", "0,50 €"),
        ("une quinzaine de jours", "15 jours"),
        ("âgé de 18 ans", "dix-huit ans"),
        ("à 14h30", "à 14 h 30"),
        ("le 1er enfant", "le premier enfant"),
    ],
)
def test_the_same_quantity_written_otherwise(one: str, other: str) -> None:
    assert [q.key for q in quantities(one)] == [q.key for q in quantities(other)]
    assert len(quantities(one)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("2 semaines", "14 jours"), ("10 €", "10 %"), ("3 ans", "3 mois"), ("18", "1,8"), ("deux et trois", "cinq")],
)
def test_other_quantities_are_not_the_same(one: str, other: str) -> None:
    assert [q.key for q in quantities(one)] != [q.key for q in quantities(other)]


def test_un_is_a_number_before_a_unit_alone() -> None:
    assert quantities("un enfant, une fois, un document") == []
    assert [q.text for q in quantities("un mois")] == ["un mois"]


def test_kinds_of_quantities() -> None:
    told = {q.kind for q in quantities("âgé de 18 ans, 3 mois, 25 €, 5 %, 8h30, 2e enfant, 4 photos")}
    assert told == {"age", "duration", "amount", "percent", "time", "ordinal", "number"}


@given(st.text(max_size=100))
def test_quantities_and_dates_stand_where_they_say_and_apart(text: str) -> None:
    found = [(one.start, one.end, one.text) for one in (*quantities(text), *dates(text))]
    assert all(text[start:end] == said for start, end, said in found)
    found.sort()
    assert all(one[1] <= following[0] for one, following in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("le 3 mars 2025", (2025, 3, 3, None)),
        ("1er janvier 2024", (2024, 1, 1, None)),
        ("03/03/2025", (2025, 3, 3, None)),
        ("2025-03-03", (2025, 3, 3, None)),
        ("March 3, 2025", (2025, 3, 3, None)),
        ("en mars 2025", (2025, 3, None, None)),
        ("lundi 5 mai", (None, 5, 5, 0)),
        ("depuis 2019", (2019, None, None, None)),
    ],
)
def test_dates(text: str, expected: tuple[int | None, ...]) -> None:
    assert [one.key for one in dates(text)] == [expected]
    assert quantities(text) == []


@pytest.mark.parametrize("text", ["2000 €", "le 45 mars 2025x", "you may come", "99/99/2025"])
def test_no_dates(text: str) -> None:
    assert [one for one in dates(text) if one.day or one.year] == []


# -- negations, conditions, duties -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Vous ne pouvez pas voyager.", ["not"]),
        ("Aucun document n'est demandé.", ["not"]),
        ("Vous n'avez ni revenus ni logement.", ["not"]),
        ("Vous n’avez plus de droits.", ["no_more"]),
        ("Il n'est jamais remboursé.", ["never"]),
        ("Il n'est versé que sur demande.", ["only"]),
        ("Sans justificatif, l'accès est interdit.", ["without", "not"]),
        ("à moins que vous ne soyez mineur", []),
        ("Une personne vous aide, n'importe où, dans le Pas-de-Calais.", []),
        ("You can't, and never without it.", ["not", "never", "without"]),
    ],
)
def test_negations(text: str, kinds: list[str]) -> None:
    assert [one.kind for one in negations(text)] == kinds


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Si vous êtes mineur, sauf si vos parents refusent", ["if", "unless"]),
        ("en cas de vol, lorsque vous partez, à condition d'être à jour", ["if", "if", "if"]),
        ("au moins 18 ans et moins de 65 ans", ["at_least", "less_than"]),
        ("à partir du 1er janvier et jusqu'au 3 mars", ["from", "until"]),
        ("uniquement les mineurs, dans la limite de 3 000 €", ["only", "at_most"]),
        ("Il n'est versé que si vous travaillez", ["only", "if"]),
        ("vous n'avez plus de revenus, s'adresser à la mairie", []),
    ],
)
def test_conditions(text: str, kinds: list[str]) -> None:
    assert [one.kind for one in conditions(text)] == kinds


def test_duties() -> None:
    assert obliges("Vous devez payer.")
    assert obliges("Le timbre est obligatoire.")
    assert allows("Vous pouvez payer.")
    assert not allows("Vous payez.")


# -- personal data -----------------------------------------------------------------------------------------------------

nirs = st.builds(
    lambda sex, year, month, place, town, order: f"{sex}{year:02}{month:02}{place}{town:03}{order:03}",
    st.sampled_from("12"),
    st.integers(0, 99),
    st.integers(1, 12),
    st.sampled_from(["01", "38", "75", "2A", "2B", "99"]),
    st.integers(1, 990),
    st.integers(1, 999),
)


@given(nirs)
def test_a_social_security_number_is_masked_and_nothing_else(number: str) -> None:
    key = f"{personal.nir_key(number):02}"
    for written in (
        number + key,
        f"{number[0]} {number[1:3]} {number[3:5]} {number[5:7]} {number[7:10]} {number[10:]} {key}",
    ):
        text = f"J'ai le {written}, que faire ?"
        assert personal.kinds(text) == ("nir",)
        assert personal.masked(text) == f"J'ai le {personal.MASK}, que faire ?"


@given(nirs, st.integers(1, 96))
def test_a_wrong_key_is_no_number_unless_the_text_says_so(number: str, more: int) -> None:
    wrong = (personal.nir_key(number) + more - 1) % 97 + 1
    assert personal.kinds(f"facture {number}{wrong:02}") == ()
    assert personal.kinds(f"mon numéro de sécu {number}{wrong:02}") == ("nir",)


@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=11, max_size=30), st.booleans())
def test_an_iban_is_known_by_its_remainder(account: str, spaced: bool) -> None:
    remainder = int("".join(str(int(one, 36)) for one in account + "FR00")) % 97
    iban = f"FR{98 - remainder:02}{account}"
    text = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4)) if spaced else iban
    assert personal.iban_is_right(iban)
    assert personal.masked(f"Virez sur {text}.") == f"Virez sur {personal.MASK}."
    assert not personal.iban_is_right(f"FR{(98 - remainder + 1) % 100:02}{account}")


def test_telephones_and_addresses_but_not_public_numbers() -> None:
    assert personal.kinds("06 12 34 56 78 ou +33 6.12.34.56.78, a.b@exemple.fr") == ("phone", "email")
    assert personal.kinds("le 3939, le 0 800 123 456, la loi du 2 mars 1982, 12345*01, 1 500 000 €") == ()


@given(anything)
def test_what_is_masked_holds_nothing_more(text: str) -> None:
    assert personal.personal_data(personal.masked(text)) == []


# -- languages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("comment refaire ma carte d'identité ?", "fr"),
        ("carte grise", "fr"),
        ("", "fr"),
        ("How do I renew my passport?", "en"),
        ("Hello, I lost my passport", "en"),
        ("كيف أجدد جواز السفر", "ar"),
        ("¿Cómo renuevo mi pasaporte?", "other"),
        ("Wie bekomme ich einen Ausweis?", "other"),
        ("你好吗", "other"),
    ],
)
def test_languages(text: str, language: str) -> None:
    assert language_of(text) == language
