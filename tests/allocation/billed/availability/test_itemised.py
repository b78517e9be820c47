"""A line that pays for a second zone is two charges, which are the line to the unit, whoever pays it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from allocation.adapters.focus.run import FocusVersion
from allocation.adapters.folders.run import opened_run
from allocation.billed.availability.itemised import itemise
from allocation.engine.attribution import CATEGORY_TAG
from allocation.engine.rulebook import DIRECTORY, rules_on
from allocation.engine.tables import COSTS
from allocation.prices.price_book import PriceBook, load_price_book
from tests.allocation.billed.availability.test_parts import NODE, SERVER, STORAGE
from tests.allocation.bills import day, month_of, row, whole
from tests.allocation.small import Line, allocated, loaded, present, tagged
from tiers.vocabulary import CostCategory

PRICES = load_price_book("USD")
RDS = {"service": "Amazon Relational Database Service", "service_category": "Databases"}
MONTH = "2026-12"


def server(units: int, **more: Any) -> Line:
    return Line(units, values={**RDS, "description": SERVER, "quantity": "24", "unit": "Hours", **more})


@trying(max_examples=40)
@given(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=6))
def test_both_parts_are_the_line_to_the_unit(amounts: list[int]) -> None:
    with loaded([server(units, listed=3 * units) for units in amounts], []) as connection:
        found = itemise(connection, lambda: PRICES, {})
        assert (found.lines, found.unsplit) == (len(amounts), ())
        for cost in COSTS:
            rows = connection.execute(
                f"""SELECT replace(line_id, '/availability', ''), SUM({cost}), MIN({cost})
                FROM charge GROUP BY 1 ORDER BY 1"""  # noqa: S608 - a column of ours
            ).fetchall()
            times = 3 if cost == "listed" else 1
            assert [int(whole) for _, whole, _ in rows] == [times * units for units in amounts]
        parts = connection.execute(
            """SELECT effective, quantity, json_extract_string(tags, ?)
            FROM charge WHERE line_id LIKE '%/availability'""",
            [f'$."{CATEGORY_TAG}"'],
        ).fetchall()
        assert all((quantity, tag) == (None, "resilience") for _, quantity, tag in parts)
        for units, (availability, *_) in zip(amounts, parts, strict=True):
            assert abs(2 * availability - units) <= 1  # 0.478 is twice 0.239


def test_what_says_its_category_or_comes_from_a_run_is_left_alone() -> None:
    lines = [
        server(100, tags=json.dumps({CATEGORY_TAG: "compute"})),
        server(100, allocated='{"to": "acme"}'),
        server(100, charge_category="Credit"),
    ]
    with loaded(lines, []) as connection:
        assert itemise(connection, lambda: PRICES, {}).lines == 0
        assert connection.execute("SELECT COUNT(*) FROM charge").fetchall() == [(3,)]


def test_prices_are_not_read_where_nothing_is_looked_at() -> None:
    def prices() -> PriceBook:
        raise AssertionError

    with loaded([Line(100)], []) as connection:
        assert itemise(connection, prices, {}).sentence() == ""


def test_a_price_that_is_unknown_is_said() -> None:
    with loaded([server(100), server(50, description=STORAGE)], []) as connection:
        found = itemise(connection, lambda: PriceBook([], "USD"), {})
        assert found.lines == 0
        assert found.sentence() == (
            "not divided into a single zone's cost and availability: the price book has no 'RDS PostgreSQL "
            "db.r7g.large Single-AZ' in us-east-1; the price book has no 'RDS PostgreSQL gp3 storage "
            "Single-AZ' in us-east-1; `costack prices update --region REGION` fetches prices"
        )


def test_a_node_of_a_cache_is_known_by_its_groups_name() -> None:
    nodes = [
        Line(
            101,
            values={
                "description": NODE,
                "resource_id": f"arn:aws:elasticache:us-east-1:1:cluster:odoo-local-{n}",
            },
        )
        for n in ("001", "002")
    ]
    with loaded(nodes, []) as connection:
        assert itemise(connection, lambda: PRICES, {"odoo-local": 2}).lines == 2
        units = connection.execute("SELECT effective FROM charge ORDER BY charge").fetchall()
        assert units == [(50,), (50,), (51,), (51,)]


def rows(count: int = 1) -> list[dict[str, str]]:
    """A server of acme, its storage, and the shared server, each day of the month again."""
    shared = {
        "ServiceName": RDS["service"],
        "ServiceCategory": RDS["service_category"],
        "RegionId": "us-east-1",
    }
    return [
        row(
            f"{cost}.0000000001",
            day(MONTH, 1 + number % 28),
            whole(MONTH),
            ChargeDescription=text,
            **shared,
            **whose,
        )
        for number in range(count)
        for cost, text, whose in (
            ("11", SERVER, {"tenant": "acme"}),
            ("23", STORAGE, {"tenant": "acme"}),
            ("7", SERVER, {}),
        )
    ]


@pytest.mark.parametrize(
    "count",
    [
        1,
        pytest.param(
            3500, marks=pytest.mark.whole("a bill of more than ten thousand rows has kinds of charges")
        ),
    ],
)
def test_a_bill_says_it_of_every_tenant_and_a_run_is_read_back(tmp_path: Path, count: int) -> None:
    rules = json.loads(json.dumps(_rules()))
    out = tmp_path / "run"
    outcome = month_of(
        tmp_path,
        MONTH,
        rows(count),
        {"acme": 3, "borealis": 1},
        rules=rules,
        out=out,
        focus=(FocusVersion.V1_2,),
        focus_csv=True,
    )
    statement = outcome.statement
    acme, borealis = statement.tenants
    assert statement.difference == 0
    assert statement.charged == count * (11 + 23 + 7) * 10**10 + 3 * count
    # Half of 34, and of three quarters of the 7 of the shared server.
    assert round(acme.by_category[CostCategory.RESILIENCE] / 10**10, 4) == count * (17 + 2.625)
    assert round(borealis.by_category[CostCategory.RESILIENCE] / 10**10, 4) == count * 0.875
    assert outcome.manifest["availability"] == {"lines": 3 * count, "whole": []}
    with opened_run(out) as connection:
        (again,) = connection.execute(
            "SELECT CAST(SUM(effective) AS BIGINT) FROM charged WHERE category = 'resilience'"
        ).fetchall()
        assert again == (sum(line.by_category[CostCategory.RESILIENCE] for line in statement.tenants),)


def _rules() -> dict[str, Any]:
    text = (DIRECTORY / "2026-12.yaml").read_text(encoding="utf-8")
    rules: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(text), default=str))
    postgresql = next(pool for pool in rules["pools"] if pool["pool"] == "postgresql")
    postgresql["driver"] = {"measure": "cpu-requests"}
    return rules


def test_only_the_rules_of_december_divide_lines() -> None:
    assert [rules_on(date(2026, month, 30)).availability for month in (11, 12)] == ["whole", "itemised"]
    found = allocated([server(100, **tagged("acme"))], [], present("acme"), rules_on(date(2026, 11, 30)))
    assert {str(cell.category) for cell in found.cells} == {"compute"}
