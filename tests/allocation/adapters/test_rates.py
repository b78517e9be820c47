"""A table of rates is read strictly; a run says which it used, in its manifest and in FOCUS."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.rates import read_rates
from cli.actions.costs.allocate import print_allocation
from tests.allocation.test_golden import AFTERWARDS, GOLDEN, request
from tests.stored import as_json
from tiers.errors import CatalogError

HEADER = "from,to,first_day,last_day,rate,source\n"
MONTH = "EUR,USD,2026-11-01,2026-11-30,1.25,a bank\n"


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "rates.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def test_rates_of_other_portfolios_may_stand_in_the_table(tmp_path: Path) -> None:
    path = table(tmp_path, MONTH, "GBP,EUR,2026-11-01,,1.15,a bank\n", "JPY,USD,2026-11-30,,0.0064,a bank\n")
    found = read_rates(path, "USD")
    assert [(rate.currency, len(list(rate.days)), rate.rate) for rate in found] == [
        ("EUR", 30, Decimal("1.25")),
        ("JPY", 1, Decimal("0.0064")),
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("eur,USD,2026-11-01,,1.1,x", ", column from: expected a code of ISO 4217 such as EUR, found 'eur'"),
        ("EUR,EUR,2026-11-01,,1.1,x", ", column to: expected another currency than EUR, found the same"),
        (
            "EUR,USD,2026-11-31,,1.1,x",
            ", column first_day: expected a day such as 2026-11-01, found '2026-11-31'",
        ),
        (
            "EUR,USD,2026-12-03,2026-12-01,1.1,x",
            ", column last_day: expected a day from 2026-12-03 on, or nothing, found '2026-12-01'",
        ),
        (
            'EUR,USD,2026-12-03,,"1,1",x',
            ", column rate: expected a decimal above 0 such as 1.0834, found '1,1'",
        ),
        (
            "EUR,USD,2026-12-03,,0.0,x",
            ", column rate: expected a decimal above 0 such as 1.0834, found '0.0'",
        ),
        ("EUR,USD,2026-12-03,,1.1,", ", column source: expected where the rate was published, found nothing"),
        ("EUR,USD,2026-12-03", ": expected 6 columns, found 3"),
    ],
)
def test_a_wrong_rate_is_named_by_row_and_column(row: str, fault: str, tmp_path: Path) -> None:
    path = table(tmp_path, MONTH, f"{row}\n")
    with pytest.raises(CatalogError) as caught:
        read_rates(path, "USD")
    assert str(caught.value) == f"{path}, row 2{fault}"


def test_a_day_has_one_rate(tmp_path: Path) -> None:
    path = table(tmp_path, MONTH, "EUR,USD,2026-11-30,,1.2,another bank\n")
    with pytest.raises(
        CatalogError,
        match=r"row 2, column first_day: expected one rate of EUR to USD .* another for 2026-11-30$",
    ):
        read_rates(path, "USD")


def test_a_table_has_these_columns(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("from,to,day,rate\n", encoding="utf-8")
    with pytest.raises(
        CatalogError, match=r"expected the columns from, to, first_day, .*, found no column 'first_day'"
    ):
        read_rates(path, "USD")


@pytest.mark.sample(1)
@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4"])
def test_a_month_billed_in_euros_is_stated_in_dollars(version: str, tmp_path: Path) -> None:
    scenario = "small-firm-shared"
    euros = tmp_path / "bill.csv"
    text = (GOLDEN / scenario / "bill.csv").read_text(encoding="utf-8")
    euros.write_text(text.replace(",USD,", ",EUR,"), encoding="utf-8")
    out = tmp_path / "run"
    wanted = request(scenario, bills=(euros,), rates=table(tmp_path, MONTH), out=out, focus=(version,))
    print_allocation(wanted, AFTERWARDS)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["rates"]["converted"] == {
        "EUR": {"rows": 39, "original": "1103.0050000001", "billed": "1378.7562500001", "sources": ["a bank"]}
    }
    assert [gate["passed"] for gate in manifest["readiness"]] == [True] * 6
    (path,) = out.rglob("focus-*.parquet")
    said = duckdb.execute(
        """SELECT SUM(BilledCost), SUM(x_OriginalBilledCost), ANY_VALUE(x_ExchangeRate),
            COUNT(*) FILTER (x_OriginalBillingCurrency IS NOT NULL AND AllocatedRatio) FROM (
            SELECT *, x_Pool IS NOT NULL AS AllocatedRatio FROM read_parquet(?))""",
        [str(path)],
    ).fetchall()
    # Direct charges alone have one original; a shared charge may sum several.
    assert said == [(Decimal("1378.7562500001"), Decimal("3.71"), Decimal("1.25"), 0)]


def test_a_converted_charge_is_explained(tmp_path: Path) -> None:
    scenario = "small-firm-shared"
    euros = tmp_path / "bill.csv"
    text = (GOLDEN / scenario / "bill.csv").read_text(encoding="utf-8")
    euros.write_text(text.replace(",USD,", ",EUR,"), encoding="utf-8")
    out = tmp_path / "run"
    print_allocation(request(scenario, bills=(euros,), rates=table(tmp_path, MONTH), out=out), AFTERWARDS)
    said = as_json("explain", "acme", "--run", out, "--charge", "line-3")
    (charge,) = said["charges"]
    found = {name: charge[name] for name in ("amount", "original_currency", "original_billed", "rate")}
    assert found == {
        "amount": "36.00",
        "original_currency": "EUR",
        "original_billed": "28.8",
        "rate": "1.25",
    }
