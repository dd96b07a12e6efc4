"""``python -m affouage.training.learning.watching FOLDER``: the same run, looked at as it learns (see ``looks.py``)."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from affouage.training.folder import RunFolder
from affouage.training.learning.__main__ import Asked, _prepared


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 1 or not Path(given[0]).is_dir():
        print("usage: python -m affouage.training.learning.watching FOLDER", file=sys.stderr)
        return 2
    folder, stop = RunFolder(Path(given[0])), Asked()
    for one in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(one, stop.note)
    _prepared(folder)
    from affouage.clock import SystemClock
    from affouage.training.learning.watched import Watched

    end = Watched(folder, SystemClock(), lambda: stop.to_stop).whole()
    print(f"{end.reason}: {end.told} {end.remedy}".strip(), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
