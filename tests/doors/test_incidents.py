"""Every incident has its tests, every mark its incident (the page itself is held by tests/docs/test_generated.py)."""

from __future__ import annotations

from tests.doors.incidents import INCIDENTS, marks


def test_every_incident_has_a_test_and_every_mark_an_incident() -> None:
    assert set(marks()) == {one.name for one in INCIDENTS}
    assert len({one.name for one in INCIDENTS}) == len(INCIDENTS)
