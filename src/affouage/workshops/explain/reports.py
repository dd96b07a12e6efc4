"""Evaluations kept in the commons' database, for the public page and for the next release. They name nobody."""

from __future__ import annotations

import secrets

import msgspec
from sqlalchemy import Connection, insert, select, update

from affouage.errors import NotFound
from affouage.storage import Database
from affouage.storage.tables import evaluation
from affouage.workshops.explain.report import Report

_decode = msgspec.json.Decoder(Report).decode


class Reports:
    """The evaluations of one commons."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self, most: int = 100) -> tuple[Report, ...]:
        """The latest first."""
        return await self._db.read(lambda connection: _read(connection, most))

    async def accepted(self, like: Report | None = None) -> Report | None:
        """The latest that was accepted, if any; of the same questions, model and choice of questions as ``like``."""
        reports = await self.all(1000)
        return next((one for one in reports if one.accepted and (like is None or same_measure(one, like))), None)

    async def keep(self, report: Report) -> Report:
        """Store it; the same with its id. Raises LedgerUnavailable."""
        kept = msgspec.structs.replace(report, id=f"evl_{secrets.token_hex(8)}")

        def change(connection: Connection) -> None:
            connection.execute(
                insert(evaluation).values(
                    id=kept.id,
                    made_ms=kept.made_ms,
                    accepted=int(kept.accepted),
                    body=msgspec.json.encode(kept).decode(),
                )
            )

        await self._db.write(change)
        return kept

    async def accept(self, report_id: str) -> Report:
        """Make it the one that later ones are compared with. Raises NotFound."""

        def change(connection: Connection) -> Report:
            connection.execute(update(evaluation).where(evaluation.c.id == report_id).values(accepted=1))
            found = [one for one in _read(connection, 1000) if one.id == report_id]
            if not found:
                raise NotFound(f"There is no report {report_id:.40}.", remedy="See `affouage explain reports`.")
            return found[0]

        return await self._db.write(change)


def same_measure(one: Report, other: Report) -> bool:
    """Whether two reports may be compared: the same questions, asked of the same model, or of none."""
    return (one.questions_sha256, one.model, one.limit, one.seed if one.limit else 0) == (
        other.questions_sha256,
        other.model,
        other.limit,
        other.seed if other.limit else 0,
    )


def _read(connection: Connection, most: int) -> tuple[Report, ...]:
    query = select(evaluation).order_by(evaluation.c.made_ms.desc(), evaluation.c.id).limit(most)
    return tuple(
        msgspec.structs.replace(_decode(row.body), accepted=bool(row.accepted)) for row in connection.execute(query)
    )
