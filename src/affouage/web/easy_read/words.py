"""What the easy-to-read checker says, in plain words: what was seen, and what to do instead. For pages and commands."""

from __future__ import annotations

from babel.numbers import format_decimal

from affouage.web.language import N_, Language
from affouage.workshops.easy_read.check import Report
from affouage.workshops.easy_read.meaning import Difference
from affouage.workshops.easy_read.readability import LEAST_WORDS, Readability
from affouage.workshops.easy_read.rewriting import Status
from affouage.workshops.easy_read.shapes import Finding

RULES: dict[str, str] = {
    "sentence_too_long": N_("{instead} words in one sentence: too long. Cut it: 12 words at most, one idea each."),
    "sentence_long": N_("{instead} words in one sentence: it is long. 12 words or fewer are easier."),
    "clauses": N_("Several clauses in one sentence ({instead}). Make a sentence of each."),
    "clause": N_("“{found}” begins a second clause in a long sentence. Make two sentences."),
    "one_idea": N_("Two ideas seem to be joined by “{found}”. One idea a sentence."),
    "list_in_sentence": N_("Several things one after the other. Make a list, one thing a line."),
    "passive": N_("“{found}”: who does it? Say it first: “The judge looks at…” rather than “is looked at by…”."),
    "negation": N_("“{found}”: say what is so, rather than what is not, if the meaning stays the same."),
    "double_negation": N_("Two negations in one sentence: “{found}”. Say it the positive way, or make two sentences."),
    "only": N_("“{found}” is hard to understand. Write “seulement” (only)."),
    "sentences_on_a_line": N_("Several sentences on one line. Begin a new line for each sentence."),
    "plainer_word": N_("“{found}”: a plainer word is “{instead}”."),
    "hard_word": N_("“{found}” is a hard word that the text does not explain: “{gloss}”."),
    "rare_word": N_("“{found}” is rare. Take a commoner word, or explain it."),
    "acronym": N_("“{found}”: these letters are not spelt out."),
    "abbreviation": N_("“{found}” is shortened: write “{instead}”."),
    "pronoun_chain": N_("Three sentences in a row begin with a pronoun. Say again who or what it is about."),
    "pointing_word": N_("“{found}”: the reader must look back. Say the name again."),
    "roman_numeral": N_("“{found}” is a Roman numeral: write {instead}."),
    "percent": N_("“{found}”: percentages are hard to picture. Say it with people or things: “1 out of 4”."),
    "large_number": N_("“{found}” is a large number. “A lot of” may be enough."),
    "number_in_letters": N_("“{found}”: write numbers in figures: {instead}."),
    "date_in_digits": N_("“{found}”: write the date in full: {instead}."),
    "date_without_year": N_("“{found}”: say the year too, unless it is the same every year."),
    "parentheses": N_("“{found}”: no parentheses. Make a sentence of it, or leave it out."),
    "footnote": N_("“{found}”: no notes. Explain it where it stands."),
    "sign": N_("“{found}”: this sign is hard to read."),
    "capitals": N_("“{found}”: words in capitals are hard to read. Write them in small letters."),
    "hyphenation": N_("“{found}”: a word is cut at the end of the line. Write it whole."),
    "italics": N_("No italics and no underlining: they are hard to read. Bold is better."),
    "justified": N_("The text is justified. Align it on the left."),
    "small_font": N_("The letters are small ({found}). 14 points at least."),
    "no_title": N_("A long part without a title. Put one, and one picture if you can."),
    "no_picture": N_("No picture. A picture beside each part helps."),
}
"""By the code of the rule: what is seen and what to do. Blanks: {found}, {instead}, {gloss}."""

MORE = {
    "acronym": N_("They may stand for “{instead}”."),
    "percent": N_("Here: {instead}."),
    "sign": N_("Write “{instead}”."),
}
"""What is added where the checker knows better."""

FROM_WIKTIONARY = N_("Wiktionary says, to be checked: {gloss}")

LEVELS = {"error": N_("to change"), "warning": N_("to look at")}

EASE = {
    "very_easy": N_("very easy to read"),
    "easy": N_("easy to read"),
    "fairly_easy": N_("fairly easy to read"),
    "standard": N_("neither easy nor hard"),
    "fairly_hard": N_("fairly hard to read"),
    "hard": N_("hard to read"),
    "very_hard": N_("very hard to read"),
}

