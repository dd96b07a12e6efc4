"""Each rule of easy reading, on sentences that break it and on sentences that only look as if they did."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.workshops.easy_read import clauses, figures, layout
from affouage.workshops.easy_read.check import Report, check
from affouage.workshops.easy_read.lemmas import bases

BANDS = {"recevoir": 10, "percevoir": 10, "indemniser": 20, "demander": 10, "carte": 10, "sous": 10, "préfecture": 10}
"""A few words of a list, by how common they are: enough to see what the checker does of it."""


def told(text: str, **options: object) -> dict[str, list[tuple[str, str]]]:
    """By rule: (found, instead)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in check(text, **options).findings:  # type: ignore[arg-type]
        found.setdefault(one.rule, []).append((one.found, one.instead))
    return found


BROKEN = [
    ("La demande est examinée par le juge.", "passive", "est examinée", ""),
    ("La carte a été remise au maire.", "passive", "a été remise", ""),
    ("Vous n'avez pas de carte.", "negation", "n'avez pas", ""),
    ("Il n'est pas impossible de venir.", "double_negation", "n'est pas impossible", ""),
    ("Si vous ne venez pas, vous ne payez pas.", "double_negation", "ne venez pas, vous ne payez pas", ""),
    ("Vous ne pouvez avoir que 2 cartes.", "only", "ne pouvez avoir que", "seulement"),
    ("Il faut que vous ayez le papier qui prouve votre âge.", "clauses", None, "que, qui"),
    ("Le chat dort mais il mange et il boit.", "one_idea", None, ""),
    ("Il faut une photo, un papier, un stylo, une enveloppe.", "list_in_sentence", "", ""),
    ("Sous Louis XIV, on payait.", "roman_numeral", "XIV", "14"),
    ("Au XIXe siècle.", "roman_numeral", "XIX", "19"),
    ("Payez 25 % du prix.", "percent", "25 %", "1/4"),
    ("Il y a 12 500 personnes.", "large_number", "12 500", ""),
    ("Vous avez deux mois.", "number_in_letters", "deux", "2"),
    ("Cela coûte quarante-cinq euros.", "number_in_letters", "quarante-cinq", "45"),
    ("Avant le 12/03/2025.", "date_in_digits", "12/03/2025", "12 mars 2025"),
    ("Avant le 1/4/2025.", "date_in_digits", "1/4/2025", "1er avril 2025"),
    ("Venez le 3 mars.", "date_without_year", "3 mars", ""),
    ("Nonobstant la loi, venez.", "plainer_word", "Nonobstant", "malgré"),
    ("Vous percevrez une somme.", "plainer_word", "percevrez", "recevoir"),
    ("À l'issue du contrat, partez.", "plainer_word", "À l'issue du", "après"),
    ("Attention à la forclusion.", "hard_word", "forclusion", ""),
    ("Demandez à la CAF.", "acronym", "CAF", "caisse d'allocations familiales"),
    ("Demandez à la Caf.", "acronym", "Caf", "caisse d'allocations familiales"),
    ("Voir la DGFiP.", "acronym", "DGFiP", ""),
    ("Voir art. 3.", "abbreviation", "art.", "article"),
    ("Prenez rdv.", "abbreviation", "rdv", "rendez-vous"),
    ("Venez (avec une photo).", "parentheses", "(avec une photo)", ""),
    ("Venez avec une photo et/ou un papier.", "sign", "/", "ou"),
    ("Venez ; on vous attend.", "sign", ";", "."),
    ("Le prix* est fixe.", "footnote", "*", ""),
    ("Le prix [1] est fixe.", "footnote", "[1]", ""),
    ("VENEZ DEMAIN avec une photo.", "capitals", "VENEZ DEMAIN", ""),
    ("Celui-ci est fermé.", "pointing_word", "Celui-ci", ""),
]


@pytest.mark.parametrize(("text", "rule", "found", "instead"), BROKEN)
def test_a_rule_that_is_broken_is_told(text: str, rule: str, found: str | None, instead: str) -> None:
    seen = told(text)
    assert rule in seen, seen
    assert instead in [one[1] for one in seen[rule]]
    assert found is None or found in [one[0] for one in seen[rule]]


