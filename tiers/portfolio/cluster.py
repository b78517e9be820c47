"""The network and the cluster that a portfolio's tenants run on, adopted or created."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from tiers.catalog.classes import ClassId
from tiers.facts.ingress import OBJECT_NAME
from tiers.facts.network import CLUSTER_DNS, DnsPeer
from tiers.portfolio.namespaces.quota import QuotaSpec
from tiers.retention import LogDays
from tiers.tags import PREFIX
from tiers.vocabulary import Cidr, Count, Environment, Frozen, NamespaceName, Positive, TagValue

_MOST_ADDONS_BYTES: Final = 3000
"""Of the 4,096 that a free parameter takes (Systems Manager quotas), passwords and more need the rest."""
# The default Service ranges of EKS (EKS User Guide, KubernetesNetworkConfigRequest).
# The VPC CNI checks a packet against the Service's address, before it is forwarded to the control plane.
_SERVICE_RANGES: Final = ("10.100.0.0/16", "172.20.0.0/16")
NEEDED_ADDONS: Final = frozenset({"vpc-cni", "eks-pod-identity-agent", "aws-efs-csi-driver"})


def _vpc_sized(value: str) -> str:
    prefix = ipaddress.IPv4Network(value).prefixlen
    if not 16 <= prefix <= 24:  # noqa: PLR2004 - AWS takes /16 to /28; sixteen subnets of /28 must fit
        raise ValueError("Value should be a network of size /16 to /24")
    return value


def _without_dot(value: str) -> str:
    """EKS allows letters, digits, dashes and underscores (EKS API reference, CreateCluster)."""
    if "." in value:
        raise ValueError(f"EKS allows no dot in a name; choose another than '{value}'")
    return value


class NetworkSpec(Frozen):
    """The VPC of the databases, and the address ranges of pods that may reach it.

    It is created with `cidr` and a private subnet for each of `zones`, or adopted with `vpc_id` and a subnet
    and its address range for each of them.
    """

    zones: Annotated[tuple[str, ...], Field(min_length=2, max_length=6)]
    """Availability zones."""
    cidr: Annotated[Cidr, AfterValidator(_vpc_sized)] | None = None
    """Address range of a VPC to create, /16 to /24; give this or `vpc_id`."""
    vpc_id: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$")] | None = None
    """A VPC to adopt; give this or `cidr`."""
    subnet_ids: tuple[str, ...] = ()
    """Private subnets of an adopted VPC, one for each zone."""
    subnet_cidrs: tuple[Cidr, ...] = ()
    """The address ranges of these subnets, in the same order."""
    client_cidrs: tuple[Cidr, ...] = ()
    """Address ranges of the pods of an adopted cluster."""

    @model_validator(mode="after")
    def _is_created_or_adopted(self) -> Self:
        if (self.cidr is None) is (self.vpc_id is None):
            raise ValueError("set cidr to create a network, or vpc_id to adopt one")
        wanted = len(self.zones) if self.vpc_id else 0
        for name, given in (("subnet_ids", self.subnet_ids), ("subnet_cidrs", self.subnet_cidrs)):
            if len(given) != wanted:
                raise ValueError(
                    f"{name} has {len(given)} entries, an adopted network needs one for each zone"
                )
        return self


class NodeGroupSpec(Frozen):
    """Worker nodes of the cluster that all tenants share."""

    name: TagValue
    """Name of the node group."""
    node_class: ClassId
    """EC2 instance type: a row of `node_classes` in `classes.yaml` of the catalog."""
    nodes: Positive
    """How many nodes."""
    volume_gib: Positive
    """Disk of each node."""


class CreatedCluster(Frozen):
    """The settings of a created cluster; its nodes and gateways are in the network that is created too."""

    admin_cidrs: Annotated[tuple[Cidr, ...], Field(min_length=1)]
    """Networks from which people and pipelines reach its API."""
    log_retention_days: LogDays
    """How many days the logs of its control plane are kept; a number that CloudWatch has."""
    addons: Annotated[Mapping[str, str], Field(min_length=1)]
    """EKS add-ons and their versions: `vpc-cni`, `eks-pod-identity-agent`, `aws-efs-csi-driver` at least."""

    @model_validator(mode="after")
    def _has_what_tenants_need(self) -> Self:
        if missing := sorted(NEEDED_ADDONS - self.addons.keys()):
            raise ValueError(f"addons: '{missing[0]}' is missing; tenants cannot run without it")
        return self


class ClusterSpec(Frozen):
    """The EKS cluster: an existing one that is adopted for its cost only, or one to be created."""

    name: Annotated[TagValue, AfterValidator(_without_dot)]
    """Name of the EKS cluster."""
    version: Annotated[str, Field(pattern=r"^1\.\d\d$")]
    """Version of Kubernetes, in quotes."""
    ingress_namespace: NamespaceName
    """Namespace of the ingress controller; tenants accept traffic from it alone."""
    namespace_prefix: Annotated[str, Field(pattern=r"^([a-z]([a-z0-9-]{0,24}[a-z0-9])?)?$")] = ""
    """The portfolio's name, to begin the names of its namespaces and volumes with.

    Portfolios that share a cluster need it; left out, namespaces begin with `odoo-`. It cannot be changed
    later: everything in the namespaces would be replaced.
    """
    node_role_arn: str | None = None
    """Adopted cluster: IAM role for nodes of tenants with `enhanced` controls."""
    node_subnet_ids: tuple[str, ...] = ()
    """Adopted cluster: private subnets for these nodes."""
    node_groups: tuple[NodeGroupSpec, ...] = ()
    """The shared worker nodes."""
    counted_in: TagValue | None = None
    """Adopted cluster: the portfolio that counts its control plane and nodes, if this one does not."""
    api_cidrs: tuple[Cidr, ...] = ()
    """Where pods reach its API; by default the Service ranges of EKS.

    A network plugin that checks packets after a Service has forwarded them, such as Calico, needs the
    control plane's subnets here too.
    """
    dns_peers: tuple[DnsPeer, ...] = (CLUSTER_DNS,)
    """Where pods may ask for names; by default the pods `k8s-app: kube-dns` in `kube-system`.

    With NodeLocal DNSCache its address, and that of the cluster's DNS Service, belong here too
    ([why](namespaces.md#names)).
    """
    pod_security_groups: bool = False
    """Whether a tenant's own server and cache let in that tenant's pods only, by a security group of theirs.

    Switching it on or off starts these pods anew ([how](secrets.md#security-groups-for-pods)). An adopted
    cluster must have security groups for pods already, in mode `standard`.
    """
    security_group_id: Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")] | None = None
    """Adopted cluster: the security group that EKS made for it, for `pod_security_groups`."""
    secret_store: Annotated[str, Field(pattern=OBJECT_NAME, max_length=253)] | None = None
    """The ClusterSecretStore of External Secrets that reads AWS's parameter store.

    With it no manifest holds a secret ([GitOps](real-account.md#gitops)); left out, Secrets are written as
    they are.
    """
    quotas: Mapping[Environment, QuotaSpec] = Field(default_factory=dict)
    """What the pods of a shared namespace may request, by the environment of its tenants.

    Left out, it is what all of them take at their largest, and headroom. `costack validate` refuses less
    than they take.
    """
    quota_headroom_percent: Annotated[int, Field(ge=0, le=1000)] = 20
    """How much more than that a quota has that is not written."""
    created: CreatedCluster | None = None
    """Given when Costack creates the cluster; left out when it adopts one."""

    @model_validator(mode="after")
    def _is_counted_once(self) -> Self:
        if self.counted_in is None and not self.node_groups:
            raise ValueError(
                "node_groups: give at least one, or the portfolio that counts the nodes (counted_in)"
            )
        if self.counted_in is not None and self.node_groups:
            raise ValueError(
                f"counted_in: portfolio '{self.counted_in}' counts the nodes; leave node_groups out"
            )
        if self.counted_in is not None and self.created is not None:
            raise ValueError("counted_in is for an adopted cluster; a created one is counted here")
        return self

    @model_validator(mode="after")
    def _asks_for_names(self) -> Self:
        if not self.dns_peers:
            raise ValueError("dns_peers: give at least one, or leave it out; pods find nothing without names")
        return self

    @model_validator(mode="after")
    def _node_groups_can_be_called_so(self) -> Self:
        if self.created is not None:
            for group in self.node_groups:
                _without_dot(group.name)
        return self

    def namespace(self, name: str) -> str:
        """A namespace's name with the prefix, if there is one."""
        return f"{self.namespace_prefix}-{name}" if self.namespace_prefix else name

    @property
    def api_ranges(self) -> tuple[Cidr, ...]:
        """Where pods reach its API."""
        return self.api_cidrs or _SERVICE_RANGES

    @property
    def takes_node_groups(self) -> bool:
        """Whether tenants can have their own node groups."""
        return self.created is not None or bool(self.node_role_arn and self.node_subnet_ids)


def groups_problem(cluster: ClusterSpec, network: NetworkSpec) -> str | None:
    """Why pods cannot have security groups of their own, or None."""
    adopted = cluster.created is None
    if cluster.security_group_id and not (adopted and cluster.pod_security_groups):
        return "security_group_id is for an adopted cluster with pod_security_groups; leave it out"
    if not cluster.pod_security_groups or not adopted:
        return None
    if cluster.security_group_id is None:
        return "pod_security_groups of an adopted cluster needs security_group_id"
    if network.vpc_id is None:
        return (
            "pod_security_groups needs databases in the VPC of the cluster, because a packet that leaves it "
            "has the node's address; adopt it with network.vpc_id"
        )
    return None


def store_problem(cluster: ClusterSpec, addons_path: Sequence[str]) -> str | None:
    """Why the Secret with odoo.conf cannot be kept in a parameter, or None."""
    size = len(json.dumps(",".join(addons_path)))  # as it is written there
    if cluster.secret_store is None or size <= _MOST_ADDONS_BYTES:
        return None
    return (
        f"secret_store keeps odoo.conf in a parameter of 4 KB, in which images.odoo.addons_path may have "
        f"{_MOST_ADDONS_BYTES} bytes, and has {size}; shorten it, or leave secret_store out"
    )


def _not_a_cost_tag(key: str) -> str:
    if key.startswith(PREFIX):
        raise ValueError(f"'{key}' is a cost tag, which every rule has already; leave it out")
    return key


_RuleLabel = Annotated[
    str,
    Field(pattern=r"^([a-z0-9][a-z0-9.-]*/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"),
    AfterValidator(_not_a_cost_tag),
]


class ObservabilitySpec(Frozen):
    """The platform's own logs and metrics."""

    log_gib_per_month: Count
    """Expected logs of the platform."""
    log_retention_days: LogDays
    """How many days they are kept; a number that CloudWatch has."""
    metric_samples_per_month: Count
    """Expected Prometheus samples."""


class MonitoringSpec(Frozen):
    """What Costack makes for the Grafana and the Prometheus operator that the cluster already has."""

    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    """Existing namespace in which Grafana's sidecar looks for dashboards."""
    dashboards: bool = False
    """Whether to make a ConfigMap with the cost dashboard."""
    prometheus_operator: bool = False
    """Whether to make a PrometheusRule for each tenant; the API server must know the kind."""
    rule_labels: Mapping[_RuleLabel, TagValue] = Field(default_factory=dict)
    """Labels by which Prometheus picks its rules, such as `release`."""
    restore_test_days: Positive | None = None
    """How old the last good restore test may be; Prometheus must keep metrics as long."""
