"""The lesson's pure parts: the text made ready, the pace, the drawings, the page in both languages."""

from __future__ import annotations

import re
import string
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.cli.train_demo import writer
from affouage.cli.train_demo_running import Spent, energy_of
from affouage.errors import BadRequest
from affouage.footprint.meter import MeterInfo
from affouage.ledger.receipt import Energy
from affouage.training.demo import drawing, known, pace, text
from affouage.training.demo.lesson import Cost, Lesson, thinned
from affouage.training.demo.page import page, words
from affouage.training.demo.tales import tales
from affouage.training.folder import Began, End, Evaluated
from affouage.training.looks import Cut, Guess, Look, Watch, Writing
from affouage.units import Interval
from affouage.web.language import language

WH = 3_600_000_000
HOSTILE = "<script>alert(1)</script> & \" ' {braces} %s"

# -- the text --------------------------------------------------------------------------------------------------------


def test_the_tales_are_the_same_every_time_and_not_all_alike() -> None:
    assert tales(50) == tales(50)
    assert len(set(tales(300))) == 300
    assert all(one[0].isupper() and one[-1] in ".»" for one in tales(100))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), max_size=900), max_size=60))
def test_whatever_the_text_each_word_is_in_one_part_and_none_is_lost(paragraphs: list[str]) -> None:
    given_ = "\n\n".join(paragraphs)
    if sum(map(len, " ".join(given_.split()).split())) < text.LEAST_CHARACTERS:
        given_ = f"{given_}\n\n{'Une phrase de plus, pour la longueur. ' * 150}"
    made = text.from_words("essai.txt", given_)
    parts = (*made.train, *made.held_out, *made.test)
    assert all(getattr(made, part) for part in ("train", "held_out", "test"))
    assert sum(map(len, parts)) >= made.characters
    assert all(len(one) <= 6 * text.DOCUMENT_CHARACTERS for one in parts)


def test_what_is_kept_apart_is_not_learnt() -> None:
    made = text.shipped()
    assert not {*made.train} & {*made.held_out, *made.test}
    assert 0.1 < 1 - sum(map(len, made.train)) / made.characters < 0.2
    for told, following in text.guesses(made):
        assert following.startswith(" ")
        assert any(one.startswith(told + following) for one in made.held_out)
    assert any(text.passage(made) in one for one in made.held_out)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"court", "lesson_short"),
        (b"", "lesson_short"),
        (b"%PDF-1.7 ...", "lesson_not_text"),
        (b"PK\x03\x04 ...", "lesson_not_text"),
        (b"abc\0def" * 4000, "lesson_not_text"),
        (b"a" * 20_000, "lesson_same"),
    ],
)
def test_what_is_no_text_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(BadRequest) as refused:
        text.from_bytes("essai", content)
    assert refused.value.code == code
    assert refused.value.remedy


