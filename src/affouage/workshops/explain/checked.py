"""From what a model wrote to what may be shown: what a quoted text says is kept, the rest is set apart. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from affouage.french.plain import level, squeeze
from affouage.sheets.finding import Finding, Header
from affouage.workshops.explain.asking import does_not_know, plain
from affouage.workshops.explain.limiting import with_limits
from affouage.workshops.explain.shapes import Explanation, Look, Sentence
from affouage.workshops.explain.support import Source, check

_ENDS = (".", "!", "?", "…", ":", ";", "»", ")", '"')


@dataclass(frozen=True)
class Written:
    """``ended``: the model came to its end by itself; otherwise its last sentence may lack its condition."""

    text: str = field(repr=False)
    model: str
    receipt_id: str | None
    ended: bool = True


def as_it_is(look: Look) -> Explanation:
    """The extracts alone, nothing generated."""
    return Explanation(
        question=look.question,
        language=look.language,
        finding=look.finding,
        verdict=look.verdict,
        sentences=look.extracts,
        cited=look.cited,
        warnings=look.warnings,
    )


def checked(look: Look, given: Sequence[Source], written: Written) -> Explanation:
    """Every sentence of ``written`` in ``sentences`` if a passage of ``given`` says it, else in ``dropped``.

    When none is supported, or the model says that it does not know, the extracts stand in. What limits a sentence, in
    the one that follows its quote, is quoted after it, at the same place.
    """
    text = plain(written.text)
    gives_up = does_not_know(level(text))
    told = tuple(one for one in _once(check(text, given)) if not does_not_know(level(one.text)))
    if not written.ended:
        told = _without_its_end(told)
    kept = tuple(one for one in told if one.status == "supported")
    dropped = tuple(one for one in told if one.status == "unsupported")
    warnings = [*look.warnings]
    if gives_up:
        warnings.append("model_does_not_know")
    elif not kept:
        warnings.append("nothing_supported")
    elif dropped:
        warnings.append("sentences_dropped")
    if not written.ended:
        warnings.append("cut_short")
    if gives_up or not kept:
        kept = tuple(msgspec.structs.replace(one, place=len(told) + n) for n, one in enumerate(look.extracts))
    else:
        kept = with_limits(kept, given)
    return msgspec.structs.replace(
        as_it_is(look),
        sentences=kept,
        dropped=dropped,
        cited=cited_sheets(kept, look.finding),
        warnings=tuple(warnings),
        model=written.model,
        receipt_id=written.receipt_id,
    )


def cited_sheets(sentences: Sequence[Sentence], finding: Finding) -> tuple[Header, ...]:
    """The sheets that the sentences quote, each once, in their order."""
    known = {(hit.sheet.collection_id, hit.sheet.sheet_id): hit.sheet for hit in finding.hits}
    keys = ((one.quote.collection_id, one.quote.sheet_id) for one in sentences if one.quote is not None)
    return tuple(known[key] for key in dict.fromkeys(keys) if key in known)


def _once(told: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """A small model repeats itself."""
    seen: dict[str, Sentence] = {}
    for one in told:
        seen.setdefault(squeeze(one.text), one)
    return tuple(seen.values())


def _without_its_end(told: Sequence[Sentence]) -> tuple[Sentence, ...]:
    """The last sentence of an answer that was cut says nothing for sure: what followed is not known."""
    if not told or told[-1].text.endswith(_ENDS):
        return tuple(told)
    last = msgspec.structs.replace(told[-1], status="unsupported", problems=(*told[-1].problems, "unfinished"))
    return (*told[:-1], last)
