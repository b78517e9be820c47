from __future__ import annotations

import gzip
import json
import os
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from allocation.adapters.bill.files.bill_file import is_bill
from allocation.adapters.deliveries import Collected, collect
from allocation.errors import AllocationError
from tests.allocation.adapters.bill.written import FOCUS, NOVEMBER, PLAIN, Read, bill, read
from tests.allocation.adapters.deliveries.delivered import (
    azure_run,
    cur,
    data_export,
    document,
    focus,
    legacy_report,
)

DAYS = [focus(1), focus(2)]


def collected(*sources: str | Path, workplace: Path = Path("nowhere")) -> Collected:
    return collect(sources, NOVEMBER, workplace, is_bill, lambda _: None)


def billed(done: Read) -> Decimal:
    return done.intake.costs["billed"].read


def refusal(*sources: Path) -> str:
    with pytest.raises(AllocationError) as caught:
        read(*sources)
    return str(caught.value)


def test_of_azures_daily_runs_the_newest_is_read(tmp_path: Path) -> None:
    """Side by side they were 50, with all gates green."""
    azure_run(tmp_path / "older", DAYS, "2026-11-03T06:12:44.1234567Z", "2026-11-02T00:00:00Z")
    newer = azure_run(tmp_path / "newer", [*DAYS, focus(3)], "2026-11-04T06:12:44.1Z", "2026-11-03T00:00:00Z")
    done = read(tmp_path)
    assert billed(done) == 30
    written = done.intake.document()
    assert [each["id"] for each in written["deliveries"]] == ["newer"]
    assert written["left_out"] == [
        {"name": str(tmp_path / "older" / "manifest.json"), "reason": f"{newer} is newer"}
    ]


def test_a_restated_line_has_its_newer_amount(tmp_path: Path) -> None:
    azure_run(tmp_path / "b-older", DAYS, "2026-11-03T06:00:00Z", "2026-11-02T00:00:00Z")
    azure_run(
        tmp_path / "a-newer", [focus(1, "12"), focus(2)], "2026-11-04T06:00:00Z", "2026-11-03T00:00:00Z"
    )
    assert billed(read(tmp_path)) == 22


def test_of_the_executions_of_a_data_export_the_newest_is_read(tmp_path: Path) -> None:
    data_export(tmp_path, DAYS, "20261103T053621Z-one", newest=False)
    data_export(tmp_path, [*DAYS, focus(3)], "20261104T053621Z-two")
    done = read(tmp_path)
    assert billed(done) == 30
    assert [each["id"] for each in done.intake.document()["deliveries"]] == ["two"]


def test_an_execution_is_newest_by_its_time_where_no_manifest_says_it_is(tmp_path: Path) -> None:
    data_export(tmp_path, [*DAYS, focus(3)], "20261104T053621Z-a", newest=False)
    data_export(tmp_path, DAYS, "2026-11-03T05:36:21.000Z-b", newest=False)
    assert billed(read(tmp_path)) == 30


def test_an_execution_without_a_manifest_is_not_delivered_yet(tmp_path: Path) -> None:
    data_export(tmp_path, DAYS, "20261103T053621Z-one")
    (unfinished, *manifests) = data_export(tmp_path, [focus(3)], "20261104T053621Z-two", newest=False)
    manifests[0].unlink()
    done = read(tmp_path)
    assert billed(done) == 20
    (left,) = done.intake.document()["left_out"]
    assert left["name"] == str(unfinished)
    assert left["reason"].endswith("costs-Manifest.json does not name it")


def test_of_the_assemblies_of_a_report_that_of_the_months_manifest_is_read(tmp_path: Path) -> None:
    legacy_report(tmp_path, [cur("1", "10")], "ffff", newest=False)
    legacy_report(tmp_path, [cur("x", "12"), cur("y", "18")], "0000")
    assert billed(read(tmp_path)) == 30


def test_assemblies_that_do_not_say_which_is_newer(tmp_path: Path) -> None:
    legacy_report(tmp_path, [cur("1", "10")], "ffff", newest=False)
    legacy_report(tmp_path, [cur("x", "12")], "0000", newest=False)
    assert refusal(tmp_path).endswith(
        "are deliveries of one bill for 2026-11, and neither says when it was made: name the manifest of the "
        "newer one"
    )
    named = tmp_path / "20261101-20261201" / "ffff" / "report-Manifest.json"
    assert billed(read(named)) == 10


