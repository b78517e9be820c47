"""Runs the printed script on a real Trino and holds what is read back against DuckDB's own reading.

python -m tests.torture.trino_script --java /usr/lib/jvm/temurin-25-jdk-amd64

It needs Maven, which fetches Trino (about 200 packages) once per user, and a Java of 24 or newer.
"""

# ruff: noqa: T201 - a command prints
from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from allocation.adapters.distributed.read_back import ReadBack
from allocation.adapters.distributed.script import Places
from allocation.engine.division_sql import Dialect
from allocation.runs.bill import allocate_bills
from allocation.runs.distributed.script import script_for
from allocation.runs.messages import Messages
from tests.allocation.adapters.distributed.months import CUR, FOCUS, month
from tests.allocation.adapters.distributed.test_steps import results
from tests.allocation.bills import AFTERWARDS

HERE = Path(__file__).with_name("trino")


def main() -> int:
    """Exit code 0 when every result agrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--java", type=Path, required=True, help="folder of a Java of 24 or newer")
    parser.add_argument("--rows", type=int, default=5000)
    options = parser.parse_args()
    differing = 0
    for name, sql in (("FOCUS", FOCUS), ("CUR", CUR)):
        with tempfile.TemporaryDirectory() as folder:
            found = _differing(Path(folder), sql, options.rows, options.java)
        print(f"Trino, {name}, {options.rows:,} rows: {found or 'equal'}", flush=True)
        differing += len(found)
    return 1 if differing else 0


def _differing(folder: Path, sql: str, rows: int, java: Path) -> list[str]:
    asked = month(folder, sql, rows)
    plain = results(allocate_bills(asked, AFTERWARDS, Messages()), folder / "run", named=False)
    (folder / "answer").mkdir()
    places = Places("local:///bill", "local:///answer")
    bill = str(folder / "bill")
    script = script_for(Dialect.TRINO, bill, asked.inventories, asked.period, places, None, folder)
    (folder / "script.sql").write_text(script + "\n", encoding="utf-8")
    path = HERE / "target" / "classpath"
    if not path.is_file():
        maven = ["mvn", "-q", "-B", "dependency:build-classpath", f"-Dmdep.outputFile={path}"]
        subprocess.run(maven, cwd=HERE, check=True)
    trino = [str(java / "bin" / "java"), "-Xmx2g", "-cp", path.read_text(encoding="utf-8")]
    ran = subprocess.run(
        [*trino, str(HERE / "Runner.java"), str(folder), str(folder / "script.sql")],
        check=False,
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        told = [line for line in (ran.stdout + ran.stderr).splitlines() if "Exception" in line]
        raise SystemExit(f"Trino: {told[:3]}")
    again = replace(asked, engine=ReadBack(str(folder / "answer")), out=folder / "again")
    found = results(allocate_bills(again, AFTERWARDS, Messages()), folder / "again", named=False)
    return [key for key in plain if found[key] != plain[key]]


if __name__ == "__main__":
    sys.exit(main())
