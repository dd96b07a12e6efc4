"""``docs/performance.md``: what ``docs/performance.json`` holds, in words. Pure: the same report, the same page."""

from __future__ import annotations

from typing import Any

from tests.bench.figures import Report, Row, Section, figure

HEAD = """# How fast it is, and how it was measured

This page is written by `{command}` from what it measured; the same figures are in [performance.json](performance.json).
Nothing here is typed by hand, and a test holds the page to the figures.

**Read the ratios.** Each is taken within one round, on one machine, between programs that were asked the same things
in turn, the order reversed each round; what is told is the median of the rounds, and between which values half of them
lie. Durations and processor times are those of the machine below, and of no other.
"""

MEANINGS = {
    "Compared, within each round": """\
All gateways stand before the same stand-in for a model, a small program that answers at once, so that what is
measured is the gateway and not a model. Each is held on one core; the stand-in and the program that asks have the
other. *Processor time* is what the system's scheduler counted for the program, its threads and its children. *off* is
this software without keys, turns, books and meters; *all* is it as it always runs: key checked, turn taken, promise
and receipt written to the disk and acknowledged, energy counted. *naive* is forty lines of FastAPI and httpx
(`tests/bench/naive_proxy.py`). *litellm* is the LiteLLM proxy, without a database, with the packages it is faster
with. An answer has one word where requests are compared, a hundred where streamed words are.""",
    "Processor time of a request": """\
32 at a time, each asked as soon as one has ended. *auth*, *scheduler* and *ledger* add keys, turns and books to
*off*, one after the other. Before *all* an answer waits for the window of the meter it ended in, a tenth of a second:
its requests a second are bounded by that at 32 at a time, its processor time is not.""",
    "Streamed words": """\
Each word is due ten milliseconds after the one before. What a request costs is shared out over its hundred words.
Every word of every answer was looked for: none may be missing, or out of its turn.""",
    "Added to a request, over the stand-in called directly": """\
A hundred whole answers a second, whatever became of those before; and the first word of answers that all begin at one
instant, the worst there is.""",
    "Memory and start": """\
Of the programs above, which hold open hundreds of connections. *Start* is of programs of this bench, started
together.""",
    "By itself": """\
`affouage up` on a new home and on one that was used; a commons under load, killed with `kill -9`: an answer that a
client read to its end was in the books before, so none may be missing. A reader that leaves: until the model's
connection is closed.""",
    "How cost grows": """\
Homes are filled by the code of production, then served and asked. Processor time is compared, within a round.""",
    "Fair sharing, simulated with the queue of production": """\
Half an hour on four slots of 20 tokens a second, in simulated time, through the very queue that serves: the same on
any machine. The first who ask are compared to first come, first served.""",
    "Before llama.cpp, against llama.cpp called directly": """\
The same engine, with the same prompt, called through the gateway and directly. A text read before is remembered by
the engine: what that gains must not be lost on the way.""",
    "Search in sheets": """\
Made texts, vectors that are drawn: of speed only. The time an encoder needs for the question comes on top. What is
found and how well: [reference/search.md](reference/search.md).""",
}
"""What the figures of a section mean, by its title."""

TAIL = """## What is not claimed

- Nothing of other machines, of TLS, of HTTP/2, of several processes, of graphics cards.
- Nothing of a machine that others use meanwhile: a run on a busy one says so at its head.
- Nothing of LiteLLM, nginx or FastAPI but what these figures are of: their versions, this use, this machine.
- A target that is missed is written as missed.
"""


def written(report: Report) -> str:
    """The page."""
    parts = [
        HEAD.format(command=report.circumstances["command"]),
        "## The conditions\n",
        _conditions(report.circumstances),
    ]
    for section in report.sections:
        parts.append(_section(section))
    return "\n".join([*parts, TAIL])


def _conditions(told: dict[str, Any]) -> str:
    model = told.get("model") or {}
    lines = {
        "Software": f"affouage {told['affouage']}, commit {told['commit'] or 'unknown'}, Python {told['python']}",
        "Libraries": ", ".join(f"{name} {one}" for name, one in told["versions"].items()),
        "Others": ", ".join(f"{name} {one}" for name, one in told.get("others", {}).items()) or "none",
        "Machine": f"{told['processor']}, {told['cores']} cores, {told['system']}",
        "Load": f"{told['load_before']:.2f} before, {told['load_after']:.2f} after"
        + (" — **the machine was busy: read nothing but the ratios, and those with care**" if told["busy"] else ""),
        "Engine": f"{told['engine']}, {model.get('file', '')}" if told.get("engine") else "none",
        "Kind of run": told.get("kind", ""),
    }
    return "\n".join(f"- {name}: {text}" for name, text in lines.items() if text) + "\n"


def _section(section: Section) -> str:
    if section.skipped:
        return f"## {section.title}\n\nNot measured: {section.skipped}.\n"
    head = "| | | median | quartiles | target | |\n|---|---|--:|---|---|---|"
    rows = "\n".join(_row(one) for one in section.rows)
    meaning = MEANINGS.get(section.title, "")
    return f"## {section.title}\n\n{meaning}\n\n{head}\n{rows}\n"


def _row(one: Row) -> str:
    unit = f" {one.unit}" if one.unit else ""
    spread = f"{figure(one.quartiles[0])} – {figure(one.quartiles[1])}" if one.values > 1 else ""
    verdict = f"**{one.verdict}**" if one.verdict == "MISSED" else one.verdict
    return f"| {one.mark} | {one.name} | {figure(one.median)}{unit} | {spread} | {one.target} | {verdict} |"
