"""What the chat's form says, read back: the question, the turns before it, the model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from affouage.asgi.commons import Commons
from affouage.assembly import conversations
from affouage.assembly.conversations import Conversation
from affouage.assembly.member import Member
from affouage.catalogue.card import Card
from affouage.chat import ChatRequest, Message
from affouage.pool.reach import lowered
from affouage.web.forms import Form
from affouage.web.language import LANGUAGES, Language
from affouage.web.machine_now import other_servers, readers
from affouage.web.markdown import render
from affouage.web.pages import Choice, Composer, Turn
from affouage.web.reach import reach_field
from affouage.web.site import say

ANSWER_TOKENS = 1024
"""Word-pieces of one answer on the pages at most; a longer one is cut, and the page says so."""

_CONVERSES = ("assistant", "grounded")


@dataclass(frozen=True)
class Thread:
    """A conversation as far as it has gone. ``kept``: where it is kept, None when nobody keeps it."""

    turns: tuple[Turn, ...] = field(default=(), repr=False)
    kept: Conversation | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Ask:
    """A question to put to ``model`` after ``thread``; ``keep``, ``no_hurry``: the member ticked the box.

    ``reach``: whose machines may read it, "" for the rule's default.
    """

    question: str = field(repr=False)
    model: str
    keep: bool
    thread: Thread
    no_hurry: bool = False
    reach: str = ""

    def request(self) -> ChatRequest:
        messages: list[Message] = []
        for turn in self.thread.turns:
            if turn.answer_text:  # models expect question and answer in turns
                messages += [Message("user", turn.question), Message("assistant", turn.answer_text)]
        messages.append(Message("user", self.question))
        return ChatRequest(model=self.model, messages=tuple(messages), max_tokens=ANSWER_TOKENS)


async def read_ask(commons: Commons, member: Member, form: Form, language: Language) -> Ask:
    """Raises NotFound for a kept conversation that is not this member's."""
    thread = await read_thread(commons, member, form.one("conversation"), language)
    if thread.kept is None:
        thread = Thread(_carried(form, language))
    return Ask(
        question=form.one("question").strip(),
        model=form.one("model") or commons.default_model,
        keep=form.ticked("keep"),
        thread=thread,
        no_hurry=form.ticked("no_hurry"),
        reach=form.one("reach")[:40],
    )


async def read_thread(commons: Commons, member: Member, conversation_id: str, language: Language) -> Thread:
    """The kept conversation, or an empty thread for no id. Raises NotFound."""
    if not conversation_id:
        return Thread()
    kept = await commons.conversations.read(member, conversation_id)
    turns: list[Turn] = []
    question = ""
    for one in kept.turns:
        if one.role == "user":
            question = one.text
        else:
            turns.append(make_turn(question, one.text, one.receipt_id or "", "", language))
            question = ""
    return Thread(tuple(turns), kept)


def _carried(form: Form, language: Language) -> tuple[Turn, ...]:
    """The turns the form carried along. They are the member's own words to their own model: nothing to trust."""
    columns = (form.all("said"), form.all("answered"), form.all("receipt"), form.all("spoke"))
    return tuple(
        make_turn(said, answered, receipt, spoke if spoke in LANGUAGES else "", language)
        for said, answered, receipt, spoke in zip(*columns, strict=False)
    )


def make_turn(question: str, answer: str, receipt_id: str, lang: str, language: Language) -> Turn:
    return Turn(question, answer, render(answer, table_label=language.gettext("Table")), receipt_id, lang)


def kept_turns(turns: tuple[Turn, ...]) -> list[conversations.Turn]:
    """The same, as they are stored."""
    both: list[conversations.Turn] = []
    for turn in turns:
        both.append(conversations.Turn("user", turn.question))
        both.append(conversations.Turn("assistant", turn.answer_text, turn.receipt_id or None))
    return both


async def choices(commons: Commons, language: Language) -> tuple[Choice, ...]:
    """The models one can talk with: installed ones that converse, and those of other servers; the default first."""
    cards, installed = await asyncio.to_thread(lambda: (commons.cards(), commons.store.installed()))
    digests = {one.id: one.sha256 for one in installed}
    ids = {one for one in digests if one in cards and cards[one].grade in _CONVERSES}
    ids -= {one for one in ids if cards[one].base not in (None, *digests)}  # a voice alone says nothing
    ids |= {one for one in served(commons) if one not in cards or cards[one].grade in _CONVERSES}
    admission = commons.inference.admission
    there = [_choice(one, cards, language) for one in ids if admission.may_answer(one, digests.get(one))]
    return tuple(sorted(there, key=lambda one: (one.id != commons.default_model, one.name.casefold())))


def served(commons: Commons) -> set[str]:
    """Ids of the engines that write. One that never says how much text it can hold, as the embedder, does not."""
    upstream = {row.id for row in commons.settings.upstreams}
    engines = commons.pool.engines()
    carded = {one.id for one in commons.store.installed()}
    return {
        one.model_id
        for one in engines
        if one.context_tokens is not None or one.model_id in upstream or one.model_id in carded
    }


def _choice(model_id: str, cards: Mapping[str, Card], language: Language) -> Choice:
    card = cards.get(model_id)
    if card is None:
        return Choice(model_id, model_id)
    base = cards.get(card.base or "")
    return Choice(
        model_id,
        card.name,
        card.grade,
        tuple(say(one, language) for one in card.good_at),
        tuple(say(one, language) for one in card.bad_at),
        voice_of=base.name if base else card.base or "",
    )


def composer(
    commons: Commons,
    there: tuple[Choice, ...],
    ask: Ask,
    language: Language,
    *,
    keep_question: bool = False,
    problem: str = "",
) -> Composer:
    """The form that goes on from ``ask``; with ``keep_question`` the question stands in it again."""
    model = ask.model if any(one.id == ask.model for one in there) else (there[0].id if there else "")
    return Composer(
        choices=there,
        model=model,
        turns=ask.thread.turns,
        conversation_id=ask.thread.kept.id if ask.thread.kept else "",
        keep=ask.keep,
        no_hurry=ask.no_hurry and keep_question,
        reach=reach_field(
            lowered(commons.charter.in_force("confidentiality").value, commons.settings.safety.reach_most),
            readers(commons, language),
            ask.reach,
            language,
            other_servers(commons),
        ),
        keep_days=commons.keeping().conversations,
        question=ask.question if keep_question else "",
        problem=problem,
        shut=not there and bool(served(commons)),
    )
