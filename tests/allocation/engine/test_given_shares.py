from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from allocation.engine.allocate import Allocation, allocate
from allocation.engine.attribution import Known
from allocation.errors import AllocationError
from tests.allocation.engine.test_allocated import RULES, written
from tests.allocation.small import Line, Usage, loaded, paid, present, total

TENANTS = present("acme", "bolt")
USAGE = [Usage("acme", "cpu-requests", 1), Usage("bolt", "cpu-requests", 1), Usage("acme", "users", 1)]


def share(units: int, tenant: str | None, **changes: Any) -> Line:
    """A share of the shared charge origin-7 of run r1, 100 units; nobody would divide it like this today."""
    said = {"part": "use", "pool": "nodes", "via": "nodes", "rule": "gone", "tenant": tenant}
    split = {"origin": "origin-7", "cost": "0.0000000100", "charges": "3", "weight": f"{units}.000000000"}
    split["details"] = json.dumps({"Elements": [{"AllocatedRatio": units / 100}]})
    for key in set(changes) & {"origin", "cost", "charges", "weight"}:
        split[key] = changes.pop(key)
    values = {"allocated": written(**(said | changes)), "split": json.dumps(split)}
    return Line(units, days=(3, 4), values=values)


WHOLE = [
    share(90, "acme"),
    share(3, "bolt"),
    share(2, "bolt", via="platform"),
    share(4, None, part="idle"),
    share(1, None, part="unallocated", via="platform"),
]


def run(lines: list[Line], carried: Any = None) -> tuple[Allocation, duckdb.DuckDBPyConnection]:
    connection = loaded(lines, USAGE)
    known = Known(frozenset({"acme", "bolt"}))
    return allocate(connection, known, TENANTS, RULES, carried or {}), connection


def test_shares_stay_what_they_are() -> None:
    """Usage would divide by halves, and the remainders carried would move units."""
    carried = {("nodes", "use", "acme"): -5 * 10**9, ("nodes", "use", "bolt"): 5 * 10**9}
    result, _ = run(WHOLE, carried)
    assert paid(result) == {
        ("acme", "nodes"): 90,
        ("bolt", "nodes"): 3,
        ("bolt", "platform"): 2,
        (None, "nodes idle"): 4,
    }
    assert [(item.reason, item.units, item.charges, item.example) for item in result.unallocated] == [
        ("no-driver: pool platform: no member has any users", 1, 3, "origin 1")
    ]
    assert total(result) == result.charged == 100
    assert {(cell.pool, cell.domain, cell.behaviour) for cell in result.cells} == {
        ("nodes", "tenant-runtime", "variable"),
        ("platform", "shared-platform", "variable"),
    }
    assert result.residuals == carried


def test_their_shared_charge_is_put_together_again() -> None:
    _, connection = run(WHOLE)
    origin = connection.execute("SELECT origin, pool, rule, charges, billed, listed FROM origin").fetchall()
    assert origin == [(1, "nodes", "gone", 3, 100, 100)]
    shares = connection.execute(
        "SELECT via, part, tenant, weight, total_weight, ratio FROM share ORDER BY ALL"
    ).fetchall()
    assert len(shares) == 5
    assert ("nodes", "use", "acme", 90 * 10**9, 93 * 10**9, 900_000_000_000) in shares
    assert sum(ratio for *_, ratio in shares) == 10**12


def test_other_charges_are_divided_beside_them() -> None:
    result, connection = run([*WHOLE, Line(10, days=(3, 4)), share(100, "acme", origin="origin-12")])
    assert paid(result)["acme", "nodes"] == 90 + 5 + 100
    assert paid(result)["bolt", "nodes"] == 3 + 5
    numbers = connection.execute("SELECT origin, billed FROM origin ORDER BY origin").fetchall()
    assert numbers == [(1, 10), (2, 100), (3, 100)]  # ours first; origin-7 before origin-12
    assert {use.consumer: use.quantity for use in result.usage if use.pool == "nodes"}.keys() == {
        "acme",
        "bolt",
    }


def test_their_days_have_usage_like_any_other() -> None:
    result, _ = run(WHOLE)
    assert {use.pool for use in result.usage} == {"nodes", "platform"}


def test_the_number_of_charges_is_read_from_the_description_of_version_0_1() -> None:
    lines = [share(100, "acme", charges=None)]
    lines[0] = lines[0]._replace(
        values={**lines[0].values, "description": "12 charges of Amazon EC2 through pool nodes"}
    )
    _, connection = run(lines)
    assert connection.execute("SELECT charges FROM origin").fetchall() == [(12,)]


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([*WHOLE, WHOLE[0]], "shared charge origin-7 has two shares 'use' of acme through pool 'nodes'"),
        ([*WHOLE, WHOLE[3]], "two shares 'idle' of nobody"),
        (WHOLE[1:], "of shared charge origin-7 of run r1 to add up to 0.00000001, found 0.000000001"),
        ([share(100, "acme", cost=None)], "to add up to one x_SplitOriginCost, found 0.00000001"),
    ],
)
def test_shares_that_are_not_those_of_one_run_are_refused(lines: list[Line], message: str) -> None:
    with pytest.raises(AllocationError, match=message):
        run(lines)


def test_a_row_that_cannot_be_taken_is_named() -> None:
    with pytest.raises(
        AllocationError, match=r"bill\.csv, row 2: expected a tenant .* found 'ghost'; .*run r1"
    ):
        run([WHOLE[0], share(3, "ghost")])
