from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from allocation.adapters.usage.backup_manifests import counted_users
from allocation.adapters.usage.rows import UsageError
from allocation.charges import ChargePeriod

NOVEMBER = ChargePeriod.month("2026-11")


def put(folder: Path, day: str, users: object, tenant: str = "acme", **more: object) -> Path:
    started = f"{day}T02:00:00Z" if "T" not in day else day
    told: dict[str, Any] = {"tenant": tenant, "started": started, "filestore_bytes": 5, "last": "", **more}
    if users != "unsaid":
        told["active_users"] = users
    path = folder / tenant / f"{started}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def every_day(folder: Path, users: int, tenant: str = "acme") -> None:
    for day in range(1, 31):
        put(folder, f"2026-11-{day:02}", users, tenant)


def by_day(folder: Path, tenant: str = "acme") -> Mapping[int, Decimal | None]:
    rows = counted_users(folder, NOVEMBER).rows
    assert {(row.driver, (row.end - row.start).total_seconds()) for row in rows} == {("users", 86400)}
    return {row.start.day: row.quantity for row in rows if row.tenant == tenant}


def test_a_day_has_the_count_of_its_newest_backup_in_user_hours(tmp_path: Path) -> None:
    every_day(tmp_path, 5)
    put(tmp_path, "2026-11-07T20:00:00Z", 8)
    put(tmp_path, "2026-10-31", 99)
    put(tmp_path, "2026-12-01", 99)
    for results in ("restore-tests", "upgrades"):
        (tmp_path / "acme" / results).mkdir()
        (tmp_path / "acme" / results / "2026-11-02T00:00:00Z.json").write_text("{}", encoding="utf-8")
    found = by_day(tmp_path)
    assert found == {day: Decimal(8 if day == 7 else 5) * 24 for day in range(1, 31)}


def test_a_count_stands_in_for_days_without_a_backup_for_a_week(tmp_path: Path) -> None:
    every_day(tmp_path, 5)
    put(tmp_path, "2026-11-09", 6)
    for day in range(10, 17):
        (tmp_path / "acme" / f"2026-11-{day}T02:00:00Z.json").unlink()
    assert [by_day(tmp_path)[day] for day in (9, 10, 16, 17)] == [144, 144, 144, 120]
    (tmp_path / "acme" / "2026-11-17T02:00:00Z.json").unlink()
    with pytest.raises(
        UsageError,
        match=r"acme: no backup counted its users after 2026-11-09, so on 2026-11-17 they are unkn",
    ):
        counted_users(tmp_path, NOVEMBER)


def test_what_was_not_counted_is_unknown_and_never_zero(tmp_path: Path) -> None:
    every_day(tmp_path, 5)
    for day in range(1, 31):  # made before backups counted, or of a database that is not Odoo's
        put(tmp_path, f"2026-11-{day:02}", "unsaid" if day < 20 else None, "old")
        put(tmp_path, f"2026-11-{day:02}", "unsaid" if day < 4 else 3, "updated")
    put(tmp_path, "2026-09-01", 4, "silent")
    found = counted_users(tmp_path, NOVEMBER)
    assert {row.tenant for row in found.rows} == {"acme", "updated"}
    assert all(row.quantity for row in found.rows)
    assert found.uncounted == {"old": None, "updated": date(2026, 11, 4), "silent": None}


def test_an_ended_tenant_is_counted_to_its_final_backup(tmp_path: Path) -> None:
    every_day(tmp_path, 5)
    put(tmp_path, "2026-11-01", 4, "gone")
    put(tmp_path, "2026-11-03", 4, "gone", last="mark")
    put(tmp_path, "2026-10-03", 4, "long-gone", last="mark")
    put(tmp_path, "2026-12-03", 4, "not-yet")
    found = counted_users(tmp_path, NOVEMBER)
    assert [row.start.day for row in found.rows if row.tenant == "gone"] == [1, 2, 3]
    assert found.uncounted == {}
    assert {row.tenant for row in found.rows} == {"acme", "gone"}


@pytest.mark.parametrize(
    ("users", "message"),
    [
        (-1, "active_users: expected a whole number or null, found -1"),
        (1.5, "active_users: expected a whole number or null, found 1.5"),
        (True, "active_users: expected a whole number or null, found True"),
        ("7", "active_users: expected a whole number or null, found '7'"),
    ],
)
def test_a_count_that_is_none_is_refused_with_its_file(tmp_path: Path, users: object, message: str) -> None:
    path = put(tmp_path, "2026-11-01", users)
    with pytest.raises(UsageError) as error:
        counted_users(tmp_path, NOVEMBER)
    assert str(error.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "1: is not JSON: Expecting property name"),
        ("[]", r"is not a manifest of a backup: expected an object, found \[\]"),
        ("{}", "tenant: expected a tenant's name, found None"),
        ('{"tenant": "acme", "started": "yesterday"}', "started: expected a moment such as .* 'yesterday'"),
        ('{"tenant": "acme", "started": 5}', "started: expected a moment such as .* 5"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "odd.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"odd\.json: ?{message}"):
        counted_users(tmp_path, NOVEMBER)


def test_nothing_to_read_is_said_and_not_written_as_nobody(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: no such folder; expected a copy of the bucket's folder"):
        counted_users(tmp_path / "nowhere", NOVEMBER)
    with pytest.raises(UsageError, match="holds no manifest of a backup"):
        counted_users(tmp_path, NOVEMBER)
    put(tmp_path, "2026-11-05", "unsaid")
    with pytest.raises(UsageError, match="no backup of 2026-11 counted users"):
        counted_users(tmp_path, NOVEMBER)
