"""Drawings of a lesson as SVG that stands in the page: told by shape and words, not by colour alone. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 640, 260
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 14, 624, 222
BAR_WIDTH, BAR_ROW = 250, 22


def curves(
    learnt: Points, apart: Points, *, title: str, told: str, names: tuple[str, str], axes: tuple[str, str],
    write: Callable[[float], str], write_step: Callable[[int], str], marks: Sequence[int] = (),
) -> Markup:  # fmt: skip
    """Loss by step: of the text learnt from (a thin line) and of the text kept apart (thick, with dots).

    ``marks``: steps at which it was looked at, as small triangles on the floor.
    """
    most_x = max((x for x, _ in (*learnt, *apart)), default=1) or 1
    ticks = nice(max((y for _, y in (*learnt, *apart)), default=1.0))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return (
            _LEFT + (_RIGHT - _LEFT) * point[0] / most_x,
            _BOTTOM - (_BOTTOM - _TOP) * min(point[1], ticks[-1]) / ticks[-1],
        )

    parts = [_grid(tick, ticks[-1], write) for tick in ticks]
    parts += [_floor(step, most_x, write_step) for step in (0, most_x / 2, most_x)]
    parts.append(_line([place(one) for one in learnt], "thin"))
    parts.append(_line([place(one) for one in apart], "thick"))
    dots = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3"/>')
    parts += [dots.format(*place(one)) for one in apart]
    parts += [_mark(place((float(one), 0.0))[0]) for one in marks]
    parts.append(_text(_LEFT, 10, axes[1], "start"))
    parts.append(_text(_RIGHT, HEIGHT - 4, axes[0], "end"))
    parts += _legend(names)
    return _svg(WIDTH, HEIGHT, title, told, parts)


def nice(most: float) -> list[float]:
    """0 and round steps up to ``most`` or just above, four or five of them."""
    if most <= 0 or not math.isfinite(most):
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(most))
    step = next(one * power for one in (0.2, 0.25, 0.5, 1.0, 2.0, 2.5) if most / (one * power) <= 5)
    count = math.ceil(most / step - 1e-9)
    return [step * number for number in range(count + 1)]


def bars(rows: Sequence[tuple[str, float, bool]], *, title: str, told: str, percent: Callable[[float], str]) -> Markup:
    """(piece, chance, is it the one the text has): a bar each; the right one is hatched and marked with an arrow."""
    parts = []
    for number, (piece, chance, right) in enumerate(rows):
        y = number * BAR_ROW
        length = max(1.0, 92 * min(1.0, chance))
        kind = "right" if right else "bar"
        parts.append(_text(96, y + 15, ("▸ " if right else "") + piece, "end", "piece"))
        parts.append(Markup('<rect class="{}" x="102" y="{}" width="{:.1f}" height="14"/>').format(kind, y + 4, length))
        parts.append(_text(106 + length, y + 15, percent(chance), "start"))
    return _svg(BAR_WIDTH, BAR_ROW * len(rows) + 4, title, told, parts)


def _svg(width: int, height: int, title: str, told: str, parts: Sequence[Markup]) -> Markup:
    inner = Markup("").join(parts)
    return Markup(
        '<svg role="img" viewBox="0 0 {} {}" width="{}" height="{}" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(width, height, width, height, f"{title}. {told}", title, inner)


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}"{}>{}</text>').format(
        x, y, anchor, Markup(' class="{}"').format(kind) if kind else "", words
    )


def _grid(tick: float, most: float, write: Callable[[float], str]) -> Markup:
    y = _BOTTOM - (_BOTTOM - _TOP) * tick / most
    line = Markup('<line class="grid" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>').format(_LEFT, y, _RIGHT, y)
    return line + _text(_LEFT - 6, y + 4, write(tick), "end")


def _floor(step: float, most: float, write: Callable[[int], str]) -> Markup:
    x = _LEFT + (_RIGHT - _LEFT) * step / most
    return _text(x, _BOTTOM + 16, write(round(step)), "start" if step == 0 else "end" if step == most else "middle")


def _line(points: Points, kind: str) -> Markup:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"/>').format(kind, path)


def _mark(x: float) -> Markup:
    return Markup('<path class="mark" d="M{:.1f} {} l-4 7 h8 z"/>').format(x, _BOTTOM)


def _legend(names: tuple[str, str]) -> list[Markup]:
    x = _RIGHT - 262
    drawn = []
    for place, (kind, name) in enumerate(zip(("thin", "thick"), names, strict=True)):
        y = _TOP + 14 + 20 * place
        drawn.append(Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(kind, x, y, x + 30, y))
        drawn.append(_text(x + 38, y + 4, name, "start"))
    return drawn
