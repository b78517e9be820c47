from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.adapters.bill import ingest
from tests.allocation.adapters.bill.written import FOCUS, NOVEMBER, PLAIN, bill, fetched, parquet, read
from tests.sampling import examples

WIDE = Context(prec=120, rounding=ROUND_HALF_UP)

digits = st.text("0123456789", min_size=1, max_size=8)
fractions = st.one_of(st.just(""), st.text("0123456789", min_size=1, max_size=30).map(".{}".format))
exponents = st.one_of(st.just(""), st.integers(-12, 0).map(lambda power: f"e{power}"))
amounts = st.builds("".join, st.tuples(st.sampled_from(("", "-")), digits, fractions, exponents))


def units(text: str) -> int:
    """*text* in units of 1e-10, by way of 24 decimals: each time half away from zero."""
    exact = WIDE.quantize(WIDE.create_decimal(text), Decimal("1E-24"))
    return int(WIDE.quantize(exact, Decimal("1E-10")).scaleb(10, WIDE))


@examples(4, of=15)
@given(st.lists(amounts, min_size=1, max_size=200))
def test_any_decimal_is_read_as_python_reads_it(texts: list[str]) -> None:
    with TemporaryDirectory() as folder:
        rows = [{**FOCUS, "BilledCost": text} for text in texts]
        done = read(bill(Path(folder, "bill.csv"), rows))
    assert done.refused == []
    assert [charge["billed"] for charge in done.charges] == [units(text) for text in texts]


@examples(3, of=10)
@given(st.lists(st.floats(-1e8, 1e8, allow_nan=False), min_size=1, max_size=200))
def test_a_double_is_its_shortest_decimal(doubles: list[float]) -> None:
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        file = Path(folder, "bill.parquet")
        source = bill(Path(folder, "bill.csv"), [{**FOCUS, "BilledCost": repr(double)} for double in doubles])
        connection.execute(
            f"""COPY (SELECT * REPLACE (BilledCost::DOUBLE AS BilledCost)
            FROM read_csv('{source}', all_varchar = true)) TO '{file}'"""  # noqa: S608
        )
        done = read(file)
    assert [charge["billed"] for charge in done.charges] == [units(repr(double)) for double in doubles]


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("DOUBLE", "0.1", 10**9),
        ("DOUBLE", "1e-7", 1000),
        ("FLOAT", "0.1", 10**9),
        ("DECIMAL(18, 9)", "0.123456789", 1_234_567_890),
        ("BIGINT", "3", 3 * 10**10),
        ("DOUBLE", "nan", "not-a-number"),
        ("DOUBLE", "inf", "not-a-number"),
        ("DOUBLE", "1e20", "too-large"),
        ("BOOLEAN", "true", "not-a-number"),
        ("DATE", "2026-11-01", "not-a-number"),
    ],
)
def test_amounts_of_any_type(tmp_path: Path, kind: str, value: str, expected: int | str) -> None:
    done = read(typed(tmp_path, f"'{value}'::{kind} AS BilledCost"))
    assert (done.charges[0]["billed"] if done.charges else done.refused[0]["rule"]) == expected


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("TIMESTAMPTZ", "2026-11-01 02:00:00+02:00", "2026-11-01 00:00:00"),
        ("TIMESTAMP_MS", "2026-11-01 00:00:00.5", "2026-11-01 00:00:00.500000"),
        ("TIMESTAMP_NS", "2026-11-01 00:00:00", "2026-11-01 00:00:00"),
        ("DATE", "2026-11-01", "2026-11-01 00:00:00"),
        ("TIMESTAMP", "infinity", "bad-date"),
        ("INTEGER", "20261101", "bad-date"),
    ],
)
def test_moments_of_any_type(tmp_path: Path, kind: str, value: str, expected: str) -> None:
    done = read(typed(tmp_path, f"'{value}'::{kind} AS ChargePeriodStart"))
    found = str(done.charges[0]["period_start"]) if done.charges else done.refused[0]["rule"]
    assert found == expected


