"""WARC files, made here and real ones: damaged and cut records are told, and lose no other."""

from __future__ import annotations

import gzip
import io
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.training.corpus.document import Draft
from affouage.training.corpus.recipe import Limits
from affouage.training.corpus.reservations import Site
from affouage.training.corpus.sources.reading import read_shard
from affouage.training.corpus.sources.shard import Context
from tests.conftest import ROOT, missing
from tests.unit.corpus_shards import read, reasons, shard

Page = tuple[str, bytes, dict[str, str]]


def warc_of(pages: list[Page], *, packed: bool = True) -> bytes:
    pytest.importorskip("warcio")
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed)
    for url, content, headers in pages:
        said = {"Content-Type": "text/html; charset=utf-8", **headers}
        status = said.pop("status", "200 OK")
        http = StatusAndHeaders(status, list(said.items()), protocol="HTTP/1.1")
        day = {"WARC-Date": "2026-11-20T10:00:00Z"}
        writer.write_record(
            writer.create_warc_record(
                url, "response", payload=io.BytesIO(content), http_headers=http, warc_headers_dict=day
            )
        )
    return out.getvalue()


def page(n: int) -> Page:
    noise = random.Random(n).randbytes(400).hex()
    return f"https://a.example/{n}", f"<html><title>Page {n}</title><p>{noise}</p></html>".encode(), {}


@pytest.mark.parametrize("packed", [True, False])
def test_pages_of_a_warc_with_what_they_and_their_site_say(tmp_path: Path, packed: bool) -> None:
    latin = "<meta charset=iso-8859-1><title>Été</title><p>l'été</p>".encode("latin-1")
    pages: list[Page] = [
        ("https://a.example/robots.txt", b"User-agent: *\nDisallow: /prive", {"Content-Type": "text/plain"}),
        page(1),
        ("https://a.example/latin", latin, {"Content-Type": "text/html"}),
        ("https://a.example/noai", b"<p>x</p>", {"X-Robots-Tag": "noai"}),
        ("https://a.example/cc", b'<a rel=license href="https://creativecommons.org/licenses/by/4.0/">', {}),
        ("https://a.example/gone", b"<p>404</p>", {"status": "404 Not Found"}),
        ("https://a.example/image", b"\x89PNG", {"Content-Type": "image/png"}),
        ("https://a.example/packed", gzip.compress(b"<title>Z</title>"), {"Content-Encoding": "gzip"}),
    ]
    path = tmp_path / ("a.warc.gz" if packed else "a.warc")
    path.write_bytes(warc_of(pages, packed=packed))
    found = list(read_shard(shard(path, "warc"), Context(limits=Limits(), today="2026-11-29")))
    (site,) = [one for one in found if isinstance(one, Site)]
    assert site.reserves("https://a.example/prive/x") == "robots"
    drafts = {one.at.rpartition("/")[2]: one for one in found if isinstance(one, Draft)}
    assert set(drafts) == {"1", "latin", "noai", "cc", "packed"}
    assert (drafts["1"].title, drafts["1"].day) == ("Page 1", "2026-11-20")
    assert drafts["latin"].title == "Été"
    assert drafts["noai"].reserved == "noai"
    assert drafts["cc"].licence == "CC-BY-4.0"
    assert drafts["packed"].page == "<title>Z</title>"


@pytest.mark.parametrize("packed", [True, False])
def test_a_cut_warc_gives_the_records_before(tmp_path: Path, packed: bool) -> None:
    content = warc_of([page(n) for n in range(10)], packed=packed)
    path = tmp_path / "a.warc"
    path.write_bytes(content[:-600])
    documents, unread = read(path, "warc")
    assert [one.title for one in documents] == [f"Page {n}" for n in range(9)]
    assert reasons(unread) == ["shard_cut" if packed else "record_cut"]


@given(st.integers(0, 8), st.integers(12, 500), st.integers(1, 255))
def test_a_damaged_record_loses_no_other(damaged: int, place: int, change: int) -> None:
    import tempfile

    parts = [warc_of([page(n)]) for n in range(9)]
    broken = bytearray(parts[damaged])
    broken[place] ^= change
    parts[damaged] = bytes(broken)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.warc.gz"
        path.write_bytes(b"".join(parts))
        documents, unread = read(path, "warc")
    others = [f"Page {n}" for n in range(9) if n != damaged]
    assert [one.title for one in documents if one.title != f"Page {damaged}"] == others
    assert unread or len(documents) == 9


def test_a_damage_in_a_plain_warc_is_stepped_over(tmp_path: Path) -> None:
    parts = [warc_of([page(n)], packed=False) for n in range(4)]
    parts[1] = b"WARC/1.0\r\nContent-Length: many\r\n\r\n" + parts[1][200:]
    path = tmp_path / "a.warc"
    path.write_bytes(b"".join(parts))
    documents, unread = read(path, "warc")
    assert [one.title for one in documents] == ["Page 0", "Page 2", "Page 3"]
    assert "record_damaged" in reasons(unread)


def test_large_pages_and_traps_of_a_warc_are_told(tmp_path: Path) -> None:
    large = ("https://a.example/large", b"<p>" + b"x" * 300_000, {})
    trap = ("https://a.example/trap", gzip.compress(b"<p>" + b"y" * 3_000_000), {"Content-Encoding": "gzip"})
    path = tmp_path / "a.warc.gz"
    path.write_bytes(warc_of([page(0), large, page(1), trap, page(2)]))
    documents, unread = read(path, "warc", Limits(page_bytes=100_000))
    assert [one.title for one in documents] == ["Page 0", "Page 1", "Page 2"]
    assert reasons(unread) == ["page_too_large", "page_too_large"]

    path.write_bytes(warc_of([page(0), ("https://a.example/t", b"z" * 60_000_000, {}), page(1)]))
    documents, unread = read(path, "warc", Limits(page_bytes=100_000, small_bytes=1_000_000))
    assert [one.title for one in documents] == ["Page 0", "Page 1"]
    assert "record_trap" in reasons(unread)


def test_real_files_of_common_crawl() -> None:
    pytest.importorskip("warcio")
    folder = ROOT.parent / "shared" / "data" / "warc"
    if not folder.is_dir():
        missing("the shared data warc")
    documents, unread = read(folder / "iana.warc.gz", "warc")
    assert (len(documents), unread) == (16, [])
    wet, unread = read(folder / "whirlwind.warc.wet.gz", "warc")
    assert [(one.at, one.day) for one in wet] == [("https://an.wikipedia.org/wiki/Escopete", "2024-05-18")]
    assert "Escopete" in wet[0].text
    assert unread == []
