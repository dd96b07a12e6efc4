"""The page of a lesson: one file, nothing from elsewhere, no script, made to be printed. Pure.

Words are in ``words.toml``; figures are written by whoever calls, who knows the reader's language.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import msgspec
from markupsafe import Markup

from affouage.catalogue.openness import Say
from affouage.training.demo import drawing
from affouage.training.demo.known import BLOOM, LAMP_WATTS, MICROJOULES_PER_WH, lamp_minutes, litres_heated
from affouage.training.demo.lesson import Lesson
from affouage.training.folder import RunFolder
from affouage.training.looks import Guess, Look
from affouage.units import Interval

PAGE_CHARACTERS = 2_000
"""Of an ordinary printed page."""
ROSE = 1.03
"""The held-out loss ended so many times above its best: it rose again."""


@dataclass(frozen=True)
class Writer:
    """How figures are written in a language. ``spread``: "from 1 to 3"; ``energy``, ``mass``: (figure, its range)."""

    code: str
    typeset: Callable[[str], str]
    whole: Callable[[int], str]
    figures: Callable[[float], str]
    percent: Callable[[float], str]
    duration: Callable[[int], str]
    size: Callable[[int], str]
    energy: Callable[[Interval], tuple[str, str]]
    mass: Callable[[Interval], tuple[str, str]]
    spread: Callable[[float, float], str]
    quality: Callable[[str], str]
    date: Callable[[str], str]


@cache
def words() -> dict[str, Say]:
    text = resources.files("affouage.training.demo").joinpath("words.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Say])


@cache
def style() -> str:
    return resources.files("affouage.training.demo").joinpath("page.css").read_text(encoding="utf-8")


def page(lesson: Lesson, write: Writer, *, version: str, command: str, model_bytes: int | None) -> str:
    """The whole file. ``command``: by which it is done again."""
    return str(_Page(lesson, write).whole(version, command, model_bytes))


class _Page:
    def __init__(self, lesson: Lesson, write: Writer) -> None:
        self.lesson, self.write = lesson, write

    def say(self, key: str, /, **blanks: str | int) -> str:
        text = words()[key].in_language(self.write.code)
        return self.write.typeset(text).format(**blanks)

    def whole(self, version: str, command: str, model_bytes: int | None) -> Markup:
        sections = (
            self._text(), self._pieces(), self._guesses(), self._learning(), self._writings(),
            self._cost(model_bytes), self._lacks(), self._large(), self._in_class(command),
        )  # fmt: skip
        lesson = self.lesson
        stopped = "" if lesson.end.reason in ("done", "early_stop") else self.say("stopped", steps=lesson.steps)
        return Markup(
            '<!doctype html>\n<html lang="{}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n'
            '<main>\n<h1>{}</h1>\n<p class="lead">{}</p>\n{}{}\n</main>\n<footer><p>{}</p></footer>\n</body>\n</html>\n'
        ).format(
            self.write.code,
            self.say("title"),
            Markup(style()),  # noqa: S704 - our own sheet
            self.say("title"),
            self.say("lead", day=self.write.date(lesson.day)),
            _paragraphs([stopped]) if stopped else "",
            Markup("\n").join(sections),
            self.say("made_by", version=version),
        )

    # -- 1, 2: the text and its pieces -------------------------------------------------------------------------------

    def _text(self) -> Markup:
        text = self.lesson.text
        whole = len(text.train) + len(text.held_out) + len(text.test)
        told = [
            self.say("text_own", name=text.name)
            if text.name
            else self.say("text_shipped", documents=self.write.whole(whole)),
            self.say(
                "text_size",
                characters=self.write.whole(text.characters),
                pages=self.write.whole(max(1, round(text.characters / PAGE_CHARACTERS))),
                apart=self.write.percent(1 - sum(map(len, text.train)) / text.characters),
            ),
        ]
        if text.left_out:
            told.append(self.say("text_left_out", characters=self.write.whole(text.left_out)))
        if text.encoding:
            told.append(self.say("text_encoding", encoding=text.encoding))
        return _section("text", self.say("text_title"), _paragraphs(told))

    def _pieces(self) -> Markup:
        cut = self.lesson.cut
        boxes = Markup(" ").join(
            Markup("<li><b>{}</b><i>{}</i></li>").format(_seen(piece), number)
            for piece, number in zip(cut.pieces, cut.numbers, strict=True)
        )
        shown = Markup('<figure><ol class="pieces">{}</ol><figcaption>{}</figcaption></figure>').format(
            boxes, self.say("pieces_shown", count=len(cut.pieces))
        )
        learnt = self.say(
            "pieces_learnt",
            vocabulary=self.write.whole(cut.vocabulary),
            tokens=self.write.whole(cut.train_tokens),
        )
        lists = Markup("<dl><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd></dl>").format(
            self.say("pieces_first"), _listed(cut.first), self.say("pieces_longest"), _listed(cut.longest)
        )
        body = _paragraphs([self.say("pieces_what")]) + shown + _paragraphs([learnt]) + lists
        return _section("pieces", self.say("pieces_title"), body)

    # -- 3: guessing -------------------------------------------------------------------------------------------------

    def _guesses(self) -> Markup:
        looks = self._on_the_way(3)
        blocks = [self._guess(number, looks) for number in range(len(self.lesson.looks[0].guesses))]
        body = _paragraphs([self.say("guess_what")]) + Markup("").join(blocks)
        return _section("guess", self.say("guess_title"), body + _paragraphs([self.say("guess_several")]))

    def _guess(self, number: int, looks: Sequence[Look]) -> Markup:
        first, last = (one.guesses[number] for one in (self.lesson.looks[0], self.lesson.looks[-1]))
        drawn = Markup("").join(self._bars(one, one.guesses[number]) for one in looks)
        told = self.say(
            "guess_right",
            wanted=_seen(first.wanted),
            before=self.write.percent(first.wanted_chance),
            after=self.write.percent(last.wanted_chance),
        )
        return Markup('<div class="guess"><h3>{}</h3><div class="bars">{}</div><p>{}</p></div>').format(
            self.say("guess_given", given=first.given), drawn, told
        )

    def _bars(self, look: Look, guess: Guess) -> Markup:
        rows = [(_seen(piece), chance, piece == guess.wanted) for piece, chance in guess.likely]
        when = self._when(look)
        told = ", ".join(f"{piece} {self.write.percent(chance)}" for piece, chance, _ in rows)
        drawn = drawing.bars(rows, title=f"{when} ({guess.given})", told=told, percent=self.write.percent)
        return Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(drawn, when)

    def _on_the_way(self, count: int) -> tuple[Look, ...]:
        """Before, some on the way, after: no more than stand side by side on paper."""
        looks = self.lesson.looks
        if len(looks) <= count:
            return looks
        between = looks[1:-1]
        return (looks[0], *between[: count - 2], looks[-1])

    def _when(self, look: Look) -> str:
        if look.step == 0:
            return self.say("before")
        if look is self.lesson.looks[-1]:
            return self.say("after")
        return self.say("at_step", step=self.write.whole(look.step))

    # -- 4, 5: learning and writing ----------------------------------------------------------------------------------

    def _learning(self) -> Markup:
        lesson, write = self.lesson, self.write
        before, after = lesson.hesitations
        told = self.say(
            "learn_what",
            parameters=write.whole(lesson.began.parameters),
            passages=lesson.settings.sequences * lesson.settings.accumulate,
            steps=write.whole(lesson.steps),
            readings=write.figures(lesson.readings),
        )
        drawn = drawing.curves(
            lesson.losses,
            lesson.held_out,
            title=self.say("curve_loss"),
            told=self.say(
                "learn_told", first=write.figures(lesson.held_out[0][1]), last=write.figures(lesson.held_out[-1][1])
            ),
            names=(self.say("curve_learnt"), self.say("curve_apart")),
            axes=(self.say("curve_steps"), self.say("curve_loss")),
            write=write.figures,
            write_step=write.whole,
            marks=[one.step for one in lesson.looks],
        )
        caption = f"{self.say('learn_curve')} {self.say('curve_marks')}"
        end = [self.say("learn_hesitates", before=write.figures(before), after=write.figures(after))]
        if lesson.held_out[-1][1] > ROSE * min(loss for _, loss in lesson.held_out):
            end.append(self.say("learn_apart_rises"))
        figure = Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(drawn, caption)
        return _section("learn", self.say("learn_title"), _paragraphs([told]) + figure + _paragraphs(end))

    def _writings(self) -> Markup:
        language = "" if self.lesson.text.name else Markup(' lang="fr"')  # nobody said which, of a reader's own text
        rows = [
            Markup("<div><dt>{}</dt>{}</div>").format(
                self._when(look),
                Markup("").join(
                    Markup("<dd{}><strong>{}</strong>{}</dd>").format(
                        language, one.begun, _readable(one.written) or f" {self.say('write_nothing')}"
                    )
                    for one in look.writings
                ),
            )
            for look in self.lesson.looks
        ]
        body = _paragraphs([self.say("write_what")]) + Markup('<dl class="written">{}</dl>').format(
            Markup("").join(rows)
        )
        return _section("write", self.say("write_title"), body)

    # -- 6: what it took ---------------------------------------------------------------------------------------------

    def _cost(self, model_bytes: int | None) -> Markup:
        cost, write = self.lesson.cost, self.write
        energy, impacts = cost.energy, cost.impacts
        unknown = self.say("unknown")
        rows = [
            (self.say("cost_time"), write.duration(cost.wall_ms)),
            (self.say("cost_cpu"), unknown if cost.cpu_us is None else write.duration(cost.cpu_us // 1000)),
            (self.say("cost_energy"), self._energy()),
            (self.say("cost_carbon"), unknown if impacts.gwp_g is None else _ranged(write.mass(impacts.gwp_g))),
            (self.say("cost_machine"), cost.machine or unknown),
            (self.say("cost_size"), unknown if model_bytes is None else write.size(model_bytes)),
        ]
        told = []
        if cost.how:
            told.append(f"{self.say('cost_how')} {' '.join(cost.how)}")
        if energy.interval_uj is not None and energy.interval_uj.central > 0:
            told.append(self._beside(energy.interval_uj))
        if impacts.gwp_g is None:
            told.append(self.say("cost_no_carbon"))
        told.append(self.say("cost_making"))
        return _section("cost", self.say("cost_title"), _table(rows) + _paragraphs(told))

    def _energy(self) -> str:
        energy = self.lesson.cost.energy
        if energy.interval_uj is None:
            return self.say("unknown")
        least = f"{self.say('at_least')} " if energy.at_least else ""
        return f"{least}{_ranged(self.write.energy(energy.interval_uj))}, {self.write.quality(energy.quality)}"

    def _beside(self, energy_uj: Interval) -> str:
        minutes, water = lamp_minutes(energy_uj), litres_heated(energy_uj).scaled(1000)
        return self.say(
            "cost_known",
            watts=LAMP_WATTS,
            minutes=self.write.figures(minutes.central),
            minutes_range=self.write.spread(minutes.low, minutes.high),
            millilitres=self.write.figures(water.central),
            millilitres_range=self.write.spread(water.low, water.high),
        )

    # -- 7 to 9 ------------------------------------------------------------------------------------------------------

    def _lacks(self) -> Markup:
        lesson = self.lesson
        told = [
            self.say("lacks_world"),
            self.say("lacks_question"),
            self.say("lacks_memory", context=lesson.settings.context_tokens),
        ]
        seen = lesson.evaluated
        if seen is not None and seen.recited is not None and seen.recited_of:
            told.append(self.say("lacks_recited", recited=seen.recited, of=seen.recited_of))
        told.append(self.say("lacks_private"))
        return _section("lacks", self.say("lacks_title"), _items(told))

    def _large(self) -> Markup:
        lesson, write = self.lesson, self.write
        tokens = lesson.steps * lesson.settings.step_tokens
        energy = lesson.cost.energy.interval_uj
        large_uj = BLOOM.kwh * 1000 * MICROJOULES_PER_WH
        rows = [
            (self.say("large_numbers"), write.whole(lesson.began.parameters), write.whole(BLOOM.parameters),
             write.figures(BLOOM.parameters / lesson.began.parameters)),
            (self.say("large_tokens"), write.whole(tokens), write.whole(BLOOM.tokens),
             write.figures(BLOOM.tokens / max(1, tokens))),
            (self.say("large_energy"),
             self.say("unknown") if energy is None else _ranged(write.energy(energy)),
             write.energy(Interval(large_uj, large_uj, large_uj))[0],
             self.say("unknown") if not energy or not energy.central else write.figures(large_uj / energy.central)),
        ]  # fmt: skip
        head = Markup("<thead><tr><td></td>{}</tr></thead>").format(
            Markup("").join(
                Markup('<th scope="col">{}</th>').format(one)
                for one in (self.say("large_here"), BLOOM.name, self.say("large_times"))
            )
        )
        body = Markup("").join(
            Markup('<tr><th scope="row">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>').format(*row) for row in rows
        )
        table = Markup("<table>{}<tbody>{}</tbody></table>").format(head, body)
        source = Markup('<p class="small">{} {} {} <a href="{}" rel="noreferrer noopener">{}</a></p>').format(
            self.say("large_energy_note"), self.say("large_source"), BLOOM.source, BLOOM.url, BLOOM.url
        )
        return _section("large", self.say("large_title"), _paragraphs([self.say("large_what")]) + table + source)

    def _in_class(self, command: str) -> Markup:
        readings = self.write.figures(self.lesson.readings)
        told = [self.say(f"class_{number}", readings=readings) for number in range(1, 5)]
        again = Markup("<p>{} <code>{}</code></p>").format(self.say("again"), command)
        return _section("class", self.say("class_title"), _items(told) + again)


def model_bytes(folder: RunFolder) -> int | None:
    """Of the file that was written, None when there is none."""
    try:
        return (folder.out / "model.gguf").stat().st_size
    except OSError:
        return None


# -- pieces of HTML --------------------------------------------------------------------------------------------------


def _section(name: str, title: str, body: Markup) -> Markup:
    return Markup('<section id="{}" aria-labelledby="{}-title"><h2 id="{}-title">{}</h2>\n{}</section>').format(
        name, name, name, title, body
    )


def _paragraphs(told: Iterable[str]) -> Markup:
    return Markup("").join(Markup("<p>{}</p>\n").format(one) for one in told)


def _items(told: Iterable[str]) -> Markup:
    return Markup("<ul>{}</ul>\n").format(Markup("").join(Markup("<li>{}</li>").format(one) for one in told))


def _table(rows: Iterable[tuple[str, str]]) -> Markup:
    body = Markup("").join(Markup('<tr><th scope="row">{}</th><td>{}</td></tr>').format(*row) for row in rows)
    return Markup("<table><tbody>{}</tbody></table>\n").format(body)


def _listed(pieces: Iterable[str]) -> Markup:
    return Markup(" ").join(Markup("<code>{}</code>").format(_seen(one)) for one in pieces)


def _ranged(shown: tuple[str, str]) -> str:
    return f"≈ {shown[0]} ({shown[1]})" if shown[1] else shown[0]


def _seen(piece: str) -> str:
    """A piece as it can be seen: spaces as dots, what cannot be written as a box."""
    shown = piece.replace(" ", "·").replace("\n", "↵").replace("\ufffd", "□")
    return "".join(one if one.isprintable() else "□" for one in shown) or "□"


def _readable(text: str) -> str:
    """What it wrote, with a box where the bytes were no letter."""
    return "".join(one if one.isprintable() or one == "\n" else "□" for one in text.replace("\ufffd", "□"))
