"""Plots as SVG text, made on the server. Pure: figures and words in, markup out; no script, no style, nothing outside.

Every plot has a title and a description that say what it shows, and stands beside a table: it can be done without.
Parts are told apart by dashes, marks and hatching, never by colour alone, all in the colour of the text
(``currentColor``), so they hold on paper, in the dark and in high contrast. Words are about 12 units of a drawing 340
units wide: readable on a screen of 320 px. What is unknown (None, or no finite figure) is left out, never drawn as 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from textwrap import wrap

import msgspec
from markupsafe import Markup, escape

from affouage.web.format import figures
from affouage.web.language import Language

WIDTH = 340
TEXT = 12
"""Size of words, in units of the drawing."""
GRID_OPACITY = 0.6
"""Of the lines of the scales: thin, and still 3:1 against the page, light or dark."""
_GLYPH = 6.6
_ROW = 17
_EDGE = 8
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 6")
_FEW_POINTS = 40
"""More of them, and marks would hide the line."""
_LEAST, _MOST = 1e-15, 1e15
"""Beyond these nobody reads a figure: taken for unknown."""
_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[a-z][a-z0-9-]*")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a plot is called and what it shows, for those who do not see it. ``name``: unique in its page, for ids."""

    name: str
    title: str
    description: str


class Bar(msgspec.Struct, frozen=True):
    """One bar of stacked parts, bottom first. A part that is None is unknown: the bar gets a question mark."""

    label: str
    parts: tuple[float | None, ...]


class Line(msgspec.Struct, frozen=True):
    """Points (x, y) in order; those that a logarithmic plot cannot show (zero, less, None) are left out."""

    name: str
    points: tuple[tuple[float, float | None], ...]


def bars(
    days: Sequence[Bar],
    *,
    words: Words,
    series: Sequence[str],
    unit: str,
    language: Language,
    limit: float | None = None,
    limit_label: str = "",
) -> Markup:
    """A bar per day (or month), parts stacked, on a plain scale from 0.

    ``series``: what each part is, in the order of ``Bar.parts``; ``unit``: of the figures, written at the top of the
    scale; ``limit``: a line across, in the same unit, told by ``limit_label``.
    """
    heights = [sum(_known(part) for part in day.parts) for day in days]
    ticks = _plain_ticks(max([*heights, _known(limit)], default=0.0))
    labels = [figures(tick, language, digits=3) for tick in ticks]
    frame = _Frame(left=_margin([*labels, unit]), top=26, height=150)
    drawn = [_text(frame.left - 5, 12, unit, "end")]
    for tick, label in zip(ticks, labels, strict=True):
        y = frame.y(tick / ticks[-1])
        drawn += [_stroke(frame.left, y, frame.right, y, faint=True), _text(frame.left - 5, y + 4, label, "end")]
    step = frame.width / max(1, len(days))
    for place, day in enumerate(days):
        drawn += _bar(words.name, day, frame, ticks[-1], frame.left + step * place, step)
    drawn += _bar_labels([day.label for day in days], frame, step)
    if limit is not None and _known(limit) > 0:
        y = frame.y(limit / ticks[-1])
        drawn.append(_stroke(frame.left, y, frame.right, y, dashes="7 3", width=1.6))
    legend, bottom = _bar_legend(words.name, series, limit_label if limit is not None else "", frame.bottom + 24)
    return _svg(words, bottom, _patterns(words.name), *drawn, *legend)


