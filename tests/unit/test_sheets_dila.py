"""Official XML made sheets: each construct of it, and what never gets into a sheet."""

from __future__ import annotations

from pathlib import Path

from affouage.sheets.dila.body import DEPENDS
from affouage.sheets.dila.reader import read_archive
from affouage.sheets.reading import Read
from affouage.sheets.sheet import Block, Fact, Link, Sheet
from tests.unit.sheets_written import publication, service, write_archive


def sheets_of(tmp_path: Path, files: dict[str, bytes]) -> dict[str, Sheet]:
    """The sheets of an archive that holds ``files``, by id."""
    found = read_archive(write_archive(tmp_path / "a.zip", files))
    return {one.sheet.id: one.sheet for one in found if isinstance(one, Read)}


def read(tmp_path: Path, body: str, **files: bytes) -> Sheet:
    """The sheet F1 of an archive that holds it with ``body``, and other files by their names."""
    others = {f"{name}.xml": content for name, content in files.items()}
    return sheets_of(tmp_path, {"F1.xml": publication(body), **others})["F1"]


def told(sheet: Sheet) -> list[tuple[str, ...]]:
    """Every block: its path, then its text."""
    return [(*block.path, block.text) for block in sheet.blocks]


def of_kind(sheet: Sheet, kind: str) -> list[Fact]:
    return [fact for fact in sheet.facts if fact.kind == kind]


def test_what_is_said_of_a_sheet(tmp_path: Path) -> None:
    sheet = read(tmp_path, "<Texte><Paragraphe>Un  texte\n de deux lignes.</Paragraphe></Texte>")
    assert (sheet.id, sheet.title, sheet.kind) == ("F1", "Carte d'identité perdue : que faire ?", "information")
    assert (sheet.day, sheet.language, sheet.audience) == ("2026-03-04", "fr", "Particuliers")
    assert sheet.theme == ("Papiers",)
    assert sheet.url == "https://www.service-public.fr/particuliers/vosdroits/F1"
    assert sheet.blocks == (Block(text="Un texte de deux lignes."),)
    assert sheet.notes == ()


def test_siblings_are_no_part_of_it(tmp_path: Path) -> None:
    sheet = read(tmp_path, "<Texte><Paragraphe>Un texte.</Paragraphe></Texte>")
    assert "voisine" not in repr(sheet)


def test_schema_3_4_says_when_it_last_changed_in_what_it_says(tmp_path: Path) -> None:
    new = publication(id="F2", more=' dateDerniereModificationImportante="2025-02-03"')
    assert sheets_of(tmp_path, {"F2.xml": new})["F2"].notes == ("important-change:2025-02-03",)


def test_headings_cases_and_situations_stand_above_what_they_govern(tmp_path: Path) -> None:
    sheet = read(
        tmp_path,
        '<ListeSituations affichage="onglet"><Situation><Titre>Vous êtes français</Titre><Texte>'
        "<Chapitre><Titre><Paragraphe>Démarche</Paragraphe></Titre><Paragraphe>Allez à la mairie.</Paragraphe>"
        '<BlocCas affichage="radio"><Cas><Titre>Vous êtes mineur</Titre><Paragraphe>Venez avec un parent.</Paragraphe>'
        "<BlocCas><Cas><Titre>Vous êtes émancipé</Titre><Paragraphe>Venez seul.</Paragraphe></Cas></BlocCas></Cas>"
        "</BlocCas></Chapitre></Texte></Situation></ListeSituations>",
    )
    assert told(sheet) == [
        ("Vous êtes français", "Démarche", "Allez à la mairie."),
        ("Vous êtes français", "Démarche", "Vous êtes mineur", "Venez avec un parent."),
        ("Vous êtes français", "Démarche", "Vous êtes mineur", "Vous êtes émancipé", "Venez seul."),
    ]


GUIDE = publication(
    "<Problematiques><Problematique><Titre><Paragraphe>Vous achetez une voiture</Paragraphe></Titre>"
    "<Branche><Titre><Paragraphe>Elle est neuve</Paragraphe></Titre><SiSelectionne><affecteVrai var='T1'/>"
    "</SiSelectionne><LienInterne LienPublication='F1' type='Fiche'/></Branche>"
    "<Branche><Titre><Paragraphe>Elle est d'occasion</Paragraphe></Titre><SiSelectionne><affecteVrai var='T2'/>"
    "</SiSelectionne></Branche></Problematique></Problematiques>",
    id="F7",
    title="Carte grise",
    type="Recherche guidée",
)


