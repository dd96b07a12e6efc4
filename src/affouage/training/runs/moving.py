"""A run that is to learn somewhere else than planned: what may be moved, and when."""

from __future__ import annotations

from sqlalchemy import Connection, update

from affouage.errors import Conflict
from affouage.storage.tables import training_run
from affouage.training.runs import store
from affouage.training.runs.states import AT_WORK, OVER
from affouage.training.runs.store import Run
from affouage.training.runs.trainer import Place


def move(connection: Connection, name: str, place: Place) -> Run:
    """Raises NotFound ``run_unknown``, Conflict ``run_away`` for one that is at work, or over."""
    run = store.find(connection, name)
    if run.place != place:
        if run.state in (*AT_WORK, *OVER, "done"):
            raise Conflict(
                f"{run.name} is {run.state}: it cannot be sent elsewhere now.",
                remedy="Stop it first: affouage train stop RUN" if run.state in AT_WORK else "Plan another run.",
                code="run_away",
                name=run.name,
                state=run.state,
            )
        connection.execute(update(training_run).where(training_run.c.id == run.id).values(place=place))
    return store.find(connection, run.id)


def check_away(run: Run) -> None:
    """Raises Conflict ``run_not_away``: nothing of it is carried by a person, so nothing can be brought back."""
    if run.place != "bundle" or run.state in (*OVER, "done"):
        raise Conflict(
            f"{run.name} is not away: no bundle of it waits to come back.",
            remedy="affouage train bundle RUN writes one; affouage train status RUN says where it stands.",
            code="run_not_away",
            name=run.name,
            state=run.state,
        )
