"""What a bill says against itself is a gate of the run."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from allocation.runs.bill import Outcome, Request, allocate_bills
from allocation.runs.messages import Messages
from tests.allocation.adapters.bill.written import CUR_2, FOCUS, NOVEMBER, bill
from tests.portfolios import ROOT

FIRM = ROOT / "tests" / "golden" / "small-firm-shared"
AFTERWARDS = datetime(2026, 12, 3, tzinfo=UTC)
COMMITTED = {**FOCUS, "ChargePeriodEnd": "2026-12-01", "CommitmentDiscountId": "cd-1"}


def outcome_of(more: Path) -> Outcome:
    request = Request(
        bills=(FIRM / "bill.csv", more),
        usage=(FIRM / "usage.csv",),
        inventories=(str(FIRM / "inventory.json"),),
        period=NOVEMBER,
    )
    return allocate_bills(request, AFTERWARDS, Messages(progress=lambda _: None, warn=lambda _: None))


@pytest.mark.whole("tests/allocation/billed/test_commitments pays each once")
def test_a_purchase_and_its_usage_are_not_both_charged_in_silence(tmp_path: Path) -> None:
    rows = [
        {**COMMITTED, "ChargeCategory": "Purchase", "BilledCost": "300", "EffectiveCost": "300"},
        {**COMMITTED, "ChargeCategory": "Usage", "BilledCost": "0", "EffectiveCost": "300"},
    ]
    outcome = outcome_of(bill(tmp_path / "focus.csv", rows))
    (gate,) = [gate for gate in outcome.gates if gate.gate.startswith("commitments")]
    assert not gate.passed
    assert "cd-1: its purchases have an effective cost of 300.00" in gate.found
    assert gate._asdict() in outcome.manifest["readiness"]


@pytest.mark.whole("tests/allocation/engine/test_attribution finds owners of resources")
def test_a_newer_export_charges_whose_resource_it_is(tmp_path: Path) -> None:
    """Not whose account: the tenant's tags are those of the resource."""
    with (FIRM / "bill.csv").open(encoding="utf-8", newline="") as stream:
        (tags,) = {row["tags"] for row in csv.DictReader(stream) if '"cost/tenant": "acme"' in row["tags"]}
    resource = {f"resourceTags/user:{key}": value for key, value in json.loads(tags).items()}
    account = {
        f"accountTag/{key}": value.replace("acme", "borealis") for key, value in json.loads(tags).items()
    }
    paid = {}
    for name, found in (("both", resource | account), ("account", account)):
        row = {**CUR_2, "line_item_unblended_cost": "50", "tags": json.dumps(found)}
        statement = outcome_of(bill(tmp_path / f"{name}.csv", [row])).statement
        paid[name] = {line.tenant: line.direct for line in statement.tenants}
    assert paid["both"]["acme"] - paid["account"]["acme"] == 50 * 10**10
    assert paid["both"]["borealis"] == paid["account"]["borealis"]


@pytest.mark.sample(1)
@pytest.mark.parametrize(("discount", "passed"), [("-20", True), ("-5", False)])
def test_discounts_that_disagree_with_the_costs_after_them(
    tmp_path: Path, discount: str, *, passed: bool
) -> None:
    cost = {"line_item_unblended_cost": "100", "line_item_net_unblended_cost": "80"}
    rows = [
        {**CUR_2, **cost},
        {
            **CUR_2,
            "identity_line_item_id": "a2",
            "line_item_line_item_type": "EdpDiscount",
            "line_item_unblended_cost": discount,
            "line_item_net_unblended_cost": "0",
        },
    ]
    outcome = outcome_of(bill(tmp_path / "cur.csv", rows))
    (gate,) = [gate for gate in outcome.gates if gate.gate.startswith("net costs")]
    assert gate.passed is passed
    assert outcome.manifest["bill"]["files"][1]["format"] == "CUR CSV, discounts as rows"


def test_a_kind_of_charge_that_nobody_knows_is_shown_as_unallocated(tmp_path: Path) -> None:
    row = {**CUR_2, "line_item_line_item_type": "FlatRateSubscription", "line_item_unblended_cost": "12.5"}
    outcome = outcome_of(bill(tmp_path / "cur.csv", [row]))
    reasons = {item.reason: item.units for item in outcome.statement.unallocated}
    assert reasons["unknown-category: FlatRateSubscription"] == 125_000_000_000
