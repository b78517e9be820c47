"""The tables of an allocation: input, division and result.

They are the contract between the readers (`adapters`), the engine and the writers. Costs are whole units of
1e-10 of one currency; moments are UTC without a zone, intervals half-open; unknown text is NULL, never ''.
"""

from __future__ import annotations

import queue
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

COSTS: Final = ("billed", "effective", "listed", "contracted")
"""The four costs of a FOCUS charge, as columns of units; each is divided, each adds up by itself."""

CHARGE_CATEGORIES: Final = ("Usage", "Purchase", "Tax", "Credit", "Adjustment")
"""The kinds of charges in FOCUS (chargecategory.md)."""

CHARGE: Final = """
    charge           BIGINT NOT NULL,    -- 1, 2, 3 ... in the order of the input
    line_id          VARCHAR NOT NULL,   -- the bill's own name of the line, or '<file name>:<row>'
    source           VARCHAR NOT NULL,   -- name of the file
    row_number       BIGINT NOT NULL,    -- of the file; its first row of data is 1
    period_start     TIMESTAMP NOT NULL,
    period_end       TIMESTAMP NOT NULL,
    billed           BIGINT NOT NULL,
    effective        BIGINT NOT NULL,
    listed           BIGINT NOT NULL,
    contracted       BIGINT NOT NULL,
    charge_category  VARCHAR NOT NULL,   -- one of CHARGE_CATEGORIES, or the bill's own word, which is none
    charge_class     VARCHAR,            -- Correction (FOCUS)
    charge_frequency VARCHAR,            -- One-Time, Recurring, Usage-Based (FOCUS)
    invoice_id       VARCHAR,            -- NULL when there is none, or the bill does not say
    description      VARCHAR,
    service          VARCHAR,            -- FOCUS ServiceName
    service_category VARCHAR,
    region           VARCHAR,
    resource_id      VARCHAR,
    resource_name    VARCHAR,
    resource_type    VARCHAR,
    sku_id           VARCHAR,
    sku_price_id     VARCHAR,
    quantity         DECIMAL(38, 12),    -- FOCUS PricingQuantity
    unit             VARCHAR,            -- FOCUS PricingUnit
    billing_account  VARCHAR,
    sub_account      VARCHAR,
    provider         VARCHAR,
    publisher        VARCHAR,
    invoice_issuer   VARCHAR,
    tags             VARCHAR NOT NULL,   -- a flat JSON object, '{}' for none, keys as the bill spells them
    commitment_discount_id     VARCHAR,  -- FOCUS; NULL where no commitment is bought or used
    commitment_discount_status VARCHAR,  -- Used, Unused (FOCUS); of a fee: its effective cost is unused
    billing_start    TIMESTAMP,          -- FOCUS BillingPeriodStart; NULL where the bill has none
    billing_end      TIMESTAMP,
    other_month      VARCHAR,            -- 'YYYY-MM' of a charge period outside its billing period, else NULL
    allocated        VARCHAR,            -- what it says of an earlier allocation, see `earlier.allocated`
    split            VARCHAR,            -- of a share costack wrote: see `earlier.given_shares`
    original_currency VARCHAR,           -- what the row was billed in, where it was converted
    original_billed  DECIMAL(38, 12),    -- its billed cost in that currency
    rate             DECIMAL(16, 10)     -- what one unit of that currency costs in that of the statement
"""

USAGE: Final = """
    tenant       VARCHAR NOT NULL,       -- the consumer: a tenant, or a pool of the rulebook
    driver       VARCHAR NOT NULL,       -- one of allocation.engine.drivers.Driver
    period_start TIMESTAMP NOT NULL,
    period_end   TIMESTAMP NOT NULL,
    quantity     DECIMAL(38, 9) NOT NULL -- in the driver's own unit, accrued over the interval; 0 or more
"""

