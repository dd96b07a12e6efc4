"""Whether what was found is near enough to the question to answer it, by what the search tells of its certainty. Pure.

How the figures were chosen: docs/reference/explain.md.
"""

from __future__ import annotations

from affouage.sheets.finding import Signals

MEANING_LEAST = 2.7
"""Standard deviations by which the meaning of the best sheet stands over that of sheets that do not answer."""
MEANING_PER_UNHEARD, UNHEARD_MOST = 1.0, 2
"""As much more for each word of the question that stands in no sheet at all: what does not exist, or is no matter of
public procedures, is often named by one."""
MEANING_WITH_WORDS = 1.5
COVERED_WHOLE = 0.9
"""Where the best sheet holds so much of the question's words, and is also the nearest by meaning, this much meaning is
enough: a form's number, a proper name."""
COVERED_LEAST = 0.3
"""Share of the question's words that the best sheet must hold while meaning cannot be searched."""


def enough(signals: Signals) -> bool:
    """Whether a sheet likely answers. Without any signal it is for the reader to see."""
    covered = signals.covered
    if signals.meaning is None:
        return covered is None or covered >= COVERED_LEAST
    exact = signals.agree == 1 and covered is not None and covered >= COVERED_WHOLE
    least = MEANING_LEAST + MEANING_PER_UNHEARD * min(signals.unheard or 0, UNHEARD_MOST)
    return signals.meaning >= (MEANING_WITH_WORDS if exact else least)
