"""What an easy version lost or added: told when it is so, and not when only words changed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.workshops.easy_read.check import check
from affouage.workshops.easy_read.document import read_document
from affouage.workshops.easy_read.meaning import changed_words, compare, compare_documents, compare_sentence
from affouage.workshops.easy_read.rewriting import judge, mended, plan, read_reply, tokens_for

SOURCE = (
    "La demande doit être faite dans un délai de 2 mois à compter du 12 mars 2025, sauf si vous habitez à l'étranger."
)


def differences(source: str, easy: str) -> set[tuple[str, str, str]]:
    return {(one.side, one.what, one.text) for one in compare(source, easy)}


def test_words_may_change() -> None:
    easy = (
        "Vous devez faire la demande en deux mois.\nLes 2 mois commencent à partir du 12/03/2025.\n"
        "Sauf si vous habitez à l'étranger."
    )
    assert differences(SOURCE, easy) == set()


LOST = [
    (SOURCE, "Vous devez demander à partir du 12 mars 2025, sauf si vous habitez à l'étranger.", "number", "2 mois"),
    (SOURCE, "Vous devez demander en 2 mois, sauf si vous habitez à l'étranger.", "date", "12 mars 2025"),
    ("L'aide n'est pas versée aux mineurs.", "L'aide est versée aux mineurs.", "negation", "n'est pas"),
    ("Venez sans rendez-vous.", "Venez avec un rendez-vous.", "negation", "sans"),
    ("La carte est gratuite si vous êtes mineur.", "La carte est gratuite.", "condition", "si vous êtes mineur"),
    ("Vous devez venir avant le départ.", "Vous devez venir le jour du départ.", "condition", "avant le départ"),
    ("Une photo est obligatoire pour la carte.", "La carte a une photo.", "duty", None),
    ("Vous pouvez demander une aide.", "Vous demandez une aide.", "choice", None),
    ("Le locataire paie le loyer.", "Vous payez le loyer.", "person", "locataire"),
    ("Allez à la mairie de Lyon demain.", "Allez à la mairie demain.", "name", "Lyon"),
    ("Le site est www.exemple.fr pour la carte.", "Le site est pour la carte.", "address", "www.exemple.fr"),
    (
        "La carte est gratuite. Le juge étudie le dossier.",
        "La carte est gratuite.",
        "passage",
        "Le juge étudie le dossier.",
    ),
]


@pytest.mark.parametrize(("source", "easy", "what", "text"), LOST)
def test_what_is_lost_is_told(source: str, easy: str, what: str, text: str | None) -> None:
    told = [one for one in compare(source, easy) if one.side == "lost" and one.what == what]
    assert told
    assert text is None or text in [one.text for one in told]


ADDED = [
    ("Venez avec une photo.", "Venez avec 3 photos.", "number", "3"),
    ("Venez avec une photo.", "Venez lundi avec une photo.", "date", "lundi"),
    ("Vous payez la carte.", "Vous ne payez pas la carte.", "negation", "ne payez pas"),
    ("Vous payez la carte.", "Si vous êtes majeur, vous payez la carte.", "condition", "Si vous êtes majeur"),
    ("Vous pouvez venir à la mairie.", "Vous devez venir à la mairie.", "duty", None),
    ("Il peut venir à la mairie.", "Vous pouvez venir à la mairie.", "person", "vous"),
    ("Le locataire paie le loyer.", "Le voisin paie le loyer.", "person", "voisin"),
    ("Allez à la mairie demain.", "Allez à la mairie de Lyon demain.", "name", "Lyon"),
]


@pytest.mark.parametrize(("source", "easy", "what", "text"), ADDED)
def test_what_is_added_is_told(source: str, easy: str, what: str, text: str | None) -> None:
    told = [one for one in compare(source, easy) if one.side == "added" and one.what == what]
    assert told
    assert text is None or text in [one.text for one in told]


SAME = [
    ("25 % des personnes ont l'aide.", "1 personne sur 4 a l'aide."),
    ("Le délai est d'un an.", "Le délai est de 12 mois."),
    ("Demandez à la CAF de payer.", "Demandez à la caisse d'allocations familiales de payer."),
    ("Vous devez apporter une photo.", "Apportez une photo."),
    ("Vous êtes né en France.", "Vous êtes né en France."),
    ("L'attestation n'est pas exigée.", "Vous n'avez pas besoin de l'attestation."),
    ("Le bailleur rend l'argent.", "Le propriétaire rend l'argent."),
]


@pytest.mark.parametrize(("source", "easy"), SAME)
def test_the_same_said_otherwise_is_the_same(source: str, easy: str) -> None:
    assert compare(source, easy) == ()


pieces = st.sampled_from(
    [
        *["Venez le 3 mars 2025.", "Vous ne payez pas.", "Si vous êtes mineur, signez.", "Le juge peut refuser."],
        *["Vous devez 12,50 € à la Caf.", "Apportez deux photos, sauf le lundi.", "L'aide dure au plus 6 mois."],
    ]
)


@settings(max_examples=40)
@given(st.lists(pieces, unique=True, max_size=6))
def test_a_text_says_all_that_it_says(said: list[str]) -> None:
    text = "\n".join(said)
    assert compare(text, text) == ()


@settings(max_examples=40)
@given(st.lists(pieces, unique=True, min_size=2, max_size=6), st.data())
def test_a_sentence_left_out_is_missed(said: list[str], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(said))
    easy = "\n".join(one for one in said if one != gone)
    assert any(one.side == "lost" for one in compare("\n".join(said), easy))


@settings(max_examples=40)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_are_compared(source: str, easy: str) -> None:
    for one in (*compare(source, easy), *compare_sentence(source, easy)):
        assert one.text
    changed_words(source, easy)


def test_a_difference_knows_its_line() -> None:
    source = read_document("Bonjour.\n\nVous payez 3 €.\nVenez demain.")
    easy = read_document("<p>Bonjour.</p>\n<p>Vous payez 4 €.</p>\n<p>Venez demain.</p>", "html")
    told = compare_documents(source.sentences, easy.sentences)
    assert {(one.side, one.text, one.line) for one in told} == {("lost", "3 €", 3), ("added", "4 €", 2)}


def test_words_that_came_and_went() -> None:
    lost, new = changed_words("Le bailleur perçoit 3 mois de loyer.", "Le bailleur reçoit 3 mois de cadeaux.")
    assert lost == ("loyer",)
    assert new == ("cadeaux",)


# --- proposals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "lines"),
    [
        ("Réponse :\nVenez. Payez.", ("Venez.", "Payez.")),
        ("« Venez. »", ("Venez.",)),
        ("- Venez.\n- Payez.\n- Venez.", ("Venez.", "Payez.")),
        ("**Venez**.", ("Venez.",)),
        ("  \n", ()),
    ],
)
def test_a_reply_is_read(reply: str, lines: tuple[str, ...]) -> None:
    assert read_reply(reply) == lines


def test_a_reply_that_was_cut_loses_its_last_sentence() -> None:
    assert read_reply("Venez.\nPayez la", whole=False) == ("Venez.",)
    assert read_reply("Venez.\nPayez la") == ("Venez.", "Payez la")


@settings(max_examples=40)
@given(st.text(max_size=200))
def test_any_reply_is_read_and_judged(reply: str) -> None:
    lines = read_reply(reply)
    assert len(set(lines)) == len(lines)
    judged = judge("Le bailleur perçoit 3 mois de loyer.", reply, language="fr", bands=None)
    assert judged.status in ("kept", "differs", "not_simpler", "none")
    if judged.status == "kept":
        assert "3" in judged.text or "trois" in judged.text.lower()


HARD = "Nonobstant la loi, le bailleur perçoit un préavis de 2 mois, sauf s'il renonce."


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ("Le propriétaire reçoit un préavis de 2 mois.\nSauf s'il renonce.", "kept"),
        ("Le propriétaire reçoit un préavis de 3 mois.\nSauf s'il renonce.", "differs"),
        (HARD, "not_simpler"),
        ("", "none"),
        ("\n".join(f"Venez le jour {number}." for number in range(20)), "none"),
    ],
)
def test_a_proposal_is_judged(reply: str, status: str) -> None:
    assert judge(HARD, reply, language="fr", bands=None, receipt_id="rcp_1").status == status


def test_what_a_program_may_write_in_full_needs_no_model() -> None:
    text = "Venez avant le 12/03/2025.\nVous avez deux mois.\nVous venez.\nLe contribuable acquitte trois euros."
    report = check(text)
    planned = plan(report)
    assert [one.status for one in planned] == ["mended", "mended", "already_easy", "not_asked"]
    assert [one.text for one in planned][:2] == ["Venez avant le 12 mars 2025.", "Vous avez 2 mois."]
    assert planned[3].text == "Le contribuable acquitte 3 euros."
    assert mended(check("Au XIXe siècle, voir art. 3, etc."), 0) == "Au 19e siècle, voir article 3, etc."


def test_what_may_be_written_grows_with_the_sentence() -> None:
    assert tokens_for("Venez.") < tokens_for("mot " * 40) <= 200
