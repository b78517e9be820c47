from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.bill.ingestion import ingest
from allocation.adapters.usage.export import write_usage
from allocation.adapters.usage.intake import read_usage
from allocation.adapters.usage.rows import UsageError
from allocation.adapters.usage.split_cost.usage import split_usage
from allocation.charges import ChargePeriod
from allocation.engine.drivers import Driver

OCTOBER = ChargePeriod.month("2026-10")
POD = "arn:aws:eks:us-east-1:123456789012:pod/main/{}/{}-0/3f1c2a44-0000-4000-8000-000000000001"
Row = dict[str, str]


def row(namespace: str = "odoo-acme", day: int = 1, hour: int = 0, /, **columns: str) -> Row:
    """A row of split cost allocation data in CUR 2.0: of CPU, unless told otherwise."""
    start = datetime(2026, 10, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)
    moments = [f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in (start, start + timedelta(hours=1))]
    usage_type = columns.get("line_item_usage_type", "USE1-EKS-EC2-vCPU-Hours")
    return {
        "identity_line_item_id": f"{namespace}-{usage_type}-{columns.get('resource_tags', '')}",
        "identity_time_interval": "/".join(moments),
        "line_item_line_item_type": "Usage",
        "line_item_usage_start_date": moments[0],
        "line_item_usage_end_date": moments[1],
        "line_item_product_code": "AmazonEKS",
        "line_item_operation": "EKSPod-EC2",
        "line_item_usage_type": usage_type,
        "line_item_resource_id": POD.format(namespace, "web"),
        "line_item_currency_code": "USD",
        "line_item_unblended_cost": "0.0",
        "resource_tags": "",
        "split_line_item_parent_resource_id": "i-0123456789abcdef0",
        "split_line_item_reserved_usage": "0.5",
        "split_line_item_actual_usage": "0.75",
        "split_line_item_split_usage": "0.75",
        "split_line_item_split_cost": "0.0125",
        "split_line_item_unused_cost": "0.003",
        **columns,
    }


def month(namespace: str = "odoo-acme", **columns: str) -> list[Row]:
    """An hour of every day."""
    return [row(namespace, day, **columns) for day in range(1, 32)]


def memory(namespace: str = "odoo-acme", **columns: str) -> list[Row]:
    usage = dict.fromkeys(("reserved", "actual", "split"), "2")
    return month(
        namespace,
        line_item_usage_type="USE1-EKS-EC2-GB-Hours",
        **{f"split_line_item_{name}_usage": value for name, value in usage.items()},
        **columns,
    )


