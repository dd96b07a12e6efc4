"""The public log over HTTP, checked as a stranger would: with nothing of ours but the tree and the notes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import httpx
import pytest

from affouage.journal import log, note, tree
from affouage.settings import read
from affouage.testing import EchoEngine, LiveCommons, serving


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    home = tmp_path_factory.mktemp("journal") / "home"
    with serving(read({}, home=home), engines=[EchoEngine("echo")]) as commons:
        append(commons, 12)
        yield commons


def append(live: LiveCommons, count: int) -> None:
    for i in range(count):
        now_ms = live.commons.clock.now_ms()
        live.run(
            live.commons.db.write(lambda c, i=i, at=now_ms: log.append(c, "test", {"n": i}, at))  # type: ignore[misc]
        )


def _get(live: LiveCommons, path: str) -> httpx.Response:
    return httpx.get(live.url + path, trust_env=False, timeout=30)


def _hashes(texts: list[str]) -> list[bytes]:
    return [base64.b64decode(one) for one in texts]


def test_a_stranger_checks_all_of_it(live: LiveCommons) -> None:
    key = note.read_verifier_key(_get(live, "/journal/key").json()["key"])
    answer = _get(live, "/journal/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    _, said = note.open_checkpoint(answer.content, key)
    told = _get(live, f"/journal/entries?first=0&count={said.size}").json()
    hashes = [tree.leaf_hash(one["leaf"].encode()) for one in told["entries"]]
    assert [one["seq"] for one in told["entries"]] == list(range(said.size))
    assert tree.root(tree.in_memory(hashes), said.size) == said.root
    for seq in range(said.size):
        found = _get(live, f"/journal/proof/inclusion?seq={seq}&size={said.size}").json()
        assert tree.leaf_hash(found["leaf"].encode()) == hashes[seq]
        assert tree.inclusion_holds(hashes[seq], seq, said.size, _hashes(found["proof"]), said.root)
    append(live, 3)
    _, later = note.open_checkpoint(_get(live, "/journal/checkpoint").content, key)
    assert later.size > said.size
    found = _get(live, f"/journal/proof/consistency?from={said.size}&to={later.size}").json()
    assert tree.consistency_holds(said.size, later.size, said.root, later.root, _hashes(found["proof"]))


def test_nobody_has_to_sign_in_and_the_same_is_served_again(live: LiveCommons) -> None:
    assert _get(live, "/journal/checkpoint").text == _get(live, "/journal/checkpoint").text
    assert _get(live, "/journal/key").json()["named"][0]["from_size"] > 0


@pytest.mark.parametrize(
    "path",
    [
        "/journal/entries?first=-1",
        "/journal/entries?first=x",
        "/journal/entries?count=1001",
        "/journal/entries?first=1&first=2",
        "/journal/entries?first=%D9%A3",
        "/journal/proof/inclusion",
        "/journal/proof/inclusion?seq=1",
        "/journal/proof/inclusion?seq=1&size=1",
        "/journal/proof/inclusion?seq=0&size=99999",
        "/journal/proof/inclusion?seq=0&size=" + "9" * 30,
        "/journal/proof/consistency?from=3&to=2",
        "/journal/proof/consistency?from=1&to=99999",
        "/journal/proof/consistency?from=&to=2",
    ],
)
def test_what_is_not_a_question_is_refused_in_json(live: LiveCommons, path: str) -> None:
    answer = _get(live, path)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    assert error["param"]


def test_beyond_the_end_there_is_nothing(live: LiveCommons) -> None:
    assert _get(live, "/journal/entries?first=99999").json()["entries"] == []


def test_other_methods_and_paths_are_told_in_json(live: LiveCommons) -> None:
    assert httpx.post(live.url + "/journal/checkpoint", trust_env=False).json()["error"]["code"] == "bad_method"
    assert _get(live, "/journal/proof/nothing").json()["error"]["code"] == "not_found"
    assert _get(live, "/journal/checkpoint/cosigned").status_code == 404


def test_long_entries_are_given_a_few_at_a_time(live: LiveCommons) -> None:
    long = "x" * 400_000
    size = live.run(live.commons.db.read(log.size))
    for _ in range(4):
        live.run(live.commons.db.write(lambda c: log.append(c, "test", {"long": long}, 1)))
    told = _get(live, f"/journal/entries?first={size}&count=100").json()
    assert len(told["entries"]) == 2
    assert told["size"] == size + 4
    assert json.loads(told["entries"][0]["leaf"])["public"] == {"long": long}
