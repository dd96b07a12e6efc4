"""``affouage receipts``: receipts read in the home itself, and a receipt told in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

import click

from affouage.assembly.accounts import Accounts
from affouage.assembly.member import Member
from affouage.assembly.roll import COMMONS_NAME
from affouage.catalogue.openness import AXES, AXIS_WORDS, Level, level_word
from affouage.cli.console import echo_json, open_home, run, telling
from affouage.cli.language import spoken, zone_here
from affouage.cli.reading import note_reading, with_reason
from affouage.clock import SystemClock
from affouage.errors import NotFound
from affouage.footprint.period import Calendar
from affouage.inference.citing import Citing
from affouage.ledger.ledger import Ledger, find_receipt
from affouage.ledger.receipt import Energy, Receipt, TokenCounts
from affouage.rulebook import ANY_RATES, open_charter
from affouage.storage import Database
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web import methods
from affouage.web.language import N_, Language
from affouage.web.notices import notice
from affouage.web.rule_names import cited_words

_LEVELS: tuple[Level, ...] = ("open", "partial", "closed", "unknown")
_OUTCOMES = {
    "completed": N_("completed"),
    "cancelled": N_("cancelled"),
    "refused": N_("refused"),
    "failed": N_("failed"),
}
_ENDS = {"stop": N_("stop"), "length": N_("length")}
_WAITS = {
    "none": N_("no wait"),
    "turn": N_("its turn"),
    "lighter": N_("its turn"),
    "owner": N_("its turn"),
    "no_hurry": N_("nothing pressed"),
    "closed": N_("no machine was open"),
    "loading": N_("the model was being loaded"),
}
_DOORS = {
    "api": N_("another program"),
    "web": N_("the pages"),
    "cli": N_("the command line"),
    "workshop": N_("a workshop"),
    "start-up": N_("the start of the server"),
}

Rows = Iterator[tuple[str, str]]


@click.group()
def receipts() -> None:
    """What each answer was: model, machine, wait, tokens, energy, outcome.

    Read in the home itself, whether or not a server runs. Prompts and answers are not in it.

    \b
    Examples:
      affouage receipts show rcp_1f0c2a... --reason "Jeanne asks why it was so slow"
      affouage receipts show rcp_1f0c2a... --key aff_... --json
      affouage receipts list "Jeanne Moreau" --reason "She asked me to look at her month"
      affouage receipts list commons --limit 5 --json
    """


@receipts.command()
@click.argument("receipt_id", metavar="ID")
@with_reason
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def show(receipt_id: str, reason: str | None, key: str | None, as_json: bool) -> None:
    """Show the receipt ID (rcp_...), as the header X-Affouage-Receipt or the page gave it.

    Another member's takes a --reason, which is logged and which they will see. One's own (--key) and the collective's
    take none.
    """
    language = spoken()
    with telling(), open_home() as (settings, database):
        try:
            receipt = database.read_now(lambda c: find_receipt(c, receipt_id, None))
        except NotFound as none:
            raise NotFound(none.message, remedy=none.remedy, code="receipt_not_found") from None
        note_reading(database, receipt.member_id, f"receipt:{receipt.id}", reason, key)
        charter = open_charter(database, SystemClock(), ANY_RATES)
        cite = Citing(database, charter, Calendar(settings.commons.time_zone).day)
        named = {one: f"{one} ({cited_words(cite.read(one), language)})" for one in receipt.rules}
    if as_json:
        echo_json(receipt)
    else:
        click.echo(in_words(receipt, language, named))


@receipts.command("list")
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Receipts at most.")
@with_reason
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def list_(name: str, limit: int, reason: str | None, key: str | None, as_json: bool) -> None:
    """List the receipts of the member NAME, newest first; "commons" is the collective itself.

    A member's take a --reason, which is logged and which they will see; not one's own (--key).
    """
    with telling(), open_home() as (_, database):
        member = run(_member(database, name))
        note_reading(database, member.id, "receipts", reason, key)
        found = run(Ledger(database, SystemClock()).receipts(member.id, limit=limit))
    if as_json:
        echo_json(found)
        return
    language = spoken()
    for receipt in found:
        asked = wording.moment(receipt.created_ms, language, zone_here())
        click.echo(f"{receipt.id}  {asked}  {one_line(receipt, language)}")
    if not found:
        click.echo(language.gettext("{name} has no receipt yet.").format(name=name))


async def _member(database: Database, name: str) -> Member:
    accounts = Accounts(database, SystemClock())
    return await (accounts.commons() if name == COMMONS_NAME else accounts.find(name))


def one_line(receipt: Receipt, language: Language) -> str:
    """A receipt in one line: outcome, model, tokens, energy, carbon, and where to read the rest."""
    _ = language.gettext
    energy, gwp_g, decoded = receipt.energy, receipt.impacts.gwp_g, receipt.tokens.decoded
    tokens = language.ngettext("{count} token", "{count} tokens", decoded or 0)
    parts = [
        _outcome(receipt, language),
        receipt.model.name,
        tokens.format(count=_count(decoded, language)) if decoded is not None else _("tokens unknown"),
        _("energy {figure}").format(figure=_energy(energy, language)) if energy.interval_uj else _("energy unknown"),
        f"CO2e {_impact(gwp_g, wording.mass, receipt, language)}" if gwp_g else _("carbon unknown"),
        _("receipt {id}").format(id=receipt.id),
    ]
    return " · ".join(parts)


def in_words(receipt: Receipt, language: Language, named: Mapping[str, str] | None = None) -> str:
    """A receipt in plain words, several lines; what is not known is said to be unknown.

    ``named``: its rules with the votes that decided them.
    """
    tellers = (_what, _how_long, _what_it_cost, _text)
    rules = ", ".join((named or {}).get(one, one) for one in receipt.rules) or language.gettext("none yet")
    rows = chain(
        ((language.gettext("receipt"), receipt.id),),
        *(tell(receipt, language) for tell in tellers),
        ((language.gettext("rules in force"), rules),),
    )
    return "\n".join(f"{name:<16} {text}" for name, text in rows)


def _what(receipt: Receipt, language: Language) -> Rows:
    _ = language.gettext
    model, engine = receipt.model, receipt.engine
    asked = wording.moment(receipt.created_ms, language, zone_here())
    door = _(_DOORS.get(receipt.door, receipt.door))
    yield _("asked"), _("{moment}, through {door} ({kind})").format(moment=asked, door=door, kind=receipt.kind)
    yield _("outcome"), _outcome(receipt, language)
    licence = _("licence {name}").format(name=_or_unknown(model.licence, language))
    yield _("model"), f"{model.name} ({model.id}), {licence}"
    if model.voice is not None:
        voice = model.voice
        on = f"{voice.base_name} ({voice.base}), sha256 {_or_unknown(voice.base_file_sha256, language)}"
        scale = wording.figures(voice.scale, language, digits=3)
        yield _("voice"), _("scale {scale}, on {base}").format(scale=scale, base=on)
    if model.trained_by is not None:
        yield _("trained here"), _("receipt of the run {receipt}").format(receipt=model.trained_by)
    if model.grade == "grounded":
        yield "", _("good at working on a text you give it; not to be believed without a source")
    yield _("openness"), ", ".join(_openness(model.openness, language)) or _("unknown")
    yield _("file"), f"{_or_unknown(model.file, language)}, sha256 {_or_unknown(model.file_sha256, language)}"
    said = _("{name}, version {version}, on {machine}")
    yield (
        _("engine"),
        said.format(name=engine.name, version=_or_unknown(engine.version, language), machine=engine.machine),
    )


def _openness(levels: dict[str, str], language: Language) -> Iterator[str]:
    for axis in AXES:
        if axis in levels:
            level: Level = next((one for one in _LEVELS if one == levels[axis]), "unknown")
            name, word = AXIS_WORDS[axis].in_language(language.code), level_word(axis, level).in_language(language.code)
            yield language.typeset(language.gettext("{axis} {level}").format(axis=name, level=word))


def _how_long(receipt: Receipt, language: Language) -> Rows:
    _ = language.gettext
    times = receipt.durations
    yield _("waited"), f"{_time(times.wait_ms, language)} ({_(_WAITS.get(times.wait_reason, times.wait_reason))})"
    said = _("reading {reading}, writing {writing}, in all {whole}")
    reading, writing, whole = (_time(one, language) for one in (times.prompt_ms, times.decode_ms, times.total_ms))
    yield _("time"), said.format(reading=reading, writing=writing, whole=whole)
    yield _("tokens"), _tokens(receipt.tokens, language)


def _what_it_cost(receipt: Receipt, language: Language) -> Rows:
    _ = language.gettext
    energy, impacts = receipt.energy, receipt.impacts
    yield _("energy"), _energy(energy, language)
    if energy.interval_uj is not None and energy.static_uj is not None and energy.dynamic_uj is not None:
        said = _("of which the machine being on {standby}, this answer's own work {work}")
        standby, work = (
            _told(wording.energy(wording.part_of(energy.interval_uj, part), language))
            for part in (energy.static_uj, energy.dynamic_uj)
        )
        yield "", said.format(standby=standby, work=work)
    if energy.machine_share_us is not None:
        yield "", _("time of the machine: {time}").format(time=_time(energy.machine_share_us // 1000, language))
    if energy.method:
        yield "", methods.sentence(energy.method, energy.facts, language)[0]
    source = _("use only, factors {name}").format(name=impacts.factor_set) if impacts.gwp_g else ""
    yield (
        _("carbon (CO2e)"),
        " · ".join(part for part in (_impact(impacts.gwp_g, wording.mass, receipt, language), source) if part),
    )
    yield _("water"), _impact(impacts.water_l, wording.volume, receipt, language)
    yield _("minerals"), _impact(impacts.adpe_g_sb, wording.mass, receipt, language, _("Sb eq"))
    yield _("primary energy"), _impact(impacts.primary_energy_mj, wording.joules, receipt, language)
    for code in receipt.notices:
        yield _("notice"), notice(code, language)


def _text(receipt: Receipt, language: Language) -> Rows:
    _ = language.gettext
    prefix, before = receipt.prefix, _("nothing")
    if prefix:
        said = _("prefix {version} ({language}), sha256 {sha256}")
        before = said.format(version=prefix.version, language=prefix.language, sha256=prefix.sha256)
    yield _("added before"), before
    if receipt.prompt_sha256:
        said = _("not kept; sha256 of its salt and itself: {sha256}")
        yield _("exact text"), said.format(sha256=receipt.prompt_sha256)
    else:
        yield _("exact text"), _("not kept; its hash is unknown")


def _outcome(receipt: Receipt, language: Language) -> str:
    """The outcome with its reason: the code of an error (in French, its sentence), or how the model ended."""
    outcome = language.gettext(_OUTCOMES[receipt.outcome])
    reason = receipt.problem or receipt.finish_reason
    if receipt.problem and language.code != "en":
        from affouage.web.sentences import explain_code

        reason = explain_code(receipt.problem, language).rstrip(".")
    elif reason:
        reason = language.gettext(_ENDS.get(reason, reason))
    return f"{outcome} ({reason})" if reason else outcome


def _tokens(counts: TokenCounts, language: Language) -> str:
    said = language.gettext(
        "{read} read ({cached} of them from the cache), {written} written, {lost} of them thrown away"
    )
    read, cached = _count(counts.prompt, language), _count(counts.cached, language)
    written, lost = _count(counts.decoded, language), _count(counts.discarded, language)
    return said.format(read=read, cached=cached, written=written, lost=lost)


def _energy(energy: Energy, language: Language) -> str:
    """``≈ 1.2 mWh (estimated, 0.4 to 3.6)``: never one figure alone."""
    if energy.interval_uj is None:
        return language.gettext("unknown")
    central, spread = wording.energy(energy.interval_uj, language)
    told = f"≈ {central} ({language.gettext(wording.QUALITIES[energy.quality])}, {spread})"
    return f"{language.gettext('at least')} {told}" if energy.at_least else told


def _impact(
    interval: Interval | None, write: wording.Write, receipt: Receipt, language: Language, what: str = ""
) -> str:
    if interval is None:
        return language.gettext("unknown")
    central, spread = write(interval, language)
    told = _told((f"{central} {what}".rstrip(), spread))
    return f"{language.gettext('at least')} {told}" if receipt.impacts.at_least else told


def _told(shown: tuple[str, str]) -> str:
    return f"≈ {shown[0]} ({shown[1]})"


def _count(tokens: int | None, language: Language) -> str:
    return language.gettext("unknown") if tokens is None else wording.whole(tokens, language)


def _time(milliseconds: int | None, language: Language) -> str:
    return language.gettext("unknown") if milliseconds is None else wording.duration(milliseconds, language)


def _or_unknown(text: str | None, language: Language) -> str:
    return text or language.gettext("unknown")
