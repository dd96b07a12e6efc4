"""The first days of a commons: what is done and what is left, each with the page or the command that does it.

Nothing is ticked by hand: every line says what is true now.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from starlette.responses import Response

from affouage.archive.book import DAYS_MOST, made_of
from affouage.asgi.commons import Commons
from affouage.asgi.guard import identity_of
from affouage.assembly.access import Policy
from affouage.assembly.member import PERSONS, Member
from affouage.units import Quality
from affouage.web import methods
from affouage.web.door import Door, Visit
from affouage.web.language import Language
from affouage.web.models import shown
from affouage.web.pages import Models, Page

DAY_MS = 86_400_000
State = Literal["done", "open", "later"]
"""``later``: works without, until somebody wants more."""


@dataclass(frozen=True)
class Step:
    """``link``: (address, words) of the page that does it; ``command``: typed on the server; ``lines``: for
    settings.toml; ``read``: the page of the documentation that tells more."""

    id: str
    title: str
    state: State
    what: str
    link: tuple[str, str] | None = None
    command: str = ""
    lines: str = ""
    read: str = ""


@dataclass(frozen=True)
class FirstSteps(Page):
    """``ready``: nothing is left but what may wait."""

    template: ClassVar[str] = "first_steps.html"
    open: tuple[Step, ...]
    later: tuple[Step, ...]
    done: tuple[Step, ...]
    settings_path: str


@dataclass(frozen=True)
class Seen:
    """What is true now. ``model``: name of the default model, or its id; ``others_fit``: known models that this
    machine could run and does not have; ``backup_days``: since the last backup, None if there was none; ``asked``: the
    reader has had an answer; ``service``: the system started it, not somebody in a terminal."""

    reader: str
    commons_name: str
    model: str
    model_here: bool
    others_fit: int
    asked: bool
    founded: bool
    people: int
    invited: int
    backup_days: int | None
    described: bool
    country: str
    priced: bool
    meter_title: str
    meter_quality: Quality
    address: str
    https: bool
    service: bool


def open_door(door: Door) -> None:
    door.page("/first-steps", first_steps, Policy.OPERATOR)


async def first_steps(visit: Visit) -> Response:
    me = identity_of(visit.request.scope).member
    seen = await look(visit.commons, me, visit.site.base_url(visit.request.scope), visit.language)
    found = tuple(steps(seen, visit.language))
    page = FirstSteps(
        open=tuple(one for one in found if one.state == "open"),
        later=tuple(one for one in found if one.state == "later"),
        done=tuple(one for one in found if one.state == "done"),
        settings_path=str(visit.commons.settings.home / "settings.toml"),
    )
    return visit.site.page(visit.request.scope, page)


async def look(commons: Commons, me: Member, address: str, language: Language) -> Seen:
    """``address``: by which the reader came, or what the settings say."""
    settings, meter = commons.settings, commons.metering.meter.info()
    models: Models = await asyncio.to_thread(shown, commons, language)
    default = next((one for one in (*models.here, *models.shut, *models.others) if one.is_default), None)
    roll = [one for one in await commons.accounts.members() if one.active and one.role in PERSONS]
    made = await asyncio.to_thread(made_of, settings.home)
    return Seen(
        reader=me.name,
        commons_name=settings.commons.name,
        model=default.name if default else commons.default_model,
        model_here=default.here if default else commons.default_model in models.served,
        others_fit=sum(one.verdict == "fits" and one.grade == "assistant" for one in models.others),
        asked=bool(await commons.ledger.receipts(me.id, limit=1)),
        founded=commons.charter.founded,
        people=len(roll),
        invited=len(await commons.accounts.pending_invitations()),
        backup_days=(commons.clock.now_ms() - made[0].made_ms) // DAY_MS if made else None,
        described=commons.machine is not None,
        country=settings.footprint.country,
        priced=settings.footprint.price_eur_per_kwh > 0,
        meter_title=methods.title(meter.method, language),
        meter_quality=meter.quality,
        address=address,
        https=settings.server.public_url.startswith("https://"),
        service=_is_service(),
    )


def _is_service() -> bool:
    """Whether systemd runs this very process, or it is the first one of a container."""
    return os.getpid() == 1 or os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid())


def steps(seen: Seen, language: Language) -> Iterator[Step]:
    """In the order in which they are best taken. Pure."""
    _ = language.gettext
    yield Step(
        "account",
        _("Your account"),
        "done",
        _("You are {name}, operator: you look after this commons.").format(name=seen.reader),
        link=("/account", _("My account")),
    )
    yield from _answering(seen, language)
    yield from _people(seen, language)
    yield from _counting(seen, language)
    yield from _lasting(seen, language)


def _answering(seen: Seen, language: Language) -> Iterator[Step]:
    _ = language.gettext
    others = language.ngettext(
        "{count} other known model fits this machine.",
        "{count} other known models fit this machine.",
        seen.others_fit,
    ).format(count=seen.others_fit)
    here, absent = _("{model} answers here."), _("{model} is not here yet, so nobody gets an answer.")
    yield Step(
        "model",
        _("A model that fits this machine"),
        "done" if seen.model_here else "open",
        f"{(here if seen.model_here else absent).format(model=seen.model)} {others}",
        link=("/models", _("Models")),
        command="" if seen.model_here else "affouage models fit",
        read="docs/how-to/add-a-model.md",
    )
    yield Step(
        "question",
        _("A first question"),
        "done" if seen.asked else "open",
        _("You have had an answer, and its receipt.")
        if seen.asked
        else _("Ask something, then read the receipt under the answer: it is what this is about."),
        link=("/receipts", _("Receipts")) if seen.asked else ("/chat", _("Ask a question")),
    )


def _people(seen: Seen, language: Language) -> Iterator[Step]:
    _ = language.gettext
    yield Step(
        "name",
        _("The name of the collective"),
        "done" if seen.commons_name else "open",
        _("It is called {name}.").format(name=seen.commons_name)
        if seen.commons_name
        else _("It shows at the top of every page."),
        lines="" if seen.commons_name else '[commons]\nname = "…"',
    )
    people = language.ngettext("{count} person is on the roll.", "{count} people are on the roll.", seen.people)
    invited = language.ngettext("{count} invitation is open.", "{count} invitations are open.", seen.invited)
    yield Step(
        "members",
        _("The first members"),
        "done" if seen.people > 1 else "open",
        f"{people.format(count=seen.people)} {invited.format(count=seen.invited)}",
        link=("/members", _("Invite somebody")),
    )
    yield Step(
        "rules",
        _("The first rules"),
        "done" if seen.founded else "open",
        _("The assembly is founded: rules change by votes alone.")
        if seen.founded
        else _("Until the assembly is founded, you decide alone. Choose with the others among the first rules."),
        link=("/assembly", _("The assembly")) if seen.founded else ("/assembly/found", _("Found the assembly…")),
        read="docs/how-to/found-an-assembly.md",
    )


def _counting(seen: Seen, language: Language) -> Iterator[Step]:
    _ = language.gettext
    known = bool(seen.country) and seen.priced
    lacking = "\n".join(
        line
        for line, there in (('country = "FRA"', seen.country), ("price_eur_per_kwh = 0.25", seen.priced))
        if not there
    )
    yield Step(
        "electricity",
        _("The electricity: country and price"),
        "done" if known else "open",
        _("Carbon is counted with the electricity of {country}; euros with your price.").format(country=seen.country)
        if known
        else _("As long as nobody tells them, carbon and euros are unknown on every receipt, and said so."),
        link=("/sources", _("How we know")),
        lines=f"[footprint]\n{lacking}" if lacking else "",
    )
    yield Step(
        "machine",
        _("The machine, described"),
        "done" if seen.described else "open",
        _("Its making is shared out among the answers.")
        if seen.described
        else _("What making it cost is counted once its parts, its age and its price are told."),
        link=("/coupe", _("La coupe")),
        command="" if seen.described else "affouage footprint machine init",
        read="docs/how-to/describe-a-machine.md",
    )
    measured = seen.meter_quality == "measured"
    yield Step(
        "meter",
        _("A meter"),
        "done" if measured else "later",
        seen.meter_title
        if measured
        else _("Nothing measures this machine: energy is within a wide range. A plug that meters narrows it."),
        command="" if measured else "affouage meter list",
        read="docs/how-to/measure-energy.md",
    )


def _lasting(seen: Seen, language: Language) -> Iterator[Step]:
    _ = language.gettext
    days = seen.backup_days
    if days is None:
        what = _("None was ever made. The disk will fail one day.")
    else:
        what = language.ngettext(
            "The last one was made {count} day ago.", "The last one was made {count} days ago.", days
        ).format(count=days)
    fresh = days is not None and days <= DAYS_MOST
    yield Step(
        "backup",
        _("A backup, kept elsewhere"),
        "done" if fresh else "open",
        what,
        command="" if fresh else "affouage backup create --encrypt",
        read="docs/how-to/back-up.md",
    )
    reached = _("Members reach it at {address}.") if seen.https else _("Only this machine reaches it, at {address}.")
    yield Step(
        "address",
        _("An address for the others"),
        "done" if seen.https else "later",
        reached.format(address=seen.address)
        + ("" if seen.https else " " + _("For other machines: a name, a certificate, nginx in front.")),
        lines="" if seen.https else '[server]\npublic_url = "https://…"',
        read="docs/how-to/behind-nginx.md",
    )
    yield Step(
        "service",
        _("Started with the machine"),
        "done" if seen.service else "later",
        _("The system starts it, and starts it again when it must.")
        if seen.service
        else _("Somebody started it in a terminal: it stops with that terminal."),
        read="docs/how-to/run-as-a-service.md",
    )
