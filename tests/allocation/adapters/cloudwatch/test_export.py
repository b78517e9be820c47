"""What the AWS CLI wrote of CloudWatch's metrics is read as it is, or refused with a sentence."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from allocation.adapters.cloudwatch.export import read_metrics
from allocation.adapters.cloudwatch.queries import MOST_QUERIES, label_of, metric_queries
from allocation.charges import ChargePeriod
from allocation.review.metric_levels import Metric
from tests.allocation.metrics import HOUR, of_server, result
from tests.portfolios import local_plan
from tiers.errors import CatalogError
from tiers.facts.data import CacheGroup, DatabaseInstance
from tiers.inventory import Inventory

NOVEMBER = ChargePeriod.month("2026-11")


def written(folder: Path, *results: dict[str, Any], name: str = "metrics.json", **more: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps({"MetricDataResults": results, "Messages": [], **more}), encoding="utf-8")
    return path


def test_a_month_of_a_server(tmp_path: Path) -> None:
    values = [float(each) for each in range(1, 101)]
    file = written(tmp_path, result("acme/server", Metric.CPU, values))
    (key,), (level,) = zip(*read_metrics([file], NOVEMBER).items(), strict=True)
    assert key == ("acme/server", "-", Metric.CPU)
    assert (level.p95, level.average, level.most, level.least) == (95, Decimal("50.5"), 100, 1)
    assert level.total == 5050
    assert round(level.measured_percent, 2) == Decimal("13.89")  # 100 of 720 hours


def test_pages_that_the_cli_joined_are_one_metric(tmp_path: Path) -> None:
    whole = result("acme/server", Metric.CPU, [1, 2, 3, 4])
    first, second = (
        {
            **whole,
            "Timestamps": whole["Timestamps"][part],
            "Values": whole["Values"][part],
            "StatusCode": state,
        }
        for part, state in ((slice(2, 4), "PartialData"), (slice(0, 2), "Complete"))
    )
    (level,) = read_metrics([written(tmp_path, first, second)], NOVEMBER).values()
    assert list(map(int, level.values)) == [1, 2, 3, 4]
    with pytest.raises(CatalogError, match="is not complete; export it again without --no-paginate"):
        read_metrics([written(tmp_path, second, first)], NOVEMBER)


def test_another_month_is_left_out_and_two_files_add_up(tmp_path: Path) -> None:
    file = written(tmp_path, result("acme/server", Metric.CPU, [1] * 721))
    same = written(tmp_path, result("acme/server", Metric.CPU, [1] * 3), name="again.json")
    (level,) = read_metrics([file, same], NOVEMBER).values()
    assert (len(level.values), int(level.measured_percent)) == (720, 100)
    assert read_metrics([file], ChargePeriod.month("2026-10")) == {}


CPU = result("acme/server", Metric.CPU, [1, 2])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Label": "CPUUtilization"}, "result 1: its label is 'CPUUtilization'; expected the JSON of `aws"),
        ({"Label": "acme/server - CPUUtilization Maximum 300"}, "its label is 'acme/server - CPU"),
        ({"Label": "acme/server - CPUUtilization Average 0"}, "its label is"),
        ({"StatusCode": "Forbidden"}, "result 1: acme/server - CPUUtilization Average 3600: its status is F"),
        ({"StatusCode": "InternalError"}, "its status is InternalError, expected Complete"),
        ({"Values": [1]}, "result 1: expected as many Timestamps as Values, in two lists"),
        ({"Values": [1, -2]}, "result 1: a value is -2, expected a number from 0"),
        ({"Values": [1, "2"]}, "result 1: a value is 2, expected a number from 0"),
        ({"Values": [1, True]}, "result 1: a value is True"),
        ({"Timestamps": [CPU["Timestamps"][0], "2026-11-01T01:00:00"]}, "is no moment with a time zone, s"),
        ({"Timestamps": [CPU["Timestamps"][0], "2026-11-01T01:00:01Z"]}, "begins no period of 3600 seconds"),
        ({"Timestamps": [CPU["Timestamps"][0]] * 2}, "has two values at 2026-11-01T00:00Z"),
    ],
)  # fmt: skip
def test_what_is_no_export_is_refused(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as refused:
        read_metrics([written(tmp_path, {**CPU, **changes})], NOVEMBER)
    (problem,) = refused.value.problems
    assert problem.startswith(str(tmp_path / "metrics.json"))
    assert said in problem


def test_an_answer_that_goes_on_other_files_and_other_periods_are_refused(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")
    (tmp_path / "nan.json").write_text(
        json.dumps({"MetricDataResults": [{**CPU, "Values": [1, float("nan")]}]})
    )
    files = [
        written(tmp_path, CPU, NextToken="more"),
        *(tmp_path / each for each in ("list.json", "nan.json")),
    ]
    with pytest.raises(CatalogError) as refused:
        read_metrics(files, NOVEMBER)
    told = dict(zip(("more", "list", "nan"), refused.value.problems, strict=True))
    assert "has a NextToken, so the answer goes on" in told["more"]
    assert "has no list MetricDataResults" in told["list"]
    assert "expected a number from 0" in told["nan"]
    finer = result("acme/server", Metric.CPU, [1], seconds=300)
    with pytest.raises(CatalogError, match="has points of 300 seconds, and others have 3600; export one"):
        read_metrics([written(tmp_path, CPU, finer)], NOVEMBER)


def inventory() -> Inventory:
    plan = local_plan()
    arns = {
        fact.id: f"arn:aws:any:us-east-1:123456789012:kind:n-{fact.id}"
        for fact in plan.all_facts()
        if isinstance(fact, DatabaseInstance | CacheGroup)
    }
    return Inventory(plan=plan, cloud_ids=arns)


def test_every_server_and_node_is_asked_about_in_the_words_of_the_api() -> None:
    (queries,) = metric_queries(inventory())
    shape = botocore.session.get_session().get_service_model("cloudwatch").operation_model("GetMetricData")
    assert shape.input_shape is not None
    asked = {"MetricDataQueries": list(queries), "StartTime": NOVEMBER.start, "EndTime": NOVEMBER.end}
    assert not ParamValidator().validate(asked, shape.input_shape).has_errors()
    labels = {each["Label"] for each in queries}
    assert len(labels) == len(queries) == len({each["Id"] for each in queries})
    assert label_of("platform/database", "-", Metric.FREE_MEMORY) in labels
    assert label_of("platform/cache", "002", Metric.EVICTIONS) in labels
    (cache,) = (each for each in queries if each["Label"] == label_of("platform/cache", "002", Metric.CPU))
    assert cache["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "CacheClusterId", "Value": "n-platform/cache-002"}
    ]


def test_a_call_has_no_more_queries_than_it_may() -> None:
    one = inventory()
    (server,) = (each for each in one.plan.platform if isinstance(each, DatabaseInstance))
    many = [server.model_copy(update={"id": f"platform/database-{n}"}) for n in range(200)]
    wide = one.plan.model_copy(update={"platform": (*one.plan.platform, *many)})
    ids = {**one.cloud_ids, **{each.id: f"arn:aws:rds:us-east-1:1:db:{each.id}" for each in many}}
    calls = metric_queries(Inventory(plan=wide, cloud_ids=ids))
    assert len(calls[0]) == MOST_QUERIES
    assert sum(map(len, calls)) == len({each["Label"] for call in calls for each in call})


def test_what_is_asked_for_is_what_is_read(tmp_path: Path) -> None:
    """Labels lead from the queries to the levels, at the period that they ask for."""
    (queries,) = metric_queries(inventory())
    answered = [
        {**CPU, "Label": each["Label"], "StatusCode": "Complete", "Timestamps": [], "Values": []}
        for each in queries
    ]
    for each in answered:
        each["Timestamps"], each["Values"] = ["2026-11-05T10:05:00Z"], [1]
    found = read_metrics([written(tmp_path, *answered)], NOVEMBER)
    assert len(found) == len(queries)
    assert {level.measured_seconds for level in found.values()} == {300}
    assert of_server("x", 1, 1, 1)[0]["Label"].endswith(f"Average {HOUR}")
