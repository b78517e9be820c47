"""Runs a division on local Spark; started by `tests.torture.spark` with the Python that has PySpark.

python spark_job.py FOLDER

reads amount, route and weight as Parquet and division.sql from FOLDER, writes answer.json there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Divide what lies in *folder*."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - in the toolchain's environment only

    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.ansi.enabled", "true")
        .getOrCreate()
    )
    for name in ("amount", "route", "weight"):
        spark.read.parquet(str(folder / f"{name}.parquet")).createOrReplaceTempView(name)
    rows = spark.sql((folder / "division.sql").read_text(encoding="utf-8")).collect()
    answer = [[row.origin, int(row.amount), row.via, row.part, row.tenant, int(row.units)] for row in rows]
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    spark.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
