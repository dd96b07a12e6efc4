"""The commons' visible prefix, and how it stands before what a member wrote. Pure but for reading its own two texts.

This is the only text the software ever adds. It comes first and is byte-stable, so that engines can keep it in cache.
Raw completions and code infilling get none: there, a prefix would change the meaning of the text to go on with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Any

import msgspec

from affouage.chat import ChatRequest, Message
from affouage.inference.prefix_rules import PrefixRules
from affouage.ledger.receipt import PrefixStamp

LANGUAGES = ("fr", "en")

SHIPPED = "0"
"""The version of the texts that affouage ships, as of any rule that nobody decided."""

BYTES_PER_TOKEN = 3
"""A cautious count of how many tokens a text is."""


class Prefix(msgspec.Struct, frozen=True):
    """A public text: anyone may read it at ``GET /prefix`` and check its sha256 (of the text in UTF-8).

    ``version``: of the rule ``prefixes`` it was voted in.
    """

    version: str
    language: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def stamp(self) -> PrefixStamp:
        return PrefixStamp(self.version, self.language, self.sha256)


RuleNow = Callable[[], tuple[PrefixRules, int]]
"""The rule in force and its version, 0 for the default."""


class Prefixes(Mapping[str, Prefix]):
    """The prefixes in force, read anew each time: as a mapping those of the commons, by language.

    Where nothing was voted, a workshop's own shipped text stands in it, or else that of the commons.
    """

    def __init__(
        self,
        shipped: Mapping[str, str],
        rule: RuleNow = lambda: (PrefixRules(), 0),
        workshops: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """``shipped``: by language; ``workshops``: the same by name, for those that ship a text of their own."""
        self._shipped = dict(shipped)
        self._rule = rule
        self._workshops = {name: dict(texts) for name, texts in (workshops or {}).items()}

    def under(self, rule: RuleNow) -> Prefixes:
        """The same shipped texts, under another rule."""
        return Prefixes(self._shipped, rule, self._workshops)

    def with_workshops(self, workshops: Mapping[str, Mapping[str, str]]) -> Prefixes:
        """The same, with the texts that workshops ship."""
        return Prefixes(self._shipped, self._rule, workshops)

    def shipped(self) -> dict[str, str]:
        """The texts that stand where nothing was voted: by language, and as ``explain/fr`` those of workshops."""
        own = {f"{name}/{code}": text for name, texts in self._workshops.items() for code, text in texts.items()}
        return {**self._shipped, **own}

    def of(self, language: str, workshop: str = "") -> Prefix:
        """What stands first in a workshop ("" for none); French for a language there is not."""
        return self.under_rule(*self._rule(), language if language in self._shipped else "fr", workshop)

    def under_rule(self, rules: PrefixRules, version: int, language: str, workshop: str = "") -> Prefix:
        """The same under a given version of the rule. Raises KeyError for a language there is not."""
        shipped = self._workshops.get(workshop, {}).get(language) or self._shipped[language]
        return Prefix(str(version), language, rules.text(language, workshop) or shipped)

    def workshops(self) -> dict[str, dict[str, Prefix]]:
        """Those that have a text of their own, by name and language."""
        rules, version = self._rule()
        return {
            name: {code: self.under_rule(rules, version, code, name) for code in self._shipped}
            for name in sorted({*rules.workshops, *self._workshops})
        }

    def tokens(self) -> int:
        """How long the longest in force may be, for estimates."""
        rules, _ = self._rule()
        voted = [texts.of(code) for texts in (rules.commons, *rules.workshops.values()) for code in self._shipped]
        return max(len(one.encode()) for one in (*self.shipped().values(), *voted)) // BYTES_PER_TOKEN

    def __getitem__(self, language: str) -> Prefix:
        return self.under_rule(*self._rule(), language)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shipped)

    def __len__(self) -> int:
        return len(self._shipped)


def read_prefixes() -> Prefixes:
    """Those that affouage ships, by language."""
    folder = resources.files("affouage.inference").joinpath("prefixes")
    return Prefixes({code: folder.joinpath(f"{code}.md").read_text(encoding="utf-8").strip() for code in LANGUAGES})


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