def written(folder: Path, rows: Iterable[Row], name: str = "cur.csv") -> Path:
    path = folder / name
    listed = list(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
    return path


def quantities(
    *files: Path, unlabelled: str | None = None, **namespaces: str | None
) -> dict[tuple[str, str], Decimal]:
    """Tenant and driver -> the month's quantity."""
    places = {name.replace("_", "-"): tenant for name, tenant in namespaces.items()}
    found: dict[tuple[str, str], Decimal] = {}
    for each in split_usage([str(file) for file in files], OCTOBER, places, unlabelled).rows:
        key = (each.tenant, each.driver)
        found[key] = found.get(key, Decimal()) + (each.quantity or Decimal())
    return found


def test_requests_usage_and_the_larger_are_three_drivers_of_cpu_and_of_memory(tmp_path: Path) -> None:
    path = written(tmp_path, [*month(), *memory(), *month("kube-system")])
    assert quantities(path, odoo_acme="acme", unlabelled="platform") == {
        ("acme", "cpu-requests"): Decimal("15.5"),
        ("acme", "cpu-used"): Decimal("23.25"),
        ("acme", "cpu-billable"): Decimal("23.25"),
        ("acme", "memory-requests"): 62,
        ("acme", "memory-used"): 62,
        ("acme", "memory-billable"): 62,
        ("platform", "cpu-requests"): Decimal("15.5"),
        ("platform", "cpu-used"): Decimal("23.25"),
        ("platform", "cpu-billable"): Decimal("23.25"),
    }


def test_of_what_aws_delivered_the_newest_is_read_and_the_rest_told(tmp_path: Path) -> None:
    for stamp, hours in (("20261101T000000Z", "9"), ("20261102T000000Z", "2")):
        folder = tmp_path / "report" / "20261001-20261101" / stamp
        folder.mkdir(parents=True)
        written(folder, month(split_line_item_reserved_usage=hours))
        key = (folder / "cur.csv").relative_to(tmp_path).as_posix()
        (folder / "report-Manifest.json").write_text(
            json.dumps(
                {
                    "assemblyId": stamp,
                    "account": "123456789012",
                    "reportName": "report",
                    "bucket": "bills",
                    "reportKeys": [key],
                    "billingPeriod": {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"},
                }
            ),
            encoding="utf-8",
        )
    found = split_usage([str(tmp_path)], OCTOBER, {"odoo-acme": "acme"}, None)
    requests = [each.quantity for each in found.rows if each.driver == "cpu-requests"]
    assert requests == [Decimal(2)] * 31
    assert len(found.notes) == 1
    assert found.notes[0].startswith("left out ")


def test_a_folder_without_reports_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a bill for 2026-10, found none"):
        split_usage([str(tmp_path)], OCTOBER, {}, None)


@pytest.mark.sample(3)
@pytest.mark.parametrize("value", ["acme", " Acme "])
@pytest.mark.parametrize("key", ["user:cost/tenant", "user_cost_tenant", "cost/tenant", "User:Cost-Tenant"])
def test_the_pods_label_names_the_tenant_in_a_shared_namespace(tmp_path: Path, key: str, value: str) -> None:
    rows = [
        *month(
            "odoo-production", resource_tags=f'{{"{key}": "{value}", "aws:eks:namespace": "odoo-production"}}'
        ),
        *month("odoo-production", resource_tags=f'{{"{key}": "bolt"}}'),
    ]
    assert quantities(written(tmp_path, rows), odoo_production=None).keys() == {
        (tenant, f"cpu-{what}") for tenant in ("acme", "bolt") for what in ("requests", "used", "billable")
    }


def test_the_legacy_report_says_the_same(tmp_path: Path) -> None:
    words = {"line_item": "lineItem", "split_line_item": "splitLineItem", "identity": "identity"}

    def legacy(name: str) -> str:
        for prefix, title in sorted(words.items(), key=lambda each: -len(each[0])):
            if name.startswith(f"{prefix}_"):
                return f"{title}/{name.removeprefix(f'{prefix}_').title().replace('_', '')}"
        return "resourceTags/user:cost/tenant"

    rows = [{legacy(name): value for name, value in each.items()} for each in month()]
    for each in rows:
        each["resourceTags/user:cost/tenant"] = "acme"
    assert quantities(written(tmp_path, rows)) == {
        ("acme", "cpu-requests"): Decimal("15.5"),
        ("acme", "cpu-used"): Decimal("23.25"),
        ("acme", "cpu-billable"): Decimal("23.25"),
    }


def test_parquet_with_a_map_of_tags_says_the_same(tmp_path: Path) -> None:
    text, path = written(tmp_path, month()), tmp_path / "cur.parquet"
    duckdb.execute(
        f"""COPY (SELECT * REPLACE (MAP {{'user_cost_tenant': 'acme'}} AS resource_tags,
        line_item_usage_start_date::TIMESTAMP AS line_item_usage_start_date,
        line_item_usage_end_date::TIMESTAMP AS line_item_usage_end_date,
        split_line_item_split_usage::DOUBLE AS split_line_item_split_usage)
        FROM read_csv('{text}', all_varchar = true)) TO '{path}'"""  # noqa: S608 - a test's own file
    )
    assert quantities(path)["acme", "cpu-billable"] == Decimal("23.25")


def test_a_day_is_one_row_and_what_is_written_can_be_read(tmp_path: Path) -> None:
    rows = [row("odoo-acme", day, hour) for day in range(1, 32) for hour in range(24)]
    found = split_usage([str(written(tmp_path, rows))], OCTOBER, {"odoo-acme": "acme"}, None)
    assert len(found.rows) == 31 * 3
    assert {each.quantity for each in found.rows} == {Decimal(12), Decimal(18)}
    write_usage(found.rows, tmp_path / "usage.csv")
    intake = read_usage(duckdb.connect(), [tmp_path / "usage.csv"], OCTOBER, list(Driver))
    assert (intake.taken, intake.refused) == (93, {})


def test_usage_that_aws_did_not_measure_is_no_driver(tmp_path: Path) -> None:
    rows = month(split_line_item_actual_usage="", split_line_item_split_usage="0.5")
    found = split_usage([str(written(tmp_path, rows))], OCTOBER, {"odoo-acme": "acme"}, None)
    assert {each.driver for each in found.rows} == {"cpu-requests", "cpu-billable"}
    assert found.notes == ("*-used are not written: 31 rows have no split_line_item_actual_usage",)


def test_what_measures_neither_is_left_out_and_told(tmp_path: Path) -> None:
    rows = [*month(), *month("odoo-bolt", line_item_usage_type="USE1-EKS-EC2-GPU-Hours")]
    found = split_usage([str(written(tmp_path, rows))], OCTOBER, {"odoo-acme": "acme"}, None)
    assert {each.tenant for each in found.rows} == {"acme"}
    assert found.notes == (
        "31 rows of usage type USE1-EKS-EC2-GPU-Hours are left out: neither vCPU nor memory",
    )


def test_first_days_without_data_are_told_and_later_ones_refused(tmp_path: Path) -> None:
    path = written(tmp_path, month()[9:])
    found = split_usage([str(path)], OCTOBER, {"odoo-acme": "acme"}, None)
    assert found.notes == ("no split cost allocation data before 2026-10-10: 9 days have no row",)
    path = written(tmp_path, [*month()[:9], *month()[10:]])
    with pytest.raises(UsageError, match="data from 2026-10-01 on and none of 2026-10-10; give all"):
        split_usage([str(path)], OCTOBER, {"odoo-acme": "acme"}, None)


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"split_line_item_split_usage": "much"},
            r"cur\.csv, row 1: expected usage of 0 or more of a pod or task",
        ),
        ({"split_line_item_reserved_usage": "-1"}, "row 1: expected usage of 0 or more"),
        ({"line_item_usage_end_date": "soon"}, "row 1: expected a usage interval"),
        ({"line_item_resource_id": ""}, "row 1: expected a resource id"),
        (
            {"line_item_resource_id": POD.format("other", "web")},
            "namespace other: has no tag cost/tenant and no tenant; name",
        ),
        (
            {"line_item_resource_id": "arn:aws:ecs:us-east-1:123456789012:task/c/1"},
            "a task: has no tag cost/tenant",
        ),
        (
            {"line_item_resource_id": POD.format("shared", "web")},
            "namespace shared: several tenants share it, and pods have no tag cost/tenant; activate",
        ),
        (
            {"resource_tags": '{"user:cost/tenant": "a", "user_cost_tenant": "b"}'},
            "contradict each other: cost/tenant is both 'a' and 'b'",
        ),
        ({"resource_tags": "{broken"}, "are no JSON object"),
        ({"resource_tags": "[1]"}, "are no JSON object"),
        ({"split_line_item_split_usage": ""}, "has no split cost allocation data; switch it on"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, columns: Row, message: str) -> None:
    path = written(tmp_path, month(**columns))
    with pytest.raises(UsageError, match=message) as caught:
        split_usage([str(path)], OCTOBER, {"odoo-acme": "acme", "shared": None}, None)
    assert "\n" not in str(caught.value)


