"""The same money twice, because it was allocated before."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.focus.double_charges import has_allocated
from allocation.errors import AllocationError
from tests.allocation.adapters.bill.written import FOCUS, PLAIN, bill, read

OURS = dict.fromkeys(
    (
        "x_Tenant",
        "x_Pool",
        "x_Via",
        "x_Part",
        "x_UnallocatedReason",
        "x_CostDomain",
        "x_CostCategory",
        "x_SplitOriginId",
        "x_SplitOriginCost",
        "x_DriverValue",
        "x_LineId",
    ),
    "",
) | {"x_RunId": "r1", "x_Rule": "direct", "x_LineId": "line-1", "x_Tenant": "acme"}
SHARE = OURS | {
    "x_LineId": "",
    "x_Part": "use",
    "x_Pool": "nodes",
    "x_Via": "nodes",
    "x_SplitOriginId": "origin-1",
}
NODE = {
    "BillingAccountId": "111122223333",
    "ServiceName": "Amazon EC2",
    "ResourceId": "i-node",
    "SkuPriceId": "sku-1",
    "ChargeClass": "",
    "AllocatedMethodId": "",
    "AllocatedResourceId": "",
    "AllocatedTags": "",
}
POD = NODE | {"AllocatedMethodId": "split-even", "AllocatedResourceId": "pod/1"}


def focus(path: Path, *rows: dict[str, str]) -> Path:
    return bill(path, [FOCUS | row for row in rows])


def of(account: str, **changes: str) -> dict[str, str]:
    return OURS | {"BillingAccountId": account} | changes


def costs(row: dict[str, str], amount: str) -> dict[str, str]:
    return row | dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), amount)


# What costack wrote beside something else.


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("other", "found"),
    [
        (FOCUS | {"BillingAccountId": "1"}, "found a bill of the same account 1"),
        (FOCUS, "found a bill of account unknown"),
        (PLAIN, "found a bill of account unknown"),
        (FOCUS | of("1", x_RunId="r2"), "found what run r2 made of one of the same account 1"),
    ],
    ids=["its bill", "a bill that names no account", "a plain bill", "another run"],
)
def test_a_bill_and_what_was_made_of_it_are_one_money(
    other: dict[str, str], found: str, tmp_path: Path
) -> None:
    ours, beside = focus(tmp_path / "ours.csv", of("1")), bill(tmp_path / "z.csv", [other])
    for files in ((ours, beside), (beside, ours)):
        with pytest.raises(AllocationError, match="expected no other bill of the month beside") as told:
            read(*files)
        assert "ours.csv" in str(told.value)
        assert found in str(told.value) or "found what run r1 made of one" in str(told.value)


@pytest.mark.whole("accounts are told apart in tests/allocation/billed/test_portfolios")
def test_a_bill_of_another_account_is_other_money(tmp_path: Path) -> None:
    ours = focus(tmp_path / "ours.csv", of("1"))
    assert read(ours, focus(tmp_path / "bill.csv", {"BillingAccountId": "2"})).intake.charges == 2
    assert read(ours, focus(tmp_path / "two.csv", of("2", x_RunId="r2"))).intake.charges == 2


def test_both_may_stand_in_one_file(tmp_path: Path) -> None:
    """As a warehouse unites them by name: a bill's row has no run, and may be allocated by its provider."""
    nothing = dict.fromkeys(OURS, "") | dict.fromkeys(POD, "")
    rows = [nothing | of("1"), nothing | POD | {"BillingAccountId": "2"}]
    charges = read(focus(tmp_path / "bill.csv", *rows)).charges
    assert [
        json.loads(charge["allocated"]).get(key) for charge, key in zip(charges, ("run", "to"), strict=True)
    ] == [
        "r1",
        "pod/1",
    ]
    with pytest.raises(AllocationError, match="found a bill of the same account 1"):
        read(focus(tmp_path / "bill.csv", rows[0], rows[1] | {"BillingAccountId": "1"}))


def test_one_run_in_two_forms_is_charged_once(tmp_path: Path) -> None:
    forms = (focus(tmp_path / "focus-1.3.csv", of("1")), focus(tmp_path / "focus-1.4.csv", of("1", Tags="")))
    with pytest.raises(
        AllocationError, match=r"focus-1.3\.csv and focus-1.4\.csv: expected the charges of run r1 once"
    ):
        read(*forms)


def test_one_run_in_parts_is_read(tmp_path: Path) -> None:
    parts = (focus(tmp_path / "a.csv", of("1")), focus(tmp_path / "b.csv", of("1", x_LineId="line-2")))
    assert read(*parts).intake.charges == 2


