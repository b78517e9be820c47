"""The lines of a FOCUS file that an engine writes: each as its group was allocated, with its own values.

The driver writes a *template* of every group: its line in a FOCUS file, as if the group were a charge. The
engine takes it for each line of the group and puts the line's own costs, days, names and quantity in.
Of a group that is divided (availability) there are two templates, each with what it takes of one line.
"""

# ruff: noqa: S608 - SQL is assembled from our own names and quoted text
from __future__ import annotations

from typing import Final

from allocation.adapters.bill.failures import BillError
from allocation.adapters.bill.formats.columns import FOCUS
from allocation.adapters.bill.formats.detection import Column as BillColumn
from allocation.adapters.distributed.columns import Columns
from allocation.adapters.distributed.numbers import is_given
from allocation.adapters.distributed.steps import GROUPS, Asked, keys_of, line_sql
from allocation.adapters.focus.columns import columns_of
from allocation.adapters.focus.lines import MONEY
from allocation.adapters.focus.rows import charges_sql
from allocation.adapters.focus.run import FocusVersion
from allocation.billed.availability.itemised import AVAILABILITY, SUFFIX
from allocation.engine.kinds import LINES
from allocation.engine.tables import COSTS

GROUPED: Final = f"charge.source = '{GROUPS}.parquet'"
"""SQL of whether a charge is a group."""
_COSTS: Final = {
    "billed": "BilledCost",
    "effective": "EffectiveCost",
    "listed": "ListCost",
    "contracted": "ContractedCost",
}
_DIVIDED: Final = f"charge IN (SELECT charge FROM {AVAILABILITY} UNION ALL SELECT part FROM {AVAILABILITY})"
_PART: Final = f"charge IN (SELECT part FROM {AVAILABILITY})"


def templates_sql(version: FocusVersion) -> str:
    """The template of every group, for DuckDB: FOCUS columns, `costack_group`, `costack_part`, `each_<cost>`.

    `each_<cost>` is what the template takes of one line; NULL where the line keeps its own cost.
    """
    each = ", ".join(
        f"CASE WHEN {_DIVIDED} THEN {MONEY.substitute(units=f'({cost} // {LINES})')} END AS each_{cost}"
        for cost in COSTS
    )
    whole = f"left(line_id, length(line_id) - {len(SUFFIX)})"
    said = f"""SELECT line_id AS template, {_PART} AS costack_part, {each},
        CASE WHEN {_PART} THEN {whole} ELSE line_id END AS costack_group
        FROM charged AS charge WHERE {GROUPED}"""
    return f"""SELECT focus.*, said.* EXCLUDE (template)
        FROM ({charges_sql(version, GROUPED)}) AS focus
        JOIN ({said}) AS said ON said.template = focus."x_LineId"
    """


def lines_sql(columns: Columns, asked: Asked, version: FocusVersion) -> str:
    """The lines of all groups; it reads `answered`, the groups that `steps.groups_sql` gave, and `template`.

    Raises:
        BillError: When the bill is none of FOCUS.
    """
    if columns.layout is not FOCUS:
        raise BillError("--focus is written by an engine for bills of FOCUS: leave --engine out for others")
    keys = keys_of(columns, asked)
    same = " AND ".join(f"(answered.{key} IS NOT DISTINCT FROM line.{key})" for key in keys)
    own = _own(columns)
    chosen = ", ".join(
        f'{own.get(column.name, _template(column.name))} AS "{column.name}"' for column in columns_of(version)
    )
    return f"""
WITH {line_sql(columns, asked, _raw(columns))}
SELECT {chosen}
FROM line
INNER JOIN answered ON {same}
INNER JOIN template ON template.costack_group = answered.line""".strip()


def _template(name: str) -> str:
    return f'template."{name}"'


def _raw(columns: Columns) -> dict[str, str]:
    """What a line has of its own, over `judged`: name -> SQL."""
    found = {
        "own_start": columns.start.sql,
        "own_end": columns.end.sql,
        "own_description": _given(columns.description),
        "own_resource": _given(columns.resource),
        "own_sku": _given(columns.sku),
    }
    unasked = {"own_name": "resource_name", "own_type": "resource_type", "own_price": "sku_price_id"}
    return found | {name: _given(columns.unasked.get(title)) for name, title in unasked.items()}


def _own(columns: Columns) -> dict[str, str]:
    numbers = {each.name: f"line.{name}" for name, each in columns.sums.items()}
    units = {
        cost: numbers[found.name] if (found := columns.find(title)) else "CAST(NULL AS BIGINT)"
        for cost, title in _COSTS.items()
    }
    billed = units["billed"]
    money = {
        cost: f"COALESCE(template.each_{cost}, {_money(f'COALESCE({own}, {billed})')})"
        for cost, own in units.items()
    }
    unit = "CAST('0.000000000001' AS DECIMAL(12, 12))"
    quantity = f"CAST(CAST(line.quantity AS DECIMAL(25, 0)) * {unit} AS DECIMAL(38, 12))"
    contracted = f"CAST({money['contracted']} AS DECIMAL(38, 12))"
    # A quantity without a unit is written beside; then FOCUS' quantity is the cost itself.
    has_unit = 'line.has_quantity AND NOT template.costack_part AND template."x_BilledQuantity" IS NULL'
    part = "CASE WHEN NOT template.costack_part THEN {} END"
    return {
        **{_COSTS[cost]: sql for cost, sql in money.items()},
        "ChargePeriodStart": "line.own_start",
        "ChargePeriodEnd": "line.own_end",
        "ChargeDescription": (
            "CASE WHEN template.costack_part THEN line.own_description || ' (availability)' "
            "ELSE line.own_description END"
        ),
        "PricingQuantity": (
            f'CASE WHEN template."PricingQuantity" IS NULL THEN NULL WHEN {has_unit} THEN {quantity} '
            f"ELSE {contracted} END"
        ),
        "x_BilledQuantity": f'CASE WHEN NOT template."x_BilledQuantity" IS NULL THEN {quantity} END',
        "ResourceId": "line.own_resource",
        "ResourceName": "CASE WHEN NOT line.own_resource IS NULL THEN line.own_name END",
        "ResourceType": "CASE WHEN NOT line.own_resource IS NULL THEN line.own_type END",
        "x_SkuId": part.format("line.own_sku"),
        "x_SkuPriceId": part.format("line.own_price"),
        "x_LineId": f"CASE WHEN template.costack_part THEN line.line || '{SUFFIX}' ELSE line.line END",
    }


def _money(units: str) -> str:
    """Of plain amounts: fewer than 16 digits, so that the product keeps its ten decimals on every engine."""
    unit = "CAST('0.0000000001' AS DECIMAL(11, 10))"
    return f"CAST(CAST({units} AS DECIMAL(18, 0)) * {unit} AS DECIMAL(38, 10))"


def _given(column: BillColumn | None) -> str:
    if column is None:
        return "CAST(NULL AS VARCHAR)"
    return f"CASE WHEN {is_given(column)} THEN CAST({column.sql} AS VARCHAR) END"
