"""What answering needs: a model on the disk, memory for it, servers that answer, a country for the carbon."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

from affouage.cli.checks import Finding, ok, problem, warning
from affouage.errors import AffouageError
from affouage.settings import FootprintSettings, Settings


def check_cards(settings: Settings) -> Iterator[Finding]:
    """Cards that cannot be read would hide their models."""
    from affouage.catalogue.card import load_cards

    try:
        cards = load_cards(settings.home)
    except AffouageError as wrong:
        yield problem("catalogue", wrong.message, wrong.remedy)
        return
    yield ok("catalogue", f"{len(cards)} cards can be read.")


def check_model(settings: Settings) -> Iterator[Finding]:
    """The model of members who choose none: there, unchanged since it was verified, and small enough."""
    from affouage.catalogue.card import load_cards
    from affouage.catalogue.store import ModelStore

    wanted = settings.engine.default_model
    if any(row.id == wanted for row in settings.upstreams):
        yield ok("model", f"{wanted} is served by an upstream server.")
        return
    try:
        card = load_cards(settings.home).get(wanted)
    except AffouageError:
        return  # said by check_cards
    if card is None:
        yield problem("model", f"engine.default_model = {wanted}: no card describes it.", "See `affouage models list`.")
        return
    store = ModelStore(settings.models_dir)
    installed, record = store.find(wanted), store.record(wanted)
    if installed is not None:
        told = "as its card says" if card.sha256 == installed.sha256 else "which its card does not give"
        different = card.sha256 is not None and card.sha256 != installed.sha256
        if different:
            yield problem(
                "model",
                f"{wanted} is not the file its card describes (sha256 {installed.sha256[:16]}...).",
                f"affouage models remove {wanted}, then affouage models pull {wanted}.",
            )
        else:
            yield ok("model", f"{wanted} is here; sha256 {installed.sha256[:16]}..., {told}.")
    elif record is not None:
        yield problem(
            "model",
            f"The file of {wanted} is missing or was changed since it was verified.",
            f"affouage models remove {wanted}, then affouage models pull {wanted}.",
        )
    else:
        yield warning(
            "model", f"{wanted} is not here yet.", f"`affouage up` fetches it, or affouage models pull {wanted}."
        )
    yield from _check_fit(settings)


def _check_fit(settings: Settings) -> Iterator[Finding]:
    from affouage.catalogue.card import load_cards
    from affouage.catalogue.fit import fit
    from affouage.catalogue.machine import memory

    card, seen = load_cards(settings.home)[settings.engine.default_model], memory()
    found = fit(
        card,
        seen.total_bytes,
        seen.available_bytes,
        context_tokens=settings.engine.context_tokens,
        slots=settings.engine.slots,
    )
    if found.verdict == "too_big":
        yield problem("memory", found.why.en, "Choose a smaller model: `affouage models fit`.")
    elif found.verdict == "tight":
        yield warning("memory", found.why.en, "Close other programs, or lower engine.slots or engine.context_tokens.")


def check_upstreams(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Each ``[[upstream]]`` row, asked itself; costs two tokens each."""
    from affouage.adapters.engines.upstream_probe import probe

    for row in settings.upstreams:
        for one in asyncio.run(probe(row, environ)):
            check, what = f"upstream {row.id}", f"{one.subject}: {one.message}"
            if one.ok:
                yield ok(check, what)
            elif one.ok is None:
                yield warning(check, what, one.remedy or "Nothing to do: receipts will say unknown.")
            else:
                yield problem(check, what, one.remedy or "See that server's own log.")


def check_footprint(footprint: FootprintSettings, home: Path) -> Iterator[Finding]:
    from affouage.footprint.factors import grid_factors
    from affouage.storage.home import own_factors

    try:
        grid = grid_factors(footprint.country, footprint.factor_set, own_factors(home))
    except AffouageError as wrong:
        yield problem("footprint", wrong.message, wrong.remedy)
        return
    if grid is None:
        yield warning(
            "footprint",
            "No country is set: carbon is unknown on every receipt.",
            'Set country under [footprint], for instance "FRA" (docs/reference/footprint.md).',
        )
    else:
        yield ok("footprint", f"Carbon uses the electricity of {grid.country} ({grid.set_id}).")
