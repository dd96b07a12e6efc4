"""What the pages of the machines show, built from what is known of each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from affouage.pool.contribution import NodeServed
from affouage.pool.nodes.joining import fingerprint
from affouage.pool.nodes.records import NodeRecord
from affouage.pool.nodes.wire import Policy
from affouage.pool.station import Trust
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web import machine_words as words
from affouage.web.language import N_, Language
from affouage.web.machine_form import LendForm
from affouage.web.machine_words import Health
from affouage.web.pages import Page

MICROJOULES_PER_KWH = 3.6e12

TRUSTS: Mapping[str, tuple[Trust, str]] = {
    "collective": (1, N_("machine of the collective")),
    "trusted": (2, N_("machine of a trusted member")),
    "everyone": (3, N_("machine of a member")),
}


@dataclass(frozen=True)
class ModelNow:
    """A model a machine has. ``machine``: another server that answers for it, "" for the machine itself."""

    id: str
    loaded: bool
    used: int
    slots: int
    machine: str = ""


@dataclass(frozen=True)
class Now:
    """What is known of a machine at this moment. ``watts`` None: unknown. ``policy``: what it says it lends."""

    health: Health
    models: tuple[ModelNow, ...] = ()
    watts: float | None = None
    policy: Policy | None = None


@dataclass(frozen=True)
class Names:
    """Names by id: of members, of models."""

    members: Mapping[str, str]
    models: Mapping[str, str]


@dataclass(frozen=True)
class ModelRow:
    name: str
    loaded: bool
    load: str
    machine: str


@dataclass(frozen=True)
class MachineRow:
    """One machine. ``watts`` "": unknown; ``lends``: in sentences; ``open``: the reader may see its own page."""

    id: str
    name: str
    kind: str
    joined: str
    health: str
    serves: bool
    models: tuple[ModelRow, ...]
    load: str
    watts: str
    lends: tuple[str, ...]
    mine: bool
    open: bool


@dataclass(frozen=True)
class PendingRow:
    """A machine that asks to join. ``trusts``: what it may be approved as, (code, words), the usual one first."""

    id: str
    name: str
    owner: str
    fingerprint: str
    asked_ms: int
    trusts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Machines(Page):
    """``pool``: may machines of members join?"""

    template: ClassVar[str] = "machines.html"
    rows: tuple[MachineRow, ...]
    pending: tuple[PendingRow, ...]
    pool: bool
    notice: str = ""


@dataclass(frozen=True)
class Served:
    """A window of days. ``energy`` and ``euros``: (central, range), None unknown; ``hours`` worked for others."""

    title: str
    requests: int
    own: int
    others: int
    lost: int
    tokens: int
    hours: str
    energy: tuple[str, str] | None
    euros: tuple[str, str] | None
    at_least: bool


@dataclass(frozen=True)
class MachinePage(Page):
    """One machine, for its owner (``form``) and for stewards. ``unsent``: a change waits for the machine to be back.

    ``trusts``: what a steward may make of it, (code, words, is so now); () when it cannot be changed.
    """

    template: ClassVar[str] = "machine.html"
    row: MachineRow
    form: LendForm | None
    paused: bool
    here: bool
    unsent: bool
    served: tuple[Served, ...]
    bonus: tuple[str, str] | None
    trusts: tuple[tuple[str, str, bool], ...]
    revocable: bool
    fingerprint: str
    notice: str = ""


@dataclass(frozen=True)
class RevokePage(Page):
    template: ClassVar[str] = "revoke.html"
    id: str
    name: str
    owner: str


def machine_row(
    record: NodeRecord,
    now: Now,
    *,
    seen_ms: int | None,
    names: Names,
    reader_id: str,
    steward: bool,
    language: Language,
    moment: Callable[[int], str],
) -> MachineRow:
    """``moment``: a time in words, in the commons' zone; the day alone is its part before the comma."""
    mine = record.owned_by == "member" and record.owner_id == reader_id
    owner = "" if record.owned_by == "collective" else names.members.get(record.owner_id, "?")
    approver = names.members.get(record.decided_by or "", "")
    since = "" if record.decided_ms is None else moment(record.decided_ms)
    return MachineRow(
        id=record.id,
        name=record.name,
        kind=language.gettext(words.KINDS[record.trust]),
        joined=words.joined_words(owner, approver, since, language),
        health=words.health_words(now.health, "" if seen_ms is None else moment(seen_ms), language),
        serves=now.health == "here",
        models=model_rows(now, names.models, language),
        load=load_of(now, language),
        watts=words.watts_words(now.watts, language),
        lends=words.lent_words(now.policy or record.policy, names.models, language),
        mine=mine,
        open=mine or steward,
    )


