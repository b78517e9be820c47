from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from allocation.estimate.assumptions import KnownBy
from allocation.preview.comparison import compared
from allocation.preview.cost_estimate import cost_estimate
from allocation.preview.preview import Preview
from allocation.report.preview.document import document
from allocation.report.preview.infracost import as_infracost
from tests.allocation.previews import conditions, preview_of
from tests.allocation.report.preview.infracost_schema import SCHEMA
from tests.allocation.report.preview.shown import moved, nothing
from tests.portfolios import plan_of, tenant

SIDES = {"pastBreakdown": "pastTotal", "breakdown": "total", "diff": "diffTotal"}


def read(preview: Preview) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(as_infracost(preview)))
    return found


def components(breakdown: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in breakdown["resources"]:
        for component in resource["costComponents"]:
            yield resource["name"], component


def total(found: list[dict[str, Any]], name: str) -> Decimal:
    return sum((Decimal(each[name]) for each in found if each[name] is not None), Decimal(0))


@pytest.mark.parametrize("preview", [*range(6), 7], indirect=True)
def test_it_is_what_infracosts_readers_expect(preview: Preview) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(read(preview), SCHEMA)


@pytest.mark.parametrize("preview", [*range(6), 7], indirect=True)
def test_every_sum_is_the_sum_of_what_is_listed(preview: Preview) -> None:
    whole = read(preview)
    (project,) = whole["projects"]
    for name, prefix in SIDES.items():
        breakdown = project[name]
        listed = [component for _, component in components(breakdown)]
        usage = [each for each in listed if each["usageBased"]]
        assert Decimal(breakdown["totalMonthlyCost"]) == total(listed, "monthlyCost")
        assert Decimal(breakdown["totalHourlyCost"]) == total(listed, "hourlyCost")
        assert Decimal(breakdown["totalMonthlyUsageCost"]) == total(usage, "monthlyCost")
        for what in ("HourlyCost", "MonthlyCost", "MonthlyUsageCost"):
            assert whole[f"{prefix}{what}"] == breakdown[f"total{what}"]
        for resource in breakdown["resources"]:
            assert Decimal(resource["monthlyCost"]) == total(resource["costComponents"], "monthlyCost")
            assert Decimal(resource["hourlyCost"]) == total(resource["costComponents"], "hourlyCost")
    exact = document(preview)["bill"]
    reported = [whole[f"{prefix}MonthlyCost"] for prefix in SIDES.values()]
    assert reported == [exact["before"], exact["after"], exact["difference"]]


@pytest.mark.parametrize("preview", range(6), indirect=True)
def test_a_difference_is_after_less_before(preview: Preview) -> None:
    (project,) = read(preview)["projects"]
    sides = [
        {(fact, each["name"].partition(" (")[0]): each for fact, each in components(project[name])}
        for name in SIDES
        if name != "diff"
    ]
    for fact, each in components(project["diff"]):
        before, after = (side.get((fact, each["name"].partition(" (")[0])) for side in sides)
        for number in ("monthlyQuantity", "monthlyCost", "hourlyCost", "price"):
            if each[number] is not None:
                ends = [Decimal(side[number] or 0) if side else Decimal(0) for side in (before, after)]
                assert Decimal(each[number]) == ends[1] - ends[0]
    listed = {line["line"] for line in document(preview)["lines"]}
    shown = {f"{fact}#{each['name'].partition(' (')[0]}" for fact, each in components(project["diff"])}
    assert {name for name in shown if not name.endswith("#unpriced")} <= listed


def test_a_resource_is_a_fact_with_its_cost_tags() -> None:
    (project,) = read(moved())["projects"]
    resources = {each["name"]: each for each in project["breakdown"]["resources"]}
    server = resources["cobalt/server"]
    assert server["resourceType"] == "costack:database-instance"
    assert server["tags"]["cost/tenant"] == "cobalt"
    assert server["tags"]["cost/service-tier"] == "ha-postgresql"
    assert "cost/tenant" not in resources["platform/database"]["tags"]
    assert server["metadata"]["region"] == "us-east-1"
    instance, second = server["costComponents"][:2]
    assert second["name"] == "second-instance (RDS PostgreSQL db.r7g.large Multi-AZ)"
    assert (second["hourlyQuantity"], second["hourlyCost"]) == ("1.0000000000", "0.239")
    assert (instance["name"], instance["unit"], instance["monthlyQuantity"]) == (
        "instance (RDS PostgreSQL db.r7g.large Single-AZ)",
        "hour",
        "730",
    )
    assert (instance["hourlyQuantity"], instance["hourlyCost"], instance["usageBased"]) == (
        "1.0000000000",
        "0.239",
        False,
    )


def test_what_has_no_price_is_said_and_counts_for_nothing() -> None:
    (project,) = read(moved())["projects"]
    unpriced = [(fact, each) for fact, each in components(project["breakdown"]) if each["priceNotFound"]]
    assert [fact for fact, _ in unpriced] == [each["fact"] for each in document(moved())["unpriced"]["after"]]
    assert {(each["price"], each["monthlyCost"]) for _, each in unpriced} == {(None, None)}
    assert all(Decimal(each["monthlyQuantity"]) > 0 for _, each in unpriced)


def test_only_what_differs_is_in_the_difference() -> None:
    (project,) = read(nothing())["projects"]
    assert project["diff"]["resources"] == []
    facts = {fact for fact, _ in components(read(moved())["projects"][0]["diff"])}
    assert {fact.partition("/")[0] for fact in facts} == {"cobalt", "platform"}


def test_a_line_that_is_only_known_better_does_not_differ() -> None:
    before = cost_estimate(plan_of(tenant()), conditions())
    charges = tuple(replace(each, known_by=KnownBy.MEASURED) for each in before.priced.charges)
    after = replace(before, priced=before.priced._replace(charges=charges))
    preview = preview_of(compared(before, after))
    assert preview.comparison.lines
    assert read(preview)["projects"][0]["diff"]["resources"] == []


def test_it_is_counted_and_dated_without_a_clock() -> None:
    whole = read(moved())
    assert whole["timeGenerated"] == "2026-11-01T00:00:00Z"
    summary = whole["summary"]
    facts = len(moved().comparison.after.facts)
    assert summary["totalDetectedResources"] == facts
    assert summary["totalSupportedResources"] + summary["totalNoPriceResources"] == facts
    assert sum(summary["supportedResourceCounts"].values()) == summary["totalSupportedResources"]
    assert summary["totalSupportedResources"] == len(whole["projects"][0]["breakdown"]["resources"])