def log_lines(
    lines: Sequence[Line],
    *,
    words: Words,
    x_label: str,
    y_label: str,
    language: Language,
    write_y: Callable[[float], str] | None = None,
    here: float | None = None,
    here_label: str = "",
) -> Markup:
    """Lines on two logarithmic scales (each step of the grid is ten times the one before), the first drawn strongest.

    ``write_y`` writes the figures of the upright scale; ``here``: a place on the level scale, marked and told by
    ``here_label``.
    """
    kept = [Line(one.name, tuple(p for p in one.points if _in_log(p[0]) and _in_log(p[1]))) for one in lines]
    points = [point for one in kept for point in one.points]
    xs = _Decades([x for x, _ in points] + ([here] if here is not None and _in_log(here) else []), whole=False)
    ys = _Decades([y for _, y in points if y is not None], whole=True)
    write = write_y or (lambda value: figures(value, language))
    y_ticks = [(tick, write(tick)) for tick in ys.ticks()]
    frame = _Frame(left=_margin([label for _, label in y_ticks]), top=30, height=190)
    drawn = [_text(_EDGE, 13, y_label)]
    for tick, label in y_ticks:
        y = frame.y(ys.place(tick))
        drawn += [_stroke(frame.left, y, frame.right, y, faint=True), _text(frame.left - 5, y + 4, label, "end")]
    for tick in xs.ticks():
        x = frame.x(xs.place(tick))
        drawn += [_stroke(x, frame.top, x, frame.bottom, faint=True)]
        drawn += [_text(x, frame.bottom + 15, figures(tick, language, digits=3), "middle")]
    drawn.append(_text(frame.right, frame.bottom + 32, x_label, "end"))
    legend: list[str] = []
    bottom = frame.bottom + 52
    for place, line in enumerate(kept):
        spots = [(frame.x(xs.place(x)), frame.y(ys.place(y))) for x, y in line.points if y is not None]
        drawn += _line(spots, place)
        told, bottom = _row(line.name, bottom)
        legend += [*_line([(_EDGE, bottom - _ROW - 4), (_EDGE + 28, bottom - _ROW - 4)], place), *told]
    if here is not None and _in_log(here):
        x = frame.x(xs.place(here))
        drawn.append(_stroke(x, frame.top, x, frame.bottom, width=1.6))
        drawn.append(f'<path d="M{_n(x - 5)} {_n(frame.top - 7)}h10l-5 7z" fill="currentColor"/>')
        told, bottom = _row(here_label, bottom)
        legend += [f'<path d="M{_EDGE + 9} {_n(bottom - _ROW - 9)}h10l-5 7z" fill="currentColor"/>', *told]
    return _svg(words, bottom, "", *drawn, *legend)


def lines(curves: Sequence[Line], *, words: Words, x_label: str, y_label: str, language: Language) -> Markup:
    """Lines on two plain scales, as of a loss by its steps: the first drawn strongest, marks where points are few.

    The level scale begins at 0; the upright one at a round figure under the least.
    """
    kept = [Line(one.name, tuple(p for p in one.points if _is_known(p[0]) and _is_known(p[1]))) for one in curves]
    points = [(x, _known(y)) for one in kept for x, y in one.points]
    ys = _Plain([y for _, y in points], from_zero=False)
    xs = _Plain([x for x, _ in points], from_zero=True)
    labels = [figures(tick, language, digits=4) for tick in ys.ticks]
    frame = _Frame(left=_margin(labels), top=30, height=190)
    drawn = [_text(_EDGE, 13, y_label)]
    for tick, label in zip(ys.ticks, labels, strict=True):
        y = frame.y(ys.place(tick))
        drawn += [_stroke(frame.left, y, frame.right, y, faint=True), _text(frame.left - 5, y + 4, label, "end")]
    for tick in xs.ticks:
        x = frame.x(xs.place(tick))
        drawn.append(_text(x, frame.bottom + 15, figures(tick, language, digits=3), "middle"))
    drawn.append(_text(frame.right, frame.bottom + 32, x_label, "end"))
    legend: list[str] = []
    bottom = frame.bottom + 52
    for place, line in enumerate(kept):
        spots = [(frame.x(xs.place(x)), frame.y(ys.place(_known(y)))) for x, y in line.points]
        drawn += _line(spots, place, marked=len(spots) <= _FEW_POINTS)
        told, bottom = _row(line.name, bottom)
        legend += [*_line([(_EDGE, bottom - _ROW - 4), (_EDGE + 28, bottom - _ROW - 4)], place), *told]
    return _svg(words, bottom, "", *drawn, *legend)


def progress(used: float, *, words: Words, held: float = 0.0, notice: float | None = None) -> Markup:
    """A level bar: ``used`` and ``held`` (promised to what still runs, hatched) as parts of 1; 1 has a mark of its own
    when it is passed. ``notice``: where a first notice is given, as a part of 1.
    """
    used, held = _known(used), _known(held)
    scale = (WIDTH - 2 * _EDGE) / max(1.0, used + held)
    drawn = [
        _rect(_EDGE, 6, used * scale, 18, "currentColor"),
        _rect(_EDGE + used * scale, 6, held * scale, 18, f"url(#{words.name}-1)"),
        f'<rect x="{_EDGE}" y="6" width="{WIDTH - 2 * _EDGE}" height="18" fill="none" stroke="currentColor"/>',
    ]
    if used + held > 1:
        drawn.append(_stroke(_EDGE + scale, 0, _EDGE + scale, 30, width=3))
    if notice is not None and _known(notice) > 0:
        x = _EDGE + min(notice * scale, WIDTH - 2 * _EDGE)
        drawn += [_stroke(x, 1, x, 6, width=2), _stroke(x, 24, x, 29, width=2)]
    return _svg(words, 30, _patterns(words.name), *drawn)


