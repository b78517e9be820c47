"""A bill's lines of a CDN are its tenant's, as the preview said to the cent."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from allocation.charges import Charge, ChargePeriod
from allocation.engine.rulebook import rules_on
from allocation.estimate.assumptions import Assumptions
from allocation.estimate.estimated_charges import priced_charges
from allocation.estimate.estimated_statement import allocated_estimate
from allocation.money import amount_of
from allocation.prices.price_book import load_price_book
from allocation.runs.bill import Request, allocate_bills
from allocation.runs.messages import Messages
from allocation.statement.statement import Statement
from tests.allocation.bills import AFTERWARDS, row, whole, written
from tests.portfolios import CDN, plan_of, tenant
from tiers.inventory import Inventory
from tiers.plan.plan import Plan

MONTH = "2026-11"
ARN = "arn:aws:cloudfront::123456789012:distribution/E3DFMXV6G5TTPQ"
PRICES, RULES = load_price_book("USD"), rules_on(date(2026, 11, 1))


def plan(routes: dict[str, Any]) -> Plan:
    options = {"users": 5, "website_visits_per_month": 60_000}
    return plan_of(tenant("acme", routes=routes, options=options), tenant("borealis"))


def estimated(routes: dict[str, Any]) -> tuple[Plan, Statement, dict[str, Charge]]:
    """A plan, the statement of its estimate, and what acme's CDN and traffic are estimated to cost."""
    made = plan(routes)
    priced = priced_charges(made, PRICES, Assumptions.on(date(2026, 11, 30)))
    statement = allocated_estimate(made, priced, ChargePeriod.month(MONTH), PRICES, RULES)
    lines = {each.id: each for each in priced.charges if each.fact in {"acme/cdn", "acme/traffic"}}
    return made, statement, lines


def direct(statement: Statement) -> int:
    (acme,) = [each for each in statement.tenants if each.tenant == "acme"]
    return acme.direct


def test_a_bill_has_what_the_preview_said(tmp_path: Path) -> None:
    _, before, internet = estimated({})
    made, after, lines = estimated({"cdn": CDN})
    own = {name: each for name, each in lines.items() if each.fact == "acme/cdn"}
    saved = internet["acme/traffic#internet"].units - lines["acme/traffic#internet"].units
    # 35 GiB at 0.085 and 300,000 requests at 0.01 for 10,000, in place of 121 GiB at 0.09.
    assert [amount_of(each.units) for each in own.values()] == [Decimal("2.975"), Decimal("0.3")]
    assert amount_of(saved) == Decimal("10.89")
    assert direct(after) - direct(before) == sum(each.units for each in own.values()) - saved

    month = whole(MONTH)
    rows = [
        row(
            str(amount_of(each.units)),
            ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
            month,
            ServiceName="Amazon CloudFront",
            ServiceCategory="Networking",
            PricingUnit=unit,
            PricingQuantity=str(each.quantity),
            ResourceId=ARN,
            RegionId="us-east-1",
        )
        for each, unit in zip(own.values(), ("GB", "Requests"), strict=True)
    ]
    inventory = {
        "schema_version": 1,
        **Inventory(plan=made, cloud_ids={"acme/cdn": ARN}).model_dump(mode="json"),
    }
    (tmp_path / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
    request = Request(
        bills=[written(tmp_path / "bill.csv", rows)],
        usage=[],
        inventories=[str(tmp_path / "inventory.json")],
        period=ChargePeriod.month(MONTH),
    )
    billed = allocate_bills(request, AFTERWARDS, Messages()).statement
    assert direct(billed) == billed.charged == sum(each.units for each in own.values())
    assert billed.unallocated_total == 0
