"""How the tests themselves are run: see ``scripts/run_tests.sh``."""

from __future__ import annotations

import pytest


def test_the_tests_of_a_file_are_run_by_one_worker(request: pytest.FixtureRequest) -> None:
    """xdist tells groups apart by a name it adds to each test. A pytest that does not read it shares out each test
    alone, and every worker sets up again what a file sets up once."""
    if getattr(request.config.option, "loadgroup", False):
        assert request.node.nodeid.endswith("@tests/unit/test_running.py")
