"""Writes deliveries as AWS and Azure lay them out, with bills of a few lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.allocation.adapters.bill.written import CUR, FOCUS, bill

ACCOUNT: Final = "123456789012"
AZURE_SCOPE: Final = "/providers/Microsoft.Billing/billingAccounts/1234567"

CUR_2: Final = {
    "identity_line_item_id": "a1",
    "identity_time_interval": "2026-11-01T00:00:00Z/2026-11-02T00:00:00Z",
    "line_item_line_item_type": "Usage",
    "line_item_usage_start_date": "2026-11-01T00:00:00Z",
    "line_item_usage_end_date": "2026-11-02T00:00:00Z",
    "line_item_currency_code": "USD",
    "line_item_unblended_cost": "10",
    "bill_payer_account_id": ACCOUNT,
    "line_item_resource_id": "i-1",
}


def focus(day: int, cost: str = "10", **columns: str) -> dict[str, str]:
    """A line of FOCUS for one resource on one day of November."""
    return {
        **FOCUS,
        "BilledCost": cost,
        "EffectiveCost": cost,
        "BillingAccountId": ACCOUNT,
        "ServiceName": "Amazon EC2",
        "ResourceId": "i-1",
        "ChargePeriodStart": f"2026-11-{day:02}T00:00:00Z",
        "ChargePeriodEnd": f"2026-11-{day + 1:02}T00:00:00Z",
        **columns,
    }


def cur(line: str, cost: str) -> dict[str, str]:
    """A line of a legacy report."""
    return {**CUR, "identity/LineItemId": line, "lineItem/UnblendedCost": cost, "lineItem/ResourceId": line}


def document(path: Path, content: Mapping[str, Any]) -> Path:
    """A manifest with that content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def azure_run(
    folder: Path, rows: Sequence[Mapping[str, str]], submitted: str, end: str, **changes: Any
) -> Path:
    """A run of a month-to-date export, in *folder*; *changes* replace parts of its manifest."""
    part = bill(folder / "part_0_0001.csv", rows)
    size = part.stat().st_size
    content = {
        "manifestVersion": "2024-04-01",
        "byteCount": size,
        "blobCount": 1,
        "dataRowCount": len(rows),
        "exportConfig": {
            "exportName": "costs",
            "resourceId": f"{AZURE_SCOPE}/providers/Microsoft.CostManagement/exports/costs",
            "dataVersion": "1.0",
            "type": "FocusCost",
            "timeFrame": "MonthToDate",
        },
        "deliveryConfig": {"partitionData": True, "fileFormat": "Csv", "compressionMode": "None"},
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": submitted,
            "runId": folder.name,
            "startDate": "2026-11-01T00:00:00",
            "endDate": end,
        },
        "blobs": [
            {
                "blobName": f"exports/costs/20261101-20261130/{folder.name}/part_0_0001.csv",
                "byteCount": size,
                "dataRowCount": len(rows),
            }
        ],
    }
    return document(folder / "manifest.json", {**content, **changes})


def data_export(
    root: Path,
    rows: Sequence[Mapping[str, str]],
    execution: str,
    *,
    month: str = "2026-11",
    newest: bool = True,
    name: str = "costs",
) -> list[Path]:
    """An execution of a Data Export that keeps all of them, below *root*; its data, and its manifests."""
    id_ = execution.partition("Z-")[2]
    partition = f"BILLING_PERIOD={month}"
    data = bill(root / "data" / partition / execution / f"{name}-00001.csv", rows)
    content = {
        "executionId": id_,
        "columns": [{"name": column} for column in rows[0]],
        "dataFiles": [f"s3://bills/exports/{name}/data/{partition}/{execution}/{data.name}"],
    }
    metadata = root / "metadata" / partition
    written = [document(metadata / execution / f"{name}-Manifest.json", content)]
    if newest:
        written.append(document(metadata / f"{name}-Manifest.json", content))
    return [data, *written]


def legacy_report(
    root: Path, rows: Sequence[Mapping[str, str]], assembly: str, *, newest: bool = True
) -> Path:
    """An update of a Cost and Usage Report that keeps all of them; its data."""
    month = root / "20261101-20261201"
    data = bill(month / assembly / "report-1.csv", rows)
    content = {
        "assemblyId": assembly,
        "account": ACCOUNT,
        "columns": [],
        "charset": "UTF-8",
        "reportId": "r",
        "reportName": "report",
        "billingPeriod": {"start": "20261101T000000.000Z", "end": "20261201T000000.000Z"},
        "bucket": "bills",
        "reportKeys": [f"prefix/report/20261101-20261201/{assembly}/report-1.csv"],
        "additionalArtifactKeys": [],
    }
    document(month / assembly / "report-Manifest.json", content)
    if newest:
        document(month / "report-Manifest.json", content)
    return data