RIGHT = [
    "L'inscription est gratuite.",  # no passive
    "Vous êtes né en France.",  # "né" denies nothing
    "Elle est arrivée hier.",
    "Il est marié.",
    "Le parking est réservé.",
    "Qui peut voter ?",
    "Est-ce que vous avez un papier ?",
    "Vous êtes plus grand que lui.",
    "Si vous êtes malade, appelez le médecin.",
    "Les deux parents signent.",
    "C'est un logement neuf.",
    "Vous avez 1 an.",
    "Le premier jour, venez.",
    "Le 3 mars 2025, venez.",
    "Le code postal est 75001 Paris.",
    "Cela coûte 12 500 €.",
    "Voir le site www.exemple.fr/aide_et-conseil.",
    "Écrivez à jean.dupont@exemple.fr demain.",
    "La pièce fait 12 m².",
    "Le maire est là pendant la fête.",
    "La caisse d'allocations familiales (CAF) vous aide.",
    "La forclusion, c'est la fin du temps permis.",
    "Allez où vous voulez.",
    "Le lundi 1er mai 2028 est férié.",
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_only_looks_wrong_is_left_alone(text: str) -> None:
    assert told(text) == {}


def test_length_is_counted_between_spaces() -> None:
    twelve = " ".join(["mot"] * 12)
    assert list(clauses.length(twelve)) == []
    assert [(one.rule, one.instead) for one in clauses.length(f"{twelve} l'été")] == [("sentence_long", "13")]
    assert [one.rule for one in clauses.length(" ".join(["mot"] * 21))] == ["sentence_too_long"]


def test_a_rare_word_is_told_once_by_its_commonest_form() -> None:
    text = "Vous demandez une carte.\nVous serez indemnisé.\nVous êtes indemnisée.\nLa sous-préfecture."
    words = told(text, bands=BANDS)["rare_word"]
    assert [one for one, _ in words if one.startswith("indemnis")] == ["indemnisé"]
    assert "carte" not in str(words)
    assert "sous-préfecture" not in str(words), "made of two common words"
    assert "rare_word" not in told(text), "nothing is called rare without a list of words"


def test_a_word_explained_anywhere_is_not_told() -> None:
    for explained in (
        "Un zloty est une monnaie.",
        "Le zloty : la monnaie.",
        "La monnaie (zloty).",
        "Un zloty veut dire X.",
    ):
        assert "zloty" not in str(told(f"Payez un zloty.\n{explained}", bands={}).get("rare_word"))
    assert "zloty" in str(told("Payez un zloty.", bands={}).get("rare_word"))


def test_names_are_not_rare() -> None:
    assert "Plouzané" not in str(told("Venez à Plouzané demain.", bands={}))


def test_an_acronym_is_told_once_and_not_when_the_markup_explains_it() -> None:
    assert len(told("La CAF aide.\nLa CAF paie.")["acronym"]) == 1
    page = '<p>La <abbr title="caisse">CAF</abbr> aide.</p>'
    assert "acronym" not in told(page, form="html")


def test_a_chain_of_pronouns_is_told_at_its_third_sentence() -> None:
    report = check("Marie vient.\nElle mange.\nElle boit.\nElle dort.")
    assert [(one.line, one.rule) for one in report.findings] == [(4, "pronoun_chain")]


def test_english_is_looked_at_too_and_says_what_was_not() -> None:
    report = check("Pay 25% pursuant to the rule, e.g. on page XII.", language="en")
    assert {one.rule for one in report.findings} >= {"percent", "plainer_word", "abbreviation", "roman_numeral"}
    assert report.readability is None
    assert report.not_checked == ("french_only",)


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("demandes", "demander"),
        ("percevrez", "percevoir"),
        ("perçoit", "percevoir"),
        ("indemnisées", "indemniser"),
        ("finissons", "finir"),
        ("suspend", "suspendre"),
        ("journaux", "journal"),
        ("heureuse", "heureux"),
        ("actives", "actif"),
        ("première", "premier"),
    ],
)
def test_an_inflected_word_leads_to_its_base(word: str, base: str) -> None:
    assert base in set(bases(word))


@given(st.text(alphabet="aeirstlnéçx-", max_size=20))
def test_a_word_is_its_own_base_and_bases_are_few(word: str) -> None:
    found = list(bases(word))
    assert found[0] == word
    assert len(found) < 150


@given(st.text(max_size=300))
def test_any_sentence_is_looked_at_and_every_place_is_in_it(text: str) -> None:
    rules = (clauses.length, clauses.clauses, clauses.one_idea, clauses.passive, clauses.negation)
    for rule in (*rules, figures.roman, figures.numbers, figures.whole_dates, layout.signs, layout.capitals):
        for spot in rule(text):
            assert 0 <= spot.start <= spot.end <= len(text)


def of(report: Report, rule: str) -> list[int]:
    return [one.line for one in report.findings if one.rule == rule]


def test_layout_of_a_page() -> None:
    page = (
        '<style>p { text-align: justify }</style>\n<p style="font-size: 10pt">Venez. Payez.</p>\n'
        "<p>Oui<sup>1</sup> le 1<sup>er</sup> mai 2025.</p>\n<p><i>Merci</i></p>"
    )
    report = check(page, form="html")
    assert of(report, "justified") == [1]
    assert of(report, "small_font") == [2]
    assert of(report, "sentences_on_a_line") == [2]
    assert of(report, "footnote") == [3]
    assert of(report, "italics") == [4]
    assert of(report, "no_picture") == [1]


def test_titles_and_lines_of_a_text() -> None:
    long = "\n".join(f"Phrase {number}." for number in range(9))
    assert of(check(long), "no_title") == [9]
    assert of(check(f"Un titre\n\n{long[:70]}"), "no_title") == []
    assert of(check("Venez demain. Venez tôt.\nVenez."), "sentences_on_a_line") == [1]
    assert of(check("Venez tous mer-\ncredi."), "hyphenation") == [1]
    assert of(check("Une phrase qui\ncontinue ici."), "sentences_on_a_line") == []
