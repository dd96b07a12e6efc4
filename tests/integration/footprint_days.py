"""A commons whose days are already counted: receipts and blocks posted as a settlement posts them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, insert

from affouage.footprint.balance import Prices, Rates
from affouage.footprint.books import Books
from affouage.footprint.factors import Factor, GridFactors, Site
from affouage.footprint.machine import Machine, PartImpact
from affouage.footprint.period import Calendar
from affouage.ledger.receipt import (
    Block,
    Durations,
    Energy,
    EngineStamp,
    Impacts,
    MeterStamp,
    ModelStamp,
    Receipt,
    TokenCounts,
)
from affouage.ledger.sums import post_block, post_receipt
from affouage.storage import Database
from affouage.storage.tables import machine_version, member, rule_version
from affouage.testing import ManualClock
from affouage.units import Interval

WH = 3_600_000_000
SET = "set-1"


def a_factor(low: float, central: float, high: float, unit: str) -> Factor:
    return Factor(
        value=Interval(low, central, high),
        unit=unit,
        scope="life cycle",
        source="made up",
        url="",
        year=2025,
        licence="",
        retrieved="",
    )


def a_grid(set_id: str = SET, gwp: float = 50.0) -> GridFactors:
    return GridFactors(
        set_id=set_id,
        country="",
        gwp=a_factor(gwp / 2, gwp, gwp * 2, "g CO2e/kWh"),
        water=a_factor(2, 4, 8, "L/kWh"),
    )


def a_machine(machine_id: str = "tower", **more: Any) -> Machine:
    part = PartImpact(kind="gpu", model="card", gwp_kg=Interval(100.0, 200.0, 400.0), quality="estimated")
    described: dict[str, Any] = {"acquired": "2026-01-01", "age_years": 4.0, "planned_years": 4.0, "parts": (part,)}
    return Machine(id=machine_id, **{**described, **more})


def books_on(
    db: Database,
    now_ms: int,
    *,
    zone: str = "Europe/Paris",
    grids: Iterable[GridFactors] = (a_grid(),),
    prices: Prices | None = None,
    site: Site | None = None,
) -> Books:
    """A kWh costs 0.25 EUR and hosting 31 EUR a month, unless said otherwise."""
    prices, site = prices or Prices(0.25, 31.0), site or Site()
    known = {one.set_id: one for one in grids}
    return Books(db, ManualClock(now_ms), Calendar(zone), Rates(known.get, site, prices))


def a_receipt(name: str, member_id: str = "m1", **more: Any) -> Receipt:
    """``uj``: (static, dynamic), or None when the energy is not known; ``share_us``: machine time."""
    uj, model, share_us = more.pop("uj", (WH, WH)), more.pop("model", "small"), more.pop("share_us", 1_000_000)
    energy = Energy()
    if uj is not None:
        whole = sum(uj)
        energy = Energy(
            interval_uj=Interval(whole * 9 // 10, whole, -(-whole * 11 // 10)),
            static_uj=uj[0],
            dynamic_uj=uj[1],
            quality=more.pop("quality", "declared"),
            machine_share_us=share_us,
            at_least=more.pop("at_least", False),
        )
    return Receipt(
        **{
            "id": name,
            "member_id": member_id,
            "door": "api",
            "kind": "chat",
            "created_ms": 1,
            "outcome": "completed",
            "model": ModelStamp(id=model, name=model),
            "engine": EngineStamp("echo", "1", "here"),
            "tokens": TokenCounts(prompt=10, cached=3, decoded=5),
            "durations": Durations(wait_ms=1, wait_reason="none", total_ms=5),
            "energy": energy,
            "impacts": Impacts(factor_set=more.pop("factor_set", SET)),
            "machine_id": "tower",
            "workshop": "web",
            **more,
        }
    )


def a_block(name: str, parts: dict[str, tuple[int, int, int]], **more: Any) -> Block:
    """Its energy is the sum of its parts, idle, unattributed and contended."""
    rest = {name: more.pop(name, 0) for name in ("idle_uj", "unattributed_uj", "contended_uj")}
    return Block(
        **{
            "id": name,
            "machine_id": "tower",
            "t0_ms": 0,
            "t1_ms": 1,
            "meter": MeterStamp(
                id="plug", kind="plug", quality="declared", low_factor=0.9, high_factor=1.1, method="x"
            ),
            "energy_uj": sum(static + dynamic for static, dynamic, _ in parts.values()) + sum(rest.values()),
            **rest,
            "parts": parts,
            "idle_us": 3_000_000,
            "known_us": 4_000_000,
            "windows": 4,
            "readings_sha256": "",
            **more,
        }
    )


def settle(connection: Connection, receipt: Receipt, day: str, *, idle_uj: int = WH, **block: Any) -> None:
    """The receipt with the block it was counted in, as a settlement posts them."""
    energy = receipt.energy
    parts = {}
    if energy.static_uj is not None and energy.dynamic_uj is not None:
        parts = {receipt.id: (energy.static_uj, energy.dynamic_uj, energy.machine_share_us or 0)}
    made = a_block(f"blk_{receipt.id}", parts, idle_uj=idle_uj, machine_id=receipt.machine_id, **block)
    post_block(connection, made, day, receipt.impacts.factor_set or "")
    post_receipt(connection, receipt, day)


def enter(connection: Connection, *names: str, role: str = "member", created_ms: int = 1, **more: Any) -> None:
    for name in names:
        row = {"id": name, "name": name, "name_key": name, "role": role, "language": "fr", "created_ms": created_ms}
        connection.execute(insert(member), {**row, **more})


def rule(connection: Connection, area: str, value: Any, *, version: int = 1, in_force_ms: int = 1) -> None:
    row = {"area": area, "version": version, "in_force_ms": in_force_ms, "decided_by": "the assembly", "reason": "so"}
    connection.execute(insert(rule_version), {**row, "body": msgspec.json.encode(value).decode()})


def describe(connection: Connection, machine: Machine, from_ms: int = 1) -> None:
    body = msgspec.json.encode(machine).decode()
    connection.execute(insert(machine_version), {"machine_id": machine.id, "from_ms": from_ms, "body": body})


def random_month(connection: Connection, seed: int, month: str = "2026-10", *, requests: int = 60) -> list[Receipt]:
    """Settled receipts of a random month: members m0..m7, failures, unknown energies, odd microjoules."""
    chance, made = random.Random(seed), []
    for i in range(requests):
        uj = None if chance.random() < 0.05 else (chance.randrange(3 * WH), chance.randrange(3 * WH))
        receipt = a_receipt(
            f"rcp_{seed}_{i}",
            f"m{chance.randrange(8)}",
            uj=uj,
            model=chance.choice(["small", "large"]),
            workshop=chance.choice(["web", "api", "explain"]),
            machine_id=chance.choice(["tower", "laptop"]),
            outcome=chance.choice(["completed"] * 8 + ["failed", "cancelled"]),
            use=chance.choice([""] * 9 + ["accessibility"]),
            factor_set=chance.choice([SET, "set-2"]),
            share_us=chance.randrange(10_000_000),
        )
        extra = {"unattributed_uj": chance.randrange(WH), "contended_uj": chance.randrange(WH)}
        settle(connection, receipt, f"{month}-{chance.randrange(1, 29):02}", idle_uj=chance.randrange(WH), **extra)
        made.append(receipt)
    return made
