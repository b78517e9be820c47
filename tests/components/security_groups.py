"""Who reaches which server: security groups and network policies together, over what was declared.

A connection must be let out by the network policies of the pod, and let in by a security group of the
server. A pod whose labels a SecurityGroupPolicy selects has the groups of all policies that do, on an
interface of its own (Amazon EKS User Guide, "Assign security groups to individual Pods"); any other pod has
its node's, which are declared nowhere here. As in `reachability`, what is not understood raises.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.components.monitor import Declared
from tests.components.reachability import Network, NotUnderstoodError, Pod, Policy, network_of, only, selects
from tiers.facts.compute import ClusterControlPlane
from tiers.facts.data import CacheSpace, TenantDatabase
from tiers.facts.names import CACHE, DATABASE, OPERATIONS_NAMESPACE
from tiers.facts.network import Network as NetworkFact
from tiers.facts.network import subnet_ranges
from tiers.plan.plan import Plan, TenantPlan, fact_named, facts_of

GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
RULE: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
POD_POLICY: Final = "kubernetes:vpcresources.k8s.aws/v1beta1:SecurityGroupPolicy"
_KNOWN: Final = frozenset({GROUP, RULE, POD_POLICY, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"})
_NAME: Final = "app.kubernetes.io/name"
_OF_TENANTS: Final = ("odoo", "usage-exporter")
_COMPONENT: Final = "app.kubernetes.io/component"
_SERVICES: Final[Mapping[str, tuple[str, int]]] = {
    "aws:rds/instance:Instance": ("vpcSecurityGroupIds", 5432),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("securityGroupIds", 6379),
}


@dataclass(frozen=True)
class Service:
    """A server or a cache: whose it is (None: of all), its port, and its security groups."""

    name: str
    tenant: str | None
    port: int
    groups: frozenset[str]


@dataclass(frozen=True)
class Rule:
    """What one rule of a group lets in."""

    first: int
    last: int
    cidr: str | None
    group: str | None

    def admits(self, port: int, addresses: Sequence[str], groups: frozenset[str]) -> bool:
        """Whether it lets in a pod that may have any of *addresses*, and has *groups*."""
        if not self.first <= port <= self.last:
            return False
        if self.cidr is None:
            return self.group in groups
        network = ipaddress.ip_network(self.cidr)
        return any(ipaddress.ip_address(each) in network for each in addresses)


@dataclass(frozen=True)
class Reach:
    """The pods, the services, and both kinds of rules between them.

    `addresses` are addresses that pods may have, `data` addresses that services may have.
    """

    network: Network
    services: Sequence[Service]
    rules: Mapping[str, Sequence[Rule]]
    pod_policies: Sequence[tuple[str, Mapping[str, Any], frozenset[str]]]
    addresses: Sequence[str]
    data: Sequence[str]

    def connects(self, pod: Pod, service: Service) -> bool:
        """Whether *pod* may open a connection to *service*, wherever that one is now."""
        let_out = [self.network.egress_to_address(pod, each, service.port) for each in self.data]
        return any(let_out) and self.admits(pod, service)

    def admits(self, pod: Pod, service: Service) -> bool:
        """Whether a security group of *service* lets *pod* in."""
        groups = self.groups_of(pod)
        rules = [rule for each in sorted(service.groups) for rule in self.rules.get(each, ())]
        return any(rule.admits(service.port, self.addresses, groups) for rule in rules)

    def groups_of(self, pod: Pod) -> frozenset[str]:
        """The security groups of its interface, as far as policies give it any."""
        given = [
            groups
            for namespace, selector, groups in self.pod_policies
            if namespace == pod.namespace and selects(selector, pod.labels)
        ]
        return frozenset().union(*given)


def reach_of(declared: Sequence[Declared], clients: Sequence[str], subnets: Sequence[str]) -> Reach:
    """What was declared, for pods in the ranges *clients* and services in the ranges *subnets*."""
    rules: dict[str, list[Rule]] = {}
    for each in declared:
        if "ecurityGroup" in each.type.rpartition(":")[2] and each.custom and each.type not in _KNOWN:
            raise NotUnderstoodError(f"{each.name} is a {each.type}")
        if each.type == GROUP:
            only(each.props, "description", "vpcId", "tags", "name")
        if each.type == RULE:
            rules.setdefault(str(each.props["securityGroupId"]), []).append(_rule(each.props))
    return Reach(
        network=network_of(declared),
        services=list(_services(declared)),
        rules=rules,
        pod_policies=[_pod_policy(each) for each in declared if each.type == POD_POLICY],
        addresses=[str(ipaddress.ip_network(each)[77]) for each in clients],
        data=[str(ipaddress.ip_network(each)[9]) for each in subnets],
    )


def reach_faults(plan: Plan, declared: Sequence[Declared]) -> list[str]:
    """Pods that do not reach a server or cache they need; with groups of their own, those that reach more.

    Without groups every pod may connect to every server: that is what the threat model says is open.
    """
    network = fact_named(plan.platform, NetworkFact, "network")
    subnets = list(network.subnet_cidrs) or subnet_ranges(network.cidr, len(network.zones))
    over = reach_of(declared, network.client_cidrs, subnets)
    grouped = fact_named(plan.platform, ClusterControlPlane, "control-plane").pod_security_groups
    found: list[str] = []
    for tenant in plan.tenants:
        for pod in over.network.pods:
            if pod.tenant == tenant.tenant and pod.labels[_NAME] in _OF_TENANTS:
                found += _pod_faults(over, pod, _needed(plan.portfolio, tenant, pod), grouped=grouped)
    return found


def _pod_faults(over: Reach, pod: Pod, needed: frozenset[str], *, grouped: bool) -> Iterator[str]:
    for name in sorted(needed - {each.name for each in over.services}):
        yield f"{pod.name} needs {name}, which is not there"
    for service in over.services:
        connects = over.connects(pod, service)
        if service.name in needed and not connects:
            yield f"{pod.name} does not reach {service.name}"
        if grouped and service.tenant not in (None, pod.tenant) and connects:
            yield f"{pod.name} reaches {service.name} of {service.tenant}"


def _needed(portfolio: str, tenant: TenantPlan, pod: Pod) -> frozenset[str]:
    """The servers and caches that a pod of *tenant* works with, by name."""
    databases, spaces = facts_of(tenant.facts, TenantDatabase), facts_of(tenant.facts, CacheSpace)
    own = f"{portfolio}-{tenant.tenant}"
    servers = [f"{portfolio if each.server == DATABASE else own}-postgresql" for each in databases]
    caches = [f"{portfolio if each.group == CACHE else own}-sessions" for each in spaces]
    if pod.namespace.endswith(OPERATIONS_NAMESPACE):
        return frozenset(servers)
    lasts = pod.labels[_COMPONENT] in ("web", "cron")
    return frozenset(servers[:1] + (caches[:1] if lasts else []))


def _rule(props: Mapping[str, Any]) -> Rule:
    only(
        props,
        *("securityGroupId", "description", "ipProtocol", "fromPort", "toPort", "tags"),
        *("cidrIpv4", "referencedSecurityGroupId"),
    )
    cidr, group = props.get("cidrIpv4"), props.get("referencedSecurityGroupId")
    if props["ipProtocol"] != "tcp" or (cidr is None) is (group is None):
        raise NotUnderstoodError(f"rule {dict(props)}")
    return Rule(props["fromPort"], props["toPort"], cidr, group)


def _pod_policy(declared: Declared) -> tuple[str, Mapping[str, Any], frozenset[str]]:
    spec = declared.props["spec"]
    only(spec, "podSelector", "securityGroups")
    only(spec["securityGroups"], "groupIds")
    groups = spec["securityGroups"]["groupIds"]
    # The resource controller takes five at most, and AWS refuses an interface with what is no group.
    if not 1 <= len(groups) <= 5 or not all(isinstance(each, str) and each for each in groups):
        raise NotUnderstoodError(f"groups {groups}")
    Policy(declared.props["metadata"]["namespace"], {"podSelector": spec["podSelector"]})
    return declared.props["metadata"]["namespace"], spec["podSelector"], frozenset(groups)


def _services(declared: Sequence[Declared]) -> Iterator[Service]:
    for each in declared:
        # A standby in a second region has a network of its own.
        if each.type in _SERVICES and "replicateSourceDb" not in each.props:
            groups, port = _SERVICES[each.type]
            yield Service(each.name, each.tags.get("cost/tenant"), port, frozenset(each.props[groups]))
