"""``affouage explain``: a question answered from the sheets, and how well questions are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.explain_measuring import evaluate
from affouage.cli.explain_reports import accept, reports
from affouage.cli.language import spoken
from affouage.errors import BadRequest
from affouage.settings import Settings
from affouage.storage import Database

if TYPE_CHECKING:
    from affouage.workshops.explain.shapes import Explanation


@click.group()
def explain() -> None:
    """Answers from dated sheets, quoted, or "I do not know": ask, evaluate, reports.

    \b
    Examples:
      affouage explain ask "Comment refaire ma carte d'identité ?"
      affouage explain ask --model qwen2.5-coder-1.5b-instruct "Combien coûte un passeport ?"
      affouage explain evaluate questions.jsonl
      affouage explain evaluate questions.jsonl --compare
      affouage explain reports
    """


explain.add_command(evaluate)
explain.add_command(reports)
explain.add_command(accept)


@explain.command()
@click.argument("question")
@click.option("--model", default="", metavar="ID", help="Have this model write; the sheets' own words if unsaid.")
@click.option("--collection", default="", metavar="ID", help="Search this collection alone.")
@click.option("--key", envvar="AFFOUAGE_KEY", help="Ask as the member of this API key (or AFFOUAGE_KEY).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def ask(question: str, model: str, collection: str, key: str | None, as_json: bool) -> None:
    """Answer QUESTION from the sheets, with their dates and addresses, or say that nothing answers.

    Without --model nothing is generated. With it, a running server writes, or the commons is opened for this question;
    what the quoted sheets do not say is set apart.

    \b
    --json prints: {"question", "verdict", "sentences", "dropped", "cited", "finding", "warnings", "receipt_id", ...}
    """
    with telling():
        if not question.strip():
            raise BadRequest(
                "There is no question.",
                remedy='Write it after the command: affouage explain ask "…"',
                code="no_question",
            )
        with open_home() as (settings, db):
            told = run(_ask(settings, db, question, model, collection, key))
    if as_json:
        echo_json(told)
    else:
        from affouage.cli.explain_words import explanation_lines

        click.echo("\n".join(explanation_lines(told, spoken())))


async def _ask(
    settings: Settings, db: Database, question: str, model: str, collection: str, key: str | None
) -> Explanation:
    from affouage.storage.home import in_use

    if model or key or in_use(settings.home):
        from affouage.cli.client import reach

        async with reach(settings, db, key) as client:
            return await client.explain(_body(question, model, collection))
    from affouage.cli.explain_measuring import ALL_MEMBERS, opened

    async with opened(settings) as (explaining, _library):
        look = await explaining.look(question, language=spoken().code, tags=ALL_MEMBERS, collection_id=collection)
        return await explaining.explained(look, None)


def _body(question: str, model: str, collection: str) -> dict[str, Any]:
    return {"question": question, "model": model, "collection": collection}