def typed(folder: Path, replaced: str) -> Path:
    """A Parquet file of one charge with one column replaced."""
    source, file = bill(folder / "bill.csv", [FOCUS]), folder / "bill.parquet"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        rows = f"SELECT * REPLACE ({replaced}) FROM read_csv('{source}', all_varchar = true)"  # noqa: S608
        connection.execute(f"COPY ({rows}) TO '{file}'")
    return file


def test_moments_do_not_follow_the_zone_of_the_connection(tmp_path: Path) -> None:
    file = bill(tmp_path / "bill.csv", [FOCUS, {**FOCUS, "ChargePeriodStart": "2026-11-01T01:00:00+01:00"}])
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        ingest(connection, [file], NOVEMBER, "USD")
        starts = {str(row["period_start"]) for row in fetched(connection, "SELECT period_start FROM charge")}
    assert starts == {"2026-11-01 00:00:00"}


def test_numbers_finer_than_can_be_read_are_noted(tmp_path: Path) -> None:
    rows = [{**FOCUS, "BilledCost": text} for text in ("1." + "1" * 25, "1." + "0" * 30, "1e-25", "0e-30")]
    assert read(bill(tmp_path / "bill.csv", rows)).intake.notes == {
        "amounts finer than 1e-24, rounded there": 2
    }


def test_a_hand_written_charge(tmp_path: Path) -> None:
    row = {**PLAIN, "charge_category": "", "region": "eu-west-1", "resource_id": "null"}
    (charge,) = read(bill(tmp_path / "x.csv", [row])).charges
    assert {name: charge[name] for name in ("line_id", "service", "region", "resource_id")} == {
        "line_id": "1",
        "service": "Support",
        "region": "eu-west-1",
        "resource_id": None,
    }
    assert (
        charge["billed"] == charge["effective"] == charge["listed"] == charge["contracted"] == 12_500_000_000
    )
    assert charge["charge_category"] == "Usage"


@examples(3, of=10)
@given(st.lists(amounts, min_size=1, max_size=200))
def test_a_quantity_has_twelve_decimals(texts: list[str]) -> None:
    with TemporaryDirectory() as folder:
        rows = [{**FOCUS, "PricingQuantity": text} for text in (*texts, "99999999999999999999.5", "1e20")]
        done = read(bill(Path(folder, "bill.csv"), rows))
    step = Decimal("1E-12")
    expected = [
        WIDE.quantize(WIDE.create_decimal(text), step) for text in (*texts, "99999999999999999999.5", "1e20")
    ]
    assert [charge["quantity"] for charge in done.charges] == expected


@pytest.mark.sample(1)
@pytest.mark.parametrize("finest_first", [False, True])
@pytest.mark.parametrize(
    "kinds",
    [("DECIMAL(18, 2)", "DECIMAL(38, 12)"), ("DECIMAL(10, 9)", "DOUBLE"), ("BIGINT", "DECIMAL(20, 10)")],
)
def test_files_of_other_scales_keep_all_digits_in_either_order(
    tmp_path: Path, kinds: tuple[str, str], *, finest_first: bool
) -> None:
    files = []
    for number, kind in enumerate(kinds):
        amount = "3" if kind == "BIGINT" else "1.25" if kind == "DECIMAL(18, 2)" else "0.123456789"
        source = bill(tmp_path / f"{number}.csv", [{**FOCUS, "BilledCost": amount}])
        files.append((parquet(source, f"'{amount}'::{kind} AS BilledCost"), units(amount)))
    ordered = files[::-1] if finest_first else files
    done = read(*(file for file, _ in ordered), parts=True)
    assert [charge["billed"] for charge in done.charges] == [expected for _, expected in ordered]
    assert done.intake.costs["billed"].moved == 0
