"""Hours of a ticket export: read strictly, charged at the house rate, direct or through a pool."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from allocation.adapters.labour import read_hours
from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.billed.labour import Worked, support_usage
from allocation.charges import ChargePeriod
from allocation.engine.rulebook import DIRECTORY, rules_on
from allocation.errors import AllocationError
from allocation.estimate.estimated_statement import estimated_statement
from allocation.money import units_of
from allocation.prices.price_book import load_price_book
from cli.actions.costs.allocate import Request, print_allocation
from tests.allocation.test_golden import AFTERWARDS, GOLDEN, request
from tiers.errors import CatalogError
from tiers.facts.every_fact import Labour

NOVEMBER = ChargePeriod.month("2026-11")
KINDS = ("migration", "support")
HEADER = "ticket,tenant,day,hours,kind\n"


def hours(tmp_path: Path, *rows: str) -> Path:
    """A ticket export."""
    path = tmp_path / "hours.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def stated(tmp_path: Path, wanted: Request) -> Mapping[str, Any]:
    """The manifest, statement and items of a run."""
    print_allocation(wanted, AFTERWARDS)
    run = tmp_path / "run"
    return {
        name: json.loads((run / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("manifest", "statement", "items")
    }


def billed(
    tmp_path: Path, rows: Sequence[str], scenario: str = "small-firm-shared", **more: Any
) -> Mapping[str, Any]:
    """A golden month with the hours of *rows*."""
    return stated(tmp_path, request(scenario, labour=hours(tmp_path, *rows), out=tmp_path / "run", **more))


def labour(run: Mapping[str, Any]) -> dict[tuple[str | None, str], tuple[str, str]]:
    return {
        (item["tenant"], item["item"]): (item["quantity"], item["amount"])
        for item in run["items"]["items"]
        if item["service"] == "Labour"
    }


def test_hours_are_direct_cost_at_the_house_rate(tmp_path: Path) -> None:
    run = billed(
        tmp_path,
        [
            "1,acme,2026-11-03,1.5,support",
            "2, Acme ,2026-11-20,0.5,support",
            "3,cygnus,2026-11-30,3,migration",
        ],
    )
    found = {key: [float(value) for value in values] for key, values in labour(run).items()}
    assert found == {("acme", "support hour"): [2, 120], ("cygnus", "migration hour"): [3, 180]}
    assert run["manifest"]["labour"]["hours"] == "5.0"
    assert run["manifest"]["labour"]["rates"] == {"migration": "60", "support": "60"}
    lines = {line["tenant"]: line for line in run["statement"]["tenants"]}
    # 1.06 of logs move with acme, too, and are support; the fee is 249.
    assert lines["acme"]["contribution_margin_1"] == "127.94"
    assert lines["acme"]["by_category"]["support"] == "121.06"


@pytest.mark.whole("a charge of an unknown tenant is unallocated in tests/allocation/engine")
def test_hours_of_an_unknown_tenant_are_unallocated_by_its_name(tmp_path: Path) -> None:
    run = billed(tmp_path, ["1,ghost,2026-11-03,2,support"])
    (item,) = run["statement"]["unallocated"]
    assert item["reason"] == "unknown-tenant: the inventory has no tenant 'ghost'"
    assert (item["amount"], run["statement"]["totals"]["charged"]) == ("120.00", "1223.0050000001")


def test_the_hours_of_a_plan_cost_what_its_estimate_says(tmp_path: Path) -> None:
    inventory = inventory_of_file(GOLDEN / "enterprise-dedicated" / "inventory.json")
    facts = [fact for fact in inventory.plan.all_facts() if isinstance(fact, Labour)]
    rows = [f"1,{fact.tenant},2026-11-12,{fact.hours_per_month},{fact.activity}" for fact in facts]
    run = billed(tmp_path, rows, "enterprise-dedicated")
    prices = load_price_book("USD")
    estimate = estimated_statement(inventory, NOVEMBER, prices, rules_on(NOVEMBER.last_day))
    expected = {
        (item.tenant, item.item): (item.quantity, item.units)
        for item in estimate.items
        if item.service == "Labour"
    }
    assert len(expected) > 1
    found = {key: (Decimal(hours), units_of(Decimal(cost))) for key, (hours, cost) in labour(run).items()}
    assert found == expected
    said = duckdb.execute(
        "SELECT tenant, domain, category, behaviour FROM read_parquet(?) WHERE rule = 'labour'",
        [str(tmp_path / "run" / "decision.parquet")],
    ).fetchall()
    assert sorted(said) == sorted(
        (fact.tenant, str(fact.domain), str(fact.category), "variable") for fact in facts
    )


POOL = {
    "pool": "support",
    "domain": "shared-platform",
    "driver": {"measure": "support-hours"},
    "members": {"mixes_environments_because": "tickets come from every environment"},
}
RULE = {"rule": "support", "when": {"facts": ["labour"]}, "pool": "support"}


def pooled(tmp_path: Path) -> Path:
    """A rulebook that divides all labour by hours of support."""
    rules = yaml.safe_load((DIRECTORY / "2026-11.yaml").read_text(encoding="utf-8"))
    rules |= {"rules": [RULE, *rules["rules"]], "pools": [*rules["pools"], POOL]}
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "2026-11.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    return folder


ROWS = ("1,acme,2026-11-03,3,support", "2,cygnus,2026-11-04,1,support", "3,,2026-11-28,4,support")


@pytest.mark.whole("a driver divides hours as any other charge")
def test_a_rulebook_may_divide_hours_by_support(tmp_path: Path) -> None:
    run = billed(tmp_path, ROWS, rulebook=pooled(tmp_path))
    lines = run["statement"]["tenants"]
    # A day's part of the hours is rounded to the billionth of an hour, as all usage is.
    shares = {line["tenant"]: f"{Decimal(line['pooled'].get('support', '0')):.5f}" for line in lines}
    # Work for everybody falls on a day without tickets of anybody, and is divided by those of the month.
    assert shares == {"acme": "360.00000", "borealis": "0.00000", "cygnus": "120.00000"}
    assert run["statement"]["unallocated"] == []
    days = [
        gate["found"] for gate in run["manifest"]["readiness"] if gate["gate"].startswith("driver freshness")
    ]
    assert days == ["0"]


def test_who_of_several_portfolios_has_no_ticket_had_no_hours() -> None:
    worked = [Worked("acme", date(2026, 12, 3), Decimal(2), "support")]
    december = ChargePeriod.month("2026-12")
    rows = {row[0]: row[4] for row in support_usage(worked, december, ["acme", "borealis"])}
    assert rows == {"acme": "2", "borealis": "0"}
    other = [worked[0]._replace(kind="patching")]
    assert list(support_usage(other, december, ["acme", "borealis"])) == []


def test_hours_of_support_are_said_once(tmp_path: Path) -> None:
    usage = tmp_path / "usage.csv"
    usage.write_text(
        "tenant,driver,start,end,quantity\nacme,support-hours,2026-11-01,2026-12-01,3\n", encoding="utf-8"
    )
    with pytest.raises(AllocationError, match="--labour and a usage file both have support-hours"):
        billed(tmp_path, ROWS, usage=(usage,))


@pytest.mark.whole("a bill of no rows is no month in tests/cli/actions/test_close")
def test_a_month_is_not_billed_because_somebody_worked(tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"
    bill.write_text("id,start,end,service,cost,currency\n", encoding="utf-8")
    run = billed(tmp_path, ROWS, bills=(bill,))
    assert "no rows" in [gate["found"] for gate in run["manifest"]["readiness"]]


@pytest.mark.whole("tests/cli/actions/test_close refuses rows in the same gate")
def test_hours_do_not_hide_what_was_refused(tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"
    bill.write_text(
        "id,start,end,service,cost,currency\n"
        "1,2026-11-01,2026-11-02,AmazonEC2,9.98,USD\n"
        "2,2026-10-01,2026-10-02,AmazonEC2,0.02,USD\n",
        encoding="utf-8",
    )
    run = billed(tmp_path, ("1,acme,2026-11-03,100,support",), bills=(bill,))
    gates = {gate["gate"]: gate["found"] for gate in run["manifest"]["readiness"]}
    assert gates["reconciliation error (percent)"] == "0.2000"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("1,acme,2026-11-31,1,support", "day: expected a day such as 2026-11-01, found '2026-11-31'"),
        ("1,acme,2026-10-31,1,support", "day: expected a day of 2026-11, found 2026-10-31"),
        ('1,acme,2026-11-01,"1,5",support', "hours: expected hours above 0 such as 1.5, found '1,5'"),
        ("1,acme,2026-11-01,0.00,support", "hours: expected hours above 0 such as 1.5, found '0.00'"),
        ("1,acme,2026-11-01,-1,support", "hours: expected hours above 0 such as 1.5, found '-1'"),
        (
            "1,acme,2026-11-01,1,party",
            "kind: expected one of migration, support, which have a price, found 'party'",
        ),
    ],
)
def test_a_wrong_row_is_named_by_row_and_column(row: str, fault: str, tmp_path: Path) -> None:
    path = hours(tmp_path, "0,acme,2026-11-01,1,support", row)
    with pytest.raises(CatalogError) as caught:
        read_hours(path, NOVEMBER, KINDS)
    assert str(caught.value) == f"{path}, row 2, column {fault}"


def test_every_mistake_is_named(tmp_path: Path) -> None:
    path = hours(tmp_path, "0,acme,then,many,support", "1,acme,2026-11-01,1")
    with pytest.raises(CatalogError) as caught:
        read_hours(path, NOVEMBER, KINDS)
    assert len(caught.value.problems) == 3
    assert caught.value.problems[2] == f"{path}, row 2: expected 5 columns, found 4"


@pytest.mark.parametrize(
    ("header", "found"),
    [("tenant,day,hours", "no column 'kind'"), ("tenant,day,hours,kind,day", "2 columns 'day'")],
)
def test_a_header_has_every_column_once(header: str, found: str, tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    path.write_text(f"{header}\n", encoding="utf-8")
    with pytest.raises(CatalogError, match=f"expected the columns tenant, day, hours, kind, found {found}"):
        read_hours(path, NOVEMBER, KINDS)