def own_row(name: str, now: Now, names: Names, language: Language) -> MachineRow:
    """The machine the commons runs on."""
    _ = language.gettext
    return MachineRow(
        id="",
        name=name,
        kind=_(words.KINDS[0]),
        joined="",
        health=words.health_words(now.health, "", language),
        serves=now.health == "here",
        models=model_rows(now, names.models, language),
        load=load_of(now, language),
        watts=words.watts_words(now.watts, language),
        lends=(_("Lent to everybody, within the rules of the commons."),),
        mine=False,
        open=False,
    )


def model_rows(now: Now, names: Mapping[str, str], language: Language) -> tuple[ModelRow, ...]:
    """Loaded ones first."""
    ordered = sorted(now.models, key=lambda one: (not one.loaded, names.get(one.id, one.id).casefold()))
    return tuple(
        ModelRow(
            name=names.get(one.id, one.id),
            loaded=one.loaded,
            load=words.load_words(one.used, one.slots, language),
            machine=one.machine,
        )
        for one in ordered
    )


def load_of(now: Now, language: Language) -> str:
    """Places of the loaded models: those that are not share the same memory, and would count twice. "" for none."""
    loaded = [one for one in now.models if one.loaded]
    used, slots = sum(one.used for one in loaded), sum(one.slots for one in loaded)
    return words.load_words(used, slots, language) if loaded else ""


def pending_row(record: NodeRecord, names: Names, language: Language) -> PendingRow:
    _ = language.gettext
    codes = ("collective",) if record.owned_by == "collective" else ()
    return PendingRow(
        id=record.id,
        name=record.name,
        owner=names.members.get(record.owner_id, "") if record.owned_by == "member" else "",
        fingerprint=fingerprint(record.public_key, record.box_key),
        asked_ms=record.created_ms,
        trusts=tuple((code, _(TRUSTS[code][1])) for code in (*codes, "trusted", "everyone")),
    )


def trust_choices(record: NodeRecord, language: Language) -> tuple[tuple[str, str, bool], ...]:
    """What an approved machine may count as, the present one marked. Of the commons' own there is nothing to choose."""
    if record.trust == 0:
        return ()
    codes = ("collective", "trusted", "everyone") if record.owned_by == "collective" else ("trusted", "everyone")
    return tuple((code, language.gettext(TRUSTS[code][1]), TRUSTS[code][0] == record.trust) for code in codes)


def served_row(
    title: str,
    served: NodeServed,
    energy_uj: Interval | None,
    price_eur: float | None,
    language: Language,
    *,
    at_least: bool = False,
) -> Served:
    """``energy_uj``: None when nothing was counted; ``at_least``: a part was not. ``price_eur``: of a kWh, None or 0
    not told."""
    euros = None if energy_uj is None or not price_eur else energy_uj.scaled(price_eur / MICROJOULES_PER_KWH)
    return Served(
        title=title,
        requests=served.requests,
        own=served.own_requests,
        others=served.requests - served.own_requests,
        lost=served.lost,
        tokens=served.decoded_tokens,
        hours=words.hours_words(served.served_h, language),
        energy=_with_range(energy_uj, wording.energy, language),
        euros=_with_range(euros, wording.euros, language),
        at_least=at_least,
    )


def _with_range(interval: Interval | None, write: wording.Write, language: Language) -> tuple[str, str] | None:
    if interval is None:
        return None
    told = write(interval, language)
    return told if interval.low < interval.high else (told[0], "")
