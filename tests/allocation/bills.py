"""Small billed months for tests: FOCUS rows with a billing period, usage, tenants and rules in a folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from allocation.charges import ChargePeriod
from allocation.runs.bill import Outcome, Request, allocate_bills
from allocation.runs.messages import Messages
from tests.allocation.rulebooks import POOL, RULE, book
from tests.allocation.small import TAGS
from tests.portfolios import plan_of, tenant
from tiers.inventory import Inventory

RULES: Any = book(
    POOL | {"idle": "keep"}, rules=[{"rule": "own", "direct": True, "when": {"owner": "tenant"}}, RULE]
)
AFTERWARDS = datetime(2027, 3, 1, tzinfo=UTC)
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


def row(cost: str, charge: tuple[str, str], billing: tuple[str, str], **values: str) -> dict[str, str]:
    """A row of FOCUS for the nodes; with `tenant` it bears the tags of that tenant."""
    found = dict.fromkeys(COSTS, cost) | {
        "BillingCurrency": "USD",
        "BillingPeriodStart": billing[0],
        "BillingPeriodEnd": billing[1],
        "ChargePeriodStart": charge[0],
        "ChargePeriodEnd": charge[1],
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ServiceName": "Amazon Elastic Compute Cloud",
        "ServiceCategory": "Compute",
        "PricingQuantity": "24",
        "PricingUnit": "Hours",
        "Tags": "{}",
    }
    if name := values.pop("tenant", ""):
        found["Tags"] = json.dumps(TAGS | {"cost/tenant": name, "cost/client": f"{name}-ltd"})
    return found | values


def day(month: str, number: int = 1) -> tuple[str, str]:
    """One day of a month as a charge period."""
    return f"{month}-{number:02}T00:00:00Z", f"{month}-{number + 1:02}T00:00:00Z"


def whole(month: str) -> tuple[str, str]:
    """A month as a period."""
    period = ChargePeriod.month(month)
    return f"{period.start:%Y-%m-%dT%H:%M:%SZ}", f"{period.end:%Y-%m-%dT%H:%M:%SZ}"


def written(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """*rows* as a CSV file with the columns of the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def month_of(  # noqa: PLR0917 - a month is its bill, its usage and its tenants
    folder: Path,
    month: str,
    rows: Sequence[Mapping[str, str]],
    usage: dict[str, int],
    said: list[str] | None = None,
    rules: Any = RULES,
    **options: Any,
) -> Outcome:
    """The statement of a month: *usage* is the CPU requests of each tenant each day, and the idle ones."""
    here = folder / month
    period = ChargePeriod.month(month)
    used = [
        {
            "tenant": name,
            "driver": "cpu-requests",
            "start": f"{period.start:%Y-%m-%d}",
            "end": f"{period.end:%Y-%m-%d}",
            "quantity": str(30 * quantity),
        }
        for name, quantity in (usage | {"(capacity)": sum(usage.values())}).items()
    ]
    inventory = Inventory(plan=plan_of(*(tenant(name) for name in usage if name[0] != "(")), cloud_ids={})
    bill = written(here / "bill.csv", rows)
    (here / "inventory.json").write_text(
        json.dumps({"schema_version": 1, **inventory.model_dump(mode="json")}), encoding="utf-8"
    )
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "test.yaml").write_text(json.dumps(rules), encoding="utf-8")
    if options.get("close") or options.get("restate"):
        options.setdefault("despite", "a month of few rows covers little")
    request = Request(
        bills=[bill],
        usage=[written(here / "usage.csv", used)],
        inventories=[str(here / "inventory.json")],
        period=period,
        rulebook=folder / "rules",
        **options,
    )
    warn = (said if said is not None else []).append
    return allocate_bills(request, AFTERWARDS, Messages(warn=warn))
