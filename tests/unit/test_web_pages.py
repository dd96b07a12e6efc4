"""Templates and their dataclasses agree to the letter; every refusal has its sentence; nobody is sent elsewhere."""

from __future__ import annotations

import importlib
import re
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

import affouage
from affouage import errors
from affouage.asgi import body
from affouage.web import (
    compare,
    coupe,
    first_steps,
    inviting,
    machine_rows,
    pages,
    public,
    reports_pages,
    sentences,
    sources,
)
from affouage.web.language import language
from affouage.web.receipts import same_text
from affouage.web.site import environment, local_path
from affouage.web.static import static_files, static_url

WEB = Path(str(resources.files("affouage.web")))
TEMPLATES = {path.relative_to(WEB / "templates").as_posix() for path in (WEB / "templates").rglob("*.html")}
SHARED = {"base.html", "figures.html"} | {name for name in TEMPLATES if name.endswith("parts.html")}


ROOMS = (compare, coupe, first_steps, inviting, machine_rows, public, reports_pages, sources)
"""Those that hold the dataclass of their own page."""
FOLDERS = tuple(f"{one.parent.name}.{one.stem}" for one in WEB.glob("*/*.py") if one.stem != "__init__")


def page_classes() -> dict[str, type[pages.Page]]:
    for room in FOLDERS:
        importlib.import_module(f"affouage.web.{room}")
    assert all(room.Page is pages.Page for room in ROOMS)
    return {kind.template: kind for kind in pages.Page.__subclasses__()}


@cache
def read(name: str) -> nodes.Template:
    env = environment("en")
    assert env.loader is not None
    return env.parse(env.loader.get_source(env, name)[0])


def test_every_template_has_its_class_and_every_class_its_template() -> None:
    assert set(page_classes()) == TEMPLATES - SHARED


@pytest.mark.parametrize("name", sorted(page_classes()))
def test_a_template_uses_exactly_what_its_class_gives(name: str) -> None:
    kind = page_classes()[name]
    assert is_dataclass(kind)
    uses = {
        one.attr
        for one in read(name).find_all(nodes.Getattr)
        if isinstance(one.node, nodes.Name) and one.node.name == "page"
    }
    given_ = {one.name for one in fields(kind)} | {
        name for name, value in vars(kind).items() if isinstance(value, property) and not name.startswith("_")
    }
    computed = {"chosen", "asking"}
    if name == "chat.html":
        uses -= {one.name for one in fields(pages.Composer)} - {one.name for one in fields(kind)}
    assert uses - given_ == set()
    assert {one.name for one in fields(kind)} - uses == set(), "given and not used"
    assert given_ - uses <= computed


def test_frame_gives_what_the_frame_uses() -> None:
    uses = {
        one.attr
        for name in TEMPLATES
        for one in read(name).find_all(nodes.Getattr)
        if isinstance(one.node, nodes.Name) and one.node.name == "frame"
    }
    assert uses == {one.name for one in fields(pages.Frame)}


def test_every_template_compiles_in_both_languages() -> None:
    for code in ("fr", "en"):
        for name in TEMPLATES:
            environment(code).get_template(name)


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    for path in (WEB / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|style=|\son\w+=|<script(?! src)|(?:src|href|action)=\"(?:https?:)?//", text), path
        assert "|safe" not in text.replace("page.mark|safe", ""), path
    for file in static_files().values():
        assert b"http" not in file.content.replace(b"http://www.w3.org/2000/svg", b"")


def test_the_script_is_small() -> None:
    assert len(static_files()["affouage.js"].content) < 6000
    assert b"innerHTML" not in static_files()["affouage.js"].content


def test_static_addresses_change_with_the_content() -> None:
    assert static_url("affouage.css").endswith(static_files()["affouage.css"].digest)
    with pytest.raises(KeyError):
        static_url("nothing.css")


def tree(kind: type[errors.AffouageError]) -> set[type[errors.AffouageError]]:
    return {kind}.union(*(tree(one) for one in kind.__subclasses__()))


def test_every_error_has_its_sentence() -> None:
    assert body.BodyTooLarge in tree(errors.AffouageError)
    ours = {kind for kind in tree(errors.AffouageError) if kind.__module__ in ("affouage.errors", "affouage.asgi.body")}
    assert {kind.code for kind in ours} <= sentences.SENTENCES.keys()


def test_every_code_raised_about_members_has_its_sentence() -> None:
    root = Path(affouage.__file__).parent
    codes: set[str] = set()
    for part in ("assembly", "asgi"):
        for path in (root / part).rglob("*.py"):
            codes |= set(re.findall(r'code="([a-z_]+)"', path.read_text(encoding="utf-8")))
    assert {"name_taken", "cross_site"} <= codes
    server_only = {"no_port"} | {code for code in codes if code.startswith("belenios_")}  # from the command line alone
    assert codes - server_only - sentences.SENTENCES.keys() == set()


def test_sentences_are_filled() -> None:
    french = language("fr")
    message, _ = sentences.explain(errors.ContextExceeded(12345, 2048), french)
    assert "12\u202f345" in message
    assert "2\u202f048" in message
    assert sentences.explain(errors.TooMuch("x", retry_after_s=90), french)[1] == "Réessayez dans 1\u00a0min 30\u00a0s."


def test_an_unknown_code_still_says_something() -> None:
    unknown = errors.Conflict("x", code="never_seen")
    assert sentences.explain(unknown, language("en"))[0] == sentences.SENTENCES["conflict"][0]
    bare = errors.BadRequest("x", code="context_length_exceeded")
    assert "{" not in "".join(sentences.explain(bare, language("fr")))
    assert "{" not in sentences.explain_code("context_length_exceeded", language("fr"))


@given(st.text(alphabet="/\\abc:?=&.@%\t\n\r\0 #", max_size=40))
def test_a_local_path_never_leaves(text: str) -> None:
    path = local_path(text)
    assert path in (text, "")
    if path:
        parts = urlsplit("http://here" + path)
        assert parts.netloc == "here"
        assert path[1:2] not in ("/", "\\")


@pytest.mark.parametrize(
    "text", ["//evil.example", "https://evil.example", "/\\evil", "/\t/evil", "evil", "/a\r\nX: y"]
)
def test_other_paths_are_dropped(text: str) -> None:
    assert local_path(text) == ""


def test_a_local_path_keeps_its_query() -> None:
    assert local_path("/receipts/rcp_1?format=json") == "/receipts/rcp_1?format=json"


@given(st.text(max_size=60), st.binary(min_size=16, max_size=16))
def test_a_copy_is_recognised_and_a_change_is_seen(text: str, salt: bytes) -> None:
    from affouage.inference.prompt import commitment

    sha256 = commitment(salt, text)
    assert same_text(text, salt, sha256)
    assert same_text(text + "\n", salt, sha256) == same_text(text.rstrip("\n"), salt, sha256)
    assert not same_text(text + "x", salt, sha256)
    assert not same_text(text, b"other salt 16 by", sha256)


def test_hours_are_told_in_the_time_zone_of_the_commons() -> None:
    noon_utc = 1_795_348_800_000  # 2026-11-22T12:00Z
    told = environment("fr", "Europe/Paris").globals["moment"](noon_utc)
    assert "13:00" in told
    assert 'datetime="2026-11-22T13:00:00+01:00"' in told
