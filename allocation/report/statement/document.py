"""A statement as JSON, with every amount as exact decimal text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from allocation.engine.drivers import UNITS
from allocation.money import text_of
from allocation.statement.other_months import OtherMonth
from allocation.statement.overage import Overage
from allocation.statement.statement import Statement, TenantLine

SCHEMA_VERSION: Final = 3


def document(statement: Statement) -> dict[str, Any]:
    """The statement as plain data for JSON; the names of its keys are stored and never change."""
    tiers = sorted({line.term.tier for line in statement.tenants})
    return {
        "schema_version": SCHEMA_VERSION,
        "portfolio": statement.portfolio,
        "period": {"start": _moment(statement.period.start), "end": _moment(statement.period.end)},
        "currency": statement.currency,
        "basis": str(statement.basis),
        "versions": dict(statement.versions),
        "tenants": [_tenant(line, statement) for line in statement.tenants],
        "tiers": [_tier(tier, statement) for tier in tiers],
        "pools": [_pool(pool, statement) for pool in statement.pools],
        "idle": _texts(statement.idle),
        **_kept(statement),
        **_exceptions(statement),
        "other_months": [_other_month(other) for other in statement.other_months],
        "totals": {
            "charged": text_of(statement.charged),
            "direct": text_of(statement.direct),
            "pooled": text_of(statement.pooled),
            "idle": text_of(statement.idle_total),
            "unallocated": text_of(statement.unallocated_total),
            "difference": text_of(statement.difference),
        },
    }


def _kept(statement: Statement) -> dict[str, Any]:
    """Usage that trends need, by driver; no key where nothing of it was measured."""
    drivers = sorted({each.driver for each in statement.kept})
    kept = [
        {
            "driver": str(driver),
            "unit": UNITS[driver],
            "use": {
                one.tenant: f"{one.quantity.normalize():f}" for one in statement.kept if one.driver is driver
            },
        }
        for driver in drivers
    ]
    return {"kept": kept} if kept else {}


def items_document(statement: Statement) -> dict[str, Any]:
    """The items of the charges; a file of its own because it is longer than the statement."""
    return {
        "schema_version": 1,
        "period": {"start": _moment(statement.period.start), "end": _moment(statement.period.end)},
        "items": [
            {
                "tenant": item.tenant,
                "pool": item.pool,
                "service": item.service,
                "item": item.item,
                "unit": item.unit,
                "quantity": None if item.quantity is None else f"{item.quantity.normalize():f}",
                "amount": text_of(item.units),
                **({"other_month": item.other_month} if item.other_month else {}),
            }
            for item in statement.items
        ],
    }


def _exceptions(statement: Statement) -> dict[str, Any]:
    """Exceptions: unallocated charges, unknown prices, fallback drivers, unknown consumers."""
    return {
        "unallocated": [
            {
                "reason": item.reason,
                "amount": text_of(item.units),
                "charges": item.charges,
                "example": item.example,
            }
            for item in statement.unallocated
        ],
        "unpriced": [
            {
                "fact": item.fact,
                "service": item.service,
                "item": item.item,
                "quantity": str(item.quantity),
                "reason": item.reason,
            }
            for item in statement.unpriced
        ],
        "fallbacks": [
            {"pool": one.pool, "start": _moment(one.start), "end": _moment(one.end), "driver": one.driver}
            for one in statement.fallbacks
        ],
        "strangers": list(statement.unknown_consumers),
    }


def _tenant(line: TenantLine, statement: Statement) -> dict[str, Any]:
    first, second, third = line.contribution_margins
    return {
        "tenant": line.tenant,
        "display_name": line.term.display_name,
        "client": line.term.client,
        "environment": str(line.term.environment),
        "tier": line.term.tier,
        "direct": text_of(line.direct),
        "pooled": _texts(line.pooled),
        "idle": _texts(line.idle),
        "total": text_of(line.total),
        "variable": text_of(line.variable),
        "by_category": _texts(line.by_category),
        "by_domain": _texts(line.by_domain),
        "fee": text_of(line.fee),
        **({"overage": [_overage(each) for each in line.term.overage]} if line.term.overage else {}),
        "contribution_margin_1": text_of(first),
        "contribution_margin_2": text_of(second),
        "contribution_margin_3": text_of(third),
        "margin": text_of(line.margin),
        "cross_subsidy": text_of(statement.cross_subsidies[line.tenant]),
        "incremental_floor": text_of(statement.bounds[line.tenant][0]),
        "stand_alone_ceiling": text_of(statement.bounds[line.tenant][1]),
        "out_of_bounds": statement.out_of_bounds.get(line.tenant),
    }


def _overage(each: Overage) -> dict[str, Any]:
    return {
        "measure": str(each.measure),
        "used": None if each.used is None else str(each.used),
        "source": each.source,
        "covered": each.covered,
        "part": str(each.part),
        "price": text_of(each.price),
        "amount": None if each.amount is None else text_of(each.amount),
        "agreed": each.agreed,
    }


def _pool(pool: str, statement: Statement) -> dict[str, Any]:
    driver, unit = statement.drivers.get(pool, ("", ""))
    return {
        "pool": pool,
        "driver": driver,
        "unit": unit,
        "use": {one.consumer: f"{one.quantity.normalize():f}" for one in statement.usage if one.pool == pool},
    }


def _other_month(other: OtherMonth) -> dict[str, Any]:
    return {
        "month": other.month,
        "kind": str(other.kind),
        "amount": text_of(other.units),
        "unallocated": text_of(other.unallocated),
        "as_filed": list(other.as_filed),
        "by_drivers": list(other.by_drivers),
        "parts": [
            {
                "tenant": part.tenant,
                "pool": part.pool,
                "part": str(part.allocation_type),
                "amount": text_of(part.units),
            }
            for part in other.parts
        ],
    }


def _tier(tier: str, statement: Statement) -> dict[str, Any]:
    lines = [line for line in statement.tenants if line.term.tier == tier]
    return {
        "tier": tier,
        "tenants": len(lines),
        "total": text_of(sum(line.total for line in lines)),
        "fee": text_of(sum(line.fee for line in lines)),
        "margin": text_of(sum(line.margin for line in lines)),
        "cross_subsidy": text_of(sum(statement.cross_subsidies[line.tenant] for line in lines)),
    }


def _texts(units: Mapping[Any, int]) -> dict[str, str]:
    return {str(name): text_of(amount) for name, amount in units.items()}


def _moment(value: Any) -> str:
    return str(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
