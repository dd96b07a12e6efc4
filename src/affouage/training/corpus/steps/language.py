"""In which language a text is: py3langid, whose weights come in its wheel. A sample of the text tells."""

from __future__ import annotations

from functools import cache
from typing import Any

from affouage.training.corpus.document import Outcast
from affouage.training.corpus.recipe import KeepLanguage

_SAMPLE = 1_000
"""Characters at the beginning, in the middle and at the end."""


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def sample(text: str) -> str:
    if len(text) <= 3 * _SAMPLE:
        return text
    middle = (len(text) - _SAMPLE) // 2
    return "\n".join((text[:_SAMPLE], text[middle : middle + _SAMPLE], text[-_SAMPLE:]))


def check(text: str, step: KeepLanguage) -> None:
    """Raises Outcast."""
    ranked: list[tuple[str, float]] = _identifier().rank(sample(text))
    share = sum(float(probability) for language, probability in ranked if language in step.keep)
    if share < step.least_share:
        language, probability = ranked[0]
        raise Outcast("other_language", f"{language} {float(probability):.2f}")
