"""The engine that `costack allocate` is told to read a bill by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from allocation.adapters.distributed.read_back import ReadBack
from allocation.adapters.distributed.spark import Spark
from tiers.errors import CatalogError

if TYPE_CHECKING:
    from allocation.runs.distributed.reading import Engine
    from cli.actions.costs.allocate import Request

_ENGINES: Final = ("duckdb", "spark")


def engine_of(request: Request) -> Engine | None:
    """The engine that *request* names; None for DuckDB, which reads every bill itself.

    Raises:
        CatalogError: When it is unknown, or options are given that it does not have.
    """
    is_spark = request.engine == "spark"
    if fault := _fault(request, is_spark=is_spark):
        raise CatalogError(fault)
    if request.read_back is not None:
        return ReadBack(request.read_back)
    settings = dict(map(_setting, request.spark_conf))
    return (
        Spark(request.spark_master or "local[*]", settings, overlapping=request.parts) if is_spark else None
    )


def _fault(request: Request, *, is_spark: bool) -> str:
    """What is wrong with the options; '' for nothing."""
    reads_back = request.read_back is not None
    by_line = "is worked out line by line: leave --engine and --read-back out"
    faults = {
        f"--engine '{request.engine}': expected duckdb or spark": request.engine not in {None, *_ENGINES},
        "--spark-master and --spark-conf belong to --engine spark": (
            bool(request.spark_master or request.spark_conf) and not is_spark
        ),
        "--read-back takes the answer of an engine that has read the bill: leave --engine out": (
            reads_back and request.engine is not None
        ),
        f"--rates {by_line}": (is_spark or reads_back) and request.rates is not None,
        f"--focus-csv {by_line}": (is_spark or reads_back) and request.focus_csv,
        "--focus: the lines of a bill are not here: leave --read-back out, or --focus": (
            reads_back and bool(request.focus)
        ),
    }
    return next((fault for fault, is_there in faults.items() if is_there), "")


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise CatalogError(f"--spark-conf '{text}': expected KEY=VALUE, such as spark.executor.memory=4g")
    return key, value
