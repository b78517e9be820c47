"""Runs the steps on Apache Spark: a local one, a cluster, or one that is reached by Spark Connect."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from allocation.adapters.deliveries.collection import LocatedFile
from allocation.adapters.distributed.columns import Columns
from allocation.adapters.distributed.dialects import for_engine
from allocation.adapters.distributed.focus_lines import lines_sql
from allocation.adapters.distributed.steps import FILE, GROUPS, ROW, Asked, overlap_sql, steps_of
from allocation.adapters.focus.run import FocusVersion
from allocation.engine.division_sql import Dialect
from allocation.errors import AllocationError

_DECODED: Final = "regexp_replace(url_decode(replace(costack_path, '+', '%2B')), '^file:/+', '/')"
"""Spark encodes paths as addresses are."""
CONNECT: Final = "sc://"
_SETTINGS: Final[Mapping[str, str]] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # what overflows fails, and is no NULL
    "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.jsonGenerator.ignoreNullFields": "false",
}
_LOCAL: Final[Mapping[str, str]] = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
}


@dataclass(frozen=True, slots=True)
class Spark:
    """A Spark to run on.

    Attributes:
        master: As `spark-submit --master` has it, or an address `sc://` of Spark Connect.
        settings: Options of its configuration.
        overlapping: Whether files with lines about the same are parts of one bill.
    """

    master: str = "local[*]"
    settings: Mapping[str, str] = field(default_factory=dict)
    overlapping: bool = False

    @property
    def name(self) -> str:
        """Its name in a manifest."""
        return "spark"

    def answer(  # noqa: PLR0917 - a bill, what is asked of it, and where the answer goes
        self,
        files: Sequence[LocatedFile],
        columns: Columns,
        asked: Asked,
        resources: Sequence[str],
        into: Path,
        progress: Callable[[str], None],
    ) -> Path:
        """Write the groups of *files* and the rows beside them below *into*, as Parquet; returns *into*.

        Raises:
            AllocationError: When Spark is not there or fails, or two deliveries overlap.
        """
        progress(f"starting Spark on {self.master}")
        with self._session() as session, _explained():
            _make_tables(session, files, resources)
            if not self.overlapping:
                _refuse_overlap(session, files, columns)
            for name, sql in steps_of(columns, asked).items():
                progress(f"Spark: {name} of {len(files)} files")
                found = session.sql(for_engine(sql, Dialect.SPARK))
                found.write.mode("overwrite").parquet(f"file://{(into / name).absolute()}")
        return into

    def lines(  # noqa: PLR0917 - a bill, what was made of its groups, and where its lines go
        self,
        files: Sequence[LocatedFile],
        columns: Columns,
        asked: Asked,
        resources: Sequence[str],
        answered: Path,
        template: Path,
        version: FocusVersion,
        into: Path,
        progress: Callable[[str], None],
    ) -> None:
        """Write the lines of a FOCUS file below *into*, by the groups *answered* and their *template*.

        Raises:
            AllocationError: When Spark fails.
        """
        progress(f"Spark: FOCUS {version}")
        with self._session() as session, _explained():
            _make_tables(session, files, resources)
            for name, path in (("answered", answered / GROUPS), ("template", template)):
                session.read.parquet(f"file://{path.absolute()}").createOrReplaceTempView(name)
            found = session.sql(for_engine(lines_sql(columns, asked, version), Dialect.SPARK))
            found.write.mode("overwrite").option("compression", "zstd").parquet(f"file://{into.absolute()}")

    @contextmanager
    def _session(self) -> Iterator[Any]:
        try:
            from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra of its own
        except ImportError:
            raise AllocationError(
                "--engine spark needs PySpark 4 and Java 17 or 21: pip install 'costack[spark]'"
            ) from None
        builder: Any = SparkSession.builder.appName("costack allocate")
        builder = (
            builder.remote(self.master) if self.master.startswith(CONNECT) else builder.master(self.master)
        )
        local = _LOCAL if self.master.startswith("local") else {}
        for key, value in {**local, **_SETTINGS, **self.settings}.items():
            builder = builder.config(key, value)
        with _explained():
            session = builder.getOrCreate()
        try:
            yield session
        finally:
            session.stop()


def _make_tables(session: Any, files: Sequence[LocatedFile], resources: Sequence[str]) -> None:
    """The views `bill`, `known_resource` and `delivery`."""
    read = session.read.option("mergeSchema", "true").option("recursiveFileLookup", "true")
    # Spark takes a path for a pattern.
    rows = read.parquet(*(re.sub(r"([\[\]{}*?\\])", r"\\\1", each.address) for each in files))
    placed = rows.selectExpr("*", f"_metadata.row_index + 1 AS {ROW}", "_metadata.file_path AS costack_path")
    names = [(_path(each.address), each.name) for each in files]
    session.createDataFrame(names, "path STRING, name STRING").createOrReplaceTempView("costack_name")
    placed.createOrReplaceTempView("costack_placed")
    # A row is never lost: one whose file has another name here than there is called by the latter.
    session.sql(
        f"""SELECT /*+ BROADCAST(costack_name) */ costack_placed.* EXCEPT (costack_path),
            coalesce(costack_name.name, costack_path) AS {FILE}
        FROM costack_placed LEFT JOIN costack_name
            ON costack_name.path = {_DECODED}"""  # noqa: S608 - names of our own
    ).createOrReplaceTempView("bill")
    known = [(each,) for each in resources]
    session.createDataFrame(known, "resource_id STRING").createOrReplaceTempView("known_resource")
    parts = [(each.name, each.delivery) for each in files]
    session.createDataFrame(parts, "file STRING, delivery INT").createOrReplaceTempView("delivery")


def _path(address: str) -> str:
    return address.removeprefix("file://")


def _refuse_overlap(session: Any, files: Sequence[LocatedFile], columns: Columns) -> None:
    if len({each.delivery for each in files}) == 1:
        return
    for row in session.sql(for_engine(overlap_sql(columns), Dialect.SPARK)).collect():
        lines = "1 line" if row["lines"] == 1 else f"{row['lines']} lines"
        raise AllocationError(
            f"{row['first']} and {row['second']} have {lines} about the same account, service, resource, SKU "
            "and time: name the newer one of two deliveries, or say with --parts that both belong to the bill"
        )


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what Spark raises into one sentence.

    Raises:
        AllocationError: In place of it.
    """
    try:
        yield
    except AllocationError:
        raise
    except Exception as error:  # noqa: BLE001 - PySpark's, Py4J's and Java's have no base of their own
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise AllocationError(f"Spark: {lines[0][:300] if lines else type(error).__name__}") from None