def test_a_condition_is_told_in_the_words_of_the_guide_that_sets_it(tmp_path: Path) -> None:
    sheet = read(
        tmp_path,
        '<RechercheGuidee ID="F7"><Titre><Paragraphe>Carte grise</Paragraphe></Titre></RechercheGuidee><Texte>'
        '<FragmentConditionne><Condition><estVrai var="T1"/></Condition><Paragraphe>Un certificat.</Paragraphe>'
        "</FragmentConditionne><Liste><Item><Condition><ou><estVrai var='T1'/><estVrai var='T2'/>"
        "<estIndefini var='T9'/></ou></Condition><Paragraphe>Une facture</Paragraphe></Item></Liste>"
        '<FragmentConditionne><Condition><estVrai var="T404"/></Condition><Paragraphe>Un mandat.</Paragraphe>'
        "</FragmentConditionne><Paragraphe>Une photo.</Paragraphe></Texte>",
        F7=GUIDE,
    )
    assert told(sheet) == [
        ("Elle est neuve", "Un certificat."),
        ("Elle est neuve ou Elle est d'occasion", "Une facture"),
        (DEPENDS, "Un mandat."),
        ("Une photo.",),
    ]


def test_a_case_says_its_condition_once_and_more_where_its_guide_says_more(tmp_path: Path) -> None:
    case = '<Cas><Titre>{}</Titre><Condition><estVrai var="T1"/></Condition><Paragraphe>{}</Paragraphe></Cas>'
    sheet = read(
        tmp_path,
        f"<Texte><BlocCas>{case.format('Voiture neuve', 'A.')}{case.format('En ligne', 'B.')}</BlocCas></Texte>",
        F7=publication(
            "<Questionnaire><Question><Titre>?</Titre><Choix><Titre>Neuve</Titre><IntituleSiSelectionne>"
            "<Paragraphe>C'est une voiture neuve</Paragraphe></IntituleSiSelectionne><SiSelectionne>"
            "<affecteVrai var='T1'/></SiSelectionne></Choix></Question></Questionnaire>",
            id="F7",
        ),
    )
    assert told(sheet) == [("Voiture neuve", "A."), ("En ligne", "C'est une voiture neuve", "B.")]


def test_a_guide_reads_as_its_branches_and_leads_to_sheets(tmp_path: Path) -> None:
    guide = sheets_of(tmp_path, {"F7.xml": GUIDE})["F7"]
    assert guide.kind == "guided"
    assert told(guide)[:2] == [("Vous achetez une voiture",), ("Vous achetez une voiture", "Elle est neuve")]
    assert [link.sheet_id for link in guide.related] == ["F1"]


def test_boxes_keep_their_name_and_warnings_come_first(tmp_path: Path) -> None:
    sheet = read(
        tmp_path,
        "<Texte><ANoter><Titre>À noter</Titre><Paragraphe>c'est gratuit.</Paragraphe></ANoter>"
        "<ANoter><Titre>Exemple</Titre><Paragraphe>Paul a 17 ans.</Paragraphe></ANoter></Texte>"
        '<Avertissement ID="R1" date="2026-01-01"><Titre>Règles en cours de changement</Titre><Texte>'
        "<Paragraphe>Un décret est attendu.</Paragraphe></Texte></Avertissement>",
    )
    assert [(block.name, block.text) for block in sheet.blocks] == [
        ("Avertissement", "Un décret est attendu."),
        ("À noter", "c'est gratuit."),
        ("Exemple", "Paul a 17 ans."),
    ]
    assert sheet.blocks[0].path == ("Règles en cours de changement",)
    assert {block.kind for block in sheet.blocks} == {"box"}


def test_lists_within_lists_stay_items_in_order(tmp_path: Path) -> None:
    inner = "<Liste><Item><Paragraphe>recto</Paragraphe></Item></Liste>"
    sheet = read(tmp_path, f"<Texte><Liste><Item><Paragraphe>Une copie</Paragraphe>{inner}</Item></Liste></Texte>")
    assert [(block.kind, block.text) for block in sheet.blocks] == [("item", "Une copie"), ("item", "recto")]


