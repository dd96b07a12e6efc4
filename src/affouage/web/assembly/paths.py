"""Places in a document, ``a/b``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affouage.assembly.decisions.patches import read_path


def at(document: Any, path: str) -> Any:
    """What is there; None where there is nothing. "" is the document itself."""
    for part in read_path(path) if path else ():
        if not isinstance(document, Mapping) or part not in document:
            return None
        document = document[part]
    return document


def set_at(document: dict[str, Any], path: str, value: Any) -> None:
    """Put something there, and what holds it."""
    *way, last = read_path(path)
    for part in way:
        document = document.setdefault(part, {})
    document[last] = value


def deep_copy(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: deep_copy(one) if isinstance(one, Mapping) else one for name, one in document.items()}
