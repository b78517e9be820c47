"""The drift of a stack as JSON, as words, and as OpenMetrics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from allocation.money import text_of
from allocation.report.statement.openmetrics import Gauge, exposition
from lifecycle.drift.changes import FieldChange
from lifecycle.drift.report import Difference, Drift
from tiers.portfolio.gates.drift import DriftEffect

_LONGEST: Final = 60
UNKNOWN: Final = "unknown"


def as_json(drift: Drift) -> str:
    """The drift as one JSON document; amounts and dates are text."""
    return json.dumps(document(drift), indent=2, ensure_ascii=False)


def document(drift: Drift) -> dict[str, Any]:
    """The drift as plain data; what is unknown is null."""
    return {
        "schema_version": 1,
        "stack": drift.stack,
        "portfolio": drift.portfolio,
        "compared": drift.compared,
        "searched_account": drift.searched,
        "objects_only_files": list(drift.files_in),
        "differences": [_difference(each) for each in drift.differences],
        "templates": [
            {
                "owner": each.owner,
                "version": each.version,
                "deployed_on": None if each.deployed_on is None else each.deployed_on.isoformat(),
                "age_days": each.age_days,
            }
            for each in drift.templates
        ],
        "broken_rules": list(drift.broken),
    }


def _difference(each: Difference) -> dict[str, Any]:
    return {
        "owner": each.owner or None,
        "resource": each.resource,
        "kind": each.kind,
        "id": each.id,
        "region": each.region or None,
        "what": str(each.what),
        "why": each.why or None,
        "effects": [str(effect) for effect in each.effects],
        "fields": [{"path": one.path, "before": one.before, "after": one.after} for one in each.fields],
        "per_month": None if each.units is None else text_of(each.units),
        "tolerated": each.tolerated,
        "remedy": each.remedy,
    }


def said(each: Difference) -> str:
    """What differs, in words."""
    return each.why or ", ".join(map(field_said, each.fields)) or "differs"


def field_said(each: FieldChange) -> str:
    """A field with its values.

    >>> field_said(FieldChange("instanceClass", "db.t4g.medium", "db.r7g.large"))
    'instanceClass is db.r7g.large, not db.t4g.medium'
    """
    if each.after is None:
        return f"{each.path} is not there, was {_short(each.before)}"
    if each.before is None:
        return f"{each.path} is {_short(each.after)}, was not there"
    now, then = _short(each.after), _short(each.before)
    return f"{each.path} differs" if now == then else f"{each.path} is {now}, not {then}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def as_openmetrics(drift: Drift) -> str:
    """The drift as gauges, with a sample for each owner and effect, also where there is none."""
    return exposition(_gauges(drift))


def _gauges(drift: Drift) -> Iterator[Gauge]:
    whole = {"portfolio": drift.portfolio, "stack": drift.stack}
    yield Gauge(
        "tenant_drift_differences",
        "Resources that are otherwise in the account than in the stack, by what that does.",
        [
            ({**whole, "tenant": owner, "effect": str(effect)}, drift.count(owner, effect))
            for owner in drift.owners
            for effect in DriftEffect
        ],
        counted=True,
    )
    yield Gauge(
        "tenant_drift_compared",
        "Resources of the stack that were compared with the account.",
        [(whole, drift.compared)],
        counted=True,
    )
    yield Gauge(
        "tenant_drift_broken_rules",
        "Rules of drift in platform.yaml that do not hold.",
        [(whole, len(drift.broken))],
        counted=True,
    )
    yield Gauge(
        "tenant_template_age_days",
        "Days since a tenant was last deployed; without a sample where that is unknown.",
        [
            ({**whole, "tenant": each.owner, "version": each.version or UNKNOWN}, each.age_days)
            for each in drift.templates
            if each.age_days is not None
        ],
        counted=True,
    )
