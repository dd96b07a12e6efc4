"""The gate before a question, for every door: is this member suspended, is this use refused, is this model admitted?

By the rules in force at that moment (``models``, ``prefixes``, ``uses``), before anything is reserved. Nobody is judged
here: a suspension was decided by people, with reasons, and ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from affouage.assembly.charter import InForce, stamp
from affouage.assembly.refused_uses.sanctions import Active
from affouage.assembly.rules.uses import UsesRules, lines_for
from affouage.catalogue.openness import Openness
from affouage.catalogue.rules import ADMITTED, Candidate, Judgement, ModelRules, asks_nothing, judge
from affouage.chat import ChatRequest
from affouage.clock import Clock
from affouage.errors import NotAllowed
from affouage.inference import not_admitted
from affouage.inference.prefix_rules import PrefixRules
from affouage.inference.prompt import Prefix, Prefixes, read_prefixes
from affouage.inference.refusal import Cite, Cited, bare
from affouage.pool.station import Station

CARDS_KEPT_US = 30_000_000
"""A card that came or was put right counts within half a minute: reading them all takes milliseconds."""

AREAS = ("models", "prefixes", "uses")


FindRule = Callable[[str], InForce]
"""``Charter.in_force``."""


class CardLike(Protocol):
    @property
    def openness(self) -> Openness: ...
    @property
    def base(self) -> str | None:
        """Of a voice: the model it changes."""
        ...


class Asker(Protocol):
    """``inference.attempt.Asking``."""

    @property
    def member_id(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def workshop(self) -> str: ...
    @property
    def use(self) -> str: ...


FindSanction = Callable[[str], Awaitable[Active | None]]
ReadCards = Callable[[], Mapping[str, CardLike]]
Test = Callable[[str, str | None], bool]
"""Of an id and the digest of its file, None unknown."""
Suggest = Callable[[Test], Awaitable[str]]
"""A model of the catalogue that fits this machine, among those a test admits; "" for none."""


async def nobody_sanctioned(_member_id: str) -> None:
    return None


async def nothing_suggested(_admitted: Test) -> str:
    return ""


def nothing_decided(area: str) -> InForce:
    """The defaults, version 0."""
    defaults = {"models": ModelRules(), "prefixes": PrefixRules(), "uses": UsesRules()}
    return InForce(defaults[area], 0)


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """``rules``: those it was let in by, for its receipt: only what somebody decided. ``prefix``: None where none
    stands first. ``avoid``: machines whose file of the model is not admitted. ``weight_percent``: of its turn."""

    rules: tuple[str, ...]
    prefix: Prefix | None
    avoid: frozenset[str]
    weight_percent: int


class Admission:
    """The gate. ``also_refused``: models that the configuration file refuses. ``sanction``: what runs against a member.

    ``stations``: who has a model; ``served``: ids of all that can answer a kind of request now, to say what would work.
    """

    def __init__(
        self,
        clock: Clock,
        rule: FindRule = nothing_decided,
        *,
        prefixes: Prefixes | None = None,
        cite: Cite = bare,
        cards: ReadCards = dict,
        stations: Callable[[str], Sequence[Station]] = lambda _model_id: (),
        served: Callable[[str], Iterable[str]] = lambda _kind: (),
        default_model: str = "",
        also_refused: Sequence[str] = (),
        sanction: FindSanction = nobody_sanctioned,
        suggest: Suggest = nothing_suggested,
    ) -> None:
        self._clock = clock
        self._rule = rule
        self.prefixes = prefixes or read_prefixes()
        self._cite = cite
        self._read_cards = cards
        self._stations = stations
        self._served = served
        self._default_model = default_model
        self._also_refused = tuple(also_refused)
        self._sanction = sanction
        self._suggest = suggest
        self._cards: Mapping[str, CardLike] | None = None
        self._cards_us = 0

    async def consider(self, asking: Asker, request: ChatRequest) -> Admitted:
        """Let it in, or say why not. Nothing was then used.

        Raises NotAllowed: ``suspended`` (until when, why, how to appeal), ``refused_use``, ``model_not_admitted``.
        """
        rules = {area: self._rule(area) for area in AREAS if area != "prefixes" or request.kind == "chat"}
        uses, version = rules["uses"]
        weight_percent = await self._weight(asking, uses, version)
        line = next((one for one in lines_for(uses, asking.workshop) if one.id == asking.use), None)
        if line is not None:
            raise not_admitted.refused_use(line, self._cite("uses", version))
        avoid = await self._avoid(request)
        stamps = tuple(stamp(area, rule) for area, rule in rules.items() if rule.version or rule.suspended)
        prefix = self.prefixes.of(asking.language, asking.workshop) if request.kind == "chat" else None
        return Admitted(rules=stamps, prefix=prefix, avoid=avoid, weight_percent=weight_percent)

    def judge(self, model: Candidate) -> Judgement:
        """Whether the rule in force, and the configuration file, admit this file of this model."""
        return judge(self._rule("models")[0], model, self._also_refused)

    def judge_here(self, model_id: str, sha256: str | None = None) -> Judgement:
        """Whether some machine may answer with this model. ``sha256``: of a file that lies here, None for none."""
        if self._asks_nothing():
            return ADMITTED
        files = [one.engine.identity().file_sha256 for one in self._stations(model_id)]
        if sha256 is not None or not files:
            files.append(sha256)
        found = [self.judge(one) for one in self._candidates(model_id, files)]
        return next((one for one in found if one.admitted), found[0])

    def may_answer(self, model_id: str, sha256: str | None = None) -> bool:
        return self.judge_here(model_id, sha256).admitted

    async def refusal_of(self, model_id: str) -> NotAllowed:
        """The refusal of a model that no machine may answer with."""
        return await self.why_not(model_id, self.judge_here(model_id))

    async def why_not(self, model_id: str, judgement: Judgement, kind: str = "chat") -> NotAllowed:
        """The refusal of a model, with the rule that refuses it and what would work here."""
        works = self._would_work(model_id, kind)
        fetch = "" if works else await self._suggest(self.may_answer)
        return not_admitted.model(
            model_id,
            judgement,
            self.openness(judgement.base or model_id),
            self.cited(judgement),
            works=works,
            fetch=fetch,
        )

    def cited(self, judgement: Judgement) -> Cited:
        """What refuses a model: the rule in force, or the configuration file."""
        return not_admitted.BY_SETTINGS if judgement.by_settings else self._cite("models", self._rule("models").version)

    async def _avoid(self, request: ChatRequest) -> frozenset[str]:
        """Machines that may not answer, their file not being admitted. Raises NotAllowed when none may."""
        model_id = request.model
        if self._asks_nothing():
            return frozenset()
        stations = self._stations(model_id)
        files = [one.engine.identity().file_sha256 for one in stations]
        found = [self.judge(one) for one in self._candidates(model_id, files)]
        judged = [(one.node_id, judgement) for one, judgement in zip(stations, found, strict=True)]
        if not any(judgement.admitted for _, judgement in judged):
            worst = judged[0][1] if judged else self.judge(self._candidates(model_id, [None])[0])
            if not worst.admitted:
                raise await self.why_not(model_id, worst, request.kind)
        return frozenset(node_id for node_id, judgement in judged if not judgement.admitted)

    async def _weight(self, asking: Asker, uses: UsesRules, version: int) -> int:
        active = await self._sanction(asking.member_id)
        if active is None:
            return 100
        if active.kind == "suspended":
            now_ms = self._clock.now_ms()
            raise not_admitted.suspended(active, uses.line(active.line), self._cite("uses", version), now_ms)
        return active.percent if active.kind == "slower" else 100

    def _would_work(self, model_id: str, kind: str) -> tuple[str, ...]:
        """Admitted models that can answer now; the default one first."""
        found = [one for one in self._served(kind) if one != model_id and self.may_answer(one)]
        return tuple(sorted(found, key=lambda one: (one != self._default_model, one)))

    def _asks_nothing(self) -> bool:
        return not self._also_refused and asks_nothing(self._rule("models")[0])

    def _candidates(self, model_id: str, files: Sequence[str | None]) -> list[Candidate]:
        """One for each file. A voice comes with its base as it lies on this machine, where both work."""
        card = self._all_cards().get(model_id)
        base: Candidate | None = None
        if card is not None and card.base is not None:
            here = [one.engine.identity().file_sha256 for one in self._stations(card.base) if not one.node_id]
            base = Candidate(card.base, here[0] if here else None, self.openness(card.base))
        return [Candidate(model_id, one, self.openness(model_id), base) for one in files]

    def openness(self, model_id: str) -> Openness | None:
        """As its card tells it; None for what has no card."""
        card = self._all_cards().get(model_id)
        return None if card is None else card.openness

    def _all_cards(self) -> Mapping[str, CardLike]:
        now_us = self._clock.monotonic_us()
        if self._cards is None or now_us - self._cards_us >= CARDS_KEPT_US:
            self._cards, self._cards_us = self._read_cards(), now_us
        return self._cards
