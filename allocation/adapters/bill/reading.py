"""Writes the SQL that reads a bill: the text, its values, and the rule that refuses a row.

`found_columns` cleans the text of every column and reads its numbers, `as_meant` adds moments, and `judged`
joins tags and checks the rules. The SQL consists of column maps and quoted names and never of values.
"""

# ruff: noqa: S608 - as the docstring says
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from allocation.adapters.bill.conversion import converted, unconverted
from allocation.adapters.bill.formats.detection import Column, Header
from allocation.adapters.bill.formats.layout import Layout
from allocation.adapters.bill.numbers import EXACT, amount_columns, exact_of, quantity_columns
from allocation.adapters.bill.row_rules import OTHER_MONTH, Check
from allocation.adapters.bill.tags import TAGS, sources_of, tags_text
from allocation.adapters.focus.allocated_columns import allocated_columns
from allocation.adapters.folders.charges import line_name
from allocation.engine.tables import CHARGE, COSTS, columns_of, literal

REPEATED: Final = "bill_repeated"
"""Table of the rows, by file and number, that repeat a line read before."""

_DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
_LOCAL: Final = f"{_DAY}([T ]{_TIME})?"
# DuckDB would take +99:00. BigQuery writes ` UTC`.
_ZONED: Final = f"{_DAY}[T ]{_TIME}(Z| UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)"
_MOMENT_TYPES: Final = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_NESTED_TYPES: Final = ("MAP(", "STRUCT(", "JSON")
_CHARGE: Final = tuple(columns_of(CHARGE))
_BEFORE_QUANTITY: Final = _CHARGE[_CHARGE.index("charge_category") : _CHARGE.index("quantity")]
_AFTER_QUANTITY: Final = _CHARGE[_CHARGE.index("quantity") + 1 :]
_MADE: Final = frozenset(
    {
        *("charge_category", "tags", "billing_start", "billing_end", "other_month", "allocated", "split"),
        *("original_currency", "original_billed", "rate"),
    }
)
"""Columns that are made of others, or of several of the bill."""
_TEXTS: Final = (
    *(name for name in (*_BEFORE_QUANTITY, *_AFTER_QUANTITY) if name not in _MADE),
    "line_id",
    "reservation",
)
"""The columns that are taken from the bill unchanged."""


def found_columns(layout: Layout, header: Header, first: int, *, rates: bool) -> dict[str, str]:
    """The columns of a row as read: name -> SQL over the bill's own; file numbers begin with *first*."""
    moments = {"start": layout.start, "end": layout.end}
    moments |= {"billing_start": layout.billing_start, "billing_end": layout.billing_end}
    parts = [
        f"file_index::INTEGER + {first} AS file",
        "file_row_number + 1 AS row_number",
        *(f"{_first_text(layout, header, text)} AS {text}" for text in _TEXTS),
        *_numbers(layout, header, rates=rates),
        *(
            part
            for name, column in moments.items()
            for part in _moment(header.find(column) if column else None, name)
        ),
        f"{text_of(header.find(layout.currency))} AS currency",
        f"{_word(layout, header)} AS word",
        f"{tags_text(sources_of(layout, header), text_of)} AS tags_text",
        *allocated_columns(lambda name: text_at(header, name)),
        f"{_line_key(layout, header)} AS line_key",
    ]
    pairs = (part.rpartition(" AS ") for part in parts)
    return {name: sql for sql, _, name in pairs}


def own_columns(layout: Layout) -> list[str]:
    """The names of `found_columns` that may differ from row to row."""
    texts = ("line_id", "resource_id", "resource_name", "reservation", "description", "sku_id")
    numbers = [f"{name}_text" for name in (*layout.amounts, "quantity")]
    return [*texts, "sku_price_id", *numbers, "start_text", "end_text", "line_key", "allocated", "split"]


def as_meant(found: str, layout: Layout, *, rates: bool = False) -> str:
    """SQL of the relation *found* with moments, NULL where the text is none, and what its amounts share.

    With *rates* the amounts of other currencies are converted by the table `conversion.RATES`.
    """
    columns = [
        f"{' + '.join(f'{name}_fine' for name in layout.amounts)} AS too_fine",
        f"{_point_in_time('start')} AS period_start",
        f"{_point_in_time('end')} AS period_end",
        *(f"{_point_in_time(name)} AS {name}" for name in ("billing_start", "billing_end")),
    ]
    meant = f"SELECT *, {', '.join(columns)} FROM {found}"
    meant = converted(meant, layout) if rates else unconverted(meant)
    is_exact = " OR ".join(f"{name}_exact IS NOT NULL" for name in layout.amounts)
    return f"SELECT *, ({is_exact}) AS is_exact FROM ({meant})"


