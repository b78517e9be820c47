"""The components of the plugin in this process: the same resources as the project's own program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from plugin.contract import told
from plugin.stacks import Inventory, SharedPlatform, TenantStack, joined
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared, declare
from tests.plugin import example
from tests.portfolios import measured, tenant
from tiers.errors import CatalogError
from tiers.inventory import read_inventory


def from_values(collect: Callable[[Any], None] = lambda _: None) -> list[Declared]:
    """What the plugin's components declare for the example."""

    def program() -> None:
        platform: Any = example.platform()
        shared = SharedPlatform(
            "any", {"platform": platform, "tenants": example.tenants()}, day=date(2026, 11, 30)
        )
        given: Any = {
            "platform": platform,
            "contract": shared.outputs["contract"],
            "session_token": shared.outputs["session_token"],
        }
        stacks = [TenantStack("any", each) for each in tenants(given)]
        parts: Any = {
            "platform": shared.outputs["inventory"],
            "tenants": [each.outputs["inventory"] for each in stacks],
        }
        inventory: Any = Inventory("parts", parts).outputs["inventory"]
        inventory.apply(collect)

    return declare(program)


def tenants(given: dict[str, Any]) -> list[Any]:
    return [{**each, **given} for each in example.tenants()]


def by_urn(declared: list[Declared]) -> Mapping[str, Declared]:
    return {each.urn: each for each in declared if each.type != "costack:index:Inventory"}


def test_traefik_is_refused_beside_namespaces_that_another_call_makes() -> None:
    """It would serve nobody until it may read them."""
    own = [tenant(), tenant("own", tier="dedicated-db")]
    inputs: Any = {
        "platform": measured().model_dump(mode="json"),
        "tenants": [each.model_dump(mode="json") for each in own],
    }

    def program() -> None:
        with pytest.raises(CatalogError, match="such as odoo-own: until it may read them it serves nobody"):
            SharedPlatform("any", inputs, day=date(2026, 11, 30))

    assert not declare(program)


@pytest.mark.whole("tests/engine/test_plugin compares them on the engine")
def test_the_resources_are_those_of_the_projects_own_program() -> None:
    ours, theirs = by_urn(declare_plan(example.plan())), by_urn(from_values())
    assert theirs.keys() == ours.keys()
    assert len(ours) > 150
    for urn, one in ours.items():
        other = theirs[urn]
        assert other.props == one.props, urn
        assert (other.protect, other.ignore_changes) == (one.protect, one.ignore_changes), urn
        assert other.secret_props == one.secret_props, urn


def test_a_tenant_does_not_go_before_its_platform_to_a_newer_version() -> None:
    older = {"network": {"security_group_id": "sg-1", "subnet_ids": ["subnet-1", "subnet-2"]}}
    assert told(older, ("network", "subnet_ids", 1)) == "subnet-2"
    with pytest.raises(ValueError, match="does not tell its 'vpc_id'; update its stack, then this one"):
        told(older, ("network", "vpc_id"))


def test_the_inventory_is_put_together_from_its_parts() -> None:
    collected: list[Any] = []
    from_values(collected.append)
    inventory = read_inventory(collected[0], "the plugin")
    assert inventory.plan == example.plan()
    assert {"platform/key", "acme/logs", "meridian/server", "meridian/file-system-copy"} <= set(
        inventory.cloud_ids
    )


def test_tenants_are_joined_in_the_order_of_their_ids() -> None:
    parts = [
        {"plan": {"tenant": name}, "cloud_ids": {f"{name}/logs": name}, "storage_gib": {f"{name}/server": 50}}
        for name in ("b", "a")
    ]
    platform = {"plan": {"currency": "USD"}, "cloud_ids": {"platform/key": "k"}, "storage_gib": {}}
    whole = joined(platform, parts)
    assert [each["tenant"] for each in whole["plan"]["tenants"]] == ["a", "b"]
    assert whole["cloud_ids"] == {"platform/key": "k", "a/logs": "a", "b/logs": "b"}
    assert whole["storage_gib"] == {"a/server": 50, "b/server": 50}
    assert whole["plan"]["currency"] == "USD"
