"""Plots: well-formed and finite whatever the figures, told in words, without script, style or anything from outside."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from affouage.asgi.headers import CONTENT_POLICY
from affouage.web.language import language
from affouage.web.plot import GRID_OPACITY, WIDTH, Bar, Line, Words, bars, log_lines, progress
from affouage.web.static import static_files

FRENCH, ENGLISH = language("fr"), language("en")
NAMESPACE = "{http://www.w3.org/2000/svg}"
WORDS = Words(name="plot", title="Titre", description="Ce que montre le dessin")

any_text = st.text(max_size=80)
any_words = st.builds(
    Words, name=st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True), title=any_text, description=any_text
)
any_figure = st.none() | st.floats() | st.integers(-5, 10**20)
any_bars = st.lists(st.builds(Bar, any_text, st.lists(any_figure, max_size=4).map(tuple)), max_size=40)
any_lines = st.lists(
    st.builds(Line, any_text, st.lists(st.tuples(st.floats(), any_figure), max_size=8).map(tuple)), max_size=6
)
languages = st.sampled_from([FRENCH, ENGLISH])


def check(svg: Markup, words: Words) -> ElementTree.Element:
    root = ElementTree.fromstring(str(svg))  # noqa: S314 - our own text
    assert root.tag == f"{NAMESPACE}svg"
    assert root.get("role") == "img"
    ids = {one.get("id"): one.tag for one in root.iter() if one.get("id")}
    told = str(root.get("aria-labelledby")).split()
    assert [ids[one] for one in told] == [f"{NAMESPACE}title", f"{NAMESPACE}desc"]
    assert all(str(one).startswith(words.name) for one in ids)
    tags = {one.tag.removeprefix(NAMESPACE) for one in root.iter()}
    assert tags <= {"svg", "title", "desc", "defs", "pattern", "path", "rect", "text"}
    for one in root.iter():
        for name, value in one.attrib.items():
            assert name not in ("style", "href")
            assert not name.startswith("on")
            if name in ("x", "y", "width", "height", "d", "viewBox", "stroke-width", "points"):
                assert not re.search(r"nan|inf", value), value
                for figure in re.findall(r"-?[\d.]+(?:e[+-]?\d+)?", value.removesuffix("%")):
                    assert abs(float(figure)) < 100_000, value
        reference = re.search(r"url\((.*?)\)", " ".join(one.attrib.values()))
        assert reference is None or reference[1].removeprefix("#") in ids
    return root


@given(any_bars, any_words, st.lists(any_text, max_size=5), any_text, languages, any_figure, any_text)
def test_bars_of_anything(days, words, series, unit, spoken, limit, limit_label) -> None:  # type: ignore[no-untyped-def]
    check(
        bars(days, words=words, series=series, unit=unit, language=spoken, limit=limit, limit_label=limit_label), words
    )


@given(any_lines, any_words, any_text, any_text, languages, any_figure, any_text)
def test_lines_of_anything(lines, words, x_label, y_label, spoken, here, here_label) -> None:  # type: ignore[no-untyped-def]
    svg = log_lines(
        lines, words=words, x_label=x_label, y_label=y_label, language=spoken, here=here, here_label=here_label
    )
    check(svg, words)


@given(st.floats(), st.floats(), st.none() | st.floats(), any_words)
def test_progress_of_anything(used: float, held: float, notice: float | None, words: Words) -> None:
    root = check(progress(used, held=held, notice=notice, words=words), words)
    for one in root.iter(f"{NAMESPACE}rect"):
        assert float(one.attrib["x"]) + float(one.attrib["width"]) <= WIDTH + 0.2


def texts(root: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in root.iter(f"{NAMESPACE}text")]


def test_words_are_escaped_and_kept() -> None:
    words = Words(name="plot", title='<script>alert("x")</script> & \x00', description="a < b")
    root = check(progress(0.5, words=words), words)
    title = root.find(f"{NAMESPACE}title")
    assert title is not None
    assert title.text == '<script>alert("x")</script> & \ufffd'


def test_bars_stand_as_high_as_their_figures() -> None:
    days = [Bar("1", (1.0, 3.0)), Bar("2", (2.0, None)), Bar("3", (0.0, 0.0))]
    root = check(bars(days, words=WORDS, series=("réponses", "veille"), unit="kWh", language=FRENCH), WORDS)
    drawn = [one for one in root.iter(f"{NAMESPACE}rect") if float(one.attrib["width"]) > 30]
    heights = [float(one.attrib["height"]) for one in drawn]
    assert heights == [pytest.approx(37.5), pytest.approx(112.5), pytest.approx(75)]  # 1, 3 and 2 on a scale to 4
    assert len({one.attrib["fill"] for one in drawn}) == 2, "told apart without colour"
    assert texts(root).count("?") == 1, "the unknown is said, not drawn as nothing"
    assert {"kWh", "1", "2", "3", "4", "réponses", "veille"} <= set(texts(root))


def test_the_limit_is_drawn_and_told() -> None:
    svg = bars(
        [Bar("1", (1.0,))], words=WORDS, series=("a",), unit="kWh", language=FRENCH, limit=2, limit_label="limite votée"
    )
    root = check(svg, WORDS)
    assert "limite votée" in texts(root)
    assert "2" in texts(root), "the scale reaches the limit"


def test_a_month_of_labels_does_not_overlap() -> None:
    days = [Bar(str(day), (1.0,)) for day in range(1, 32)]
    root = check(bars(days, words=WORDS, series=("a",), unit="kWh", language=FRENCH), WORDS)
    level = [one for one in root.iter(f"{NAMESPACE}text") if one.get("text-anchor") == "middle"]
    places = [float(one.attrib["x"]) for one in level]
    assert min(right - left for left, right in pairwise(places)) > 14


def test_equal_ratios_are_equal_distances() -> None:
    line = Line("total", ((10, 100.0), (100, 10.0), (1000, 1.0), (10_000, 0.0), (20_000, None)))
    root = check(log_lines([line], words=WORDS, x_label="par jour", y_label="g", language=FRENCH), WORDS)
    path = next(one.attrib["d"] for one in root.iter(f"{NAMESPACE}path") if one.get("stroke-width") == "2.6")
    spots = [tuple(map(float, spot.split())) for spot in path.removeprefix("M").split("L")]
    assert len(spots) == 3, "zero and unknown have no place on a logarithm"
    assert spots[1][0] - spots[0][0] == pytest.approx(spots[2][0] - spots[1][0], abs=0.2)
    assert spots[1][1] - spots[0][1] == pytest.approx(spots[2][1] - spots[1][1], abs=0.2)
    assert {"1", "10", "100", "1\u202f000"} <= set(texts(root))


def test_lines_are_told_apart_without_colour() -> None:
    lines = [Line(name, ((10, 1.0 + place), (100, 2.0 + place))) for place, name in enumerate("abcd")]
    root = check(
        log_lines(lines, words=WORDS, x_label="x", y_label="y", language=FRENCH, here=42, here_label="nous"), WORDS
    )
    strokes = {one.get("stroke-dasharray") for one in root.iter(f"{NAMESPACE}path") if one.get("fill") == "none"}
    assert len(strokes) == 4
    assert "nous" in texts(root)
    assert "currentColor" in str(root.attrib["fill"])


def test_figures_are_written_in_the_language() -> None:
    line = Line("total", ((10, 0.1), (1000, 1.0)))
    for spoken, tenth in ((FRENCH, "0,1"), (ENGLISH, "0.1")):
        svg = log_lines([line], words=WORDS, x_label="x", y_label="y", language=spoken)
        assert tenth in texts(check(svg, WORDS))


def test_what_is_over_the_limit_shows() -> None:
    full = check(progress(1.2, held=0.3, notice=0.8, words=WORDS), WORDS)
    part = check(progress(0.5, held=0.1, notice=0.8, words=WORDS), WORDS)
    widths = [float(one.attrib["width"]) for one in part.iter(f"{NAMESPACE}rect")][:2]
    assert widths == [pytest.approx(162), pytest.approx(32.4)]
    assert len(list(full.iter(f"{NAMESPACE}path"))) == len(list(part.iter(f"{NAMESPACE}path"))) + 1


@pytest.mark.parametrize("name", ["", "Plot", "a b", 'x"', "1a"])
def test_names_that_cannot_be_ids(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        progress(0.5, words=Words(name=name, title="t", description="d"))


def test_nothing_of_it_needs_more_than_the_policy_gives() -> None:
    assert "unsafe-inline" not in CONTENT_POLICY
    svg = str(progress(0.5, words=WORDS))
    assert "<style" not in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def luminance(colour: tuple[float, ...]) -> float:
    parts = [one / 255 / 12.92 if one <= 10 else ((one / 255 + 0.055) / 1.055) ** 2.4 for one in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_the_faintest_line_stands_out_in_light_and_dark() -> None:
    css = static_files()["affouage.css"].content.decode()
    for name in ("paper", "sheet"):
        pairs = zip(*(re.findall(rf"--{one}: #([0-9a-f]{{6}});", css) for one in (name, "ink")), strict=True)
        grounds = [[tuple(bytes.fromhex(one)) for one in pair] for pair in pairs]
        assert len(grounds) == 2, "one light, one dark"
        for page, ink in grounds:
            line = tuple(GRID_OPACITY * a + (1 - GRID_OPACITY) * b for a, b in zip(ink, page, strict=True))
            bright, dark = sorted((luminance(line), luminance(page)), reverse=True)
            assert (bright + 0.05) / (dark + 0.05) >= 3
