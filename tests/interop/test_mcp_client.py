"""The reference client of the Model Context Protocol against a real server, in both ways of speaking."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from affouage.gateway.mcp import HANDSHAKE_VERSIONS, STATELESS_VERSIONS
from affouage.gateway.mcp_tools import NOTICE
from affouage.settings import read
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.conftest import ROOT
from tests.integration.explain_house import fill, wait_until_found
from tests.interop.test_clients import PROGRAMS, interop, said, with_both
from tests.journeys.test_openai_clients import environment

GUIDE = ROOT / "docs" / "how-to" / "use-from-mcp-clients.md"
QUESTION = "Combien coûte la carte de la médiathèque ?"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home: Path = tmp_path_factory.mktemp("mcp") / "home"
    fill(home)
    chosen = read({"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo"}, home=home)
    with serving(chosen, engines=[EchoEngine()]) as running:
        wait_until_found(running)
        yield running


def test_the_command_of_the_guide_runs(live: LiveCommons, tmp_path: Path) -> None:
    [command] = re.findall(r"^```bash\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    answer = json.loads(said(["bash", "-euo", "pipefail", "-c", command], environment(live, tmp_path)))
    assert answer["result"]["structuredContent"]["sheets"][0]["title"] == "Carte de la médiathèque"


def test_the_reference_client_lists_and_uses_the_tools(live: LiveCommons, tmp_path: Path) -> None:
    environ = with_both(environment(live, tmp_path)) | {"QUESTION": QUESTION}
    got: dict[str, Any] = json.loads(said([str(interop()), str(PROGRAMS / "mcp_client.py")], environ))
    for mode, version in (("legacy", HANDSHAKE_VERSIONS[-1]), ("auto", STATELESS_VERSIONS[-1])):
        spoken = got[mode]
        assert (spoken["version"], spoken["server"]) == (version, "affouage")
        assert spoken["tools"] == ["search_sheets", "read_sheet", "explain"]
        assert spoken["read_only"]
        assert spoken["found"] == spoken["read"] == "Carte de la médiathèque"
        assert any("12 € par an" in one for one in spoken["said"])
        assert spoken["quoted"].startswith(NOTICE)
        assert spoken["missing"][0] is True
