from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from allocation.billed.readiness import Evidence, Gate, gates
from allocation.charges import ChargePeriod, CostBasis
from allocation.engine.allocate import allocate
from allocation.engine.attribution import Known
from allocation.engine.drivers import Driver
from allocation.statement.heading import Heading
from allocation.statement.statement import Term, statement_of
from tests.allocation.rulebooks import POOL, RULE, rulebook
from tests.allocation.small import Line, Usage, loaded, present, tagged
from tiers.vocabulary import Environment

NOVEMBER = ChargePeriod.month("2026-11")
MEASURED = {Driver.CPU_REQUESTS: "measured"}
GOOD = Evidence(
    sources=MEASURED,
    rows=1,
    charged=1,
    unknown=0,
    read=100,
    refused=0,
    moved=Decimal(0),
    catalog=date(2026, 11, 1),
)


def found(
    lines: list[Line], usage: list[Usage], evidence: Evidence = GOOD, bare: Sequence[str] = (), **limits: Any
) -> dict[str, Gate]:
    direct = {"rule": "direct", "direct": True, "when": {"owner": "tenant"}}
    shared = RULE | {"when": {"services": ["Amazon Elastic Compute Cloud"]}}
    rules = rulebook(POOL, rules=[direct, shared], readiness=limits, untaggable_services=bare)
    with loaded(lines, usage) as connection:
        answer = allocate(connection, Known(frozenset({"acme"})), present("acme"), rules)
        heading = Heading("local", NOVEMBER, "USD", CostBasis.BILLED, {})
        term = Term("acme", "acme-ltd", Environment.PRODUCTION, "shared-namespace", 0)
        statement = statement_of(heading, [term], answer, rules.pools)
        return {gate.gate.split(" (")[0]: gate for gate in gates(connection, statement, rules, evidence)}


FULL = [Usage("acme", "cpu-requests", 1, (day, day + 1)) for day in range(1, 31)]
LINES = [Line(60, values=tagged("acme")), Line(40)]


def test_all_gates_can_pass() -> None:
    every = found([Line(100, values=tagged("acme"))], FULL)
    assert all(gate.passed for gate in every.values())
    assert len(every) == 6


@pytest.mark.parametrize(("limit", "passes"), [("60", True), ("60.0001", False)])
def test_tag_coverage_is_of_cost(limit: str, *, passes: bool) -> None:
    gate = found(LINES, FULL, tag_coverage_percent=limit)["tag coverage"]
    assert (gate.found, gate.passed) == ("60.0000", passes)


def test_what_cannot_have_tags_counts_in_no_tag_coverage() -> None:
    watched = {"service": "Amazon GuardDuty"}
    lines = [*LINES, Line(900, values=watched), Line(40, values=tagged("acme") | watched)]
    assert found(lines, FULL)["tag coverage"].found == "9.6154"
    gates_found = found(lines, FULL, bare=["Amazon GuardDuty"])
    assert gates_found["tag coverage"].found == "71.4286"
    assert gates_found["unallocated"].found == found(lines, FULL)["unallocated"].found


def test_a_credit_does_not_hide_what_is_untagged() -> None:
    gate = found([Line(50, values=tagged("acme")), Line(-50)], FULL)["tag coverage"]
    assert gate.found == "50.0000"


@pytest.mark.parametrize(("how", "covered"), [("measured", "100.0000"), ("declared", "0.0000")])
def test_driver_coverage_is_of_pooled_cost(how: str, covered: str) -> None:
    evidence = GOOD._replace(sources={Driver.CPU_REQUESTS: how})
    assert found(LINES, FULL, evidence)["driver coverage"].found == covered


def test_days_without_use_are_counted() -> None:
    gate = found(LINES, FULL[:-2])["driver freshness"]
    assert (gate.found, gate.passed) == ("2", False)


def test_what_is_unallocated_is_reported_in_percent() -> None:
    gate = found([*LINES, Line(100, values={"service": "Amazon Braket"})], FULL)["unallocated"]
    assert (gate.found, gate.passed) == ("50.0000", False)


def test_refused_and_moved_cost_are_the_reconciliation_error() -> None:
    evidence = GOOD._replace(refused=10, moved=Decimal("-0.000000001"))
    gate = found([Line(100, values=tagged("acme"))], FULL, evidence)["reconciliation error"]
    assert (gate.found, gate.passed) == ("20.0000", False)


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rows": 0, "charged": 0, "read": 0}, "no rows"),
        ({"rows": 3, "charged": 0, "read": 0}, "nothing charged of 3 rows"),
        ({"unknown": 2}, "unknown: refused rows without a known amount: 2"),
    ],
)
def test_what_cannot_be_reconciled_fails(changes: dict[str, int], said: str) -> None:
    gate = found(LINES, FULL, GOOD._replace(**changes))["reconciliation error"]  # type: ignore[arg-type]
    assert (gate.found, gate.passed) == (said, False)


@pytest.mark.sample(2)
@pytest.mark.parametrize("gate", ["tag coverage", "driver coverage", "unallocated"])
@pytest.mark.parametrize("charged", [0, 1])
def test_nothing_to_cover_passes_only_where_something_was_charged(gate: str, charged: int) -> None:
    lines = [Line(0, values=tagged("acme"))] if charged else []
    every = found(lines, FULL, GOOD._replace(charged=charged, read=0))
    assert (every[gate].found[:7], every[gate].passed) == ("nothing", bool(charged))


def test_what_is_unallocated_does_not_cancel() -> None:
    braket = {"service": "Amazon Braket"}
    gate = found([Line(60), Line(20, values=braket), Line(-20, values=braket)], FULL)["unallocated"]
    assert (gate.found, gate.passed) == ("40.0000", False)


def test_charges_of_a_pool_without_usage_do_not_cancel() -> None:
    lines = [Line(60, values=tagged("acme")), Line(20), Line(-20)]
    gate = found(lines, [Usage("acme", "cpu-used", 1)])["unallocated"]
    assert (gate.found, gate.passed) == ("40.0000", False)


def test_pooled_cost_of_two_days_does_not_cancel() -> None:
    lines = [Line(60, (1, 2)), Line(-60, (2, 3))]
    gate = found(lines, FULL, GOOD._replace(sources={Driver.CPU_REQUESTS: "declared"}))["driver coverage"]
    assert gate.found == "0.0000"


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("day", "age", "passes"),
    [(date(2026, 8, 3), "120", True), (date(2026, 8, 2), "121", False), (None, "unknown", False)],
)
def test_an_old_catalog_is_reported(day: date | None, age: str, *, passes: bool) -> None:
    gate = found(LINES, FULL, GOOD._replace(catalog=day))["catalog age"]
    assert (gate.found, gate.passed) == (age, passes)
