"""Official archives fetched: only when they changed, resumed, within limits, never from where they should not be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from affouage.errors import AffouageError, Conflict, PullFailed
from affouage.outward import Outward
from affouage.sheets.fetching import Fetched, FetchPolicy, _alone, fetch
from tests.integration.archive_server import ArchiveServer, serving
from tests.unit.sheets_written import archive_bytes, publication

ARCHIVE = archive_bytes({f"F{number}.xml": publication(id=f"F{number}") for number in range(40)})
PATIENT = FetchPolicy(first_wait_ms=1)
HERE = Outward.naming("http://127.0.0.1")
PLACE = "/vdd/3.4/part/zip/vosdroits-latest.zip"


@pytest.fixture(scope="module")
def running() -> Iterator[ArchiveServer]:
    with serving() as server:
        yield server


@pytest.fixture
def server(running: ArchiveServer) -> ArchiveServer:
    """As good as new."""
    fresh = ArchiveServer(files={PLACE: ARCHIVE}, url=running.url)
    running.__dict__.update(fresh.__dict__)
    return running


def got(server: ArchiveServer, target: Path, *places: str, most_bytes: int = 10_000_000) -> Fetched:
    addresses = [server.url + place for place in places or (PLACE,)]
    return asyncio.run(fetch(addresses, target, policy=PATIENT, most_bytes=most_bytes, outward=HERE))


def test_an_archive_is_fetched_once_and_again_when_it_changed(server: ArchiveServer, tmp_path: Path) -> None:
    target = tmp_path / "archives" / "particuliers.zip"
    assert got(server, target) == Fetched(target, changed=True)
    assert target.read_bytes() == ARCHIVE
    assert got(server, target) == Fetched(target, changed=False)
    server.etag, server.files[PLACE] = '"two"', archive_bytes({"F1.xml": publication()})
    assert got(server, target).changed
    assert target.read_bytes() == server.files[PLACE]
    assert [status for _, status in server.seen] == [200, 304, 200]
    assert sorted(one.name for one in target.parent.iterdir()) == [
        "particuliers.zip",
        "particuliers.zip.json",
        "particuliers.zip.lock",
    ]


def test_the_second_address_is_asked_where_the_first_has_none(server: ArchiveServer, tmp_path: Path) -> None:
    assert got(server, tmp_path / "a.zip", "/3.4.zip", PLACE).changed
    assert [status for _, status in server.seen] == [404, 200]
    with pytest.raises(PullFailed, match="no such file"):
        got(server, tmp_path / "b.zip", "/3.4.zip", "/3.3.zip")


def test_what_broke_off_is_continued(server: ArchiveServer, tmp_path: Path) -> None:
    server.cut_after, server.statuses = [5_000, 7_000], []
    assert got(server, tmp_path / "a.zip").changed
    assert (tmp_path / "a.zip").read_bytes() == ARCHIVE
    assert [status for _, status in server.seen] == [200, 206, 206]


def test_what_broke_off_in_another_run_is_continued_only_if_it_is_the_same(
    server: ArchiveServer, tmp_path: Path
) -> None:
    target = tmp_path / "a.zip"
    server.cut_after, server.statuses = [5_000], []
    with pytest.raises(PullFailed, match="kept"):
        asyncio.run(fetch([server.url + PLACE], target, policy=FetchPolicy(attempts=1), outward=HERE))
    assert (tmp_path / "a.zip.part").stat().st_size == 5_000
    server.etag, server.modified = '"two"', "Fri, 13 Nov 2026 03:00:00 GMT"
    server.files[PLACE] = archive_bytes({"F1.xml": publication(title="Une autre archive")})
    assert got(server, target).changed
    assert target.read_bytes() == server.files[PLACE]


def test_a_server_that_gives_no_validator_is_asked_for_the_whole_again(server: ArchiveServer, tmp_path: Path) -> None:
    server.etag, server.cut_after = "", [5_000]
    assert got(server, tmp_path / "a.zip").changed
    assert got(server, tmp_path / "a.zip").changed
    assert [status for _, status in server.seen] == [200, 200, 200]


def test_a_server_that_is_unwell_is_asked_again_and_then_left_alone(server: ArchiveServer, tmp_path: Path) -> None:
    server.statuses = [503, 429]
    assert got(server, tmp_path / "a.zip").changed
    server.statuses = [503] * 9
    with pytest.raises(PullFailed, match="503"):
        got(server, tmp_path / "b.zip")
    assert len(server.seen) == 3 + PATIENT.attempts


def test_what_is_no_archive_never_takes_the_place_of_one(server: ArchiveServer, tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    got(server, target)
    server.etag, server.files[PLACE] = '"two"', b"<html>En maintenance</html>"
    with pytest.raises(PullFailed, match="no zip archive"):
        got(server, target)
    assert target.read_bytes() == ARCHIVE
    assert not (tmp_path / "a.zip.part").exists()


@pytest.mark.parametrize("announced", [None, 50_000_000])
def test_a_file_that_is_too_large_is_refused(server: ArchiveServer, tmp_path: Path, announced: int | None) -> None:
    server.announced_bytes = announced
    with pytest.raises(PullFailed, match="larger"):
        got(server, tmp_path / "a.zip", most_bytes=1_000)
    assert not (tmp_path / "a.zip").exists()


def test_redirects_are_followed_a_few_times(server: ArchiveServer, tmp_path: Path) -> None:
    server.redirect = PLACE
    with pytest.raises(PullFailed, match="redirects more than"):
        got(server, tmp_path / "a.zip", "/old.zip")
    for nowhere in ("ftp://x/", "https://", "http://[::1"):
        server.redirect = nowhere
        with pytest.raises(PullFailed, match=r"nowhere|not opened"):
            got(server, tmp_path / "a.zip", "/old.zip")


def test_nobody_there_is_said_and_keeps_what_was(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(ARCHIVE)
    with pytest.raises(PullFailed) as refused:
        asyncio.run(fetch(["http://127.0.0.1:9999/a.zip"], tmp_path / "a.zip", policy=PATIENT, outward=HERE))
    assert refused.value.code == "sheets_fetch"
    assert (tmp_path / "a.zip").read_bytes() == ARCHIVE


def test_two_programs_do_not_fetch_the_same_file_at_once(server: ArchiveServer, tmp_path: Path) -> None:
    with _alone(tmp_path / "a.zip"), pytest.raises(Conflict):
        got(server, tmp_path / "a.zip")
    assert got(server, tmp_path / "a.zip").changed


def test_errors_are_those_of_the_house(server: ArchiveServer, tmp_path: Path) -> None:
    server.statuses = [403]
    with pytest.raises(AffouageError, match="403"):
        got(server, tmp_path / "a.zip")
