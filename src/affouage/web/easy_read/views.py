"""From what the workshop says to what the templates show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from affouage.web.easy_read import words
from affouage.web.easy_read.pages import Advice, Checked, EasyResult, Line, ProposedRow, Row, Word
from affouage.web.language import Language
from affouage.workshops.easy_read.check import Report
from affouage.workshops.easy_read.easy_read import LABEL
from affouage.workshops.easy_read.meaning import Difference
from affouage.workshops.easy_read.rewriting import Proposal
from affouage.workshops.easy_read.shapes import Finding


def checked(report: Report, differences: Sequence[Difference] | None, language: Language) -> Checked:
    rows = tuple(
        Row(number + 1, one.line, one.kind, one.text, _advice(report.of_sentence(number), language))
        for number, one in enumerate(report.sentences)
    )
    told = None if differences is None else tuple(words.difference(one, language) for one in differences)
    return Checked(
        lang=report.language,
        rows=rows,
        errors=report.errors,
        warnings=report.warnings,
        whole=_advice((one for one in report.findings if one.sentence is None), language),
        score=_score(report, language),
        not_checked=words.not_checked(report, language),
        differences=told,
        credit=_credit((one.source for one in report.glossary), language),
    )


def proposed(report: Report, number: int, proposal: Proposal, language: Language) -> ProposedRow:
    """The sentence ``number`` of ``report``, and what is proposed for it."""
    sentence = report.sentences[number]
    usable = proposal.status in ("kept", "differs", "mended")
    return ProposedRow(
        number=number + 1,
        block=sentence.block,
        kind=sentence.kind,
        source=sentence.text,
        status=proposal.status,
        status_word=language.gettext(words.STATUSES[proposal.status]),
        proposal=proposal.text if usable else "",
        own=proposal.text if usable or proposal.status == "not_asked" else sentence.text,
        chosen="proposal" if proposal.status in ("kept", "mended") else "keep",
        differences=tuple(words.difference(one, language) for one in proposal.differences) if usable else (),
        new_words=", ".join(proposal.new_words) if usable else "",
        lost_words=", ".join(proposal.lost_words) if usable else "",
        advice=_advice(report.of_sentence(number), language),
        still=_advice(proposal.findings, language) if usable else (),
        receipt_id=proposal.receipt_id or "",
    )


def result(
    report: Report,
    differences: Sequence[Difference],
    chosen: Mapping[str, str] | None,
    text: str,
    original: str,
    language: Language,
) -> EasyResult:
    """``chosen``: meanings that were kept, by word, as somebody wrote them; None: all that are proposed."""
    lines = tuple(
        Line(one.text, one.kind, number > 0 and one.block != report.sentences[number - 1].block)
        for number, one in enumerate(report.sentences)
    )
    known = {one.word: one for one in report.glossary}
    glossary = [
        Word(
            word=word,
            meaning=(chosen or {}).get(word, _first_sense(one.text)),
            kept=chosen is None or word in chosen,
            doubtful=one.source == "wiktionary",
        )
        for word, one in known.items()
    ]
    glossary += [Word(word, meaning, True, False) for word, meaning in (chosen or {}).items() if word not in known]
    shown = (one.source for word, one in known.items() if chosen is None or chosen.get(word) == _first_sense(one.text))
    return EasyResult(
        lang=report.language,
        lines=lines,
        label=LABEL[report.language],
        glossary=tuple(glossary),
        credit=_credit(shown, language),
        differences=tuple(words.difference(one, language) for one in differences),
        errors=report.errors,
        warnings=report.warnings,
        score=_score(report, language),
        text=text,
        original=original,
    )


def _advice(findings: Iterable[Finding], language: Language) -> tuple[Advice, ...]:
    """What is to be changed first."""
    return tuple(
        Advice(one.level, language.gettext(words.LEVELS[one.level]), words.advice(one, language))
        for one in sorted(findings, key=lambda one: one.level)
    )


def _first_sense(text: str) -> str:
    """One meaning is enough on a printed page; which one is right, the person says."""
    return text.split(" / ")[0]


def _score(report: Report, language: Language) -> str:
    return words.score(report.readability, language) if report.readability else ""


def _credit(sources: Iterable[str], language: Language) -> str:
    return language.gettext(words.CREDIT) if "wiktionary" in tuple(sources) else ""
