from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.usage.export import write_usage
from allocation.adapters.usage.intake import RULES, UsageIntake, read_usage
from allocation.adapters.usage.rows import UsageRow, days_of
from allocation.charges import ChargePeriod
from tests.torture.usage_fuzz import run

OCTOBER = ChargePeriod.month("2026-10")
DRIVERS = {"users", "cpu-used"}
DAY = "2026-10-01T00:00:00Z,2026-10-02T00:00:00Z"


def read(folder: Path, *lines: str) -> tuple[UsageIntake, duckdb.DuckDBPyConnection]:
    path = folder / "usage.csv"
    path.write_text("tenant,driver,start,end,quantity\n" + "".join(f"{line}\n" for line in lines), "utf-8")
    connection = duckdb.connect()
    return read_usage(connection, [path], OCTOBER, DRIVERS), connection


def refused(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT row_number, rule, column_name, found FROM usage_refused").fetchall()


def test_what_is_whole_is_taken(tmp_path: Path) -> None:
    intake, connection = read(
        tmp_path,
        f"acme,users,{DAY},12.5",
        "acme,users,2026-10-02,2026-10-03 00:00:00,1e-3",
        "acme,cpu-used,2026-10-01T00:00:00.000001Z,2026-10-01T01:00+00:00,0.0000000005",
        "acme,cpu-used,2026-10-31T23:00:00+0000,2026-11-01T00:00:00Z,-0",
    )
    assert intake == UsageIntake(rows=4, taken=4, refused={})
    assert connection.execute("FROM usage").fetchall() == [
        ("acme", "cpu-used", datetime(2026, 10, 1, 0, 0, 0, 1), datetime(2026, 10, 1, 1), Decimal("1E-9")),  # noqa: DTZ001
        ("acme", "cpu-used", datetime(2026, 10, 31, 23), datetime(2026, 11, 1), Decimal("0E-9")),  # noqa: DTZ001
        ("acme", "users", datetime(2026, 10, 1), datetime(2026, 10, 2), Decimal("12.500000000")),  # noqa: DTZ001
        ("acme", "users", datetime(2026, 10, 2), datetime(2026, 10, 3), Decimal("0.001000000")),  # noqa: DTZ001
    ]


@pytest.mark.sample(8)
@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (f",users,{DAY},1", ("missing-value", "tenant", None)),
        (f"acme,users,{DAY},", ("missing-value", "quantity", None)),
        (f"acme,users,{DAY},   ", ("missing-value", "quantity", "   ")),
        (f"acme,Users,{DAY},1", ("unknown-driver", "driver", "Users")),
        ("acme,users,2026-02-30,2026-10-02,1", ("bad-date", "start", "2026-02-30")),
        ("acme,users,01/10/2026,2026-10-02,1", ("bad-date", "start", "01/10/2026")),
        (
            "acme,users,2026-10-01T00:00:00+02:00,2026-10-02,1",
            ("bad-date", "start", "2026-10-01T00:00:00+02:00"),
        ),
        ("acme,users,2026-10-02,2026-10-02,1", ("bad-date", "end", "2026-10-02")),
        (f"acme,users,{DAY},NaN", ("not-a-number", "quantity", "NaN")),
        (f"acme,users,{DAY},+Inf", ("not-a-number", "quantity", "+Inf")),
        (f'acme,users,{DAY},"1,5"', ("not-a-number", "quantity", "1,5")),
        (f"acme,users,{DAY},1_0", ("not-a-number", "quantity", "1_0")),
        (f"acme,users,{DAY},-0.000000001", ("negative", "quantity", "-0.000000001")),
        (f"acme,users,{DAY},-1e99", ("negative", "quantity", "-1e99")),
        (f"acme,users,{DAY},1000000000000001", ("too-large", "quantity", "1000000000000001")),
        (f"acme,users,{DAY},1e99", ("too-large", "quantity", "1e99")),
        ("acme,users,2026-09-30T23:59:59Z,2026-10-01,1", ("outside-period", "start", "2026-09-30T23:59:59Z")),
        ("acme,users,2026-10-31,2026-11-01T00:00:01Z,1", ("outside-period", "end", "2026-11-01T00:00:01Z")),
        (f"acme,users,{DAY},{'9' * 300}", ("too-large", "quantity", "9" * 200)),
    ],
)
def test_what_cannot_be_relied_on_is_refused_by_name(
    tmp_path: Path, line: str, verdict: tuple[str, str, str | None]
) -> None:
    intake, connection = read(tmp_path, f"bolt,users,{DAY},1", line)
    assert intake == UsageIntake(rows=2, taken=1, refused={verdict[0]: 1})
    assert refused(connection) == [(2, *verdict)]
    assert verdict[0] in RULES


