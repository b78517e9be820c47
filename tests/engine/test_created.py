"""A platform that creates its network and its cluster, in the order in which the tests stand here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.components.test_created import CREATED
from tests.engine.holdings import holdings, left_behind
from tests.engine.project import STACK, Project, running_project

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole(
        "tests/components/test_created declares the cluster; tests/tiers/test_deployed keeps it"
    ),
]


@pytest.fixture(scope="module")
def created(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, dict[str, set[str]]]]:
    """A stack with a created cluster and one tenant that has nodes of its own there; what was before."""
    with running_project(tmp_path_factory.mktemp("created") / "project") as project:
        folder = project.folder / "portfolios" / "local"
        for other in (folder / "tenants").glob("*.yaml"):
            if other.stem != "meridian":
                other.unlink()
        platform: dict[str, Any] = yaml.safe_load((folder / "platform.yaml").read_text(encoding="utf-8"))
        adopted = ("node_role_arn", "node_subnet_ids")
        cluster = {name: value for name, value in platform["cluster"].items() if name not in adopted}
        platform["cluster"] = {**cluster, "created": CREATED}
        platform["network"].pop("client_cidrs")
        platform["dr_networks"] = {"eu-west-1": second_network(project)}
        _sell_a_standby(folder / "tenants" / "meridian.yaml")
        (folder / "platform.yaml").write_text(yaml.safe_dump(platform), encoding="utf-8")
        before = holdings(project.clients())
        project.up()
        yield project, before


def second_network(project: Project) -> dict[str, Any]:
    """The network that somebody has in the second region."""
    ec2 = project.clients().get("ec2", "eu-west-1")
    vpc = ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.50.{n}.0/24", AvailabilityZone=f"eu-west-1{zone}")
        for n, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="waiting", Description="standbys", VpcId=vpc)
    return {
        "subnet_ids": [each["Subnet"]["SubnetId"] for each in subnets],
        "security_group_id": group["GroupId"],
    }


def _sell_a_standby(tenant: Path) -> None:
    text = tenant.read_text(encoding="utf-8")
    bought = text.replace("  dr_region: eu-west-1", "  dr_region: eu-west-1\n  warm_standby: true")
    tenant.write_text(bought, encoding="utf-8")


def test_a_server_waits_in_the_second_region(created: tuple[Project, dict[str, set[str]]]) -> None:
    rds = created[0].clients().get("rds", "eu-west-1")
    (standby,) = rds.describe_db_instances()["DBInstances"]
    assert standby["DBInstanceIdentifier"] == "local-meridian-postgresql-standby"
    assert standby["ReadReplicaSourceDBInstanceIdentifier"].endswith("local-meridian-postgresql")
    tags = {each["Key"]: each["Value"] for each in standby["TagList"]}
    assert (tags["cost/domain"], tags["cost/region"]) == ("resilience", "eu-west-1")


def test_the_cluster_and_its_ways_out_are_really_there(
    created: tuple[Project, dict[str, set[str]]],
) -> None:
    clients = created[0].clients()
    eks, ec2 = clients.get("eks"), clients.get("ec2")
    cluster = eks.describe_cluster(name="odoo")["cluster"]
    assert cluster["tags"]["cost/domain"] == "shared-platform"
    assert len(ec2.describe_nat_gateways()["NatGateways"]) == 1
    templates = ec2.describe_launch_template_versions(
        LaunchTemplateName=ec2.describe_launch_templates()["LaunchTemplates"][0]["LaunchTemplateName"]
    )["LaunchTemplateVersions"]
    handed_on = templates[0]["LaunchTemplateData"]["TagSpecifications"]
    assert {each["ResourceType"] for each in handed_on} >= {"instance", "volume", "network-interface"}
    assert all({"cost/domain"} <= {tag["Key"] for tag in each["Tags"]} for each in handed_on)


def test_a_second_up_changes_nothing(created: tuple[Project, dict[str, set[str]]]) -> None:
    created[0].up("--expect-no-changes")


DATABASES = ("aws:rds/instance:Instance", "aws:elasticache/replicationGroup:ReplicationGroup")
POD_POLICY = "kubernetes:vpcresources.k8s.aws/v1beta1:SecurityGroupPolicy"


def with_groups(project: Project, *, on: bool) -> list[tuple[str, str, str]]:
    """Update with or without security groups for pods: what was done, to which type and resource."""
    file = project.folder / "portfolios" / "local" / "platform.yaml"
    platform = yaml.safe_load(file.read_text(encoding="utf-8"))
    platform["cluster"]["pod_security_groups"] = on
    file.write_text(yaml.safe_dump(platform), encoding="utf-8")
    steps = [(step["op"], step["type"], step["urn"].rpartition("::")[2]) for step in project.update()]
    assert not [step for step in steps if step[1] in DATABASES or "replace" in step[0]], steps
    return steps


def test_pods_have_their_group_before_the_clusters_addresses_are_shut_out(
    created: tuple[Project, dict[str, set[str]]],
) -> None:
    project = created[0]
    steps = with_groups(project, on=True)
    admitted = [at for at, (op, _, name) in enumerate(steps) if op == "create" and name.endswith("-pods")]
    joined = [at for at, (op, kind, _) in enumerate(steps) if (op, kind) == ("create", POD_POLICY)]
    anew = [at for at, (op, kind, _) in enumerate(steps) if op == "update" and kind.endswith(":Deployment")]
    closed = [at for at, (op, _, _) in enumerate(steps) if op == "delete"]
    assert (len(joined), len(anew)) == (3, 2)
    assert [steps[at][2] for at in sorted(closed)] == sorted(
        (f"local-meridian-data-{service}-{zone}" for service in ("postgresql", "redis") for zone in range(3)),
        key=[steps[at][2] for at in closed].index,
    )
    assert max(admitted) < min(anew)
    assert max(joined) < min(anew)
    assert max(anew) < min(closed)
    project.up("--expect-no-changes")


def test_the_clusters_addresses_are_let_in_again_before_pods_lose_their_group(
    created: tuple[Project, dict[str, set[str]]],
) -> None:
    project = created[0]
    steps = with_groups(project, on=False)
    opened = [at for at, (op, _, name) in enumerate(steps) if op == "create" and "-data-" in name]
    anew = [at for at, (op, kind, _) in enumerate(steps) if op == "update" and kind.endswith(":Deployment")]
    gone = {steps[at][2]: at for at, step in enumerate(steps) if step[0] == "delete"}
    assert (len(opened), len(anew)) == (6, 2)
    assert max(opened) < min(anew)
    assert max(anew) < min(gone.values())
    assert {name.rpartition("-")[2] for name in gone} == {"pods", "jobs", "interfaces"}
    project.up("--expect-no-changes")


def test_the_month_can_be_allocated(created: tuple[Project, dict[str, set[str]]]) -> None:
    said = created[0].costack("allocate", "--stack", STACK, "--period", "2026-11")
    assert said.stdout.rstrip().endswith("difference 0")


def test_the_cluster_is_not_given_up_for_an_adopted_one(
    created: tuple[Project, dict[str, set[str]]],
) -> None:
    project = created[0]
    there = holdings(project.clients())
    file = project.folder / "portfolios" / "local" / "platform.yaml"
    creating = file.read_text(encoding="utf-8")
    platform = yaml.safe_load(creating)
    del platform["cluster"]["created"]
    platform["cluster"] |= {"node_role_arn": "arn:aws:iam::123456789012:role/odoo-nodes"}
    platform["cluster"] |= {"node_subnet_ids": ["subnet-0a0a0a0a"]}
    platform["network"]["client_cidrs"] = ["10.20.0.0/16"]
    file.write_text(yaml.safe_dump(platform), encoding="utf-8")
    refusal = "cluster.created cannot be taken out while the portfolio is deployed: cluster 'odoo' would be"
    assert refusal in project.up(code=1).text
    told = project.costack("preview", "--stack", STACK, "-o", "json", code=5)
    assert refusal in told.stderr
    assert "cluster odoo was created here, so it is deleted with its nodes" in told.stdout
    file.write_text(creating, encoding="utf-8")
    assert holdings(project.clients()) == there
    assert project.clients().get("eks").list_clusters()["clusters"] == ["odoo"]


def test_destroy_leaves_keys_and_nothing_else(created: tuple[Project, dict[str, set[str]]]) -> None:
    project, before = created
    project.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
    assert project.registered() == []
    assert left_behind(project.clients(), before) == {"enabled key": 2}
    assert project.clients().get("eks").list_clusters()["clusters"] == []
