"""The commons' visible prefix, and how it stands before what a member wrote. Pure but for reading its own two texts.

This is the only text the software ever adds. It comes first and is byte-stable, so that engines can keep it in cache.
Raw completions and code infilling get none: there, a prefix would change the meaning of the text to go on with.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Any

import msgspec

from affouage.chat import ChatRequest, Message
from affouage.ledger.receipt import PrefixStamp

LANGUAGES = ("fr", "en")

VERSION = "1"
"""Goes up with each change of a text; until members vote on it, the one this version of affouage ships."""


class Prefix(msgspec.Struct, frozen=True):
    """A public text: anyone may read it at ``GET /prefix`` and check its sha256 (of the text in UTF-8)."""

    version: str
    language: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def stamp(self) -> PrefixStamp:
        return PrefixStamp(self.version, self.language, self.sha256)


def read_prefixes() -> dict[str, Prefix]:
    """The prefix in force, by language."""
    folder = resources.files("affouage.inference").joinpath("prefixes")
    texts = {code: folder.joinpath(f"{code}.md").read_text(encoding="utf-8").strip() for code in LANGUAGES}
    return {code: Prefix(VERSION, code, text) for code, text in texts.items()}


def compose(request: ChatRequest, prefix: Prefix) -> ChatRequest:
    """``request`` with the prefix first: one leading system message, followed there by the member's own, if any.

    Many chat templates accept a single system message, and only at the head: hence one, not two.
    """
    if request.kind != "chat":
        return request
    messages = request.messages
    text = prefix.text
    if messages and messages[0].role in ("system", "developer"):
        text = f"{prefix.text}\n\n{text_of(messages[0].content)}"
        messages = messages[1:]
    return msgspec.structs.replace(request, messages=(Message("system", text), *messages))


def text_of(content: str | list[dict[str, Any]] | None) -> str:
    """The text of a message, its parts one under the other."""
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(str(part.get("text", "")) for part in content if part.get("type") == "text")


def commitment(salt: bytes, exact_text: str) -> str:
    """sha256(salt + exact text in UTF-8), hex: what the receipt keeps so that a member's copy can be checked."""
    return hashlib.sha256(salt + exact_text.encode("utf-8", "surrogatepass")).hexdigest()
