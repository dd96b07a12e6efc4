"""What answering needs: a model on the disk, memory for it, servers that answer, a country for the carbon."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

from affouage.cli.checks import Finding, of_error, ok, problem, warning
from affouage.errors import AffouageError
from affouage.settings import FootprintSettings, Settings
from affouage.web.language import N_


def check_cards(settings: Settings) -> Iterator[Finding]:
    """Cards that cannot be read would hide their models."""
    from affouage.catalogue.card import load_cards

    try:
        cards = load_cards(settings.home)
    except AffouageError as wrong:
        yield of_error("catalogue", wrong)
        return
    yield ok("catalogue", N_("{count} cards can be read."), count=len(cards))


def check_model(settings: Settings) -> Iterator[Finding]:
    """The model of members who choose none: there, unchanged since it was verified, and small enough."""
    from affouage.catalogue.card import load_cards
    from affouage.catalogue.store import ModelStore

    wanted = settings.engine.default_model
    if any(row.id == wanted for row in settings.upstreams):
        yield ok("model", N_("{wanted} is served by an upstream server."), wanted=wanted)
        return
    try:
        card = load_cards(settings.home).get(wanted)
    except AffouageError:
        return  # said by check_cards
    if card is None:
        yield problem(
            "model",
            N_("engine.default_model = {wanted}: no card describes it."),
            N_("See `affouage models list`."),
            wanted=wanted,
        )
        return
    store = ModelStore(settings.models_dir)
    installed, record = store.find(wanted), store.record(wanted)
    if installed is not None:
        told = N_("as its card says") if card.sha256 == installed.sha256 else N_("which its card does not give")
        different = card.sha256 is not None and card.sha256 != installed.sha256
        if different:
            yield problem(
                "model",
                N_("{wanted} is not the file its card describes (sha256 {sha256}...)."),
                N_("affouage models remove {wanted}, then affouage models pull {wanted}."),
                wanted=wanted,
                sha256=installed.sha256[:16],
            )
        else:
            yield ok(
                "model",
                N_("{wanted} is here; sha256 {sha256}..., {told}."),
                wanted=wanted,
                sha256=installed.sha256[:16],
                told=told,
            )
    elif record is not None:
        yield problem(
            "model",
            N_("The file of {wanted} is missing or was changed since it was verified."),
            N_("affouage models remove {wanted}, then affouage models pull {wanted}."),
            wanted=wanted,
        )
    else:
        yield warning(
            "model",
            N_("{wanted} is not here yet."),
            N_("`affouage up` fetches it, or affouage models pull {wanted}."),
            wanted=wanted,
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
        yield problem("memory", "{why}", N_("Choose a smaller model: `affouage models fit`."), why=found.why)
    elif found.verdict == "tight":
        yield warning(
            "memory",
            "{why}",
            N_("Close other programs, or lower engine.slots or engine.context_tokens."),
            why=found.why,
        )


def check_upstreams(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Each ``[[upstream]]`` row, asked itself; costs two tokens each."""
    from affouage.adapters.engines.upstream_probe import probe

    for row in settings.upstreams:
        for one in asyncio.run(probe(row, environ)):
            check, what = f"upstream {row.id}", f"{one.subject}: {one.message}"
            if one.ok:
                yield ok(check, what)
            elif one.ok is None:
                yield warning(check, what, one.remedy or N_("Nothing to do: receipts will say unknown."))
            else:
                yield problem(check, what, one.remedy or N_("See that server's own log."))


def check_footprint(footprint: FootprintSettings, home: Path) -> Iterator[Finding]:
    from affouage.footprint.factors import grid_factors
    from affouage.storage.home import own_factors

    try:
        grid = grid_factors(footprint.country, footprint.factor_set, own_factors(home))
    except AffouageError as wrong:
        yield of_error("footprint", wrong)
        return
    if grid is None:
        yield warning(
            "footprint",
            N_("No country is set: carbon is unknown on every receipt."),
            N_('Set country under [footprint], for instance "FRA" (docs/reference/footprint.md).'),
        )
    else:
        yield ok(
            "footprint",
            N_("Carbon uses the electricity of {country} ({set_id})."),
            country=grid.country,
            set_id=grid.set_id,
        )
