"""``affouage ask``: one question from the terminal, its answer as it comes, then its receipt."""

from __future__ import annotations

import sys
from typing import Any

import click

from affouage.catalogue.card import MOST_SCALE
from affouage.cli.client import reach
from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken
from affouage.cli.sentences import note
from affouage.errors import BadRequest
from affouage.ledger.receipt import Receipt
from affouage.settings import Settings
from affouage.storage import Database


@click.command()
@click.argument("question", required=False)
@click.option("--model", help="Model to ask; the commons' default otherwise.")
@click.option("--no-hurry", is_flag=True, help="Nothing presses: wait for an idle machine or the cheap hours.")
@click.option(
    "--confidentiality",
    type=click.Choice(["local", "collective", "trusted", "everyone"]),
    help="Whose machines may read it: this one, the collective's, trusted members' too, any member's.  [as ruled]",
)
@click.option("--max-tokens", type=click.IntRange(1), help="Tokens to answer with at most.")
@click.option(
    "--voice-scale",
    type=click.FloatRange(0, MOST_SCALE),
    help="How strongly the voice asked changes its base.  [as its card says]",
)
@click.option("--key", envvar="AFFOUAGE_KEY", help="Ask as the member of this API key (or AFFOUAGE_KEY).")
@click.option("--show-prompt", is_flag=True, help="Also show the exact text the model saw.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: answer, receipt.")
def ask(
    question: str | None,
    model: str | None,
    no_hurry: bool,
    confidentiality: str | None,
    max_tokens: int | None,
    voice_scale: float | None,
    key: str | None,
    show_prompt: bool,
    as_json: bool,
) -> None:
    """Ask the commons QUESTION (or what stands on standard input), then show the receipt.

    A running server answers; without one, the commons is opened for this question alone.

    \b
    Examples:
      affouage ask "Résume : le conseil se réunit mardi."
      cat lettre.txt | affouage ask --json
      affouage ask --model smollm3-3b --show-prompt "Bonjour"
      affouage ask --model mairie --voice-scale 0.5 "Annonce la fête du village."
      affouage ask --no-hurry --max-tokens 2000 < a-traduire.txt
      affouage ask --confidentiality collective < courrier.txt
    """
    text = question if question is not None else ("" if sys.stdin.isatty() else sys.stdin.read())
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # typed under a locale without UTF-8
    with telling():
        if not text.strip():
            raise BadRequest(
                "There is no question.", remedy='Write it after the command: affouage ask "…"', code="no_question"
            )
        with open_home() as (settings, db):
            body: dict[str, Any] = {
                "model": model or settings.engine.default_model,
                "messages": [{"role": "user", "content": text}],
                "stream": True,
                "affouage": {"prompt": show_prompt or as_json},
            }
            if confidentiality:
                body["affouage"]["confidentiality"] = confidentiality
            if voice_scale is not None:
                body["affouage"]["voice_scale"] = voice_scale
            if no_hurry:
                body["service_tier"] = "flex"
            if max_tokens:
                body["max_tokens"] = max_tokens
            run(_ask(settings, db, body, key, show_prompt, as_json))


async def _ask(
    settings: Settings, db: Database, body: dict[str, Any], key: str | None, show_prompt: bool, as_json: bool
) -> None:
    language = spoken()
    parts: list[str] = []
    told: dict[str, Any] = {}
    async with reach(settings, db, key) as client:
        async for piece in client.ask(body):
            parts.append(piece.text)
            told = piece.done or told
            if piece.note:
                click.echo(note(piece.note, language), err=True)
            elif not as_json:
                click.echo(piece.text, nl=False)
        receipt = await client.receipt(told["receipt"])
    if as_json:
        echo_json({"answer": "".join(parts), "prompt": told.get("prompt"), "receipt": receipt})
        return
    click.echo("\n")
    if show_prompt:
        title = language.gettext("exact text sent to the model")
        unknown = language.gettext("The engine of this model cannot tell the exact text it received.")
        click.echo(f"--- {title} ---\n{told.get('prompt') or unknown}\n---")
    import msgspec

    from affouage.cli.receipts import one_line

    click.echo(one_line(msgspec.convert(receipt, Receipt, strict=False), language))
