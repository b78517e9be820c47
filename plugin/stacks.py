"""The components for other languages: inputs validated like files, and an inventory as output."""

from typing import Any

import pulumi

from components import platform
from components.naming import component_type
from components.record import may_follow, tenant_as_far
from components.tenant import stack
from plugin.contract import contract_of, place_from
from plugin.inputs import (
    InventoryArgs,
    SharedPlatformArgs,
    TenantStackArgs,
    by_property,
    require_known,
    tenant_document,
)
from tiers.inventory import SCHEMA_VERSION
from tiers.plan.from_program import catalog_of_document, plan_of_documents, tenant_plan_of_documents


class SharedPlatform(platform.SharedPlatform):
    """The shared platform of a portfolio: network, PostgreSQL, cache, file system, backups, namespaces."""

    contract: pulumi.Output[dict[str, Any]]
    """What a tenant's stack needs to know of this platform; without secrets."""
    session_token: pulumi.Output[str]
    """The token that all tenants shared, as long as pods still have it; else empty."""
    inventory: pulumi.Output[dict[str, Any]]
    """The platform's part of the inventory."""

    def __init__(
        self, name: str, args: SharedPlatformArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        del name  # the portfolio names it, so that every program gives it the same URN
        require_known(args, ["platform", "tenants"])
        catalog = by_property(lambda: catalog_of_document(args["platform"]))
        plan = by_property(lambda: plan_of_documents(args["platform"], args["tenants"], catalog))
        super().__init__(may_follow(plan, catalog), opts)
        self.contract = pulumi.Output.from_input(contract_of(self.place))
        self.session_token = pulumi.Output.secret(self.place.cache.auth_token or "")
        self.inventory = pulumi.Output.from_input(
            {
                "plan": self.applied,
                "cloud_ids": dict(self.cloud_ids()),
                "storage_gib": dict(self.storage_gib()),
            }
        )


class TenantStack(stack.TenantStack):
    """One tenant's Odoo in one environment: database, files, pods, route, backups."""

    inventory: pulumi.Output[dict[str, Any]]
    """The tenant's part of the inventory."""

    def __init__(self, name: str, args: TenantStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        del name  # the tenant names it, so that every program gives it the same URN
        require_known(args, [*tenant_document(args), "platform"])
        plan, tenant = by_property(
            lambda: tenant_plan_of_documents(
                args["platform"], tenant_document(args), catalog_of_document(args["platform"])
            )
        )
        step = tenant_as_far(plan.portfolio, tenant)
        super().__init__(step, place_from(plan, args["contract"], args["session_token"]), opts)
        self.inventory = pulumi.Output.from_input(
            {
                "plan": self.applied,
                "cloud_ids": dict(self.cloud_ids()),
                "storage_gib": dict(self.storage_gib()),
            }
        )


class Inventory(pulumi.ComponentResource):
    """Joins the parts of an inventory: export its output `inventory` under that name."""

    inventory: pulumi.Output[dict[str, Any]]
    """The inventory that `costack allocate` reads."""

    def __init__(self, name: str, args: InventoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("Inventory"), name, None, opts)
        self.inventory = pulumi.Output.all(args["platform"], args["tenants"]).apply(
            lambda parts: joined(parts[0], parts[1])
        )
        self.register_outputs({"inventory": self.inventory})


def joined(platform: dict[str, Any], tenants: list[dict[str, Any]]) -> dict[str, Any]:
    """One inventory of its parts, with tenants in the order of their ids."""
    plans = sorted((each["plan"] for each in tenants), key=lambda plan: str(plan["tenant"]))
    parts = (platform, *tenants)
    return {
        "schema_version": SCHEMA_VERSION,
        "plan": {**platform["plan"], "tenants": plans},
        "cloud_ids": {fact: arn for part in parts for fact, arn in part["cloud_ids"].items()},
        "storage_gib": {fact: size for part in parts for fact, size in part["storage_gib"].items()},
    }
