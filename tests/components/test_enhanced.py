"""Enhanced controls: nodes of one's own, a closed internet, an audited server."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import pod_specs, policies, the
from tests.declarations import Registration, Registrations, differences
from tests.portfolios import plan_of, tenant
from tiers.plan.plan import Plan

INSTANCE = "aws:rds/instance:Instance"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def plan(controls: str, **more: Any) -> Plan:
    options = {"users": 50, "controls": controls, "egress_cidrs": ["203.0.113.0/24"], **more}
    return plan_of(tenant("acme", tier="ha-postgresql", options=options, data_residency=["us-east-1"]))


@cache
def declared(controls: str = "enhanced") -> tuple[Declared, ...]:
    return tuple(declare_plan(plan(controls)))


def test_every_fact_is_what_is_registered() -> None:
    for controls in ("baseline", "enhanced"):
        registered = [Registration(each.type, each.name, each.props) for each in declared(controls)]
        assert differences(plan(controls), Registrations("local", registered)) == []


def test_no_pod_of_the_tenant_runs_beside_a_neighbour() -> None:
    specs = [spec for name, spec in pod_specs(declared()) if name.startswith("acme")]
    assert len(specs) == 6
    for spec in specs:
        required = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        ((expression,),) = [term["matchExpressions"] for term in required["nodeSelectorTerms"]]
        assert expression == {"key": "costack/dedicated-to", "operator": "In", "values": ["acme"]}
    group = the(declared(), "aws:eks/nodeGroup:NodeGroup", "local-acme-nodes").props
    assert group["taints"] == [{"key": "costack/dedicated-to", "value": "acme", "effect": "NO_SCHEDULE"}]


def test_a_node_keeps_its_credentials_from_pods_and_its_disk_encrypted() -> None:
    template = the(declared(), "aws:ec2/launchTemplate:LaunchTemplate", "local-acme-nodes-template").props
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert template["blockDeviceMappings"][0]["ebs"]["encrypted"] == "true"


def test_the_internet_is_closed_but_for_named_networks() -> None:
    ours = policies(declared(), "acme")
    assert "to-internet" not in ours
    (rule,) = ours["to-named-networks"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "203.0.113.0/24"}}]
    assert [port["port"] for port in rule["ports"]] == [443, 465, 587]
    assert "to-named-networks" not in policies(declared("baseline"), "acme")


@pytest.mark.whole("the ways out of a pod are in test_reachability")
@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("controls", "purpose"), [("baseline", "to-internet"), ("enhanced", "to-named-networks")]
)
def test_mail_is_fetched_by_the_ports_that_the_file_names(controls: str, purpose: str) -> None:
    wanted = plan(controls, mail_ports=[587, 993, 995])
    made = declare_plan(wanted)
    (rule,) = policies(made, "acme")[purpose]["egress"]
    assert [(port["protocol"], port["port"]) for port in rule["ports"]] == [
        ("TCP", port) for port in (443, 587, 993, 995)
    ]
    registered = [Registration(each.type, each.name, each.props) for each in made]
    assert differences(wanted, Registrations("local", registered)) == []


def test_the_server_is_audited_under_the_tenants_own_key_and_its_logs_stay() -> None:
    server = the(declared(), INSTANCE, "local-acme-postgresql").props
    assert server["kmsKeyId"] == "arn:aws:test:us-east-1:123456789012:local-acme-key"
    for log in ("postgresql", "upgrade"):
        group = the(declared(), "aws:cloudwatch/logGroup:LogGroup", f"local-acme-postgresql-{log}-log")
        assert group.props["retentionInDays"] == 365


def test_enhanced_controls_replace_nothing_that_holds_data() -> None:
    before = {each.urn: each for each in declared("baseline")}
    for each in declared():
        old = before.get(each.urn)
        if old is not None and each.type in (INSTANCE, "aws:s3/bucket:Bucket", "aws:kms/key:Key"):
            assert each.props.get("kmsKeyId") == old.props.get("kmsKeyId"), each.urn
            assert each.props.get("identifier") == old.props.get("identifier"), each.urn
    gone = {each.name for each in declared("baseline")} - {each.name for each in declared()}
    assert gone == {"acme-to-internet"}


def test_a_key_outlives_its_stack() -> None:
    keys = [each for each in declared() if each.type == "aws:kms/key:Key"]
    assert {each.name for each in keys} == {"local-key", "local-acme-key"}
    assert all(each.retained for each in keys)