TABLE = (
    "<Texte><Tableau><Titre>Prix</Titre><Colonne/><Colonne/><Colonne/>"
    '<Rangée type="header"><Cellule><Paragraphe>Âge</Paragraphe></Cellule><Cellule><Paragraphe>Prix</Paragraphe>'
    "</Cellule><Cellule><Paragraphe>Durée</Paragraphe></Cellule></Rangée>{}</Tableau></Texte>"
)


def row(*cells: str) -> str:
    return f'<Rangée type="normal">{"".join(cells)}</Rangée>'


def cell(text: str, more: str = "") -> str:
    return f"<Cellule{more}><Paragraphe>{text}</Paragraphe></Cellule>"


def test_each_row_of_a_table_can_be_read_alone(tmp_path: Path) -> None:
    rows = row(cell("Enfant"), cell("<Valeur>17 €</Valeur>", ' fusionVerticale="2"'), cell("5 ans")) + row(
        cell("Adolescent"), cell("10 ans")
    )
    sheet = read(tmp_path, TABLE.format(rows))
    assert told(sheet) == [
        ("Prix", "Âge | Prix | Durée"),
        ("Prix", "Enfant | Prix : 17 € | Durée : 5 ans"),
        ("Prix", "Adolescent | Prix : 17 € | Durée : 10 ans"),
    ]
    assert {block.kind for block in sheet.blocks} == {"row"}
    assert [(fact.value, fact.label) for fact in of_kind(sheet, "amount")] == [
        ("17 €", "Enfant | Prix : 17 € | Durée : 5 ans")
    ]


def test_merges_that_are_announced_and_not_followed_move_nothing(tmp_path: Path) -> None:
    rows = row(cell("Enfant", ' fusionVerticale="2"'), cell("17 €"), cell("5 ans")) + row(
        cell("Adulte"), cell("86 €"), cell("10 ans")
    )
    assert told(read(tmp_path, TABLE.format(rows)))[-1] == ("Prix", "Adulte | Prix : 86 € | Durée : 10 ans")
    absurd = row(cell("A", ' fusionHorizontale="999999999"'), cell("B", ' fusionVerticale="-3"'))
    assert told(read(tmp_path, TABLE.format(absurd)))[-1] == ("Prix", "A | Prix : B")


def test_amounts_and_delays_are_facts_under_their_conditions(tmp_path: Path) -> None:
    sheet = read(
        tmp_path,
        "<Texte><BlocCas><Cas><Titre>Vous êtes majeur</Titre><Paragraphe>C'est payant. Le timbre coûte "
        "<Valeur>86 €</Valeur>. Vous avez un délai de 2 mois pour payer, et devez avoir 18 ans.</Paragraphe></Cas>"
        "</BlocCas></Texte>",
    )
    (amount,), (delay,) = of_kind(sheet, "amount"), of_kind(sheet, "delay")
    assert (amount.value, amount.path) == ("86 €", ("Vous êtes majeur",))
    assert (delay.value, delay.path) == ("2 mois", ("Vous êtes majeur",))
    assert "Le timbre coûte 86 €." in amount.label


