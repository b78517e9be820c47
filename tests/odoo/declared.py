"""What the product declares for a tenant of every workload class: the manifests that the tests run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.odoo.tree import Tree
from tests.portfolios import local_portfolio, plan_of, tenant
from tiers.plan.plan import Plan
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Tenant

CLASSES: Final = ("xs", "s", "m", "sandbox")
STAGING: Final = "sandbox"
"""Copies of production run in this class; the tenant of that name is one."""
Manifest = dict[str, Any]
"""A part of a Kubernetes object, as it was registered."""


def platform(tree: Tree) -> Platform:
    """The local platform, with the image's Odoo where the tree has it."""
    usual = local_portfolio().platform
    values = usual.model_dump()
    values["images"]["odoo"] |= {"version": tree.version, "addons_path": tree.addons_path}
    return Platform.model_validate(values)


def tenants() -> list[Tenant]:
    """A tenant named after each class; the sandbox is staging."""
    made = [tenant(name, options={"users": 5, "workload_class": name}) for name in CLASSES if name != STAGING]
    reports = {"users": 5, "reader_connections": 2}
    return [*made, tenant(STAGING, environment="staging", options=reports)]


@cache
def plan(tree: Tree) -> Plan:
    """Their plan."""
    return plan_of(*tenants(), platform=platform(tree))


@cache
def resources(tree: Tree) -> tuple[Declared, ...]:
    """What the components declare for it."""
    return tuple(declare_plan(plan(tree)))


class Manifests:
    """The Kubernetes objects of one tenant."""

    def __init__(self, declared: tuple[Declared, ...], owner: str) -> None:
        self._declared, self.owner = declared, owner

    def of(self, owner: str) -> Manifests:
        """Those of another tenant of the same plan."""
        return Manifests(self._declared, owner)

    def deployment(self, name: str) -> Manifest:
        """The pod spec of `web` or `cron`."""
        found: Manifest = self._find("kubernetes:apps/v1:Deployment", name)["spec"]["template"]["spec"]
        return found

    def has(self, name: str) -> bool:
        """Whether there is a Deployment of that name."""
        wanted = ("kubernetes:apps/v1:Deployment", f"{self.owner}-{name}")
        return any((each.type, each.name) == wanted for each in self._declared)

    def job(self, name: str) -> Manifest:
        """The pod spec of a Job, such as `odoo-setup`."""
        found: Manifest = self._find("kubernetes:batch/v1:Job", name)["spec"]["template"]["spec"]
        return found

    def cron_job(self, name: str) -> Manifest:
        """The pod spec of a CronJob, such as `backup`."""
        made = self._find("kubernetes:batch/v1:CronJob", name)["spec"]["jobTemplate"]
        found: Manifest = made["spec"]["template"]["spec"]
        return found

    def secret(self, name: str) -> Mapping[str, str]:
        """What stands in the Secret of that name."""
        for each in self._declared:
            if each.type == "kubernetes:core/v1:Secret" and each.props["metadata"]["name"] == name:
                return dict(each.props["stringData"])
        raise LookupError(name)

    def _find(self, kind: str, name: str) -> Mapping[str, Any]:
        (found,) = [
            each for each in self._declared if (each.type, each.name) == (kind, f"{self.owner}-{name}")
        ]
        return found.props
