from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.adapters.bill import BillError, ingest
from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from tests.allocation.adapters.bill.written import FOCUS, NOVEMBER, PLAIN, bill, read
from tests.portfolios import ROOT
from tests.sampling import examples

DATA = ROOT / "tests" / "data"


@pytest.mark.parametrize(
    ("name", "period", "written", "rows", "billed"),
    [
        ("focus-1.2-toolkit.csv", "2026-05", "FOCUS 1.2 CSV", 150, "BilledCost"),
        ("focus-1.3-toolkit.csv", "2026-05", "FOCUS 1.3 CSV", 150, "BilledCost"),
        ("cur-legacy-nise.csv", "2026-11", "CUR CSV", 96, "lineItem/UnblendedCost"),
    ],
)
def test_bills_of_others_are_read_whole(name: str, period: str, written: str, rows: int, billed: str) -> None:
    done = read(DATA / name, period=ChargePeriod.month(period))
    (file,) = done.intake.files
    assert (file.format, file.rows, file.charged, file.refused) == (written, rows, rows, {})
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        total = sum((Decimal(row[billed]) for row in csv.DictReader(stream)), Decimal(0))
    assert done.intake.costs["billed"].read == total
    assert sum(charge["billed"] for charge in done.charges) == done.intake.costs["billed"].charged


def test_what_the_real_bill_says() -> None:
    done = read(DATA / "focus-1.0-real.csv", period=ChargePeriod.month("2024-09"))
    billed = done.intake.costs["billed"]
    assert (billed.read, billed.moved) == (Decimal("15.72133858634"), Decimal("0.00000000004"))
    (file,) = done.intake.files
    assert (file.format, file.rows, file.charged) == ("FOCUS 1.0 CSV", 667, 666)
    assert done.intake.refused == {"outside-period": 1}
    assert done.intake.notes == {"contracted cost not given, billed cost taken": 5}
    categories = Counter(charge["charge_category"] for charge in done.charges)
    assert categories == {"Usage": 663, "Adjustment": 2, "Credit": 1}
    assert done.charges[0]["billing_account"] == "1234567890123"
    assert done.charges[1]["tags"].startswith('{"application":"BrightSourceCore","business_unit"')


@pytest.mark.whole("the real bill is read whole above")
def test_the_real_bill_has_an_hour_of_september_that_october_bills() -> None:
    (refused,) = read(DATA / "focus-1.0-real.csv", period=ChargePeriod.month("2024-09")).refused
    assert (refused["column_name"], refused["found"]) == ("BillingPeriodStart", "2024-10-01 00:00:00")
    done = read(DATA / "focus-1.0-real.csv", period=ChargePeriod.month("2024-10"))
    (charge,) = done.charges
    assert (charge["provider"], charge["other_month"]) == ("Oracle", "2024-09")
    assert done.intake.costs["billed"].charged == charge["billed"] == 2_400_000_000
    assert done.intake.refused == {"outside-period": 666}


def test_a_bill_of_another_month_is_refused_row_by_row() -> None:
    done = read(DATA / "focus-1.0-real.csv")
    assert done.intake.refused == {"outside-period": 667}
    assert done.intake.costs["billed"].refused == Decimal("15.72133858634")


cells = st.sampled_from(
    ("1.5", "-0.00000000005", "1e-7", "123456.789012345678", "NULL", "", "x", "1,5", "99999999999", "0.1")
)
rows_of_bill = st.fixed_dictionaries(
    {
        **{name: st.just(value) for name, value in FOCUS.items()},
        "BilledCost": cells,
        "EffectiveCost": cells,
        "ListCost": cells,
        "ContractedCost": cells,
        "BillingCurrency": st.sampled_from(("USD", "USD", "USD", "EUR")),
        "ChargePeriodStart": st.sampled_from(("2026-11-01", "2026-11-01T00:00:00Z", "2026-10-01", "soon")),
        "ChargeCategory": st.sampled_from(("Usage", "Tax", "Credit", "Gift")),
    }
)


@examples(3, of=30)
@given(st.lists(st.lists(rows_of_bill, min_size=1, max_size=30), min_size=1, max_size=3))
def test_sums_are_conserved(bills: list[list[dict[str, str]]]) -> None:
    with TemporaryDirectory() as folder:
        # Another column makes every file another content.
        files = [
            bill(Path(folder, f"{number}.csv"), [{**row, "x_File": str(number)} for row in rows])
            for number, rows in enumerate(bills)
        ]
        done = read(*files, parts=True)
    assert done.intake.rows == sum(len(rows) for rows in bills) == len(done.charges) + len(done.refused)
    with localcontext() as context:
        context.prec = 100
        for name, cost in done.intake.costs.items():
            charged = sum(charge[name] for charge in done.charges)
            assert cost.charged == charged
            assert cost.read == Decimal(charged).scaleb(-10) + cost.moved + cost.refused
        shown = sum((row["amount"] for row in done.refused if row["amount"] is not None), Decimal(0))
        assert done.intake.costs["billed"].refused == shown


def test_formats_can_be_mixed_in_one_run(tmp_path: Path) -> None:
    done = read(bill(tmp_path / "focus.csv", [FOCUS]), bill(tmp_path / "own.csv", [PLAIN]))
    assert [file.format for file in done.intake.files] == ["FOCUS 1.0 CSV", "charges.csv"]
    assert [charge["line_id"] for charge in done.charges] == ["focus.csv:1", "1"]


def test_a_file_given_twice_is_an_error(tmp_path: Path) -> None:
    file, copy = bill(tmp_path / "a.csv", [FOCUS]), bill(tmp_path / "b.csv", [FOCUS])
    with pytest.raises(BillError, match=r"b\.csv: has the same content as a\.csv"):
        read(file, copy)


def test_a_failure_leaves_folder_and_connection_as_they_were(tmp_path: Path) -> None:
    good = bill(tmp_path / "good.csv", [FOCUS])
    bad = tmp_path / "bad.csv"
    bad.write_text("BilledCost\n1\n")
    out = tmp_path / "out"
    with duckdb.connect() as connection:
        ingest(connection, [good], NOVEMBER, "USD", into=out)
        before = (out / "charges.parquet").read_bytes()
        with pytest.raises(BillError):
            ingest(connection, [good, bad], NOVEMBER, "USD", into=out)
        assert connection.execute("SELECT count(*) FROM charge").fetchall() == [(1,)]
        tables = connection.execute("SELECT table_name FROM information_schema.tables ORDER BY 1").fetchall()
    assert [path.name for path in out.iterdir()] == ["charges.parquet"]
    assert (out / "charges.parquet").read_bytes() == before
    assert tables == [("charge",), ("charge_kind",), ("refused",)]


def test_progress_is_reported(tmp_path: Path) -> None:
    said: list[str] = []
    with duckdb.connect() as connection:
        ingest(connection, [bill(tmp_path / "a.csv", [FOCUS])], NOVEMBER, "USD", progress=said.append)
    assert said == ["opening a.csv", "checking rows", "writing charges"]


def test_what_the_caller_has_to_say_right(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        with pytest.raises(AllocationError, match="three letters"):
            ingest(connection, [], NOVEMBER, "'; DROP TABLE charge")
        (tmp_path / "file").touch()
        with pytest.raises(AllocationError, match="cannot be written"):
            ingest(connection, [], NOVEMBER, "USD", into=tmp_path / "file")
        connection.execute("SET preserve_insertion_order = false")
        with pytest.raises(AllocationError, match="preserve_insertion_order"):
            ingest(connection, [], NOVEMBER, "USD")
