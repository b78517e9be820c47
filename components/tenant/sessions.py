"""How a tenant's pods log in to the cache of its sessions: as a user, or with the token of its own cache."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from components.aws.cache_users import user_of_tenant
from components.kubernetes.odoo import SESSION_PASSWORD, SESSION_TOKEN
from components.places import CachePlace, Text
from components.tenant.rotation import TenantPasswords
from tiers.facts.every_fact import CacheSpace
from tiers.plan.plan import TenantPlan, fact_named


def session_secrets(
    tenant: TenantPlan, cache: CachePlace, passwords: TenantPasswords, child: pulumi.ResourceOptions
) -> Mapping[str, Text]:
    """Declare the tenant's user, where the cache has users; gives what its Secret holds about sessions.

    What pods read comes first. The token is there besides as long as pods run that were started with it: one
    of their containers may start again at any moment of an update, and reads the Secret as it is then.

    Args:
        tenant: The tenant.
        cache: The cache it uses.
        passwords: Its passwords.
        child: Options of the user.
    """
    space = fact_named(tenant.facts, CacheSpace, "sessions")
    token = {} if cache.auth_token is None else {SESSION_TOKEN: cache.auth_token}
    if space.user is None:
        return token
    made = user_of_tenant(tenant.tenant, space, cache, passwords.sessions(), child)
    return {SESSION_PASSWORD: made, **token}
