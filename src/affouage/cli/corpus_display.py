"""How far the build of a corpus is, in a terminal and in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from affouage.cli.sheets_display import ImportDisplay
from affouage.web import format as wording

if TYPE_CHECKING:
    from affouage.training.corpus.building import Progress


class BuildDisplay(ImportDisplay):
    """One line that moves on a terminal; elsewhere a plain line every five seconds."""

    def downloaded(self, _name: str, done_bytes: int, total_bytes: int | None) -> None:
        self.fetched(done_bytes, total_bytes)

    def built(self, progress: Progress) -> None:
        if not self._due():
            return
        _ = self._language.gettext
        told = _("reading: {documents} documents, {done} of {total} parts done")
        if progress.stage == "finishing":
            told = _("putting the corpus together: {documents} documents read")
        documents = wording.whole(progress.documents, self._language)
        self._show(told.format(documents=documents, done=progress.tasks, total=progress.of_tasks))
