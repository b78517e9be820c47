"""The function `monthlyEstimate`: what tenants would cost, before anything is deployed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from plugin.estimator import estimates_of
from tiers.plan.from_program import DocumentError, catalog_of_document, plan_of_documents

_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class NoEstimateError(ValueError):
    """Why nothing could be priced, in one sentence."""


def monthly_estimate(args: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The estimate of a platform and its tenants, with the names that programs have.

    Raises:
        DocumentError: With every mistake of the platform, the tenants and the month.
        NoEstimateError: When no price is known, or no rule divides the cost.
    """
    catalog = catalog_of_document(args["platform"])
    plan = plan_of_documents(args["platform"], args["tenants"], catalog)
    day = first_of(args.get("month"), today)
    found = estimates_of(plan, day)
    if found.unknown:
        raise NoEstimateError(found.unknown)
    amounts = {name: amount.partition(" ")[0] for name, amount in found.amounts.items()}
    return {
        "month": f"{day:%Y-%m}",
        "currency": plan.currency,
        "idle": amounts.pop("(idle)"),
        "unallocated": amounts.pop("(unallocated)"),
        "tenants": amounts,
        "unpriced": dict(found.unpriced),
    }


def first_of(month: str | None, today: date) -> date:
    """The first day of *month*, or *today*.

    Raises:
        DocumentError: When it is no month.
    """
    if month is None:
        return today
    found = _MONTH.fullmatch(month)
    if not found:
        raise DocumentError([(("month",), f"Value should be a month such as 2026-11, not '{month}'")])
    return date(int(found.group(1)), int(found.group(2)), 1)
