"""The processes that serve this commons, where they share a database."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.exc import DatabaseError

from affouage.cli.checks import Finding, ok, warning
from affouage.settings import Settings
from affouage.storage import gateways
from affouage.storage.database import make_engine
from affouage.storage.gateways import Present
from affouage.web.language import N_


def check_gateways(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """Nothing on SQLite, where there is one at most, and nothing while none serves."""
    if not isinstance(settings.database_place, str):
        return
    engine = make_engine(settings.database_place)
    try:
        with engine.connect() as connection:
            present, owners = gateways.everybody(connection), gateways.owners(connection)
    except DatabaseError:
        return  # said of the database already
    finally:
        engine.dispose()
    yield from _told(present, owners, gateways.home_name(settings.home), now_ms)


def _told(present: list[Present], owners: frozenset[str], home: str, now_ms: int) -> Iterator[Finding]:
    alive = [one for one in present if one.alive(now_ms)]
    elsewhere = sorted({one.home for one in alive if one.home != home})
    if elsewhere:
        yield warning(
            "gateways",
            N_("This database is used from {where}."),
            N_("A commons is served from one home: stop that one, or give it a database of its own."),
            where=elsewhere[0],
        )
    here = [one for one in alive if one.home == home]
    if here:
        yield ok("gateways", N_("{count} processes serve."), count=len(here))
    left = owners - {one.id for one in alive}
    if left:
        yield warning(
            "gateways",
            N_("{count} processes that died left requests open."),
            N_("They are settled as failed within a minute while another serves, else at the next `affouage up`."),
            count=len(left),
        )
