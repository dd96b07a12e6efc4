"""Code infilling through a plain completion: the exact text is ours to show, nothing is added or cut behind it.

llama.cpp's own ``/infill`` puts a file name nobody wrote in front of the prefix and silently drops what is beyond a
batch. So it is asked once, with two markers, how the model's infilling tokens frame a text; requests then go to the
completion route with that frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_BEFORE, _AFTER = "\x01", "\x02"
_INVENTED = "filename\n"

QUESTION = {"input_prefix": _BEFORE, "input_suffix": _AFTER, "n_predict": 0, "cache_prompt": False}
"""What to ask ``/infill``; :func:`frame_in` reads the answer."""


class Frame(msgspec.Struct, frozen=True):
    """The model's own tokens before the prefix, between prefix and suffix, and after the suffix."""

    before: str
    between: str
    after: str

    def around(self, prefix: str, suffix: str) -> str:
        return f"{self.before}{prefix}{self.between}{suffix}{self.after}"


def frame_in(answer: Mapping[str, Any], bos_token: str) -> Frame | None:
    """The frame in the answer to :data:`QUESTION`; None when it does not show one in the usual order.

    The beginning-of-text token is left out: the server adds it to a completion by itself.
    """
    prompt = answer.get("prompt")
    if not isinstance(prompt, str) or prompt.count(_BEFORE) != 1 or prompt.count(_AFTER) != 1:
        return None
    before, _, rest = prompt.partition(_BEFORE)
    between, _, after = rest.partition(_AFTER)
    before = before.rpartition(_INVENTED)[2]
    if bos_token:
        before = before.removeprefix(bos_token)
    return Frame(before, between, after) if before and between and after else None
