from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from allocation.adapters.bill import BillError
from tests.allocation.adapters.bill.written import PLAIN, bill, read
from tests.allocation.adapters.deliveries.delivered import ACCOUNT, CUR_2, cur, focus


def total(*files: Path, parts: bool = False) -> Decimal:
    return read(*files, parts=parts).intake.costs["billed"].read


def refusal(*files: Path) -> str:
    with pytest.raises(BillError) as caught:
        read(*files)
    return str(caught.value)


def test_two_deliveries_of_one_bill_are_not_added_up(tmp_path: Path) -> None:
    older = bill(tmp_path / "costs-20.csv", [focus(1), focus(2)])
    newer = bill(tmp_path / "costs-21.csv", [focus(1), focus(2, "11"), focus(3)])
    assert refusal(tmp_path) == (
        "costs-20.csv and costs-21.csv have 2 lines about the same account, service, resource, SKU and time: "
        "name the newer one of two deliveries, or say with --parts that both belong to the bill"
    )
    assert total(newer) == 31
    assert total(older, newer, parts=True) == 51


def test_lines_of_reports_have_other_ids_in_the_next_one(tmp_path: Path) -> None:
    bill(tmp_path / "a.csv", [{**cur("1", "10"), "lineItem/ResourceId": "i-1"}])
    bill(tmp_path / "b.csv", [{**cur("2", "10"), "lineItem/ResourceId": "i-1"}])
    assert refusal(tmp_path).startswith("a.csv and b.csv have 1 line about the same account")


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "column",
    [
        {"BillingAccountId": "2"},
        {"SubAccountId": "2"},
        {"ServiceName": "Amazon RDS"},
        {"RegionId": "eu-west-1"},
        {"ResourceId": "i-2"},
        {"SkuId": "2"},
        {"SkuPriceId": "2"},
        {"ChargeCategory": "Tax"},
        {"ChargePeriodStart": "2026-11-01T01:00:00Z"},
    ],
)
def test_lines_about_something_else_are_added(tmp_path: Path, column: dict[str, str]) -> None:
    """A file for each account, service or day is no delivery of its own."""
    columns = {"SubAccountId": "1", "RegionId": "us-east-1", "SkuId": "1", "SkuPriceId": "1"}
    bill(tmp_path / "a.csv", [focus(1, **columns)])
    bill(tmp_path / "b.csv", [focus(1, **{**columns, **column})])
    assert total(tmp_path) == 20


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "column", [{"BilledCost": "11"}, {"Tags": '{"a": "b"}'}, {"ChargePeriodEnd": "2026-12-01T00:00:00Z"}]
)
def test_what_a_delivery_restates_does_not_make_another_line_of_it(
    tmp_path: Path, column: dict[str, str]
) -> None:
    bill(tmp_path / "a.csv", [focus(1)])
    bill(tmp_path / "b.csv", [{**focus(1), **column}])
    assert "a.csv and b.csv have 1 line about the same" in refusal(tmp_path)


@pytest.mark.whole("two deliveries of one bill are paid once above")
def test_one_account_in_two_formats_is_paid_once(tmp_path: Path) -> None:
    one, other = bill(tmp_path / "cur.csv", [CUR_2]), bill(tmp_path / "focus.csv", [focus(1)])
    assert refusal(one, other) == (
        "cur.csv and focus.csv have the same days of one account in two formats: name one of them"
    )
    assert total(one, bill(tmp_path / "later.csv", [focus(2)])) == 20
    assert total(one, bill(tmp_path / "else.csv", [focus(1, BillingAccountId="9")])) == 20
    assert ACCOUNT in one.read_text()


def test_formats_without_an_account_are_added(tmp_path: Path) -> None:
    """Nothing says that they are of one account."""
    one = bill(tmp_path / "cur.csv", [{**CUR_2, "bill_payer_account_id": ""}])
    assert total(one, bill(tmp_path / "focus.csv", [focus(1, BillingAccountId="")])) == 20


def test_equal_lines_of_one_file_are_its_own(tmp_path: Path) -> None:
    bill(tmp_path / "a.csv", [focus(1), focus(1)])
    bill(tmp_path / "b.csv", [focus(1, ResourceId="i-2")])
    assert total(tmp_path) == 30


def test_numbered_parts_of_one_folder_are_one_bill(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        bill(tmp_path / f"costs-{number:05}.csv", [focus(1, str(number))])
    assert total(tmp_path) == 6
    bill(tmp_path / "older" / "costs-00001.csv", [focus(1, "7")])
    assert "have 1 line about the same" in refusal(tmp_path)


def test_numbers_with_a_gap_are_no_parts(tmp_path: Path) -> None:
    """Parts that are missing would be money that is missing; days are often deliveries."""
    for name in ("costs-00001.csv", "costs-00003.csv"):
        bill(tmp_path / name, [focus(1, name[10])])
    assert "have 1 line about the same" in refusal(tmp_path)


def test_the_lines_of_a_plain_bill_have_names(tmp_path: Path) -> None:
    bill(tmp_path / "a.csv", [PLAIN])
    bill(tmp_path / "b.csv", [{**PLAIN, "id": "2"}])
    assert total(tmp_path) == Decimal("2.5")


def test_lines_with_different_columns_are_compared(tmp_path: Path) -> None:
    bill(tmp_path / "a.csv", [focus(1), focus(2)])
    bill(tmp_path / "b.csv", [focus(4)])
    bill(tmp_path / "c.csv", [focus(2, x_More="1"), focus(3, x_More="2")])
    assert refusal(tmp_path).startswith("a.csv and c.csv have 1 line about the same")