NOT_CHECKED = {
    "rare_words": N_(
        "Rare words were not looked for: the list of words is not installed. Whoever runs this machine can add it: "
        'pip install "affouage[desk]"'
    ),
    "french_only": N_("Clauses, passives, rare words and the readability score are looked at in French texts only."),
}

DIFFERENCES = {
    ("number", "lost"): N_("The number “{text}” is lost."),
    ("number", "added"): N_("The number “{text}” is not in the original."),
    ("date", "lost"): N_("The date “{text}” is lost."),
    ("date", "added"): N_("The date “{text}” is not in the original."),
    ("negation", "lost"): N_("A negation is lost: “{text}”."),
    ("negation", "added"): N_("A negation is not in the original: “{text}”."),
    ("condition", "lost"): N_("A condition is lost: “{text}”."),
    ("condition", "added"): N_("A condition is not in the original: “{text}”."),
    ("duty", "lost"): N_("Something one has to do is no longer said: “{text}”."),
    ("duty", "added"): N_("What one may do has become what one must do: “{text}”."),
    ("choice", "lost"): N_("Something one may do is no longer said: “{text}”."),
    ("person", "lost"): N_("“{text}” is no longer named: is it still said of the same person?"),
    ("person", "added"): N_("“{text}” was not there: is it still said of the same person?"),
    ("name", "lost"): N_("The name “{text}” is lost."),
    ("name", "added"): N_("The name “{text}” is not in the original."),
    ("address", "lost"): N_("The address “{text}” is lost."),
    ("address", "added"): N_("The address “{text}” is not in the original."),
    ("words", "lost"): N_("Nearly all the words have changed: does it still say the same?"),
    ("passage", "lost"): N_("Nothing seems to say this any more: “{text}”"),
}

STATUSES: dict[Status, str] = {
    "kept": N_("The program finds nothing lost, nothing added. Read it all the same."),
    "differs": N_("The meaning may have changed:"),
    "mended": N_("The program wrote numbers, dates and short forms in full. No model was needed."),
    "already_easy": N_("This sentence needs no model."),
    "not_simpler": N_("What the model wrote is no easier than the original."),
    "none": N_("The model gave nothing that can be used."),
    "stopped": N_("You stopped the model here."),
    "not_asked": N_("No model was asked for this sentence."),
}

NO_PROGRAM = N_(
    "No program can say that a text is easy to read: people with an intellectual disability must read it and "
    "understand it."
)


CREDIT = N_("Meanings taken from the French Wiktionary: CC BY-SA 4.0.")
"""Stands wherever one of them is shown."""

SCORE = N_("Readability: {score}, {ease} ({words} words, {sentences} sentences; Kandel and Moles: over 90, very easy).")
TOO_SHORT = N_("Readability: not told for fewer than {least} words.")
OUT_OF = N_("{part} out of {whole}")


def advice(finding: Finding, language: Language) -> str:
    """What is seen and what to do, in a sentence or two."""
    _ = language.gettext
    instead = finding.instead
    if finding.rule == "percent" and instead:
        part, whole = instead.split("/")
        instead = _(OUT_OF).format(part=part, whole=whole)
    blanks = {"found": finding.found, "instead": instead, "gloss": finding.gloss}
    said = [_(RULES[finding.rule]).format(**blanks)]
    if finding.rule in MORE and instead:
        said.append(_(MORE[finding.rule]).format(**blanks))
    if finding.gloss_source == "wiktionary":
        said.append(_(FROM_WIKTIONARY).format(**blanks))
    return language.typeset(" ".join(said))


def difference(one: Difference, language: Language) -> str:
    """What the meaning check found."""
    return language.typeset(language.gettext(DIFFERENCES[one.what, one.side]).format(text=one.text))


def score(read: Readability, language: Language) -> str:
    """The score, and what it means."""
    _ = language.gettext
    if read.score is None or read.ease is None:
        return _(TOO_SHORT).format(least=LEAST_WORDS)
    value = format_decimal(read.score, format="0.0", locale=language.code)
    told = _(SCORE).format(score=value, ease=_(EASE[read.ease]), words=read.words, sentences=read.sentences)
    return language.typeset(told)


def not_checked(report: Report, language: Language) -> tuple[str, ...]:
    """What was not looked at, and how to have it looked at."""
    return tuple(language.gettext(NOT_CHECKED[one]) for one in report.not_checked if one in NOT_CHECKED)
