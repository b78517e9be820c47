from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from allocation.adapters.focus.allocated_columns import OURS, allocated_columns
from allocation.adapters.focus.columns import columns_of
from allocation.adapters.focus.run import FocusVersion
from allocation.adapters.focus.writer import write_focus
from tests.allocation.adapters.bill.written import FOCUS, bill, read
from tests.allocation.adapters.focus.sample import RUN, allocated
from tests.portfolios import ROOT

TOOLKIT = ROOT / "tests" / "data" / "focus-1.3-toolkit.csv"
SPLIT = {
    "AllocatedMethodId": "split-even",
    "AllocatedResourceId": "pod/1",
    "AllocatedTags": '{"workload":"odoo"}',
}


def said(row: dict[str, str], folder: Path) -> list[dict[str, str | None] | None]:
    (charge,) = read(bill(folder / "bill.csv", [FOCUS | row])).charges
    return [text and json.loads(text) for text in (charge["allocated"], charge["split"])]


def test_a_bill_without_such_columns_says_nothing(tmp_path: Path) -> None:
    assert said({}, tmp_path) == [None, None]
    assert allocated_columns(lambda _: None) == ["NULL::VARCHAR AS allocated", "NULL::VARCHAR AS split"]


def test_an_allocated_charge_says_to_whom(tmp_path: Path) -> None:
    given = {"method": "split-even", "to": "pod/1", "tags": '{"workload":"odoo"}'}
    assert said(SPLIT, tmp_path) == [given, None]
    left_over = SPLIT | {"AllocatedResourceId": "", "AllocatedTags": "null"}
    assert said(left_over, tmp_path) == [{"method": "split-even", "to": None, "tags": None}, None]
    assert said(dict.fromkeys(SPLIT, ""), tmp_path) == [None, None]
    # A method must be there (FOCUS 1.3); a tool that leaves it out has allocated all the same.
    assert said({"AllocatedResourceId": "pod/1"}, tmp_path) == [{"to": "pod/1"}, None]


def test_the_toolkits_month_keeps_its_32_allocated_charges(tmp_path: Path) -> None:
    text = (
        TOOLKIT.read_text(encoding="utf-8")
        .replace("2026-05-", "2026-11-")
        .replace("2026-06-01", "2026-12-01")
    )
    (tmp_path / "bill.csv").write_text(text, encoding="utf-8")
    charges = read(tmp_path / "bill.csv").charges
    found = [json.loads(charge["allocated"]) for charge in charges if charge["allocated"]]
    assert (len(found), {each["method"] for each in found}) == (
        32,
        {"split-weighted", "split-even", "split-proportional"},
    )
    assert all(each["to"].startswith("arn:aws:eks:") for each in found)


@pytest.mark.sample(1)
@pytest.mark.parametrize("version", list(FocusVersion))
def test_every_version_says_what_was_decided(version: FocusVersion, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        allocated(connection)
        file = write_focus(connection, tmp_path, version, RUN)
    copy = tmp_path / "bill.csv"
    duckdb.execute(f"COPY (FROM read_parquet('{file}', hive_partitioning = false)) TO '{copy}'")
    charges = read(copy, period=RUN.period).charges
    rows = [json.loads(charge["allocated"]) for charge in charges]
    assert {row["run"] for row in rows} == {RUN.run_id}
    assert [charge["line_id"] for charge in charges[:3]] == ["bill.csv:1", "bill.csv:2", "bill.csv:3"]
    assert [row["tenant"] for row in rows[:5]] == ["acme", "bolt", "acme", None, None]
    assert [row["reason"] for row in rows[3:5]] == ["no-rule", "no-rule"]
    splits = [json.loads(charge["split"]) for charge in charges if charge["split"]]
    assert len(splits) == len(rows) - 5 == 14
    assert {(each["origin"], each["charges"]) for each in splits} == {
        ("origin-1", "2"),
        ("origin-2", "1"),
        ("origin-3", "1"),
        ("origin-4", "1"),
    }
    assert {row["behaviour"] for row in rows} == {"fixed"}
    assert all("AllocatedRatio" in each["details"] for each in splits)


@pytest.mark.parametrize("version", list(FocusVersion))
def test_every_version_has_the_columns_by_which_it_is_known(version: FocusVersion) -> None:
    assert set(OURS) <= {column.name for column in columns_of(version)}
