"""``make fuzz``, or ``python -m tests.fuzz [NAME ...] --seconds N``: targets fuzzed, guided by what their code covers.

In the environment of ``requirements-fuzz.txt``. What is learnt is kept in ``.cache/fuzz`` and gone on from. A fault
stops its target, is told with the input that makes it, and ends the whole with 1; put that input in
``tests/fuzz/corpus/NAME/fault-...``, and the tests try it for ever.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import logging
import os
import re
import sys
from pathlib import Path

import atheris

_WATCHED = ["affouage", "tarfile", "zipfile", "html", "_markupbase", "tomllib", "json", "email"]
with (
    contextlib.redirect_stderr(io.StringIO()),  # a line for each module
    atheris.instrument_imports(include=_WATCHED),  # takes longer than some targets: once, for all of them
):
    from tests.fuzz.targets import BY_NAME, kept

KEPT = Path(__file__).resolve().parents[2] / ".cache" / "fuzz"
_LIMITS = ("-rss_limit_mb=1500", "-timeout=20", "-max_len=20000", "-verbosity=0", "-print_final_stats=1")
_LAST_WORDS = 40


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    asked.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(BY_NAME)}")
    asked.add_argument("--seconds", type=int, default=20, help="for each (default: 20)")
    given = asked.parse_args()
    if unknown := set(given.names) - set(BY_NAME):
        asked.error(f"no target is called {', '.join(sorted(unknown))}")
    logging.disable(logging.CRITICAL)  # what is refused is logged, a thousand times a second
    faults = [name for name in given.names or BY_NAME if not _fuzzed(name, given.seconds)]
    print(f"faults in {', '.join(faults)}" if faults else "no fault")
    return 1 if faults else 0


def _fuzzed(name: str, seconds: int) -> bool:
    """In a process of its own: libFuzzer ends the one that it runs in."""
    learnt, found, told = KEPT / name, KEPT / f"{name}-faults", KEPT / f"{name}.log"
    for folder in (learnt, found):
        folder.mkdir(parents=True, exist_ok=True)
    for data in [*BY_NAME[name].seeds(), *kept(BY_NAME[name])]:
        (learnt / hashlib.sha256(data).hexdigest()).write_bytes(data)
    before = set(found.iterdir())
    if not (child := os.fork()):
        with told.open("wb") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        options = (f"-artifact_prefix={found}/", *_LIMITS, f"-max_total_time={seconds}")
        atheris.Setup([sys.argv[0], str(learnt), *options], BY_NAME[name].feed)
        atheris.Fuzz()
    _child, status = os.waitpid(child, 0)
    said = told.read_text(errors="replace")
    tried = re.search(r"number_of_executed_units:\s*(\d+)", said)
    print(f"{name:<18} {tried[1] if tried else '?':>9} inputs, {len(list(learnt.iterdir())):>5} kept", flush=True)
    if status == 0:
        return True
    print("\n".join(said.splitlines()[-_LAST_WORDS:]), file=sys.stderr)
    for one in sorted(set(found.iterdir()) - before):
        print(f"fault: {one}", file=sys.stderr)
    return False


if __name__ == "__main__":
    sys.exit(main())
