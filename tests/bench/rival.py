"""Costack's division beside cloud-cost-allocation's, the same problem in one process, turn by turn.

The problem is that of the study of rivals: 50 pools of 10 bill lines each in whole cents, N keys from 1 to
9,999, key j of pool s belonging to tenant (j + 7919 s) mod 1000; one date, one currency, one amount. Timed is
from each engine's own objects in memory to every key's amount and every tenant's total. Answers are compared:
each key within what a float holds, and our sum the bill's to the last unit.

cloud-cost-allocation 2.4.0 cannot be imported before Python 3.14 (an annotation names a class below it); its
file is compiled with postponed annotations, otherwise as published.
"""

from __future__ import annotations
import __future__

import argparse
import configparser
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import random
import sys
import time
from collections.abc import Callable, Sequence
from types import CodeType, ModuleType
from typing import Any, Final, NamedTuple

import duckdb

from allocation.engine.division_sql import one_step_sql

POOLS: Final = 50
LINES: Final = 10
TENANTS: Final = 1000
SIZES: Final = (1000, 50_000, 1_000_000)
UNITS_PER_CENT: Final = 10**8


class Problem(NamedTuple):
    """Bill lines in cents by pool, and (pool, tenant, key) rows."""

    lines: list[list[int]]
    keys: list[tuple[int, int, int]]


def problem(size: int) -> Problem:
    """The same problem for both, from one seed."""
    chance = random.Random(7)  # noqa: S311 - made-up numbers
    lines = [[chance.randint(1, 1_000_000) for _ in range(LINES)] for _ in range(POOLS)]
    each = size // POOLS
    keys = [
        (pool, (number + 7919 * pool) % TENANTS, chance.randint(1, 9999))
        for pool in range(POOLS)
        for number in range(each)
    ]
    return Problem(lines, keys)


class Ours:
    """The keys as a table of DuckDB."""

    def __init__(self, given: Problem) -> None:
        self._connection = duckdb.connect()
        sizes = [sum(lines) * UNITS_PER_CENT for lines in given.lines]
        pools, tenants, keys = (list(column) for column in zip(*given.keys, strict=True))
        self._connection.execute(
            "CREATE TABLE given AS SELECT pool, tenant, CAST(key AS DECIMAL(38, 0)) AS weight, "
            "CAST(list_extract($4, pool + 1) AS DECIMAL(38, 0)) AS size, row_number() OVER () AS key FROM "
            "(SELECT UNNEST($1::INTEGER[]) AS pool, UNNEST($2::INTEGER[]) AS tenant, "
            "UNNEST($3::INTEGER[]) AS key)",
            [pools, tenants, keys, sizes],
        )

    def run(self) -> list[tuple[Any, ...]]:
        """Every key's units as a table, every tenant's total as rows."""
        self._connection.execute(
            f"CREATE OR REPLACE TABLE answer AS {one_step_sql('given', ('pool',), ('tenant', 'key'))}"
        )
        return self._connection.execute("SELECT tenant, SUM(units) FROM answer GROUP BY tenant").fetchall()

    def amounts(self) -> list[int]:
        """Every key's units, in the order they were given."""
        return [
            int(row[0])
            for row in self._connection.execute("SELECT units FROM answer ORDER BY key").fetchall()
        ]


