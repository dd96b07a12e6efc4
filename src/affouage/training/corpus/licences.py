"""Which licences let a text train a model: a small table with its reasons. Pure, but for reading the table once."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

Permission = Literal["yes", "no", "unknown"]
CONSENT = "LicenseRef-member-consent"


class Licence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``names``: other ways to write it; ``urls``: its addresses, without scheme; ``because``: of ``training``."""

    id: str
    training: Permission
    because: str
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    licence: tuple[Licence, ...]


@cache
def table() -> tuple[Licence, ...]:
    text = resources.files("affouage.training.corpus").joinpath("licences.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Table).licence


@cache
def _by_name() -> dict[str, Licence]:
    return {_flat(name): one for one in table() for name in (one.id, *one.names)}


@cache
def _by_url() -> dict[str, Licence]:
    return {url: one for one in table() for url in one.urls}


def _flat(name: str) -> str:
    """``Licence  Ouverte 2.0`` -> ``licence ouverte 2.0``; dashes and spaces are the same."""
    return re.sub(r"[\s_\-/]+", " ", name.strip().lower()).strip(" .")


def identified(stated: str) -> str:
    """The id of what a document or a source states: a name, an address, an SPDX id; else as it is, "" for nothing."""
    stated = stated.strip()
    if not stated:
        return ""
    if re.match(r"https?://", stated, re.IGNORECASE):
        found = _by_url().get(_bare(stated))
    else:
        found = _by_name().get(_flat(stated))
    return found.id if found else stated[:200]


def _bare(url: str) -> str:
    """Of an address: without scheme, ``deed.fr``, ``legalcode`` and the slash at the end."""
    bare = re.sub(r"^https?://", "", url.strip().lower()).split("?")[0].split("#")[0]
    bare = re.sub(r"/(?:deed|legalcode)(?:\.[a-z_]+)?$", "", bare)
    return bare.rstrip("/").removesuffix(".html")


@cache
def known(licence: str) -> Licence | None:
    return next((one for one in table() if one.id == licence), None)


@cache
def permission(licence: str) -> Permission:
    """Of an SPDX expression without parentheses: ``A AND B`` needs both, ``A OR B`` one of them."""
    if " OR " in licence:
        found = [permission(part) for part in licence.split(" OR ")]
        return "yes" if "yes" in found else "no" if all(one == "no" for one in found) else "unknown"
    if " AND " in licence:
        found = [permission(part) for part in licence.split(" AND ")]
        return "no" if "no" in found else "yes" if all(one == "yes" for one in found) else "unknown"
    one = known(identified(licence))
    return one.training if one else "unknown"


_REL = re.compile(
    rb"<(?:a|link)\b(?=[^>]{0,600}\brel\s*=\s*[\"']?[^\"'>]{0,40}\blicense\b)[^>]{0,600}?\bhref\s*=\s*[\"']([^\"'>\s]{1,300})",
    re.IGNORECASE,
)


def of_page(page: bytes) -> str:
    """The licence that a web page states by ``rel="license"``; "" when it states none."""
    found = _REL.search(page)
    return identified(found[1].decode("ascii", "replace")) if found else ""
