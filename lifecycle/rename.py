"""A new name for a tenant or its client, as lines of its file.

The id stays: database, role, files, backups, resources and cost tags have it, and so have the bills and
statements of earlier months.
"""

from __future__ import annotations

from collections.abc import Mapping

from lifecycle.errors import RefusedError
from tiers.plan.plan import Plan, TenantPlan
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.vocabulary import TenantId

Lines = Mapping[str, str | None]
"""Values of fields of a tenant's file; None removes a field."""


def rename(tenant: Tenant, deployed: TenantPlan, name: str, client: str | None) -> Lines:
    """The lines that call *tenant* by *name*, and its client *client* where that is given.

    A file in which `tenant` was changed by hand gets its id back.

    Args:
        tenant: As its file has it.
        deployed: The same tenant as the stack has it: its id, and the client whose data it holds.
        name: Its new name.
        client: The new name of its client.

    Raises:
        RefusedError: When it has these names already, or its file names another client without being asked.
    """
    lines: dict[str, str | None] = {}
    if tenant.tenant != deployed.tenant:
        lines["tenant"] = deployed.tenant
    if name != tenant.name or lines:
        lines["display_name"] = None if name == deployed.tenant else name
    lines |= _client_lines(tenant, deployed, client)
    if not lines:
        who = "" if client is None else f" and its client {client}"
        raise RefusedError(f"{tenant.tenant} is called {name} already{who}")
    return lines


def _client_lines(tenant: Tenant, deployed: TenantPlan, client: str | None) -> Lines:
    first = deployed.first_client or deployed.client
    if client is None:
        named = tenant.first_client or tenant.client
        if named != first:
            raise RefusedError(
                f"the data of {deployed.tenant} is client {first}'s, and its file says {named}: add --client "
                f"{tenant.client} if that is its new name, else write client: {deployed.client} back"
            )
        return {}
    wanted = {"client": client, "first_client": None if client == first else first}
    return {field: value for field, value in wanted.items() if value != getattr(tenant, field)}


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
