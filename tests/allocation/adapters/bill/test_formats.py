from __future__ import annotations

import pytest

from allocation.adapters.bill import BillError
from allocation.adapters.bill.formats.columns import FOCUS, LAYOUTS
from allocation.adapters.bill.formats.detection import Column, Header, format_name, layout_of
from allocation.adapters.bill.formats.layout import Layout


def header(*names: str) -> Header:
    return Header(
        "bill.csv", tuple(Column(name, f"c{number}", "VARCHAR") for number, name in enumerate(names))
    )


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_format_is_known_by_its_columns_in_any_order_and_case(layout: Layout) -> None:
    names = [name.upper() for name in reversed(layout.required)]
    assert layout_of(header("extra", *names)) is layout


def test_an_unknown_header_is_reported_what_it_lacks() -> None:
    names = [name for name in FOCUS.required if name != "ChargeCategory"]
    with pytest.raises(BillError, match=r"^bill\.csv: expected .* for FOCUS it lacks ChargeCategory$"):
        layout_of(header(*names))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        # Azure's usage details of an agreement, and of a subscription without one.
        (
            ("Date", "MeterId", "ChargeType", "CostInBillingCurrency", "BillingCurrency", "Tags"),
            "Azure's own .*\\(FOCUS\\)",
        ),
        (("UsageDateTime", "MeterId", "PreTaxCost", "Currency"), "Azure's own .*\\(FOCUS\\)"),
        (("meterId", "chargeType", "cost"), "Azure's own .*\\(FOCUS\\)"),
        (
            ("lineItem/referenceNo", "lineItem/tenantId", "lineItem/intervalUsageStart", "cost/myCost"),
            "Oracle.*'FOCUS Reports'",
        ),
        (
            ("billing_account_id", "service.id", "usage_start_time", "cost", "currency"),
            "Google.*FOCUS usage cost export",
        ),
        (("ContractCommitmentId", "ContractCommitmentCost", "BillingCurrency"), "no charges: leave it out"),
    ],
)
def test_what_a_provider_calls_by_its_own_names_is_refused_with_the_remedy(
    names: tuple[str, ...], said: str
) -> None:
    with pytest.raises(BillError, match=rf"^bill\.csv: expected the columns of a bill, found .*{said}"):
        layout_of(header(*names))


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ((), "FOCUS 1.0 CSV"),
        (("SkuMeter", "ProviderName"), "FOCUS 1.1 CSV"),
        (("SkuMeter", "InvoiceId", "ProviderName"), "FOCUS 1.2 CSV"),
        (("InvoiceId", "ServiceProviderName", "ProviderName"), "FOCUS 1.3 CSV"),
        (("InvoiceId", "ServiceProviderName"), "FOCUS 1.4 CSV"),
    ],
)
def test_the_version_of_focus_is_that_of_its_newest_column(more: tuple[str, ...], name: str) -> None:
    assert format_name(FOCUS, header(*FOCUS.required, *more), "CSV") == name


def test_an_exact_name_goes_before_one_in_another_case() -> None:
    found = header("id", "Id", "ID").find("Id")
    assert found is not None
    assert found.sql == "c1"
    assert header("a").find("b") is None


def test_a_column_that_is_needed_and_there_twice_is_an_error() -> None:
    with pytest.raises(BillError, match="expected one column 'id', found 2"):
        header("ID", "Id").find("id")
    with pytest.raises(BillError, match="expected one column 'tag:a', found 2"):
        header("tag:a", "tag:a").starting_with("tag:")


def test_tags_that_differ_in_case_are_two() -> None:
    names = [column.name for column in header("tag:b", "tag:B", "tag:", "x").starting_with("tag:")]
    assert names == ["tag:B", "tag:b"]