# -- parts of a drawing ----------------------------------------------------------------------------------------------


class _Frame(msgspec.Struct, frozen=True):
    """Where the figures stand, within the margins."""

    left: float
    top: float
    height: float
    right: float = WIDTH - 24

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def x(self, part: float) -> float:
        return self.left + part * self.width

    def y(self, part: float) -> float:
        return self.bottom - part * self.height


class _Plain:
    """A plain scale over some values, between round figures."""

    def __init__(self, values: Sequence[float], *, from_zero: bool) -> None:
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        low = 0.0 if from_zero else low
        if high - low < _LEAST:
            high = low + 1.0
        power = 10.0 ** math.floor(math.log10((high - low) / 4))
        step = next((n * power for n in (1, 2, 5, 10) if n * power * 5 >= high - low), 10 * power)
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        self.ticks = [step * place for place in range(first, last + 1)]

    def place(self, value: float) -> float:
        return (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])


class _Decades:
    """A logarithmic scale over some values; ``whole``: it begins and ends at a power of ten."""

    def __init__(self, values: Sequence[float], *, whole: bool) -> None:
        logs = [math.log10(value) for value in values] or [0.0]
        self.low, self.high = min(logs), max(logs)
        if whole or self.high - self.low < 1:
            self.low, self.high = math.floor(self.low + 1e-9), math.ceil(self.high - 1e-9)
        if self.high <= self.low:
            self.high = self.low + 1

    def place(self, value: float) -> float:
        return (math.log10(value) - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        first, last = math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9)
        return [10.0**power for power in range(first, last + 1, max(1, math.ceil((last - first) / 6)))]


def _bar(name: str, day: Bar, frame: _Frame, top: float, left: float, step: float) -> list[str]:
    drawn, level = [], 0.0
    for place, part in enumerate(day.parts):
        height = _known(part) / top * frame.height
        if height > 0:
            fill = "currentColor" if place == 0 else f"url(#{name}-{(place - 1) % 4 + 1})"
            drawn.append(_rect(left + step * 0.12, frame.bottom - level - height, step * 0.76, height, fill))
            level += height
    if any(part is None or not _is_known(part) for part in day.parts):
        drawn.append(_text(left + step / 2, frame.bottom - level - 3, "?", "middle"))
    return drawn


def _bar_labels(labels: Sequence[str], frame: _Frame, step: float) -> list[str]:
    longest = max((len(label) for label in labels), default=1)
    every = max(1, math.ceil((longest + 1) * _GLYPH / step))
    return [
        _text(frame.left + step * (place + 0.5), frame.bottom + 15, label, "middle")
        for place, label in enumerate(labels)
        if place % every == 0
    ]


def _bar_legend(name: str, series: Sequence[str], limit_label: str, bottom: float) -> tuple[list[str], float]:
    drawn: list[str] = []
    bottom += _ROW
    for place, one in enumerate(series):
        told, after = _row(one, bottom)
        fill = "currentColor" if place == 0 else f"url(#{name}-{(place - 1) % 4 + 1})"
        drawn += [_rect(_EDGE, bottom - 11, 28, 12, fill), *told]
        bottom = after
    if limit_label:
        told, after = _row(limit_label, bottom)
        drawn += [_stroke(_EDGE, bottom - 4, _EDGE + 28, bottom - 4, dashes="7 3", width=1.6), *told]
        bottom = after
    return drawn, bottom - _ROW + 6


def _row(words: str, top: float) -> tuple[list[str], float]:
    """Words of a legend, on as many rows as they need; and where the next one stands."""
    rows = wrap(_clean(words), 44) or [""]
    return [_text(_EDGE + 36, top + _ROW * place, row) for place, row in enumerate(rows)], top + _ROW * len(rows)


