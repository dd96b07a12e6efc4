"""Shards of every kind: read within bounds; what is cut, damaged or a trap is told, and nothing else is lost."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.sheets.sheet import Block, Sheet
from affouage.training.corpus.planning import kind_of
from affouage.training.corpus.recipe import Limits
from affouage.training.corpus.sources.folder import text_of
from affouage.training.corpus.sources.lines import bounded_lines
from affouage.training.corpus.sources.unpack import bare_name, opened
from tests.unit.corpus_shards import read, reasons

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def zstd(content: bytes) -> bytes:
    return bytes(pytest.importorskip("zstandard").compress(content))


# --- Streams ----------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=400), st.integers(1, 40))
def test_lines_are_those_of_the_whole_but_for_the_long_ones(content: bytes, most: int) -> None:
    expected = [line if len(line) <= most else None for line in content.split(b"\n")]
    expected = expected[:-1] if content.endswith(b"\n") or not content else expected
    assert list(bounded_lines(io.BytesIO(content), most)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("ending", [*PACKERS, ".zst"])
def test_what_was_packed_comes_back_and_a_cut_end_is_told(tmp_path: Path, ending: str) -> None:
    pack = PACKERS.get(ending, zstd)
    content = random.Random(3).randbytes(300_000)
    for members in (1, 2):
        path = tmp_path / f"f{ending}"
        path.write_bytes(b"".join(pack(content[n::members]) for n in range(members)))
        with closing(opened(path, ratio=250, small_bytes=1_000_000)) as stream:
            assert stream.readall() == b"".join(content[n::members] for n in range(members))
            assert stream.trouble == ""
        if ending:
            path.write_bytes(path.read_bytes()[:-20])
            with closing(opened(path, ratio=250, small_bytes=1_000_000)) as stream:
                there = stream.readall()
                assert stream.trouble == "shard_cut"
            whole = b"".join(content[n::members] for n in range(members))
            assert whole.startswith(there)
            assert ending == ".bz2" or len(there) > len(whole) // 3


@pytest.mark.parametrize("ending", [".gz", ".xz", ".bz2", ".zst"])
def test_a_trap_is_left_before_it_fills_the_memory(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"trap{ending}"
    path.write_bytes(PACKERS.get(ending, zstd)(bytes(80_000_000)))
    with closing(opened(path, ratio=250, small_bytes=1_000_000)) as stream:
        read_bytes = sum(len(block) for block in iter(lambda: stream.read(1 << 20), b""))
        assert stream.trouble == "shard_trap"
    assert read_bytes < 40_000_000


@pytest.mark.parametrize("ending", [".gz", ".xz", ".bz2", ".zst"])
def test_what_is_not_packed_as_its_name_says_is_damaged(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"f{ending}"
    path.write_bytes(b"this is no archive at all, whatever it is called" * 10)
    with closing(opened(path, ratio=250, small_bytes=1_000_000)) as stream:
        assert stream.readall() == b""
        assert stream.trouble == "shard_damaged"


@given(st.sampled_from([".gz", ".xz", ".bz2"]), st.integers(0, 10_000), st.integers(1, 255))
def test_one_wrong_byte_never_raises(ending: str, place: int, change: int) -> None:
    import tempfile

    packed = bytearray(PACKERS[ending](b"une ligne\n" * 2_000))
    packed[place % len(packed)] ^= change
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"f{ending}"
        path.write_bytes(packed)
        with closing(opened(path, ratio=250, small_bytes=1_000_000)) as stream:
            stream.readall()
            assert stream.trouble in ("", "shard_cut", "shard_damaged")


def test_names_without_how_they_are_packed() -> None:
    assert [bare_name(one) for one in ("A.JSONL.ZST", "b.tar.xz", "c.tgz", "d.txt")] == [
        "a.jsonl", "b.tar", "c.tar", "d.txt",
    ]  # fmt: skip


# --- JSON lines -------------------------------------------------------------------------------------------------------


def test_columns_of_json_lines_and_their_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    pile = {"text": "un", "meta": {"url": "https://a.example/1", "license": "cc-by 4.0", "date": "2020-05-06T00:00"}}
    web = {"contenu": {"texte": "deux"}, "url": "https://a.example/2", "title": "Deux"}
    path.write_bytes(msgspec.json.encode(pile) + b"\n" + msgspec.json.encode(web) + b"\n")
    (one,), unread = read(path, "jsonl")
    assert (one.text, one.at, one.licence, one.day) == ("un", "https://a.example/1", "CC-BY-4.0", "2020-05-06")
    assert [(u.reason, u.at) for u in unread] == [("no_text", "a.jsonl#2")]
    (two,), _ = read(path, "jsonl", text="contenu.texte")
    assert (two.text, two.at, two.title) == ("deux", "https://a.example/2", "Deux")


def test_bad_lines_lose_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    good = [msgspec.json.encode({"text": f"document {n}"}) for n in range(5)]
    long = b'{"text": "' + b"x" * 5_000 + b'"}'
    bad = [b'{"text": "cut', b'{"text": "\xff\xfe"}', b"[1, 2]", b'{"text": 3}', long]
    lines = [line for pair in zip(good, bad, strict=True) for line in pair]
    content = gzip.compress(b"\n".join(lines) + b"\n")
    path.write_bytes(content)
    documents, unread = read(path, "jsonl", Limits(line_bytes=4_000))
    assert [one.text for one in documents] == [f"document {n}" for n in range(5)]
    assert reasons(unread) == ["line_damaged", "not_utf8", "line_damaged", "no_text", "line_too_long"]
    assert len({one.id for one in [*documents, *unread]}) == 10


def test_a_shard_cut_in_the_middle_gives_what_came_before(tmp_path: Path) -> None:
    draw = random.Random(5)
    lines = [msgspec.json.encode({"text": draw.randbytes(40).hex()}) for _ in range(3_000)]
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(lines))[:60_000])
    documents, unread = read(path, "jsonl")
    assert 500 < len(documents) < 3_000
    assert reasons(unread)[-1] == "shard_cut"
    assert len(unread) <= 2  # the line that was cut, and the end


def test_a_line_of_a_gigabyte_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    with path.open("wb") as file:
        file.write(b'{"text": "avant"}\n"')
        file.seek(1_000_000_000, os.SEEK_CUR)  # a hole: nothing of it is on the disk
        file.write('"\n{"text": "après"}\n'.encode())
    documents, unread = read(path, "jsonl")
    assert [one.text for one in documents] == ["avant", "après"]
    assert reasons(unread) == ["line_too_long"]


def test_a_document_keeps_its_id_wherever_its_shard_lies(tmp_path: Path) -> None:
    ids = []
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "a.jsonl"
        path.write_bytes(b'{"text": "un"}\n')
        ids.append(read(path, "jsonl")[0][0].id)
    assert ids[0] == ids[1]


# --- Parquet ----------------------------------------------------------------------------------------------------------


def test_parquet_by_groups_of_rows_and_a_cut_file(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    rows = {
        "text": [f"document {n}" for n in range(600)],
        "url": [f"https://a.example/{n}" for n in range(600)],
        "date": ["2024-05-18T01:58:10Z"] * 600,
        "score": [0.5] * 600,
    }
    parquet.write_table(pyarrow.table(rows), path, row_group_size=300, compression="none")
    documents, unread = read(path, "parquet")
    assert [one.text for one in documents] == rows["text"]
    assert (documents[5].at, documents[5].day, unread) == ("https://a.example/5", "2024-05-18", [])

    content = bytearray(path.read_bytes())
    place = content.index(b"document 300") - 12  # the head of a page of the second group
    content[place - 20 : place] = b"\xff" * 20
    path.write_bytes(content)
    documents, unread = read(path, "parquet")
    assert [one.text for one in documents[:300]] == rows["text"][:300]
    assert reasons(unread) == ["group_damaged"]

    path.write_bytes(content[: len(content) // 2])
    assert reasons(read(path, "parquet")[1]) == ["shard_damaged"]


# --- Plain text -------------------------------------------------------------------------------------------------------


def tar_of(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


TARS = [("t.tar.gz", "w:gz"), ("t.tgz", "w:gz"), ("t.tar.xz", "w:xz"), ("t.tar", "w")]


@pytest.mark.parametrize(("name", "mode"), TARS)
def test_a_tar_of_texts(tmp_path: Path, name: str, mode: str) -> None:
    path = tmp_path / name
    files = {
        "f/un.txt": "é\r\nè".encode(),
        "f/b.bin": b"\0",
        "f/latin.txt": b"\xe9t\xe9",
        "f/long.md": b"a" * 900,
        "f/z.md": b"z",
    }
    path.write_bytes(tar_of(files, mode))
    documents, unread = read(path, "text", Limits(characters=200))
    assert [(one.title, one.text) for one in documents] == [("un", "é\nè"), ("z", "z")]
    assert documents[0].at == f"{name}/f/un.txt"
    assert reasons(unread) == ["format", "not_utf8", "too_long"]


def test_a_tar_that_is_cut_keeps_its_first_texts(tmp_path: Path) -> None:
    draw = random.Random(9)
    files = {f"{n}.txt": draw.randbytes(3_000).hex().encode() for n in range(20)}
    path = tmp_path / "t.tar.gz"
    path.write_bytes(tar_of(files)[:30_000])
    documents, unread = read(path, "text")
    assert 3 < len(documents) < 20
    assert [one.text.encode() for one in documents] == list(files.values())[: len(documents)]
    assert reasons(unread) == ["shard_cut"]


def test_a_text_file_and_one_that_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "mon_texte.txt"
    path.write_bytes("\ufeffBonjour".encode())
    (one,), _ = read(path, "text")
    assert (one.title, one.text) == ("mon texte", "Bonjour")
    assert reasons(read(tmp_path / "none.txt", "text")[1]) == ["shard_missing"]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("collection:particuliers", "sheets"),
        ("https://a.example/vosdroits-latest.zip", "sheets"),
        ("https://a.example/crawl/00000.warc.wet.gz?x=1", "warc"),
        ("/nowhere/pile.jsonl.zst", "jsonl"),
        ("https://a.example/000_00000.parquet", "parquet"),
        ("/nowhere/novels.tar.xz", "text"),
    ],
)
def test_a_source_is_seen_from_its_name(at: str, expected: str) -> None:
    assert kind_of(at) == expected


def test_a_folder_is_seen_from_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    assert kind_of(str(tmp_path)) == "folder"
    (tmp_path / "b.parquet").write_bytes(b"")
    assert kind_of(str(tmp_path)) == "parquet"
    with pytest.raises(BadRequest, match="not clear"):
        kind_of("/nowhere/photo.png")


def test_a_saved_page_keeps_its_licence_and_what_it_reserves(tmp_path: Path) -> None:
    words = "<p>Le conseil se réunit mardi à la mairie pour parler du budget de la commune et de la forêt.</p>" * 5
    heads = {
        "nd.html": '<link rel="license" href="https://creativecommons.org/licenses/by-nd/4.0/">',
        "reserved.htm": '<meta name="tdm-reservation" content="1">',
        "silent.html": "",
    }
    for name, head in heads.items():
        page = f"<html><head><title>{name}</title>{head}</head><body><h1>{name}</h1>{words}</body></html>"
        (tmp_path / name).write_text(page, encoding="utf-8")
    drafts, unread = read(tmp_path, "folder", licence="etalab-2.0")
    assert not unread
    assert {one.title: (one.licence, one.reserved) for one in drafts} == {
        "nd.html": ("CC-BY-ND-4.0", ""),
        "reserved.htm": ("", "tdm_reservation"),
        "silent.html": ("", ""),
    }


def test_a_shard_that_cannot_be_read_is_told_whatever_the_disk_says(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").mkdir()
    assert [(one.reason, one.detail) for one in read(tmp_path / "a.jsonl", "jsonl")[1]] == [
        ("shard_refused", "Is a directory")
    ]


# --- Sheets -----------------------------------------------------------------------------------------------------------


def test_a_sheet_as_prose_says_each_heading_once() -> None:
    sheet = Sheet(
        id="F1",
        title="Carte d'identité",
        description="Comment la refaire.",
        blocks=(
            Block(text="D'abord.", path=("Perdue", "En France")),
            Block(text="Une photo", path=("Perdue", "En France"), kind="item"),
            Block(text="Ensuite.", path=("Perdue", "À l'étranger")),
            Block(text="Enfin.", path=("Volée",)),
        ),
    )
    assert text_of(sheet) == (
        "Carte d'identité\n\nComment la refaire.\n\n\nPerdue\nEn France\nD'abord.\n- Une photo\n\nÀ l'étranger\n"
        "Ensuite.\n\nVolée\nEnfin.\n"
    )
