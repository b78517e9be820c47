"""A preview as JSON: every amount an exact decimal in text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from allocation.charges import Charge, Unpriced
from allocation.money import text_of
from allocation.preview.approvals import Approval
from allocation.preview.base import Base
from allocation.preview.comparison import Comparison, Kind, LineChange, Step, TenantChange
from allocation.preview.cost_estimate import CostEstimate
from allocation.preview.one_off_costs import OneOff
from allocation.preview.preview import Preview
from tiers.change.effect import Effect
from tiers.vocabulary import PLATFORM

SCHEMA_VERSION: Final = 1


def document(preview: Preview) -> dict[str, Any]:
    """The preview as plain data for JSON; unchanged tenants have their name and cost only."""
    comparison = preview.comparison
    after = comparison.after
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "preview",
        "portfolio": after.plan.portfolio,
        "currency": comparison.currency,
        "period": {"start": _day(after.statement.period.start), "end": _day(after.statement.period.end)},
        "base": None if preview.base is None else _base(preview.base),
        "as_of": after.conditions.assumptions.as_of.isoformat(),
        "at_hpa": str(after.conditions.assumptions.scale),
        "versions": {
            "before": dict(comparison.before.statement.versions),
            "after": dict(after.statement.versions),
        },
        "bill": _step(comparison.charged),
        "bill_by": {name: text_of(units) for name, units in preview.bill_by.items()},
        "by_category": _steps(comparison.by_category),
        "fee": _step(comparison.fee),
        "fee_by": {name: text_of(units) for name, units in preview.fee_by.items()},
        "margin": _step(comparison.margin),
        "idle": _step(comparison.idle),
        "idle_by_pool": _steps(comparison.idle_by_pool),
        "unallocated": _step(comparison.unallocated),
        "tenants": [_tenant(preview, change) for change in comparison.tenants],
        "lines": [_line(line) for line in comparison.lines],
        "unpriced": {"before": _unpriced(comparison.before), "after": _unpriced(after)},
        "effects": [_effect(each) for each in preview.effects],
        "approvals": [_approval(each) for each in preview.approvals],
        **_beside(preview, comparison),
    }


def as_json(preview: Preview) -> str:
    """The document as JSON text, with one line per tenant and per price to keep it short."""
    entries = (f"  {json.dumps(name)}: {_text(value)}" for name, value in document(preview).items())
    return "{\n" + ",\n".join(entries) + "\n}"


def _text(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value, ensure_ascii=False)
    return "[\n" + ",\n".join(f"    {json.dumps(each, ensure_ascii=False)}" for each in value) + "\n  ]"


def _beside(preview: Preview, comparison: Comparison) -> dict[str, Any]:
    """The figures beside the comparison, which are in no difference."""
    known = [item.units for item in preview.one_off if item.units is not None]
    return {
        "one_off_of_platform": [_one_off(item) for item in preview.one_off_of(PLATFORM)],
        "one_off_total": text_of(sum(known)),
        "savings_off_hours": [
            {
                "tenant": each.tenant,
                "awake_hours_per_week": each.awake_hours_per_week,
                "saved": text_of(each.saved),
                "freed": text_of(each.freed),
            }
            for each in preview.savings
        ],
        "break_even": [
            {
                "tenant": each.tenant,
                "measure": each.measure,
                "by": each.by,
                "tier": {"before": each.before, "after": each.after},
                "at": each.at,
                "looked_up_to": each.most,
            }
            for each in preview.break_evens
        ],
        "notes": list(preview.notes),
        "gates_failed": list(preview.failed),
        "no_changes": comparison.empty,
    }


def _base(base: Base) -> dict[str, Any]:
    return {
        "kind": str(base.kind),
        "name": base.name,
        "commit": base.commit,
        "day": None if base.day is None else base.day.isoformat(),
        "merge_bases": base.merge_bases,
        "shallow": base.shallow,
    }


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "kind": str(effect.kind),
        "what": effect.what,
        "subjects": list(effect.subjects),
        "tenants": list(effect.tenants),
        "window": effect.window,
    }


def _approval(approval: Approval) -> dict[str, Any]:
    given = approval.approved_by
    return {
        "rule": approval.number,
        "change": str(approval.rule.change),
        "reasons": list(approval.reasons),
        "approvers": list(approval.rule.approvers),
        "people": list(approval.people),
        "count": approval.rule.count,
        "approved_by": None if given is None else list(given),
        "missing": approval.missing,
    }


def _tenant(preview: Preview, change: TenantChange) -> dict[str, Any]:
    if change.kind is Kind.SAME:
        return {"tenant": change.tenant, "kind": str(change.kind), "cost": _step(change.cost)}
    before, after = preview.promise(change)
    plan = change.after or change.before
    return {
        "tenant": change.tenant,
        "client": plan.client if plan else None,
        "environment": str(plan.environment) if plan else None,
        "kind": str(change.kind),
        "tier": {
            "before": change.before.tier if change.before else None,
            "after": change.after.tier if change.after else None,
        },
        "promise": {"before": before, "after": after},
        "cost": _step(change.cost),
        "direct": _step(change.direct),
        "pooled": _step(change.pooled),
        "by_pool": _steps(change.by_pool),
        "by_category": _steps(change.by_category),
        "by_domain": _steps(change.by_domain),
        "fee": _step(change.fee),
        "margin": _step(change.margin),
        "one_off": [_one_off(item) for item in preview.one_off_of(change.tenant)],
    }


def _one_off(item: OneOff) -> dict[str, Any]:
    return {
        "what": item.what,
        "quantity": f"{item.quantity:f}",
        "unit": item.unit,
        "amount": None if item.units is None else text_of(item.units),
    }


def _line(line: LineChange) -> dict[str, Any]:
    shown = line.either
    return {
        "line": line.id,
        "tenant": shown.tenant,
        "service": shown.service,
        "category": str(shown.category),
        "before": _side(line.before),
        "after": _side(line.after),
        "difference": text_of(line.cost.difference),
    }


def _side(charge: Charge | None) -> dict[str, Any] | None:
    if charge is None:
        return None
    return {
        "item": charge.item,
        "quantity": f"{charge.quantity:f}",
        "known_by": str(charge.known_by),
        "unit": charge.unit,
        "unit_price": f"{charge.unit_price:f}",
        "confidence": charge.confidence,
        "amount": text_of(charge.units),
    }


def _unpriced(side: CostEstimate) -> list[dict[str, Any]]:
    return [_without_price(item) for item in side.priced.unpriced]


def _without_price(item: Unpriced) -> dict[str, Any]:
    return {
        "fact": item.fact,
        "service": item.service,
        "item": item.item,
        "quantity": f"{item.quantity:f}",
        "reason": item.reason,
    }


def _step(step: Step) -> dict[str, str]:
    return {
        "before": text_of(step.before),
        "after": text_of(step.after),
        "difference": text_of(step.difference),
    }


def _steps(steps: Mapping[Any, Step]) -> dict[str, dict[str, str]]:
    return {str(name): _step(step) for name, step in steps.items()}


def _day(value: Any) -> str:
    return str(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
