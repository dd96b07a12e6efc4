"""What the templates of reports and moderation receive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from affouage.assembly.refused_uses.views import Opened
from affouage.web.pages import Page
from affouage.web.reports_words import DecisionRow, ReportRow, SanctionRow


@dataclass(frozen=True)
class ReportForm(Page):
    """``lines``: (id, sentence) of the charter; ``own``: it is about the reader's own answer; ``problems``: by field
    (receipt, line, words, content), shown beside it; ``signed_in``: somebody with an account writes."""

    template: ClassVar[str] = "report.html"
    lines: tuple[tuple[str, str], ...]
    preamble: str
    signed_in: bool
    open_days: int
    receipt: str = ""
    own: bool = False
    line: str = ""
    words: str = field(default="", repr=False)
    attach: bool = False
    content: str = field(default="", repr=False)
    problem: str = ""
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportSent(Page):
    template: ClassVar[str] = "report_sent.html"
    id: str
    signed_in: bool
    shows_text: bool
    open_days: int


@dataclass(frozen=True)
class MineRow:
    """``part``: concerned | reporter | panel; ``waits``: something is asked of the reader."""

    row: ReportRow
    part: str
    outcome: str
    waits: bool


@dataclass(frozen=True)
class MyReports(Page):
    template: ClassVar[str] = "reports.html"
    rows: tuple[MineRow, ...]
    moderates: bool


@dataclass(frozen=True)
class ReportPage(Page):
    """One's own report, the decision about oneself, or the seat on a panel.

    ``appeal_until_ms`` None: nothing can be appealed (any more). ``given``, ``seats``: opinions of the panel.
    ``opened``: for a panel, what was read with a reason. ``opinion``: the reader's own, "" not yet.
    """

    template: ClassVar[str] = "report_case.html"
    row: ReportRow
    part: str
    words: str = field(repr=False)
    decisions: tuple[DecisionRow, ...]
    sanction: SanctionRow | None
    appeal: str = field(repr=False)
    appeal_until_ms: int | None
    panel_size: int
    given: int
    seats: int
    draw_seq: int | None
    opened: Opened | None
    hearing: bool
    opinion: str
    least: int
    most: int
    typed: str = field(default="", repr=False)
    chosen: str = ""
    notice: str = ""
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Moderation(Page):
    """``everything``: the closed ones too."""

    template: ClassVar[str] = "moderation.html"
    rows: tuple[ReportRow, ...]
    everything: bool
    notice: str = ""


@dataclass(frozen=True)
class ModerationCase(Page):
    """``past``: sanctions of the person so far; ``proposed`` by the scale, in words, "" for nobody to sanction;
    ``choices``: (outcome, words), the proposed one first; ``somebody``: there is a person concerned."""

    template: ClassVar[str] = "moderation_case.html"
    row: ReportRow
    opened: Opened | None
    past: int
    proposed: str
    choices: tuple[tuple[str, str], ...]
    somebody: bool
    decisions: tuple[DecisionRow, ...]
    sanction: SanctionRow | None
    least: int
    most: int
    reading_least: int
    reading_most: int
    typed: str = field(default="", repr=False)
    chosen: str = ""
    problems: dict[str, str] = field(default_factory=dict)