def test_other_months_of_an_export_are_left_out(tmp_path: Path) -> None:
    data_export(tmp_path, DAYS, "20261103T053621Z-one")
    data_export(tmp_path, DAYS, "20261003T053621Z-before", month="2026-10")
    done = read(tmp_path)
    assert billed(done) == 20
    assert [each["reason"] for each in done.intake.document()["left_out"]] == ["it is for 2026-10"]


def test_a_run_for_another_month_is_left_out(tmp_path: Path) -> None:
    azure_run(tmp_path / "now", DAYS, "2026-11-03T06:00:00Z", "2026-11-02T00:00:00Z")
    info = {"runId": "x", "submittedTime": "2026-11-09T06:00:00Z"}
    before = {**info, "startDate": "2026-10-01T00:00:00", "endDate": "2026-10-31T00:00:00"}
    azure_run(tmp_path / "before", [focus(3)], "", "", runInfo=before)
    done = read(tmp_path)
    assert billed(done) == 20
    assert [each["reason"] for each in done.intake.left_out] == ["it is for 2026-10"]


def test_a_manifest_names_no_file_outside_its_folders(tmp_path: Path) -> None:
    bill(tmp_path / "x.csv", DAYS)
    (_, _, manifest) = data_export(tmp_path, DAYS, "20261103T053621Z-one")
    content = json.loads(manifest.read_text())
    document(manifest, {**content, "dataFiles": ["s3://b/data/BILLING_PERIOD=2026-11/../../x.csv"]})
    assert "which is not there" in refusal(manifest)


def test_a_delivery_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    (data, _, manifest) = data_export(tmp_path, DAYS, "20261103T053621Z-one")
    data.unlink()
    key = "exports/costs/data/BILLING_PERIOD=2026-11/20261103T053621Z-one/costs-00001.csv"
    assert refusal(tmp_path) == f"{manifest}: names {key}, which is not there: copy the whole delivery"


def test_a_file_of_an_older_execution_never_takes_the_place_of_a_missing_one(tmp_path: Path) -> None:
    data_export(tmp_path, DAYS, "20261103T053621Z-one", newest=False)
    (data, *_) = data_export(tmp_path, [focus(3)], "20261104T053621Z-two")
    shutil.rmtree(data.parent)
    assert "which is not there" in refusal(tmp_path)


def test_a_file_that_a_mode_of_before_left_never_takes_the_place_of_a_missing_one(tmp_path: Path) -> None:
    data = legacy_report(tmp_path, [cur("1", "10")], "ffff")
    data.rename(data.parents[1] / data.name)
    assert "which is not there" in refusal(tmp_path)


def test_a_file_of_another_size_is_refused(tmp_path: Path) -> None:
    manifest = azure_run(tmp_path, DAYS, "2026-11-03T06:00:00Z", "2026-11-02T00:00:00Z")
    part = tmp_path / "part_0_0001.csv"
    before = part.stat().st_size
    bill(part, DAYS[:1])
    size = part.stat().st_size
    assert refusal(tmp_path) == (
        f"{part}: expected {before} bytes, as {manifest} says, found {size}: copy it again"
    )


def test_the_size_of_a_compressed_part_may_be_that_of_its_text(tmp_path: Path) -> None:
    manifest = azure_run(tmp_path, DAYS, "2026-11-03T06:00:00Z", "2026-11-02T00:00:00Z")
    content = json.loads(manifest.read_text())
    content["deliveryConfig"]["compressionMode"] = "Gzip"
    content["blobs"][0]["byteCount"] = 1
    document(manifest, content)
    assert billed(read(tmp_path)) == 20


def test_a_newer_run_of_fewer_days_is_refused(tmp_path: Path) -> None:
    azure_run(tmp_path / "month", DAYS, "2026-11-20T06:00:00Z", "2026-11-19T00:00:00Z")
    azure_run(tmp_path / "again", DAYS[:1], "2026-11-21T06:00:00Z", "2026-11-05T00:00:00Z")
    assert refusal(tmp_path) == (
        f"{tmp_path}/again/manifest.json is newer than {tmp_path}/month/manifest.json, but ends on "
        "2026-11-05, and the older one on 2026-11-19: name the manifest of the one that holds the month"
    )


