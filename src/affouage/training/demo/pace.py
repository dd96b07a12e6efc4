"""How large a lesson's model is and how long it learns: from the text's length, and the minutes there are. Pure."""

from __future__ import annotations

import msgspec

from affouage.training import recipe
from affouage.training.settings import RunSettings

MINUTES_MOST = 10.0
OVERHEAD_S = 20.0
"""Starting twice, measuring the speed, looking, the last questions, writing the model."""
SPARE = 0.85
"""A measure of seconds is a little quicker than minutes of work."""
EPOCHS_MOST = 40
"""A text read more often is learnt by heart, and nothing else is."""
CONTEXT_TOKENS = 128
BYTES_AND_MARKS = 259
"""What every vocabulary holds, before any piece is learnt."""
SEQUENCES_MOST = 16
STEPS_LEAST, STEPS_FIRST = 20, 200
LARGE_CHARACTERS = 300_000
LOOKS = (1, 5, 10)
"""Of the twenty evaluations, those at which it is looked at, besides before and after."""


def first_settings(characters: int, *, threads: int, seed: int) -> RunSettings:
    """The shape, with a number of steps that only serves to measure the speed."""
    layers = 3 if characters >= LARGE_CHARACTERS else 2
    shape = msgspec.structs.replace(
        recipe.shape(layers), vocabulary=vocabulary(characters), context_tokens=CONTEXT_TOKENS
    )
    return paced(
        RunSettings(
            kind="scratch",
            steps=STEPS_FIRST,
            sequences=sequences(characters),
            context_tokens=CONTEXT_TOKENS,
            learning_rate=3e-3,
            threads=threads,
            seed=seed,
            shape=shape,
        ),
        STEPS_FIRST,
    )


def vocabulary(characters: int) -> int:
    """Pieces: one for some 300 characters of text, so that each is met often enough to be learnt."""
    return max(BYTES_AND_MARKS + 128, min(2_048, characters // 300))


def sequences(characters: int) -> int:
    """Passages in a step: ten steps at least see the whole text, however short it is."""
    tokens = int(0.85 * characters / recipe.BYTES_A_TOKEN)
    return max(1, min(SEQUENCES_MOST, tokens // (10 * CONTEXT_TOKENS)))


def steps_for(minutes: float, tokens_per_s: float, characters: int, settings: RunSettings) -> int:
    """As many as fit in the minutes, and no more than read the text ``EPOCHS_MOST`` times."""
    seconds = max(0.0, 60 * min(minutes, MINUTES_MOST) - OVERHEAD_S)
    fit = int(SPARE * seconds * tokens_per_s / settings.step_tokens)
    read = int(EPOCHS_MOST * 0.85 * characters / recipe.BYTES_A_TOKEN / settings.step_tokens)
    return max(STEPS_LEAST, min(fit, read))


def paced(settings: RunSettings, steps: int) -> RunSettings:
    """The same with so many steps: what is told on the way follows."""
    return msgspec.structs.replace(
        settings,
        steps=steps,
        warmup_steps=max(2, steps // 20),
        evaluate_every_steps=max(1, steps // 20),
        checkpoint_every_steps=max(1, steps // 5),
    )


def looked_at(settings: RunSettings) -> tuple[int, ...]:
    return tuple(one * settings.evaluate_every_steps for one in LOOKS)
