"""Unused commitments in a pool of their own, cash beside amortised cost, and statements by invoice."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from allocation.engine.rulebook import DIRECTORY
from allocation.errors import NotReadyError
from cli.actions.costs.allocate import print_allocation
from tests.allocation.adapters.bill.written import CUR, FOCUS, bill
from tests.allocation.test_golden import AFTERWARDS, request
from tiers.errors import CatalogError

RDS = "Amazon Relational Database Service"
SHIPPED = yaml.safe_load((DIRECTORY / "2026-12.yaml").read_text(encoding="utf-8"))
(RULE,) = (each for each in SHIPPED["rules"] if each["rule"] == "unused-commitments")
(POOL,) = (each for each in SHIPPED["pools"] if each["pool"] == "unused-commitments")


@pytest.fixture
def rulebook(tmp_path: Path) -> Path:
    rules = yaml.safe_load((DIRECTORY / "2026-11.yaml").read_text(encoding="utf-8"))
    rules |= {"rules": [RULE, *rules["rules"]], "pools": [*rules["pools"], POOL]}
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "2026-11.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    return folder


def focus(billed: str, effective: str, **values: str) -> dict[str, str]:
    costs = {
        "BilledCost": billed,
        "EffectiveCost": effective,
        "ListCost": effective,
        "ContractedCost": effective,
    }
    return (
        FOCUS
        | costs
        | {"CommitmentDiscountStatus": "", "ServiceName": RDS, "InvoiceId": "", "ChargeFrequency": ""}
        | values
    )


def cur(kind: str, number: int, **values: str) -> dict[str, str]:
    columns = {
        "reservation/EffectiveCost": "",
        "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "",
        "reservation/UnusedRecurringFee": "",
        "savingsPlan/SavingsPlanEffectiveCost": "",
        "savingsPlan/TotalCommitmentToDate": "",
        "savingsPlan/UsedCommitment": "",
    }
    row = CUR | columns | {"identity/LineItemId": f"a{number}", "lineItem/LineItemType": kind}
    return row | {"product/ProductName": RDS, "lineItem/UnblendedCost": "0"} | values


AS_FOCUS = [
    focus("300", "0", ChargeCategory="Purchase"),
    focus("0", "180", CommitmentDiscountStatus="Used"),
    focus("0", "120", CommitmentDiscountStatus="Unused"),
]
AS_CUR = [
    cur("RIFee", 1, **{"lineItem/UnblendedCost": "100", "reservation/UnusedRecurringFee": "40"}),
    cur("DiscountedUsage", 2, **{"reservation/EffectiveCost": "60"}),
    cur(
        "SavingsPlanRecurringFee",
        3,
        **{
            "lineItem/UnblendedCost": "200",
            "savingsPlan/TotalCommitmentToDate": "200",
            "savingsPlan/UsedCommitment": "120",
        },
    ),
    cur(
        "SavingsPlanCoveredUsage",
        4,
        **{"savingsPlan/SavingsPlanEffectiveCost": "120", "lineItem/UnblendedCost": "120"},
    ),
    cur("SavingsPlanNegation", 5, **{"lineItem/UnblendedCost": "-120"}),
]


def allocated(tmp_path: Path, rows: list[dict[str, str]], **more: Any) -> Mapping[str, Any]:
    wanted = request(
        "small-firm-shared", bills=(bill(tmp_path / "bill.csv", rows),), out=tmp_path / "run", **more
    )
    print_allocation(wanted, AFTERWARDS)
    run = tmp_path / "run"
    return {
        name: json.loads((run / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("manifest", "statement")
    }


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


@pytest.mark.sample(1)
@pytest.mark.parametrize("rows", [AS_FOCUS, AS_CUR], ids=["FOCUS", "CUR"])
def test_unused_commitments_are_a_pool_of_their_own(
    rows: list[dict[str, str]], rulebook: Path, tmp_path: Path
) -> None:
    run = allocated(tmp_path, rows, rulebook=rulebook)
    pools: dict[str, Decimal] = {}
    for line in run["statement"]["tenants"]:
        for pool, amount in line["pooled"].items():
            pools[pool] = pools.get(pool, Decimal(0)) + Decimal(amount)
    assert {pool: amount for pool, amount in pools.items() if amount} == {
        "postgresql": Decimal(180),
        "unused-commitments": Decimal(120),
    }


@pytest.mark.whole("tests/allocation/billed/test_commitments has each kind of fee")
def test_a_fee_whose_unused_part_is_not_said_is_not_called_unused(rulebook: Path, tmp_path: Path) -> None:
    rows = [cur("RIFee", 1, **{"lineItem/UnblendedCost": "100"})]
    run = allocated(tmp_path, rows, rulebook=rulebook)
    assert not any("unused-commitments" in line["pooled"] for line in run["statement"]["tenants"])


@pytest.mark.sample(1)
@pytest.mark.parametrize("rows", [AS_FOCUS, AS_CUR], ids=["FOCUS", "CUR"])
def test_cash_and_amortised_cost_stand_side_by_side(
    rows: list[dict[str, str]], rulebook: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    advance = (
        focus("700", "0", ChargeCategory="Purchase", ChargeFrequency="One-Time")
        if rows is AS_FOCUS
        else cur("SavingsPlanUpfrontFee", 9, **{"lineItem/UnblendedCost": "700"})
    )
    run = allocated(tmp_path, [*rows, advance], rulebook=rulebook)
    assert "billed (cash) 1000.00, effective (amortised) 300.00 USD: each" in capsys.readouterr().err
    header, *lines, total = table(tmp_path / "run" / "costs.csv")
    assert header == ["tenant", "billed", "effective", "listed", "contracted"]
    assert total[:3] == ["(total)", "1000.00", "300.00"]
    effective = {name: Decimal(amount) for name, _, amount, *_ in lines}
    assert effective == {line["tenant"]: Decimal(line["total"]) for line in run["statement"]["tenants"]}
    assert sum(Decimal(line[1]) for line in lines) == 1000


@pytest.mark.whole("tests/allocation/billed/test_commitments has each kind of fee")
def test_a_fee_that_costs_what_was_used_of_it_is_another_tenants_cash(tmp_path: Path) -> None:
    fee = focus("300", "0", ChargeCategory="Purchase", ListCost="300", ContractedCost="300")
    used = focus("0", "300", CommitmentDiscountStatus="Used", ServiceName="Amazon Braket")
    used |= {"ListCost": "0", "ContractedCost": "0"}
    allocated(tmp_path, [fee, used])
    _, *lines, total = table(tmp_path / "run" / "costs.csv")
    assert total[:3] == ["(total)", "300.00", "300.00"]
    unallocated = next(line for line in lines if line[0] == "(unallocated)")
    assert unallocated[1:3] == ["0.00", "300.00"]


@pytest.mark.whole("tests/allocation/test_focus_read_back reads the same month")
def test_breakdowns_of_a_month_that_is_read_back_are_those_of_the_month(tmp_path: Path) -> None:
    rows = [row | {"InvoiceId": "A"} for row in (*AS_FOCUS, focus("700", "0", ChargeCategory="Purchase"))]
    allocated(tmp_path, rows, by_invoice=True, focus=("1.3",))
    first, again = tmp_path / "run", tmp_path / "again"
    (file,) = first.rglob("focus-1.3.parquet")
    wanted = request("small-firm-shared", bills=(file,), out=again, by_invoice=True)
    print_allocation(wanted, AFTERWARDS)
    for name in ("costs.csv", "invoices.csv"):
        assert table(again / name) == table(first / name) != []


@pytest.mark.whole("with two costs there are views in the test above")
def test_one_cost_needs_no_views(tmp_path: Path) -> None:
    run = allocated(tmp_path, [focus("5", "5")])
    assert "cost_views" not in run["manifest"]
    assert not (tmp_path / "run" / "costs.csv").exists()


INVOICED = [
    focus("10.004", "0", InvoiceId="A"),
    focus("0.003", "0", InvoiceId="A", ServiceName="Amazon Braket"),
    focus("5", "5", InvoiceId="B"),
    focus("-2", "-2", InvoiceId="B", ChargePeriodStart="2026-10-31"),
    focus("1", "1"),
]


def test_a_statement_by_invoice_adds_up_to_it_to_the_cent(tmp_path: Path) -> None:
    run = allocated(tmp_path, INVOICED, invoice=("A=10.01", "B=3"))
    cents: dict[str, int] = {}
    for invoice, _, amount in table(tmp_path / "run" / "invoices.csv")[1:]:
        cents[invoice] = cents.get(invoice, 0) + int(Decimal(amount) * 100)
    assert cents == {"(none)": 100, "A": 1001, "B": 300}
    said = run["manifest"]["invoices"]
    assert said["A"] == {
        "charged": "10.007",
        "unallocated": "0.003",
        "refused": "0.00",
        "refused_rows": 0,
        "unknown_amounts": 0,
        "total": "10.01",
        "difference": "0.003",
    }
    assert (said["B"]["charged"], said["B"]["refused"], said["B"]["difference"]) == ("5.00", "-2.00", "0.00")
    assert (said["(none)"]["charged"], said["(none)"]["total"]) == ("1.00", None)
    gates = {gate["gate"]: gate["passed"] for gate in run["manifest"]["readiness"]}
    assert (gates["invoice A (difference)"], gates["invoice B (difference)"]) == (True, True)


@pytest.mark.sample(1)
@pytest.mark.parametrize(("total", "found"), [("10.02", "0.013"), ("9.99", "-0.017"), ("-10.01", "-20.017")])
def test_an_invoice_that_differs_is_a_row_and_a_gate(total: str, found: str, tmp_path: Path) -> None:
    run = allocated(tmp_path, INVOICED, invoice=(f"A={total}",))
    rows = [row for row in table(tmp_path / "run" / "invoices.csv") if row[0] == "A"]
    assert "(difference)" in [payer for _, payer, _ in rows]
    assert sum(Decimal(amount) for *_, amount in rows) == Decimal(total)
    (gate,) = [gate for gate in run["manifest"]["readiness"] if gate["gate"] == "invoice A (difference)"]
    assert (gate["found"], gate["limit"], gate["passed"]) == (found, "less than 0.01", False)


@pytest.mark.whole("an invoice that differs holds it open, too")
def test_an_invoice_whose_rows_are_unknown_holds_the_month_open(tmp_path: Path) -> None:
    rows = [focus("5", "5", InvoiceId="A"), focus("1,5", "5", InvoiceId="A")]
    with pytest.raises(
        NotReadyError, match=r"invoice A \(difference\) is unknown: refused rows .*: 1, must be less"
    ):
        allocated(tmp_path, rows, invoice=("A=5",), history=tmp_path / "history", close=True)


@pytest.mark.whole("an invoice that differs fails the same gate")
def test_an_invoice_that_no_row_names_fails(tmp_path: Path) -> None:
    run = allocated(tmp_path, INVOICED, invoice=("C=7",))
    assert run["manifest"]["invoices"]["C"]["difference"] == "7.00"
    assert [row for row in table(tmp_path / "run" / "invoices.csv") if row[0] == "C"] == [
        ["C", "(difference)", "7.00"]
    ]


@pytest.mark.whole("an invoice with its total is stated above")
def test_invoices_are_stated_without_totals(tmp_path: Path) -> None:
    run = allocated(tmp_path, INVOICED, by_invoice=True)
    assert {name: said["total"] for name, said in run["manifest"]["invoices"].items()} == dict.fromkeys(
        ("(none)", "A", "B")
    )
    assert [row[2] for row in table(tmp_path / "run" / "invoices.csv") if row[1] == "(unallocated)"] == [
        "0.00"
    ]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("71",), "expected ID=AMOUNT with at most two decimals, such as 71=12.50"),
        (("71=1.005",), "expected ID=AMOUNT"),
        (("=5",), "expected ID=AMOUNT"),
        (("71=5", "71=6"), "the invoice 71 has a total already"),
    ],
)
def test_a_total_is_an_amount_in_cents(texts: tuple[str, ...], said: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=said):
        allocated(tmp_path, INVOICED, invoice=texts)
