"""``python -m tests.docs.audit_examples``: put in the pages on audits each example and what it gives, and write the
schemas; ``test_audit_golden`` checks that they are what the program gives."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner

from affouage.cli import main
from affouage.footprint.audit import SUBJECTS, schema

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"
FILES = DOCS / "audit"
PAGES = (DOCS / "audit.md", FILES / "examples.md")
_MARK = re.compile(r"<!-- (example|json) (\w+) (\S+) -->\n(?:\n```.*?\n```\n<!-- end -->\n)?", re.S)


def page(text: str) -> str:
    """``text`` with every example filled in."""
    return _MARK.sub(lambda mark: _example(*mark.groups()), text)


def _example(form: str, subject: str, name: str) -> str:
    file = FILES / f"{name}.json"
    words = ["audit", subject, str(file), *(["--json"] if form == "json" else [])]
    told = CliRunner().invoke(main, words, env={"AFFOUAGE_LANG": "en"})
    assert told.exit_code == 0, told.output
    shown = f"docs/reference/audit/{name}.json" + (" --json" if form == "json" else "")
    said = "" if form == "json" else f"```json\n{file.read_text(encoding='utf-8').rstrip()}\n```\n\n"
    kind = "json" if form == "json" else "text"
    head = "" if form == "json" else f"$ affouage audit {subject} {shown}\n"
    return f"<!-- {form} {subject} {name} -->\n\n{said}```{kind}\n{head}{told.stdout.rstrip()}\n```\n<!-- end -->\n"


def schemas() -> dict[Path, str]:
    return {
        FILES / "schema" / f"{subject}.schema.json": json.dumps(schema(subject), indent=1) + "\n"
        for subject in SUBJECTS
    }


if __name__ == "__main__":
    for one in PAGES:
        one.write_text(page(one.read_text(encoding="utf-8")), encoding="utf-8")
    for path, text in schemas().items():
        path.write_text(text, encoding="utf-8")
