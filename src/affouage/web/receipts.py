"""One's own receipts: read, downloaded, and a copy of the exact text checked against them."""

from __future__ import annotations

import hmac

import msgspec
from starlette.responses import Response

from affouage.asgi.guard import identity_of
from affouage.assembly.access import Policy, Scope
from affouage.catalogue.openness import AXES, AXIS_WORDS, Level, level_word
from affouage.errors import SettingsError
from affouage.footprint.factors import GridFactors, grid_factors
from affouage.footprint.impact import INDICATORS
from affouage.inference.prefix_rules import PrefixRules
from affouage.inference.prompt import commitment
from affouage.ledger.receipt import Impacts, Receipt
from affouage.web import sentences
from affouage.web.door import Door, Visit
from affouage.web.language import Language
from affouage.web.machine_words import KINDS
from affouage.web.methods import TITLES
from affouage.web.pages import FactorRow, ReceiptPage, Receipts, RuleLink
from affouage.web.reach import asked_words
from affouage.web.rule_names import cited_words, page_of
from affouage.web.site import say

SHOWN_AT_MOST = 50


def open_door(door: Door) -> None:
    door.page("/receipts", mine, Policy.MEMBER, scope=Scope.RECEIPTS)
    door.page("/receipts/{id}", one, Policy.MEMBER, scope=Scope.RECEIPTS)
    door.page("/receipts/{id}/check", check, Policy.MEMBER, scope=Scope.RECEIPTS, post=True)


async def mine(visit: Visit) -> Response:
    receipts = await visit.commons.ledger.receipts(identity_of(visit.request.scope).member.id, limit=SHOWN_AT_MOST)
    return visit.site.page(visit.request.scope, Receipts(tuple(receipts), SHOWN_AT_MOST))


async def one(visit: Visit) -> Response:
    if visit.query("format") == "json":
        return await _download(visit)
    return visit.site.page(visit.request.scope, await _page(visit, None))


async def check(visit: Visit) -> Response:
    """Compare a pasted copy; it is neither kept nor logged."""
    form = await visit.form()
    return visit.site.page(visit.request.scope, await _page(visit, form.one("text")))


async def _page(visit: Visit, pasted: str | None) -> ReceiptPage:
    member_id = identity_of(visit.request.scope).member.id
    receipt = await visit.commons.ledger.receipt(visit.part("id"), member_id)
    salt = await visit.commons.ledger.salt(receipt.id, member_id)
    making = await visit.commons.books.making_of(receipt)
    matches = None
    if pasted is not None and salt is not None and receipt.prompt_sha256 is not None:
        matches = same_text(pasted, salt, receipt.prompt_sha256)
    return ReceiptPage(
        receipt=receipt,
        machine=_machine_named(receipt, visit),
        whose=_whose(receipt, visit),
        reach=asked_words(receipt.reach, visit.language),
        rules=tuple(_rule(rule, visit) for rule in receipt.rules),
        openness=openness_words(receipt, visit.language),
        factors=factor_rows(_grid_of(receipt, visit), visit.language),
        making=making if any_known(making) else None,
        making_when=why_no_making(receipt, making),
        method_anchor=receipt.energy.method if receipt.energy.method in TITLES else "energy",
        problem=sentences.explain_code(receipt.problem, visit.language) if receipt.problem else "",
        salt=salt.hex() if salt else "",
        prefix_text=_prefix_text(receipt, visit),
        matches=matches,
        pasted=pasted or "",
    )


def _rule(stamp: str, visit: Visit) -> RuleLink:
    cited = visit.commons.cite.read(stamp)
    return RuleLink(cited_words(cited, visit.language), page_of(cited))


def _prefix_text(receipt: Receipt, visit: Visit) -> str | None:
    """The text that stood first, looked for among all that ever were; None for one that is known no more."""
    stamp, commons = receipt.prefix, visit.commons
    if stamp is None or stamp.language not in commons.prefixes:
        return None
    ever = [(one.value, one.version) for one in commons.charter.history("prefixes")]
    for rules, version in (*ever, (PrefixRules(), 0)):
        for workshop in ("", receipt.workshop):
            found = commons.prefixes.under_rule(rules, version, stamp.language, workshop)
            if found.sha256 == stamp.sha256:
                return found.text
    return None


