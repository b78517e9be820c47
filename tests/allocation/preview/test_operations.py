"""What the preview of each stage of an operation says is what the statement of that time says, to the unit.

The statement is made of bills: a line for every charge that a provider would bill, a row of a ticket export
for the hours of people, and what pods and databases used. So it knows the resources by their ids and tags
only, while the preview knows the plan.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from allocation.charges import Charge
from allocation.engine.attribution import CATEGORY_TAG
from allocation.engine.drivers import Driver
from allocation.estimate.declared_usage import declared_usage
from allocation.money import amount_of, units_of
from allocation.preview.comparison import Comparison, compared
from allocation.preview.cost_estimate import CostEstimate, cost_estimate
from allocation.preview.one_off_costs import OneOff, one_off_costs
from allocation.runs.bill import Request, allocate_bills
from allocation.runs.messages import Messages
from allocation.statement.statement import Statement
from tests.allocation.bills import COSTS
from tests.allocation.previews import NOVEMBER, conditions
from tests.portfolios import CDN, catalog, failing_over, plan_of, tenant, two_regions
from tiers.inventory import Inventory
from tiers.plan.plan import Plan
from tiers.portfolio.platform import DatabaseSpec, Platform
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import PLATFORM, CostDomain

AFTERWARDS: Final = datetime(2026, 12, 20, tzinfo=UTC)
AT: Final = "2026-11-29T01:15:00Z"
LABOUR: Final = "Labour"
RATES: Final = catalog().classes.tier_change


def upgraded(platform: Platform, stage: str | None) -> Platform:
    """The platform while its shared server is upgraded from 17 to 18."""
    upgrade = {"to": "18", "stage": stage} if stage else None
    spec = platform.database.model_dump() | {"engine_version": "17", "upgrade": upgrade}
    return platform.model_copy(update={"database": DatabaseSpec.model_validate(spec)})


def own(stage: str | None) -> Tenant:
    """A tenant with a standby while its own server is upgraded."""
    upgrade = {"to": "18", "stage": stage} if stage else None
    options = {"users": 50, "warm_standby": True}
    return tenant(tier="cross-region-backup", options=options, database_upgrade=upgrade)


def staged(section: str, stage: str | None, **more: Any) -> Tenant:
    """A tenant at a stage of what its file calls *section*."""
    changes: dict[str, Any] = {section: {**more, "stage": stage} if stage else None}
    return tenant(**changes)


def to_the_second(stage: str | None) -> Tenant:
    """A tenant at a stage of a restore that a second server of its own is made for."""
    restore = {"at": AT, "point_in_time": True, "stage": stage} if stage else None
    return tenant(tier="dedicated-db", restore=restore)


def visited(stage: str | None) -> Tenant:
    """A tenant with a website whose pages name a CDN, or do not yet."""
    cdn = {**CDN, "links": stage == "links"} if stage else None
    return tenant(routes={"cdn": cdn}, options={"users": 5, "website_visits_per_month": 20_000})


def copied(stage: str | None, **origin: Any) -> tuple[Tenant, ...]:
    """A client's staging that gets other data."""
    restore = {"at": AT, "stage": stage, **origin} if stage else None
    return tenant(), tenant("acme-staging", client="acme-ltd", environment="staging", restore=restore)


RESTORES: Final = (None, "prepare", "switch", "start", "confirm", None)
BACK: Final = (None, "prepare", "switch", "start", "back", "discard", None)
ODOO: Final = (None, "rehearse", "upgrade", "start", "confirm")
OWN: Final = (None, "check", "without-standby", "upgrade", "statistics", None)
SHARED: Final = (None, "check", "upgrade", "statistics")
THERE: Final = (None, "fence", "promote", "start", "settled")
HOME: Final = ("settled", "save", "return", "switch", "home", "confirm", "after")


def failed(stage: str | None) -> Tenant:
    """A tenant at a stage of a failover and of the way home; at home again it has another standby."""
    if stage == "after":
        return failing_over().model_copy(update={"failovers": 1})
    return failing_over(stage)


