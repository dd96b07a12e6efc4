"""An assembly with something of everything: a rule voted, a vote open, a discussion, mandates, an emergency measure.

Delays are zero where the pages need what follows, long where they need what is under way; the clock is the real one.
"""

from __future__ import annotations

import msgspec

from affouage.assembly.decisions import events as ev
from affouage.assembly.member import Member, Role
from affouage.assembly.rules.governance import GovernanceRules, Profile
from affouage.testing import LiveCommons

DAY_MIN = 24 * 60
AT_ONCE = Profile(deliberation_min=0, notice_min=0, voting_min=7 * DAY_MIN, contest_min=0, quorum_percent=30)
SLOW = Profile(method="supermajority", threshold="2/3", deliberation_min=7 * DAY_MIN, second_quorum_percent=25)
RULES = GovernanceRules(
    ordinary=AT_ONCE,
    reinforced=SLOW,
    entrenched=msgspec.structs.replace(SLOW, cosigners=1),
    persons=msgspec.structs.replace(AT_ONCE, secrecy="detached"),
)
OTHERS = ("Anne", "Bilal", "Chloé", "Driss")


async def play_assembly(live: LiveCommons, operator: Member, member: Member) -> None:
    """Found it and bring it to a lively day: proposals 1 to 7, votes 1 to 4."""
    commons = live.commons
    assembly = commons.assembly
    others = [await _joined(live, name) for name in OTHERS]
    everybody = [operator, member, *others]
    await assembly.found("", {"governance": RULES})

    night = {"closed_from": "03:00", "closed_until": "03:01"}
    first = await assembly.propose_rule(member, "Une minute de silence la nuit", "Que tout dorme.", "hours", night)
    poll = (await assembly.proposal(first)).poll_id
    assert poll is not None
    for number, who in enumerate(everybody):
        await assembly.cast(who, poll, "against" if number == 3 else "for", "Il faut dormir." if number == 1 else "")

    posters = ev.Choice(options=("La forêt en hiver", "Le chêne", "Les mains"))
    await assembly.propose(operator, "L’affiche de la fête", "Elle part à l’imprimeur lundi.", posters)

    kept = await _document(live, "retention") | {"conversations": 60}
    longer = await assembly.propose_rule(operator, "Garder deux mois", "Un mois ne suffit pas.", "retention", kept)
    await assembly.argue(member, longer, "for", "J’ai perdu une recette.")
    await assembly.argue(others[0], longer, "against", "Moins on garde, mieux on dort.")
    await assembly.argue(others[1], longer, "question", "Et celles que j’ai effacées ?")
    await assembly.argue(operator, longer, "answer", "Elles restent effacées.", 3)
    await assembly.amend(others[2], longer, {**kept, "conversations": 45}, "Un mois et demi suffit.")

    mandate = ev.MandateGiven(member_id=operator.id, scope="emergency", days=90)
    given = await assembly.propose(member, "Odile pour les urgences", "Elle habite à côté.", mandate)
    poll = (await assembly.proposal(given)).poll_id
    assert poll is not None
    for who in everybody:
        await assembly.cast(who, poll, "for")
    await assembly.emergency(operator, "no_new_machines", "", "Une machine inconnue a essayé d’entrer.", 3)

    moderation = ev.MandateGiven(member_id=others[0].id, scope="moderator", days=365)
    await assembly.propose(others[3], "Anne à la modération", "Elle écoute.", moderation)

    votes = await _document(live, "governance")
    votes["contest_members"] = 2
    await assembly.propose_rule(others[1], "Deux pour contester", "Trois, c’est beaucoup.", "governance", votes)
    await assembly.give_proxy(others[2], member.id, commons.clock.now_ms() + 86_400_000)


async def _joined(live: LiveCommons, name: str) -> Member:
    """Somebody who came in by a link, so that they may vote."""
    accounts = live.commons.accounts
    _, link = await accounts.add_member(name, Role.MEMBER, "fr")
    member, _ = await accounts.accept(link.secret, None, "quatre mots sans lien", "fr", "Firefox · Linux")
    return member


async def _document(live: LiveCommons, area: str) -> dict[str, object]:
    found: dict[str, object] = (await live.commons.assembly.look(lambda house: house.newest(area)))[0]
    return found
