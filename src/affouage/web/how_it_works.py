"""How this commons works: what is sent to the model, what is stored, what a receipt means. For anybody."""

from __future__ import annotations

from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.assembly.access import Policy
from affouage.web import format as wording
from affouage.web.asking import ANSWER_TOKENS
from affouage.web.door import Door, Visit
from affouage.web.kept_words import kept_words
from affouage.web.language import Language
from affouage.web.pages import HowItWorks, PrefixText, RuleLink
from affouage.web.rule_names import cited_words, page_of


def open_door(door: Door) -> None:
    door.page("/how-it-works", explain, Policy.PUBLIC)


async def explain(visit: Visit) -> Response:
    commons, settings = visit.commons, visit.commons.settings
    decision = commons.charter.version("prefixes", commons.charter.in_force("prefixes").version)
    kept, known = commons.keeping(), wording.doors(visit.language)
    page = HowItWorks(
        prefixes=tuple(
            PrefixText(one.language, one.version, one.sha256, one.text, known.get(workshop, workshop))
            for workshop, texts in {"": commons.prefixes, **commons.prefixes.workshops()}.items()
            for one in texts.values()
        ),
        decided=rule_link(commons, "prefixes", visit.language),
        decided_by="" if decision is None else decision.decided_by,
        keep_days=kept.conversations,
        kept=kept_words(kept, visit.language),
        kept_rule=rule_link(commons, "retention", visit.language),
        country=settings.footprint.country,
        base_url=visit.site.base_url(visit.request.scope),
        model=visit.commons.default_model,
        answer_tokens=ANSWER_TOKENS,
        elsewhere=tuple((row.id, row.machine) for row in settings.upstreams),
        pool=visit.commons.dispatcher is not None,
    )
    return visit.site.page(visit.request.scope, page)


def rule_link(commons: Commons, area: str, language: Language) -> RuleLink | None:
    """The version in force of a rule that somebody decided, in words; None for the default."""
    version = commons.charter.in_force(area).version
    if not version:
        return None
    cited = commons.cite(area, version)
    return RuleLink(cited_words(cited, language), page_of(cited))