def _machine_named(receipt: Receipt, visit: Visit) -> str:
    """The name its people gave it; "" for what stands on the receipt."""
    if receipt.node_id:
        record = visit.commons.enrolment.records().get(receipt.node_id)
        return record.name if record is not None else ""
    described = visit.commons.machine
    return described.name if described is not None and described.id == receipt.engine.machine else ""


def _whose(receipt: Receipt, visit: Visit) -> str:
    """How far it is trusted today; "" for the commons' own machine, and for one nobody knows any more."""
    record = visit.commons.enrolment.records().get(receipt.node_id)
    return "" if record is None else visit.language.gettext(KINDS[record.trust])


def any_known(impacts: Impacts | None) -> bool:
    return impacts is not None and any(getattr(impacts, name) is not None for name in INDICATORS)


def why_no_making(receipt: Receipt, making: Impacts | None) -> str:
    """midnight: the day is not over; nothing: no time of the machine was used; uncounted: its time is not known;
    undescribed: nobody described it."""
    share_us, tokens = receipt.energy.machine_share_us, receipt.tokens
    if share_us == 0 or receipt.outcome == "refused" or (tokens.prompt, tokens.decoded) == (0, 0):
        return "nothing"
    if share_us is None:
        return "uncounted"
    return "midnight" if making is None else "undescribed"


def _grid_of(receipt: Receipt, visit: Visit) -> GridFactors | None:
    """The set this receipt was counted with, when it is still here."""
    grid, asked = visit.commons.grid, receipt.impacts.factor_set
    if grid is None or asked is None or grid.name == asked:
        return grid if asked is not None else None
    try:
        return grid_factors(grid.country, asked)
    except SettingsError:
        return None


def factor_rows(grid: GridFactors | None, language: Language) -> tuple[FactorRow, ...]:
    """The factors of the electricity that are known, in the order of the impacts."""
    if grid is None:
        return ()
    _ = language.gettext
    rows = (
        (_("Carbon per kWh"), "grid", grid.gwp),
        (_("Water per kWh"), "water", grid.water),
        (_("Minerals per kWh"), "minerals", grid.adpe),
        (_("Primary energy per kWh"), "primary-energy", grid.primary_energy),
    )
    return tuple(FactorRow(name, anchor, factor) for name, anchor, factor in rows if factor is not None)


def openness_words(receipt: Receipt, language: Language) -> tuple[tuple[str, str], ...]:
    """(axis, level) in words, in the order of the axes; those the receipt does not tell are left out."""
    levels = receipt.model.openness
    return tuple(
        (say(AXIS_WORDS[name], language), say(level_word(name, _level(levels[name])), language))
        for name in AXES
        if name in levels
    )


def _level(text: str) -> Level:
    known: tuple[Level, ...] = ("open", "partial", "closed")
    return next((level for level in known if level == text), "unknown")


def same_text(pasted: str, salt: bytes, expected_sha256: str) -> bool:
    """Whether this is the text of the receipt; a line end lost or added at its very end is forgiven. Pure."""
    ends = ("", "\n", "\n\n")
    candidates = [pasted, *(pasted.rstrip("\n") + end for end in ends)]
    return any(hmac.compare_digest(commitment(salt, text), expected_sha256) for text in candidates)


async def _download(visit: Visit) -> Response:
    member_id = identity_of(visit.request.scope).member.id
    receipt = await visit.commons.ledger.receipt(visit.part("id"), member_id)
    salt = await visit.commons.ledger.salt(receipt.id, member_id)
    body = msgspec.to_builtins(receipt) | {"prompt_salt": salt.hex() if salt else None}
    return download(msgspec.json.format(msgspec.json.encode(body), indent=2), f"{receipt.id}.json")


def download(content: bytes, name: str, media_type: str = "application/json") -> Response:
    """A file for the member who asked, kept by no cache."""
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