def test_another_encoding_is_read_and_said() -> None:
    words_ = "L’été, la forêt est très chaude. " * 300
    made = text.from_bytes("essai.txt", words_.encode("cp1252"))
    assert made.encoding == "Windows-1252"
    assert "forêt" in made.train[0]
    long = text.from_words("long", "mot " * (text.MOST_CHARACTERS // 2))
    assert long.left_out == 4 * (text.MOST_CHARACTERS // 2) - text.MOST_CHARACTERS


# -- the pace --------------------------------------------------------------------------------------------------------


@settings(derandomize=True, deadline=None)
@given(st.integers(text.LEAST_CHARACTERS, text.MOST_CHARACTERS), st.floats(0.5, 10), st.floats(50, 1e6))
def test_a_lesson_ends_in_time_and_reads_no_text_too_often(characters: int, minutes: float, speed: float) -> None:
    first = pace.first_settings(characters, threads=2, seed=1)
    assert first.shape is not None
    assert first.shape.vocabulary > pace.BYTES_AND_MARKS
    steps = pace.steps_for(minutes, speed, characters, first)
    paced = pace.paced(first, steps)
    assert steps >= pace.STEPS_LEAST
    assert set(pace.looked_at(paced)) <= {number * paced.evaluate_every_steps for number in range(steps + 1)}
    if steps > pace.STEPS_LEAST:
        assert steps * first.step_tokens / speed <= 60 * minutes
        assert steps * first.step_tokens <= pace.EPOCHS_MOST * characters / 4


def test_a_short_text_still_has_a_step() -> None:
    made = text.from_words("court", "Une phrase assez courte pour une leçon. " * 110)
    settings_ = pace.first_settings(made.characters, threads=1, seed=0)
    tokens = sum(map(len, made.train)) / 5  # pieces are shorter than that here
    assert settings_.sequences * settings_.context_tokens < tokens


# -- figures ---------------------------------------------------------------------------------------------------------


def test_known_things_are_computed() -> None:
    hour = Interval(WH, WH, 2 * WH)
    assert known.lamp_minutes(hour).central == pytest.approx(7.5)
    assert known.litres_heated(Interval(93 * WH, 93 * WH, 93 * WH)).central == pytest.approx(1, abs=0.01)


def test_energy_is_counted_unknown_or_at_least() -> None:
    info = MeterInfo(
        id="estimate", kind="estimate", covers=("machine",), quality="estimated", low_factor=0.5, high_factor=2,
        method="estimate",
    )  # fmt: skip
    assert energy_of(Spent(silent_us=5), info).interval_uj is None
    whole = energy_of(Spent(counted_uj=1000, known_us=100), info)
    assert (whole.interval_uj, whole.at_least, whole.quality) == (Interval(500, 1000, 2000), False, "estimated")
    assert energy_of(Spent(counted_uj=1000, known_us=90, silent_us=10), info).at_least
    assert energy_of(Spent(counted_uj=1000, known_us=100, torn=True), info).at_least, "a try was killed"


@settings(derandomize=True)
@given(st.lists(st.floats(0, 20), min_size=1, max_size=1000))
def test_a_thinned_curve_keeps_its_ends_and_its_range(losses: list[float]) -> None:
    points = list(enumerate(losses))
    kept = thinned(points)
    assert len(kept) <= 161
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert all(min(losses) - 1e-9 <= loss <= max(losses) + 1e-9 for _, loss in kept)
    assert [step for step, _ in kept] == sorted({step for step, _ in kept})


@settings(derandomize=True)
@given(st.floats(0, 1e6))
def test_ticks_are_round_few_and_reach_the_top(most: float) -> None:
    ticks = drawing.nice(most)
    assert ticks[0] == 0
    assert 2 <= len(ticks) <= 7
    assert ticks[-1] >= most * 0.999


# -- the page --------------------------------------------------------------------------------------------------------


def a_lesson(**more: object) -> Lesson:
    made = text.shipped()
    settings_ = pace.paced(pace.first_settings(made.characters, threads=2, seed=0), 100)
    watch = Watch(shown="x", given=(("a", " b"),), begun=(HOSTILE,))

    def look(step: int) -> Look:
        guess = Guess(HOSTILE, " b", 0.2, ((" b", 0.2), ("\n", 0.1), ("\ufffd", 0.01), (HOSTILE, 0.001)))
        writings = (Writing(HOSTILE, "suite \x00 \ufffd"), Writing("Jeanne", ""))
        return Look(at_ms=0, step=step, tokens=0, guesses=(guess,), writings=writings, cpu_us=1)

    given_: dict[str, object] = {
        "text": msgspec.structs.replace(made, name=HOSTILE, left_out=12, encoding="Windows-1252"),
        "settings": settings_,
        "watch": watch,
        "began": Began(at_ms=0, step=0, parameters=1_000_000, trained=1_000_000, device="cpu", threads=2),
        "cut": Cut(pieces=("Le", " bois", HOSTILE), numbers=(1, 2, 3), vocabulary=9, first=(" l",), longest=("bois",),
                   train_tokens=100_000),
        "looks": (look(0), look(5), look(25), look(100)),
        "losses": tuple((step, 7 - step / 20) for step in range(1, 101)),
        "held_out": ((0, 6.9), (50, 2.0), (100, 2.4)),
        "evaluated": Evaluated(at_ms=0, perplexity=9.0, recited=3, recited_of=20),
        "end": End(at_ms=0, step=100, reason="done"),
        "cost": Cost(wall_ms=180_000, cpu_us=300_000_000, how=("Une prise mesure.",), machine="Un processeur",
                     energy=Energy(interval_uj=Interval(WH, 2 * WH, 3 * WH), quality="measured")),
        "day": "2026-11-29",
    }  # fmt: skip
    return Lesson(**{**given_, **more})  # type: ignore[arg-type]


def made_page(code: str = "fr", **more: object) -> str:
    return page(
        a_lesson(**more), writer(language(code)), version="1", command="affouage train demo", model_bytes=2_000_000
    )


class Tags(HTMLParser):
    """Every tag closed in its order, nothing from elsewhere."""

    VOID = frozenset({"meta", "line", "rect", "circle", "polyline", "path", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        given_ = dict(attrs)
        self.ids += [given_["id"]] if given_.get("id") else []
        assert not any(name.startswith("on") or name in ("style", "src") for name in given_), attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag


@pytest.mark.parametrize("code", ["fr", "en"])
def test_the_page_is_whole_alone_and_says_hostile_words_as_words(code: str) -> None:
    told = made_page(code)
    tags = Tags()
    tags.feed(told)
    assert tags.open == []
    assert len(tags.ids) == len(set(tags.ids))
    assert not tags.seen & {"script", "link", "img", "iframe", "object"}
    assert f'<html lang="{code}">' in told
    assert "alert(1)" in told
    assert "{" not in re.sub(r"<style>.*?</style>|\{braces\}", "", told, flags=re.S), "a blank was left"
    assert re.findall(r'(?:src|href)="([^"]+)"', told) == [known.BLOOM.url]
    assert "url(" not in told


def test_figures_stand_in_the_page_with_their_range_and_their_source() -> None:
    told = re.sub(r"<[^>]+>", " ", made_page()).replace("\u202f", " ").replace("\xa0", " ")
    assert "≈ 2 Wh (de 1 à 3), mesuré" in told
    assert re.search(r"lampe de 8 W allumée 15 minutes \(de 7,5 à 2[23]\)", told)
    assert "il en a récité 3 mot pour mot" in told
    assert "surapprentissage" in told, "the held-out loss rose again"
    assert "176 000 000 000" in told
    assert "surapprentissage" not in made_page(held_out=((0, 6.9), (100, 2.0)))


def test_what_is_not_known_is_said() -> None:
    told = made_page("en", cost=Cost(wall_ms=1000), evaluated=None)
    assert told.count("unknown") >= 4
    assert "recited" not in told
    stopped = made_page("en", end=End(at_ms=0, step=50, reason="stopped"))
    assert "stopped on the way, after 50 steps" in stopped


def test_both_languages_have_the_same_blanks_and_all_words_serve() -> None:
    def blanks(sentence: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}

    source = (text.Path(drawing.__file__).parent / "page.py").read_text(encoding="utf-8")
    for name, sentence in words().items():
        assert blanks(sentence.fr) == blanks(sentence.en), name
        assert "'" not in sentence.fr, name
        assert re.search(rf"""["']{name}["']""", source) or name.startswith("class_"), f"{name} is not used"
