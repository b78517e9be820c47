"""The steps that an engine does for an allocation, as SQL of DuckDB; `dialects` prints them for others.

Each reads the table `bill`: the columns of the delivered files, `costack_file` with the name of a row's file
and `costack_row` with its place there, from 1. `known_resource(resource_id)` has the ids that the inventories
list. What comes out is bounded by how many kinds of rows a bill has, not by how many rows:

1. `groups_sql`: rows that say the same, as one: sums in whole units, how many rows, and the first one's name.
2. `rows_sql`: the rows that may not be summed, as they are.
3. `counted_sql`: how many lines there are, so that an answer that is not whole is no bill.
4. `overlap_sql`: two files of different deliveries with lines about the same.

The driver reads both as a bill (`answer`), so one code decides, divides and refuses on every engine.
"""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted text
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from allocation.adapters.bill.formats.columns import FOCUS
from allocation.adapters.bill.formats.detection import Column
from allocation.adapters.distributed.columns import MOMENT_TYPES, Columns
from allocation.adapters.distributed.costs import made_costs
from allocation.adapters.distributed.numbers import is_given, money_units, quantity_units
from allocation.billed.availability.parts import LIKE
from allocation.engine.tables import literal

GROUPS: Final = "groups"
ROWS: Final = "rows"
COUNTED: Final = "counted"
FILE: Final = "costack_file"
ROW: Final = "costack_row"
_NESTED: Final = ("MAP(", "STRUCT(", "JSON")
_USAGE_WORDS: Final = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage")
_NULL_TEXT: Final = "CAST(NULL AS VARCHAR)"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the steps depend on besides the bill.

    Attributes:
        currency: Of the statement; rows of another stay by themselves.
        patterns: For SQL's LIKE with the escape `!`, of the resource ids that rules look at.
    """

    currency: str
    patterns: Sequence[str] = ()


def groups_sql(columns: Columns, asked: Asked) -> str:
    """Rows that say the same, as one row each.

    Two rows are of one group if all their words are alike, each of their amounts is there and has the same
    sign, and they are of the same days. So no sum without signs, no first name and no count changes by it.
    """
    keys = keys_of(columns, asked)
    sums = [f"SUM(CAST({name} AS DECIMAL(38, 0))) AS {name}" for name in (*columns.sums, "quantity")]
    return f"""
WITH {line_sql(columns, asked)}
SELECT {", ".join(keys)}, {", ".join(sums)}, COUNT(*) AS lines, MIN(line) AS line
FROM line
GROUP BY {", ".join(keys)}""".strip()


def line_sql(columns: Columns, asked: Asked, more: Mapping[str, str] = MappingProxyType({})) -> str:
    """The relation `line` of all lines that may be summed, and those before it: keys, numbers, and its name.

    *more* are columns of the line's own: name -> SQL over `judged`.
    """
    own = {name: f"costack_{name}" for name in (*columns.sums, "quantity")}
    made = {**keys_of(columns, asked), **own, "line": _name(columns), **more}
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in made.items())
    return f"""{_judged(columns, asked)},
line AS (
    SELECT {chosen}
    FROM judged{_known(columns)}
    WHERE NOT costack_apart
)"""


def rows_sql(columns: Columns, asked: Asked) -> str:
    """The rows that may not be summed, with all columns that are read."""
    kept = ", ".join(each.sql for each in columns.delivered)
    return f"""
WITH {_judged(columns, asked)}
SELECT {kept}, {FILE}, {ROW}
FROM judged
WHERE costack_apart""".strip()


def counted_sql() -> str:
    """How many lines the bill has."""
    return "SELECT COUNT(*) AS lines FROM bill"


def steps_of(columns: Columns, asked: Asked) -> dict[str, str]:
    """The steps whose answers are read back: the name of the answer's folder -> SQL."""
    return {GROUPS: groups_sql(columns, asked), ROWS: rows_sql(columns, asked), COUNTED: counted_sql()}


