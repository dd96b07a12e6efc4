"""What the conditions of conditional sheets mean, in the words of the guide that sets them. Pure.

A condition names a variable ("T10045"); guided searches say in words what sets it ("Vous êtes en possession de la carte
grise du véhicule"). A sheet names the guide that leads to it: its words come first, then those any guide uses most.
"""

from __future__ import annotations

from collections import Counter
from xml.etree.ElementTree import Element

from affouage.sheets.dila.xml import words_of

SETS_VARIABLES = b"<affecteVrai"
"""What a file that is a guide holds somewhere."""


class Guides:
    """Words of variables, gathered from the guides of an archive."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], Counter[str]] = {}
        self._any: dict[str, Counter[str]] = {}

    def add(self, publication: Element) -> None:
        """Note what every branch and choice of this guide sets."""
        guide = publication.get("ID", "")
        for element in publication.iter():
            said = words_of_branch(element)
            if said:
                for variable in element.findall("SiSelectionne/affecteVrai"):
                    name = variable.get("var", "")
                    self._of.setdefault((guide, name), Counter())[said] += 1
                    self._any.setdefault(name, Counter())[said] += 1

    def words(self, variable: str, guide: str = "") -> str:
        """What ``variable`` means in ``guide``, else in most of them; "" when no guide says."""
        found = self._of.get((guide, variable)) or self._any.get(variable)
        return found.most_common(1)[0][0] if found else ""

    def condition(self, element: Element, guide: str = "") -> str:
        """A ``Condition`` in words ("A ou B", "A et B"); "" when nothing in it is known in words.

        A part that holds while a question was not asked (``estIndefini``) adds nothing to read.
        """
        return self._said(element, guide, " et ")

    def _said(self, element: Element, guide: str, joint: str) -> str:
        found: list[str] = []
        for child in element:
            if child.tag == "estVrai":
                said = self.words(child.get("var", ""), guide)
            elif child.tag in ("ou", "et"):
                said = self._said(child, guide, f" {child.tag} ")
            else:
                said = ""
            if said and said not in found:
                found.append(said)
        return joint.join(found)


def words_of_branch(element: Element) -> str:
    """The words of a branch or a choice of a guide; "" for any other element."""
    if element.tag not in ("Branche", "Problematique", "Choix"):
        return ""
    said = element.find("IntituleSiSelectionne")
    said = element.find("Titre") if said is None else said
    return "" if said is None else words_of(said)
