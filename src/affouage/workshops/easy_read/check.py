"""The whole check of a text: every rule that a program can apply, in the order of the lines. Pure.

What it cannot tell is whether people understand: it says so, and never calls a text easy to read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

from affouage.workshops.easy_read import clauses, figures, layout
from affouage.workshops.easy_read.document import Form, read_document
from affouage.workshops.easy_read.plain_words import plain_words
from affouage.workshops.easy_read.readability import Readability, readability
from affouage.workshops.easy_read.shapes import Document, Finding, Gloss, Sentence, Spot
from affouage.workshops.easy_read.vocabulary import Bands, Vocabulary, pronouns

Language = Literal["fr", "en"]

FRENCH_ONLY = ("french_only",)
"""What is looked at in French texts only."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """``findings``: in the order of the lines. ``readability``: None for English. ``not_checked``: codes of what was
    not looked at (``rare_words`` without the list of words; ``FRENCH_ONLY`` for English).

    ``glossary``: rare and hard words with what they mean, where that is known.
    """

    language: Language
    sentences: tuple[Sentence, ...]
    findings: tuple[Finding, ...]
    readability: Readability | None
    not_checked: tuple[str, ...] = ()
    glossary: tuple[Gloss, ...] = ()

    @property
    def errors(self) -> int:
        return sum(one.level == "error" for one in self.findings)

    @property
    def warnings(self) -> int:
        return sum(one.level == "warning" for one in self.findings)

    def of_sentence(self, number: int) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.sentence == number)

    def to_explain(self) -> tuple[str, ...]:
        """Words nobody explained yet, as the text writes them."""
        return tuple(one.found for one in self.findings if one.rule == "rare_word" and not one.gloss)


def check(text: str, *, language: Language = "fr", form: Form = "text", bands: Bands | None = None) -> Report:
    """Look at ``text``. ``bands``: how common words are (see ``vocabulary``), None without a list."""
    document = read_document(text, form)
    french = language == "fr"
    findings = [*layout.of_document(document), *_of_sentences(document, language, bands if french else None)]
    findings.sort(key=lambda one: (one.line, -1 if one.sentence is None else one.sentence, one.start, one.rule))
    missing = () if bands is not None else ("rare_words",)
    return Report(
        language=language,
        sentences=document.sentences,
        findings=tuple(findings),
        readability=readability(one.text for one in document.sentences) if french else None,
        not_checked=missing if french else FRENCH_ONLY,
        glossary=_glossary(findings),
    )


def with_glosses(report: Report, glosses: Mapping[str, str]) -> Report:
    """The same with what a dictionary (Wiktionary) says of rare words, by the word as the text writes it."""
    findings = tuple(
        msgspec.structs.replace(one, gloss=glosses[one.found], gloss_source="wiktionary")
        if one.rule == "rare_word" and not one.gloss and glosses.get(one.found)
        else one
        for one in report.findings
    )
    return msgspec.structs.replace(report, findings=findings, glossary=_glossary(findings))


def _of_sentences(document: Document, language: Language, bands: Bands | None) -> Iterator[Finding]:
    vocabulary = Vocabulary(document, plain_words(language), bands)
    for number, sentence in enumerate(document.sentences):
        for rule in _rules(language, vocabulary):
            for spot in rule(sentence.text):
                yield _finding(spot, number, sentence)
    if language == "fr":
        for number, spot in pronouns(document):
            yield _finding(spot, number, document.sentences[number])


def _rules(language: Language, vocabulary: Vocabulary) -> Iterator[Callable[[str], Iterator[Spot]]]:
    yield clauses.length
    if language == "fr":
        yield from (clauses.clauses, clauses.one_idea, clauses.passive)
    yield from (clauses.negation, figures.roman, figures.numbers)
    yield lambda sentence: figures.whole_dates(sentence, language)
    yield from (vocabulary.hard_words, vocabulary.short_forms, layout.signs, layout.capitals)


def _finding(spot: Spot, number: int, sentence: Sentence) -> Finding:
    return Finding(
        rule=spot.rule,
        level=spot.level,
        line=sentence.line,
        sentence=number,
        start=spot.start,
        end=spot.end,
        found=sentence.text[spot.start : spot.end].strip(),
        instead=spot.instead,
        gloss=spot.gloss,
        gloss_source="affouage" if spot.gloss else "",
    )


def _glossary(findings: list[Finding] | tuple[Finding, ...]) -> tuple[Gloss, ...]:
    found = {
        one.found.lower(): Gloss(word=one.found.lower(), text=one.gloss, source=one.gloss_source)
        for one in findings
        if one.gloss and one.gloss_source
    }
    return tuple(found[word] for word in sorted(found))
