"""``make audit``: are the locks whole, is anything in them known to be bad, and does anything stand in the environment
that nobody put there? The last question, whether a hole was published since, is asked of pip-audit, on the network.

Exit status: 0 nothing found; 1 something found; 3 nothing found here, and the network could not be asked.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts import locks

DENIED = Path(__file__).with_name("denied.toml")
NOT_ASKED = 3
_START_UP = ("*.pth", "*.start", "sitecustomize.py", "usercustomize.py", "sitecustomize", "usercustomize")
_EDITABLE = "_editable_impl_affouage.pth"
_PATH_ALONE = re.compile(r"(?:[./]|\w)[^\n;]*\n?")
_SETUPTOOLS = (
    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
    "enabled and __import__('_distutils_hack').add_shim();"
)
_PIP_AUDIT = locks.ROOT / ".venv" / "audit" / "bin" / "python"


def denied(found: dict[str, list[locks.Locked]]) -> Iterator[str]:
    """Versions that no lock may hold. ``found``: by lock."""
    rules = tomllib.loads(DENIED.read_text(encoding="utf-8"))["denied"]
    for lock, entries in found.items():
        for one in entries:
            for rule in rules:
                if one.name == rule["name"] and (one.version in rule["versions"] or not rule["versions"]):
                    yield f"{lock}: {one.name} {one.version}: {rule['why']} ({rule['source']})"


def run_at_start(folder: Path) -> Iterator[str]:
    """Files of ``folder`` (site-packages) that Python runs by itself at every start, and that nobody put there."""
    for pattern in _START_UP:
        for path in sorted(folder.glob(pattern)):
            text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
            if path.name == _EDITABLE and _PATH_ALONE.fullmatch(text) and not text.startswith("import"):
                continue
            if path.name == "distutils-precedence.pth" and text.strip() == _SETUPTOOLS:
                continue
            yield f"{path}: runs at every start of Python, and is not one that is known"


def environments() -> list[Path]:
    """The site-packages of ours, those of tests included."""
    own = [Path(sysconfig.get_path("purelib"))]
    beside = [one for one in locks.ROOT.glob(".venv/*/lib/python*/site-packages") if one.is_dir()]
    return sorted({*own, *locks.ROOT.glob(".venv/lib/python*/site-packages"), *beside})


def here() -> list[str]:
    """What can be found without asking anybody."""
    try:
        found = locks.every_lock()
    except locks.NotALock as why:
        return [str(why)]
    return [*denied(found), *(one for folder in environments() for one in run_at_start(folder))]


def shipped() -> str:
    """Everything a commons may install, as one lock."""
    found = {one for lock in locks.SHIPPED.values() for one in locks.read(locks.ROOT / lock)}
    lines = []
    for one in sorted(found, key=lambda one: (one.name, one.version)):
        marker = f" ; {one.marker}" if one.marker else ""
        lines.append(f"{one.name}=={one.version}{marker} {' '.join(f'--hash=sha256:{value}' for value in one.sha256)}")
    return "\n".join(lines) + "\n"


def judged(told: str) -> tuple[list[str], list[str]]:
    """From pip-audit's JSON: (holes that were published, names it could tell nothing of). Pure.

    pip-audit calls a name that its source does not know *skipped*, and finds nothing: here that is no answer.
    """
    rows = json.loads(told)["dependencies"]
    holes = [
        f"{row['name']} {row['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for row in rows
        for hole in row.get("vulns", ())
    ]
    return holes, [row["name"] for row in rows if "skip_reason" in row]


def published(python: Path, lock: str, environ: Mapping[str, str]) -> tuple[list[str], str]:
    """(Holes published in what ``lock`` names, why that is not known: "" when it is). It installs nothing."""
    if not python.exists():
        return [], "pip-audit is not here: make .venv/.audit"
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(lock)
        file.flush()
        command = [str(python), "-m", "pip_audit", "-r", file.name, "--disable-pip", "--require-hashes"]
        command += ["--format", "json", "--progress-spinner", "off", "--timeout", "15"]
        done = subprocess.run(command, capture_output=True, text=True, env=dict(environ), check=False)
    try:
        holes, unknown = judged(done.stdout)
    except (ValueError, KeyError, TypeError):
        return [], (done.stderr.strip().splitlines() or [f"pip-audit ended with {done.returncode}"])[-1][:200]
    return holes, f"nothing was told of {len(unknown)}: {', '.join(unknown)[:120]} ..." if unknown else ""


def main() -> int:
    found = here()
    if not found:
        print("ok         every lock is whole; no version that is denied; nothing that runs at the start of Python")
    holes, why_not = published(_PIP_AUDIT, shipped(), os.environ)
    for one in [*found, *holes]:
        print(f"FOUND      {one}")
    if why_not:
        print(f"NOT ASKED  whether a hole was published since could not be asked: {why_not}")
    elif not holes:
        print("ok         no hole was published in any of them")
    return 1 if found or holes else NOT_ASKED if why_not else 0


if __name__ == "__main__":
    sys.exit(main())
