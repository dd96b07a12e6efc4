"""One dial for size: everything else about a model from scratch follows from its number of layers. Pure.

The sums stand beside the numbers, and ``explained`` gives them to people before anything starts.
"""

from __future__ import annotations

import math

import msgspec

from affouage.errors import BadRequest
from affouage.training.settings import Adapter, RunSettings, Shape

LAYERS_LEAST, LAYERS_MOST = 1, 32
HEAD_WIDTH = 64
VOCABULARY_A_LAYER, VOCABULARY_MOST = 1_024, 32_768
TOKENS_A_PARAMETER = 20  # Hoffmann et al. 2022 ("Chinchilla"): more text than this is better spent on more layers
EPOCHS_WORTH_IT = 4  # Muennighoff et al. 2023: to four readings, a text read again teaches almost like a new one
BYTES_A_TOKEN = 4  # French text in a vocabulary of some thousands: 3.5 to 4.5
RATE_MOST = 3e-3  # the law below was fitted on larger models; above this, small ones are unsteady
STEPS_LEAST = 20
STEPS_WORTH_IT = 600  # measured: the same tokens teach a small model more in many small steps than in few large ones


class Line(msgspec.Struct, frozen=True):
    """One setting as people read it: its ``name``, its ``value``, the sum it comes from."""

    name: str
    value: str
    because: str


