"""Who is at the desk: functions of a connection, asked in the transaction of what is done."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from affouage.assembly import roll
from affouage.assembly.charter import founded
from affouage.assembly.member import Role
from affouage.errors import NotFound
from affouage.workshops.desk.rules import DeskRules

SCOPE = "clerk"
"""The mandate."""

Holds = Callable[[Connection, str, str, int], bool]
"""``holds(connection, member_id, scope, now_ms)``: whether a mandate is in force."""


def at_desk(connection: Connection, member_id: str, rules: DeskRules, holds: Holds, now_ms: int) -> bool:
    """Whether this member may answer the public now. Never the commons itself: a clerk is a person."""
    try:
        who = roll.by_id(connection, member_id)
    except NotFound:
        return False
    if not who.active or who.role is Role.COMMONS:
        return False
    if rules.clerks == "members" or holds(connection, who.id, SCOPE, now_ms):
        return True
    return who.role.at_least(Role.STEWARD) and (rules.clerks == "stewards" or not founded(connection))


def is_steward(connection: Connection, member_id: str) -> bool:
    """Whether this member is a steward or an operator now."""
    try:
        who = roll.by_id(connection, member_id)
    except NotFound:
        return False
    return who.active and who.role.at_least(Role.STEWARD)
