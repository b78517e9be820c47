"""A new name for a tenant or its client, as lines of its file.

The id stays: database, role, files, backups, resources and cost tags have it, and so have the bills and
statements of earlier months.
"""

from __future__ import annotations

from collections.abc import Mapping

from lifecycle.errors import RefusedError
from tiers.plan.plan import Plan
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.vocabulary import TenantId

Lines = Mapping[str, str | None]
"""Values of fields of a tenant's file; None removes a field."""


def rename(tenant: Tenant, name: str, client: str | None) -> Lines:
    """The lines that call *tenant* by *name*, and its client *client* where that is given.

    Raises:
        RefusedError: When it has these names already.
    """
    lines: dict[str, str | None] = {}
    if name != tenant.name:
        lines["display_name"] = None if name == tenant.tenant else name
    if client is not None and client != tenant.client:
        first = tenant.first_client or tenant.client
        lines |= {"client": client, "first_client": None if client == first else first}
    if not lines:
        who = "" if client is None else f" and its client {client}"
        raise RefusedError(f"{tenant.tenant} is called {name} already{who}")
    return lines


def renamed_by_hand(portfolio: Portfolio, deployed: Plan, word: TenantId, name: str) -> Tenant | None:
    """The tenant that *deployed* has as *word*, where its file has *name* as id now; None if there is none.

    Such a file would be a new, empty tenant. It is taken for the old one only while the stack has no tenant
    of the new id.
    """
    there = {each.tenant for each in deployed.tenants}
    files = {each.tenant: each for each in portfolio.tenants}
    if word in files or word not in there or name in there:
        return None
    return files.get(name)


def same_id(tenant: Tenant, deployed: TenantId) -> Lines:
    """The lines that give a file renamed by hand the id that it is deployed with."""
    return {"tenant": deployed, "display_name": tenant.name}
