"""Forms, online services and simulators (the R files), as facts that sheets refer to by their id. Pure."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import msgspec

from affouage.sheets.dila.xml import words_of
from affouage.sheets.sheet import Fact, FactKind

_KINDS: dict[str, FactKind] = {
    "Formulaire": "form",
    "Modèle de document": "form",
    "Téléservice": "online",
    "Simulateur": "online",
    "Outil de recherche": "online",
}


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """``cerfa``: number of the form ("13974*02"), "" for none. ``sheets``: ids of those it says it goes with."""

    id: str
    kind: FactKind
    title: str
    cerfa: str = ""
    url: str = ""
    sheets: tuple[str, ...] = ()

    def fact(self, path: tuple[str, ...] = ()) -> Fact:
        return Fact(kind=self.kind, label=self.title, value=self.cerfa, url=self.url, id=self.id, path=path)


def kind_of(type_: str) -> FactKind | None:
    """``form`` or ``online`` for the type of a service; None for what is neither (an acronym, an address)."""
    return _KINDS.get(type_.removesuffix(" personnalisé sur SP"))


def read_service(root: Element) -> Service | None:
    """The service of an R file; None for a kind that is none."""
    kind = kind_of(root.get("type", ""))
    level = root.find("FilDAriane/Niveau[last()]")
    title = root.find("{http://purl.org/dc/elements/1.1/}title") if level is None else level
    link = root.find("LienWeb")
    if kind is None or title is None:
        return None
    number = root.find("NumeroCerfa")
    return Service(
        id=root.get("ID", ""),
        kind=kind,
        title=words_of(title),
        cerfa="" if number is None else words_of(number),
        url="" if link is None else link.get("URL", ""),
        sheets=tuple(one.get("ID", "") for one in root.findall("FicheLiee")),
    )
