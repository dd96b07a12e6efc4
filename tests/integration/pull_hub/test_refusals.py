"""What a hub gives that is not the model is refused, and said with what to do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from yarl import URL

from affouage.catalogue.card import Card, load_cards, read_pins
from affouage.catalogue.progress import PullProgress
from affouage.catalogue.pull import pull
from affouage.catalogue.store import ModelStore
from affouage.errors import ModelFileRefused, PullFailed
from affouage.outward import AddressRefused, Outward
from tests.integration.hub_server import COMMIT, HubServer
from tests.integration.pull_hub.kit import NOBODY, failing, get, part_of
from tests.unit.catalogue_files import a_card, changed, sha256, write_gguf


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "terms accepted first"),
        (403, "terms accepted first"),
        (404, "no tiny.gguf"),
        (400, "HTTP 400"),
        (451, "HTTP 451"),
    ],
)
def test_a_refusal_is_said_with_what_to_do(
    card: Card, store: ModelStore, hub: HubServer, status: int, words: str
) -> None:
    hub.statuses = [status]
    failed = failing(card, store, hub.url)
    assert words in failed.message
    assert "somebody/tiny-GGUF" in failed.remedy
    assert len(hub.seen) == 1  # refusals are not hammered
    assert (failed.code == "gated") == (status in (401, 403))


def test_errors_that_pass_are_tried_again(card: Card, store: ModelStore, hub: HubServer, content: bytes) -> None:
    hub.statuses = [503, 500, 429]
    hub.headers_of_status = {"Retry-After": "0"}
    assert get(card, store, hub.url).sha256 == sha256(content)


def test_a_hub_that_asks_for_a_long_rest_is_obeyed(card: Card, store: ModelStore, hub: HubServer) -> None:
    hub.statuses = [429]
    hub.headers_of_status = {"Retry-After": "3600"}
    failed = failing(card, store, hub.url)
    assert "3600 s" in failed.message
    assert failed.details["retry_after_s"] == 3600
    hub.statuses, hub.headers_of_status = [503], {"Retry-After": "Wed, 01 Jan 2098 00:00:00 GMT"}
    assert "come back" in failing(card, store, hub.url).message


def test_a_file_of_another_length_is_refused_before_it_is_downloaded(
    card: Card, store: ModelStore, hub: HubServer, content: bytes
) -> None:
    hub.files["tiny.gguf"] = content + b"more"
    failed = failing(card, store, hub.url)
    assert str(len(content)) in failed.message
    assert str(len(content) + 4) in failed.message
    assert not part_of(store).exists()


def test_a_hub_that_does_not_stop_is_stopped(card: Card, store: ModelStore, hub: HubServer, content: bytes) -> None:
    hub.extra_bytes = bytes(3_000_000)
    failed = failing(card, store, hub.url)
    assert "more than" in failed.message
    assert part_of(store).stat().st_size <= len(content)


def test_a_wrong_digest_is_refused_set_aside_and_forgotten(
    card: Card, store: ModelStore, hub: HubServer, content: bytes, tmp_path: Path
) -> None:
    other = write_gguf(tmp_path / "other.gguf", values=800_000, seed=8).read_bytes()
    hub.files["tiny.gguf"] = other
    failed = failing(card, store, hub.url)
    assert isinstance(failed, ModelFileRefused)
    assert sha256(other) in failed.message
    assert str(card.sha256) in failed.message
    assert store.installed() == []
    assert not part_of(store).exists()
    assert (store.folder("tiny") / "tiny.gguf.refused").exists()
    hub.files["tiny.gguf"] = content
    assert get(card, store, hub.url).sha256 == sha256(content)
    assert hub.downloads()[-1] is None
    assert not (store.folder("tiny") / "tiny.gguf.refused").exists()


def test_the_right_bytes_of_something_that_is_no_model_are_refused(store: ModelStore, hub: HubServer) -> None:
    page = b"<html>please sign in to the station's wifi</html>" * 100
    hub.files["tiny.gguf"] = page
    card = a_card(repo=hub.repo, revision=COMMIT, file="tiny.gguf", sha256=sha256(page), size_bytes=len(page))
    assert "not a GGUF" in failing(card, store, hub.url).message
    assert store.installed() == []


def test_too_many_redirects_or_redirects_to_nowhere(card: Card, store: ModelStore, hub: HubServer) -> None:
    hub.redirects = 9
    assert "redirects more than 5 times" in failing(card, store, hub.url).message
    for nowhere in ("ftp://somewhere/x", "file:///etc/passwd"):
        hub.location = nowhere
        assert "redirects to nowhere" in failing(card, store, hub.url).message


def test_a_hub_of_the_open_internet_leads_neither_to_http_nor_inside() -> None:
    hub = Outward.naming("https://hub.example")
    here = URL("https://hub.example/a/b")
    for there in ("http://cdn.example/x", "http://127.0.0.1:80/x", "https://127.0.0.1/x"):
        with pytest.raises(AddressRefused):
            hub.next_hop(here, here, there)
    assert str(hub.next_hop(here, here, "/x?sig=a%2Fb")) == "https://hub.example/x?sig=a%2Fb"
    assert str(hub.next_hop(here, here, "https://cdn.example/x")) == "https://cdn.example/x"


def test_nobody_there_is_said_at_once(card: Card, store: ModelStore) -> None:
    failed = failing(card, store, NOBODY)
    assert "cannot be reached" in failed.message
    assert "affouage models import" in failed.remedy


def test_offline_asks_nobody(card: Card, store: ModelStore, hub: HubServer) -> None:
    with pytest.raises(PullFailed, match="offline"):
        asyncio.run(pull(card, store, hub_url=hub.url, on_progress=lambda _: None, offline=True))
    assert hub.seen == []


def test_a_card_without_digest_is_completed_by_the_hub_and_pinned(
    card: Card, store: ModelStore, hub: HubServer, content: bytes, tmp_path: Path
) -> None:
    bare = changed(card, id="tiny", revision=None, file=None, sha256=None, size_bytes=None)
    store.add_card(bare)
    told: list[PullProgress] = []
    model = get(bare, store, hub.url, told)
    assert model.sha256 == sha256(content)
    assert any(sha256(content) in one.note for one in told)
    pin = read_pins(store.cards_dir)["tiny"]
    assert (pin.sha256, pin.revision, pin.file) == (sha256(content), COMMIT, "tiny.gguf")
    # From then on the card has that digest: another file under the same name is refused before it is downloaded.
    pinned = load_cards(tmp_path / "home")["tiny"]
    assert pinned.sha256 == sha256(content)
    store.remove("tiny")
    hub.files["tiny.gguf"] = write_gguf(tmp_path / "o.gguf", values=800_000, seed=9).read_bytes()
    downloads = len(hub.downloads())
    failed = failing(changed(pinned, revision=None), store, hub.url)
    assert "has replaced" in failed.message
    assert len(hub.downloads()) == downloads


def test_a_hub_that_gives_no_digest_either(card: Card, store: ModelStore, hub: HubServer, content: bytes) -> None:
    hub.digests = False
    bare = changed(card, revision=None, sha256=None, size_bytes=None)
    hub.cut_after = [900_000]
    assert get(bare, store, hub.url).sha256 == sha256(content)
    assert read_pins(store.cards_dir)["tiny"].sha256 == sha256(content)


def test_several_candidates_are_listed_and_the_quantisation_decides(
    card: Card, store: ModelStore, hub: HubServer, content: bytes
) -> None:
    hub.files = {"a-Q4_K_M.gguf": content, "a-Q8_0.gguf": content, "README.md": b"x"}
    bare = changed(card, revision=None, file=None, sha256=None, size_bytes=None)
    failed = failing(bare, store, hub.url)
    assert "a-Q4_K_M.gguf, a-Q8_0.gguf" in failed.message
    assert "README" not in failed.message
    assert get(changed(bare, quantisation="Q8_0"), store, hub.url).path.name == "a-Q8_0.gguf"


@pytest.mark.parametrize("tree", [{"error": "x"}, [1], [{"path": 3}], "x"])
def test_a_tree_that_makes_no_sense_is_said(card: Card, store: ModelStore, hub: HubServer, tree: object) -> None:
    hub.tree = tree
    assert "does not answer as a model hub" in failing(changed(card, revision=None), store, hub.url).message


def test_a_repository_that_does_not_exist(card: Card, store: ModelStore, hub: HubServer) -> None:
    failed = failing(changed(card, repo="nobody/nothing", revision=None), store, hub.url)
    assert "no such repository" in failed.message
