from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from allocation.adapters.usage.export import write_usage
from allocation.adapters.usage.rows import UsageError, UsageRow

MIDNIGHT = datetime(2026, 10, 1, tzinfo=UTC)
NOON = MIDNIGHT.astimezone(timezone(timedelta(hours=2))) + timedelta(hours=12)


def row(tenant: str, quantity: Decimal | None) -> UsageRow:
    return UsageRow(tenant, "users", MIDNIGHT, NOON, quantity)


def test_rows_are_sorted_plain_and_the_same_every_time(tmp_path: Path) -> None:
    rows = [
        row("b", Decimal("1.500000000")),
        row('a,"', Decimal("1E+3")),
        row("a", Decimal("1E-9")),
        row("c", Decimal("NaN")),
        row("d", None),
    ]
    write_usage(rows, tmp_path / "new" / "one.csv")
    write_usage(reversed(rows), tmp_path / "new" / "two.csv")
    text = (tmp_path / "new" / "one.csv").read_bytes().decode()
    assert text == (tmp_path / "new" / "two.csv").read_bytes().decode()
    ends = "users,2026-10-01T00:00:00Z,2026-10-01T12:00:00Z"
    assert text.splitlines() == [
        "tenant,driver,start,end,quantity",
        f"a,{ends},0.000000001",
        f'"a,""",{ends},1000',
        f"b,{ends},1.5",
        f"c,{ends},NaN",
        f"d,{ends},",
    ]


def test_a_file_that_cannot_be_written_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(UsageError, match="taken: cannot be written"):
        write_usage([row("a", Decimal(1))], tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
