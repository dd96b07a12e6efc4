"""The workshop of blind comparisons: draw, ask both, hear which is better, then tell names and costs.

Both answers come by ``Inference.ask``, one after the other, each with its receipt. Kept is what ``book`` writes.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Sequence

import msgspec

from affouage.chat import ChatRequest, Delta, Message, delta_text
from affouage.clock import Clock
from affouage.errors import BadRequest, Conflict
from affouage.inference.answer import AnswerEvent, ExactPrompt
from affouage.inference.attempt import Asking
from affouage.inference.serve import Inference
from affouage.ledger.receipt import Receipt
from affouage.storage import Database
from affouage.workshops.blind import book
from affouage.workshops.blind.held import SIDES, Answered, Comparison, Held, Side
from affouage.workshops.blind.report import Report, Told, cheaper_of, report
from affouage.workshops.blind.strength import PREFERRED, Preferred

WORKSHOP = "blind"
ANSWER_TOKENS = 512
"""Word-pieces of one answer at most: two are waited for."""
QUESTION_MOST = 4_000


class Blind:
    """``month_of``: the local month of an instant in milliseconds. ``draw``: who draws sides and order."""

    def __init__(
        self,
        db: Database,
        inference: Inference | None,
        clock: Clock,
        month_of: Callable[[int], str],
        draw: random.Random | None = None,
        gateway_id: str = "",
    ) -> None:
        """``inference``: None where nothing is asked (a command that shows what was said). ``gateway_id``: of this
        process where there are several: tokens begin with it, for what they stand for is held here alone."""
        self._db = db
        self._inference = inference
        self._clock = clock
        self._month_of = month_of
        self._draw = draw or random.SystemRandom()
        self._held = Held(clock, gateway_id)

    # -- asking ------------------------------------------------------------------------------------------------------

    def begin(
        self, member_id: str, question: str, models: Sequence[str], chosen: tuple[str, str] = ("", "")
    ) -> Comparison:
        """``models``: that may answer this member; ``chosen``: two of them, "" for one that is drawn.

        Raises BadRequest: no question, one too long, fewer than two models, a model that is not there, twice the same.
        """
        asked = question.strip()
        if not asked:
            raise BadRequest("There is no question.", remedy="Type one.", param="question", code="question_empty")
        if len(asked) > QUESTION_MOST:
            raise BadRequest(
                f"The question has {len(asked)} characters; {QUESTION_MOST} at most are read.",
                remedy="Shorten it.",
                param="question",
                code="question_too_long",
                given=len(asked),
                most=QUESTION_MOST,
            )
        two = self._two(models, chosen)
        self._draw.shuffle(two)
        first, second = SIDES if self._draw.random() < 0.5 else reversed(SIDES)
        return self._held.begin(member_id, asked, {"left": two[0], "right": two[1]}, (first, second))

    def _two(self, models: Sequence[str], chosen: tuple[str, str]) -> list[str]:
        there = list(dict.fromkeys(models))
        if len(there) < 2:
            raise BadRequest(
                "Two models are needed, and fewer can answer here.",
                remedy="Install another one: affouage models fit names some.",
                code="blind_one_model",
            )
        two = [one for one in chosen if one]
        if any(one not in there for one in two):
            raise BadRequest("This model cannot answer here.", remedy="Choose another.", code="blind_not_there")
        if len(two) == 2 and two[0] == two[1]:
            raise BadRequest(
                "A model cannot be compared with itself.", remedy="Choose another second one.", code="blind_same"
            )
        return two + self._draw.sample([one for one in there if one not in two], 2 - len(two))

    async def answer(self, comparison: Comparison, side: Side, asking: Asking) -> AsyncGenerator[AnswerEvent, None]:
        """Have the model of ``side`` answer. Its words are not to be shown before both are there.

        Closing the iterator stops the answer. Raises what ``Inference.ask`` and its events raise, and Conflict when
        there is nothing to compare: ``blind_stopped``, ``blind_stood_in`` (another model answered), ``blind_nothing``.
        """
        assert self._inference is not None, "somebody must be asked"
        model = comparison.models[side]
        request = ChatRequest(model=model, messages=(Message("user", comparison.question),), max_tokens=ANSWER_TOKENS)
        answer = await self._inference.ask(msgspec.structs.replace(asking, workshop=WORKSHOP), request)
        comparison.running = answer.receipt_id
        words: list[str] = []
        exact: ExactPrompt | None = None
        try:
            async for event in answer.events():
                if isinstance(event, Delta):
                    words.append(delta_text(event))
                elif isinstance(event, ExactPrompt):
                    exact = event
                yield event
        finally:
            answer.cancel()
            await answer.done()
            comparison.running = ""
            if answer.receipt is not None:
                comparison.spent.append(answer.receipt)
        text = "".join(words).strip()
        receipt = _comparable(answer.receipt, model, text)
        comparison.answers[side] = Answered(text, receipt, exact)
        self._held.hold(comparison)

    def stop(self, token: str, member_id: str) -> None:
        """Stop what is being written; nothing happens when nothing is."""
        running = self._held.find(token, member_id).running
        if running and self._inference is not None:
            self._inference.stop(running, member_id)

    def find(self, token: str, member_id: str) -> Comparison:
        """Raises NotFound ``blind_over``."""
        return self._held.find(token, member_id)

    def give_up(self, comparison: Comparison) -> None:
        """Nothing is compared, and nothing counted."""
        self._held.drop(comparison.token)

    # -- choosing ----------------------------------------------------------------------------------------------------

    async def choose(self, token: str, member_id: str, preferred: str) -> Comparison:
        """Which is better, without names. The first word stands: later ones know more.

        Raises NotFound, BadRequest ``blind_choice``, LedgerUnavailable (nothing was then said).
        """
        comparison = self._held.find(token, member_id)
        choice = _choice(preferred)
        if not comparison.answered:
            raise Conflict("Both answers are not there yet.", remedy="Wait for them.", code="blind_not_yet")
        if comparison.preferred is not None:
            return comparison
        comparison.preferred = choice
        left, right = (comparison.answers[side].receipt.energy.interval_uj for side in SIDES)
        told = Told(
            month=self._month_of(self._clock.now_ms()),
            left=comparison.models["left"],
            right=comparison.models["right"],
            preferred=choice,
            cheaper=cheaper_of(left, right),
        )
        try:
            comparison.row_id = await self._db.write(
                lambda connection: book.add(connection, told, ((told.left, left), (told.right, right)))
            )
        except BaseException:
            comparison.preferred = None
            raise
        return comparison

    async def keep(self, token: str, member_id: str, kept: str) -> Comparison:
        """What they prefer now that they know the cost. The last word stands, as long as the comparison is held."""
        comparison = self._held.find(token, member_id)
        choice = _choice(kept)
        if comparison.preferred is None or not comparison.row_id:
            raise Conflict("Choose without the names first.", remedy="Say which is better.", code="blind_not_yet")
        await self._db.write(lambda connection: book.keep(connection, comparison.row_id, choice))
        comparison.kept = choice
        return comparison

    # -- what was said -----------------------------------------------------------------------------------------------

    async def report(self) -> Report:
        return await self._db.read(lambda connection: report(book.pairs(connection), book.costs(connection)))


def _comparable(receipt: Receipt | None, model: str, text: str) -> Receipt:
    if receipt is None or receipt.outcome != "completed":
        raise Conflict(
            "The answer was stopped: there is nothing to compare.", remedy="Begin again.", code="blind_stopped"
        )
    if receipt.model.id != model:
        raise Conflict(
            "The allowance had another model answer in its place.",
            remedy="Compare again when the allowance is no longer short.",
            code="blind_stood_in",
        )
    if not text:
        raise Conflict("A model answered nothing at all.", remedy="Ask in other words.", code="blind_nothing")
    return receipt


def _choice(said: str) -> Preferred:
    found = next((one for one in PREFERRED if one == said), None)
    if found is None:
        raise BadRequest(
            "Nothing was chosen.", remedy=f"Say one of {', '.join(PREFERRED)}.", param="choice", code="blind_choice"
        )
    return found
