"""The table of sizes that would do, with the change of the tenant's file and what it saves."""

from __future__ import annotations

from typing import Final

from allocation.report.showback.content import EMPTY, Table, amount, text
from allocation.report.showback.month import Showback

_NOTE: Final = (
    "With room of 20 % above what 95 % of the intervals use, no fewer workers than one for six users, and as "
    "many pods as are promised. Pods on shared nodes free capacity: the bill falls once nodes are removed. A "
    "saving below 0 is the price of a size that is too small. Tenants that were not measured have no row."
)


def rightsizing(showback: Showback) -> Table:
    """Every size that does not fit; savings as the command shows them, empty where no preview was made."""
    portfolio = showback.statement.portfolio
    return Table(
        "rightsizing",
        "Sizes that would do",
        ("tenant", "setting", "now", "target", "because", "tenant saves", "bill falls by", "command to run"),
        tuple(
            (
                text(showback.name_of(each.tenant)),
                text(each.setting),
                text(each.now),
                text(each.target or "none"),
                text(each.because),
                EMPTY if each.own is None else amount(each.own, signed=True),
                EMPTY if each.bill is None else amount(each.bill, signed=True),
                text(each.command(portfolio)),
            )
            for each in showback.advice
        ),
        note=_NOTE,
    )