def test_two_deliveries_of_a_month_are_refused(tmp_path: Path) -> None:
    files = [str(written(tmp_path, month(), name)) for name in ("a.csv", "b.csv")]
    with pytest.raises(
        UsageError, match=r"line odoo-acme-USE1-EKS-EC2-vCPU-Hours-: expected once, found 2 times: give"
    ):
        split_usage(files, OCTOBER, {"odoo-acme": "acme"}, None)


def test_a_report_without_the_columns_says_how_to_get_them(tmp_path: Path) -> None:
    rows = [
        {name: value for name, value in each.items() if not name.startswith("split_")} for each in month()
    ]
    with pytest.raises(UsageError, match=r"cur\.csv: has no split cost .*INCLUDE_SPLIT_COST_ALLOCATION_DATA"):
        split_usage([str(written(tmp_path, rows))], OCTOBER, {}, None)


def test_a_cost_of_their_own_is_told(tmp_path: Path) -> None:
    rows = month(line_item_unblended_cost="0.01")
    found = split_usage([str(written(tmp_path, rows))], OCTOBER, {"odoo-acme": "acme"}, None)
    (note,) = found.notes
    assert note.startswith("31 rows of pods or tasks on an instance have an unblended cost of their own")
    on_fargate = [{**each, "split_line_item_parent_resource_id": ""} for each in rows]
    assert split_usage([str(written(tmp_path, on_fargate))], OCTOBER, {"odoo-acme": "acme"}, None).notes == ()


def test_a_bill_that_holds_them_costs_what_the_instance_costs(tmp_path: Path) -> None:
    """The rows repeat the instance's cost in columns of their own; their unblended cost is 0."""
    instance = row(
        line_item_resource_id="i-0123456789abcdef0",
        line_item_operation="RunInstances",
        line_item_usage_type="BoxUsage:m5.xlarge",
        line_item_unblended_cost="142.85",
        **{
            f"split_line_item_{name}": ""
            for name in ("reserved_usage", "actual_usage", "split_usage", "split_cost", "unused_cost")
        },
    )
    path = written(tmp_path, [instance, *month(), *memory()])
    connection = duckdb.connect()
    intake = ingest(connection, [path], OCTOBER, "USD")
    assert intake.costs["billed"].read == intake.costs["effective"].read == Decimal("142.85")
    assert not any(each.refused for each in intake.files)