class Theirs:
    """The keys as cost items of cloud-cost-allocation."""

    def __init__(self, given: Problem) -> None:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(
            "[General]\nDateFormat=%Y-%m-%d\nDefaultService=none\nAmounts=cost\nAllocationKeys=key\n"
            "AmountAllocationKeys=cost:key\nNumberOfProviderMeters=0\nNumberOfProductMeters=0\n"
            "NumberOfProductDimensions=0\n[Cycles]\nMaxBreaks=10\n"
        )
        items = _rival("cost_items")
        self._factory = items.CostItemFactory(_rival("config").Config(parser))
        self._given = given
        self._allocator: Any = None
        self._consumers: list[Any] = []
        self._clouds: list[Any] = []

    def prepare(self) -> None:
        """New items: an allocation changes those it is given."""
        self._clouds = [
            self._cloud(pool, cents) for pool, lines in enumerate(self._given.lines) for cents in lines
        ]
        self._consumers = [self._consumer(*key) for key in self._given.keys]
        self._allocator = _rival("cloud_cost_allocator").CloudCostAllocator(self._factory)
        self._allocator.date_str, self._allocator.currency = "2026-10-01", "USD"

    def run(self) -> dict[int, float]:
        """Every key's amount in its item, every tenant's total in a dictionary."""
        if not self._allocator.allocate(self._consumers, self._clouds, ["cost"]):
            raise RuntimeError("cloud-cost-allocation did not allocate")
        totals: dict[int, float] = {}
        for (_, tenant, _), item in zip(self._given.keys, self._consumers, strict=True):
            totals[tenant] = totals.get(tenant, 0.0) + item.amounts[0]
        return totals

    def amounts(self) -> list[float]:
        """Every key's amount."""
        return [float(item.amounts[0]) for item in self._consumers]

    def _cloud(self, pool: int, cents: int) -> Any:
        item = self._factory.create_cloud_cost_item()
        item.initialize(self._factory.config)
        item.date_str, item.service, item.instance, item.currency = (
            "2026-10-01",
            f"pool{pool}",
            f"pool{pool}",
            "USD",
        )
        item.amounts[0] = cents / 100
        return item

    def _consumer(self, pool: int, tenant: int, key: int) -> Any:
        item = self._factory.create_consumer_cost_item()
        item.initialize(self._factory.config)
        item.date_str, item.service, item.instance, item.currency = (
            "2026-10-01",
            f"t{tenant}",
            f"t{tenant}",
            "USD",
        )
        item.provider_service = item.provider_instance = f"pool{pool}"
        item.provider_cost_allocation_type = "Key"
        item.allocation_keys[0] = float(key)
        return item


class _Postponed(importlib.machinery.SourceFileLoader):
    """Compiles a module as published, with annotations that are not evaluated; no bytecode of others."""

    def get_code(self, fullname: str) -> CodeType:
        """The code of the source."""
        path = self.get_filename(fullname)
        flags = __future__.annotations.compiler_flag
        code: CodeType = compile(self.get_data(path), path, "exec", flags=flags, dont_inherit=True)
        return code


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec and spec.origin and fullname.startswith("cloud_cost_allocation."):
            spec.loader = _Postponed(fullname, spec.origin)
        return spec


def _rival(module: str) -> Any:
    return importlib.import_module(f"cloud_cost_allocation.{module}")


def agree(ours: Ours, theirs: Theirs, given: Problem) -> None:
    """Compare the answers.

    Raises:
        RuntimeError: When a key differs by more than a ten-millionth, or our sum is not the bill's.
    """
    amounts = ours.amounts()
    if sum(amounts) != sum(map(sum, given.lines)) * UNITS_PER_CENT:
        raise RuntimeError("our amounts do not add up to the bill")
    worst = max(abs(units / 10**10 - amount) for units, amount in zip(amounts, theirs.amounts(), strict=True))
    if worst > 1e-7:
        raise RuntimeError(f"a key differs by {worst}")


def timed(work: Callable[[], object]) -> float:
    """Seconds of one run, the collector off."""
    gc.collect()
    gc.disable()
    begun = time.perf_counter()
    work()
    taken = time.perf_counter() - begun
    gc.enable()
    return taken


def compare(size: int, repeats: int) -> tuple[float, float]:
    """The best of *repeats* of each, taken in turns."""
    given = problem(size)
    ours, theirs = Ours(given), Theirs(given)
    best = [float("inf"), float("inf")]
    for turn in range(repeats):
        theirs.prepare()
        best[1] = min(best[1], timed(theirs.run))
        best[0] = min(best[0], timed(ours.run))
        if not turn:
            agree(ours, theirs, given)
    return best[0], best[1]


def main() -> int:
    """Print the figures; exit code 1 when answers differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    options = parser.parse_args()
    sys.meta_path.insert(0, _Finder())
    empty = compare(POOLS, 15)[0]
    print(f"fixed cost, {POOLS} keys: {empty * 1e3:.1f} ms")  # noqa: T201 - a script prints
    for size in options.sizes:
        repeats = max(3, min(15, 1_500_000 // size))
        ours, theirs = compare(size, repeats)
        print(  # noqa: T201 - a script prints
            f"{size:>9,} keys: ours {ours * 1e3:8.1f} ms ({ours * 1e6 / size:.2f} us a key), "
            f"cloud-cost-allocation {theirs * 1e3:9.1f} ms ({theirs * 1e6 / size:.2f}), "
            f"ratio {theirs / ours:.1f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
