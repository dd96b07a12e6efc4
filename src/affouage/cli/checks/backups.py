"""When was the last backup made?"""

from __future__ import annotations

from collections.abc import Iterator

from affouage.archive.book import made_of
from affouage.cli.checks import Finding, ok, warning
from affouage.settings import Settings

DAYS_MOST = 7


def check_backups(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """A reminder, week after week. A home without a database has nothing to lose yet."""
    if not settings.database_path.exists():
        return
    made = made_of(settings.home)
    remedy = "affouage backup create --encrypt, then carry the file to another place."
    if not made:
        yield warning("backup", "None was ever made of this home.", remedy)
        return
    days = max(0, (now_ms - made[0].made_ms) // 86_400_000)
    if days > DAYS_MOST:
        yield warning("backup", f"The last one was made {days} days ago.", remedy)
    else:
        yield ok("backup", f"The last one was made {days} days ago: {made[0].path}")