def judged(
    found: str, layout: Layout, checks: Sequence[Check], *, repeated: bool, rates: bool = False
) -> str:
    """SQL of the relation *found* with costs, tags and `verdict`, the number of the check that refuses a row.

    *repeated* says whether the table `REPEATED` has rows and has to be joined.
    """
    # The exact cost of a row whose amounts are all plain is that of its units: it is not made.
    exact = [
        f"CASE WHEN is_exact THEN CAST({_over(sql, layout, _exactly)} AS {EXACT}) END AS {cost}"
        for cost, sql in layout.costs.items()
    ]
    units = [
        f"CAST({_over(sql, layout, _in_units)} AS BIGINT) AS {cost}_units"
        for cost, sql in layout.costs.items()
    ]
    costs = ", ".join(exact + units)
    fell_back = ", ".join(f"(NOT {amount}_given) AS {cost}_fell_back" for cost, amount in _fallbacks(layout))
    join = f"LEFT JOIN {REPEATED} AS repeated USING (file, row_number)" if repeated else ""
    meant = f"""
        SELECT rows.* EXCLUDE (charge_class, charge_frequency, commitment_discount_status),
            {costs}, {fell_back}, {_categories(layout)}, {_frequency(layout)}, {_status(layout)},
            {_tags(layout)},
            {"repeated.line_key IS NOT NULL" if repeated else "false"} AS is_repeated,
            {OTHER_MONTH} AS other_month
        FROM ({as_meant(found, layout, rates=rates)}) AS rows
        LEFT JOIN {TAGS} AS known ON known.tags_text = rows.tags_text {join}"""
    verdict = " ".join(f"WHEN {check.condition} THEN {number}" for number, check in enumerate(checks))
    return f"SELECT *, CASE {verdict} END AS verdict FROM ({meant})"


def kind_columns(layout: Layout, by_kind: Collection[str]) -> dict[str, str]:
    """The columns of a charge that follow from those called *by_kind*: name -> SQL over the kinds `rows`."""
    own = {"charge_category", "charge_class", "charge_frequency", "tags", "commitment_discount_status"}
    names = [name for name in (*_BEFORE_QUANTITY, *_AFTER_QUANTITY) if name in by_kind and name not in own]
    known = {name: f"rows.{name}" for name in names}
    made: list[str] = []
    if {"word", "charge_class", "charge_frequency"} <= set(by_kind):
        category, _, kind = _categories(layout).partition(" AS charge_category, ")
        made += [f"{category} AS charge_category", kind, _frequency(layout)]
    if "tags_text" in by_kind:
        made.append(_tags(layout))
    if "commitment_discount_status" in by_kind and not layout.status:
        made.append(_status(layout))
    pairs = (part.rpartition(" AS ") for part in made)
    return known | {name: sql for sql, _, name in pairs}


def as_charge(names: Sequence[str], number: str, by_kind: Collection[str], *, is_file: bool) -> str:
    """The columns of `tables.CHARGE` over `judged` and, for those called *by_kind*, over the kinds.

    *number* is SQL, and *names* are those of the files. What *is_file* has the kind besides, and only the
    names of lines that the bill has: `charge_rows` gives the others theirs.
    """
    source = f"{listed(names)}[file + 1]"
    units = ", ".join(f"{cost}_units AS {cost}" for cost in COSTS)
    before, after = (
        ", ".join(f"kinds.{name}" if name in by_kind else f"rows.{name}" for name in part)
        for part in (_BEFORE_QUANTITY, _AFTER_QUANTITY)
    )
    line = "line_id" if is_file else line_name(source)
    return f"""CAST({number} AS BIGINT) AS charge, {line} AS line_id,
        {source} AS source, row_number, period_start, period_end, {units},
        {before}, quantity, {after}{", rows.kind" if by_kind else ""}"""


def listed(values: Iterable[str]) -> str:
    """*values* as a list of SQL, which counts from 1."""
    return f"[{', '.join(literal(value) for value in values)}]"


def text_of(column: Column | None) -> str:
    """SQL of a column's text, NULL where it has none: empty, or NULL as a word in any case."""
    if column is None:
        return "NULL::VARCHAR"
    if column.type.startswith(_NESTED_TYPES) or column.type.endswith("]"):
        return f"CAST(to_json({column.sql}) AS VARCHAR)"
    if column.type != "VARCHAR":
        return f"CAST({column.sql} AS VARCHAR)"  # of a double: its shortest decimal text
    empty = f"length({column.sql}) <= 4 AND lower({column.sql}) IN ('', 'null')"
    return f"CASE WHEN {empty} THEN NULL ELSE {column.sql} END"


def _first_text(layout: Layout, header: Header, name: str) -> str:
    if name in layout.constants:
        return literal(layout.constants[name])
    candidates = [text_at(header, column) for column in layout.texts.get(name, ())]
    present = [text for text in candidates if text]
    return f"coalesce({', '.join(present)})" if present else "NULL::VARCHAR"


def text_at(header: Header, name: str) -> str | None:
    """SQL of the text in the column *name*, or at the key `a.b` of a map; None without such a column."""
    title, _, key = name.partition(".")
    column = header.find(title)
    if column is None or not key:
        return text_of(column) if column else None
    if column.type.startswith("MAP(VARCHAR"):
        return f"nullif(CAST({column.sql}[{literal(key)}] AS VARCHAR), '')"
    if column.type == "VARCHAR":
        return f"nullif(json_extract_string(try_cast({column.sql} AS JSON), {literal('$.' + key)}), '')"
    return None


