"""``python -m tests.soak``: see the package."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.soak.figures import table
from tests.soak.soak import Plan, Result, soak


def main() -> None:
    words = argparse.ArgumentParser(description="Leave a commons running under a steady load; does anything grow?")
    words.add_argument("--minutes", type=float, default=120)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--every", type=float, default=30, help="seconds between two samples")
    words.add_argument("--think", type=float, default=2.0, help="seconds a person waits between two acts, on average")
    words.add_argument("--pool", action="store_true", help="with a broker and a machine that is lent")
    words.add_argument("--out", type=Path, help="where the JSON goes, written anew at every sample")
    words.add_argument(
        "--folder", type=Path, help="where the homes are made; a temporary one that is deleted if not said"
    )
    asked = words.parse_args()
    plan = Plan(minutes=asked.minutes, seed=asked.seed, every_s=asked.every, think_s=asked.think, pool=asked.pool)
    with tempfile.TemporaryDirectory(prefix="affouage-soak-") as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result = asyncio.run(soak(plan, folder, asked.out))
    show(result)
    sys.exit(bool(result.wrong))


def show(result: Result) -> None:
    print(table(result.verdicts))
    print(f"\n{result.answers} answers, {len(result.samples)} samples, load {result.load}")
    print("done:", json.dumps(result.done), "\nrefused:", json.dumps(result.refused))
    print("\n".join(["", "WRONG:", *result.wrong]) if result.wrong else "\nNothing grew, nothing was lost.")


if __name__ == "__main__":
    main()