def _line(spots: Sequence[tuple[float, float]], place: int, *, marked: bool = True) -> list[str]:
    if not spots:
        return []
    path = "L".join(f"{_n(x)} {_n(y)}" for x, y in spots)
    dashes = _DASHES[place % len(_DASHES)]
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    width = "2.6" if place == 0 else "1.5"
    marks = "".join(_mark(x, y, place) for x, y in spots) if marked else ""
    return [
        f'<path d="M{path}" fill="none" stroke="currentColor" stroke-width="{width}"{dashed}/>',
        f'<path d="{marks}" fill="currentColor"/>',
    ]


def _mark(x: float, y: float, place: int) -> str:
    """Disc, square, triangle, diamond: the same line, told apart without its dashes."""
    shapes = (
        f"M{_n(x - 3)} {_n(y)}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z",
        f"M{_n(x - 3)} {_n(y - 3)}h6v6h-6z",
        f"M{_n(x)} {_n(y - 4)}l4 7h-8z",
        f"M{_n(x)} {_n(y - 4)}l4 4l-4 4l-4 -4z",
    )
    return shapes[place % len(shapes)]


def _patterns(name: str) -> str:
    """Hatching 1 to 4: slanted, dotted, level, crossed."""
    strokes = ("M-1 1l2 -2M0 6l6 -6M5 7l2 -2", "M3 3h.01", "M0 3h6", "M0 3h6M3 0v6")
    caps = ("butt", "round", "butt", "butt")
    widths = ("1.5", "2.6", "1.5", "1")
    made = [
        f'<pattern id="{name}-{place}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<path d="{stroke}" stroke="currentColor" stroke-width="{width}" stroke-linecap="{cap}"/></pattern>'
        for place, (stroke, width, cap) in enumerate(zip(strokes, widths, caps, strict=True), 1)
    ]
    return f"<defs>{''.join(made)}</defs>"


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{fill}" '
        'stroke="currentColor" stroke-width=".8"/>'
    )


def _stroke(
    x1: float, y1: float, x2: float, y2: float, *, dashes: str = "", width: float = 1, faint: bool = False
) -> str:
    more = (f' stroke-dasharray="{dashes}"' if dashes else "") + (f' stroke-opacity="{GRID_OPACITY}"' if faint else "")
    thick = _n(0.6 if faint else width)
    return f'<path d="M{_n(x1)} {_n(y1)}L{_n(x2)} {_n(y2)}" stroke="currentColor" stroke-width="{thick}"{more}/>'


def _text(x: float, y: float, words: str, anchor: str = "start") -> str:
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{_n(x)}" y="{_n(y)}"{placed}>{escape(_clean(words))}</text>'


def _svg(words: Words, height: float, *drawn: str) -> Markup:
    if not _NAME.fullmatch(words.name):
        raise ValueError(f"{words.name!r} is no name for a plot: small letters, digits and hyphens")
    name = words.name
    return Markup(  # noqa: S704 - every word in it went through escape()
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" role="img" viewBox="0 0 {WIDTH} {_n(height)}" '
        f'width="100%" font-size="{TEXT}" fill="currentColor" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(_clean(words.title))}</title>'
        f'<desc id="{name}-desc">{escape(_clean(words.description))}</desc>{"".join(drawn)}</svg>'
    )


# -- figures ---------------------------------------------------------------------------------------------------------


def _is_known(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and 0 <= value < _MOST


def _known(value: float | None) -> float:
    """The figure, or 0 to draw nothing where it is not known."""
    return float(value) if value is not None and _is_known(value) else 0.0


def _in_log(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and _LEAST < value < _MOST


def _plain_ticks(most: float) -> list[float]:
    """0 and up to five round steps (1, 2 or 5 of a power of ten) that reach ``most``."""
    return [0.0, 1.0] if most < _LEAST else _Plain([most], from_zero=True).ticks


def _margin(labels: Sequence[str]) -> float:
    return min(120.0, 12 + _GLYPH * max((len(label) for label in labels), default=1))


def _n(value: float) -> str:
    """A figure of the drawing: finite, a tenth of a unit."""
    return f"{value:.1f}".removesuffix(".0")


def _clean(words: str) -> str:
    """Without the characters XML cannot hold."""
    return _NOT_XML.sub("\ufffd", words)
