"""When was the last backup made?"""

from __future__ import annotations

from collections.abc import Iterator

from affouage.archive.book import DAYS_MOST, made_of
from affouage.cli.checks import Finding, ok, warning
from affouage.settings import Settings
from affouage.storage.database import begun
from affouage.web.language import N_


def check_backups(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """A reminder, week after week. A home without a database has nothing to lose yet."""
    if not begun(settings.database_place):
        return
    made = made_of(settings.home)
    remedy = N_("affouage backup create --encrypt, then carry the file to another place.")
    if not made:
        yield warning("backup", N_("None was ever made of this home."), remedy)
        return
    days = max(0, (now_ms - made[0].made_ms) // 86_400_000)
    if days > DAYS_MOST:
        yield warning("backup", N_("The last one was made {days} days ago."), remedy, days=days)
    else:
        yield ok("backup", N_("The last one was made {days} days ago: {path}"), days=days, path=made[0].path)
