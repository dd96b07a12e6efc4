"""Official files written by the tests: one sheet, one service, an archive of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Publication xmlns:dc="http://purl.org/dc/elements/1.1/" ID="{id}" type="{type}"{more} '
    'spUrl="https://www.service-public.fr/particuliers/vosdroits/{id}"><dc:title>{title}</dc:title>'
    "<dc:description>{description}</dc:description><dc:date>modified {day}</dc:date>"
    "<Audience>Particuliers</Audience>"
    '<FilDAriane><Niveau ID="Particuliers">Accueil particuliers</Niveau><Niveau ID="N1">Papiers</Niveau>'
    '<Niveau ID="{id}">{title}</Niveau></FilDAriane>'
    '<DossierPere ID="N1"><Titre>Papiers</Titre><Fiche ID="F9">Une fiche voisine</Fiche></DossierPere>'
)


def publication(
    body: str = "<Texte><Paragraphe>Vous devez faire une demande à la mairie.</Paragraphe></Texte>",
    *,
    id: str = "F1",
    title: str = "Carte d'identité perdue : que faire ?",
    description: str = "Vous devez la déclarer perdue.",
    day: str = "2026-03-04",
    type: str = "Fiche d'information",
    more: str = "",
) -> bytes:
    """An F file with ``body`` in it. ``more``: attributes of its root."""
    head = HEAD.format(id=id, title=title, description=description, day=day, type=type, more=more)
    return f"{head}{body}</Publication>".encode()


def service(
    id: str = "R10", *, cerfa: str = "14011*03", title: str = "Déclaration de perte", sheet: str = "F1"
) -> bytes:
    """An R file: a form that goes with a sheet."""
    return (
        f'<ServiceComplementaire ID="{id}" type="Formulaire"><FilDAriane><Niveau ID="x">Services</Niveau>'
        f'<Niveau ID="{id}">{title}</Niveau></FilDAriane><NumeroCerfa>{cerfa}</NumeroCerfa>'
        f'<LienWeb URL="https://formulaires.example/{id}.pdf"/><FicheLiee ID="{sheet}"><Titre>Fiche</Titre></FicheLiee>'
        "</ServiceComplementaire>"
    ).encode()


def archive_bytes(files: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (2026, 3, 4, 0, 0, 0))
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def write_archive(path: Path, files: Mapping[str, bytes]) -> Path:
    path.write_bytes(archive_bytes(files))
    return path