def on(*tenants: Tenant, platform: Platform | None = None) -> Plan:
    """Tenants beside a neighbour with a server of its own and one on the shared server."""
    neighbours = tenant("borealis", tier="dedicated-db"), tenant("halcyon")
    return plan_of(*tenants, *neighbours, platform=platform or two_regions())


OPERATIONS: Final[Mapping[str, tuple[Sequence[str | None], Callable[[str | None], Plan]]]] = {
    "restore": (RESTORES, lambda stage: on(staged("restore", stage, at=AT))),
    "restore, and back": (BACK, lambda stage: on(staged("restore", stage, at=AT))),
    "restore to the second": (RESTORES, lambda stage: on(to_the_second(stage))),
    "refresh, live": (RESTORES, lambda stage: on(*copied(stage, from_tenant="acme", live=True))),
    "refresh": (RESTORES, lambda stage: on(*copied(stage, from_tenant="acme"))),
    "upload": (RESTORES, lambda stage: on(*copied(stage, from_archive="acme.zip"))),
    "upgrade": (ODOO, lambda stage: on(staged("upgrade", stage, to="19.0"))),
    "upgrade-database, own": (OWN, lambda stage: on(own(stage))),
    "upgrade-database, shared": (SHARED, lambda stage: on(tenant(), platform=upgraded(two_regions(), stage))),
    "failover": (THERE, lambda stage: on(failed(stage))),
    "a CDN": ((None, "waits", "links"), lambda stage: on(visited(stage))),
    "failback": (HOME, lambda stage: on(failed(stage))),
}
"""Every operation of an Odoo host's year: its stages, and the portfolio at each."""
STEPS: Final = [
    pytest.param(name, *step, id=f"{name}: {step[0]} to {step[1]}")
    for name, (stages, _) in OPERATIONS.items()
    for step in pairwise(stages)
]


@pytest.mark.sample(2)
@pytest.mark.parametrize(("operation", "before", "after"), STEPS)
def test_a_preview_of_a_stage_is_the_statement_of_its_time(
    operation: str, before: str | None, after: str | None, tmp_path: Path
) -> None:
    made = OPERATIONS[operation][1]
    estimates = [cost_estimate(made(stage), conditions()) for stage in (before, after)]
    step = compared(*estimates)
    once = one_off_costs(step, RATES)
    assert {each.units is None for each in once} <= {False}
    stated = billed(estimates[1], once, tmp_path)
    assert stated.charged == step.charged.after + sum(each.units or 0 for each in once)
    assert {line.tenant: line.total - _promised(step, once, line.tenant) for line in stated.tenants} == (
        dict.fromkeys(estimates[1].tenants, 0)
    )
    assert stated.idle_total == step.idle.after
    # Hours for the server that tenants share are nobody's own, and the statement says so.
    shared = sum(each.units or 0 for each in once if each.tenant == PLATFORM)
    assert stated.unallocated_total - step.unallocated.after == shared
    assert bool(shared) is any(each.reason.endswith("claims labour") for each in stated.unallocated)


def _promised(step: Comparison, once: Sequence[OneOff], owner: str) -> int:
    """What the preview says of a tenant: its month after the change, and what it is charged once."""
    (line,) = (each for each in step.tenants if each.tenant == owner)
    return line.cost.after + sum(each.units or 0 for each in once if each.tenant == owner)


