"""What a client's fees are made of: the offer, options, and services bought beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from allocation.money import units_of
from allocation.report.showback.content import EMPTY, Table, amount, text
from allocation.report.showback.month import Showback
from allocation.statement.filed import FiledTenant
from tiers.catalog.fees import CDN, ENHANCED, OFFER, STANDBY
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import TenantId

_OPTIONS: Final[Mapping[str, str]] = {
    ENHANCED: "Enhanced controls",
    STANDBY: "Warm standby in a second region",
    CDN: "CDN for the website",
}


def fee_parts(showback: Showback, lines: Sequence[FiledTenant]) -> Iterator[Table]:
    """The parts of a whole month's fee, of the tenants that pay for more than their offer."""
    plans = [plan for line in lines if (plan := showback.plans.get(TenantId(line.tenant)))]
    bought = [plan for plan in plans if len(plan.fee_parts) > 1]
    if not bought:
        return
    rows = tuple(
        (text(plan.name), text(_title(showback, plan, each.part)), amount(units_of(each.fee_per_month)))
        for plan in bought
        for each in plan.fee_parts
    )
    foot = (text("total"), EMPTY, amount(sum(units_of(plan.fee_per_month) for plan in bought)))
    title = f"What the fee of a whole month is made of, in {showback.statement.currency}"
    yield Table("fee-parts", title, ("tenant", "for", "fee a month"), rows, (foot,))


def _title(showback: Showback, plan: TenantPlan, part: str) -> str:
    if part == OFFER:
        return showback.service(plan.tier)
    services = showback.month.catalog.services
    sold = services.services.get(part) if services else None
    return sold.title if sold else _OPTIONS.get(part, part)