REFUSED: Final = """
    source     VARCHAR NOT NULL,
    row_number BIGINT NOT NULL,
    rule       VARCHAR NOT NULL,         -- the named rule that refused the row
    column_name VARCHAR,                 -- as the file calls it
    found      VARCHAR,                  -- the value, cut to 200 characters
    amount     DECIMAL(38, 24),          -- its cost if it can be read; NULL otherwise
    invoice_id VARCHAR                   -- of a bill's row
"""

ORIGIN: Final = """
    origin           BIGINT NOT NULL,    -- 1, 2, 3 ... in an order that the content decides
    pool             VARCHAR NOT NULL,
    rule             VARCHAR NOT NULL,   -- the rule of the rulebook that sent the charges here
    period_start     TIMESTAMP NOT NULL,
    period_end       TIMESTAMP NOT NULL,
    category         VARCHAR NOT NULL,   -- tiers.vocabulary.CostCategory
    charge_category  VARCHAR NOT NULL,
    charge_class     VARCHAR,
    charge_frequency VARCHAR,
    invoice_id       VARCHAR,
    service          VARCHAR,
    service_category VARCHAR,
    region           VARCHAR,
    billing_account  VARCHAR,
    sub_account      VARCHAR,
    provider         VARCHAR,
    publisher        VARCHAR,
    invoice_issuer   VARCHAR,
    billing_start    TIMESTAMP,
    billing_end      TIMESTAMP,
    other_month      VARCHAR,
    charges          BIGINT NOT NULL,    -- how many charges are summed here
    billed           BIGINT NOT NULL,
    effective        BIGINT NOT NULL,
    listed           BIGINT NOT NULL,
    contracted       BIGINT NOT NULL,
    slot             BIGINT              -- of time, whose usage divides it; NULL in runs of version 0.1
"""

KIND_OF_SHARED_CHARGE: Final = (
    "category",
    "charge_category",
    "charge_class",
    "charge_frequency",
    "invoice_id",
    "service",
    "service_category",
    "region",
    "billing_account",
    "sub_account",
    "provider",
    "publisher",
    "invoice_issuer",
    "billing_start",
    "billing_end",
    "other_month",
)
"""The columns that charges of one shared charge have in common, besides pool, rule and days."""

SHARE: Final = """
    origin       BIGINT NOT NULL,
    via          VARCHAR NOT NULL,       -- the pool whose driver divided it, of several if pools serve pools
    part         VARCHAR NOT NULL,       -- the allocation type: 'use', 'idle' or 'unallocated' (no driver)
    tenant       VARCHAR,                -- NULL for visible idle capacity and for unallocated cost
    weight       DECIMAL(38, 0) NOT NULL,
    total_weight DECIMAL(38, 0) NOT NULL,
    billed       BIGINT NOT NULL,
    effective    BIGINT NOT NULL,
    listed       BIGINT NOT NULL,
    contracted   BIGINT NOT NULL,
    ratio        BIGINT NOT NULL         -- of the origin, in units of 1e-12; adds up to 1e12 for every origin
"""

ASSIGNMENT: Final = """
    charge       BIGINT NOT NULL,        -- a charge with these columns is a row of the view `charged`
    disposition  VARCHAR NOT NULL,       -- 'direct', 'pooled', 'unallocated', or 'shared': a share, as given
    tenant       VARCHAR,                -- the tenant, when direct or shared
    pool         VARCHAR,                -- the pool that claimed it, when pooled or shared
    rule         VARCHAR NOT NULL,       -- the rule that decided; for an unallocated charge, the reason
    domain       VARCHAR NOT NULL,       -- tiers.vocabulary.CostDomain
    category     VARCHAR NOT NULL,       -- tiers.vocabulary.CostCategory
    behaviour    VARCHAR NOT NULL,       -- 'fixed' or 'variable'
    via          VARCHAR,                -- as of `share`, when shared
    part         VARCHAR                 -- as of `share`, when shared
"""

