"""What components declare, as the state that Pulumi would export: the scan reads nothing else."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any, Final

import pulumi
from pulumi.runtime import mocks

from components.platform import SharedPlatform
from components.tenant.stack import TenantStack
from tests.components.monitor import PROJECT, STACK, CloudAnswers, EngineMonitor
from tests.portfolios import catalog, local_portfolio, plan_of, tenant
from tiers.plan.plan import Plan
from tiers.portfolio.loading import faults_of_tenant
from tiers.vocabulary import Controls

SECRET: Final = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": ""}


class DependencyMonitor(EngineMonitor):
    """The engine-like monitor that also remembers which input is made of which resource's outputs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sources: dict[str, dict[str, list[str]]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the call
        """Register, and remember."""
        answer = super().RegisterResource(request)
        self.sources[answer.urn] = {
            key: list(value.urns) for key, value in request.propertyDependencies.items()
        }
        return answer

    def exported(self) -> dict[str, Any]:
        """What `pulumi stack export` would print: secrets as envelopes, answers of the cloud in outputs."""
        return {
            "version": 3,
            "deployment": {
                "resources": [
                    {
                        "urn": each.urn,
                        "type": each.type,
                        "custom": each.custom,
                        "id": self.resources[each.urn].id,
                        "inputs": _sealed(each.props, each.secret_props),
                        "outputs": _sealed(self.resources[each.urn].state, each.secret_props),
                        "propertyDependencies": self.sources[each.urn],
                    }
                    for each in self.declared.values()
                ]
            },
        }


def production_of_every_tier() -> Plan:
    """A production tenant of each tier and class of controls, on a platform that protects its data."""
    platform = local_portfolio().platform.model_copy(update={"deletion_protection": True})
    wanted = [
        tenant(
            f"{_initials(tier)}-{controls}",
            tier=tier,
            data_residency=[platform.region, *platform.dr_regions],
            options={"users": 5, "controls": controls},
        )
        for tier in sorted(catalog().tiers)
        for controls in Controls
    ]
    sold = [each for each in wanted if not list(faults_of_tenant(each, platform, catalog()))]
    return plan_of(*sold, platform=platform)


def exported_state(plan: Plan) -> dict[str, Any]:
    """What the components declare for *plan*, as an exported state."""

    def program() -> None:
        platform = SharedPlatform(plan)
        tenants = [TenantStack(each, platform.place) for each in plan.tenants]
        platform.build_ingress([made.services.namespace for made in tenants])

    mocks._ensure_event_loop()  # type: ignore[attr-defined, no-untyped-call]
    monitor = DependencyMonitor(CloudAnswers())
    quiet = logging.getLogger("costack.tests")
    mocks.set_mocks(monitor.answers, project=PROJECT, stack=STACK, logger=quiet, monitor=monitor)
    try:
        pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    finally:
        monitor.close()
    return monitor.exported()


def _sealed(props: Mapping[str, Any], secret: Collection[str]) -> dict[str, Any]:
    return {key: SECRET if key in secret else value for key, value in props.items()}


def _initials(tier: str) -> str:
    return "".join(word[0] for word in tier.split("-"))
