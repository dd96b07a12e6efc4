"""``affouage doctor`` on how many files a user may open: looked at under a real limit."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from affouage.cli.checks.house import BESIDES_CONNECTIONS, check_descriptors
from affouage.settings import ServerSettings


@pytest.fixture
def limit() -> Iterator[int]:
    """512 until the test ends."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    yield 512
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_limit_that_connections_would_meet_is_a_warning(limit: int) -> None:
    (found,) = check_descriptors(ServerSettings(max_connections=limit))
    assert found.status == "warning"
    assert f"ulimit -n {limit + BESIDES_CONNECTIONS}" in found.remedy or "limits.conf" in found.remedy
    assert "LimitNOFILE" in found.remedy or "max_connections" in found.remedy


def test_room_enough_is_well(limit: int) -> None:
    (found,) = check_descriptors(ServerSettings(max_connections=limit - BESIDES_CONNECTIONS))
    assert (found.status, found.remedy) == ("ok", "")
