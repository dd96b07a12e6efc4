"""Shards of JSON lines, packed or not, in the manner of The Pile: one document a line."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import msgspec

from affouage.training.corpus.document import Draft
from affouage.training.corpus.licences import identified
from affouage.training.corpus.recipe import Source
from affouage.training.corpus.sources.lines import bounded_lines
from affouage.training.corpus.sources.shard import Context, Reading, Shard, document_id, unread
from affouage.training.corpus.sources.unpack import opened

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def read(shard: Shard, context: Context) -> Reading:
    """Every line made a document; one that cannot be read is told, and the next one is read."""
    limits = context.limits
    with closing(opened(shard.file, ratio=limits.ratio, small_bytes=limits.small_bytes)) as stream:
        number = 0
        for number, line in enumerate(bounded_lines(stream, limits.line_bytes), 1):
            if line is None:
                yield unread(shard, str(number), "line_too_long", f"more than {limits.line_bytes} bytes")
                continue
            if not line.strip():
                continue
            try:
                fields = _decode(line)
            except UnicodeDecodeError:
                yield unread(shard, str(number), "not_utf8")
            except (msgspec.MsgspecError, RecursionError):
                broken = not _is_utf8(line)
                yield unread(shard, str(number), "not_utf8" if broken else "line_damaged")
            else:
                yield from drafted(shard, str(number), fields)
        if stream.trouble:
            yield unread(shard, f"after-{number}", stream.trouble)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def drafted(shard: Shard, place: str, fields: Mapping[str, Any]) -> Reading:
    """The document in these columns, at ``place`` of its shard."""
    source = shard.source
    text = _at(fields, source.text)
    if not isinstance(text, str) or not text:
        yield unread(shard, place, "no_text", f"no column {source.text}")
        return
    label = f"{shard.label}#{place}"
    address = _said(fields, source.address)
    yield Draft(
        id=document_id(source.name, label),
        source=source.name,
        at=address or label,
        address=address,
        text=text,
        title=_said(fields, source.title)[:200],
        licence=identified(_licence(fields, source)),
        day=_day(_said(fields, source.day_field)),
    )


def _licence(fields: Mapping[str, Any], source: Source) -> str:
    return _said(fields, source.licence_field) or _said(fields, "licence")


def _at(fields: Mapping[str, Any], name: str) -> Any:
    """``meta.url`` goes down; a name with a point of its own is found too."""
    if name in fields:
        return fields[name]
    first, point, rest = name.partition(".")
    below = fields.get(first)
    return _at(below, rest) if point and isinstance(below, dict) else None


def _said(fields: Mapping[str, Any], name: str) -> str:
    found = _at(fields, name)
    for inside in ("metadata", "meta"):
        if found is None and isinstance(fields.get(inside), dict):
            found = _at(fields[inside], name)
    return str(found).strip()[:2000] if isinstance(found, str | int | float) else ""


def _day(said: str) -> str | None:
    day = said[:10]
    plain = len(day) == 10 and day[4] == day[7] == "-" and day.replace("-", "").isdigit()
    return day if plain else None
