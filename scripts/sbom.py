"""``make sbom``: what a commons is made of, as CycloneDX 1.6 (JSON): versions, digests, licences, what needs what.

Names, versions and digests are those of the locks, not of an environment: the same for everybody. Licences are those of
docs/reference/licences.md; what needs what is read from what is installed here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import uuid
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

from scripts import licences, locks

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def sbom(extras: list[str]) -> dict[str, Any]:
    """Of the default install, and of ``extras`` (names in ``locks.SHIPPED``)."""
    version = re.search(r'"(.+)"', (locks.ROOT / "src/affouage/__init__.py").read_text().split("__version__")[1])
    assert version is not None
    found: dict[str, locks.Locked] = {}
    for extra in ["default", *extras]:
        for one in locks.read(locks.ROOT / locks.SHIPPED[extra]):
            found.setdefault(one.name, one)
    known = licences.written()
    own = f"pkg:pypi/affouage@{version[1]}"
    parts = [_component(one, known.get(one.name)) for _name, one in sorted(found.items())]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=4)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "affouage",
                "version": version[1],
                "purl": own,
                "licenses": [{"license": {"id": "AGPL-3.0-or-later"}}],
            }
        },
        "components": parts,
        "dependencies": [
            {"ref": own, "dependsOn": _asked("affouage", found, extras)},
            *({"ref": _purl(one), "dependsOn": _asked(name, found)} for name, one in sorted(found.items())),
        ],
    }


def _purl(one: locks.Locked) -> str:
    return f"pkg:pypi/{one.name}@{one.version.replace('+', '%2B')}"


def _component(one: locks.Locked, licence: str | None) -> dict[str, Any]:
    """``distribution`` would want the address of each file; the digests stand as properties, of any of its files."""
    told: dict[str, Any] = {
        "type": "library",
        "bom-ref": _purl(one),
        "name": one.name,
        "version": one.version,
        "purl": _purl(one),
        "properties": [{"name": "affouage:file:sha256", "value": value} for value in one.sha256],
    }
    if one.marker:
        told["properties"].append({"name": "affouage:marker", "value": one.marker})
    if licence and licence != "unknown":
        told["licenses"] = [{"expression": licence}]
    return told


def _asked(name: str, found: dict[str, locks.Locked], extras: Sequence[str] = ()) -> list[str]:
    """What its metadata asks for, of what the locks hold; nothing where it is not installed here."""
    try:
        lines = requires(name) or []
    except PackageNotFoundError:
        return []
    wanted = set()
    for line in lines:
        extra = re.search(r"extra == ['\"]([^'\"]+)", line)
        if begun := _NAME.match(line) if extra is None or extra[1] in extras else None:
            wanted.add(re.sub(r"[-_.]+", "-", begun[0]).lower())
    return [_purl(found[one]) for one in sorted(wanted & found.keys())]


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m scripts.sbom", description=(__doc__ or "").splitlines()[0])
    asked.add_argument("extras", nargs="*", choices=[*list(locks.SHIPPED)[1:], []], help="besides the default install")
    asked.add_argument("--output", "-o", type=Path, help="a file (default: standard output)")
    given = asked.parse_args()
    text = json.dumps(sbom(given.extras or []), indent=1, ensure_ascii=False) + "\n"
    if given.output is None:
        sys.stdout.write(text)
    else:
        given.output.parent.mkdir(parents=True, exist_ok=True)
        given.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
