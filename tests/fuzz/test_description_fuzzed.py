"""The served description taken at its word: Schemathesis makes requests that it allows, and others that it does not.

No answer is a server error, each has a status, a type and a shape that the description tells, and none is given to a
stranger that is a member's.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from affouage.settings import read
from affouage.testing import EchoEngine, serving
from tests.interop.test_clients import interop, with_both

_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth,"
    "response_headers_conformance,unsupported_method"
)
_SETTINGS = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503] # 503 is an answer: no sheets, no pool, no model yet
"""
_EXAMPLES = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "Où ?"}]},
    "/v1/completions": {"prompt": "Où ?"},
}
"""What is answered, among all that is refused: the model that there is here is known to no description."""


@pytest.mark.timeout(400)  # 15 s of processor time; on a machine that is shared by many, minutes
def test_what_the_description_says_holds_whatever_is_asked(home: Path, tmp_path: Path) -> None:
    settings = read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo"}, home=home)
    with serving(settings, engines=[EchoEngine(slots=8)]) as live:
        description: dict[str, Any] = httpx.get(f"{live.url}/openapi.json").json()
        for path, asked in _EXAMPLES.items():
            content = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]
            content["example"] = {"model": "echo", **asked}
        told = _tried(description, live.url, live.api_key(), tmp_path)
        assert httpx.get(f"{live.url}/healthz").status_code == 200
    assert told["operations"]["tested"] == sum(len(_methods(one)) for one in description["paths"].values()) > 20
    assert told["phases"]["examples"]["status"] == "success"
    rates = told["valid_rates"]
    for asked in (*(f"POST {one}" for one in _EXAMPLES), "GET /journal/entries", "GET /v1/models"):
        assert sum(one["accepted"] for one in rates[asked].values()), f"{asked} was only refused: {rates[asked]}"


def _methods(path: dict[str, Any]) -> set[str]:
    return {"get", "post", "put", "patch", "delete"} & set(path)


def _tried(description: dict[str, Any], url: str, key: str, folder: Path) -> dict[str, Any]:
    """What Schemathesis reports. It runs in the environment of the clients of others."""
    (folder / "schemathesis.toml").write_text(_SETTINGS)
    (folder / "openapi.json").write_text(json.dumps(description))
    command = [str(interop()), "-m", "schemathesis.cli", "run", "openapi.json", "--url", url]
    command += [
        "--header",
        f"Authorization: Bearer {key}",
        "--checks",
        _CHECKS,
        "--phases",
        "examples,coverage,fuzzing",
    ]
    command += ["--max-examples", "4", "--seed", "7", "--generation-database", "none", "--no-shrink", "--no-color"]
    command += ["--suppress-health-check", "all", "--request-timeout", "20", "--warnings", "off"]
    command += ["--report", "json", "--report-json-path", "report.json"]
    environ = with_both({"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "HOME": str(folder)})
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=380, check=False)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    told: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return told