def test_of_intervals_that_overlap_the_first_one_stays(tmp_path: Path) -> None:
    intake, connection = read(
        tmp_path,
        "acme,users,2026-10-05,2026-10-10,1",
        "acme,users,2026-10-09,2026-10-15,2",  # overlaps the first: refused
        "acme,users,2026-10-10,2026-10-12,3",  # overlaps only a refused one: stays
        "acme,users,2026-10-05,2026-10-10,1",  # the first again: refused
        "acme,users,2026-10-01,2026-10-31,4",  # around them all: refused
        "acme,cpu-used,2026-10-05,2026-10-10,5",
        "bolt,users,2026-10-05,2026-10-10,6",
    )
    assert intake.refused == {"overlap": 3}
    assert [row[0] for row in refused(connection)] == [2, 4, 5]
    kept = connection.execute("SELECT quantity FROM usage ORDER BY quantity").fetchall()
    assert [int(quantity) for (quantity,) in kept] == [1, 3, 5, 6]


def test_a_row_that_is_refused_makes_no_overlap(tmp_path: Path) -> None:
    intake, _ = read(tmp_path, f"acme,users,{DAY},NaN", f"acme,users,{DAY},1")
    assert intake == UsageIntake(rows=2, taken=1, refused={"not-a-number": 1})


def test_which_of_two_files_comes_first_decides(tmp_path: Path) -> None:
    for name, quantity in (("z.csv", 1), ("a.csv", 2)):
        text = f"tenant,driver,start,end,quantity\nacme,users,{DAY},{quantity}\n"
        (tmp_path / name).write_text(text, encoding="utf-8")
    connection = duckdb.connect()
    read_usage(connection, [tmp_path / "z.csv", tmp_path / "a.csv"], OCTOBER, DRIVERS)
    assert connection.execute("SELECT quantity FROM usage").fetchall() == [(Decimal(1),)]
    assert connection.execute("SELECT source FROM usage_refused").fetchall() == [("a.csv",)]


def test_a_month_of_written_rows_comes_back_the_same(tmp_path: Path) -> None:
    rows = [
        UsageRow(tenant, "users", day.start, day.end, Decimal(index).scaleb(-9))
        for tenant in ("acme", 'b,"\n', "c")
        for index, day in enumerate(days_of(OCTOBER))
    ]
    write_usage(rows, tmp_path / "usage.csv")
    connection = duckdb.connect()
    assert read_usage(connection, [tmp_path / "usage.csv"], OCTOBER, DRIVERS).taken == 93
    back = connection.execute("SELECT tenant, quantity FROM usage ORDER BY tenant, period_start").fetchall()
    assert back == [(row.tenant, row.quantity) for row in rows]


def test_no_file_is_no_use(tmp_path: Path) -> None:
    connection = duckdb.connect()
    assert read_usage(connection, [], OCTOBER, DRIVERS) == UsageIntake(0, 0, {})
    names = {name for (name,) in connection.execute("SHOW TABLES").fetchall()}
    assert names == {"usage", "usage_refused"}
    assert not list(tmp_path.iterdir())


def test_random_files_are_read_or_refused_whole() -> None:
    assert sum(run(60, seed=7).values()) == 60
