"""One document through everything it has to pass: what may be used at all, then the steps of the recipe in their order.

What compares documents with one another (copies, robots.txt read elsewhere) leaves keys here, and is decided once all
are read: see ``finishing``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from affouage.training.corpus import licences
from affouage.training.corpus.document import LICENCE, READ, RESERVATION, Draft, Line, Outcast
from affouage.training.corpus.recipe import (
    Decontaminate,
    Duplicates,
    Extract,
    KeepLanguage,
    Length,
    NearDuplicates,
    Personal,
    Quality,
    Recipe,
    Refusal,
    Repetition,
    Source,
    Step,
    step_name,
)
from affouage.training.corpus.steps import extract, language, minhash, personal, quality, repetition
from affouage.training.corpus.steps.decontaminate import Evaluations
from affouage.training.corpus.steps.words import Words

NO_LICENCE = "LicenseRef-none-stated"
LICENCE_AT, RESERVATION_AT = -2, -1
"""Places before the first step of the recipe, which has 0."""


class Removal(NamedTuple):
    """``place``: of the step in the recipe, for what is decided later to know what came before."""

    place: int
    step: str
    reason: str
    detail: str


@dataclass(slots=True)
class Keys:
    """Of the text at the steps that look for copies; None where it did not come so far, or there is no such step.
    ``masked``: personal data, by kind."""

    same: bytes | None = None
    like: minhash.Signatures | None = None
    masked: dict[str, int] = field(default_factory=dict)


class Passed(NamedTuple):
    """``line``: as it stands if it stays; ``text``: "" if it does not. ``removal``: None when it stays so far."""

    line: Line
    text: str
    removal: Removal | None
    keys: Keys


class Chain:
    def __init__(self, recipe: Recipe, base: Path) -> None:
        """``base``: folder of the recipe, from which its paths are told. Raises BadRequest (an evaluation set)."""
        self._recipe = recipe
        wanted = next((one for one in recipe.step if isinstance(one, Decontaminate)), None)
        self.evaluations = Evaluations(wanted, base) if wanted else None

    def through(self, draft: Draft, source: Source, override: str = "") -> Passed:
        """``override``: what let the whole source in, "" for nothing."""
        draft.override += [override] if override else []
        keys, removal = Keys(), None
        place, name = LICENCE_AT, LICENCE
        try:
            draft.licence = self._licence(draft, source)
            place, name = RESERVATION_AT, RESERVATION
            self._reservation(draft)
            _bounded(draft, self._recipe.limits.characters)
            for number, step in enumerate(self._recipe.step):
                place, name = number, step_name(step)
                self._apply(step, draft, keys)
            place, name = len(self._recipe.step), READ
            _arrived(draft)
        except Outcast as why:
            removal = Removal(place, name, why.reason, why.detail)
        return Passed(_line(draft, source), "" if removal else draft.text, removal, keys)

    def _licence(self, draft: Draft, source: Source) -> str:
        """Its own, else its source's. Raises Outcast: none, or one that does not permit it."""
        stated = draft.licence or licences.identified(source.licence)
        if not stated and source.consent:
            stated = licences.CONSENT
        draft.licence = stated
        if stated == licences.CONSENT and source.consent is None:
            raise Outcast("no_consent", "no member is named")
        permission = licences.permission(stated) if stated else "missing"
        if permission != "yes":
            reason = {"missing": "licence_missing", "no": "licence_forbids"}.get(permission, "licence_unknown")
            self._refused(draft, "licence", reason, stated)
        return stated or NO_LICENCE

    def _reservation(self, draft: Draft) -> None:
        if draft.reserved:
            self._refused(draft, "reservation", draft.reserved, draft.address)

    def _refused(self, draft: Draft, what: Refusal, reason: str, detail: str) -> None:
        """Raises Outcast, unless the recipe overrides it: then the document says so."""
        override = self._recipe.override_of(draft.source, what)
        if override is None:
            raise Outcast(reason, detail)
        draft.override.append(f"{reason}: {override.who}")

    def _apply(self, step: Step, draft: Draft, keys: Keys) -> None:
        """Raises Outcast."""
        if isinstance(step, Extract):
            if draft.page is not None:
                draft.text, draft.page = extract.extracted(draft.page, step, self._recipe.limits.page_s), None
                draft.words = None
            return
        _arrived(draft)
        if isinstance(step, KeepLanguage):
            language.check(draft.text, step)
            return
        if isinstance(step, Personal):
            text, found = personal.masked(draft.text, names=step.names)
            if step.most and found.total() > step.most:
                raise Outcast("directory", f"{found.total()} found")
            if found:
                draft.text, draft.masked, draft.words = text, found.total(), None
                keys.masked = dict(found)
            return
        words = draft.words = draft.words or Words(draft.text)
        self._look(step, words, keys)

    def _look(self, step: Step, words: Words, keys: Keys) -> None:
        if isinstance(step, Length):
            quality.check_length(words, step)
        elif isinstance(step, Quality):
            quality.check_quality(words, step)
        elif isinstance(step, Repetition):
            repetition.check(words, step)
        elif isinstance(step, Duplicates):
            keys.same = words.sha
        elif isinstance(step, NearDuplicates):
            keys.like = minhash.signature(words, step.words)
        elif self.evaluations is not None:
            self.evaluations.check(words)


def _bounded(draft: Draft, most: int) -> None:
    if len(draft.text) > most:
        raise Outcast("too_long", f"{len(draft.text)} characters")


def _arrived(draft: Draft) -> None:
    if draft.page is not None:
        raise Outcast("not_extracted", "a web page: the recipe has no step extract before")
    if not draft.text.strip():
        raise Outcast("empty")


def _line(draft: Draft, source: Source) -> Line:
    text = draft.text.encode("utf-8", "replace")
    return Line(
        id=draft.id,
        source=draft.source,
        at=draft.at,
        title=draft.title,
        licence=draft.licence,
        day=draft.day or source.day,
        sha256=hashlib.sha256(text).hexdigest(),
        characters=len(draft.text),
        masked=draft.masked,
        member=source.consent.member if source.consent else "",
        override="; ".join(draft.override),
    )
