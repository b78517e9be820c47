"""A statement as JSON: every amount an exact decimal in text."""

from __future__ import annotations

from typing import Any, Final

from allocation.money import amount_of
from allocation.statement import Statement, TenantLine

SCHEMA_VERSION: Final = 1


def document(statement: Statement) -> dict[str, Any]:
    """The statement as plain data, ready for JSON."""
    return {
        "schema_version": SCHEMA_VERSION,
        "portfolio": statement.portfolio,
        "period": {"start": _moment(statement.period.start), "end": _moment(statement.period.end)},
        "currency": statement.currency,
        "basis": str(statement.basis),
        "versions": dict(statement.versions),
        "tenants": [_tenant(line) for line in statement.tenants],
        "idle": {pool: _text(units) for pool, units in statement.idle.items()},
        "unallocated": [
            {"charge": item.charge_id, "amount": _text(item.units), "reason": item.reason}
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
        "totals": {
            "charged": _text(statement.charged),
            "direct": _text(statement.direct),
            "pooled": _text(statement.pooled),
            "idle": _text(statement.idle_total),
            "unallocated": _text(statement.unallocated_total),
            "difference": _text(statement.difference),
        },
    }


def _tenant(line: TenantLine) -> dict[str, Any]:
    return {
        "tenant": line.tenant,
        "client": line.client,
        "environment": str(line.environment),
        "tier": line.tier,
        "direct": _text(line.direct),
        "pooled": {pool: _text(units) for pool, units in line.pooled.items()},
        "total": _text(line.total),
        "fee": _text(line.fee),
        "margin": _text(line.margin),
    }


def _text(units: int) -> str:
    return format(amount_of(units), "f")


def _moment(value: Any) -> str:
    return str(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
