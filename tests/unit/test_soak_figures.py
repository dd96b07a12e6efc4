"""What counts as growing: a leak is told from noise, from what is cached once, and from a spike."""

from __future__ import annotations

import random

import pytest

from tests.soak.figures import WATCHED, Sample, Watched, judged, settled, slope_per_s, table

MEMORY = Watched(name="rss_mb", unit="MB", what="memory", at_most=6, share=0.04)


def an_hour(grown_mb_per_hour: float = 0, noise_mb: float = 2) -> list[Sample]:
    """Sampled every 30 s: it fills its caches for ten minutes, then grows so much, with spikes of backups."""
    chance = random.Random(1)
    samples = []
    for number in range(120):
        at_s = number * 30.0
        rss_mb = 200 + 80 * min(1.0, at_s / 600) + grown_mb_per_hour * at_s / 3600 + chance.gauss(0, noise_mb)
        samples.append({"at_s": at_s, "rss_mb": rss_mb + (150 if number % 20 == 7 else 0)})
    return samples


def test_what_is_cached_once_and_spikes_are_no_growth() -> None:
    (told,) = judged(an_hour(), [MEMORY])
    assert told.flat
    assert abs(told.per_hour) < 5


def test_a_leak_is_seen_and_its_slope_told() -> None:
    (told,) = judged(an_hour(grown_mb_per_hour=60), [MEMORY])
    assert not told.flat
    assert 50 < told.per_hour < 70
    assert "GROWS" in table([told])


def test_what_shrinks_is_flat() -> None:
    (told,) = judged(an_hour(grown_mb_per_hour=-60), [MEMORY])
    assert told.flat


def test_what_was_not_seen_is_not_judged() -> None:
    assert judged(an_hour(), [one for one in WATCHED if one.name == "node_rss_mb"]) == []


def test_too_few_samples_say_nothing() -> None:
    with pytest.raises(ValueError, match="too few"):
        judged(an_hour()[:7], [MEMORY])


def test_the_beginning_is_left_out() -> None:
    assert settled(an_hour())[0]["at_s"] == 900


def test_the_slope_is_that_of_most_pairs() -> None:
    line = [(float(at), 2.0 * at) for at in range(30)]
    line[3] = (3.0, 1000.0)
    assert slope_per_s(line) == pytest.approx(2.0)
