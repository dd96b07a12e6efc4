"""``affouage easy-read``: what is hard in a text, line by line, and what to do instead. No commons is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from affouage.cli.console import echo_json, read_document, telling
from affouage.cli.language import spoken
from affouage.errors import NotFound

if TYPE_CHECKING:
    from affouage.workshops.easy_read.check import Language, Report
    from affouage.workshops.easy_read.document import Form
    from affouage.workshops.easy_read.meaning import Difference

_BYTES_MOST = 2_000_000


@click.group(short_help="Easy to read (FALC): what is hard in a text, and what to do instead.")
def easy_read() -> None:
    """Easy to read (FALC): what is hard in a text, and what to do instead.

    \b
    Examples:
      affouage easy-read check letter.txt
      affouage easy-read check easy.md --source original.md
      affouage easy-read check page.html --json
    """


@easy_read.command()
@click.argument("file", metavar="FILE", default="-")
@click.option("--source", metavar="ORIGINAL", help="The text it was made from: what was lost, what was added?")
@click.option("--language", type=click.Choice(("fr", "en")), help="Of the text; told by its words if unsaid.")
@click.option("--form", type=click.Choice(("text", "markdown", "html")), help="Told by the name of FILE if unsaid.")
@click.option("--strict", is_flag=True, help="Exit status 1 when something is to be changed, lost or added.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def check(
    file: str, source: str | None, language: Language | None, form: Form | None, strict: bool, as_json: bool
) -> None:
    """Check FILE, or what stands on standard input: text, Markdown or HTML.

    The European rules that a program can look at. It never says that a text is easy to read: people do.

    \b
    --json prints: {"file", "language", "errors", "warnings", "readability", "not_checked", "sentences", "findings",
                    "glossary", "differences"}
    "differences" is null without --source. "findings": [{"rule", "level", "line", "sentence", "found", ...}, ...]
    """
    from affouage.workshops.easy_read.document import read_document as read_sentences
    from affouage.workshops.easy_read.lexicon import open_lexicon
    from affouage.workshops.easy_read.meaning import compare_documents
    from affouage.workshops.easy_read.reading import check_given, decoded, form_of, report_on, told_language

    with telling():
        text = decoded(_content(file))
        check_given(text)
        told = language or told_language(text)
        report = report_on(text, told, form or form_of(file), open_lexicon() if told == "fr" else None)
        differences = None
        if source is not None:
            original = read_sentences(decoded(_content(source)), form or form_of(source))
            differences = compare_documents(original.sentences, report.sentences, told)
    if as_json:
        echo_json(_shape(file, report, differences))
    else:
        from affouage.cli.easy_read_words import lines_of

        click.echo("\n".join(lines_of(report, differences, spoken())))
    raise SystemExit(1 if strict and (report.errors or differences) else 0)


def _content(file: str) -> bytes:
    """Raises NotFound, BadRequest."""
    try:
        return read_document(file, _BYTES_MOST)
    except NotFound as absent:
        raise NotFound(absent.message, remedy='Give a text, Markdown or HTML file, or "-".') from None


def _shape(file: str, report: Report, differences: tuple[Difference, ...] | None) -> dict[str, Any]:
    return {
        "file": file,
        "language": report.language,
        "errors": report.errors,
        "warnings": report.warnings,
        "readability": report.readability,
        "not_checked": report.not_checked,
        "sentences": report.sentences,
        "findings": report.findings,
        "glossary": report.glossary,
        "differences": differences,
    }
