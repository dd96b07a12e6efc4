"""One step after another: AdamW, warm-up and cosine, gradients gathered over passes and clipped. No files here."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from affouage.training.learning.ending import RunEnds, stopped
from affouage.training.learning.place import Place
from affouage.training.learning.schedule import Order, batches, cut, rate
from affouage.training.learning.subject import Subject
from affouage.training.settings import RunSettings

BETAS = (0.9, 0.95)


class Step(NamedTuple):
    """``loss``: mean cross-entropy over the step, nats a token."""

    loss: float
    learning_rate: float


class Learner:
    """``read``: the tokens of some windows, [windows, context + 1]. ``asked_to_stop`` is looked at before each pass."""

    def __init__(
        self,
        subject: Subject,
        settings: RunSettings,
        read: Callable[[list[int]], npt.NDArray[np.int64]],
        order: Order,
        asked_to_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.subject, self.settings = subject, settings
        self._read, self._order, self._asked_to_stop = read, order, asked_to_stop
        self.moving = subject.moving
        self.optimiser = optimiser(self.moving, settings, on_card=subject.place.device != "cpu")

    def step(self, number: int) -> Step:
        """From 1. Raises RunEnds: stopped (then nothing has moved, and it can be done again), loss_not_finite."""
        chance, learning_rate, losses = chance_state(), rate(number, self.settings), 0.0
        for windows in batches(number, self.settings, self._order):
            if self._asked_to_stop():
                self.optimiser.zero_grad()
                restore_chance(chance)
                raise stopped()
            loss = loss_of(self.subject.model, self.subject.place, self._read(windows)) / self.settings.accumulate
            loss.backward()
            losses += float(loss.detach())
        norm = torch.nn.utils.clip_grad_norm_(list(self.moving.values()), self.settings.clip_norm)
        if not math.isfinite(losses) or not math.isfinite(float(norm)):
            self.optimiser.zero_grad()
            raise not_finite(number, learning_rate)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        self.optimiser.step()
        self.optimiser.zero_grad()
        return Step(losses, learning_rate)


def not_finite(step: int, learning_rate: float) -> RunEnds:
    return RunEnds(
        "loss_not_finite",
        f"At step {step} the loss was no longer a number: the weights ran away. The last good checkpoint is kept.",
        f"A lower learning_rate (it was {learning_rate:.2g}), or a longer warm-up.",
    )


def optimiser(moving: dict[str, Any], settings: RunSettings, *, on_card: bool) -> torch.optim.AdamW:
    """Matrices are drawn to zero by ``weight_decay``; norms and biases are not."""
    groups = [
        {"params": [one for one in moving.values() if one.dim() >= 2], "weight_decay": settings.weight_decay},
        {"params": [one for one in moving.values() if one.dim() < 2], "weight_decay": 0.0},
    ]
    kept = [group for group in groups if group["params"]]
    return torch.optim.AdamW(kept, lr=settings.learning_rate, betas=BETAS, fused=not on_card)


def loss_of(model: Any, place: Place, tokens: npt.NDArray[np.int64], reduction: str = "mean") -> torch.Tensor:
    """Cross-entropy of each next token. ``tokens``: [sequences, context + 1]."""
    read = torch.from_numpy(tokens).to(place.device)
    inside = torch.autocast(read.device.type, torch.bfloat16) if place.bfloat16 else contextlib.nullcontext()
    with inside:
        scores = model(input_ids=read[:, :-1], use_cache=False).logits
    wanted = read[:, 1:].to(scores.device)
    return torch.nn.functional.cross_entropy(scores.flatten(0, 1).float(), wanted.flatten(), reduction=reduction)


def chance_state() -> dict[str, Any]:
    cards = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"processor": torch.get_rng_state(), "cards": cards}


def restore_chance(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["processor"])
    if state["cards"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cards"])


def mean_loss(
    subject: Subject,
    tokens: npt.NDArray[np.uint32],
    windows: list[int],
    settings: RunSettings,
    asked_to_stop: Callable[[], bool] = lambda: False,
) -> tuple[float, int]:
    """(loss in nats a token, tokens) over some windows, without learning. A text shorter than one window is one."""
    context = settings.context_tokens
    if not windows and len(tokens) >= 2:
        windows, context = [0], len(tokens) - 1
    total, seen = 0.0, 0
    subject.model.eval()
    try:
        with torch.no_grad():
            for start in range(0, len(windows), settings.sequences):
                if asked_to_stop():
                    raise stopped()
                some = cut(tokens, windows[start : start + settings.sequences], context)
                total += float(loss_of(subject.model, subject.place, some, "sum"))
                seen += some.shape[0] * context
    finally:
        subject.model.train()
    return total / seen, seen
