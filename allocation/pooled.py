"""Divides shared charges: each by its pool's driver, charge by charge, so that every share has an origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from allocation.charges import Charge
from allocation.drivers import Weights
from allocation.money import split
from allocation.rules import Driver, IdlePolicy, Pool, Rulebook
from tiers.vocabulary import TenantId


class Share(NamedTuple):
    """A tenant's part of one charge; `tenant` is None for the part that stays idle."""

    charge_id: str
    pool: str
    tenant: TenantId | None
    units: int
    weight: int
    total_weight: int


class Unallocated(NamedTuple):
    """A part of a charge that belongs to nobody, and why."""

    charge_id: str
    units: int
    reason: str


@dataclass
class Division:
    """Where shared charges went."""

    shares: list[Share] = field(default_factory=list)
    unallocated: list[Unallocated] = field(default_factory=list)


class _Part(NamedTuple):
    """What of a charge a pool has to divide."""

    charge_id: str
    units: int


def divide(charges: Iterable[Charge], weights: Mapping[Driver, Weights], rules: Rulebook) -> Division:
    """Divide charges that name no tenant.

    Pools are worked through in the order of the rulebook; what the platform's own pods take of one is
    handed to a later one, so the whole is a step-down without loops.
    """
    division = Division()
    parts: dict[str, list[_Part]] = {pool.pool: [] for pool in rules.pools}
    claimed_by = rules.pool_by_kind()
    for charge in charges:
        pool = claimed_by.get(charge.fact_kind)
        if pool is None:
            reason = f"no pool of rulebook {rules.version} claims {charge.fact_kind}"
            division.unallocated.append(Unallocated(charge.id, charge.units, reason))
        else:
            parts[pool.pool].append(_Part(charge.id, charge.units))
    for pool in rules.pools:
        _divide_pool(pool, weights[pool.driver], parts, division)
    return division


def _divide_pool(pool: Pool, weights: Weights, parts: Mapping[str, list[_Part]], division: Division) -> None:
    kept_idle = weights.idle if pool.idle is IdlePolicy.KEEP else 0
    handed_on = weights.platform if pool.platform_share_to else 0
    columns = [*weights.by_tenant.values(), kept_idle, handed_on]
    whole = sum(columns)
    for part in parts[pool.pool]:
        if not whole:
            reason = f"pool {pool.pool}: no tenant has any {pool.driver}"
            division.unallocated.append(Unallocated(part.charge_id, part.units, reason))
            continue
        *by_tenant, idle, platform = split(part.units, columns)
        division.shares += (
            Share(part.charge_id, pool.pool, tenant, units, weight, whole)
            for (tenant, weight), units in zip(weights.by_tenant.items(), by_tenant, strict=True)
            if weight
        )
        if kept_idle:
            division.shares.append(Share(part.charge_id, pool.pool, None, idle, kept_idle, whole))
        if pool.platform_share_to and platform:
            parts[pool.platform_share_to].append(_Part(part.charge_id, platform))
