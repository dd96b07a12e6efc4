"""Makes the tiny model, or goes on making it; ``--again`` from nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from affouage.training.folder import End, Evaluated, Exported, HeldOut
from tests.conftest import CACHE, ROOT
from tests.training_fixture import NAME, lay_out, recipe


def main(arguments: list[str]) -> int:
    places = [one for one in arguments if not one.startswith("--")]
    folder = Path(places[0]) if places else CACHE / "training_fixture" / NAME
    if "--again" in arguments:
        shutil.rmtree(folder, ignore_errors=True)
    run, began = lay_out(folder, recipe()), time.monotonic()
    subprocess.run([sys.executable, "-m", "affouage.training.learning", str(folder)], cwd=ROOT, check=True)
    told = [event for event, _end in run.events()]
    end = [one for one in told if isinstance(one, End)][-1]
    looked = [one for one in told if isinstance(one, Evaluated)][-1:]
    for one in (*(one for one in told if isinstance(one, HeldOut)), *looked, end):
        print(one)
    print(f"{time.monotonic() - began:.0f} s by the wall, {end.cpu_us / 1e6:.0f} s of a processor")
    print(*(f"{one.sha256}  {one.name}" for one in told if isinstance(one, Exported) and one.name == "model.gguf"))
    return 0 if end.reason in ("done", "early_stop") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