def overlap_sql(columns: Columns) -> str:
    """The two files with most lines about the same, by `delivery(file, delivery)`; no row if there are none.

    As `deliveries.overlap` asks it: whatever a line costs, by account, service, resource, SKU and time.
    """
    texts = columns.layout.texts
    names = ("billing_account", "sub_account", "service", "region", "resource_id", "sku_id", "sku_price_id")
    titles = {title.partition(".")[0].casefold() for name in names for title in texts.get(name, ())}
    about = [each for each in columns.delivered if each.name.casefold() in titles]
    keys = ", ".join([*(_text(each) for each in about), columns.start.sql, columns.word(columns.layout.word)])
    return f"""
SELECT first, second, COUNT(*) AS lines
FROM (
    SELECT MIN(delivery.file) AS first, MAX(delivery.file) AS second
    FROM bill INNER JOIN delivery ON delivery.file = bill.{FILE}
    WHERE NOT {columns.start.sql} IS NULL
    GROUP BY {keys}
    HAVING MIN(delivery.delivery) <> MAX(delivery.delivery)
) AS same
GROUP BY first, second
ORDER BY lines DESC, first, second
LIMIT 1""".strip()


def keys_of(columns: Columns, asked: Asked) -> dict[str, str]:
    """What the rows of a group have alike: the name in the answer -> SQL over `judged`."""
    return {
        **{name: _text(each) for name, each in columns.named_words.items()},
        **_moments(columns),
        "resource": _resource(columns, asked),
        "description": _description(columns),
        "has_quantity": is_given(columns.quantity) if columns.quantity else "FALSE",
        **{f"sign_{name}": _sign(f"costack_{name}") for name in columns.sums},
        **{f"same_{name}": f"CASE WHEN costack_divided THEN costack_{name} END" for name in columns.sums},
        **{f"sign_{cost}": _sign(sql) for cost, sql in made_costs(columns).items()},
    }


def _judged(columns: Columns, asked: Asked) -> str:
    """The relation `judged`: rows with their numbers, and what may be done with them.

    `costack_divided` is whether a line may pay for a second zone: then each line is divided by itself, so
    that only lines of one amount are summed. `costack_exact` is whether its period is kept as it is.
    """
    units = [f"{money_units(each)} AS costack_{name}" for name, each in columns.sums.items()]
    quantity = quantity_units(columns.quantity) if columns.quantity else "CAST(NULL AS DECIMAL(38, 0))"
    named = ", ".join([*units, f"{quantity} AS costack_quantity", *_line_names(columns)])
    repeated, join = "", ""
    if columns.line:
        repeated = """
repeated AS (
    SELECT costack_line AS name FROM numbered
    WHERE NOT costack_line IS NULL GROUP BY costack_line HAVING COUNT(*) > 1
),"""
        join = "\n    LEFT JOIN repeated ON repeated.name = numbered.costack_line"
    return f"""numbered AS (
    SELECT bill.*, {named}
    FROM bill
),{repeated}
judged AS (
    SELECT numbered.*, {_divided(columns)} AS costack_divided, {_exact(columns)} AS costack_exact,
        {_apart(columns, asked)} AS costack_apart
    FROM numbered{join}
)"""


def _line_names(columns: Columns) -> list[str]:
    """The name of a line that the bill gives it once and for all."""
    if not columns.line:
        return []
    first, *rest = columns.line
    more = "".join(f" || '|' || COALESCE(CAST({each.sql} AS VARCHAR), '')" for each in rest)
    return [f"CASE WHEN {is_given(first)} THEN CAST({first.sql} AS VARCHAR){more} END AS costack_line"]


def _apart(columns: Columns, asked: Asked) -> str:
    """Whether a row stays by itself.

    Its numbers are not plain; it has another currency, no period, or was allocated before; it is there twice;
    or its cost is rounded by itself, as a fee of a commitment is.
    """
    word = columns.word(columns.layout.word)
    unread = dict(columns.sums)
    if columns.quantity:
        unread["quantity"] = columns.quantity
    conditions = [
        *(f"({is_given(each)} AND costack_{name} IS NULL)" for name, each in unread.items()),
        f"COALESCE({columns.word(columns.layout.currency)} <> {literal(asked.currency)}, TRUE)",
        *(is_given(each) for each in columns.allocated),
    ]
    if columns.has_moments:
        conditions.append(f"COALESCE({columns.end.sql} <= {columns.start.sql}, TRUE)")
    if columns.layout is not FOCUS:
        conditions.append(f"COALESCE(NOT {word} IN {_listed(columns.layout.categories)}, TRUE)")
    if fees := [is_given(each) for each in columns.commitments]:
        conditions.append(
            f"(({' OR '.join(fees)}) AND COALESCE(NOT {word} IN {_listed(_USAGE_WORDS)}, TRUE))"
        )
    if columns.line:
        conditions.append("NOT repeated.name IS NULL")
    return f"({' OR '.join(conditions)})"


