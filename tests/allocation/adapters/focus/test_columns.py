from __future__ import annotations

import duckdb
import pytest

from allocation.adapters.focus.columns import columns_of
from allocation.adapters.focus.run import FocusVersion

MANDATORY = {
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ServiceCategory",
    "ServiceName",
}
OLD, NEW = {"ProviderName", "PublisherName"}, {"ServiceProviderName", "HostProviderName"}
ALLOCATED = {
    f"Allocated{name}" for name in ("MethodDetails", "MethodId", "ResourceId", "ResourceName", "Tags")
}


def names(version: str) -> list[str]:
    return [column.name for column in columns_of(FocusVersion(version))]


@pytest.mark.parametrize(("version", "providers"), [("1.2", OLD), ("1.3", OLD | NEW), ("1.4", NEW)])
def test_every_version_has_its_mandatory_columns(version: str, providers: set[str]) -> None:
    assert set(names(version)) >= MANDATORY | providers
    assert not ((OLD | NEW) - providers) & set(names(version))


def test_allocated_columns_are_our_own_before_focus_knew_them() -> None:
    assert {f"x_{name}" for name in ALLOCATED} <= set(names("1.2"))
    assert not ALLOCATED & set(names("1.2"))
    for version in ("1.3", "1.4"):
        assert set(names(version)) >= ALLOCATED
        assert not [name for name in names(version) if name.startswith("x_Allocated")]


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4"])
def test_our_own_columns_come_last_and_no_name_comes_twice(version: str) -> None:
    own = [name.startswith("x_") for name in names(version)]
    assert own == sorted(own)
    assert len(names(version)) == len(set(names(version)))


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4"])
def test_no_unit_price_is_written(version: str) -> None:
    assert not [name for name in names(version) if "UnitPrice" in name or name in ("SkuId", "SkuPriceId")]


@pytest.mark.parametrize(("word", "written"), [("Tax", "Tax"), ("FlatRateSubscription", "Adjustment")])
def test_a_kind_of_charge_that_focus_has_not_is_an_adjustment(word: str, written: str) -> None:
    (value,) = (column.value for column in columns_of(FocusVersion("1.3")) if column.name == "ChargeCategory")
    sql = f"SELECT {value} FROM (SELECT '{word}' AS charge_category) AS line"  # noqa: S608
    with duckdb.connect() as connection:
        assert connection.execute(sql).fetchall() == [(written,)]
