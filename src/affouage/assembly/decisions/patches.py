"""Changes of a rule as data: which paths of its document get which values. Pure.

A path is written ``ordinary/quorum_percent``; ``~1`` stands for a slash in a name and ``~0`` for a tilde, as in JSON
Pointer (RFC 6901). A list is one value: two changes of the same list are in conflict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import msgspec

from affouage.errors import RuleRefused

PATHS_MOST = 500


class Patch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``set``: path -> value (JSON); ``remove``: paths that go."""

    set: dict[str, Any] = {}
    remove: tuple[str, ...] = ()

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(self.set) | frozenset(self.remove)

    @property
    def empty(self) -> bool:
        return not self.set and not self.remove


def diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> Patch:
    """The smallest patch from one document to another: ``apply(before, diff(before, after)) == after``."""
    changed: dict[str, Any] = {}
    gone: list[str] = []
    _compare(before, after, (), changed, gone)
    return Patch(set=changed, remove=tuple(sorted(gone)))


def _compare(
    before: Mapping[str, Any], after: Mapping[str, Any], at: tuple[str, ...], changed: dict[str, Any], gone: list[str]
) -> None:
    for name in before.keys() - after.keys():
        gone.append(_write(*at, name))
    for name, value in after.items():
        there = before.get(name, _ABSENT)
        if isinstance(there, Mapping) and isinstance(value, Mapping):
            _compare(there, value, (*at, name), changed, gone)
        elif type(there) is not type(value) or there != value:
            changed[_write(*at, name)] = value


_ABSENT = object()


def apply(document: Mapping[str, Any], patch: Patch) -> dict[str, Any]:
    """A new document. Raises RuleRefused (``patch_path``) for a path that leads through what is no object."""
    new = deepcopy(dict(document))
    if len(patch.paths) > PATHS_MOST:
        raise _refused(f"A change of {len(patch.paths)} places at once is too large.", "Make several proposals.")
    for path in patch.remove:
        holder, name = _holder(new, path, make=False)
        if holder is not None:
            holder.pop(name, None)
    for path, value in patch.set.items():
        holder, name = _holder(new, path, make=True)
        assert holder is not None
        holder[name] = deepcopy(value)
    return new


def _holder(document: dict[str, Any], path: str, *, make: bool) -> tuple[dict[str, Any] | None, str]:
    *way, name = read_path(path)
    here = document
    for step in way:
        if step not in here:
            if not make:
                return None, name
            here[step] = {}
        here = here[step]
        if not isinstance(here, dict):
            raise _refused(f"{path!r:.80} leads through a value.", "See the rule's fields.")
    return here, name


def disjoint(one: Patch, other: Patch) -> bool:
    """Whether neither changes what the other changes, or what holds it. The same change twice is no conflict."""
    mine, theirs = _values(one), _values(other)
    for path, value in mine.items():
        for against, found in theirs.items():
            if path == against:
                if value != found:
                    return False
            elif path.startswith(against + "/") or against.startswith(path + "/"):
                return False
    return True


def _values(patch: Patch) -> dict[str, Any]:
    return {**{path: ("set", value) for path, value in patch.set.items()}, **dict.fromkeys(patch.remove, ("remove",))}


def merged(base: Mapping[str, Any], now: Mapping[str, Any], patch: Patch) -> dict[str, Any] | None:
    """``patch``, made on ``base``, put on what stands now; None when both changed the same place (a new vote then)."""
    return apply(now, patch) if disjoint(diff(base, now), patch) else None


def read_path(path: str) -> tuple[str, ...]:
    """Raises RuleRefused for an empty one."""
    parts = tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/"))
    if not path or any(not part for part in parts):
        raise _refused(f"{path!r:.80} is no path.", "Write it as ordinary/quorum_percent.")
    return parts


def _write(*parts: str) -> str:
    return "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)


def lines(document: Mapping[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every (path, value) of a document, in its order."""
    for name, value in document.items():
        if isinstance(value, Mapping) and value:
            yield from lines(value, (*at, name))
        else:
            yield _write(*at, name), value


def _refused(message: str, remedy: str) -> RuleRefused:
    return RuleRefused(message, remedy=remedy, code="patch_path", param="patch")
