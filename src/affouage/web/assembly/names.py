"""Who is who in the assembly: names for members, ids nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from affouage.asgi.commons import Commons
from affouage.assembly.member import Member
from affouage.web.language import Language


@dataclass(frozen=True)
class Names:
    """Members by id. Who left, or was erased, has no name any more."""

    members: Mapping[str, Member]
    gone: str

    def of(self, member_id: str) -> str:
        known = self.members.get(member_id)
        return known.name if known is not None else self.gone

    def active(self) -> tuple[Member, ...]:
        return tuple(one for one in self.members.values() if one.active)


async def names(commons: Commons, language: Language) -> Names:
    """Everybody on the roll."""
    members = {one.id: one for one in await commons.accounts.members()}
    return Names(members, language.gettext("somebody who left"))
