"""The shapes of charges, and the view that gives every charge the decision about its shape.

The rulebook decides what a shape is made of: what no rule looks at is no part of it, so that shapes stay few.
"""

# ruff: noqa: S608 - SQL is assembled from our own names and days
from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from itertools import pairwise
from typing import Final

import duckdb

from allocation.engine import kinds
from allocation.engine.owners.known import UNLISTED, Known
from allocation.engine.owners.owner import Shape
from allocation.engine.owners.virtual_tags import days_of_change, like_patterns
from allocation.engine.rulebook import Rulebook
from allocation.engine.tables import create, insert

_RESOURCE: Final = """
    resource_id VARCHAR NOT NULL,
    fact        VARCHAR NOT NULL,
    matched     VARCHAR NOT NULL
"""


_KEY_OF: Final = {
    key: "COALESCE(known_resource.fact, '')" if key == "fact" else f"COALESCE(charge.{key}, '')"
    for key in ("tags", "fact", "service", "service_category", "charge_category", "sub_account", "region")
} | {
    "matched": "COALESCE(known_resource.matched, '')",
    "other_month": "COALESCE(charge.other_month, '')",
    "allocated": "COALESCE(charge.allocated, '')",
    "commitment_discount_status": "COALESCE(charge.commitment_discount_status, '')",
}
"""Column of a shape -> its value in a charge; region, matched and status only if they are looked at."""


def shapes_of(connection: duckdb.DuckDBPyConnection, known: Known, rules: Rulebook) -> dict[int, Shape]:
    """Make the tables `known_resource` and `shape` of `charge`; returns every shape by its number."""
    create(connection, "known_resource", _RESOURCE)
    resources = ((resource, fact, "") for resource, fact in known.resources.items())
    insert(connection, "known_resource", _RESOURCE, resources)
    matched = _match_resources(connection, known, rules)
    connection.execute(_shapes(rules, kinds.columns_by_kind(connection), matched=matched))
    found = connection.execute("SELECT * FROM shape ORDER BY shape")
    names = [column[0] for column in found.description][1:]
    return {number: _shape(names, values) for number, *values in found.fetchall()}


