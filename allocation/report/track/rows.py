"""The rows of a tracked month: as a table for a person, as CSV and as Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from rich.table import Table

from allocation.money import text_of
from allocation.report.figures import plain_percent
from allocation.report.preview.markdown import words
from allocation.report.track.story import days_of, error_of, heading, sentences, shown
from allocation.track.budgets import Scope
from allocation.track.month_to_date import NOBODY, Line, Tracked

NO_TENANT: Final = "(no tenant)"
"""The name of the row of idle and unallocated cost."""
_COLUMNS: Final = (
    *("scope", "name", "client", "tier", "spent", "forecast", "low", "high"),
    *("budget", "spent_percent", "forecast_percent", "fee", "method", "error_percent"),
)
_ANOMALY_COLUMNS: Final = (
    "anomaly",
    "days",
    "charged more",
    "score",
    "may be because",
    "largest charges behind it",
)


def name_of(line: Line) -> str:
    """What a row is called."""
    return line.name if line.name != NOBODY else NO_TENANT


def rows(tracked: Tracked) -> Iterator[Sequence[str]]:
    """A header and a row for each line, with exact amounts; unknown values are empty."""
    yield _COLUMNS
    for line in tracked.lines:
        cost = line.forecast
        amounts = (cost.spent, cost.total, cost.low, cost.high, line.budget)
        spent, forecast, low, high, budget = ("" if each is None else text_of(each) for each in amounts)
        yield (
            *(str(line.scope), name_of(line), line.client, line.tier, spent, forecast, low, high, budget),
            *_percents(line),
            *(text_of(line.fee), str(cost.method or ""), error_of(cost)),
        )


def as_csv(tracked: Tracked) -> str:
    """The rows as RFC 4180."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows(tracked))
    return text.getvalue()


def as_markdown(tracked: Tracked) -> str:
    """A heading, the rows, the anomalies and all sentences, for a wiki or a comment."""
    lines = [f"# {heading(tracked)}", "", *_grid(_short_rows(tracked), names=2), ""]
    if tracked.anomalies:
        lines += ["## Anomalies", "", *_grid(list(anomaly_rows(tracked)), names=2), ""]
    lines += [f"- {words(sentence)}" for sentence in sentences(tracked)]
    return "\n".join(lines) + "\n"


def tracked_table(tracked: Tracked) -> Table:
    """The rows for a terminal, amounts in cents."""
    header, *body = _short_rows(tracked)
    table = Table(title=heading(tracked), title_justify="left")
    for place, name in enumerate(header):
        table.add_column(name, justify="left" if place < 2 or name == "method" else "right", no_wrap=True)  # noqa: PLR2004 - names are the first two
    for row in body:
        table.add_row(*row)
    return table


def anomaly_table(tracked: Tracked) -> Table | None:
    """The anomalies for a terminal; None without any."""
    if not tracked.anomalies:
        return None
    table = Table(title="Anomalies", title_justify="left")
    header, *body = anomaly_rows(tracked)
    for name in header:
        table.add_column(name, justify="right" if name in {"charged more", "score"} else "left")
    for row in body:
        table.add_row(*row)
    return table


def anomaly_rows(tracked: Tracked) -> Iterator[Sequence[str]]:
    """A header and a row for each anomaly, with the charges behind it."""
    yield _ANOMALY_COLUMNS
    for each in tracked.anomalies:
        behind = "; ".join(
            f"{' '.join(part for part in (line.service, line.item, line.resource) if part)} "
            f"{shown(line.units - line.usual, tracked.currency, signed=True)}"
            for line in tracked.lines_behind.get(each, ())[:3]
        )
        yield (
            each.owner.name,
            days_of(each),
            shown(each.difference, tracked.currency, signed=True),
            f"{each.score_tenths // 10}.{each.score_tenths % 10}",
            each.event.what if each.event else "",
            behind,
        )


def _short_rows(tracked: Tracked) -> list[Sequence[str]]:
    header = (
        *("", "name", "spent", "forecast", "from", "to", "budget", "% spent", "% forecast"),
        *("method", "error %"),
    )
    made: list[Sequence[str]] = [header]
    for line in tracked.lines:
        cost = line.forecast
        amounts = (cost.spent, cost.total, cost.low, cost.high, line.budget)
        money = ("" if each is None else shown(each, tracked.currency) for each in amounts)
        scope = str(line.scope) if line.name != NOBODY or line.scope is not Scope.TENANT else ""
        made.append(
            (
                scope,
                line.shown or name_of(line),
                *money,
                *_percents(line),
                str(cost.method or ""),
                error_of(cost),
            )
        )
    return made


def _percents(line: Line) -> tuple[str, str]:
    if not line.budget:
        return "", ""
    return plain_percent(line.forecast.spent, line.budget), plain_percent(line.forecast.total, line.budget)


def _grid(table: Sequence[Sequence[str]], names: int) -> list[str]:
    header, *body = table
    marks = ["---" if place < names else "---:" for place, _ in enumerate(header)]
    return [f"| {_cells(row)} |" for row in (header, marks, *body)]


def _cells(row: Sequence[str]) -> str:
    return " | ".join(map(words, row))