def test_runs_for_days_of_their_own_are_added(tmp_path: Path) -> None:
    info = {"runId": "x", "submittedTime": "2026-11-09T06:00:00Z"}
    azure_run(tmp_path / "one", DAYS, "2026-11-03T06:00:00Z", "2026-11-02T00:00:00Z")
    later = {**info, "startDate": "2026-11-08T00:00:00", "endDate": "2026-11-09T00:00:00"}
    azure_run(tmp_path / "two", [focus(8)], "", "", runInfo=later)
    assert billed(read(tmp_path)) == 30
    meets = {**info, "startDate": "2026-11-02T00:00:00", "endDate": "2026-11-09T00:00:00"}
    azure_run(tmp_path / "two", [focus(2)], "", "", runInfo=meets)
    assert "have 1 line about the same account, service, resource, SKU and time" in refusal(tmp_path)
    azure_run(tmp_path / "one", DAYS, "2026-11-03T06:00:00Z", "2026-11-03T00:00:00Z")
    assert "name the manifests of runs that share no day" in refusal(tmp_path)


@pytest.mark.sample(1)
@pytest.mark.parametrize("kind", ["PriceSheet", "ReservationDetails"])
def test_what_is_no_bill_is_left_out(tmp_path: Path, kind: str) -> None:
    azure_run(tmp_path / "costs", DAYS, "2026-11-03T06:00:00Z", "2026-11-02T00:00:00Z")
    config = {"exportName": "other", "type": kind}
    azure_run(tmp_path / "other", DAYS, "2026-11-04T06:00:00Z", "2026-11-02T00:00:00Z", exportConfig=config)
    done = read(tmp_path)
    assert billed(done) == 20
    assert [each["reason"] for each in done.intake.left_out] == [f"it is a {kind}"]
    assert "expected a bill for 2026-11, found none" in refusal(tmp_path / "other")


def test_azures_own_columns_of_the_same_costs_are_left_out(tmp_path: Path) -> None:
    azure_run(tmp_path / "costs", DAYS, "2026-11-03T06:00:00Z", "2026-11-02T00:00:00Z")
    export = (
        "/providers/Microsoft.Billing/billingAccounts/1234567/providers/Microsoft.CostManagement/exports/own"
    )
    config = {"exportName": "own", "resourceId": export, "type": "AmortizedCost"}
    azure_run(
        tmp_path / "own", [{"CostInBillingCurrency": "20"}], "2026-11-04T06:00:00Z", "2026-11-02T00:00:00Z",
        exportConfig=config,
    )  # fmt: skip
    assert billed(read(tmp_path)) == 20


def test_a_manifest_can_be_named(tmp_path: Path) -> None:
    (_, older, *_) = data_export(tmp_path / "export", DAYS, "20261103T053621Z-one", newest=False)
    data_export(tmp_path / "export", [*DAYS, focus(3)], "20261104T053621Z-two")
    done = read(older)
    assert billed(done) == 20
    assert {charge["source"] for charge in done.charges} == {
        "data/BILLING_PERIOD=2026-11/20261103T053621Z-one/costs-00001.csv"
    }


def test_a_delivery_copied_into_one_folder_is_found(tmp_path: Path) -> None:
    (data, _, manifest) = data_export(tmp_path / "export", DAYS, "20261103T053621Z-one")
    flat = tmp_path / "flat"
    flat.mkdir()
    for file in (data, manifest):
        file.rename(flat / file.name)
    assert billed(read(flat)) == 20


def test_the_same_delivery_in_two_folders_is_one(tmp_path: Path) -> None:
    data_export(tmp_path / "monday", DAYS, "20261103T053621Z-one")
    shutil.copytree(tmp_path / "monday", tmp_path / "tuesday")
    assert billed(read(tmp_path)) == 20


