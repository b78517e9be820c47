"""A whole allocation on Spark beside DuckDB's: every row of every result, growth, and failures.

python -m tests.torture.spark_allocation --rows 10000000

Each run is a process of its own, `costack` as a user starts it: in one process of Spark with more and
more partitions, then with a task that raises at its first attempt, then on a cluster of two executors,
of which one is killed while it works. Printed are time and memory of each.
"""

# ruff: noqa: S608, T201 - paths of our own; a command prints
from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from allocation.engine.tables import literal
from tests.bench.bills import ROOT, write_inventory

PARTITIONS: Final = (1, 4, 16)
TABLES: Final = ("origin", "share", "settlement", "slot", "usage", "usage_refused", "filed_share")
FOCUS: Final = "focus"
FILES: Final = ("statement.json", "items.json", "statement.csv", "costs.csv")
_PROGRAM: Final = ROOT / ".toolchain" / "bin" / "spark-submit"
_COSTACK: Final = "from cli.main import main; main()"
_RAISING: Final = "from tests.torture.spark_allocation import raising; raising()"
# As a provider bills: a line for each resource and hour. One in a thousand costs a third of something.
_BILL: Final = """
COPY (
    SELECT CASE WHEN number % 1000 = 7 THEN price / 3 ELSE price END AS BilledCost,
        BilledCost AS EffectiveCost, BilledCost * 2 AS ListCost, BilledCost AS ContractedCost,
        '123456789012' AS BillingAccountId, 'USD' AS BillingCurrency,
        TIMESTAMP '2026-11-01' AS BillingPeriodStart, TIMESTAMP '2026-12-01' AS BillingPeriodEnd,
        'Usage' AS ChargeCategory, 'a line of ' || service AS ChargeDescription,
        TIMESTAMP '2026-11-01' + INTERVAL 1 HOUR * hours AS ChargePeriodStart,
        ChargePeriodStart + INTERVAL 1 HOUR AS ChargePeriodEnd, 'us-east-1' AS RegionId,
        'arn:aws:x:us-east-1:123456789012:' || resource AS ResourceId, service AS ServiceName,
        'sku-' || (resource % 200) AS SkuId, 1.0::DOUBLE AS PricingQuantity, 'Hours' AS PricingUnit,
        CASE WHEN kind < 600 THEN tenants[CAST(1 + hash(resource * 13) % len(tenants) AS INTEGER)]
            WHEN kind < 995 THEN $platform END AS Tags
    FROM (
        SELECT number, resource, CAST(number % 720 AS INTEGER) AS hours, hash(resource * 7) % 1000 AS kind,
            CAST(hash(resource) % 1000000 AS INTEGER) / 1e8 AS price,
            ['Amazon Elastic Compute Cloud', 'Amazon Relational Database Service', 'AmazonCloudWatch']
                [1 + resource % 3] AS service, $tenants AS tenants
        FROM (SELECT number, number // 720 AS resource FROM range({rows}) AS made(number))
    )
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""
_CLUSTER: Final = "local-cluster[2,1,2048]"


def main() -> int:
    """Exit code 0 when every run gives what DuckDB gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="0 for the failures alone")
    parser.add_argument("--failing-rows", type=int, default=200_000, help="rows of the runs with failures")
    parser.add_argument("--memory", default="4g", help="of the Spark in one process")
    parser.add_argument("--folder", type=Path, help="keep bills and runs here, and do not run again what is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        write_inventory(folder)
        differing = _growing(folder, options.rows, options.memory) if options.rows else 0
        differing += _failing(folder, options.failing_rows)
    print("the same in every run" if not differing else f"{differing} results differ")
    return 1 if differing else 0


def _growing(folder: Path, rows: int, memory: str) -> int:
    bill = _bill(folder / "growing", rows, folder)
    folder = bill.parent
    _run(folder, bill, "duckdb", ())
    differing = 0
    for partitions in PARTITIONS:
        size = bill.stat().st_size // partitions + (1 << 20)
        settings = {
            "spark.driver.memory": memory,
            "spark.sql.shuffle.partitions": str(partitions),
            "spark.sql.files.maxPartitionBytes": str(size),
            "spark.sql.files.openCostInBytes": "0",
            "spark.sql.files.minPartitionNum": str(partitions),
        }
        name = f"spark-{partitions}"
        _run(folder, bill, name, _spark("local[2]", settings))
        differing += _differing(folder, name)
    return differing


def _failing(folder: Path, rows: int) -> int:
    bill = _bill(folder / "failing", rows, folder)
    folder = bill.parent
    _run(folder, bill, "duckdb", ())
    _run(folder, bill, "raising", _spark("local[2,4]", {"spark.sql.shuffle.partitions": "4"}), _RAISING)
    cluster = {"spark.sql.shuffle.partitions": "16", "spark.executor.memory": "1g"}
    _run(folder, bill, "killed", _spark(_CLUSTER, cluster), kill=True)
    return _differing(folder, "raising") + _differing(folder, "killed")


def _bill(folder: Path, rows: int, beside: Path) -> Path:
    """The bill of *rows* rows in *folder*, for the tenants *beside*."""
    path = folder / "bill.parquet"
    if not path.is_file():
        folder.mkdir(exist_ok=True)
        for name in ("inventory.json", "usage.csv"):
            shutil.copy(beside / name, folder / name)
        platform, tags = json.loads((beside / "tags.json").read_text(encoding="utf-8"))
        with duckdb.connect() as connection:
            connection.execute(_BILL.format(rows=rows, path=path), {"platform": platform, "tenants": tags})
    print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB, {folder.name}", flush=True)
    return path


def _spark(master: str, settings: dict[str, str]) -> tuple[str, ...]:
    named = [part for key, value in settings.items() for part in ("--spark-conf", f"{key}={value}")]
    return ("--engine", "spark", "--spark-master", master, *named)


def _run(
    folder: Path, bill: Path, name: str, more: Sequence[str], program: str = _COSTACK, *, kill: bool = False
) -> None:
    if (folder / name / "manifest.json").is_file():
        return
    command = [
        *(
            sys.executable,
            "-c",
            program,
            "allocate",
            "--bill",
            str(bill),
            "--usage",
            str(folder / "usage.csv"),
        ),
        *("--inventory", str(folder / "inventory.json"), "--period", "2026-11", "--out", str(folder / name)),
        *("--focus", "1.3", "-o", "csv", *more),
    ]
    begun = time.perf_counter()
    log = folder / f"{name}.log"
    with log.open("w", encoding="utf-8") as written:
        process = subprocess.Popen(
            command, cwd=ROOT, env=_environment(), stdout=subprocess.DEVNULL, stderr=written
        )
    killed, peak = 0, 0
    while process.poll() is None:
        peak = max(peak, sum(_memory(each) for each in _children(process.pid)))
        if kill and not killed:
            killed = _kill_an_executor(process.pid)
        time.sleep(0.2)
    if process.returncode not in {0, 5} or (kill and not killed):
        raise SystemExit(f"{name}: exit code {process.returncode}: {log.read_text(encoding='utf-8')[-2000:]}")
    told = f", executor {killed} killed" if killed else ""
    print(f"{name:>12}: {time.perf_counter() - begun:6.1f} s, {peak / 1e9:.2f} GB{told}", flush=True)


def _environment() -> dict[str, str]:
    """With PySpark of the toolchain, whose packages are all Python."""
    (packages,) = (_PROGRAM.resolve().parents[1] / "lib").glob("python3*/site-packages")
    return os.environ | {
        "PYTHONPATH": f"{ROOT}:{packages}",
        "SPARK_HOME": str(packages / "pyspark"),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def _children(pid: int) -> list[int]:
    """The process *pid* and all below it."""
    found, looked = [pid], 0
    while looked < len(found):
        tasks = Path(f"/proc/{found[looked]}/task")
        looked += 1
        try:
            for task in tasks.iterdir():
                found += map(int, (task / "children").read_text(encoding="utf-8").split())
        except OSError:
            continue
    return found


def _memory(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(sizes[0]) * 1000 if sizes else 0


def _kill_an_executor(pid: int) -> int:
    """The executor that was killed; 0 as long as there is none."""
    for child in _children(pid):
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:
            continue
        if b"CoarseGrainedExecutorBackend" in command and b"java" in command.split(b"\0")[0]:
            time.sleep(8)  # it has tasks by then
            os.kill(child, signal.SIGKILL)
            return child
    return 0


def _differing(folder: Path, name: str) -> int:
    """How many results of the run *name* are not DuckDB's."""
    found, rows = [], 0
    with duckdb.connect() as connection:
        for table in (*TABLES, FOCUS):
            one, other = (_rows(folder / run, table) for run in ("duckdb", name))
            sql = f"""SELECT (SELECT count(*) FROM ({one} EXCEPT ALL {other})),
                (SELECT count(*) FROM ({other} EXCEPT ALL {one})), (SELECT count(*) FROM ({one}))"""
            ((less, more, count),) = connection.execute(sql).fetchall()
            rows += count
            found += [table] if less or more else []
    for file in FILES:
        paths = [folder / run / file for run in ("duckdb", name)]
        same = {path.read_bytes() if path.is_file() else None for path in paths}
        found += [file] if len(same) > 1 else []
    print(f"{name:>12}: {rows:,} rows and {len(FILES)} files compared: {found or 'equal'}")
    return len(found)


def _rows(run: Path, table: str) -> str:
    """SQL of the rows of a *table* of a run, or of its FOCUS file, without the name of the run."""
    if table == FOCUS:
        return f"SELECT * EXCLUDE (x_RunId) FROM read_parquet({literal(run / FOCUS / '*' / '*.parquet')})"
    return f"SELECT * FROM read_parquet({literal(run / f'{table}.parquet')})"


def raising() -> None:
    """`costack` on a Spark of which the first task on the bill raises at its first attempt."""
    from pyspark import TaskContext  # noqa: PLC0415 - of the toolchain
    from pyspark.sql.functions import udf  # noqa: PLC0415

    from allocation.adapters.distributed import spark  # noqa: PLC0415
    from cli.main import main as costack  # noqa: PLC0415

    made = spark._make_tables

    def with_failure(session: object, *given: object) -> None:
        made(session, *given)  # type: ignore[arg-type]

        @udf("boolean")  # type: ignore[untyped-decorator]
        def holds(_: object) -> bool:
            task = TaskContext.get()
            if task is not None and task.partitionId() == 0 and task.attemptNumber() == 0:
                raise RuntimeError("a task that fails at its first attempt")
            return True

        rows = session.table("bill")  # type: ignore[attr-defined]
        rows.filter(holds("BilledCost")).createOrReplaceTempView("bill")

    spark._make_tables = with_failure  # type: ignore[assignment]
    costack()


if __name__ == "__main__":
    sys.exit(main())
