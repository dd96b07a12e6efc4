"""The text of a web page, without its menus: trafilatura, within a bound of time."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from affouage.training.corpus.document import Outcast
from affouage.training.corpus.recipe import Extract


class _TooLong(Exception):
    pass


def extracted(page: str, step: Extract, most_s: int) -> str:
    """Raises Outcast: nothing to read in it, or it took too long."""
    from trafilatura import extract

    try:
        with _within(most_s):
            text = extract(page, favor_precision=step.precision, include_comments=False, include_tables=True)
    except _TooLong:
        raise Outcast("extraction_too_long", f"more than {most_s} s") from None
    except (RecursionError, ValueError, TypeError, AttributeError, LookupError, MemoryError) as why:
        raise Outcast("extraction_failed", type(why).__name__) from why
    if not text or not text.strip():
        raise Outcast("nothing_to_read")
    return str(text)


@contextmanager
def _within(most_s: int) -> Iterator[None]:
    """Where signals reach this thread: the work of a shard stands in the main one of its process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, most_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
