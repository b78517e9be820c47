"""Divides the lines of a bill that pay for a second zone into two charges: a single zone's, and availability.

The relation `charge` becomes a view that has both in place of the line; together they are the line, to the
unit in each of the four costs. Availability has a cost category of its own, and no quantity: the line's stays
with the first. The bill's files are not touched.
"""

# ruff: noqa: S608 - SQL is assembled from our own names
from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

import duckdb

from allocation.billed.availability.parts import LIKE, Line, Unsplit, single_zone_part
from allocation.engine.attribution import CATEGORY_TAG
from allocation.engine.kinds import KINDS, LINES, lines_of
from allocation.engine.tables import COSTS, create, insert
from allocation.prices.price_book import PriceBook
from tiers.vocabulary import CostCategory

AVAILABILITY: Final = "availability"
"""Table of what availability costs of a line."""
AVAILABILITY_COLUMNS: Final = """
    charge     BIGINT NOT NULL,          -- the line of the bill, a number of `charge`
    part       BIGINT NOT NULL,          -- the number of the charge that its availability is
    kind       BIGINT,                   -- the kind of that charge, where charges have kinds
    billed     BIGINT NOT NULL,
    effective  BIGINT NOT NULL,
    listed     BIGINT NOT NULL,
    contracted BIGINT NOT NULL
"""
SUFFIX: Final = "/availability"
"""What follows the name of a line in the name of its availability."""
_READ: Final = "charge_read"
_NAMED: Final = 3
_PARTS: Final = """
    description VARCHAR NOT NULL, region VARCHAR NOT NULL, grouped VARCHAR NOT NULL,
    numerator BIGINT NOT NULL, denominator BIGINT NOT NULL
"""
_TAG: Final = f'{{"{CATEGORY_TAG}": "{CostCategory.RESILIENCE}"}}'
# The nodes of a replication group have its name and a number: odoo-local-001.
_GROUP: Final = "regexp_replace(regexp_replace(coalesce(resource_id, ''), '.*:', ''), '-[0-9]{3}$', '')"
_OF_A_LINE: Final = (
    "coalesce(CAST(description AS VARCHAR), '')",
    "coalesce(CAST(region AS VARCHAR), '')",
    f"CASE WHEN CAST(description AS VARCHAR) ILIKE '%node-hour%' THEN {_GROUP} ELSE '' END",
)


class Itemised(NamedTuple):
    """How many lines were divided, and which stay whole."""

    lines: int = 0
    unsplit: tuple[Unsplit, ...] = ()

    def account(self) -> dict[str, Any]:
        """What a manifest says of it; nothing where no line pays for a second zone."""
        whole = sorted({each.reason for each in self.unsplit})
        return {"availability": {"lines": self.lines, "whole": whole}} if self.lines or whole else {}

    def sentence(self) -> str:
        """What to tell of lines that stay whole; '' where there are none."""
        if not self.unsplit:
            return ""
        reasons = sorted({each.reason for each in self.unsplit})
        more = f" and {len(reasons) - _NAMED} more" if len(reasons) > _NAMED else ""
        return (
            f"not divided into a single zone's cost and availability: {'; '.join(reasons[:_NAMED])}{more}; "
            "`costack prices update --region REGION` fetches prices"
        )


def keep_whole(connection: duckdb.DuckDBPyConnection) -> Itemised:
    """Make the table `availability` empty: every line of `charge` stays what it is."""
    create(connection, AVAILABILITY, AVAILABILITY_COLUMNS)
    return Itemised()


def itemise(
    connection: duckdb.DuckDBPyConnection, prices: Callable[[], PriceBook], nodes: Mapping[str, int]
) -> Itemised:
    """Make the table `availability` of `charge`, and divide its lines. Costs are whole units, and stay it.

    *prices* are asked for only if a line is looked at. A line whose own tags name its category keeps it, and
    so does one that an earlier run allocated.
    """
    keep_whole(connection)
    lines = _lines(connection)
    if not lines:
        return Itemised()
    known = prices()
    found = {line: single_zone_part(line, known, nodes) for line in lines}
    parts = {line: part for line, part in found.items() if isinstance(part, Fraction)}
    unsplit = tuple(part for part in found.values() if isinstance(part, Unsplit))
    if parts:
        _fill(connection, parts)
        divide_lines(connection)
    (lines,) = connection.execute(f"SELECT {_counted(connection)}").fetchall()[0]
    return Itemised(lines, unsplit)


def divide_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `charge` a view in which the lines of the table `availability` are two charges each."""
    columns = [row[0] for row in connection.execute("DESCRIBE charge").fetchall()]
    if not connection.execute(f"SELECT 1 FROM {AVAILABILITY} LIMIT 1").fetchall():
        return
    _rename(connection)
    kinds = ["own.kind AS kind"] if "kind" in columns else []
    less = ", ".join(f"charge.{cost} - coalesce(own.{cost}, 0) AS {cost}" for cost in COSTS)
    own = ", ".join(
        [
            "own.part AS charge",
            f"charge.line_id || '{SUFFIX}' AS line_id",
            *(f"own.{cost} AS {cost}" for cost in COSTS),
            "CAST(charge.description AS VARCHAR) || ' (availability)' AS description",
            *(f"CAST(NULL AS {kind}) AS {name}" for name, kind in _NOT_ITS_OWN.items()),
            f"CAST(json_merge_patch(CAST(charge.tags AS VARCHAR), '{_TAG}') AS VARCHAR) AS tags",
            *kinds,
        ]
    )
    connection.execute(
        f"""CREATE VIEW charge AS
        SELECT charge.* REPLACE ({less})
        FROM {_READ} AS charge LEFT JOIN {AVAILABILITY} AS own ON own.charge = charge.charge
        UNION ALL BY NAME SELECT charge.* REPLACE ({own})
        FROM {_READ} AS charge JOIN {AVAILABILITY} AS own ON own.charge = charge.charge"""
    )


_NOT_ITS_OWN: Final = {
    "sku_id": "VARCHAR",
    "sku_price_id": "VARCHAR",
    "quantity": "DECIMAL(38, 12)",
    "unit": "VARCHAR",
    "original_billed": "DECIMAL(38, 12)",
}
"""Columns that stay with the line's first part: its quantity, and what names the price of a quantity."""


