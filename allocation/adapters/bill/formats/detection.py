"""Detects the format of a bill by its columns; the name of the file does not matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from allocation.adapters.bill.failures import BillError
from allocation.adapters.bill.formats.columns import FOCUS, FOREIGN, LAYOUTS
from allocation.adapters.bill.formats.cur_columns import CUR_2
from allocation.adapters.bill.formats.layout import Layout

_SHOWN: Final = 8

# Columns that a version of FOCUS was the first to have, newest first (FOCUS_Spec, CHANGELOG.md).
_FOCUS_MARKS: Final = (
    ("1.3", ("serviceprovidername", "hostprovidername", "allocatedmethodid", "contractapplied")),
    ("1.2", ("invoiceid", "billingaccounttype", "subaccounttype", "pricingcurrency")),
    ("1.1", ("capacityreservationid", "commitmentdiscountquantity", "servicesubcategory", "skumeter")),
)


class Column(NamedTuple):
    """A column of a bill.

    Attributes:
        name: Its name in the bill.
        sql: Its name in DuckDB's relation of the bill.
        type: Its type in DuckDB.
    """

    name: str
    sql: str
    type: str


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a bill, found by name: the exact name first, then another case.

    Raises:
        BillError: When a requested column exists twice.
    """

    bill: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(column.name for column in self.columns)

    def find(self, name: str) -> Column | None:
        """The column called *name*, if there is one."""
        exact = [column for column in self.columns if column.name == name]
        alike = exact or [column for column in self.columns if column.name.casefold() == name.casefold()]
        if len(alike) > 1:
            raise BillError(f"{self.bill}: expected one column '{name}', found {len(alike)}")
        return alike[0] if alike else None

    def starting_with(self, prefix: str) -> list[Column]:
        """The columns whose names start with *prefix* and are longer, in the order of their names."""
        lowered = prefix.casefold()
        found = [
            column
            for column in self.columns
            if column.name.casefold().startswith(lowered) and len(column.name) > len(prefix)
        ]
        names = [column.name for column in found]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise BillError(f"{self.bill}: expected one column '{twice[0]}', found {names.count(twice[0])}")
        return sorted(found)


def layout_of(header: Header) -> Layout:
    """The format whose required columns *header* has.

    Raises:
        BillError: When it is unknown; the message says what was found and what is missing.
    """
    names = {column.name.casefold() for column in header.columns}
    missing = {
        layout.name: [name for name in layout.required if name.casefold() not in names] for layout in LAYOUTS
    }
    for layout in LAYOUTS:
        if not missing[layout.name]:
            return layout
    for foreign in FOREIGN:
        if any(names.issuperset(name.casefold() for name in marks) for marks in foreign.marks):
            raise BillError(
                f"{header.bill}: expected the columns of a bill, found {foreign.what}: {foreign.instead}"
            )
    nearest = min(LAYOUTS, key=lambda layout: len(missing[layout.name]) / len(layout.required))
    shown = [column.name for column in header.columns]
    found = ", ".join(shown[:_SHOWN]) + (f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else "")
    known = ", ".join(layout.name for layout in LAYOUTS)
    raise BillError(
        f"{header.bill}: expected the columns of a bill ({known}), found {found[:400] or 'none'}; "
        f"for {nearest.name} it lacks {', '.join(missing[nearest.name])}"
    )


def has_tags(layout: Layout, header: Header) -> bool:
    """Whether a bill has any column of tags that its format knows."""
    single = any(header.starting_with(prefix) for prefix in layout.tag_prefixes)
    return single or any(header.find(column) is not None for column in layout.tags)


def format_name(layout: Layout, header: Header, kind: str) -> str:
    """The format's name in reports, such as 'FOCUS 1.2 Parquet'; *kind* is the file type."""
    if layout is FOCUS:
        return f"FOCUS {_focus_version(header)} {kind}"
    if layout is CUR_2 and all(header.find(column) is None for column in CUR_2.tags):
        return f"CUR {kind}"
    return layout.name if layout.name.endswith(".csv") and kind == "CSV" else f"{layout.name} {kind}"


def _focus_version(header: Header) -> str:
    names = {column.name.casefold() for column in header.columns}
    if "serviceprovidername" in names and "providername" not in names:
        return "1.4"
    return next((version for version, marks in _FOCUS_MARKS if names.intersection(marks)), "1.0")
