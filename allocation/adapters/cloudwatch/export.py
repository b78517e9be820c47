"""Reads what `aws cloudwatch get-metric-data --output json` wrote for the queries of `metric_queries`.

The shape is that of GetMetricData (botocore, cloudwatch 2010-08-01). The AWS CLI joins the pages of an
answer, so that a metric may have several results: the earlier ones are partial, the last one is complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from allocation.adapters.cloudwatch.queries import STATISTICS
from allocation.charges import ChargePeriod
from allocation.review.metric_levels import Metric, MetricKey, MetricLevel
from tiers.errors import CatalogError
from tiers.escapes import shortened
from tiers.files import MAX_JSON_BYTES, parsed_json, read_text

_MOST_VALUES: Final = 20_000_000
_COMPLETE: Final = "Complete"
_PARTIAL: Final = "PartialData"
_EXPECTED: Final = (
    "expected the JSON of `aws cloudwatch get-metric-data` for the queries of `costack usage cloudwatch`"
)
_PARTS_OF_A_LABEL: Final = 5
_MOST_PERIOD: Final = 86_400


_Points = dict[MetricKey, tuple[int, dict[datetime, Decimal]]]
"""How long the periods of a metric are, in seconds, and the value of each by its beginning."""


class _Series(NamedTuple):
    """A metric with the length of its periods."""

    key: MetricKey
    seconds: int


def read_metrics(paths: Iterable[Path], period: ChargePeriod) -> dict[MetricKey, MetricLevel]:
    """The metrics of *period* in some exports; points of other months are left out.

    Raises:
        CatalogError: With a sentence for each export that cannot be used as it is.
    """
    points: _Points = {}
    problems: list[str] = []
    for path in paths:
        try:
            _read(path, points)
        except CatalogError as error:
            problems += error.problems
    if problems:
        raise CatalogError(*problems)
    return dict(_levels(points, period))


def _levels(points: _Points, period: ChargePeriod) -> Iterator[tuple[MetricKey, MetricLevel]]:
    month = int((period.end - period.start).total_seconds())
    for key, (seconds, known) in points.items():
        there = [known[at] for at in sorted(known) if period.start <= at < period.end]
        if there:
            yield key, MetricLevel(tuple(there), min(len(there) * seconds, month), month)


def _read(path: Path, points: _Points) -> None:
    text = read_text(path, MAX_JSON_BYTES)
    document = parsed_json(text, str(path), Decimal, "export it again", most=_MOST_VALUES)
    results = document.get("MetricDataResults") if isinstance(document, dict) else None
    if not isinstance(results, list):
        raise CatalogError(f"{path}: has no list MetricDataResults; {_EXPECTED}")
    if document.get("NextToken"):
        raise CatalogError(f"{path}: has a NextToken, so the answer goes on; export it without --max-items")
    states: dict[str, str] = {}
    for number, result in enumerate(results, 1):
        where = f"{path}, result {number}"
        series = _series(where, result)
        states[result["Label"]] = _state(where, result)
        seconds, known = points.setdefault(series.key, (series.seconds, {}))
        if seconds != series.seconds:
            raise CatalogError(
                f"{where}: {result['Label']} has points of {series.seconds} seconds, and others have "
                f"{seconds}; export one of them"
            )
        for at, value in _points(where, result, series):
            if known.setdefault(at, value) != value:
                raise CatalogError(f"{where}: {result['Label']} has two values at {at:%Y-%m-%dT%H:%MZ}")
    if partial := sorted(label for label, state in states.items() if state != _COMPLETE):
        raise CatalogError(f"{path}: {partial[0]} is not complete; export it again without --no-paginate")


def _series(where: str, result: Any) -> _Series:
    label = result.get("Label") if isinstance(result, dict) else None
    words = label.split(" ") if isinstance(label, str) else []
    metrics = {str(metric): metric for metric in Metric}
    if len(words) == _PARTS_OF_A_LABEL:
        fact, node, name, statistic, seconds = words
        metric = metrics.get(name)
        known = metric is not None and statistic == STATISTICS[metric]
        if known and metric and seconds.isascii() and seconds.isdigit() and 0 < int(seconds) <= _MOST_PERIOD:
            return _Series((fact, node, metric), int(seconds))
    raise CatalogError(f"{where}: its label is '{shortened(str(label))}'; {_EXPECTED}")


def _state(where: str, result: Mapping[str, Any]) -> str:
    state = result.get("StatusCode")
    if state not in (_COMPLETE, _PARTIAL):
        raise CatalogError(
            f"{where}: {result['Label']}: its status is {shortened(str(state))}, expected {_COMPLETE}; "
            "export it again"
        )
    return str(state)


def _points(where: str, result: Mapping[str, Any], series: _Series) -> Iterator[tuple[datetime, Decimal]]:
    moments, values = result.get("Timestamps"), result.get("Values")
    if not isinstance(moments, list) or not isinstance(values, list) or len(moments) != len(values):
        raise CatalogError(f"{where}: expected as many Timestamps as Values, in two lists")
    for moment, value in zip(moments, values, strict=True):
        at = _moment(moment)
        if at is None:
            shown = shortened(str(moment))
            raise CatalogError(
                f"{where}: '{shown}' is no moment with a time zone, such as 2026-11-01T00:00:00Z"
            )
        if int(at.timestamp()) % series.seconds:
            raise CatalogError(f"{where}: {moment} begins no period of {series.seconds} seconds")
        yield at, _value(where, value)


def _value(where: str, value: Any) -> Decimal:
    number = Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
    if number is None or not number.is_finite() or number < 0:
        raise CatalogError(f"{where}: a value is {shortened(str(value))}, expected a number from 0")
    return number


def _moment(text: Any) -> datetime | None:
    """The moment in UTC; None of what has no time zone."""
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return at.astimezone(UTC) if at is not None and at.tzinfo is not None else None