def _candidates() -> str:
    described = " OR ".join(f"CAST(description AS VARCHAR) ILIKE '{pattern}'" for pattern in LIKE)
    return (
        f"charge_category = 'Usage' AND allocated IS NULL AND ({described}) "
        f"AND NOT contains(CAST(tags AS VARCHAR), '{CATEGORY_TAG}')"
    )


def _lines(connection: duckdb.DuckDBPyConnection) -> list[Line]:
    rows = connection.execute(
        f"SELECT DISTINCT {', '.join(_OF_A_LINE)} FROM charge WHERE {_candidates()} ORDER BY ALL"
    ).fetchall()
    return [Line(*row) for row in rows]


def _counted(connection: duckdb.DuckDBPyConnection) -> str:
    """SQL that counts the lines of the bill that are divided."""
    count = lines_of(connection)
    if LINES not in count:
        return f"{count} FROM {AVAILABILITY}"
    return f"{count} FROM charge WHERE charge IN (SELECT charge FROM {AVAILABILITY})"


def _fill(connection: duckdb.DuckDBPyConnection, parts: Mapping[Line, Fraction]) -> None:
    create(connection, "availability_part", _PARTS)
    rows = [(*line, part.numerator, part.denominator) for line, part in parts.items()]
    insert(connection, "availability_part", _PARTS, rows)
    described, region, grouped = _OF_A_LINE
    columns = {row[0] for row in connection.execute("DESCRIBE charge").fetchall()}
    has_kinds = "kind" in columns
    # Division is of whole numbers, and what a remainder leaves is availability: nothing is lost.
    # Of lines of one amount that are summed each is divided by itself, too.
    lines = f"charge.{LINES} * " if LINES in columns else ""
    line = f"CAST(charge.{{0}} AS HUGEINT){f' // charge.{LINES}' if lines else ''}"
    single = f"{lines}(({line}) * part.numerator // part.denominator)"
    costs = ", ".join(f"charge.{cost} - CAST({single.format(cost)} AS BIGINT)" for cost in COSTS)
    connection.execute(
        f"""INSERT INTO {AVAILABILITY}
        SELECT charge.charge, most.charge + ROW_NUMBER() OVER (ORDER BY charge.charge),
            {"charge.kind" if has_kinds else "NULL"}, {costs}
        FROM (SELECT *, {described} AS described, {region} AS place, {grouped} AS grouped
            FROM charge WHERE {_candidates()}) AS charge
        CROSS JOIN (SELECT MAX(charge) AS charge FROM charge) AS most
        JOIN availability_part AS part ON part.description = charge.described
            AND part.region = charge.place AND part.grouped = charge.grouped"""
    )
    connection.execute("DROP TABLE availability_part")
    if has_kinds:
        _add_kinds(connection)


def _add_kinds(connection: duckdb.DuckDBPyConnection) -> None:
    """Add kinds of which availability is: charges of one kind say the same, and it says something else."""
    types = {row[0]: row[1] for row in connection.execute(f"DESCRIBE {KINDS}").fetchall()}
    changed = {
        "description": "CAST(description AS VARCHAR) || ' (availability)'",
        "tags": f"CAST(json_merge_patch(CAST(tags AS VARCHAR), '{_TAG}') AS VARCHAR)",
        **{name: f"CAST(NULL AS {kind})" for name, kind in _NOT_ITS_OWN.items()},
    }
    for name in set(changed) & set(types):
        if types[name].startswith("ENUM"):
            connection.execute(f"ALTER TABLE {KINDS} ALTER {name} TYPE VARCHAR")
    said = ", ".join(f"{sql} AS {name}" for name, sql in changed.items() if name in types)
    said = f"kind + most.kind AS kind{', ' if said else ''}{said}"
    most = f"SELECT MAX(kind) AS kind FROM {KINDS}"
    connection.execute(
        f"""CREATE OR REPLACE TABLE {KINDS}_more AS
        SELECT kinds.* REPLACE ({said.replace("kind + most", "kinds.kind + most")})
        FROM {KINDS} AS kinds CROSS JOIN ({most}) AS most
        WHERE kinds.kind IN (SELECT kind FROM {AVAILABILITY})"""
    )
    connection.execute(f"UPDATE {AVAILABILITY} SET kind = kind + (SELECT MAX(kind) FROM {KINDS})")
    connection.execute(f"INSERT INTO {KINDS} SELECT * FROM {KINDS}_more")
    connection.execute(f"DROP TABLE {KINDS}_more")


def _rename(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the relation `charge` another name; DuckDB needs to know which kind of relation it is."""
    ((kind,),) = connection.execute(
        "SELECT table_type FROM information_schema.tables WHERE table_name = 'charge' "
        "AND table_catalog = current_database() AND table_schema = current_schema()"
    ).fetchall()
    connection.execute(f"ALTER {'VIEW' if kind == 'VIEW' else 'TABLE'} charge RENAME TO {_READ}")
