"""The text and the facts of a sheet in reading order, each under the headings and conditions it stands under. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal
from xml.etree.ElementTree import Element

from affouage.french.plain import content_words
from affouage.sheets.dila.guides import Guides, words_of_branch
from affouage.sheets.dila.services import Service, kind_of
from affouage.sheets.dila.table import rows_of
from affouage.sheets.dila.xml import lines_of, words_of
from affouage.sheets.quantified import delays_in, sentence_at
from affouage.sheets.sheet import Block, Fact, Link

Path = tuple[str, ...]
Kind = Literal["text", "item", "row", "box"]

DEPENDS = "Selon votre situation"
"""Stands in a path where something holds for some people only and no guide of the archive says for whom."""


class Body:
    """Walks a publication once. Afterwards: ``blocks``, ``facts``, ``links`` (named as related), ``named`` (in the
    text)."""

    def __init__(self, guides: Guides, services: Mapping[str, Service]) -> None:
        self._guides, self._services = guides, services
        self._guide = ""
        self.blocks: list[Block] = []
        self.facts: dict[Fact, None] = {}
        self.links: list[Link] = []
        self.named: list[Link] = []
        through, chapter, case = self.walk, self._chapter, self._case
        self._readers: dict[str, Callable[[Element, Path, str], None]] = {
            **dict.fromkeys(("Texte", "Introduction", "ListeSituations", "BlocCas", "Problematiques"), through),
            **dict.fromkeys(("ContenuIllustre", "Contenu", "Questionnaire", "Description", "Aide", "Resume"), through),
            **dict.fromkeys(("Chapitre", "SousChapitre", "FragmentConditionne", "Question"), chapter),
            **dict.fromkeys(("Cas", "Situation"), case),
            **dict.fromkeys(("ASavoir", "ANoter", "Attention", "Rappel"), self._box),
            **dict.fromkeys(("Problematique", "Branche", "Choix"), self._branch),
            **dict.fromkeys(("Image", "Illustration"), self._picture),
            **dict.fromkeys(("Definition", "Abreviation"), self._definition),
            **dict.fromkeys(("QuestionReponse", "CommentFaireSi"), self._see_also),
            "Paragraphe": self._paragraph,
            "Liste": self._list,
            "Tableau": self._table,
            "OuSAdresser": self._where,
            "ServiceEnLigne": self._service,
            "Reference": self._law,
            "PourEnSavoirPlus": self._more,
            "LienExterneCommente": self._commented,
            "LienInterne": self._leads_to,
            "VoirAussi": self._see_sheets,
        }

    def read(self, publication: Element) -> None:
        """Everything of it but its siblings and its metadata; warnings come first, as on the page."""
        guide = publication.find("RechercheGuidee")
        self._guide = "" if guide is None else guide.get("ID", "")
        for warning in publication.findall("Avertissement"):
            self.walk(warning, _under((), _title(warning)), "Avertissement")
        self.walk(publication, ())
        for link in publication.iter("LienInterne"):
            self._name(link)
        for link in publication.iter("LienExterne"):
            if url := link.get("URL"):
                self.named.append(Link(title=words_of(link) or url, url=url))

    def walk(self, element: Element, path: Path, box: str = "") -> None:
        readers = self._readers
        for child in element:
            reader = readers.get(child.tag)
            if reader is not None:
                reader(child, path, box)

    # Headings and conditions

    def _chapter(self, element: Element, path: Path, box: str) -> None:
        self.walk(element, self._holds_for(element, _under(path, _title(element)), DEPENDS), box)

    def _case(self, element: Element, path: Path, box: str) -> None:
        title = _title(element)  # is its condition, unless a guide says more
        under = self._holds_for(element, _under(path, title), "")
        self.walk(element, under[:-1] if under[-2:-1] == (title,) and _same(title, under[-1]) else under, box)

    def _holds_for(self, element: Element, path: Path, otherwise: str) -> Path:
        """``path`` with the condition of ``element``; ``otherwise`` stands for one that no guide says in words."""
        condition = element.find("Condition")
        if condition is None:
            return path
        return _under(path, self._guides.condition(condition, self._guide) or otherwise)

    def _branch(self, element: Element, path: Path, box: str) -> None:
        said = words_of_branch(element)
        self._add(said, path, "box" if box else "item", box)
        self.walk(element, _under(path, said), box)

    # Text

    def _paragraph(self, element: Element, path: Path, box: str) -> None:
        self._text([element], path, "box" if box else "text", box)

    def _list(self, element: Element, path: Path, box: str) -> None:
        for item in element.findall("Item"):
            under = self._holds_for(item, path, DEPENDS)
            self._text(item.findall("Paragraphe"), under, "box" if box else "item", box)
            for nested in item.findall("Liste"):
                self._list(nested, under, box)

    def _table(self, element: Element, path: Path, box: str) -> None:
        under = _under(path, _title(element))
        for child in element.findall("Resume"):
            self.walk(child, under, box)
        for row in rows_of(element):
            self._add(row.text, under, "box" if box else "row", box)
            self._amounts(row.cells, row.text, under)

    def _box(self, element: Element, path: Path, box: str) -> None:
        self.walk(element, path, _title(element) or box or "À noter")

    def _picture(self, element: Element, path: Path, box: str) -> None:
        for text in dict.fromkeys(
            _running(element.find(name)) for name in ("Legende", "TexteDeRemplacement", "Description")
        ):
            self._add(text, path, "box" if box else "text", box)

    def _text(self, elements: Iterable[Element], path: Path, kind: Kind, box: str) -> None:
        whole = list(elements)
        text = words_of(whole[0]) if len(whole) == 1 else " ".join(words_of(one) for one in whole)
        self._add(text, path, kind, box)
        self._amounts(whole, text, path)
        for delay in delays_in(text, path):
            self._fact(delay)

    def _add(self, text: str, path: Path, kind: Kind, box: str) -> None:
        if text:
            self.blocks.append(Block(text=text, path=path, kind=kind, name=box))

    # Facts

    def _fact(self, fact: Fact) -> None:
        if fact.label:
            self.facts[fact] = None

    def _amounts(self, elements: Iterable[Element], text: str, path: Path) -> None:
        for element in elements:
            for value in element.iter("Valeur") if len(element) else ():
                said = words_of(value)
                if any(one.isdigit() for one in said):
                    label = sentence_at(text, max(text.find(said), 0))
                    self._fact(Fact(kind="amount", label=label, value=said, path=path))

    def _where(self, element: Element, path: Path, _box: str) -> None:
        site, pivot = element.find("RessourceWeb"), element.find("PivotLocal")
        details = [line for name in ("Complement", "Texte") for one in element.findall(name) for line in lines_of(one)]
        self._fact(
            Fact(
                kind="where",
                label=_title(element),
                value="\n".join(details),
                url="" if site is None else site.get("URL", ""),
                id=element.get("ID", "") if pivot is None else words_of(pivot),
                path=path,
            )
        )

    def _service(self, element: Element, path: Path, _box: str) -> None:
        kind = kind_of(element.get("type", "")) or "online"
        said = element.find("Introduction")
        number = element.get("numerocerfa", "") if kind == "form" else ""
        known = self._services.get(element.get("ID", ""))
        self._fact(
            Fact(
                kind=kind,
                label=_title(element),
                value=number or (known.cerfa if known else "") or _running(said),
                url=element.get("URL", "") or (known.url if known else ""),
                id=element.get("ID", ""),
                path=path,
            )
        )

    def _law(self, element: Element, path: Path, _box: str) -> None:
        value, url = _running(element.find("Complement")), element.get("URL", "")
        self._fact(Fact(kind="law", label=_title(element), value=value, url=url, id=element.get("ID", ""), path=path))

    def _definition(self, element: Element, _path: Path, _box: str) -> None:
        value = _running(element.find("Texte"))
        self._fact(Fact(kind="definition", label=_title(element), value=value, id=element.get("ID", "")))

    # Links

    def _see_also(self, element: Element, _path: Path, _box: str) -> None:
        self.links.append(Link(title=words_of(element), sheet_id=element.get("ID", "")))

    def _see_sheets(self, element: Element, _path: Path, _box: str) -> None:
        for sheet in element.findall("Fiche"):
            self.links.append(Link(title=_title(sheet), sheet_id=sheet.get("ID", "")))

    def _leads_to(self, element: Element, _path: Path, _box: str) -> None:
        """A branch of a guide ends at a sheet."""
        self._name(element)

    def _more(self, element: Element, _path: Path, _box: str) -> None:
        self.links.append(Link(title=_title(element), url=element.get("URL", "")))

    def _commented(self, element: Element, path: Path, box: str) -> None:
        said = (_running(element.find(name)) for name in ("LienExterne", "Commentaire"))
        self._add(" : ".join(one for one in said if one), path, "item", box)

    def _name(self, link: Element) -> None:
        there = link.get("LienPublication", "")
        if there.startswith("F"):
            self.named.append(Link(title=words_of(link), sheet_id=there))
        elif (service := self._services.get(there)) is not None:
            self._fact(service.fact())


def _title(element: Element) -> str:
    return _running(element.find("Titre"))


def _running(element: Element | None) -> str:
    return "" if element is None else " ".join(lines_of(element))


def _same(title: str, condition: str) -> bool:
    """Does one of them say nothing that the other does not?"""
    one, other = set(content_words(title)), set(content_words(condition))
    return one <= other or other <= one


def _under(path: Path, heading: str) -> Path:
    return (*path, heading) if heading and path[-1:] != (heading,) else path
