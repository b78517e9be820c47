from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.portfolios import catalog, local_portfolio, plan_of, tenant
from tiers.catalog.loading import CATALOG_DIRECTORY, load_catalog
from tiers.errors import CatalogError
from tiers.facts.every_fact import DatabaseInstance, Egress, LogGroup, NodeGroup, ScheduledJob, Workload
from tiers.plan.plan import fact_named, facts_of
from tiers.portfolio.controls import control_faults
from tiers.portfolio.tenant import Tenant
from tiers.vocabulary import Controls


def enhanced(**changes: Any) -> Tenant:
    values: dict[str, Any] = {
        "tier": "dedicated-db",
        "data_residency": ["us-east-1"],
        "options": {"users": 20, "controls": "enhanced"},
    }
    return tenant("acme", **(values | changes))


def faults(wanted: Tenant, **cluster: Any) -> list[str]:
    platform = local_portfolio().platform
    platform = platform.model_copy(update={"cluster": platform.cluster.model_copy(update=cluster)})
    tier = catalog().tiers[wanted.tier]
    return [message for _, message in control_faults(wanted, tier, platform, catalog().classes)]


def test_enhanced_controls_are_lines_of_the_tenants_own() -> None:
    (plan,) = plan_of(enhanced()).tenants
    assert plan.controls is Controls.ENHANCED
    (nodes,) = facts_of(plan.facts, NodeGroup)
    assert (nodes.tenant, nodes.nodes, nodes.instance_type) == ("acme", 2, "m7g.xlarge")
    assert {fact.nodes for fact in plan.facts if isinstance(fact, Workload | ScheduledJob)} == {nodes.id}
    assert fact_named(plan.facts, LogGroup, "logs").retention_days == 365
    assert fact_named(plan.facts, LogGroup, "server-logs").retention_days == 365
    assert fact_named(plan.facts, DatabaseInstance, "server").audited
    assert plan.fee_per_month == Decimal("649.00") + Decimal("690.00")


def test_baseline_controls_change_nothing() -> None:
    plain = tenant("acme", tier="dedicated-db", options={"users": 20})
    said = tenant("acme", tier="dedicated-db", options={"users": 20, "controls": "baseline"})
    assert plan_of(plain) == plan_of(said)
    (plan,) = plan_of(plain).tenants
    assert facts_of(plan.facts, NodeGroup) == []
    assert plan.fee_per_month == Decimal("649.00")


def test_what_a_closed_internet_leaves_open_is_named() -> None:
    options = {"users": 20, "controls": "enhanced", "egress_cidrs": ["203.0.113.0/24"]}
    (closed,) = plan_of(enhanced(options=options)).tenants
    egress = fact_named(closed.facts, Egress, "egress")
    assert (egress.internet, egress.cidrs) == (False, ("203.0.113.0/24",))
    (staging,) = plan_of(
        tenant("acme", tier="dedicated-db", environment="staging", options={"users": 3})
    ).tenants
    assert fact_named(staging.facts, Egress, "egress").cidrs == ()


def test_what_cannot_be_had_is_refused_with_its_reason() -> None:
    assert faults(enhanced()) == []
    assert faults(enhanced(tier="shared-namespace")) == [
        "tier shared-namespace is not sold with enhanced controls"
    ]
    assert faults(enhanced(data_residency=None)) == [
        "enhanced controls pin the region: list in data_residency where the data may be stored"
    ]
    (message,) = faults(enhanced(), node_role_arn=None)
    assert "cluster.node_role_arn and cluster.node_subnet_ids" in message
    assert faults(enhanced(environment="staging")) == ["a staging environment has baseline controls only"]


def sold(tmp_path: Path, tier: str, old: str, new: str) -> str:
    """What the catalog says of itself when a tier is sold otherwise."""
    shutil.copytree(CATALOG_DIRECTORY, tmp_path / "catalog")
    path = tmp_path / "catalog" / f"{tier}.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_catalog(tmp_path / "catalog")
    return str(caught.value)


def test_a_shared_tier_cannot_be_sold_with_enhanced_controls(tmp_path: Path) -> None:
    said = sold(tmp_path, "shared-namespace", "controls: baseline", "controls: enhanced")
    assert "offers.production: cannot be sold with enhanced controls: the namespace is shared" in said
    assert "cannot be sold with enhanced controls: the database server is shared" in said


def test_controls_that_a_tier_includes_cannot_be_taken_out(tmp_path: Path) -> None:
    shutil.copytree(CATALOG_DIRECTORY, tmp_path / "catalog")
    path = tmp_path / "catalog" / "dedicated-db.yaml"
    text = path.read_text(encoding="utf-8").replace("controls: baseline", "controls: enhanced")
    path.write_text(text, encoding="utf-8")
    tier = load_catalog(tmp_path / "catalog").tiers["dedicated-db"]
    wanted = enhanced(options={"users": 20, "controls": "baseline"})
    platform = local_portfolio().platform
    assert [message for _, message in control_faults(wanted, tier, platform, catalog().classes)] == [
        "tier dedicated-db includes enhanced controls; they cannot be removed"
    ]


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "169.254.169.254/32", "10.20.0.0/16", "203.0.0.0/8"])
def test_an_opening_is_a_small_public_network(cidr: str) -> None:
    with pytest.raises(ValueError, match="Value should be a public network of size /16 or smaller"):
        enhanced(options={"users": 20, "controls": "enhanced", "egress_cidrs": [cidr]})