def _divided(columns: Columns) -> str:
    if columns.description is None:
        return "FALSE"
    text = f"LOWER({columns.description.sql})"
    likes = " OR ".join(f"{text} LIKE {literal(pattern.lower())}" for pattern in LIKE)
    return f"COALESCE({likes}, FALSE)"


def _exact(columns: Columns) -> str:
    """Whether the hours of a period are asked for.

    They say which month a charge outside its billing period is of, and until when a commitment was used.
    """
    asked = [is_given(each) for each in columns.commitments]
    if columns.layout.billing_start and columns.has_moments:
        first, until = (
            columns.find(name) for name in (columns.layout.billing_start, columns.layout.billing_end)
        )
        if first is not None and (until is None or {first.type, until.type} - set(MOMENT_TYPES)):
            return "TRUE"
        if first is not None and until is not None:
            start, end = columns.start.sql, columns.end.sql
            asked.append(f"COALESCE({start} < {first.sql} OR {end} > {until.sql}, TRUE)")
    return f"({' OR '.join(asked)})" if asked else "FALSE"


def _moments(columns: Columns) -> dict[str, str]:
    """The days of a charge; `rounds_up` is whether its last day begins at `period_end`."""
    start, end = columns.start.sql, columns.end.sql
    if not columns.has_moments:
        return {"period_start": start, "period_end": end, "rounds_up": "FALSE"}
    first, last = (f"DATE_TRUNC('day', {moment})" for moment in (start, end))
    return {
        "period_start": f"CASE WHEN costack_exact THEN {start} ELSE {first} END",
        "period_end": f"CASE WHEN costack_exact THEN {end} ELSE {last} END",
        "rounds_up": f"(NOT costack_exact AND {last} <> {end})",
    }


def _resource(columns: Columns, asked: Asked) -> str:
    """The id of a resource that an inventory lists or a rule looks at, or whose line may be divided."""
    if columns.resource is None:
        return _NULL_TEXT
    sql = columns.resource.sql
    looked_at = [_like(sql, pattern) for pattern in asked.patterns]
    wanted = " OR ".join(["NOT costack_known IS NULL", "costack_divided", *looked_at])
    return f"CASE WHEN {wanted} THEN {sql} END"


def _like(sql: str, pattern: str) -> str:
    return f"{sql} LIKE {literal(pattern)}" + (" ESCAPE '!'" if "!" in pattern else "")


def _known(columns: Columns) -> str:
    if columns.resource is None:
        return ""
    known = "SELECT resource_id AS costack_known FROM known_resource"
    return f" LEFT JOIN ({known}) AS known ON known.costack_known = {columns.resource.sql}"


def _description(columns: Columns) -> str:
    """The description where it names the item, or says that a line pays for a second zone."""
    if columns.description is None:
        return _NULL_TEXT
    unnamed = "TRUE" if columns.sku is None else f"NOT {is_given(columns.sku)}"
    return f"CASE WHEN {unnamed} OR costack_divided THEN {columns.description.sql} END"


def _name(columns: Columns) -> str:
    """The name of a line: the bill's own, or that of its file and, if the engine knows it, its row there."""
    place = f"{FILE} || COALESCE(':' || CAST({ROW} AS VARCHAR), '')"
    own = columns.line_id
    return (
        f"COALESCE(CASE WHEN {is_given(own)} THEN CAST({own.sql} AS VARCHAR) END, {place})" if own else place
    )


def _sign(number: str) -> str:
    """-1, 0 or 1, and NULL for NULL; not every engine has a function for it."""
    return f"CASE WHEN {number} > 0 THEN 1 WHEN {number} < 0 THEN -1 WHEN {number} = 0 THEN 0 END"


def _text(column: Column) -> str:
    """A column as something that can be compared: what is nested as JSON."""
    if column.type.startswith(_NESTED) or column.type.endswith("]"):
        return f"CAST(TO_JSON({column.sql}) AS VARCHAR)"
    return column.sql


def _listed(names: Sequence[str] | Mapping[str, object]) -> str:
    return f"({', '.join(map(literal, names))})"
