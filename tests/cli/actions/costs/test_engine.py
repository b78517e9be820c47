"""The options of `costack allocate` and `costack sql` that name an engine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from allocation.adapters.distributed.spark import Spark
from cli.console.exit_codes import Exit
from tests.allocation.adapters.distributed.months import month
from tests.cli.reporting import costack

_BILL = ("allocate", "--bill", "bill.parquet", "--inventory", "inventory.json", "--period", "2026-12")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--engine", "presto"), "--engine 'presto': expected duckdb or spark"),
        (("--spark-master", "local[2]"), "--spark-master and --spark-conf belong to --engine spark"),
        (("--engine", "spark", "--spark-conf", "memory"), "--spark-conf 'memory': expected KEY=VALUE"),
        (("--engine", "spark", "--rates", "rates.csv"), "--rates is worked out line by line"),
        (
            ("--read-back", "answer", "--focus", "1.3", "--out", "run"),
            "--focus: the lines of a bill are not here",
        ),
        (("--engine", "spark", "--read-back", "answer"), "leave --engine out"),
    ],
)
def test_what_an_engine_does_not_have_is_said(options: tuple[str, ...], said: str) -> None:
    result = costack(*_BILL, *options)
    assert result.exit_code == Exit.CONFIGURATION
    assert said in " ".join(result.stderr.split())


def test_without_pyspark_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    asked = month(tmp_path, rows=20)
    given = ("--inventory", asked.inventories[0], "--period", "2026-12")
    result = costack("allocate", "--bill", str(asked.bills[0]), "--engine", "spark", *given)
    assert result.exit_code == Exit.ERROR
    assert "needs PySpark 4 and Java 17 or 21: pip install 'costack[spark]'" in " ".join(
        result.stderr.split()
    )


def test_csv_is_not_given_to_an_engine(tmp_path: Path) -> None:
    asked = month(tmp_path, rows=20)
    (tmp_path / "bill.csv").write_text("BilledCost\n1\n", encoding="utf-8")
    given = ("--inventory", asked.inventories[0], "--period", "2026-12")
    result = costack("allocate", "--bill", str(tmp_path / "bill.csv"), "--engine", "spark", *given)
    assert "bill.csv: expected Parquet" in " ".join(result.stderr.split())


def test_a_script_ends_with_the_command_that_reads_its_answer(tmp_path: Path) -> None:
    asked = month(tmp_path, rows=20)
    result = costack(
        *("sql", "--dialect", "trino", "--bill", str(asked.bills[0]), "--inventory", asked.inventories[0]),
        *("--period", "2026-12", "--answer", "s3://bills/answer"),
    )
    assert result.exit_code == Exit.OK
    assert "external_location = " in result.stdout
    assert f"-- then: costack allocate --bill {asked.bills[0]} --read-back s3://bills/answer" in result.stdout


def test_a_script_needs_its_month(tmp_path: Path) -> None:
    result = costack("sql", "--bill", str(tmp_path))
    assert "a script needs --inventory FILE, --period YYYY-MM and --answer ADDRESS" in " ".join(
        result.stderr.split()
    )


def test_spark_is_named_in_a_manifest() -> None:
    assert Spark().name == "spark"