def make_charged(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the view `charged` of `charge`, `known_resource`, `shape` and `decision`.

    The columns of `shape` say what was looked at; older runs looked at less. What all shapes have alike
    tells none from another, and is not compared.
    """
    columns = [row[0] for row in connection.execute("DESCRIBE shape").fetchall()]
    asked = ", ".join(f"MIN({key}) <> MAX({key})" for key in columns)
    differing = connection.execute(f"SELECT {asked} FROM shape").fetchall()[0]
    keys = {key for key, differs in zip(columns, differing, strict=True) if differs and key in _KEY_OF}
    known_by_kind = kinds.columns_by_kind(connection)
    by_kind = keys & known_by_kind
    own = sorted(keys - by_kind)
    alike = [f"decided.{key} = {_KEY_OF[key]}" for key in own]
    if "since" in columns:
        own += ["since", "until"]
        alike.append("charge.period_start >= decided.since AND charge.period_start < decided.until")
    source, chosen = "shape", [f"shape.{key}" for key in own]
    if known_by_kind:
        same = [f"shape.{key} = COALESCE(CAST(kinds.{key} AS VARCHAR), '')" for key in sorted(by_kind)]
        source = f"{kinds.KINDS} AS kinds JOIN shape ON {' AND '.join(same) or 'true'}"
        chosen += ["kinds.kind", "ROW_NUMBER() OVER (ORDER BY kinds.kind, shape) AS decided"]
        own.append("kind")
        alike.append("decided.kind = charge.kind")
    decided = f"SELECT {', '.join((*chosen, 'decision.*'))} FROM {source} JOIN decision USING (shape)"
    if known_by_kind:
        kinds.make_enumerated(connection, "decided", decided)
    else:  # of few charges: an estimate takes half as long again with enumerated types
        connection.execute(f"CREATE OR REPLACE TABLE decided AS {decided}")
    resources = "LEFT JOIN known_resource USING (resource_id)" if keys & {"fact", "matched"} else ""
    connection.execute(
        f"""CREATE OR REPLACE VIEW charged AS
        SELECT charge.*, decided.* EXCLUDE ({", ".join(("shape", *own))})
        FROM charge {resources} JOIN decided ON {" AND ".join(alike) or "true"}"""
    )


def _match_resources(connection: duckdb.DuckDBPyConnection, known: Known, rules: Rulebook) -> bool:
    """Add the resources that a virtual tag's pattern matches, or that an inventory would list if it had them.

    Each distinct id is judged once. Returns whether there are any.
    """
    patterns, listed = like_patterns(rules.virtual_tags), known.listed
    if not patterns and not listed:
        return False
    judged = ["CASE WHEN resource_id LIKE ? ESCAPE '!' THEN ? END" for _ in patterns]
    judged += [f"CASE WHEN resource_id LIKE ? THEN '{UNLISTED} ' || resource_id END" for _ in listed]
    asked = "resource_id IS NOT NULL" if patterns else " OR ".join("resource_id LIKE ?" for _ in listed)
    connection.execute(
        f"""INSERT INTO known_resource
        SELECT resource_id, '', matched FROM (
            SELECT resource_id, CONCAT_WS(' ', {", ".join(judged)}) AS matched
            FROM (SELECT DISTINCT resource_id FROM charge WHERE {asked}) AS named
            ANTI JOIN known_resource USING (resource_id)
        ) WHERE matched <> ''""",
        [
            *(text for name, pattern in patterns for text in (pattern, name)),
            *listed,
            *(() if patterns else listed),
        ],
    )
    return bool(connection.execute("SELECT 1 FROM known_resource WHERE matched <> '' LIMIT 1").fetchall())


def _shapes(rules: Rulebook, by_kind: Collection[str], *, matched: bool) -> str:
    """The SQL of the table `shape`: it has a column for what is looked at, and no other."""
    unasked = {
        *(("region",) if not any(one.when.regions for one in rules.virtual_tags) else ()),
        *(("matched",) if not matched else ()),
        *(
            ("commitment_discount_status",)
            if not any(rule.when.commitment_statuses for rule in rules.rules)
            else ()
        ),
    }
    keys = {key: value for key, value in _KEY_OF.items() if key not in unasked}
    source, times = "charge LEFT JOIN known_resource USING (resource_id)", ""
    if days := days_of_change(rules.virtual_tags):
        ends = [date.min, *days, date.max]
        spans = ", ".join(f"(TIMESTAMP '{start}', TIMESTAMP '{end}')" for start, end in pairwise(ends))
        source += f""" JOIN (VALUES {spans}) AS span (since, until)
            ON charge.period_start >= span.since AND charge.period_start < span.until"""
        times = ", since, until"
    own = {key: value for key, value in keys.items() if key not in by_kind}
    rows = ", ".join(f"{value} AS {key}" for key, value in own.items())
    found = f"SELECT DISTINCT {rows}{times} FROM {source}"
    if len(own) < len(keys):
        of_kind = ", ".join(
            f"COALESCE(CAST(kinds.{key} AS VARCHAR), '') AS {key}" if key in by_kind else f"found.{key}"
            for key in keys
        )
        found = f"""SELECT DISTINCT {of_kind}{times}
            FROM (SELECT DISTINCT charge.kind, {rows}{times} FROM {source}) AS found
            JOIN {kinds.KINDS} AS kinds USING (kind)"""
    return f"""
CREATE OR REPLACE TABLE shape AS
SELECT ROW_NUMBER() OVER (ORDER BY {", ".join(keys)}{times}) AS shape, *
FROM ({found})
"""


def _shape(names: Iterable[str], values: Iterable[object]) -> Shape:
    found = dict(zip(names, values, strict=True))
    since = found.get("since")
    day = since.date() if isinstance(since, datetime) else date.min
    return Shape(**{key: str(found.get(key, "")) for key in _KEY_OF}, since=day)
