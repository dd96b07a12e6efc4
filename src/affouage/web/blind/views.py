"""From comparisons and what all of them say to what the pages show. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from affouage.catalogue.card import Card
from affouage.web import format as wording
from affouage.web.blind import words
from affouage.web.blind.pages import GroupRows, PairPage, ResultsPage, Revealed, Row, Shown
from affouage.web.language import Language
from affouage.web.markdown import render
from affouage.web.receipts import openness_words
from affouage.workshops.blind.held import SIDES, Comparison, Side
from affouage.workshops.blind.report import Report
from affouage.workshops.blind.strength import Group
from affouage.workshops.blind.veil import names_of, veiled

Cards = Mapping[str, Card]


def shown(comparison: Comparison, cards: Cards, language: Language) -> tuple[Shown, ...]:
    """Both answers, every name hidden: either may tell the other's. A voice may tell the name of its base."""
    known = {one: cards.get(one) for one in comparison.models.values()}
    known |= {card.base: cards.get(card.base) for card in known.values() if card is not None and card.base}
    names = frozenset[str]().union(*(names_of(one, card) for one, card in known.items()))
    return tuple(_shown(comparison, side, names, language) for side in SIDES)


def _shown(comparison: Comparison, side: Side, names: frozenset[str], language: Language) -> Shown:
    answer = comparison.answers[side]
    text = veiled(answer.text, names)
    made_up = render(text, table_label=language.gettext("Table"))
    return Shown(1 + SIDES.index(side), made_up, text != answer.text, answer.cut)


def pair(comparison: Comparison, cards: Cards, language: Language) -> PairPage:
    """Without names before the choice, with everything after."""
    if comparison.preferred is None:
        return PairPage(
            comparison.question,
            comparison.token,
            words.buttons(language),
            shown=shown(comparison, cards, language),
        )
    left, right = (comparison.answers[side].receipt.energy.interval_uj for side in SIDES)
    return PairPage(
        comparison.question,
        comparison.token,
        words.buttons(language, chosen=comparison.preferred),
        revealed=tuple(_revealed(comparison, side, cards, language) for side in SIDES),
        said=words.said(comparison.preferred, language),
        spent=words.spent(left, right, language),
        kept=words.kept(comparison.preferred, comparison.kept, language) if comparison.kept else "",
    )


def _revealed(comparison: Comparison, side: Side, cards: Cards, language: Language) -> Revealed:
    answer, model_id = comparison.answers[side], comparison.models[side]
    card, exact = cards.get(model_id), answer.exact
    return Revealed(
        number=1 + SIDES.index(side),
        model_id=model_id,
        name=card.name if card else model_id,
        text=render(answer.text, table_label=language.gettext("Table")),
        cut=answer.cut,
        better=comparison.preferred == side,
        licence=(card.licence.name or card.licence.id) if card else "",
        openness=openness_words(answer.receipt, language),
        receipt=answer.receipt,
        exact=exact.text if exact else None,
        salt=exact.salt.hex() if exact and exact.salt else "",
    )


# -- what all of them say ------------------------------------------------------------------------------------------


def results(report: Report, cards: Cards, language: Language) -> ResultsPage:
    names = {one: card.name for one, card in cards.items()}
    return ResultsPage(
        pairs=report.pairs,
        ties=words.ties(report, language),
        enough=report.enough,
        groups=tuple(_group(one, report, names, language) for one in report.before),
        changed=words.changed(report.changed, report, language) if report.pairs else "",
    )


def _group(group: Group, report: Report, names: dict[str, str], language: Language) -> GroupRows:
    after = {one.model: (found, one) for found in report.after for one in found.models}
    again = {found.pairs for one in group.models if one.model in after for found in (after[one.model][0],)}
    rows = []
    for one in group.models:
        cost = report.costs.get(one.model)
        energy = cost.energy_uj if cost else None
        rows.append(
            Row(
                name=names.get(one.model, one.model),
                pairs=one.pairs,
                wins=one.wins,
                ties=one.ties,
                before=words.share(one.share, language),
                after=words.share(after[one.model][1].share, language) if one.model in after else None,
                energy=wording.energy(energy, language) if energy else None,
            )
        )
    verdict = words.verdict(group, names, report.enough, language)
    return GroupRows(group.pairs, sum(again), tuple(rows), verdict)
