"""What a page tells a reader to type gives what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from affouage.inference.prompt import commitment
from tests.conftest import missing
from tests.docs.tree import ROOT


def test_a_copy_of_a_prompt_can_be_checked_with_sha256sum(tmp_path: Path) -> None:
    if not shutil.which("bash") or not shutil.which("sha256sum"):
        missing("bash and sha256sum")
    page = (ROOT / "docs" / "reference" / "ledger-and-receipt.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^```bash\n(.+?)^```", page, re.M | re.S)
    exact = "<|im_start|>system\nTu es là.<|im_end|>\n\n"
    (tmp_path / "prompt.txt").write_text(exact, encoding="utf-8", newline="")
    salt = bytes([0, 255, 10, 37, 92, 0, 39, 128, 1, 2, 3, 4, 5, 6, 7, 0])
    told = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env={"salt": salt.hex(), "PATH": "/usr/bin:/bin"}, capture_output=True
    )
    assert told.stdout.split()[0].decode() == commitment(salt, exact), told.stderr