def test_where_to_go_what_to_fill_in_what_to_click_and_what_the_law_says(tmp_path: Path) -> None:
    sheet = read(
        tmp_path,
        '<Texte><Paragraphe>Voir.</Paragraphe><OuSAdresser ID="R1" type="Local personnalisé sur SP"><Titre>Mairie'
        '</Titre><PivotLocal>mairie</PivotLocal><RessourceWeb URL="https://lannuaire.example/"/><Texte><Paragraphe>Le '
        "matin</Paragraphe><Paragraphe>Sur rendez-vous</Paragraphe></Texte></OuSAdresser></Texte>"
        '<ServiceEnLigne ID="R10" URL="https://formulaires.example/x" numerocerfa="14011*03" type="Formulaire">'
        "<Titre>Déclaration de perte</Titre></ServiceEnLigne>"
        '<ServiceEnLigne ID="R11" URL="https://ants.example/" type="Téléservice"><Titre>Prédemande</Titre>'
        "</ServiceEnLigne>"
        '<Reference type="Texte de référence" URL="https://legifrance.example/" ID="R2"><Titre>Décret n°55-1397</Titre>'
        "<Complement>Article 4</Complement></Reference>"
        '<Definition ID="R3"><Titre>Timbre fiscal</Titre><Texte><Paragraphe>Preuve</Paragraphe><Paragraphe>de paiement'
        "</Paragraphe></Texte></Definition>"
        '<Abreviation ID="R4" type="Sigle"><Titre>ANTS</Titre><Texte><Paragraphe>Agence</Paragraphe></Texte>'
        "</Abreviation>",
    )
    (where,) = of_kind(sheet, "where")
    assert (where.label, where.id, where.value) == ("Mairie", "mairie", "Le matin\nSur rendez-vous")
    (form,) = of_kind(sheet, "form")
    assert (form.label, form.value, form.id) == ("Déclaration de perte", "14011*03", "R10")
    (online,) = of_kind(sheet, "online")
    assert (online.label, online.url) == ("Prédemande", "https://ants.example/")
    (law,) = of_kind(sheet, "law")
    assert (law.label, law.value, law.url) == ("Décret n°55-1397", "Article 4", "https://legifrance.example/")
    assert [(one.label, one.value) for one in of_kind(sheet, "definition")] == [
        ("Timbre fiscal", "Preuve de paiement"),
        ("ANTS", "Agence"),
    ]
    assert told(sheet) == [("Voir.",)]


def test_forms_named_in_the_text_or_that_name_the_sheet_are_facts_of_it(tmp_path: Path) -> None:
    link = '<LienInterne LienPublication="R20" type="Formulaire">cerfa</LienInterne>'
    text = f"<Texte><Paragraphe>Formulaire {link}.</Paragraphe></Texte>"
    sheet = read(tmp_path, text, R10=service(), R20=service("R20", cerfa="12100*02", title="Demande", sheet="F9"))
    assert {(fact.label, fact.value) for fact in of_kind(sheet, "form")} == {
        ("Demande", "12100*02"),
        ("Déclaration de perte", "14011*03"),
    }


def test_related_sheets_are_named_once_those_of_the_page_before_those_of_the_text(tmp_path: Path) -> None:
    sheet = read(
        tmp_path,
        '<Texte><Paragraphe>Voir <LienInterne LienPublication="F3" type="Fiche">ici</LienInterne>, '
        '<LienInterne LienPublication="F1" type="Fiche">là</LienInterne>, <LienExterne URL="https://x.example/">site'
        '</LienExterne>.</Paragraphe></Texte><VoirAussi><Fiche ID="F2"><Titre>Passeport</Titre><Theme ID="N1"><Titre>T'
        '</Titre></Theme></Fiche></VoirAussi><QuestionReponse ID="F3">Faut-il un témoin ?</QuestionReponse>',
    )
    assert sheet.related == (
        Link(title="Passeport", sheet_id="F2"),
        Link(title="Faut-il un témoin ?", sheet_id="F3"),
        Link(title="site", url="https://x.example/"),
    )


def test_a_sheet_that_tells_no_address_gets_that_of_its_archive(tmp_path: Path) -> None:
    silent = publication(id="F5").replace(b' spUrl="https://www.service-public.fr/particuliers/vosdroits/F5"', b"")
    both = sheets_of(tmp_path, {"F5.xml": silent, "F6.xml": publication(id="F6")})
    assert both["F5"].url == "https://www.service-public.fr/particuliers/vosdroits/F5"
    assert sheets_of(tmp_path, {"F5.xml": silent})["F5"].url == ""


def test_sheets_in_other_languages_say_so(tmp_path: Path) -> None:
    english = "You must go to the town hall with your passport and a proof of address."
    body = f"<Texte><Paragraphe>{english}</Paragraphe></Texte>"
    renewal = publication(body, title="Passport renewal", description="How to renew it from abroad.")
    found = sheets_of(tmp_path, {"F1.xml": renewal, "F2.xml": publication(id="F2")})
    assert (found["F1"].language, found["F2"].language) == ("en", "fr")


def test_pages_that_only_list_sheets_are_left_out(tmp_path: Path) -> None:
    files = {"N1.xml": publication(id="N1"), "menu.xml": b"<menu/>", "F1.xml": publication()}
    assert list(sheets_of(tmp_path, files)) == ["F1"]
