from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from allocation.adapters.bill import BillError, Intake
from allocation.adapters.bill.formats.columns import LAYOUTS
from allocation.adapters.bill.net_costs import NET_GATE, net_of
from tests.allocation.adapters.bill.written import CUR, CUR_2, FOCUS, bill, parquet, read

PAYER = "bill_payer_account_id"
COST, NET, DISCOUNT = "line_item_unblended_cost", "line_item_net_unblended_cost", "discount_total_discount"


def row(number: int, cost: str, net: str, word: str = "Usage", **more: str) -> dict[str, str]:
    """A row of CUR 2.0 with its cost before and after discounts."""
    return {
        **CUR_2,
        "identity_line_item_id": str(number),
        "line_item_line_item_type": word,
        PAYER: "1111",
        COST: cost,
        NET: net,
        **more,
    }


def billed(intake: Intake) -> Decimal:
    return Decimal(intake.costs["billed"].charged).scaleb(-10)


def test_discounts_beside_the_rows_are_taken_off(tmp_path: Path) -> None:
    rows = [row(1, "200", "150"), row(2, "150", "120"), row(3, "10", "")]
    done = read(bill(tmp_path / "cur.csv", rows))
    assert [charge["billed"] // 10**10 for charge in done.charges] == [150, 120, 10]
    assert [charge["effective"] // 10**10 for charge in done.charges] == [150, 120, 10]
    assert done.intake.files[0].format == "CUR CSV, after discounts"
    assert done.intake.findings == ()


def test_a_discount_of_the_legacy_report_too(tmp_path: Path) -> None:
    rows = [
        {
            **CUR,
            "lineItem/UnblendedCost": "200",
            "lineItem/NetUnblendedCost": "150",
            "discount/TotalDiscount": "-50",
        }
    ]
    done = read(bill(tmp_path / "cur.csv", rows))
    assert billed(done.intake) == 150


@pytest.mark.sample(1)
@pytest.mark.parametrize("word", ["EdpDiscount", "PrivateRateDiscount", "edpdiscount"])
def test_discounts_that_are_rows_are_not_taken_off_twice(tmp_path: Path, word: str) -> None:
    first = bill(tmp_path / "1.csv", [row(1, "200", "150"), row(2, "150", "120")])
    second = bill(tmp_path / "2.csv", [row(3, "-80", "0", word)])
    done = read(first, second)
    assert billed(done.intake) == 270
    assert {file.format for file in done.intake.files} == {"CUR CSV, discounts as rows"}
    (finding,) = done.intake.findings
    assert finding == (
        NET_GATE,
        "payer 1111: 270.00 with the rows of discounts, 270.00 after discounts",
        "at most 0.01 apart",
        True,
    )


def test_rows_and_columns_that_disagree_are_found(tmp_path: Path) -> None:
    rows = [row(1, "200", "150"), row(2, "150", "120"), row(3, "-50", "-50", "EdpDiscount")]
    (finding,) = read(bill(tmp_path / "cur.csv", rows)).intake.findings
    assert not finding.passed
    assert finding.found == "payer 1111: 300.00 with the rows of discounts, 270.00 after discounts"


def test_a_row_without_a_cost_after_discounts_counts_as_it_is(tmp_path: Path) -> None:
    rows = [row(1, "200", "150"), row(2, "70", ""), row(3, "-50", "", "EdpDiscount")]
    (finding,) = read(bill(tmp_path / "cur.csv", rows)).intake.findings
    assert (finding.passed, finding.found[:18]) == (True, "payer 1111: 220.00")


@pytest.mark.whole("discounts of each form are read in the tests around")
def test_payers_have_discounts_in_their_own_way(tmp_path: Path) -> None:
    other = {PAYER: "2222"}
    rows = bill(tmp_path / "1.csv", [row(1, "200", "150"), row(2, "-50", "0", "EdpDiscount")])
    columns = bill(tmp_path / "2.csv", [row(3, "100", "90", **other)])
    done = read(rows, columns)
    assert billed(done.intake) == 150 + 90
    mixed = bill(
        tmp_path / "3.csv",
        [row(1, "200", "150"), row(2, "-1", "0", "EdpDiscount"), row(3, "9", "8", **other)],
    )
    with pytest.raises(BillError, match=r"3\.csv: expected one way .* payer 1111 and none for payer 2222"):
        read(mixed)


@pytest.mark.parametrize("as_map", [False, True])
def test_a_bill_that_names_discounts_and_no_cost_after_them(tmp_path: Path, *, as_map: bool) -> None:
    made = [{name: text for name, text in row(1, "200", "").items() if name != NET} | {DISCOUNT: "-50"}]
    file = bill(tmp_path / "cur.csv", made)
    if as_map:
        made = [{name: text for name, text in made[0].items() if name != DISCOUNT} | {"discount": "-50"}]
        file = parquet(
            bill(tmp_path / "cur.csv", made), "MAP {'total_discount': discount::DOUBLE} AS discount"
        )
    with pytest.raises(
        BillError, match=r"no column 'line_item_net_unblended_cost' .*: select it for the export"
    ):
        read(file)


def test_a_column_of_discounts_without_any_changes_nothing(tmp_path: Path) -> None:
    made = [{name: text for name, text in row(1, "200", "").items() if name != NET} | {DISCOUNT: "0.0"}]
    assert billed(read(bill(tmp_path / "cur.csv", made)).intake) == 200


def test_commitments_cost_what_is_left_of_them(tmp_path: Path) -> None:
    fields = {
        "reservation_effective_cost": "30",
        "reservation_net_effective_cost": "27",
        "reservation_unused_recurring_fee": "10",
        "reservation_net_unused_recurring_fee": "9",
        "reservation_unused_amortized_upfront_fee_for_billing_period": "20",
        "reservation_net_unused_amortized_upfront_fee_for_billing_period": "18",
        "savings_plan_savings_plan_effective_cost": "40",
        "savings_plan_net_savings_plan_effective_cost": "36",
    }
    words = ("DiscountedUsage", "RIFee", "SavingsPlanCoveredUsage", "SavingsPlanNegation")
    rows = [row(number, "100", "90", word, **fields) for number, word in enumerate(words)]
    charges = read(bill(tmp_path / "cur.csv", rows)).charges
    assert [charge["effective"] // 10**10 for charge in charges] == [27, 27, 36, 0]
    assert [charge["billed"] // 10**10 for charge in charges] == [90] * 4


def test_of_many_files_the_damaged_one_is_named(tmp_path: Path) -> None:
    made = [parquet(bill(tmp_path / f"{number}.csv", [row(number, "2", "1")])) for number in range(3)]
    content = bytearray(made[1].read_bytes())
    content[4:60] = bytes(56)
    made[1].write_bytes(content)
    with pytest.raises(BillError, match=r"^1\.parquet: "):
        read(*made)


@pytest.mark.whole("test_ingestion mixes formats in one run")
def test_other_bills_in_the_run_stay_as_they_are(tmp_path: Path) -> None:
    done = read(bill(tmp_path / "focus.csv", [FOCUS]), bill(tmp_path / "cur.csv", [row(1, "200", "150")]))
    assert [file.format for file in done.intake.files] == ["FOCUS 1.0 CSV", "CUR CSV, after discounts"]


@pytest.mark.parametrize(
    "layout", [layout for layout in LAYOUTS if layout.net], ids=lambda layout: layout.name
)
def test_every_amount_of_a_cost_has_one_after_discounts(layout: object) -> None:
    assert set(net_of(layout).amounts) - set(layout.amounts) == {f"net_{name}" for name in layout.net}  # type: ignore[attr-defined, arg-type]
