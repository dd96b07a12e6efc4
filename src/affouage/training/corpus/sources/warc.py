"""WARC and WET files: web pages with their address and day, and what their sites reserve."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.text import decode
from affouage.training.corpus import licences, reservations
from affouage.training.corpus.document import Draft
from affouage.training.corpus.sources.records import Raw, records
from affouage.training.corpus.sources.shard import Context, Found, Reading, Shard, document_id, unread

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,200}\bcharset\s*=\s*[\"']?\s*([\w-]{1,40})", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{0,500})", re.IGNORECASE)
_PAGES = ("text/html", "application/xhtml+xml")
_SITE_BYTES = 500_000


def read(shard: Shard, context: Context) -> Reading:
    """Pages that were answered with 200, texts of a WET; robots.txt and tdmrep.json as what the site reserves."""
    from warcio.recordloader import ArcWarcRecordLoader

    loader = ArcWarcRecordLoader()
    with shard.file.open("rb") as file:
        for raw in records(file, context.limits):
            place = str(raw.place)
            if raw.trouble:
                yield unread(shard, place, raw.trouble)
                continue
            try:
                record = loader.parse_record_stream(io.BytesIO(raw.content), known_format="warc")
                yield from _record(shard, raw, record, context)
            except _broken() as why:
                yield unread(shard, place, "record_damaged", type(why).__name__)


def _broken() -> tuple[type[Exception], ...]:
    from warcio.exceptions import ArchiveLoadFailed
    from warcio.statusandheaders import StatusAndHeadersParserException

    return (ArchiveLoadFailed, StatusAndHeadersParserException, ValueError, EOFError, OSError, IndexError, TypeError)


def _record(shard: Shard, raw: Raw, record: Any, context: Context) -> Iterator[Found]:
    head = record.rec_headers
    url = (head.get_header("WARC-Target-URI") or "").strip("<> ")[:2000]
    day = (head.get_header("WARC-Date") or "")[:10] or None
    if record.rec_type == "conversion":
        if not shard.robots:
            yield _converted(shard, raw, record, url, day)
        return
    headers = {str(name).lower(): str(value) for name, value in record.http_headers.headers} if _http(record) else {}
    if _http(record) and record.http_headers.get_statuscode() != "200":
        return
    host = reservations.host_of(url)
    path = url.split("?")[0].partition("://")[2].partition("/")[2]
    if path in ("robots.txt", ".well-known/tdmrep.json"):
        content = record.content_stream().read(_SITE_BYTES)
        if path == "robots.txt":
            yield reservations.read_robots(host, content.decode("utf-8", "replace"))
        else:
            yield reservations.read_tdmrep(host, content)
        return
    said = head.get_header("WARC-Identified-Payload-Type") or headers.get("content-type", "")
    if shard.robots or not said.lower().startswith(_PAGES):
        return
    content = record.content_stream().read(context.limits.page_bytes + 1)
    if len(content) > context.limits.page_bytes:
        yield unread(shard, str(raw.place), "page_too_large", url)
        return
    yield _page(shard, raw, content, headers, url, day)


def _http(record: Any) -> bool:
    return record.http_headers is not None


def _converted(shard: Shard, raw: Raw, record: Any, url: str, day: str | None) -> Found:
    try:
        text = record.content_stream().read().decode("utf-8")
    except UnicodeDecodeError:
        return unread(shard, str(raw.place), "not_utf8", url)
    made = document_id(shard.source.name, f"{url} {record.rec_headers.get_header('WARC-Date')}")
    title = text[:200].split("\n")[0]
    return Draft(id=made, source=shard.source.name, at=url, address=url, text=text, title=title, day=day)


def _page(shard: Shard, raw: Raw, content: bytes, headers: dict[str, str], url: str, day: str | None) -> Found:
    charset = _CHARSET.search(headers.get("content-type", ""))
    meta = _META_CHARSET.search(content, 0, 4096)
    declared = charset[1] if charset else meta[1].decode("ascii", "replace") if meta else ""
    try:
        page = decode(content, declared)
    except CannotRead:
        return unread(shard, str(raw.place), "encoding", url)
    titled = _TITLE.search(content, 0, 100_000)
    return Draft(
        id=document_id(shard.source.name, f"{url} {day}"),
        source=shard.source.name,
        at=url,
        address=url,
        page=page,
        title=" ".join(decode(titled[1], declared).split())[:200] if titled else "",
        licence=licences.of_page(content),
        day=day,
        reserved=reservations.of_headers(headers) or reservations.of_page(content),
    )