def billed(estimate: CostEstimate, once: Sequence[OneOff], folder: Path) -> Statement:
    """The statement of the month, of bills and tickets as they would come for what *estimate* has."""
    plan = estimate.plan
    ids = {fact.id: f"arn:aws:{fact.id}" for fact in plan.all_facts()}
    inventory = Inventory(plan=plan, cloud_ids=ids)
    (folder / "inventory.json").write_text(
        json.dumps({"schema_version": 1, **inventory.model_dump(mode="json")}), encoding="utf-8"
    )
    bill = [*_charged(estimate, ids), *_charged_once(plan, once)]
    hours = [*_worked(estimate), *_worked_once(once)]
    usage = [
        {"tenant": each.tenant, "driver": str(each.driver), "quantity": f"{each.quantity:f}"}
        | {"start": f"{each.start:%Y-%m-%d}", "end": f"{each.end:%Y-%m-%d}"}
        for each in declared_usage(plan, NOVEMBER)
        # The inventory alone knows fees, and the file of hours those of support.
        if each.driver not in {Driver.FEE, Driver.SUPPORT_HOURS}
    ]
    written = {
        name: _written(folder / f"{name}.csv", rows)
        for name, rows in (("bill", bill), ("labour", hours), ("usage", usage))
    }
    request = Request(
        bills=[written["bill"]],
        usage=[written["usage"]],
        inventories=[str(folder / "inventory.json")],
        period=NOVEMBER,
        labour=written["labour"],
    )
    return allocate_bills(request, AFTERWARDS, Messages()).statement


def _charged(estimate: CostEstimate, ids: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for charge in estimate.priced.charges:
        if charge.service != LABOUR and charge.units:
            yield _row(
                estimate.plan,
                charge.units,
                charge.tenant,
                service=charge.service,
                resource=ids[charge.fact],
                domain=charge,
            )


def _row(plan: Plan, units: int, owner: str | None, **about: Any) -> dict[str, str]:
    charge: Charge | None = about["domain"]
    owned = plan.tenant(owner) if owner else None
    domain = charge.domain if charge else CostDomain.TENANT_RUNTIME
    tags = plan.platform_tags() if owned is None else owned.cost_tags(domain)
    labels = tags.as_tags() | ({CATEGORY_TAG: str(charge.category)} if charge else {})
    start, end = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in NOVEMBER)
    return dict.fromkeys(COSTS, f"{amount_of(units):f}") | {
        "BillingCurrency": "USD",
        "BillingPeriodStart": start,
        "BillingPeriodEnd": end,
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeDescription": charge.item if charge else about["service"],
        "ServiceName": about["service"],
        "ServiceCategory": "Other",
        "ResourceId": about["resource"],
        "PricingQuantity": "1",
        "PricingUnit": "unit",
        "Tags": json.dumps(labels),
    }


def _charged_once(plan: Plan, once: Sequence[OneOff]) -> Iterator[dict[str, str]]:
    for each in once:
        if "labour" not in each.what:
            owner = None if each.tenant == PLATFORM else each.tenant
            yield _row(plan, each.units or 0, owner, service="DataTransfer", resource="", domain=None)


def _worked(estimate: CostEstimate) -> Iterator[dict[str, str]]:
    for charge in estimate.priced.charges:
        if charge.service == LABOUR and charge.units:
            kind = charge.item.removesuffix(" hour")
            yield _hours(charge.tenant or "", charge.quantity, kind)


def _worked_once(once: Sequence[OneOff]) -> Iterator[dict[str, str]]:
    for each in once:
        if "labour" in each.what:
            owner = "" if each.tenant == PLATFORM else each.tenant
            yield _hours(owner, each.quantity, "migration")


def _hours(owner: str, quantity: Decimal, kind: str) -> dict[str, str]:
    return {"tenant": owner, "day": "2026-11-15", "hours": f"{quantity:f}", "kind": kind}


def _written(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_rehearsal_is_a_node_for_an_hour_as_often_as_the_class_asks_for_one() -> None:
    """Every 100 days is four times a year: 20 minutes a month of m7g.large, at 0.0912 in eu-west-1."""
    estimate = cost_estimate(plan_of(failing_over(), platform=two_regions()), conditions())
    (node,) = [each for each in estimate.charges_of["acme"] if each.fact == "acme/rehearsal"]
    assert (node.item, node.quantity, node.region) == (
        "m7g.large Linux on-demand",
        Decimal("0.333333"),
        None,
    )
    assert node.units == units_of(node.quantity * node.unit_price) > 0
    without = cost_estimate(plan_of(failing_over()), conditions())
    assert not [each for each in without.charges_of["acme"] if each.fact == "acme/rehearsal"]
