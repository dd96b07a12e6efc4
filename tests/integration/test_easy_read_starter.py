"""Two sentences rewritten by the real starter model, judged as anybody's would be."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from affouage import settings
from affouage.app import open_commons
from affouage.assembly.member import Role
from affouage.inference.attempt import Asking

pytestmark = pytest.mark.starter

SENTENCES = (
    "Vous venez demain.",
    "La demande doit être effectuée à la mairie, sauf si vous résidez à l'étranger.",
    "L'attestation n'est pas exigée lorsque le demandeur perçoit moins de 800 € par mois.",
)


def test_what_it_proposes_is_judged_and_never_taken_unseen(starter_home: Path) -> None:
    async def scenario() -> None:
        async with open_commons(settings.read({}, home=starter_home)) as commons:
            member, _ = await commons.accounts.add_member("Karim", Role.MEMBER, "fr")
            model = commons.default_model
            await commons.pool.known(model)[0].engine.ensure_ready(120_000)
            asking = Asking(member_id=member.id, door="web")
            version = await commons.easy_read.easy_version(SENTENCES, asking, model)
            easy, request, denied = version.proposals
            assert easy.status == "already_easy"
            assert request.status == "kept"
            assert "habitez à l'étranger" in request.text
            assert "Sauf si" in request.text
            # A small model may turn "is not required" around: whatever it writes, the negation is in the draft.
            assert "pas" in version.text.splitlines()[-1]
            assert denied.receipt_id is not None
            assert (await commons.ledger.receipt(denied.receipt_id, member.id)).workshop == "easy_read"

    asyncio.run(scenario())
