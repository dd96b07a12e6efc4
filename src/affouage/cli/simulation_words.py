"""What a simulated run came to, as tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from affouage.pool.outcome import Outcome, Served
from affouage.pool.trace import Trace
from affouage.web import format as wording
from affouage.web.language import N_, Language

SHOWN_MOST = 20
_POLICIES = {
    "vtc": N_("Fair turns, as in production (vtc)"),
    "fcfs": N_("First come, first served, for comparison (fcfs)"),
}
_UNITS = {
    "tokens": N_("weighted tokens"),
    "engine_seconds": N_("seconds of a slot"),
    "joules": N_("joules"),
}


def in_words(trace: Trace, found: Sequence[Outcome], language: Language) -> str:
    blocks = ["\n".join(_told(trace, one, language)) for one in found]
    return "\n\n".join(blocks)


def _told(trace: Trace, one: Outcome, language: Language) -> Iterator[str]:
    _ = language.gettext
    yield _(_POLICIES[one.policy])
    yield ""
    yield from _table(one, language)
    yield ""
    unit = _(_UNITS[trace.unit])
    yield _("Served in all: {amount} {unit}; slots busy {percent} of the time.").format(
        amount=_amount(one.service, language), unit=unit, percent=wording.percent(one.utilisation, language)
    )
    if one.idle_while_backlog_us:
        yield _("Slots stood idle for {time} while somebody waited for them.").format(
            time=wording.duration(one.idle_while_backlog_us // 1000, language)
        )
    else:
        yield _("No slot ever stood idle while somebody waited for it.")
    yield from _fairness(one, unit, language)
    yield _("{count} decisions, sha256 {digest}").format(
        count=wording.whole(one.decisions, language), digest=one.decisions_sha256
    )


def _fairness(one: Outcome, unit: str, language: Language) -> Iterator[str]:
    _ = language.gettext
    group = one.backlogged
    if group is None:
        yield _("No two members waited without a break for most of the time: there is nothing to compare.")
    elif group.service_ratio is None:
        yield _("Of {count} members who waited without a break, one was not served at all.").format(
            count=wording.whole(len(group.members), language)
        )
    else:
        yield _(
            "Of {count} members who waited without a break, the one served most had {ratio} times what the one served "
            "least had (Jain's index {jain})."
        ).format(
            count=wording.whole(len(group.members), language),
            ratio=wording.figures(group.service_ratio, language, digits=4),
            jain=wording.figures(group.jain, language, digits=4),
        )
    if one.worst_gap_between is None:
        return
    said = (
        N_("Widest gap between two who waited: {gap} {unit} ({first}, {second}), within the bound of {bound}.")
        if one.gap_held
        else N_("Widest gap between two who waited: {gap} {unit} ({first}, {second}), BEYOND the bound of {bound}.")
    )
    first, second = one.worst_gap_between
    yield _(said).format(
        gap=_amount(one.worst_gap, language),
        unit=unit,
        first=first,
        second=second,
        bound=_amount(one.gap_bound, language),
    )


def _table(one: Outcome, language: Language) -> Iterator[str]:
    _ = language.gettext
    titles = [
        _("member"),
        _("requests"),
        _("finished"),
        _("still waiting"),
        _("turned away"),
        _("served"),
        _("median wait"),
        _("99 in 100 within"),
        _("longest wait"),
    ]
    ranked = sorted(one.members.items(), key=lambda item: (-item[1].service, item[0]))
    rows = [titles, *([name[:30], *_row(served, language)] for name, served in ranked[:SHOWN_MOST])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(titles))]
    for name, *cells in rows:
        padded = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield f"{name:<{widths[0]}}  {padded}"
    if len(ranked) > SHOWN_MOST:
        yield _("and {n} others, in --json").format(n=wording.whole(len(ranked) - SHOWN_MOST, language))


def _row(served: Served, language: Language) -> list[str]:
    counts = (served.requests, served.finished, served.waiting_at_end, served.refused)
    waits = (served.waits.p50_ms, served.waits.p99_ms, served.waits.max_ms)
    return [
        *(wording.whole(count, language) for count in counts),
        _amount(served.service, language),
        *("–" if wait is None else wording.duration(round(wait), language) if wait else "0" for wait in waits),
    ]


def _amount(value: float, language: Language) -> str:
    return wording.whole(round(value), language) if value >= 100 else wording.figures(value, language, digits=3)
