"""What ``GET /openapi.json`` gives, read by a validator made by others, which has OpenAPI's own schema."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from affouage.settings import read
from affouage.testing import EchoEngine, serving
from tests.interop.test_clients import PROGRAMS, interop, with_both


def complaints(description: dict[str, Any]) -> str:
    done = subprocess.run(
        [str(interop()), str(PROGRAMS / "openapi_checked.py")],
        input=json.dumps(description),
        env=with_both({"LANG": "C.UTF-8"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def description(home: Path) -> dict[str, Any]:
    with serving(read({}, home=home), engines=[EchoEngine()]) as live:
        told: dict[str, Any] = httpx.get(f"{live.url}/openapi.json").json()
        return told


def test_the_description_is_valid_openapi_and_an_altered_one_is_not(description: dict[str, Any]) -> None:
    assert complaints(description) == ""
    del description["info"]["version"]
    assert "version" in complaints(description)