def test_an_invoice_beside_a_delivery_is_read_too(tmp_path: Path) -> None:
    data_export(tmp_path / "export", DAYS, "20261103T053621Z-one")
    bill(tmp_path / "support.csv", [PLAIN])
    assert billed(read(tmp_path)) == Decimal("21.25")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dataFiles": None}, "dataFiles: expected a list, found 'None'"),
        ({"dataFiles": [7]}, "dataFiles: expected names of files, found '[7]'"),
        ({"executionId": ""}, "executionId: expected text, found ''"),
        ({"dataFiles": []}, "names no files; a delivery without files is no bill"),
        ({"dataFiles": ["s3://b/data/BILLING_PERIOD=2026-11/../../x.csv"]}, "which is not there"),
        ({"reportKeys": []}, "expected the manifest of one delivery, found fields of several kinds"),
    ],
)
def test_a_manifest_is_read_strictly(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    (_, other, manifest) = data_export(tmp_path, DAYS, "20261103T053621Z-one")
    other.unlink()
    document(manifest, {**json.loads(manifest.read_text()), **change})
    assert said in refusal(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"runInfo": {}}, "runId: expected text, found 'None'"),
        ({"blobs": [], "blobCount": 1}, "blobs: expected 1 files, found '0'"),
        (
            {"blobs": [{"blobName": "part_0_0001.csv", "byteCount": "1"}]},
            "byteCount: expected a number of bytes",
        ),
        ({"exportConfig": "x"}, "exportConfig: expected an object, found 'x'"),
    ],
)
def test_a_manifest_of_azure_is_read_strictly(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    azure_run(tmp_path, DAYS, "2026-11-03T06:00:00Z", "2026-11-02T00:00:00Z", **change)
    assert said in refusal(tmp_path)


def test_a_manifest_cut_short_is_no_json(tmp_path: Path) -> None:
    (*_, manifest) = data_export(tmp_path, DAYS, "20261103T053621Z-one")
    manifest.write_text(manifest.read_text()[:-9])
    assert f"{manifest}:1: is not JSON" in refusal(tmp_path)


def test_other_documents_of_that_name_are_no_manifests(tmp_path: Path) -> None:
    bill(tmp_path / "bill.csv", DAYS)
    document(tmp_path / "report-RedshiftManifest.json", {"entries": []})
    (tmp_path / "manifest.json").write_text("[1]")
    assert billed(read(tmp_path)) == 20


def test_a_folder_without_a_bill_for_the_month_is_an_error(tmp_path: Path) -> None:
    data_export(tmp_path, DAYS, "20261003T053621Z-before", month="2026-10")
    month = tmp_path / "data" / "BILLING_PERIOD=2026-10" / "20261003T053621Z-before"
    assert refusal(tmp_path) == (
        f"{tmp_path}: expected a bill for 2026-11, found none ({month}: it is for 2026-10)"
    )
    other = tmp_path / "other"
    data_export(other, DAYS, "20261103T053621Z-one")
    assert refusal(other, tmp_path / "data").startswith(f"{tmp_path}/data: expected a bill for 2026-11")


def test_a_folder_stands_for_the_bills_below_it(tmp_path: Path) -> None:
    later = bill(tmp_path / "bills" / "billing_period=2026-11" / "b.csv", [{**PLAIN, "id": "2"}])
    first = bill(tmp_path / "bills" / "a.csv", [PLAIN])
    (tmp_path / "bills" / "notes.txt").write_text("not a bill")
    (tmp_path / "bills" / ".hidden.csv").write_text("not a bill")
    found = collected(tmp_path / "bills").files
    assert [(file.name, file.path) for file in found] == [
        ("a.csv", first),
        ("billing_period=2026-11/b.csv", later),
    ]
    charges = read(tmp_path / "bills").charges
    assert [charge["source"] for charge in charges] == ["a.csv", "billing_period=2026-11/b.csv"]


def test_a_name_without_an_ending_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "bill").write_bytes(gzip.compress(bill(tmp_path / "bill.csv", [PLAIN]).read_bytes()))
    (tmp_path / "bill.csv").unlink()
    (tmp_path / "LICENSE").write_text("no bill")
    assert [file.name for file in collected(tmp_path).files] == ["bill"]


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AllocationError, match="found none"):
        read(tmp_path)


def test_files_of_one_name_are_distinguished_by_path(tmp_path: Path) -> None:
    files = [bill(tmp_path / folder / "bill.csv", [PLAIN]) for folder in ("a", "b")]
    assert [file.name for file in collected(*files).files] == [str(file) for file in files]


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x-Manifest.json")
    bill(tmp_path / "bill.csv", [FOCUS])
    assert len(collected(tmp_path).files) == 1
