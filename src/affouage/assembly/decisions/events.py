"""What happens in the assembly, as data: a closed set. What stands is the fold of these, in order (``state.py``).

Each event says what of it is public (its leaf in the public log) and what the leaf only commits to: who wrote, who
signed, what was said. Ids of members are pseudonyms of the database and are never public.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from affouage.assembly.decisions.patches import Patch
from affouage.assembly.rules.governance import Profile


class Subject(msgspec.Struct, frozen=True, kw_only=True, tag_field="subject"):
    """What a proposal is about."""


class RuleChange(Subject, frozen=True, kw_only=True, tag="rule"):
    """``base_version``: of the rule the patch was made on; 0: the default. ``repeals``: proposal taken back by this."""

    area: str
    base_version: int
    patch: Patch
    repeals: int | None = None


class MandateGiven(Subject, frozen=True, kw_only=True, tag="mandate"):
    member_id: str
    scope: str
    days: int


class MandateTaken(Subject, frozen=True, kw_only=True, tag="revocation"):
    """Of the mandate of that number."""

    mandate: int


class Exclusion(Subject, frozen=True, kw_only=True, tag="exclusion"):
    """``heard``: what the person answers; the right to be heard."""

    member_id: str


class Ratification(Subject, frozen=True, kw_only=True, tag="ratification"):
    """Of an emergency measure: adopted, it becomes the rule; rejected, it ends at once."""

    emergency: int
    area: str
    base_version: int
    patch: Patch


class Choice(Subject, frozen=True, kw_only=True, tag="choice"):
    """One among several (a poster, a date, a name), by majority judgment. The software records it, people do it."""

    options: tuple[str, ...]


AnySubject = RuleChange | MandateGiven | MandateTaken | Exclusion | Ratification | Choice


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """``kind``: its name in the database; ``personal``: fields that only the commitment covers."""

    kind: ClassVar[str]
    personal: ClassVar[tuple[str, ...]] = ()

    def public(self) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in told.items() if name not in self.personal and value is not None}

    def private(self) -> dict[str, Any] | None:
        if not self.personal:
            return None
        told: dict[str, Any] = msgspec.to_builtins(self)
        return {name: told[name] for name in self.personal}

    def persons(self) -> tuple[str, ...]:
        """Whose erasure erases what the leaf only commits to."""
        return ()


class Founded(Event, frozen=True, kw_only=True):
    """The members decide from here on. ``preset``: what the first rules came from; "" for those that stood."""

    kind: ClassVar[str] = "founded"
    preset: str = ""
    areas: tuple[str, ...] = ()


class Drafted(Event, frozen=True, kw_only=True):
    """``effective_ms``: wished first moment of its effect, None: as soon as may be. ``profile``: by which votes."""

    kind: ClassVar[str] = "drafted"
    personal: ClassVar[tuple[str, ...]] = ("author", "about", "title", "reason")
    id: int
    author: str
    title: str
    reason: str
    about: AnySubject
    profile: str
    effective_ms: int | None = None

    def public(self) -> dict[str, Any]:
        return {**super().public(), "subject": _tag(self.about)}

    def persons(self) -> tuple[str, ...]:
        return (self.author, *_persons(self.about))


class Submitted(Event, frozen=True, kw_only=True):
    """Out of the draft: it looks for its cosigners."""

    kind: ClassVar[str] = "submitted"
    id: int


class Cosigned(Event, frozen=True, kw_only=True):
    kind: ClassVar[str] = "cosigned"
    personal: ClassVar[tuple[str, ...]] = ("member_id",)
    id: int
    member_id: str

    def persons(self) -> tuple[str, ...]:
        return (self.member_id,)


class Argued(Event, frozen=True, kw_only=True):
    """An argument for or against, a question, or an answer to one (``answers``)."""

    kind: ClassVar[str] = "argued"
    personal: ClassVar[tuple[str, ...]] = ("member_id", "text")
    id: int
    number: int
    side: Literal["for", "against", "question", "answer"]
    member_id: str
    text: str
    answers: int | None = None

    def persons(self) -> tuple[str, ...]:
        return (self.member_id,)


class Amended(Event, frozen=True, kw_only=True):
    """Another patch in the place of the proposal's; nothing until its author accepts it."""

    kind: ClassVar[str] = "amended"
    personal: ClassVar[tuple[str, ...]] = ("member_id", "reason", "patch")
    id: int
    number: int
    member_id: str
    patch: Patch
    reason: str

    def persons(self) -> tuple[str, ...]:
        return (self.member_id,)


class AmendmentAnswered(Event, frozen=True, kw_only=True):
    kind: ClassVar[str] = "amendment_answered"
    id: int
    number: int
    accepted: bool


class Advanced(Event, frozen=True, kw_only=True):
    """A passage of the declared machine (``proposal.py``). ``text_sha256``: of the frozen text; ``cause`` in a word."""

    kind: ClassVar[str] = "advanced"
    id: int
    to: str
    cause: str
    text_sha256: str | None = None
    text: dict[str, Any] | None = None
    """The frozen text itself: what is voted on is public, but for persons."""


class Rebased(Event, frozen=True, kw_only=True):
    """The patch as its author put it on the rule that stands now."""

    kind: ClassVar[str] = "rebased"
    id: int
    base_version: int
    patch: Patch


class PollOpened(Event, frozen=True, kw_only=True):
    """A vote. ``proposals``: one, or rivals together; ``electors``: how many by college; ``rules_version``: of the
    governance it is counted by, whatever is voted meanwhile; ``round``: 1, then 2 for a second convocation."""

    kind: ClassVar[str] = "poll_opened"
    id: int
    proposals: tuple[int, ...]
    method: str
    options: tuple[str, ...]
    profile: Profile
    governance_version: int
    electors: dict[str, int]
    electorate_sha256: str
    opens_ms: int
    closes_ms: int
    secrecy: str
    round: int = 1
    quorum_percent: int
    colleges: dict[str, int] = {}


