"""The components for other languages: inputs validated like files, and an inventory as output.

Each has `outputs`: what the program reads, with the names that files have.
"""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any

import pulumi

from allocation.estimate.amounts import EstimatedMonth
from components import platform
from components.naming import component_type
from components.record import may_follow, tenant_as_far
from components.tenant import stack
from plugin.contract import contract_of, place_from
from plugin.estimator import estimates_of
from plugin.inputs import (
    InventoryArgs,
    SharedPlatformArgs,
    TenantStackArgs,
    require_known,
    tenant_document,
)
from tiers.errors import CatalogError
from tiers.facts.every_fact import Route, TenantDatabase
from tiers.inventory import SCHEMA_VERSION
from tiers.plan.cells.faults import own_routes_fault
from tiers.plan.from_program import catalog_of_document, plan_of_documents, tenant_plan_of_documents
from tiers.plan.plan import Plan, TenantPlan, fact_named
from tiers.plan.storage import grown

Outputs = dict[str, pulumi.Input[Any]]


class SharedPlatform(platform.SharedPlatform):
    """The shared platform of a portfolio: network, PostgreSQL, cache, file system, backups, namespaces."""

    def __init__(
        self,
        name: str,
        args: SharedPlatformArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        day: date,
    ) -> None:
        """Declare it, and estimate the month of *day*."""
        del name  # the portfolio names it, so that every program gives it the same URN
        require_known(args, ["platform", "tenants"])
        catalog = catalog_of_document(args["platform"])
        plan = may_follow(plan_of_documents(args["platform"], args["tenants"], catalog), catalog)
        if fault := own_routes_fault(plan):
            raise CatalogError(f"parts: traefik {fault}")
        super().__init__(plan, opts)
        self.build_ingress()
        month = self._month(plan, day)
        estimates = month.apply(lambda known: known.as_output())
        told = {"monthly_estimates": estimates, "unpriced": month.apply(lambda known: known.unpriced)}
        self.outputs: Outputs = {
            "contract": pulumi.Output.from_input({**contract_of(self.place), **told}),
            "session_token": pulumi.Output.secret(self.place.cache.auth_token or ""),
            "cost_tags": plan.platform_tags().as_tags(),
            "cluster": self.place.cluster,
            "database_endpoint": self.place.server.address,
            "monthly_estimates": estimates,
            "inventory": part(self),
        }

    def _month(self, plan: Plan, day: date) -> pulumi.Output[EstimatedMonth]:
        sizes = pulumi.Output.all(**self.storage_gib())
        # In a thread: other components are built meanwhile.
        return sizes.apply(lambda gib: asyncio.to_thread(estimates_of, grown(plan, gib), day))


class TenantStack(stack.TenantStack):
    """One tenant's Odoo in one environment: database, files, pods, route, backups."""

    def __init__(self, name: str, args: TenantStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        del name  # the tenant names it, so that every program gives it the same URN
        require_known(args, [*tenant_document(args), "platform"])
        catalog = catalog_of_document(args["platform"])
        plan, tenant = tenant_plan_of_documents(args["platform"], tenant_document(args), catalog)
        contract = pulumi.Output.from_input(args["contract"])
        step = tenant_as_far(plan.portfolio, tenant)
        super().__init__(step, place_from(plan, contract, args["session_token"]), opts)
        self.outputs: Outputs = {
            **addresses(tenant),
            "database_endpoint": self.services.server.address,
            "cost_tags": tenant.cost_tags().as_tags(),
            "monthly_estimate": contract.apply(lambda known: estimate_and_note(known, tenant.tenant)[0]),
            "monthly_estimate_note": contract.apply(lambda known: estimate_and_note(known, tenant.tenant)[1]),
            "inventory": part(self),
        }


class Inventory(pulumi.ComponentResource):
    """Joins the parts of an inventory: export its output `inventory` under that name."""

    def __init__(self, name: str, args: InventoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(component_type("Inventory"), name, None, opts)
        inventory = pulumi.Output.all(args["platform"], args["tenants"]).apply(
            lambda parts: joined(parts[0], parts[1])
        )
        self.outputs: Outputs = {"inventory": inventory}
        self.register_outputs(self.outputs)


def part(owner: platform.SharedPlatform | stack.TenantStack) -> pulumi.Output[Mapping[str, Any]]:
    """What *owner* adds to the inventory."""
    return pulumi.Output.from_input(
        {
            "plan": owner.applied,
            "cloud_ids": dict(owner.cloud_ids()),
            "storage_gib": dict(owner.storage_gib()),
        }
    )


def addresses(tenant: TenantPlan) -> dict[str, str]:
    """Where people and programs find *tenant*."""
    route = fact_named(tenant.facts, Route, "route")
    return {
        "namespace": route.namespace,
        "url": f"https://{route.hostname}",
        "database_name": fact_named(tenant.facts, TenantDatabase, "database").database,
    }


def estimate_and_note(contract: Mapping[str, Any], tenant: str) -> tuple[str, str]:
    """What a platform tells of the cost of *tenant*, and what is to be said of it; never an empty amount."""
    estimates = contract.get("monthly_estimates") or {}
    if tenant in estimates:
        return estimates[tenant], (contract.get("unpriced") or {}).get(tenant, "")
    if "(unknown)" in estimates:
        return "unknown", estimates["(unknown)"]
    if estimates:
        return "unknown", f"the platform was not told of tenant '{tenant}'; list it in the platform's tenants"
    return "unknown", "the platform tells no estimates; update its stack, then this one"


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