def shape(layers: int) -> Shape:
    """Raises BadRequest: out of the dial."""
    if not LAYERS_LEAST <= layers <= LAYERS_MOST:
        raise BadRequest(
            f"A model from scratch has {LAYERS_LEAST} to {LAYERS_MOST} layers, not {layers}.",
            remedy="4 learns in minutes on two cores, 8 in a night, 16 needs a card.",
            param="layers",
        )
    width = HEAD_WIDTH * layers
    return Shape(
        layers=layers,
        width=width,
        feed_forward=-(-8 * width // 3 // 64) * 64,
        heads=layers,
        kv_heads=_kv_heads(layers),
        vocabulary=min(VOCABULARY_MOST, max(2, layers) * VOCABULARY_A_LAYER),
        context_tokens=min(2_048, 128 * max(1, layers // 2)),
    )


def _kv_heads(heads: int) -> int:
    """The largest divisor of ``heads`` that is at most its half: queries share their keys two by two where they can."""
    return max((one for one in range(1, heads // 2 + 1) if heads % one == 0), default=1)


def parameters(of: Shape) -> int:
    """Numbers that are learnt; the embedding counts once, it is also the output."""
    key_width = of.width // of.heads * of.kv_heads
    attention = 2 * of.width * of.width + 2 * of.width * key_width
    layer = attention + 3 * of.width * of.feed_forward + 2 * of.width
    return of.vocabulary * of.width + of.layers * layer + of.width


def derive(
    layers: int, *, corpus_bytes: int | None = None, epochs: float = EPOCHS_WORTH_IT, seed: int = 0, threads: int = 0
) -> RunSettings:
    """The settings of a model of ``layers`` layers. ``corpus_bytes``: of its training text; None: as much as it wants.

    Raises BadRequest: a size out of the dial, or a corpus too small to learn from at all.
    """
    of = shape(layers)
    tokens = TOKENS_A_PARAMETER * parameters(of)
    if corpus_bytes is not None:
        tokens = min(tokens, math.floor(epochs * corpus_bytes / BYTES_A_TOKEN))
    if tokens < STEPS_LEAST * of.context_tokens:
        raise BadRequest(
            f"A corpus of {corpus_bytes} bytes read {epochs:g} times is about {tokens} tokens; "
            f"this size needs at least {STEPS_LEAST * of.context_tokens}.",
            remedy="Add texts, read them more often (epochs), or take fewer layers.",
            param="corpus",
        )
    step_tokens, rate = _batch_and_rate(of, tokens)
    sequences = max(1, round(step_tokens / of.context_tokens))
    accumulate = max(1, -(-sequences // 16))  # a micro-batch of at most sixteen sequences keeps memory low
    sequences = -(-sequences // accumulate)
    steps = max(STEPS_LEAST, tokens // (sequences * accumulate * of.context_tokens))
    return RunSettings(
        kind="scratch",
        steps=steps,
        sequences=sequences,
        accumulate=accumulate,
        context_tokens=of.context_tokens,
        learning_rate=rate,
        warmup_steps=max(2, min(200, steps // 20)),
        evaluate_every_steps=max(5, steps // 20),
        checkpoint_every_steps=max(10, steps // 20),
        seed=seed,
        threads=threads,
        shape=of,
    )


def _batch_and_rate(of: Shape, tokens: int) -> tuple[float, float]:
    """Tokens a step and highest learning rate, from the whole computation C = 6 x parameters x tokens.

    Laws of DeepSeek LLM (2024), section 3.1: 0.2920 C^0.3271 and 0.3118 C^-0.1250. They were fitted on computations a
    hundred times larger: a small run gets ``STEPS_WORTH_IT`` steps where its text is long enough, and a bounded rate.
    """
    computation = 6.0 * parameters(of) * tokens
    batch = min(0.2920 * computation**0.3271, tokens / STEPS_WORTH_IT)
    return batch, float(f"{min(RATE_MOST, 0.3118 * computation**-0.1250):.2g}")


def adapt(
    base: str, *, corpus_bytes: int | None = None, rank: int = 8, epochs: float = 2.0, seed: int = 0, threads: int = 0
) -> RunSettings:
    """The settings of an adapter (LoRA) on the model ``base``: a rate ten times that of a whole model, short sequences.

    Raises BadRequest: a rank no adapter has.
    """
    if not 1 <= rank <= 256:
        raise BadRequest(f"The rank of an adapter is 1 to 256, not {rank}.", remedy="8 is usual.", param="rank")
    context_tokens, sequences, accumulate = 256, 1, 8
    wanted = 1_000_000 if corpus_bytes is None else math.floor(epochs * corpus_bytes / BYTES_A_TOKEN)
    steps = max(STEPS_LEAST, min(2_000, wanted // (context_tokens * sequences * accumulate)))
    return RunSettings(
        kind="lora",
        steps=steps,
        sequences=sequences,
        accumulate=accumulate,
        context_tokens=context_tokens,
        learning_rate=2e-4,
        warmup_steps=max(2, steps // 20),
        weight_decay=0.0,
        evaluate_every_steps=max(5, steps // 10),
        checkpoint_every_steps=max(5, steps // 10),
        patience=3,
        seed=seed,
        threads=threads,
        base=base,
        adapter=Adapter(rank=rank, alpha=2 * rank),
    )


def explained(settings: RunSettings) -> list[Line]:
    """Every setting that follows from another, with why: what a plan shows."""
    lines = [*(_of_shape(settings.shape) if settings.shape else ()), *_of_adapter(settings)]
    seen = settings.steps * settings.step_tokens
    lines += [
        Line("context", f"{settings.context_tokens} tokens", "what it reads at once"),
        Line(
            "step",
            f"{settings.step_tokens} tokens",
            f"{settings.sequences} sequences x {settings.accumulate} passes x {settings.context_tokens} tokens",
        ),
        Line("steps", f"{settings.steps}", f"{seen} tokens in all"),
        Line(
            "learning rate",
            f"{settings.learning_rate:g}",
            f"rises over {settings.warmup_steps} steps, then falls along a cosine to a tenth",
        ),
    ]
    return lines


def _of_shape(of: Shape) -> list[Line]:
    return [
        Line("layers", f"{of.layers}", "the dial"),
        Line("width", f"{of.width}", f"{HEAD_WIDTH} for each layer"),
        Line("heads", f"{of.heads}, of keys {of.kv_heads}", f"one for {of.width // of.heads} of width"),
        Line("feed-forward", f"{of.feed_forward}", "8/3 of the width, in steps of 64"),
        Line("vocabulary", f"{of.vocabulary} pieces", f"{VOCABULARY_A_LAYER} for each layer, to {VOCABULARY_MOST}"),
        Line("parameters", f"{parameters(of)}", "numbers that are learnt"),
    ]


def _of_adapter(settings: RunSettings) -> list[Line]:
    if settings.adapter is None:
        return []
    return [
        Line("rank", f"{settings.adapter.rank}", "width of what is added to each matrix"),
        Line("scale", f"{settings.adapter.alpha / settings.adapter.rank:g}", "alpha / rank"),
    ]
