"""``affouage receipts``: receipts read in the home itself, and a receipt told in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from affouage.cli.console import echo_json, open_home, run, telling
from affouage.ledger.receipt import Energy, Receipt, TokenCounts
from affouage.units import Interval

_WATT_HOURS = ((3.6e9, "Wh"), (3.6e6, "mWh"), (3.6e3, "µWh"))
"""Microjoules in each unit, largest first."""
_GRAMS = ((1.0, "g"), (1e-3, "mg"), (1e-6, "µg"))
_LITRES = ((1.0, "L"), (1e-3, "mL"), (1e-6, "µL"))
_MEGAJOULES = ((1.0, "MJ"), (1e-3, "kJ"), (1e-6, "J"))
_WAITS = {"none": "no wait", "turn": "its turn", "loading": "the model was being loaded"}

Scales = tuple[tuple[float, str], ...]


@click.group()
def receipts() -> None:
    """What each answer was: model, machine, wait, tokens, energy, outcome.

    Read in the home itself, whether or not a server runs. Prompts and answers are not in it.

    \b
    Examples:
      affouage receipts show rcp_1f0c2a...
      affouage receipts show rcp_1f0c2a... --json
      affouage receipts list "Jeanne Moreau"
      affouage receipts list commons --limit 5 --json
    """


@receipts.command()
@click.argument("receipt_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def show(receipt_id: str, as_json: bool) -> None:
    """Show the receipt ID (rcp_...), as the header X-Affouage-Receipt or the page gave it."""
    from affouage.ledger.ledger import find_receipt

    with telling(), open_home() as (_, database):
        receipt = database.read_now(lambda c: find_receipt(c, receipt_id, None))
    if as_json:
        echo_json(receipt)
    else:
        click.echo(in_words(receipt))


@receipts.command("list")
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Receipts at most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def list_(name: str, limit: int, as_json: bool) -> None:
    """List the receipts of the member NAME, newest first; "commons" is the collective itself."""
    with telling(), open_home() as (_, database):
        found = run(_of_member(database, name, limit))
    if as_json:
        echo_json(found)
        return
    for receipt in found:
        click.echo(f"{receipt.id}  {_day(receipt.created_ms)}  {one_line(receipt)}")
    if not found:
        click.echo(f"{name} has no receipt yet.")


async def _of_member(database: Any, name: str, limit: int) -> list[Receipt]:
    from affouage.assembly.accounts import Accounts
    from affouage.assembly.roll import COMMONS_NAME
    from affouage.clock import SystemClock
    from affouage.ledger.ledger import Ledger

    clock = SystemClock()
    accounts = Accounts(database, clock)
    member = await (accounts.commons() if name == COMMONS_NAME else accounts.find(name))
    return await Ledger(database, clock).receipts(member.id, limit=limit)


def one_line(receipt: Receipt) -> str:
    """A receipt in one line: outcome, model, tokens, energy, carbon, and where to read the rest."""
    parts = [
        _outcome(receipt),
        receipt.model.name,
        f"{_count(receipt.tokens.decoded)} tokens",
        f"energy {_energy(receipt.energy)}",
        f"CO2e {_span(receipt.impacts.gwp_g, _GRAMS)}",
        f"receipt {receipt.id}",
    ]
    return " · ".join(parts)


def in_words(receipt: Receipt) -> str:
    """A receipt in plain words, several lines; what is not known is said to be unknown."""
    rows = [("Receipt", receipt.id), *_what(receipt), *_how_long(receipt), *_what_it_cost(receipt), *_text(receipt)]
    return "\n".join(f"{name:<16} {text}" for name, text in rows)


def _what(receipt: Receipt) -> Iterator[tuple[str, str]]:
    model, engine = receipt.model, receipt.engine
    yield "asked", f"{_day(receipt.created_ms)}, by {receipt.door}, {receipt.kind}"
    yield "outcome", _outcome(receipt)
    yield "model", f"{model.name} ({model.id}), licence {_or_unknown(model.licence)}"
    if model.grade == "grounded":
        yield "", "good at working on a text you give it; not to be believed without a source"
    said = ", ".join(f"{axis.replace('_', ' ')} {level}" for axis, level in model.openness.items())
    yield "openness", said or "unknown"
    yield "file", f"{_or_unknown(model.file)}, sha256 {_or_unknown(model.file_sha256)}"
    yield "engine", f"{engine.name}, version {_or_unknown(engine.version)}, on {engine.machine}"


def _how_long(receipt: Receipt) -> Iterator[tuple[str, str]]:
    times = receipt.durations
    yield "waited", f"{_seconds(times.wait_ms)} ({_WAITS.get(times.wait_reason, times.wait_reason)})"
    yield (
        "time",
        f"reading {_seconds(times.prompt_ms)}, writing {_seconds(times.decode_ms)}, in all {_seconds(times.total_ms)}",
    )
    yield "tokens", _tokens(receipt.tokens)


def _what_it_cost(receipt: Receipt) -> Iterator[tuple[str, str]]:
    energy, impacts = receipt.energy, receipt.impacts
    yield "energy", _energy(energy)
    if energy.method:
        yield "", f"how it is known: {energy.method}"
    source = f" (use only, factors {impacts.factor_set})" if impacts.gwp_g else ""
    yield "carbon (CO2e)", _span(impacts.gwp_g, _GRAMS) + source
    yield "water", _span(impacts.water_l, _LITRES)
    yield "minerals", _span(impacts.adpe_g_sb, _GRAMS) + (" Sb eq" if impacts.adpe_g_sb else "")
    yield "primary energy", _span(impacts.primary_energy_mj, _MEGAJOULES)


def _text(receipt: Receipt) -> Iterator[tuple[str, str]]:
    prefix = receipt.prefix
    yield (
        "added before",
        f"prefix {prefix.version} ({prefix.language}), sha256 {prefix.sha256}" if prefix else "nothing",
    )
    if receipt.prompt_sha256:
        yield "exact text", f"not kept; sha256 of its salt and itself: {receipt.prompt_sha256}"
    else:
        yield "exact text", "not kept; its hash is unknown"
    yield "voted rules", ", ".join(receipt.rules) or "none"


def _outcome(receipt: Receipt) -> str:
    reason = receipt.problem or receipt.finish_reason
    return f"{receipt.outcome} ({reason})" if reason else receipt.outcome


def _tokens(counts: TokenCounts) -> str:
    return (
        f"{_count(counts.prompt)} read ({_count(counts.cached)} of them from the cache), "
        f"{_count(counts.decoded)} written, {_count(counts.discarded)} of them thrown away"
    )


def _energy(energy: Energy) -> str:
    """``≈ 1.2 mWh (estimated, 0.40 to 3.6 mWh)``: never one figure alone."""
    return _span(energy.interval_uj, _WATT_HOURS, energy.quality)


def _span(interval: Interval | None, scales: Scales, quality: str = "") -> str:
    if interval is None:
        return "unknown"
    scale, unit = next((one for one in scales if interval.central >= 0.1 * one[0]), scales[-1])
    low, central, high = (_figure(value / scale) for value in msgspec.structs.astuple(interval))
    return f"≈ {central} {unit} ({quality}{', ' if quality else ''}{low} to {high} {unit})"


def _figure(value: float) -> str:
    """Two significant digits, never an exponent: more would pretend to know."""
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    rounded = round(value, 1 - magnitude)
    return f"{rounded:.{max(0, 1 - magnitude)}f}"


def _count(tokens: int | None) -> str:
    return "unknown" if tokens is None else str(tokens)


def _seconds(milliseconds: int | None) -> str:
    return "unknown" if milliseconds is None else f"{milliseconds / 1000:.1f} s"


def _or_unknown(text: str | None) -> str:
    return text or "unknown"


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
