"""``python -m scripts.licences``: under which licence each distribution is that a commons may install, as a page.

Read from what is installed here; a name that is only for another system keeps the line that the page has.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from scripts import locks

PAGE = locks.ROOT / "docs" / "reference" / "licences.md"

COMPATIBLE = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python", "ISC", "LGPL-2.1-or-later"),
        *("LGPL-3.0-only", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0", "Zlib"),
        *("CC-BY-4.0", "CC-BY-SA-4.0"),  # of data, which is not linked with anything
    }
)
"""What may stand in one program with AGPL-3.0-or-later: https://www.gnu.org/licenses/license-list.html."""

_KNOWN = {
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "the bsd 2-clause license": "BSD-2-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "bsd-3-clause, apache-2.0, dependency licenses": "BSD-3-Clause AND Apache-2.0",
}
_HEAD = """\
# Licences of what is installed

<!-- Written by `python -m scripts.licences` from what the locks name: change those, not this page. -->

This software is under the GNU Affero General Public License, version 3 or later. Each licence below may stand in one
program with it: `tests/supply` fails on one that may not, or that is not known. *Data* under a Creative Commons licence
is linked with nothing. `make sbom` writes the same with versions and digests, for programs (CycloneDX).

| distribution | licence | comes with |
|---|---|---|
"""
_ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def licence_of(found: Distribution) -> str | None:
    """As SPDX writes it; None when it does not say it in words that are known."""
    told = found.metadata
    if expression := told.get("License-Expression"):
        return str(expression)
    said = [str(told.get("License") or "")]
    said += [one.split("::")[-1].strip() for one in told.get_all("Classifier", []) if one.startswith("License")]
    for one in said:
        if known := _KNOWN.get(one.lower(), one if compatible(one) else None):
            return known
    return None


def compatible(expression: str) -> bool:
    """Whether it may stand beside ours: every part of an AND, one part of an OR (of which none is nested)."""
    parts = [part.strip(" ()") for part in expression.split(" AND ")]
    return all(any(one.strip(" ()") in COMPATIBLE for one in part.split(" OR ")) for part in parts)


def written() -> dict[str, str]:
    """What the page says."""
    return {name: licence for name, licence, _with in _ROW.findall(PAGE.read_text(encoding="utf-8"))}


def page() -> str:
    before = written() if PAGE.exists() else {}
    with_what: dict[str, list[str]] = {}
    for extra, lock in locks.SHIPPED.items():
        for one in locks.read(locks.ROOT / lock):
            if "emscripten" not in one.marker:  # Python in a browser: no commons runs there
                with_what.setdefault(one.name, []).append(extra)
    rows = []
    for name, extras in sorted(with_what.items()):
        try:
            licence = licence_of(distribution(name))
        except PackageNotFoundError:
            licence = before.get(name)
        comes = "everything" if extras[0] == "default" else ", ".join(extras)
        rows.append(f"| `{name}` | {licence or 'unknown'} | {comes} |")
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.exit(0)
