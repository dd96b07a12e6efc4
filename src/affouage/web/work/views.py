"""From a month of work to its page. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from affouage.web import format as wording
from affouage.web import plot
from affouage.web.language import Language
from affouage.web.periods import Place, named
from affouage.web.work import words
from affouage.web.work.pages import CountRow, Fact, KindOfWork, ScaleField, SideRow, SurveyRow, WorkPage
from affouage.workshops.work.blocks import Block, Known
from affouage.workshops.work.comparison import Compared
from affouage.workshops.work.groups import FEWEST
from affouage.workshops.work.ledger import Asked
from affouage.workshops.work.report import Told, WorkReport, heavier, report
from affouage.workshops.work.survey import SAID, SCALES, WORDS_MOST, LoadBlock, SurveyBlock
from affouage.workshops.work.times import Times

MONTHS_SHOWN = 12


def view(
    told: Told,
    of_month: WorkReport,
    asked: Asked,
    *,
    today: str,
    founded: bool,
    language: Language,
    scales: Mapping[str, str] | None = None,
    notice: str = "",
    chosen: str = "",
    typed: str = "",
    problems: dict[str, str] | None = None,
) -> WorkPage:
    """``today``: the local day; ``scales``, ``chosen``, ``typed``: what the reader wrote, to be put right."""
    months, this = told.months, of_month.month
    rows = survey_rows(told, this, language)
    return WorkPage(
        month=_place(this, language),
        before=next((_place(one, language) for one in reversed(months) if one < this), None),
        after=next((_place(one, language) for one in months if one > this), None),
        running=of_month.running,
        fewest=FEWEST,
        items=() if of_month.running else tuple(words.agenda_title(one, language) for one in heavier(of_month)),
        asks=asked.worked and not asked.answered,
        answered=asked.answered,
        load=asked.load,
        week=words.week(asked.week, language),
        said=tuple((one, words.say(words.SAID, one, language)) for one in SAID),
        words_most=WORDS_MOST,
        scales=_scales(of_month, scales or {}, language),
        kinds=kinds(of_month, language),
        survey=survey(of_month.survey, language),
        months=rows if len(rows) > 1 else (),
        drawing=_drawing(rows, language) if len(rows) > 1 else None,
        load_answers=of_month.load.answers if of_month.load else 0,
        load_whole=wording.figures(of_month.load.whole, language) if of_month.load else "",
        words=of_month.words,
        founded=founded,
        notice=notice,
        chosen=chosen,
        typed=typed,
        problems=problems or {},
    )


def _place(month: str, language: Language) -> Place:
    return Place(month, named(month, language))


# -- what was done -------------------------------------------------------------------------------------------------


def kinds(of_month: WorkReport, language: Language) -> tuple[KindOfWork, ...]:
    """Kinds of work that were told this month, and those compared over the last months."""
    blocks = {one.task_type: one for one in of_month.tasks}
    return tuple(
        _kind(code, blocks.get(code), one, language)
        for code, one in of_month.compared.items()
        if code in blocks or one.draft.tasks or one.blind.tasks
    )


def _kind(code: str, block: Block | None, compared: Compared, language: Language) -> KindOfWork:
    return KindOfWork(
        id=f"kind-{code.replace('_', '-')}",
        name=words.say(words.KINDS, code, language),
        weeks="" if block is None else words.weeks(block.first, block.last, language),
        facts=() if block is None else facts(block, language),
        fates=() if block is None else _fates(block, language),
        sides=_sides(compared, language),
        verdict=words.verdict(compared, language),
    )


def facts(block: Block, language: Language) -> tuple[Fact, ...]:
    """What is told of a kind of work, in the order of the page."""
    _ = language.gettext
    active = block.active if block.active is not None and block.active.tasks else None
    found = [
        Fact(_("Tasks done"), wording.whole(block.tasks, language)),
        Fact(
            _("Active time, on average"),
            _time(active.mean_ms, language) if active else "",
            _("page in focus, no minute without a sign") + _of(active.tasks if active else 0, block, language),
        ),
        Fact(_("From taking to sending, on average"), *_mean(block.review, block, language)),
        Fact(_("Waiting before, on average"), *_mean(block.wait, block, language)),
        Fact(_("Words changed in changed drafts"), _percent(block.edits, language)),
        _corrections(block, language),
        Fact(
            _("Energy of the drafts"),
            wording.exact_energy(round(block.energy.total), language) if block.energy else "",
            _("the middle of the range of the receipts")
            + _of(block.energy.tasks if block.energy else 0, block, language),
        ),
    ]
    return tuple(found)


def _corrections(block: Block, language: Language) -> Fact:
    _ = language.gettext
    name = _("Answers taken up again after an error was reported")
    if block.corrections is None:
        return Fact(name, "")
    took = "" if block.correcting is None else _("{time} each, on average")
    time = "" if block.correcting is None else _time(block.correcting.mean, language)
    return Fact(name, wording.whole(block.corrections, language), took.format(time=time))


def _mean(known: Known | None, block: Block, language: Language) -> tuple[str, str]:
    if known is None or known.mean is None:
        return "", ""
    return _time(known.mean, language), _of(known.tasks, block, language).removeprefix(", ")


def _of(tasks: int, block: Block, language: Language) -> str:
    """Of how many, where not of all."""
    if not tasks or tasks == block.tasks:
        return ""
    return ", " + language.gettext("of {count} tasks").format(count=wording.whole(tasks, language))


def _time(ms: float | None, language: Language) -> str:
    return "" if ms is None else wording.duration(round(ms), language)


def _percent(known: Known | None, language: Language) -> str:
    return "" if known is None or known.mean is None else wording.percent(known.mean, language)


def _fates(block: Block, language: Language) -> tuple[CountRow, ...]:
    whole = sum(one.tasks for one in block.fates)
    return tuple(_row(words.fates(one.fates, language), one.tasks, whole, language) for one in block.fates)


def _row(name: str, count: int, whole: int, language: Language) -> CountRow:
    return CountRow(name, count, wording.percent(count / whole, language) if whole else "")


def _sides(compared: Compared, language: Language) -> tuple[SideRow, ...]:
    _ = language.gettext
    if not compared.draft.tasks and not compared.blind.tasks:
        return ()
    return (
        _side(_("With a draft"), compared.draft, language),
        _side(_("Without a draft"), compared.blind, language),
    )


def _side(name: str, times: Times, language: Language) -> SideRow:
    return SideRow(name, times.tasks, _time(times.mean_ms, language), _time(times.typical_ms, language))


# -- what was said -------------------------------------------------------------------------------------------------


def survey(told: SurveyBlock | None, language: Language) -> tuple[CountRow, ...]:
    """The three answers, none left out; () when nothing is told."""
    if told is None:
        return ()
    return tuple(_row(words.say(words.SAID, one, language), getattr(told, one), told.answers, language) for one in SAID)


def survey_rows(told: Told, until: str, language: Language) -> tuple[SurveyRow, ...]:
    """The last months that have answers, oldest first."""
    found = []
    for month in [one for one in told.months if one <= until][-MONTHS_SHOWN:]:
        said = report(told, month, running=False).survey
        if said is not None:
            name, short = named(month, language), words.short_month(month, language)
            found.append(SurveyRow(name, short, said.lighter, said.same, said.heavier))
    return tuple(found)


def _drawing(rows: tuple[SurveyRow, ...], language: Language) -> Markup:
    _ = language.gettext
    return plot.bars(
        [plot.Bar(one.short, (one.lighter, one.same, one.heavier)) for one in rows],
        words=plot.Words(
            name="said",
            title=_("Answers to the question of the week, month by month"),
            description=_("One bar per row of the table beside: saved me time, changed nothing, cost me time."),
        ),
        series=[words.say(words.SAID, one, language) for one in SAID],
        unit=_("answers"),
        language=language,
    )


def load(told: LoadBlock, language: Language) -> list[tuple[str, str]]:
    """(scale, its mean) of each, in words."""
    names = (words.say(words.SCALES, one, language) for one in SCALES)
    return [(name, wording.figures(mean, language)) for name, mean in zip(names, told.means, strict=True)]


def _scales(of_month: WorkReport, typed: Mapping[str, str], language: Language) -> tuple[ScaleField, ...]:
    means = [""] * len(SCALES) if of_month.load is None else [mean for _, mean in load(of_month.load, language)]
    return tuple(
        ScaleField(name=one, words=words.say(words.SCALES, one, language), mean=mean, typed=typed.get(one, ""))
        for one, mean in zip(SCALES, means, strict=True)
    )
