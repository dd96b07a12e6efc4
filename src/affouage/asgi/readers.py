"""What somebody may read: the tags by which collections of sheets are opened to some and not to others."""

from __future__ import annotations

from sqlalchemy import Connection, select

from affouage.assembly.member import PERSONS, Member
from affouage.sheets.sheet import MEMBERS, PUBLIC
from affouage.storage import Database
from affouage.storage.tables import member_standing

EVERYBODY = frozenset({PUBLIC})
"""Of whoever has no account."""


def tags(member: Member, college: str) -> frozenset[str]:
    """Of a member. Whoever has a role reads what those below read. ``college``: "" for none. Pure."""
    roles = (f"role:{role.value}" for role in PERSONS if member.role.at_least(role))
    mine = (f"member:{member.id}", *((f"college:{college}",) if college else ()))
    return EVERYBODY | {MEMBERS, *roles, *mine}


async def tags_of(db: Database, member: Member) -> frozenset[str]:
    """The same, with the college a steward recorded."""

    def college(connection: Connection) -> str:
        query = select(member_standing.c.college).where(member_standing.c.member_id == member.id)
        return connection.execute(query).scalar() or ""

    return tags(member, await db.read(college))
