"""What each template receives, and nothing else: one frozen dataclass per template, named by ``template``.

Texts a person or a model wrote are plain ``str`` (escaped by the templates) or ``Markup`` made by ``markdown.render``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

from affouage.assembly.conversations import Kept
from affouage.assembly.invitations import Invitation
from affouage.assembly.keys import ApiKey
from affouage.assembly.member import Member
from affouage.assembly.readings import Reading
from affouage.assembly.sessions import Session
from affouage.footprint.factors import Factor
from affouage.ledger.receipt import Impacts, Receipt
from affouage.web.navigation import Navigation
from affouage.web.reach import ReachField


class Page:
    """Anything a template is made for."""

    template: ClassVar[str]


@dataclass(frozen=True)
class Frame:
    """What surrounds every page. ``other_language``: address of the same page in the other one, None after a post.

    ``to_vote``: open votes that await the reader; ``navigation``: None for who is not signed in."""

    language: str
    commons_name: str
    member_name: str | None
    steward: bool
    operator: bool
    csrf: str
    room: str
    other_language: str | None
    to_vote: int = 0
    navigation: Navigation | None = None


@dataclass(frozen=True)
class Welcome(Page):
    """``unclaimed``: nobody administers this commons yet."""

    template = "welcome.html"
    unclaimed: bool


@dataclass(frozen=True)
class SignIn(Page):
    """``problem``: why the last try failed; ``next``: where to go afterwards, already checked."""

    template = "sign_in.html"
    next: str = ""
    name: str = field(default="", repr=False)
    problem: str = ""
    notice: str = ""


@dataclass(frozen=True)
class Join(Page):
    """``problems``: by field (name, password)."""

    template = "join.html"
    kind: str
    role: str
    password_min: int
    expires_ms: int
    member_name: str | None = None
    resets: bool = False
    name: str = field(default="", repr=False)
    language: str = "fr"
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """A model one may ask. ``grade`` None: no card says. ``good_at`` and ``bad_at`` in the page's language.
    ``voice_of``: the name of the model that this voice changes, "" for a model by itself."""

    id: str
    name: str
    grade: str | None = None
    good_at: tuple[str, ...] = ()
    bad_at: tuple[str, ...] = ()
    voice_of: str = ""


@dataclass(frozen=True)
class Turn:
    """A question and its answer. ``answer_text`` goes back to the model as it is, ``answer`` is for reading."""

    question: str = field(repr=False)
    answer_text: str = field(repr=False)
    answer: Markup = field(repr=False)
    receipt_id: str = ""
    lang: str = ""


@dataclass(frozen=True)
class Composer(Page):
    """The form for the next question. With ``conversation_id`` the turns are read from what is kept, not carried.

    ``reach``: whose machines may read it, None where there is nothing to choose. ``shut``: models are here, and none
    is admitted.
    """

    template = "composer.html"
    choices: tuple[Choice, ...]
    model: str
    turns: tuple[Turn, ...] = ()
    conversation_id: str = ""
    keep: bool = False
    no_hurry: bool = False
    reach: ReachField | None = None
    keep_days: int = 30
    question: str = field(default="", repr=False)
    problem: str = ""
    shut: bool = False

    @property
    def chosen(self) -> Choice | None:
        return next((one for one in self.choices if one.id == self.model), None)


@dataclass(frozen=True)
class Chat(Page):
    """``asked``: the question being answered now; the page is then cut at its two marks and the answer put between."""

    template = "chat.html"
    composer: Composer
    asked: str | None = field(default=None, repr=False)
    kept_title: str = field(default="", repr=False)
    kept_until_ms: int | None = None
    mark: str = ""

    @property
    def asking(self) -> bool:
        return self.asked is not None


@dataclass(frozen=True)
class Answered(Page):
    """The end of an answer. ``exact``: the text the model saw, None when its engine cannot tell."""

    template = "answered.html"
    outcome: str
    answer: Markup = field(repr=False)
    lang: str
    receipt: Receipt | None = None
    exact: str | None = field(default=None, repr=False)
    salt: str = field(default="", repr=False)
    problem: str = ""
    remedy: str = ""
    cut_short: bool = False
    kept_id: str = ""
    kept_until_ms: int | None = None
    keep_problem: str = ""


@dataclass(frozen=True)
class Conversations(Page):
    template = "conversations.html"
    kept: tuple[Kept, ...]
    keep_days: int
    notice: str = ""


@dataclass(frozen=True)
class Receipts(Page):
    template = "receipts.html"
    receipts: tuple[Receipt, ...]
    shown_at_most: int


@dataclass(frozen=True)
class FactorRow:
    """A factor an impact was computed with; ``name`` in words; ``anchor`` of its place on the page of sources."""

    name: str
    anchor: str
    factor: Factor


@dataclass(frozen=True)
class RuleLink:
    """A rule in words, and where the proposal that was voted can be read ("" when there was none)."""

    words: str
    href: str


@dataclass(frozen=True)
class ReceiptPage(Page):
    """``openness``: (axis, level) in words; ``salt`` hex, empty when forgotten; ``problem``: why it failed, in words;
    ``matches``: result of checking a copy, None when none was given. ``making``: this answer's share of the machine's
    making, None until it can be told; ``making_when``: then why (midnight | undescribed | uncounted | nothing).
    ``machine``: its name; ``whose`` it is, "" when that is not known; ``reach``: whose machines were allowed to read
    it, "" where that is not told; ``rules``: those the answer ran under, in words."""

    template = "receipt.html"
    receipt: Receipt
    machine: str = ""
    whose: str = ""
    reach: str = ""
    rules: tuple[RuleLink, ...] = ()
    openness: tuple[tuple[str, str], ...] = ()
    factors: tuple[FactorRow, ...] = ()
    method_anchor: str = "energy"
    making: Impacts | None = None
    making_when: str = "midnight"
    problem: str = ""
    salt: str = ""
    prefix_text: str | None = None
    matches: bool | None = None
    pasted: str = field(default="", repr=False)


@dataclass(frozen=True)
class Axis:
    """One axis of openness in words; ``source`` where it was read."""

    name: str
    level: str
    level_word: str
    sentence: str
    source: str


@dataclass(frozen=True)
class ModelCard:
    """One model for reading. ``verdict``: fits | tight | too_big | unknown. ``why_not``: why the rule in force does
    not admit it, and who decided so; "" when it does. ``voice_of``: the name of the model that this voice changes by
    ``scale``, "" for a model by itself."""

    id: str
    name: str
    publisher: str
    grade: str
    licence: str
    licence_url: str
    good_at: tuple[str, ...]
    bad_at: tuple[str, ...]
    languages: tuple[str, ...]
    axes: tuple[Axis, ...]
    verdict: str
    fit: str
    size_bytes: int | None
    context_tokens: int | None
    quantisation: str | None
    installed: bool
    here: bool
    is_default: bool
    why_not: str = ""
    voice_of: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class Models(Page):
    """``served``: ids answered by other servers, without a card. ``shut``: what is here and the rule in force does not
    admit; ``shut_served``: the same without a card, (id, why). ``rule``: which one, in words; "" for the default."""

    template = "models.html"
    here: tuple[ModelCard, ...]
    others: tuple[ModelCard, ...]
    served: tuple[str, ...]
    shut: tuple[ModelCard, ...] = ()
    shut_served: tuple[tuple[str, str], ...] = ()
    rule: RuleLink | None = None


@dataclass(frozen=True)
class Account(Page):
    """``problems``: by field (label, old, new, name ...), shown beside it. ``readings``: who read what about them, and
    why; ``reports_waiting``: decisions they may appeal, appeals they are to hear."""

    template = "account.html"
    member: Member
    keys: tuple[ApiKey, ...]
    sessions: tuple[Session, ...]
    this_session: str
    kept_count: int
    now_ms: int
    password_min: int
    readings: tuple[Reading, ...]
    reports_waiting: int
    notice: str = ""
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyCreated(Page):
    """Shown once."""

    template = "key_created.html"
    key: ApiKey
    text: str = field(repr=False)
    base_url: str
    model: str


@dataclass(frozen=True)
class Erase(Page):
    template = "erase.html"
    member_name: str
    kept_count: int
    problem: str = ""


@dataclass(frozen=True)
class Row:
    """One member on the roll, with what the reader may do to them."""

    member: Member
    may_govern: bool
    may_reset: bool
    me: bool


@dataclass(frozen=True)
class Members(Page):
    """``exclusion_by_vote``: an account is closed here only for somebody who asked."""

    template = "members.html"
    rows: tuple[Row, ...]
    pending: tuple[Invitation, ...]
    roles: tuple[str, ...]
    exclusion_by_vote: bool
    notice: str = ""


@dataclass(frozen=True)
class LinkMade(Page):
    """A link, shown once. ``member_name``: for whom, "" for somebody not yet on the roll; ``back``: whence it came."""

    template = "link_made.html"
    url: str = field(repr=False)
    expires_ms: int
    role: str
    member_name: str = ""
    back: str = "/members"


@dataclass(frozen=True)
class PrefixText:
    """One language's visible prefix. ``workshop``: its name, "" for the text of the commons."""

    language: str
    version: str
    sha256: str
    text: str
    workshop: str = ""


@dataclass(frozen=True)
class HowItWorks(Page):
    """``elsewhere``: models of other servers, (id, machine); ``pool``: machines of members may answer too.
    ``decided``: the rule that the prefixes come from, and who decided it, None for the shipped ones; ``kept``: (kind of
    data, days) of the rule in force."""

    template = "how_it_works.html"
    prefixes: tuple[PrefixText, ...]
    decided: RuleLink | None
    decided_by: str
    keep_days: int
    kept: tuple[tuple[str, int], ...]
    kept_rule: RuleLink | None
    country: str
    base_url: str
    model: str
    answer_tokens: int
    elsewhere: tuple[tuple[str, str], ...]
    pool: bool


@dataclass(frozen=True)
class Problem(Page):
    """Something that did not work: what, and what would."""

    template = "problem.html"
    status: int
    title: str
    message: str
    remedy: str
    sign_in: bool = False
    retry_after_s: int | None = None
