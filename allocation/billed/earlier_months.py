"""Earlier months that a bill corrects: their tenants, and how they were divided, as they were filed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from allocation.engine.allocate import Allocation
from allocation.engine.earlier.filed_shares import FiledMonths
from allocation.statement.filed import FiledStatement, FiledTenant
from allocation.statement.filed_other_months import filed_shares
from allocation.statement.statement import Term
from tiers.vocabulary import Environment


@dataclass(frozen=True)
class EarlierMonths:
    """The filed statements of months that charges of this one correct, by month as YYYY-MM."""

    statements: Mapping[str, FiledStatement] = field(default_factory=dict)

    @cached_property
    def shares(self) -> FiledMonths:
        """How each month divided its pools."""
        return {month: filed_shares(statement) for month, statement in self.statements.items()}

    @cached_property
    def tenants(self) -> Mapping[str, frozenset[str]]:
        """The tenants of each month, to whom its direct charges belong even if they have left since."""
        return {month: frozenset(filed.by_tenant) for month, filed in self.statements.items()}

    def terms(self, allocation: Allocation) -> Iterator[Term]:
        """The terms of tenants that have left and still have a part of *allocation*; they pay no fee.

        What an earlier month cost was theirs, and so is its correction: nobody else is charged for it or
        gets the money back, and it is not unallocated, because everybody knows whose it is.
        """
        paying = {cell.tenant for cell in allocation.cells if cell.tenant is not None}
        last: dict[str, FiledTenant] = {}
        for _, filed in sorted(self.statements.items()):
            last |= filed.by_tenant
        for name in sorted(paying & last.keys()):
            line = last[name]
            yield Term(name, line.client, Environment(line.environment), line.tier, 0, line.display_name)
