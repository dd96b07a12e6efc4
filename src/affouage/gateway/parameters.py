"""Parameters of OpenAI's interface that would change the meaning of a request and cannot be honoured here.

They are refused by name; those that change nothing in the answer's meaning (``user``, ``metadata``,
``reasoning_effort``, ``verbosity``, ``prompt_cache_key``, unknown ones ...) are not even read.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from affouage.errors import UnsupportedParameter

_CHAT = "Use /v1/chat/completions for that."

_REMEDIES = {
    "n": "Ask once per answer wanted: here n is 1.",
    "best_of": "Leave it out: here best_of is 1.",
    "echo": "Leave it out, and put the prompt before the answer yourself.",
    "functions": "Use tools instead.",
    "function_call": "Use tool_choice instead.",
    "modalities": "Leave it out: answers are text.",
    "audio": "Leave it out: answers are text.",
    "store": "Leave it out: nothing is stored here.",
    "background": "Leave it out and keep the connection open.",
    "web_search_options": "Leave it out: models here do not search.",
    "grammar": "Use response_format with a json_schema.",
    "voice_scale": 'Write it in the member affouage: {"affouage": {"voice_scale": 0.8}}.',
    "chat_template": "Leave it out: the model's own template is used, and shown.",
    "response_format": _CHAT,
    "tools": _CHAT,
    "tool_choice": _CHAT,
    "messages": _CHAT,
}

_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "echo": (False,),
    "functions": ([],),
    "modalities": (["text"],),
    "store": (False,),
    "background": (False,),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "response_format": ({"type": "text"},),
}
"""Values that ask for nothing: as good as left out."""


def remedy_of(name: str) -> str:
    """What to do instead of a refused parameter."""
    return _REMEDIES[name]


def neutral_values(name: str) -> tuple[Any, ...]:
    """Values of a refused parameter that pass, beside null."""
    return _NEUTRAL.get(name, ())


class Refusable(msgspec.Struct, kw_only=True):
    """Base of request Structs: members named in ``REFUSED`` are decoded only to be refused."""

    REFUSED: ClassVar[tuple[str, ...]] = ()

    def refuse_unsupported(self) -> None:
        """Raises UnsupportedParameter for the first one that asks for something."""
        for name in self.REFUSED:
            value = getattr(self, name)
            neutral = _NEUTRAL.get(name, ())
            if value is None or any(type(value) is type(one) and value == one for one in neutral):
                continue
            raise unsupported(name, _REMEDIES[name])


def unsupported(param: str, remedy: str) -> UnsupportedParameter:
    return UnsupportedParameter(
        f"Unsupported parameter: '{param}' cannot be honoured here.", param=param, remedy=remedy
    )