class PollClosed(Event, frozen=True, kw_only=True):
    """``count``: ``assembly.tally.Outcome`` in JSON; ``ballots_sha256``: of the counted ballots, sorted."""

    kind: ClassVar[str] = "poll_closed"
    id: int
    outcome: str
    winner: str | None = None
    count: dict[str, Any]
    ballots_sha256: str
    ballots: tuple[tuple[str, Any], ...] | None = None
    """Detached ballots, by their random ids; None for open ones, each of which has its own leaf."""
    belenios: dict[str, Any] | None = None


class Contested(Event, frozen=True, kw_only=True):
    kind: ClassVar[str] = "contested"
    personal: ClassVar[tuple[str, ...]] = ("member_id", "reason")
    id: int
    member_id: str
    reason: str

    def persons(self) -> tuple[str, ...]:
        return (self.member_id,)


class Enacted(Event, frozen=True, kw_only=True):
    """The proposal's change is written as a version of the rule, in force from ``in_force_ms``."""

    kind: ClassVar[str] = "enacted"
    id: int
    area: str
    version: int
    in_force_ms: int
    content_sha256: str


class MandateGranted(Event, frozen=True, kw_only=True):
    kind: ClassVar[str] = "mandate_granted"
    personal: ClassVar[tuple[str, ...]] = ("member_id",)
    id: int
    member_id: str
    scope: str
    from_ms: int
    until_ms: int
    proposal_id: int | None

    def persons(self) -> tuple[str, ...]:
        return (self.member_id,)


class MandateEnded(Event, frozen=True, kw_only=True):
    """``why``: expired | revoked | resigned | left | renewed."""

    kind: ClassVar[str] = "mandate_ended"
    id: int
    at_ms: int
    why: str


class Excluded(Event, frozen=True, kw_only=True):
    """By the vote on that proposal: the account is closed."""

    kind: ClassVar[str] = "excluded"
    id: int


class Emergency(Event, frozen=True, kw_only=True):
    """A suspension, by whoever holds the mandate; ends by itself. ``patch``: path -> value on the rule's document."""

    kind: ClassVar[str] = "emergency"
    personal: ClassVar[tuple[str, ...]] = ("member_id",)
    id: int
    measure: str
    area: str
    patch: dict[str, Any]
    from_ms: int
    until_ms: int
    member_id: str
    reason: str
    ratified_by: int
    """The proposal of its ratification, opened with it."""

    def persons(self) -> tuple[str, ...]:
        return (self.member_id,)


class EmergencyLifted(Event, frozen=True, kw_only=True):
    """``why``: ratified | rejected | lifted."""

    kind: ClassVar[str] = "emergency_lifted"
    id: int
    at_ms: int
    why: str


class ProxyGiven(Event, frozen=True, kw_only=True):
    """``poll_id`` None: for every vote until ``until_ms``."""

    kind: ClassVar[str] = "proxy_given"
    personal: ClassVar[tuple[str, ...]] = ("giver", "holder")
    giver: str
    holder: str
    until_ms: int
    poll_id: int | None = None

    def persons(self) -> tuple[str, ...]:
        return (self.giver, self.holder)


class ProxyRevoked(Event, frozen=True, kw_only=True):
    kind: ClassVar[str] = "proxy_revoked"
    personal: ClassVar[tuple[str, ...]] = ("giver", "holder")
    giver: str
    holder: str

    def persons(self) -> tuple[str, ...]:
        return (self.giver, self.holder)


class StandingSet(Event, frozen=True, kw_only=True):
    """The college of a member, and whether they vote (the public of a town hall uses without voting)."""

    kind: ClassVar[str] = "standing_set"
    personal: ClassVar[tuple[str, ...]] = ("member_id", "by")
    member_id: str
    college: str
    votes: bool
    by: str = ""

    def persons(self) -> tuple[str, ...]:
        return (self.member_id,)


class Forgotten(Event, frozen=True, kw_only=True):
    """A person was erased: what they said is no more."""

    kind: ClassVar[str] = "forgotten"
    personal: ClassVar[tuple[str, ...]] = ("member_id",)
    member_id: str

    def persons(self) -> tuple[str, ...]:
        return (self.member_id,)


ALL: tuple[type[Event], ...] = (
    Founded,
    Drafted,
    Submitted,
    Cosigned,
    Argued,
    Amended,
    AmendmentAnswered,
    Advanced,
    Rebased,
    PollOpened,
    PollClosed,
    Contested,
    Enacted,
    MandateGranted,
    MandateEnded,
    Excluded,
    Emergency,
    EmergencyLifted,
    ProxyGiven,
    ProxyRevoked,
    StandingSet,
    Forgotten,
)

KINDS: dict[str, type[Event]] = {one.kind: one for one in ALL}

_encode = msgspec.json.Encoder(order="deterministic").encode


def write(event: Event) -> str:
    return _encode(event).decode()


def read(kind: str, body: str | bytes) -> Event:
    """Raises KeyError for a kind of another version, msgspec.DecodeError for a body that is none."""
    return msgspec.json.decode(body, type=KINDS[kind])


def _tag(about: AnySubject) -> str:
    return str(msgspec.to_builtins(about)["subject"])


def _persons(about: AnySubject) -> tuple[str, ...]:
    return (about.member_id,) if isinstance(about, MandateGiven | Exclusion) else ()
