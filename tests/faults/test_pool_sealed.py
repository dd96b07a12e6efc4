"""All that the broker relays, recorded on both sides of it (test 13): sizes and times, and nothing of what was said."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

from tests.faults.counting import counted
from tests.faults.link import Link
from tests.faults.pool_house import BOTH_BROKERS, measured, pool_house

LEAST = 8
"""Bytes in a row that count as something said."""
WORD = "coulemelle"
PROMPTS = (
    "Où cueillir la trompette-de-la-mort sans déranger le voisinage ?",
    "Mon mot de passe est Framboisier-des-Ormes-1789, que faire ?",
    "Rédige une lettre à la perceptrice de Saint-Amand-les-Eaux.",
    "Traduis « la vesse-de-loup perlée » en occitan vivaro-alpin.",
    "Quel dosage de thiamine pour Zéphyrine, 87 ans, hypotendue ?",
)


@BOTH_BROKERS
def test_13_the_broker_sees_nothing_of_questions_answers_or_members(tmp_path: Path, version: str) -> None:
    async def main() -> None:
        links: list[Link] = []
        async with pool_house(tmp_path, version=version, record=links.append) as house:
            await house.machine("atelier", word=WORD, word_ms=5)
            for prompt in PROMPTS:
                answer = await house.ask(40, about=prompt)
                assert answer.complete, answer
                assert answer.text == counted(40, WORD)
            who = await asyncio.to_thread(house.live.run, house.live.commons.accounts.find("Odile"))
            prefix = house.live.commons.prefixes[who.language].text
        passed = b"".join(bytes(one) + b"\n" for one in links[0].seen)
        assert passed.count(b"HMSG") + passed.count(b"MSG ") > 5 * 2, "the answers did pass here"
        said = [*PROMPTS, counted(40, WORD), prefix, "compte jusqu'à 40"]
        pieces = {piece for text in said for piece in windows(text.encode())}
        pieces |= {piece for text in said for piece in windows(base64.b64encode(text.encode()))}
        measured(f"13 ({version})", bytes_relayed=len(passed), pieces_looked_for=len(pieces))
        assert [piece for piece in pieces if piece in passed] == []
        assert who.id.encode() not in passed
        assert who.name.encode() not in passed
        assert house.key.encode() not in passed

    asyncio.run(main())


def windows(text: bytes) -> list[bytes]:
    return [text[at : at + LEAST] for at in range(len(text) - LEAST + 1)]
