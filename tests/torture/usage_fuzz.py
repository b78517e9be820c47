"""Random files of use, whole and damaged: every row is taken or refused by name, or the file as a whole.

Run it: `python -m tests.torture.usage_fuzz --inputs 20000`. What is taken is compared with a second reading
of the same lines in plain Python, which knows nothing of the database.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Final

import duckdb

from allocation.adapters.usage.intake import RULES, read_usage
from allocation.adapters.usage.rows import COLUMNS, UsageError
from allocation.charges import ChargePeriod

PERIOD: Final = ChargePeriod.month("2026-10")
DRIVERS: Final = ("users", "cpu-used", "storage-gib")
_TENANTS: Final = (
    "acme",
    "bolt",
    "(idle)",
    "platform",
    "",
    " ",
    "é€\U0001f4b6",
    'q"x',
    "a,b",
    "line\nbreak",
    "'",
    "NULL",
    "=1+1",
)
_QUANTITIES: Final = (
    "0",
    "1",
    "1.5",
    "0.0000000005",
    "1e3",
    "1E-12",
    "-0",
    "-1",
    "NaN",
    "nan",
    "+Inf",
    "-Infinity",
    "",
    " ",
    "1,5",
    "1_000",
    "0x1F",
    "1e999",
    "9" * 40,
    "999999999999999.9999999999",
    "1000000000000000",
    "\uff11",
    "--1",
    "1.",
    ".5",
    ".",
    "1 ",
)
_MOMENTS: Final = (
    "2026-10-01",
    "2026-10-02T00:00:00Z",
    "2026-10-31T23:59:59Z",
    "2026-11-01T00:00:00Z",
    "2026-11-01",
    "2026-09-30",
    "2026-02-30",
    "2026-10-01T24:00:00Z",
    "2026-10-05 06:07:08.123456",
    "2026-10-05T06:07+00",
    "2026-10-05T06:07:08+02:00",
    "10/05/2026",
    "1790812800",
    "",
    "infinity",
    "epoch",
    "0000-00-00",
    "2026-10-05T6:7:8Z",
    "2026-10-05T06:07:60Z",
)
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_UTC: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})"
    r"(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{6}))?)?(?:Z|\+00)?)?",
    re.ASCII,
)
_LARGEST: Final = Decimal(10**15)

Line = list[str]


def run(inputs: int, seed: int) -> Counter[str]:
    """Read *inputs* random files; how they ended. AssertionError with its bytes when one is misread."""
    endings: Counter[str] = Counter()
    chosen = random.Random(seed)  # noqa: S311 - not a secret
    connection = duckdb.connect()
    with tempfile.TemporaryDirectory(prefix="costack-fuzz-") as folder:
        for _ in range(inputs):
            endings[_one(chosen, connection, Path(folder))] += 1
    return endings


def _one(chosen: random.Random, connection: duckdb.DuckDBPyConnection, folder: Path) -> str:
    lines = [_line(chosen) for _ in range(chosen.randrange(8))]
    kind = chosen.choice(("csv", "csv", "damaged", "parquet"))
    path, data = folder / "usage.csv", _csv(lines)
    if kind == "damaged":
        data = _damaged(chosen, data)
    if kind == "parquet":
        path, data = folder / "usage.parquet", b""
        _parquet(connection, lines, path)
    else:
        path.write_bytes(data)
    try:
        intake = read_usage(connection, [path], PERIOD, DRIVERS)
    except UsageError:
        assert kind == "damaged", data
        return "file refused"
    _check(connection, intake.rows, intake.taken, intake.refused, data)
    if kind != "damaged":
        taken = connection.execute("SELECT tenant, driver, quantity FROM usage").fetchall()
        assert sorted(taken) == sorted(_expected(lines)), (data or lines, taken)
    return f"{kind} read"


def _check(
    connection: duckdb.DuckDBPyConnection, rows: int, taken: int, refused: object, data: bytes
) -> None:
    """What holds for any file that is read: nothing is lost, nothing impossible is taken."""
    by_rule = dict(connection.execute("SELECT rule, COUNT(*) FROM usage_refused GROUP BY rule").fetchall())
    assert by_rule == refused, data
    assert set(by_rule) <= set(RULES), data
    assert rows == taken + sum(by_rule.values()), data
    wrong = connection.execute(
        "SELECT COUNT(*) FROM usage WHERE quantity < 0 OR period_end <= period_start OR trim(tenant) = '' "
        "OR period_start < TIMESTAMP '2026-10-01' OR period_end > TIMESTAMP '2026-11-01'"
    ).fetchone()
    assert wrong == (0,), data


def _line(chosen: random.Random) -> Line:
    if chosen.random() < 0.5:
        start = datetime(2026, 10, 1) + timedelta(hours=chosen.randrange(31 * 24))  # noqa: DTZ001 - UTC
        end = start + timedelta(hours=chosen.randrange(1, 48))
        moments = [f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{end:%Y-%m-%dT%H:%M:%SZ}"]
    else:
        moments = [chosen.choice(_MOMENTS), chosen.choice(_MOMENTS)]
    drivers = (*DRIVERS, *DRIVERS, "Users", "")
    return [chosen.choice(_TENANTS), chosen.choice(drivers), *moments, chosen.choice(_QUANTITIES)]


def _csv(lines: Sequence[Line]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *lines])
    return stream.getvalue().encode()


def _damaged(chosen: random.Random, data: bytes) -> bytes:
    place = chosen.randrange(len(data) + 1)
    noise = chosen.choice(
        (b"\x00", b'"', b",", b"\n", b"\r", b"\xff", b"\xef\xbb\xbf", b"tenant", b"", bytes(3))
    )
    return data[:place] + noise + data[place + chosen.randrange(3) :]


def _parquet(connection: duckdb.DuckDBPyConnection, lines: Sequence[Line], path: Path) -> None:
    names = ", ".join(f'"{name}" VARCHAR' for name in COLUMNS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE line ({names})")
    if lines:
        connection.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?)", lines)
    connection.execute(f"COPY line TO '{path}'")


def _expected(lines: Sequence[Line]) -> list[tuple[str, str, Decimal]]:
    kept: list[tuple[str, str, datetime, datetime, Decimal]] = []
    for tenant, driver, start_text, end_text, text in lines:
        start, end = _moment(start_text), _moment(end_text)
        if not tenant.strip(" ") or driver not in DRIVERS or start is None or end is None or end <= start:
            continue
        if not _NUMBER.fullmatch(text) or (quantity := Decimal(text)) < 0 or quantity > _LARGEST:
            continue
        if start < PERIOD.start.replace(tzinfo=None) or end > PERIOD.end.replace(tzinfo=None):
            continue
        same = (each for each in kept if each[:2] == (tenant, driver))
        if not any(other_start < end and start < other_end for _, _, other_start, other_end, _ in same):
            kept.append((tenant, driver, start, end, quantity.quantize(Decimal("1E-9"), ROUND_HALF_UP)))
    return [(tenant, driver, quantity) for tenant, driver, _, _, quantity in kept]


def _moment(text: str) -> datetime | None:
    """The moments among those above that are UTC and exist."""
    known = re.fullmatch(
        r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{6}))?)?(?:Z|\+00)?)?", text, re.ASCII
    )
    if known is None:
        return None
    day, *clock, micros = known.groups()
    hours, minutes, seconds = (int(part or 0) for part in clock)
    try:
        midnight = datetime.fromisoformat(day)
    except ValueError:
        return None
    # 24:00 is the end of a day.
    if hours > 24 or minutes > 59 or seconds > 59 or (hours == 24 and minutes + seconds):
        return None
    return midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=int(micros or 0))


def main() -> int:
    """Exit code 0 when every file was read right or refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for ending, files in sorted(run(options.inputs, options.seed).items()):
        sys.stdout.write(f"{ending}: {files}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
