"""The curves of a run as a drawing: finite, within its margins, told apart without colour, whatever was told."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from affouage.training.runs.story import Story
from affouage.web.language import language
from affouage.web.plot import WIDTH, Line, Words, lines
from affouage.web.training.curves import curves
from tests.unit.test_training_receipt import run_of

FRENCH, ENGLISH = language("fr"), language("en")
LOSSES = st.floats(0, 1e6, allow_nan=False) | st.sampled_from([float("nan"), float("inf"), -1.0])
POINTS = st.lists(st.tuples(st.integers(0, 10**7), LOSSES), max_size=60)


@given(POINTS, POINTS)
def test_any_curve_is_drawn_within_its_margins(
    train: list[tuple[int, float]], held_out: list[tuple[int, float]]
) -> None:
    drawing = str(curves([(run_of(), Story(train=train, held_out=held_out))], FRENCH))
    tree = ET.fromstring(drawing)  # noqa: S314 - our own drawing
    assert "nan" not in drawing.replace("nats", "")
    for path in tree.iter("{http://www.w3.org/2000/svg}path"):
        for x in re.findall(r"[ML](-?\d+(?:\.\d+)?) ", path.attrib["d"]):
            assert -1 <= float(x) <= WIDTH + 1


def test_a_scale_that_does_not_begin_at_zero_shows_what_changes() -> None:
    words = Words(name="x", title="t", description="d")
    drawing = str(lines([Line("l", ((0, 5.7), (10, 5.2)))], words=words, x_label="x", y_label="y", language=ENGLISH))
    labels = [float(one) for one in re.findall(r">(5\.\d+|5|6)</text>", drawing)]
    assert min(labels) >= 5
    assert len(labels) >= 3


def test_marks_stand_where_points_are_few_and_two_runs_are_told_apart() -> None:
    few, many = ([(step, 5.0 - step / 200) for step in range(count)] for count in (5, 100))
    drawn = [str(curves([(run_of(), Story(train=points))], ENGLISH)) for points in (few, many)]
    assert drawn[0].count("a3 3 0 1 0 6 0") == 5 + 2, "and the two of the legend"
    assert drawn[1].count("a3 3 0 1 0 6 0") == 2
    both = str(curves([(run_of(), Story(held_out=few)), (run_of(), Story(held_out=few))], ENGLISH, "both"))
    assert both.count("stroke-dasharray") >= 1
    assert 'id="both-title"' in both
