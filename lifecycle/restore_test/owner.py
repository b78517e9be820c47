"""Whose backup or recovery a line of evidence is of: one file may hold what several portfolios tried.

Two portfolios may each have a tenant `acme`. Lines say since this version which portfolio and client theirs
is of; older ones do not, so that nobody can tell them apart but by the id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tiers.plan.plan import TenantPlan


class Owner(NamedTuple):
    """A tenant's portfolio and its first client, as its data is marked; empty of a line without them."""

    portfolio: str = ""
    client: str = ""

    @classmethod
    def of(cls, tenant: TenantPlan) -> Owner:
        """Whose *tenant* is."""
        return cls(tenant.portfolio or "", tenant.first_client or tenant.client)

    @classmethod
    def said_by(cls, record: Mapping[str, Any]) -> Owner:
        """Whose a line of evidence says that it is."""
        return cls(str(record.get("portfolio") or ""), str(record.get("client") or ""))

    @property
    def is_said(self) -> bool:
        """Whether a line says it."""
        return bool(self.portfolio)

    def may_be(self, other: Owner) -> bool:
        """Whether what is of this one counts for *other*: it is the same, or nobody said whose it is.

        >>> Owner("shared-eu", "vega").may_be(Owner("shared-us", "vega"))
        False
        >>> Owner().may_be(Owner("shared-us", "vega"))
        True
        """
        return not self.is_said or self == other
