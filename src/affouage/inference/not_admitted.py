"""Why the gate lets a question through no further: a model that is not admitted, a refused use, a suspension. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from affouage.assembly.refused_uses.sanctions import Active
from affouage.assembly.rules.uses import RefusedUse
from affouage.catalogue.openness import Openness, lacking
from affouage.catalogue.rules import Judgement
from affouage.errors import NotAllowed
from affouage.inference.refusal import Cited

BY_SETTINGS = Cited("safety.refused_models")
"""Refused by whoever looks after the machine, whatever was voted: a setting that only takes away, shown in public."""

_NAMED_MOST = 5


def model(
    model_id: str,
    judgement: Judgement,
    openness: Openness | None,
    cited: Cited,
    *,
    works: Sequence[str] = (),
    fetch: str = "",
) -> NotAllowed:
    """``works``: admitted models that can answer now; ``fetch``: one of the catalogue that fits here, "" for none.
    ``openness``: of its base, where that is what is not admitted."""
    name = f"{judgement.base or model_id:.80}"
    whose = f"{model_id:.80} is a voice of {judgement.base}. " if judgement.base else ""
    lacks = lacking(openness or Openness(), judgement.short)
    english = "; ".join(one.en for one in lacks)
    why = {
        "refused": f"The model {name} is refused here",
        "not_admitted": f"The model {name} is not among those the members admit",
        "floor": f"The model {name} is less open than the members ask: {english}",
    }[judgement.reason or "not_admitted"]
    return NotAllowed(
        f"{whose}{why} ({cited}).",
        remedy=_instead(works, fetch),
        code="model_not_admitted",
        param="model",
        model=f"{model_id:.80}",
        **({"base": judgement.base} if judgement.base else {}),
        reason=judgement.reason or "not_admitted",
        **({"lacks_fr": " ; ".join(one.fr for one in lacks), "lacks_en": english} if lacks else {}),
        **({"works": ", ".join(works[:_NAMED_MOST])} if works else {}),
        **({"fetch": fetch} if fetch else {}),
        **cited.facts(),
    )


def _instead(works: Sequence[str], fetch: str) -> str:
    if works:
        return f"Admitted, and here: {', '.join(works[:_NAMED_MOST])}."
    if fetch:
        return (
            f"None that is admitted is here; {fetch} is admitted and fits this machine: affouage models pull {fetch}."
        )
    return "No model that is admitted fits this machine: propose another rule, or another machine."


def refused_use(line: RefusedUse, cited: Cited) -> NotAllowed:
    return NotAllowed(
        f"The members refuse this use: {line.sentence_en} ({cited}).",
        remedy="The charter stands on the page of the assembly; a change of it can be proposed.",
        code="refused_use",
        param="use",
        line=line.id,
        line_fr=line.sentence_fr,
        line_en=line.sentence_en,
        **cited.facts(),
    )


def suspended(active: Active, line: RefusedUse | None, cited: Cited, now_ms: int) -> NotAllowed:
    """``line``: of the charter as it stands, None for one that was voted away since."""
    why = f': "{line.sentence_en}"' if line else f" ({active.line})"
    may_appeal = active.appeal_until_ms is not None and active.appeal_until_ms > now_ms
    told = f"Read the decision, its reasons and its appeal: {active.page}."
    if may_appeal and active.appeal_until_ms is not None:
        told = f"Read the decision and its reasons, and appeal before {_moment(active.appeal_until_ms)}: {active.page}."
    return NotAllowed(
        f"You are suspended until {_moment(active.until_ms)}, by a decision under the charter of refused uses{why} "
        f"({cited}; decision {active.report_id}, entry {active.leaf_seq} of the public log).",
        remedy=told,
        code="suspended",
        until_ms=active.until_ms,
        line=active.line,
        **({"line_fr": line.sentence_fr, "line_en": line.sentence_en} if line else {}),
        decision=active.report_id,
        page=active.page,
        leaf=active.leaf_seq,
        **({"appeal_until_ms": active.appeal_until_ms} if may_appeal else {}),
        **cited.facts(),
    )


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