PARQUET: Final = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"
"""How files are written: level 1 takes a tenth less time than level 3, which is the default, and no space."""
LARGEST_PART: Final = 1_000_000
"""Rows of a file that one thread writes; of more there are several files, written side by side."""

_COLUMN: Final = re.compile(r"(?:^|,)\s*(\w+)\s+([A-Z]+(?:\(\d+, \d+\))?)", re.MULTILINE)


def literal(text: str | Path) -> str:
    """*text* as a string of SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def columns_of(table: str) -> dict[str, str]:
    """Name and type of every column of one of the tables above."""
    return dict(_COLUMN.findall(_without_comments(table)))


def create(connection: duckdb.DuckDBPyConnection, name: str, table: str) -> None:
    """Make the empty table *name*."""
    connection.execute(f"CREATE OR REPLACE TABLE {name} ({_without_comments(table)})")


def insert(
    connection: duckdb.DuckDBPyConnection, name: str, table: str, rows: Iterable[Sequence[object]]
) -> None:
    """Append *rows* with cells in the order of the columns; None is NULL, moments are ISO 8601."""
    # One list of text per column takes 2 microseconds a row; executemany takes 300. A column that is the same
    # in every row is sent once: of an estimate's charges most are.
    columns = list(zip(*rows, strict=True))
    if not columns:
        return
    cells: list[object] = []
    values = []
    for place, (column, kind) in enumerate(zip(columns, columns_of(table).values(), strict=True), 1):
        is_alike = place > 1 and column.count(column[0]) == len(column)
        cells.append(_text(column[0]) if is_alike else [_text(cell) for cell in column])
        values.append(
            f"CAST(${place}::VARCHAR AS {kind})"
            if is_alike
            else f"CAST(UNNEST(${place}::VARCHAR[]) AS {kind})"
        )
    connection.execute(f"INSERT INTO {name} SELECT {', '.join(values)}", cells)


def _text(cell: object) -> str | None:
    return None if cell is None else str(cell)


@contextmanager
def in_order(connection: duckdb.DuckDBPyConnection) -> Iterator[int]:
    """Make COPY write the same bytes each time: with one thread, and joins in the order of the SQL.

    With several threads DuckDB 2.0 writes the row groups of a joined COPY in any order, although it is set to
    preserve it. The right side of every join should be small. Yields the number of threads before.
    """
    (threads,) = connection.execute("SELECT current_setting('threads')").fetchone() or (1,)
    connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
    connection.execute("SET threads = 1")
    try:
        yield threads
    finally:
        connection.execute(f"SET threads = {threads}")
        connection.execute("RESET disabled_optimizers")


def copy_all(connection: duckdb.DuckDBPyConnection, copies: Mapping[Path, str], threads: int) -> None:
    """Write several files, each by a thread of its own; *copies* has SQL behind `COPY`, with `{path}`.

    Tables that are read may not be temporary: each thread has a cursor of its own.
    """
    cursors = [_cursor(connection) for _ in range(min(threads, len(copies)))]
    free = queue.SimpleQueue[duckdb.DuckDBPyConnection]()
    for cursor in cursors:
        free.put(cursor)

    def write(path: Path, copy: str) -> None:
        cursor = free.get()
        try:
            cursor.execute("COPY " + copy.replace("{path}", literal(path)))
        finally:
            free.put(cursor)

    with ThreadPoolExecutor(max_workers=max(len(cursors), 1)) as pool:
        try:
            for done in [pool.submit(write, path, copy) for path, copy in copies.items()]:
                done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for cursor in cursors:
                cursor.interrupt()
            raise


def _cursor(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Another connection to what *connection* uses, which may not be the engine's first database."""
    names = connection.execute("SELECT current_database(), current_schema()").fetchall()[0]
    cursor = connection.cursor()
    quoted = (str(name).replace('"', '""') for name in names)
    cursor.execute('USE "' + '"."'.join(quoted) + '"')
    return cursor


def _without_comments(table: str) -> str:
    return "\n".join(line.partition("--")[0] for line in table.splitlines())
