"""The catalogue card of what a run made, graded on the same five axes as any other model. Pure.

An adapter is never more open than its base. What is not established is unknown; nothing is uploaded, so that weights
are open to the members alone.
"""

from __future__ import annotations

from affouage.catalogue.card import Card, Licence
from affouage.catalogue.gguf import Header
from affouage.catalogue.openness import Axis, AxisName, Level, Openness, Say
from affouage.training.corpus.licences import CONSENT, permission
from affouage.training.folder import Exported
from affouage.training.runs.corpora import CorpusFacts
from affouage.training.runs.store import Run

SOURCE = "affouage train receipt {run}"
_RANK: dict[Level, int] = {"unknown": 0, "closed": 1, "partial": 2, "open": 3}


def card(
    run: Run, corpus: CorpusFacts, out: Exported, header: Header | None, base: Card | None, licence: str | None
) -> Card:
    """The card of the model or adapter ``out``. ``header``: of a GGUF model, None for an adapter; ``licence``: of what
    came out, by the collective's choice; None: that of the base, or not chosen."""
    voice = run.settings.kind == "lora"
    chosen = Licence(licence) if licence else base.licence if base is not None else Licence("NOASSERTION")
    return Card(
        id=run.name,
        name=f"{base.name} · {run.name}" if base is not None else run.name,
        publisher="the collective" if base is None else f"the collective, on {base.name} ({base.publisher})",
        licence=chosen,
        grade=base.grade if base is not None else "assistant",
        good_at=(_good(run, corpus),),
        bad_at=_bad(run, base),
        languages=base.languages if base is not None else ("fr",),
        openness=openness(run, corpus, base, chosen),
        file=f"{run.name}.gguf",
        sha256=out.sha256,
        size_bytes=out.bytes,
        quantisation=header.quantisation if header else None,
        context_tokens=header.context_tokens if header else None,
        kv_bytes_per_token=header.kv_bytes_per_token if header else None,
        checked=("everything: read in the files of the run, see its receipt",),
        base=run.settings.base if voice else None,
        trained_by=run.id,
    )


def _good(run: Run, corpus: CorpusFacts) -> Say:
    if run.settings.kind == "scratch":
        return Say(
            f"Montrer comment un modèle se forme : il est né ici, du corpus « {corpus.name} » seul.",
            f"Showing how a model comes to be: it was born here, from the corpus “{corpus.name}” alone.",
        )
    return Say(
        f"Les mots et la manière du corpus « {corpus.name} », sur lequel il a été réglé ici.",
        f"The words and the manner of the corpus “{corpus.name}”, on which it was tuned here.",
    )


def _bad(run: Run, base: Card | None) -> tuple[Say, ...]:
    if run.settings.kind == "scratch":
        return (
            Say(
                "Tout le reste : il est minuscule, invente et se contredit. Aucun fait ne doit lui être demandé.",
                "All the rest: it is tiny, invents and contradicts itself. No fact is to be asked of it.",
            ),
        )
    tuned = Say(
        "Les faits : le régler change la manière de dire, pas ce qui est su. Il peut réciter des passages du corpus.",
        "Facts: tuning changes the manner, not what is known. It may recite passages of the corpus.",
    )
    return (tuned, *(base.bad_at if base is not None else ()))


def openness(run: Run, corpus: CorpusFacts, base: Card | None, chosen: Licence) -> Openness:
    """Each axis: what is true of the run, and no more than what is true of its base."""
    source = SOURCE.format(run=run.name)
    own: dict[AxisName, Axis] = {
        "weights": Axis(
            "partial",
            "Les poids sont chez le collectif, à la disposition de ses membres ; rien n’est mis en ligne.",
            "The weights are the collective’s, within reach of its members; nothing is put online.",
            source,
        ),
        "training_data": _data(corpus, source),
        "training_code": Axis(
            "open",
            "Le code est affouage, libre (AGPL), avec les réglages du reçu.",
            "The code is affouage, free (AGPL), with the settings of the receipt.",
            source,
        ),
        "documentation": Axis(
            "open",
            "Le reçu dit le corpus, les réglages, la machine, l’énergie, les courbes et l’évaluation.",
            "The receipt tells the corpus, the settings, the machine, the energy, the curves and the evaluation.",
            source,
        ),
        "licence": _licence(chosen, base, source),
    }
    if base is not None:
        own = {name: _no_more_than(axis, base.openness.axis(name), base) for name, axis in own.items()}
    return Openness(**own)


def _data(corpus: CorpusFacts, source: str) -> Axis:
    if not corpus.licences:
        return Axis(
            "unknown",
            "Le manifeste ne dit pas les licences des textes.",
            "The manifest does not tell the licences of the texts.",
        )
    named = ", ".join(sorted(corpus.licences))
    if all(_shared(one) for one in corpus.licences):
        return Axis(
            "open",
            f"Chaque texte est connu, avec sa source et sa licence libre ({named}).",
            f"Each text is known, with its source and its free licence ({named}).",
            source,
        )
    return Axis(
        "partial",
        f"Chaque texte est connu avec sa licence ({named}) ; tous ne peuvent pas être partagés.",
        f"Each text is known with its licence ({named}); not all may be shared.",
        source,
    )


def _shared(licence: str) -> bool:
    """Whether anybody may copy and change what is under it; a member's consent goes to the collective alone."""
    return licence != CONSENT and permission(licence) == "yes"


def _licence(chosen: Licence, base: Card | None, source: str) -> Axis:
    if base is not None and chosen == base.licence:
        return base.openness.licence
    if chosen.id == "NOASSERTION":
        return Axis(
            "unknown",
            "Le collectif n’a pas encore choisi de licence.",
            "The collective has not chosen a licence yet.",
        )
    level: Level = "open" if _shared(chosen.id) else "partial"
    return Axis(level, f"{chosen.id}, choisie par le collectif.", f"{chosen.id}, chosen by the collective.", source)


def _no_more_than(axis: Axis, of_base: Axis, base: Card) -> Axis:
    """An adapter or a tuned model holds its base: it is as closed as that."""
    if _RANK[of_base.level] >= _RANK[axis.level]:
        return axis
    return Axis(
        of_base.level,
        f"{axis.fr} Du modèle de base ({base.name}) : {of_base.fr}",
        f"{axis.en} Of the base ({base.name}): {of_base.en}",
        axis.source if of_base.level != "unknown" else "",
    )
