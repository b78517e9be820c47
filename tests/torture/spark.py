"""Divides bills made at random on local Spark and holds every row against exact fractions.

python -m tests.torture.spark --cases 60
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, seed, settings

from allocation.engine.division_sql import Dialect, division_sql, in_dialect
from tests.allocation.engines import arrow_tables
from tests.allocation.oracle import Problem, Rows, divided
from tests.allocation.problems import problems

JOB = Path(__file__).with_name("spark_job.py")
_PROGRAM = Path(__file__).resolve().parents[2] / ".toolchain" / "bin" / "spark-submit"


def cases(count: int, tenants: int) -> list[Problem]:
    """*count* bills from one seed."""
    made: list[Problem] = []

    @seed(1)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(problems(tenants))
    def make(problem: Problem) -> None:
        made.append(problem)

    make()
    return made


def together(many: list[Problem]) -> Problem:
    """One bill of many: pools and origins keep apart by their case's number."""
    amounts: list[tuple[object, ...]] = []
    routes: list[tuple[object, ...]] = []
    weights: list[tuple[object, ...]] = []
    for case, problem in enumerate(many):
        amounts += [
            (case * 100 + origin, f"{case}-{pool}", slot, units)
            for origin, pool, slot, units in problem.amounts
        ]
        routes += [
            (f"{case}-{pool}", slot, f"{case}-{via}", part, weight)
            for pool, slot, via, part, weight in problem.routes
        ]
        weights += [(f"{case}-{via}", *rest) for via, *rest in problem.weights]
    return Problem(tuple(amounts), tuple(routes), tuple(weights))  # type: ignore[arg-type]


def on_spark(problem: Problem, python: Path) -> Rows:
    """Spark's answer."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for table, rows in arrow_tables(problem).items():
            pq.write_table(rows, folder / f"{table}.parquet")
        (folder / "division.sql").write_text(in_dialect(division_sql(), Dialect.SPARK), encoding="utf-8")
        subprocess.run([str(python), str(JOB), name], check=True, capture_output=True)
        return {tuple(row) for row in json.loads((folder / "answer.json").read_text(encoding="utf-8"))}


def main() -> int:
    """Exit code 0 when every row agrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--tenants", type=int, default=200)
    parser.add_argument("--python", type=Path, help="a Python that has PySpark, instead of the toolchain's")
    options = parser.parse_args()
    begun = time.monotonic()
    many = cases(options.cases, options.tenants)
    problem = together(many)
    none = Problem((), (), ())
    expected: Rows = set()
    for case, one in enumerate(many):
        expected |= divided(together([none] * case + [one]))
    answer = on_spark(problem, options.python or _PROGRAM.resolve().parent / "python")
    differing = len(answer ^ expected)
    print(  # noqa: T201 - a command prints
        f"spark: {len(many)} cases, {len(expected):,} rows; {differing} rows differ, "
        f"{time.monotonic() - begun:.0f} s"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
