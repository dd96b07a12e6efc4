"""Drafts as tests of the desk make them: two sheets, three passages, sentences that quote them."""

from __future__ import annotations

from typing import Any

import msgspec

from affouage.sheets.finding import Header, Hit
from affouage.sheets.sheet import Passage
from affouage.workshops.desk.shapes import Draft, DraftSentence, Quote

RENEW = "Pour renouveler un passeport, prenez rendez-vous dans une mairie équipée."
PRICE = "Le timbre fiscal coûte 86 euros pour un adulte."
LOST = "En cas de perte, faites une déclaration au commissariat."


def header(sheet_id: str, title: str, **more: Any) -> Header:
    whole = {
        "collection_id": "public",
        "sheet_id": sheet_id,
        "title": title,
        "description": title,
        "url": f"https://exemple.fr/{sheet_id}",
        "day": "2026-10-01",
        "audience": "",
        "theme": (),
        "source": "Exemple",
        "licence": "LO 2.0",
        "age_days": 50,
        "old": False,
    }
    return Header(**{**whole, **more})


def passage(sheet_id: str, number: int, text: str) -> Passage:
    return Passage(collection_id="public", sheet_id=sheet_id, number=number, text=text)


PASSPORT, LOSS = header("F1", "Renouveler un passeport"), header("F2", "Passeport perdu")
HITS = (
    Hit(sheet=PASSPORT, score=2.0, passages=(passage("F1", 1, RENEW), passage("F1", 2, PRICE))),
    Hit(sheet=LOSS, score=1.0, passages=(passage("F2", 1, LOST),)),
)
FOUND = Draft(hits=HITS, answers=True, cited=(PASSPORT,))


def sentence(text: str, sheet_id: str, number: int, *, supported: bool = True) -> DraftSentence:
    quote = Quote(collection_id="public", sheet_id=sheet_id, passage=number, text=text)
    return DraftSentence(text=text, supported=supported, quote=quote, problems=() if supported else ("number",))


PLAIN = msgspec.structs.replace(FOUND, sentences=(sentence(RENEW, "F1", 1),), model="tiny", receipt_id="rcp_1")
"""Nothing to be careful about."""
PRICED = msgspec.structs.replace(PLAIN, sentences=(sentence(RENEW, "F1", 1), sentence(PRICE, "F1", 2)))
"""It has an amount: one of its passages is to be opened."""
NOTHING = Draft(answers=False, scope="nothing_found", ask_instead=("La mairie",))