def test_a_share_that_is_there_twice_is_refused_within_a_file(tmp_path: Path) -> None:
    with pytest.raises(
        AllocationError, match=r"bill\.csv: expected the charges of run r1 once, found them twice"
    ):
        read(focus(tmp_path / "bill.csv", SHARE, SHARE))
    other = SHARE | {"x_Tenant": "bolt"}
    assert read(focus(tmp_path / "bill.csv", SHARE, other)).intake.charges == 2


# What lost the columns that say what was decided.


def test_a_file_of_ours_without_its_columns_is_refused(tmp_path: Path) -> None:
    cut = {key: value for key, value in of("1").items() if key != "x_Via"}
    with pytest.raises(AllocationError, match=r"bill\.csv: costack wrote it; .* found no x_Via"):
        read(focus(tmp_path / "bill.csv", cut))


def test_a_file_of_ours_is_known_by_its_metadata(tmp_path: Path) -> None:
    source, target = focus(tmp_path / "bill.csv", {}), tmp_path / "bill.parquet"
    sql = f"COPY (FROM read_csv('{source}', all_varchar = true)) TO '{target}' (FORMAT parquet"
    duckdb.execute(f"{sql})")
    assert read(target).intake.charges == 1
    duckdb.execute(f"{sql}, KV_METADATA {{costack_run: 'r1'}})")
    with pytest.raises(AllocationError, match=r"bill\.parquet: costack wrote it; .* found no x_RunId"):
        read(target)


def test_allocated_charges_of_ours_are_known_by_their_method(tmp_path: Path) -> None:
    row = POD | {"AllocatedMethodId": "costack:nodes:cpu-requests"}
    with pytest.raises(AllocationError, match=r"bill\.csv, row 1: costack allocated this charge"):
        read(focus(tmp_path / "bill.csv", row))


# Origins beside what they were split into.


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "rows",
    [
        [costs(POD, "60"), costs(POD, "40")],
        [costs(NODE, "0"), costs(POD, "60"), costs(POD, "40")],
        [costs(NODE, "0"), costs(POD, "60") | {"BilledCost": "0"}],
        [costs(NODE, "100"), costs(NODE, "-100") | {"ChargeClass": "Correction"}, costs(POD, "100")],
        [costs(NODE, "30"), costs(POD, "60"), costs(POD, "40")],
        [costs(NODE, "100") | {"SkuPriceId": "disk"}, costs(POD, "100")],
        [costs(NODE, "100") | {"ChargePeriodEnd": "2026-11-03"}, costs(POD, "100")],
    ],
    ids=[
        "left out",
        "zero",
        "zero of what a commitment pays",
        "taken back",
        "another amount",
        "another price",
        "another day",
    ],
)
def test_an_origin_that_is_not_charged_twice_is_read(rows: list[dict[str, str]], tmp_path: Path) -> None:
    assert read(focus(tmp_path / "bill.csv", *rows)).intake.charges == len(rows)


@pytest.mark.sample(2)
@pytest.mark.parametrize("origin", ["100", "100.3"], ids=["the same", "rounded"])
@pytest.mark.parametrize("files", [1, 2])
def test_an_origin_beside_its_parts_is_refused_by_name(origin: str, files: int, tmp_path: Path) -> None:
    rows = [costs(POD, "60"), costs(POD, "40"), costs(NODE, origin)]
    given = [focus(tmp_path / "bill.csv", *rows)]
    if files == 2:
        given = [focus(tmp_path / "bill.csv", *rows[:2]), focus(tmp_path / "node.csv", rows[2])]
    where = "bill.csv, row 3" if files == 1 else "node.csv, row 1"
    with pytest.raises(
        AllocationError, match=f"{re.escape(where)}: expected an origin charge .* the cost of i-node beside"
    ):
        read(*given)


@pytest.mark.sample(1)
@pytest.mark.parametrize("nothing", ["BilledCost", "EffectiveCost"])
def test_an_origin_is_found_by_the_cost_that_it_keeps(nothing: str, tmp_path: Path) -> None:
    """Of what a commitment pays, and of its purchase, one cost is 0 and the other is there twice."""
    rows = [costs(POD, "60") | {nothing: "0"}, costs(NODE, "60.3") | {nothing: "0"}]
    with pytest.raises(AllocationError, match="row 2: expected an origin charge"):
        read(focus(tmp_path / "bill.csv", *rows))


def test_only_bills_with_such_columns_are_asked() -> None:
    assert not has_allocated(FOCUS)
    assert has_allocated(POD)
    assert has_allocated([name.upper() for name in OURS])
