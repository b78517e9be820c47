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
    if request.engine is not None and request.engine not in _ENGINES:
        raise CatalogError(f"--engine '{request.engine}': expected duckdb or spark")
    is_spark = request.engine == "spark"
    if (request.spark_master or request.spark_conf) and not is_spark:
        raise CatalogError("--spark-master and --spark-conf belong to --engine spark")
    if request.read_back is not None and request.engine is not None:
        raise CatalogError(
            "--read-back takes the answer of an engine that has read the bill: leave --engine out"
        )
    if not is_spark and request.read_back is None:
        return None
    for option in ("rates", "focus", "focus_csv"):
        if getattr(request, option):
            raise CatalogError(
                f"--{option.replace('_', '-')} is worked out line by line: leave --engine and --read-back out"
            )
    if request.read_back is not None:
        return ReadBack(request.read_back)
    settings = dict(map(_setting, request.spark_conf))
    return Spark(request.spark_master or "local[*]", settings, overlapping=request.parts)


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise CatalogError(f"--spark-conf '{text}': expected KEY=VALUE, such as spark.executor.memory=4g")
    return key, value
