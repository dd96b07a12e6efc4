"""The library of sheets with the encoders that are installed, brought together. For commands and the workshops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from affouage.adapters.encoders.children import installed
from affouage.clock import Clock
from affouage.settings import Settings
from affouage.sheets.library import Library, open_library
from affouage.sheets.search.keeping_up import Indexing
from affouage.sheets.store import open_store


def open_sheets(settings: Settings, clock: Clock, *, keep_up: bool = False) -> AbstractAsyncContextManager[Library]:
    """The library of a home. ``keep_up``: see :func:`affouage.sheets.library.open_library`."""
    encoders = installed(settings.engine, clock)
    return open_library(settings.home / "sheets", clock, encoders, keep_up=keep_up)


@asynccontextmanager
async def open_indexing(settings: Settings, clock: Clock) -> AsyncIterator[Indexing]:
    """What makes the library of a home searchable, for a command that waits for it."""
    folder = settings.home / "sheets"
    encoders = installed(settings.engine, clock)
    with open_store(folder) as store:
        try:
            yield Indexing(store, folder, encoders)
        finally:
            for one in encoders:
                await one.close()
