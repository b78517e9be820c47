"""Knows clusters, their add-ons, and pod identity: which role the pods of a service account take."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from localcloud.aws.errors import refuse
from localcloud.aws.operations import finds, tagged_by_map, tags_at_create
from localcloud.aws.remembered import remembered
from localcloud.aws.row import Change, Name, Row, fields, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.aws.row import Call


_UNMANAGED = frozenset({"vpc-cni", "kube-proxy", "coredns"})


def _facts(call: Call, made: str) -> dict[str, Any]:
    return {
        "associationId": made,
        "associationArn": call.arn(f"podidentityassociation/{call.new['clusterName']}/{made}"),
    }


def _cluster(call: Call) -> str:
    """What the cluster is made with; what moto does not take, the state remembers.

    EKS makes a security group for the control plane and its nodes (EKS User Guide, "View Amazon EKS security
    group requirements for clusters").
    """
    subnets = list(call.new["vpcConfig"]["subnetIds"])
    (vpc, *_) = call.ask("ec2:describe_subnets", SubnetIds=subnets)["Subnets"]
    call.ask(
        "ec2:create_security_group",
        GroupName=_group_name(str(call.new["name"])),
        Description="EKS created security group applied to ENI that is attached to EKS Control Plane",
        VpcId=vpc["VpcId"],
    )
    call.ask(
        "create_cluster",
        **call.parameters(names("name version roleArn")),
        resourcesVpcConfig={"subnetIds": subnets},
        **tags_at_create(call),
    )
    return str(call.new["name"])


def _group_name(cluster: str) -> str:
    return f"eks-cluster-sg-{cluster}"


def _groups(call: Call, cluster: str) -> list[dict[str, Any]]:
    named = [{"Name": "group-name", "Values": [_group_name(cluster)]}]
    found: list[dict[str, Any]] = call.ask("ec2:describe_security_groups", Filters=named)["SecurityGroups"]
    return found


def _network(call: Call, _found: Mapping[str, Any]) -> dict[str, Any]:
    wanted = call.new.get("vpcConfig") or call.old.get("vpcConfig") or {}
    made = [
        {"clusterSecurityGroupId": group["GroupId"], "vpcId": group["VpcId"]}
        for group in _groups(call, call.id)
    ]
    return {"vpcConfig": {**wanted, **(made[0] if made else {})}}


def _delete_cluster(call: Call) -> None:
    """EKS deletes no cluster that has node groups (EKS API reference, DeleteCluster)."""
    groups = call.simulation.every("eks-NodeGroup", call.region)
    if left := sorted(each["nodeGroupName"] for each in groups if each["clusterName"] == call.id):
        refuse("ResourceInUseException", f"the cluster {call.id} has node groups: {', '.join(left)}")
    call.ask("delete_cluster", name=call.id)
    for group in _groups(call, call.id):
        call.ask("ec2:delete_security_group", GroupId=group["GroupId"])


def _encryption(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> frozenset[str]:
    """Encryption of secrets is added in place; only taking it off needs a new cluster.

    Source: terraform-provider-aws, internal/service/eks/cluster.go, ForceNewIfChange.
    """
    taken_off = bool(held.get("encryptionConfig")) and not wanted.get("encryptionConfig")
    return frozenset() if taken_off else names("encryptionConfig")


def _encrypt(call: Call) -> None:
    """The key of a cluster that has one cannot change (EKS User Guide, "Encrypt Kubernetes secrets")."""
    if call.old.get("encryptionConfig"):
        refuse("InvalidParameterException", "the encryption configuration of the cluster cannot be changed")


def _cluster_exists(call: Call) -> None:
    cluster = str(call.new["clusterName"])
    if call.seek("describe_cluster", name=cluster) is None:
        refuse("ResourceNotFoundException", f"no cluster found for name: {cluster}")


def _overwrites_the_unmanaged(call: Call) -> None:
    """A new cluster has these three already, unmanaged; an add-on that may not overwrite them may fail.

    Source: EKS API reference, CreateAddon (resolveConflicts) and CreateCluster (bootstrapSelfManagedAddons,
    which is true by default). That it may fail is refused here always.
    """
    addon = str(call.new["addonName"])
    if addon in _UNMANAGED and call.new.get("resolveConflictsOnCreate") != "OVERWRITE":
        refuse(
            "ConfigurationConflict",
            f"{addon} is in the cluster {call.new['clusterName']} already, not managed by EKS; "
            "resolveConflictsOnCreate OVERWRITE takes it over",
        )


ROWS = (
    Row(
        kind="aws:eks/cluster:Cluster",
        service="eks",
        inputs=fields(
            """name=name version=version roleArn=roleArn vpcConfig= accessConfig= encryptionConfig=
            enabledClusterLogTypes= deletionProtection="""
        ),
        live=fields(
            """name=name version=version roleArn=roleArn arn=arn endpoint=endpoint status=status
            platformVersion=platformVersion"""
        ),
        create=_cluster,
        find=finds("describe_cluster", "name", "cluster"),
        derive=_network,
        completed=names("vpcConfig"),
        delete=_delete_cluster,
        changes=(Change(names("encryptionConfig"), _encrypt),),
        replaces=names("name roleArn encryptionConfig"),
        spares=_encryption,
        name=Name("name"),
        tags=tagged_by_map(
            "resourceArn", at_create="tags", tags="tags", keys="tagKeys", listed="list_tags_for_resource"
        ),
    ),
    remembered(
        "aws:eks/addon:Addon",
        service="eks",
        inputs="""clusterName addonName addonVersion configurationValues resolveConflictsOnCreate
        resolveConflictsOnUpdate preserve""",
        replaces="clusterName addonName",
        identify=lambda call: f"{call.new['clusterName']}:{call.new['addonName']}",
        facts=lambda call, made: {"arn": call.arn(f"addon/{made.replace(':', '/')}/{uuid.uuid4()}")},
        taken="ResourceInUseException",
        taggable=True,
        before=(_cluster_exists, _overwrites_the_unmanaged),
    ),
    remembered(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        service="eks",
        inputs="clusterName namespace serviceAccount roleArn targetRoleArn disableSessionTags",
        replaces="clusterName namespace serviceAccount",
        identify=lambda _: f"a-{uuid.uuid4().hex[:17]}",
        facts=_facts,
        outputs="associationId associationArn",
        taggable=True,
    ),
)
