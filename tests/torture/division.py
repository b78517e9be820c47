"""Divides bills made at random on two engines and holds every row against exact fractions.

python -m tests.torture.division --cases 10000 --tenants 5000
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.allocation.engines import on_datafusion, on_duckdb
from tests.allocation.oracle import Problem, divided
from tests.allocation.problems import problems


def main() -> int:
    """Exit code 0 when every row of every case agrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--tenants", type=int, default=5000, help="the most tenants of one pool")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    count: Counter[str] = Counter()
    begun = time.monotonic()

    @seed(options.seed)
    @settings(
        max_examples=options.cases,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(problems(options.tenants))
    def agree(problem: Problem) -> None:
        expected = divided(problem)
        assert on_duckdb(problem) == expected
        assert on_datafusion(problem) == expected
        count["cases"] += 1
        count["rows"] += len(expected)
        count["negative"] += any(amount < 0 for *_, amount in problem.amounts)
        largest = max(Counter(row[:3] for row in problem.weights).values())
        count["of 1,000 tenants or more"] += largest >= 1000
        if count["cases"] % 500 == 0:
            print(f"{count['cases']} cases, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)  # noqa: T201

    agree()
    counted = ", ".join(f"{number:,} {what}" for what, number in count.items())
    print(f"division: {counted}; 0 rows differ on DuckDB or DataFusion, {time.monotonic() - begun:.0f} s")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