def _numbers(layout: Layout, header: Header, *, rates: bool) -> list[str]:
    parts: list[str] = []
    for name, titles in layout.amounts.items():
        column = header.find(titles[0])
        parts += amount_columns(column, name, text_of(column), rates=rates)
    column = header.find(layout.quantity) if layout.quantity else None
    return parts + quantity_columns(column, text_of(column))


def _moment(column: Column | None, name: str) -> list[str]:
    """The text of a moment, and the moment itself where the column has a type that is one."""
    point = "NULL::TIMESTAMP"
    if column is not None and column.type == "TIMESTAMP WITH TIME ZONE":
        # `AT TIME ZONE 'UTC'` takes ten times as long.
        point = f"CASE WHEN isfinite({column.sql}) THEN make_timestamp(epoch_us({column.sql})) END"
    elif column is not None and column.type in _MOMENT_TYPES:
        point = f"CASE WHEN isfinite({column.sql}) THEN try_cast({column.sql} AS TIMESTAMP) END"
    return [f"{text_of(column)} AS {name}_text", f"{point} AS {name}_point"]


def _point_in_time(name: str) -> str:
    """In UTC; a moment without a zone is taken for UTC, a date for its midnight."""
    text = f"{name}_text"
    return f"""CASE WHEN {name}_point IS NOT NULL THEN {name}_point
        WHEN regexp_full_match({text}, '{_LOCAL}') THEN try_cast({text} AS TIMESTAMP)
        WHEN regexp_full_match({text}, '{_ZONED}')
        THEN make_timestamp(epoch_us(try_cast({text} AS TIMESTAMPTZ))) END"""


def _over(sql: str, layout: Layout, of: Callable[[str], str]) -> str:
    """The formula *sql* with *of* each of its amounts."""
    return re.sub(rf"\b({'|'.join(layout.amounts)})\b", lambda found: of(found[1]), sql)


def _in_units(amount: str) -> str:
    return f"{amount}_units"


def _exactly(amount: str) -> str:
    return f"coalesce({amount}_exact, {exact_of(f'{amount}_units')})"


def _fallbacks(layout: Layout) -> Iterable[tuple[str, str]]:
    """Every cost with the amount that it needs: without another, the one that is billed."""
    billed = next(iter(layout.amounts))
    return ((cost, layout.fallbacks.get(cost, billed)) for cost in COSTS)


def _word(layout: Layout, header: Header) -> str:
    """The word for the kind of charge as the format spells it; one that it has not stays as found."""
    text = text_of(header.find(layout.word))
    if layout.default_word is not None:
        text = f"coalesce({text}, {literal(layout.default_word)})"
    words = ", ".join(map(literal, layout.categories))
    others = " ".join(f"WHEN {literal(word.lower())} THEN {literal(word)}" for word in layout.categories)
    return f"CASE WHEN {text} IN ({words}) THEN {text} ELSE CASE lower({text}) {others} ELSE {text} END END"


def _tags(layout: Layout) -> str:
    tags = "filled_tags" if layout.drops_empty_tags else "all_tags"
    return f"CASE WHEN rows.tags_text IS NULL THEN '{{}}' ELSE known.{tags} END AS tags"


def _categories(layout: Layout) -> str:
    named = " ".join(
        f"WHEN {literal(word)} THEN {literal(name)}" for word, (name, _) in layout.categories.items()
    )
    classed = " ".join(
        f"WHEN {literal(word)} THEN {literal(kind)}" for word, (_, kind) in layout.categories.items() if kind
    )
    kind = f"CASE word {classed} ELSE rows.charge_class END" if classed else "rows.charge_class"
    return f"CASE word {named} ELSE word END AS charge_category, {kind} AS charge_class"


def _status(layout: Layout) -> str:
    status = _over(layout.status, layout, _in_units)
    return f"{status or 'rows.commitment_discount_status'} AS commitment_discount_status"


def _frequency(layout: Layout) -> str:
    frequency = "rows.charge_frequency"
    if layout.recurring:
        words = ", ".join(literal(word) for word in layout.recurring)
        frequency = (
            f"CASE WHEN {frequency} IS NULL AND word IN ({words}) THEN 'Recurring' ELSE {frequency} END"
        )
    return f"{frequency} AS charge_frequency"


def _line_key(layout: Layout, header: Header) -> str:
    """The text that names a line once in all files of a run; NULL where the format or the row has none."""
    parts = [header.find(column) for column in layout.line]
    if not parts or parts[0] is None:
        return "NULL::VARCHAR"
    rest = "".join(f" || chr(31) || coalesce({text_of(part)}, '')" for part in parts[1:])
    return f"{literal(layout.name)} || chr(31) || {text_of(parts[0])}{rest}"
