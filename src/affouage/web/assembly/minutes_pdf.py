"""Minutes as a tagged PDF (PDF/UA-1), set by Typst. What members wrote goes in as data, never as markup. Blocking."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import segno
import typst

from affouage.web import format as wording
from affouage.web.assembly.log import CheckpointShown
from affouage.web.assembly.minutes_facts import Decided, Facts
from affouage.web.language import Language

TEXT_MOST = 5_000
"""Characters of one text: beyond, it is cut, and says so."""


@dataclass(frozen=True)
class Told:
    """What the minutes say. ``zone``: of the hours told; "": this machine's own."""

    commons: str
    first: str
    last: str
    facts: Facts
    members: int
    checkpoint: CheckpointShown | None
    made_ms: int
    zone: str


def make(told: Told, language: Language) -> bytes:
    """The PDF. Raises typst.TypstError only for a fault of the template: texts are data."""
    source = resources.files("affouage.web.assembly").joinpath("minutes.typ").read_bytes()
    return _set(source, json.dumps(drawable(document(told, language)), ensure_ascii=False))


def _set(source: bytes, data: str) -> bytes:
    made: bytes = typst.compile(
        source, format="pdf", ignore_system_fonts=True, sys_inputs={"minutes": data}, pdf_standards=["ua-1"]
    )
    return made


# -- what no font draws --------------------------------------------------------------------------------------------


def drawable(written: Any) -> Any:
    """The same, each character that no font here draws told by its number: an accessible PDF has no blank squares."""
    text = json.dumps(written, ensure_ascii=False)
    lost = undrawn(frozenset(one for one in text if not _ordinary(one)))
    return json.loads("".join(f"[U+{ord(one):04X}]" if one in lost else one for one in text))


def _ordinary(character: str) -> bool:
    """Latin letters and the punctuation of French and English, which the fonts that come with Typst draw."""
    return character.isascii() or "\u00a0" <= character <= "\u017f" or character in "\u202f‘’“”«»–—…•→≈€°"


def undrawn(characters: frozenset[str]) -> frozenset[str]:
    """Those that the fonts do not draw, as Typst itself says, one after the other."""
    left = set(characters)
    lost: set[str] = set()
    for _ in range(UNDRAWN_MOST):
        if not left:
            break
        try:
            _set(_PROBE, json.dumps(" ".join(sorted(left))))
            break
        except typst.TypstError as refused:
            named = {one for one in left if one in str(refused) or f"u{{{ord(one):x}}}" in str(refused)}
            if not named:
                return frozenset(lost | left)
            left, lost = left - named, lost | named
    else:
        lost |= left
    return frozenset(lost)


UNDRAWN_MOST = 40
"""Beyond so many, whatever is not Latin is told by its number."""
_PROBE = b"""
#set document(title: "x")
#set text(lang: "en", font: "Libertinus Serif")
#json(bytes(sys.inputs.minutes))
"""


def document(told: Told, language: Language) -> dict[str, Any]:
    """Everything the template writes, in words."""
    _ = language.gettext
    zone = ZoneInfo(told.zone) if told.zone else None

    def moment(at_ms: int) -> str:
        return wording.moment(at_ms, language, zone)

    days = _("From {first} to {last}").format(
        first=wording.date_words(told.first, language), last=wording.date_words(told.last, language)
    )
    title = _("Minutes of the assembly")
    nothing = _("Nothing in this period.")
    facts = told.facts
    return {
        "lang": language.code,
        "title": _cut(f"{title}, {told.commons}"),
        "heading": title,
        "commons": _cut(told.commons),
        "days": days,
        "members": _("Members on the roll today: {count}.").format(count=wording.whole(told.members, language)),
        "made": _("Made on {moment}.").format(moment=moment(told.made_ms)),
        "page": _("Page"),
        "votes_title": _("Votes"),
        "votes": [_vote(one, language, moment) for one in facts.votes],
        "lists": [
            {
                "title": heading,
                "rows": rows or [nothing],
            }
            for heading, rows in (
                (_("Proposals submitted"), [_cut(f"n° {number}, {name}") for number, name in facts.proposed]),
                (_("What began to have effect"), [_cut(f"{moment(o.at_ms)} : {o.words}") for o in facts.in_force]),
                (_("Mandates"), [_cut(f"{moment(o.at_ms)} : {o.words}") for o in facts.mandates]),
                (_("Emergency measures"), [_cut(f"{moment(o.at_ms)} : {o.words}") for o in facts.emergencies]),
            )
        ],
        "nothing": nothing,
        "log_title": _("The public log"),
        "log": None if told.checkpoint is None else _log(told.checkpoint, language, moment),
    }


def _vote(one: Decided, language: Language, moment: Any) -> dict[str, Any]:
    _ = language.gettext
    voters = _("unknown here") if one.voters is None else wording.whole(one.voters, language)
    numbers = ", ".join(f"n° {number}" for number in one.numbers)
    return {
        "title": _cut(f"{numbers}, {one.title}"),
        "about": [_cut(line) for line in one.about],
        "reason": _cut(language.typeset(f"{_('Reason:')} {one.reason}")) if one.reason else "",
        "outcome": _cut(one.outcome),
        "closed": _("Vote closed on {moment}.").format(moment=moment(one.closed_ms)),
        "attendance": _("Voters: {voters} of {electors} who could vote.").format(
            voters=voters, electors=wording.whole(one.electors, language)
        ),
        "steps": [_cut(step) for step in one.steps],
    }


def _log(shown: CheckpointShown, language: Language, moment: Any) -> dict[str, str]:
    _ = language.gettext
    picture = BytesIO()
    segno.make("\n".join((shown.origin, str(shown.size), shown.root, "")), error="m", micro=False).save(
        picture, kind="svg", scale=4, border=4, dark="#000", light="#fff"
    )
    return {
        "words": _(
            "On {moment} the public log had {size} entries. Whoever keeps this sheet can check later that none of them "
            "was changed: the page of the public log says how."
        ).format(moment=moment(shown.at_ms), size=wording.whole(shown.size, language)),
        "root_label": _("Root:"),
        "root": shown.root_hex,
        "origin_label": _("Log:"),
        "origin": shown.origin,
        "qr_svg": picture.getvalue().decode(),
        "alt": _("QR code of the root written beside it"),
    }


def _cut(text: str) -> str:
    """Without what no font draws, and not endless."""
    text = text.encode("utf-8", "replace").decode()
    clean = "".join(one if one.isprintable() or one in "\n\u00a0\u202f" else " " for one in text)
    return clean if len(clean) <= TEXT_MOST else f"{clean[:TEXT_MOST]} […]"
