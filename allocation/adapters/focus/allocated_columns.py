"""Reads from FOCUS data how a charge was allocated before: by a provider, by a tool, or by costack itself.

FOCUS 1.3 splits an origin charge into allocated charges
(data_generator_calculated_split_cost_allocation_handling.md at 0942b25): AllocatedMethodId MUST NOT be null
on any of them, AllocatedResourceId is null on the part that is left over (allocatedresourceid.md at 00d4b9b).
Our own files say more in `x_` columns, in every version: with them a statement is read back to the unit.
`allocation.engine.earlier.allocated` decides what becomes of these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

TextAt = Callable[[str], str | None]
"""SQL of the text in a column, NULL where it is empty; None when the file has no such column."""

OURS: Final = (
    "x_RunId",
    "x_Tenant",
    "x_Pool",
    "x_Via",
    "x_Part",
    "x_Rule",
    "x_UnallocatedReason",
    "x_CostDomain",
    "x_CostCategory",
    "x_SplitOriginId",
    "x_SplitOriginCost",
    "x_DriverValue",
    "x_LineId",
)
"""The columns that a file of ours has at least; the first and the rule's tell that it is one."""

METHOD_OF_OURS: Final = "costack:"
"""How every AllocatedMethodId starts that costack writes."""

# Keys of `allocated` -> columns; files of version 0.1 have no behaviour.
_SAID: Final = {
    "run": "x_RunId",
    "tenant": "x_Tenant",
    "pool": "x_Pool",
    "via": "x_Via",
    "part": "x_Part",
    "rule": "x_Rule",
    "reason": "x_UnallocatedReason",
    "domain": "x_CostDomain",
    "category": "x_CostCategory",
    "behaviour": "x_Behaviour",
}
_SPLIT: Final = {
    "origin": "x_SplitOriginId",
    "cost": "x_SplitOriginCost",
    "charges": "x_SplitOriginCharges",
    "weight": "x_DriverValue",
}
OF_OTHERS: Final = {"method": "AllocatedMethodId", "to": "AllocatedResourceId", "tags": "AllocatedTags"}
"""Keys of `allocated` on a charge that somebody else allocated -> columns of FOCUS 1.3."""


def is_ours(names: Iterable[str]) -> bool:
    """Whether a file with the columns *names*, in any case, was written by costack.

    >>> is_ours(["billedcost", "x_runid", "x_rule"]), is_ours(["BilledCost", "x_SplitOriginId"])
    (True, False)
    """
    return {"x_runid", "x_rule"} <= {name.casefold() for name in names}


def allocated_columns(text_at: TextAt) -> list[str]:
    """SQL of the columns `allocated` and `split` of `tables.CHARGE`, NULL where nothing was allocated."""
    cases = []
    said = {key: text_at(name) for key, name in _SAID.items()}
    ours = said["run"] is not None and said["rule"] is not None
    if ours:
        cases.append(f"WHEN {said['run']} IS NOT NULL THEN {_object(said)}")
    others = {key: text for key, name in OF_OTHERS.items() if (text := text_at(name)) is not None}
    if others:
        cases.append(f"WHEN coalesce({', '.join(others.values())}) IS NOT NULL THEN {_object(others)}")
    allocated = f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"
    return [f"{allocated} AS allocated", f"{_split(text_at) if ours else 'NULL::VARCHAR'} AS split"]


def _split(text_at: TextAt) -> str:
    values: dict[str, str | None] = {key: text_at(name) for key, name in _SPLIT.items()}
    # FOCUS 1.2 has no column for it: there it is one of ours.
    values["details"] = text_at("AllocatedMethodDetails") or text_at("x_AllocatedMethodDetails")
    origin = values["origin"]
    return "NULL::VARCHAR" if origin is None else f"CASE WHEN {origin} IS NOT NULL THEN {_object(values)} END"


def _object(values: dict[str, str] | dict[str, str | None]) -> str:
    """SQL of a JSON object; what a row or the file does not say is null in it."""
    pairs = ", ".join(f"'{key}', {text or 'NULL'}" for key, text in values.items())
    return f"CAST(json_object({pairs}) AS VARCHAR)"
