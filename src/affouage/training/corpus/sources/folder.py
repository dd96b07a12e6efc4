"""Documents of a folder (PDF, ODT, DOCX, HTML, text, scans), read in bounded children by the library's own importer."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from affouage.errors import BadRequest
from affouage.sheets.folder.read import read_folder
from affouage.sheets.reading import Read, Refused
from affouage.sheets.sheet import Sheet
from affouage.training.corpus import licences, reservations
from affouage.training.corpus.document import Draft, Unread
from affouage.training.corpus.licences import identified
from affouage.training.corpus.sources.shard import Context, Reading, Shard, document_id, unread

_PAGES = (".html", ".htm", ".xhtml")
_PAGE_BYTES = 20_000_000


def read(shard: Shard, context: Context) -> Reading:
    try:
        for one in read_folder(shard.file, today=date.fromisoformat(context.today)):
            if isinstance(one, Read):
                yield _as_its_page_says(drafted(shard, one.sheet), shard.file, one.sheet)
            elif isinstance(one, Refused):
                yield refused(shard, one)
    except BadRequest as why:
        yield unread(shard, "", why.code, why.message)


def _as_its_page_says(draft: Draft, folder: Path, sheet: Sheet) -> Draft:
    """A web page that somebody saved states its own licence and reserves its text as it did on its site."""
    name = next((note.removeprefix("file:") for note in sheet.notes if note.startswith("file:")), "")
    if name.lower().endswith(_PAGES):
        with (folder / name).open("rb") as file:
            page = file.read(_PAGE_BYTES)
        draft.licence = draft.licence or licences.of_page(page)
        draft.reserved = reservations.of_page(page)
    return draft


def refused(shard: Shard, one: Refused) -> Unread:
    label = f"{shard.label}/{one.name}" if shard.label else one.name
    return Unread(document_id(shard.source.name, label), label, one.code, one.reason[:200])


def drafted(shard: Shard, sheet: Sheet, label: str = "") -> Draft:
    """The document of a sheet. A scanned one says so in no way: the text is what was read."""
    notes = dict(one.partition(":")[::2] for one in sheet.notes)
    label = label or "/".join(filter(None, (shard.label, notes.get("file", sheet.id))))
    return Draft(
        id=document_id(shard.source.name, label),
        source=shard.source.name,
        at=sheet.url or label,
        text=text_of(sheet),
        title=sheet.title,
        licence=identified(notes.get("licence", "")),
        day=sheet.day,
    )


def text_of(sheet: Sheet) -> str:
    """A sheet as prose: title, description, then its blocks under their headings, each heading once. Pure."""
    lines = [sheet.title, "", *([sheet.description, ""] if sheet.description else [])]
    path: tuple[str, ...] = ()
    for block in sheet.blocks:
        if block.path != path:
            shared = next((n for n, (a, b) in enumerate(zip(path, block.path, strict=False)) if a != b), None)
            new = block.path[len(path) if shared is None and len(path) < len(block.path) else shared or 0 :]
            lines += ["", *new] if new else [""]
            path = block.path
        lines.append(f"- {block.text}" if block.kind == "item" else block.text)
    return "\n".join(lines).strip() + "\n"
