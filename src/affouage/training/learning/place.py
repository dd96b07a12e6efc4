"""Where it computes: a card, several, or the processor. Choosing is pure; looking asks torch."""

from __future__ import annotations

import os

import msgspec
import psutil

from affouage.training.settings import Kind, Precision

SPARE = 0.8  # of a card's memory: the rest is for what passes through, and for the driver
BF16_CAPABILITY = (8, 0)


class Card(msgspec.Struct, frozen=True):
    """``capability``: NVIDIA's number of its generation; 8.0 is the first that computes bfloat16."""

    name: str
    memory_bytes: int
    capability: tuple[int, int]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """``split``: bytes that each card may hold of a model divided among them, layer by layer; None: it is whole.
    ``bfloat16``: products are computed in it (weights that move stay in 32 bits)."""

    device: str
    split: dict[int, int] | None = None
    bfloat16: bool = False
    told: str = ""


def choose(cards: list[Card], needed_bytes: int, precision: Precision) -> Place:
    """The first card that holds it all; else all cards together, if they do; else the processor.

    Cards that compute bfloat16 use it whatever the setting says, the processor only if asked.
    """
    asked = precision == "bfloat16"
    for number, card in enumerate(cards):
        if needed_bytes <= SPARE * card.memory_bytes:
            fast = card.capability >= BF16_CAPABILITY
            return Place(device=f"cuda:{number}", bfloat16=fast, told=card.name)
    if len(cards) > 1 and needed_bytes <= SPARE * sum(one.memory_bytes for one in cards):
        fast = all(one.capability >= BF16_CAPABILITY for one in cards)
        split = {number: int(SPARE * one.memory_bytes) for number, one in enumerate(cards)}
        return Place(device="cuda:0", split=split, bfloat16=fast, told=" + ".join(one.name for one in cards))
    told = f"no card holds {needed_bytes} bytes" if cards else ""
    return Place(device="cpu", bfloat16=asked, told=told)


def needed_bytes(parameters: int, trained: int, kind: Kind, precision: Precision, step_bytes: int) -> int:
    """Weights (4 bytes; 2 of a frozen base in bfloat16), and of those that move the gradient and two moments.
    ``step_bytes``: what one micro-batch keeps for the way back."""
    if kind == "lora":
        return (2 if precision == "bfloat16" else 4) * parameters + 16 * trained + step_bytes
    return 16 * trained + step_bytes


def step_bytes(tokens: int, layers: int, width: int, feed_forward: int, vocabulary: int) -> int:
    """An estimate from above: about ten widths and three feed-forwards a layer, and the scores of each piece twice."""
    return 4 * tokens * (layers * (10 * width + 3 * feed_forward) + 3 * vocabulary)


def threads(asked: int) -> int:
    """0: physical cores less one, of those this process may use."""
    if asked > 0:
        return asked
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed) - 1)


def look() -> list[Card]:
    import torch

    cards = []
    for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        found = torch.cuda.get_device_properties(number)
        cards.append(Card(found.name, found.total_memory, (found.major, found.minor)))
    return cards


def steady(seed: int, threads: int, *, on_card: bool) -> None:
    """The same seed gives the same numbers. Call before anything is drawn or computed."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    torch.backends.cuda.matmul.allow_tf32 = False
    # Some kernels of cards have no steady form: there torch warns instead of refusing.
    torch.use_deterministic_algorithms(True, warn_only=on_card)
